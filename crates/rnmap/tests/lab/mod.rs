//! Two network namespaces joined by a cable, for scans that leave the machine to its peace:
//! a suspect with known sockets and a firewall, and a trusted one to ask it from.
#![allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "each test file uses its part; a test runs ip, nft and nmap, and fails by panicking"
)]

use model::{PortState, Record};
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{MsgFlags, SockaddrStorage, recvfrom, sendto};
use nix::sys::stat::Mode;
use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports and what was learned of them.
pub(crate) type States = BTreeMap<u16, PortState>;

/// The suspect's addresses.
pub(crate) const SUSPECT_V4: &str = "10.77.0.1";
pub(crate) const SUSPECT_V6: &str = "fd77::1";

/// The suspect's firewall: drop, reset, and the other ways of saying no; a redirect of 8081.
const RULES: &str = "
table inet filter {
 chain input {
  type filter hook input priority 0
  tcp dport 1000-1019 drop
  tcp dport 1020-1029 reject with tcp reset
  tcp dport 1030-1034 reject
  tcp dport 1040-1042 reject with icmpx type admin-prohibited
  tcp dport 1045-1047 reject with icmpx type host-unreachable
  udp dport 1000-1004 drop
  udp dport 1030-1034 reject
  udp dport 1040-1042 reject with icmpx type admin-prohibited
  udp dport 1045-1047 reject with icmpx type host-unreachable
 }
}
table ip nat { chain pre { type nat hook prerouting priority -100
  tcp dport 8081 redirect to :8080
 }
}
table ip6 nat { chain pre { type nat hook prerouting priority -100
  tcp dport 8081 redirect to :8080
 }
}
";

/// What a port of the furnished suspect is, to a technique, as [`RULES`] and
/// [`Lab::furnish`] made it.
pub(crate) fn truth(technique: &str, addr: &str, port: u16) -> PortState {
    match (technique, port) {
        // The cable has no length: the ICMP error is there before connect returns, and Linux
        // keeps an IPv6 one that early to itself. nmap hears nothing either.
        ("-sT", 1030..=1034) if addr == SUSPECT_V6 => PortState::Filtered,
        ("-sU", 53 | 123 | 1100 | 1000..=1004) => PortState::OpenFiltered,
        (_, 22 | 80 | 8080 | 8081 | 40_000) if technique != "-sU" => PortState::Open,
        (_, 1000..=1019) if technique != "-sU" => PortState::Filtered,
        // An ICMP error: a connection is told it was refused, who sends a SYN sees by whom.
        ("-sS", 1030..=1034) => PortState::Filtered,
        (_, 1040..=1042 | 1045..=1047) => PortState::Filtered,
        _ => PortState::Closed,
    }
}

/// Namespaces that go away with the test.
pub(crate) struct Lab {
    pub(crate) suspect: String,
    pub(crate) trusted: String,
    sockets: Vec<Socket>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for name in [&self.suspect, &self.trusted] {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

/// Why a live test cannot run here, said where it is seen.
pub(crate) fn cannot_run(tools: &[&str]) -> bool {
    let missing: Vec<&str> = tools
        .iter()
        .copied()
        .filter(|tool| {
            let found = Command::new("sh")
                .args(["-c", &format!("command -v {tool}")])
                .output();
            !found.is_ok_and(|found| found.status.success())
        })
        .collect();
    let is_root = nix::unistd::geteuid().is_root();
    if is_root && missing.is_empty() {
        return false;
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default().to_owned();
    eprintln!("SKIPPED: {name}: needs root and {missing:?}");
    true
}

fn sh(line: &str) {
    let status = Command::new("sh").args(["-ec", line]).status().unwrap();
    assert!(status.success(), "{line}");
}

/// Does something inside a namespace, on a thread that ends there.
fn inside<T: Send + 'static>(netns: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let path = format!("/run/netns/{netns}");
    let there = move || {
        let how = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let door = open(path.as_str(), how, Mode::empty()).unwrap();
        setns(door, CloneFlags::CLONE_NEWNET).unwrap();
        work()
    };
    std::thread::spawn(there).join().unwrap()
}

impl Lab {
    /// One namespace with nothing in it but loopback.
    pub(crate) fn empty() -> Lab {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tag = format!(
            "{}x{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let lab = Lab {
            suspect: format!("rn-s-{tag}"),
            trusted: format!("rn-t-{tag}"),
            sockets: Vec::new(),
        };
        for name in [&lab.suspect, &lab.trusted] {
            sh(&format!("ip netns add {name}; ip -n {name} link set lo up"));
        }
        lab
    }

    /// Both, joined, the firewall up, ICMP errors not limited.
    pub(crate) fn joined() -> Lab {
        let lab = Lab::empty();
        let (s, t) = (&lab.suspect, &lab.trusted);
        sh(&format!(
            "ip link add c0 netns {s} type veth peer name c0 netns {t}
             ip -n {s} addr add 10.77.0.1/24 dev c0; ip -n {t} addr add 10.77.0.2/24 dev c0
             ip -n {s} addr add fd77::1/64 dev c0 nodad; ip -n {t} addr add fd77::2/64 dev c0 nodad
             ip -n {s} link set c0 up; ip -n {t} link set c0 up
             ip netns exec {s} sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 \
               net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000
             ip netns exec {s} nft -f - <<'N'\n{RULES}\nN"
        ));
        lab
    }

    /// Makes a listener, or a bound datagram socket, on the suspect.
    pub(crate) fn hold(&mut self, kind: Type, addr: &str) {
        let addr: SocketAddr = addr.parse().unwrap();
        let socket = inside(&self.suspect, move || {
            let socket = Socket::new(Domain::for_address(addr), kind, None).unwrap();
            socket.bind(&addr.into()).unwrap();
            if kind == Type::STREAM {
                socket.listen(4_096).unwrap();
            }
            socket
        });
        self.sockets.push(socket);
    }

    /// Keeps a connection from the trusted machine, from a port there, as scans with `-g` share it.
    pub(crate) fn connect(&mut self, from: u16, to: &str) {
        let to: SocketAddr = to.parse().unwrap();
        let socket = inside(&self.trusted, move || {
            let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
            socket.set_reuse_address(true).unwrap();
            let any = SocketAddr::from(([0, 0, 0, 0], from));
            socket.bind(&any.into()).unwrap();
            socket.connect(&to.into()).unwrap();
            socket
        });
        self.sockets.push(socket);
    }

    /// A listener on the suspect that greets who connects, as long as the test runs.
    pub(crate) fn speak(&mut self, addr: &str, words: &'static [u8]) {
        self.hold(Type::STREAM, addr);
        let listener = self.sockets.last().unwrap().try_clone().unwrap();
        std::thread::spawn(move || {
            while let Ok((peer, _)) = listener.accept() {
                let _ = peer.send(words);
            }
        });
    }

    /// A listener on the suspect that never stops talking to who connects.
    pub(crate) fn flood(&mut self, addr: &str) {
        self.hold(Type::STREAM, addr);
        let listener = self.sockets.last().unwrap().try_clone().unwrap();
        std::thread::spawn(move || {
            while let Ok((peer, _)) = listener.accept() {
                while peer.send(&[b'x'; 4_096]).is_ok() {}
            }
        });
    }

    /// A name server on the suspect that knows one address for every name, and one name for
    /// every address; but `bad.…` it cannot find, nor the name of an address that ends with 8.
    pub(crate) fn name_server(&mut self, addr: &str, known: [u8; 4]) {
        self.hold(Type::DGRAM, addr);
        let socket = self.sockets.last().unwrap().try_clone().unwrap();
        let socket = std::os::fd::OwnedFd::from(socket);
        std::thread::spawn(move || {
            let mut bytes = [0u8; 512];
            while let Ok((length, Some(peer))) =
                recvfrom::<SockaddrStorage>(socket.as_raw_fd(), &mut bytes)
            {
                let mut reply = bytes[..length].to_vec();
                if reply[12..].starts_with(b"\x03bad") || reply[12..].starts_with(b"\x018") {
                    reply[2..4].copy_from_slice(&[0x81, 0x82]);
                    let _ = sendto(socket.as_raw_fd(), &reply, &peer, MsgFlags::empty());
                    continue;
                }
                reply[2..4].copy_from_slice(&[0x81, 0x80]);
                reply[7] = 1;
                let (kind, data): (u8, &[u8]) = match reply[reply.len() - 3] {
                    12 => (12, b"\x07pointed\x07example\x00"),
                    _ => (1, &known),
                };
                let length = u8::try_from(data.len()).unwrap();
                reply.extend_from_slice(&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 9, 0, length]);
                reply.extend_from_slice(data);
                let _ = sendto(socket.as_raw_fd(), &reply, &peer, MsgFlags::empty());
            }
        });
    }

    /// The usual sockets, in both families at once.
    pub(crate) fn furnish(&mut self) {
        for port in [22, 80, 8080, 40_000] {
            self.hold(Type::STREAM, &format!("[::]:{port}"));
        }
        for port in [53, 123, 1100] {
            self.hold(Type::DGRAM, &format!("[::]:{port}"));
        }
    }

    /// Runs a command inside a namespace.
    pub(crate) fn run(&self, netns: &str, words: &[&str]) -> Output {
        Command::new("ip")
            .args(["netns", "exec", netns])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs rnmap inside a namespace.
    pub(crate) fn rnmap(&self, netns: &str, words: &str) -> Output {
        let mut all = vec![env!("CARGO_BIN_EXE_rnmap")];
        all.extend(words.split_whitespace());
        self.run(netns, &all)
    }

    /// Runs rnmap with `--json` and reads every port's state.
    pub(crate) fn states(&self, netns: &str, words: &str) -> States {
        let out = self.rnmap(netns, &format!("{words} --json"));
        states(&out.stdout)
    }

    /// Asks nmap the same, and reads every port's state from its XML.
    pub(crate) fn nmap(&self, netns: &str, words: &str) -> States {
        let mut all = vec!["nmap", "-n", "-Pn", "-oX", "-"];
        all.extend(words.split_whitespace());
        let out = self.run(netns, &all);
        assert!(out.status.success(), "nmap {words}");
        nmap_states(&String::from_utf8(out.stdout).unwrap())
    }
}

/// The records of an answer, which must be whole.
pub(crate) fn records(json: &[u8]) -> Vec<Record> {
    let text = str::from_utf8(json).unwrap();
    let records: Vec<Record> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(matches!(records.first(), Some(Record::Begin(_))), "{text}");
    assert!(matches!(records.last(), Some(Record::End(_))), "{text}");
    records
}

/// The gaps of an answer: where, and the error number.
pub(crate) fn gaps(json: &[u8]) -> Vec<(String, Option<i32>)> {
    let gaps = records(json).into_iter().filter_map(|record| match record {
        Record::Gap(gap) => Some((gap.place, gap.errno)),
        _ => None,
    });
    gaps.collect()
}

/// Every port of an answer with its state, sums included.
pub(crate) fn states(json: &[u8]) -> States {
    let mut states = States::new();
    for record in records(json) {
        match record {
            Record::Probe(probe) => {
                states.insert(probe.port, probe.state);
            }
            Record::Tally(tally) => {
                let ports = scan::ports::parse(&tally.ports.unwrap()).unwrap();
                assert_eq!(ports.tcp.len(), usize::try_from(tally.count).unwrap());
                states.extend(ports.tcp.iter().map(|port| (port, tally.state)));
            }
            _ => {}
        }
    }
    states
}

fn attribute<'x>(element: &'x str, name: &str) -> &'x str {
    let (_, rest) = element.split_once(&format!(" {name}=\"")).unwrap();
    rest.split('"').next().unwrap()
}

fn named(state: &str) -> PortState {
    serde_json::from_str(&format!("\"{state}\"")).unwrap()
}

/// Ports and states of nmap's XML: `<port>` elements, and the lists in `<extrareasons>`.
pub(crate) fn nmap_states(xml: &str) -> States {
    let mut states = States::new();
    let mut summed = None;
    let mut told = None;
    for element in xml.split('<') {
        if element.starts_with("extraports ") {
            summed = Some(named(attribute(element, "state")));
        } else if element.starts_with("extrareasons ") {
            let ports = scan::ports::parse(attribute(element, "ports")).unwrap();
            states.extend(ports.tcp.iter().map(|port| (port, summed.unwrap())));
        } else if element.starts_with("port ") {
            told = Some(attribute(element, "portid").parse().unwrap());
        } else if element.starts_with("state ") {
            states.insert(told.unwrap(), named(attribute(element, "state")));
        }
    }
    states
}

/// The command that holds a file against nmap's published grammar.
pub(crate) fn validates(xml: &str) -> Vec<&str> {
    let dtd = "/usr/share/nmap/nmap.dtd";
    let mut words = vec!["xmllint", "--noout"];
    if std::path::Path::new(dtd).exists() {
        words.extend(["--dtdvalid", dtd]);
    } else {
        eprintln!("SKIPPED: validation against nmap.dtd: not installed");
    }
    words.push(xml);
    words
}

/// How two answers differ, a line a port.
pub(crate) fn differences(ours: &States, theirs: &States) -> Vec<String> {
    let ports = ours.keys().chain(theirs.keys()).copied();
    let all: std::collections::BTreeSet<u16> = ports.collect();
    all.into_iter()
        .filter(|port| ours.get(port) != theirs.get(port))
        .map(|port| format!("{port}: {:?} / {:?}", ours.get(&port), theirs.get(&port)))
        .collect()
}
