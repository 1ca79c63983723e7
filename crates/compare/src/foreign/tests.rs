//! Other tools' words, good, short, long and hostile; and listings that lie.

use super::told::{self, Told};
use super::*;
use crate::verdict::Weight;
use model::process::Holding;
use model::record::SocketRow;
use model::*;

const NETSTAT: &str = "\
Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      812/sshd: /usr/sbin
tcp        0     36 192.0.2.7:22            198.51.100.9:50104      ESTABLISHED 9/sshd: root
tcp6       0      0 :::80                   :::*                    LISTEN      -
tcp6       0      0 2001:db8:1234:5678::443 :::*                    LISTEN      77/x
udp        0      0 127.0.0.1:323           0.0.0.0:*                           5/chronyd
Active UNIX domain sockets (servers and established)
Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path
unix  2      [ ACC ]     STREAM     LISTENING     12345    1/init               /run/x
";

const SS: &str = "\
Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
nl    UNCONN 0      0               rtnl:kernel             *
tcp   LISTEN 0      128          0.0.0.0:22          0.0.0.0:*    users:((\"sshd\",pid=812,fd=3))
tcp   ESTAB  0      36         192.0.2.7:22     198.51.100.9:50104 users:((\"sshd\",pid=9,fd=4))
tcp   LISTEN 0      511                *:80                *:*
udp   UNCONN 0      0         127.0.0.53%lo:53      0.0.0.0:*
u_str LISTEN 0      4096          /run/x 12345            * 0
";

const LSOF: &str = "\
COMMAND   PID     USER   FD   TYPE DEVICE SIZE/OFF NODE NAME
sshd      812     root    3u  IPv4  17001      0t0  TCP *:22 (LISTEN)
sshd        9     root    4u  IPv4  17002      0t0  TCP 192.0.2.7:22->198.51.100.9:50104 (ESTABLISHED)
my prog    80 www-data    7u  IPv6  17003      0t0  TCP *:80 (LISTEN)
chronyd     5  _chrony    5u  IPv4  17004      0t0  UDP 127.0.0.1:323
ping        6     root    3u  IPv4  17005      0t0 ICMP *:*
lite        7     root    3u  IPv4  17006      0t0 UDPLITE *:7007
";

const OSQUERY: &str = r#"[
 {"address":"0.0.0.0","family":"2","fd":"3","path":"","pid":"812","port":"22","protocol":"6","socket":"17001"},
 {"address":"::","family":"10","pid":-1,"port":80,"protocol":6},
 {"address":"","family":"1","path":"/run/x","pid":"1","port":"0","protocol":"0"}
]"#;

fn lines(listing: &Listing) -> Vec<String> {
    let rows = listing.rows.iter();
    rows.map(|row| {
        let pids: Vec<String> = row.owners.iter().map(|it| it.pid.to_string()).collect();
        let pid = if pids.is_empty() {
            "-".to_owned()
        } else {
            pids.join("+")
        };
        let kind = if row.listens { "L" } else { "C" };
        format!("{} {}:{} {kind} {pid}", row.proto, row.local, row.port)
    })
    .collect()
}

#[track_caller]
fn check(text: &str, words: Words, expected: &[&str]) {
    let listing = read("f", text.as_bytes()).unwrap();
    assert_eq!(listing.words, words);
    assert_eq!(listing.gaps, []);
    assert_eq!(lines(&listing), expected);
}

#[test]
fn each_tool_is_understood_in_its_own_words() {
    check(
        NETSTAT,
        Words::Netstat,
        &[
            "tcp 0.0.0.0:22 L 812",
            "tcp 192.0.2.7:22 C 9",
            "tcp [::]:80 L -",
            "tcp 2001:db8:1234:5678…:443 L 77",
            "udp 127.0.0.1:323 L 5",
        ],
    );
    check(
        SS,
        Words::Ss,
        &[
            "tcp 0.0.0.0:22 L 812",
            "tcp 192.0.2.7:22 C 9",
            "tcp *:80 L -",
            "udp 127.0.0.53:53 L -",
        ],
    );
    check(
        LSOF,
        Words::Lsof,
        &[
            "tcp 0.0.0.0:22 L 812",
            "tcp 192.0.2.7:22 C 9",
            "tcp [::]:80 L 80",
            "udp 127.0.0.1:323 L 5",
            // Their ports are not those of UDP: a tool that lists it invents nothing.
            "udplite 0.0.0.0:7007 L 7",
        ],
    );
    check(
        OSQUERY,
        Words::Osquery,
        &["tcp 0.0.0.0:22 L 812", "tcp [::]:80 L -"],
    );
}

#[test]
fn ss_leaves_out_the_transport_it_was_asked_for() {
    let udp = "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n\
               UNCONN 0      0          127.0.0.1:323       0.0.0.0:*\n";
    check(udp, Words::Ss, &["udp 127.0.0.1:323 L -"]);
    let tcp = udp.replace("UNCONN", "LISTEN");
    check(&tcp, Words::Ss, &["tcp 127.0.0.1:323 L -"]);
}

#[test]
fn what_is_no_listing_is_refused() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "\0\0\0",
        "hello\nworld\n",
        "{}",
        "[1]",
        "[{\"a\":1}]",
        "[{\"port\":\"22\",\"protocol\":\"6\"",
        "PK\x03\x04",
        &deep,
    ] {
        assert!(read("f", text.as_bytes()).is_err(), "{text:.20}");
    }
}

#[test]
fn what_is_not_understood_is_a_gap_with_its_line() {
    let cases = [
        (NETSTAT, "0.0.0.0:22 ", "0.0.0.0:ssh ", 3),
        (NETSTAT, "LISTEN", "LISSEN", 3),
        (SS, "0.0.0.0:22 ", "0.0.0.0:99999 ", 3),
        (LSOF, "TCP *:22", "TCP nonsense", 2),
    ];
    for (text, from, to, line) in cases {
        let listing = read("f", text.replacen(from, to, 1).as_bytes()).unwrap();
        let expected = format!("line {line}: not understood");
        assert_eq!(listing.gaps, [Gap::new("f", expected)], "{to}");
        assert!(listing.rows.len() >= 3, "{to}");
    }
    // Cut anywhere: never a panic, and never a listing that looks whole.
    for text in [NETSTAT, SS, LSOF] {
        for cut in 90..text.len() - 1 {
            if let Ok(listing) = read("f", &text.as_bytes()[..cut]) {
                let whole = text.as_bytes()[cut - 1] == b'\n';
                assert!(whole || !listing.gaps.is_empty(), "{cut}");
            }
        }
    }
    let mut hostile = NETSTAT.as_bytes().to_vec();
    hostile.extend_from_slice(b"tcp \xff\xfe\x1b[31m\n");
    hostile.extend(std::iter::repeat_n(b'x', 1 << 20));
    assert_eq!(read("f", &hostile).unwrap().rows.len(), 5);
}

/// What a run with these rounds says: our tables show `ours`, the tool prints `theirs`.
fn tell(rounds: u32, ours: &[(&str, u16)], theirs: &str, words: Words) -> Told {
    let mut snapshot = Snapshot::default();
    for round in 1..=rounds {
        table(&mut snapshot, round, ours);
        walk(&mut snapshot, round);
        let ran = Ran {
            path: "/usr/bin/netstat".to_owned(),
            round,
            after: snapshot.views.len(),
            whole: true,
            ports: None,
        };
        super::ran(&mut snapshot, "netstat", words, theirs.as_bytes(), ran);
        table(&mut snapshot, round, ours);
    }
    told::all(&snapshot).remove(0)
}

/// A walk of every process, which met those that [`table`] tells of.
fn walk(snapshot: &mut Snapshot, round: u32) {
    let view = snapshot.begin(Source::Walk, round).unwrap();
    snapshot.add(
        view,
        Record::Process(Process {
            id: ProcessId {
                pid: Pid(812),
                start: 1,
            },
            ppid: None,
            pgid: None,
            uid: None,
            comm: "sshd".into(),
            cmdline: Some("sshd: listener\0".into()),
            exe: Some("/usr/sbin/sshd".into()),
            netns: None,
            kernel_thread: false,
            zone: None,
        }),
    );
    let coverage = Coverage {
        processes: Some(1),
        ..Coverage::default()
    };
    snapshot.end(view, coverage);
}

fn table(snapshot: &mut Snapshot, round: u32, ours: &[(&str, u16)]) {
    let view = snapshot.begin(Source::Netlink, round).unwrap();
    let mut looked = Vec::new();
    for family in [Family::Inet, Family::Inet6] {
        for proto in [Proto::Tcp, Proto::Udp] {
            looked.push(Looked {
                family,
                proto: Some(proto),
                bound: true,
            });
        }
    }
    for (local, port) in ours {
        let local: IpAddr = local.parse().unwrap();
        let inode = Inode(u64::from(*port));
        let socket = Socket::new(
            Kind::of(Inet {
                proto: Proto::Tcp,
                local,
                port: *port,
                remote: local,
                remote_port: 0,
                state: State::Listen,
                device: None,
                v6only: None,
                timer: None,
            }),
            inode,
        );
        snapshot.add(
            view,
            Record::Socket(SocketRow {
                socket,
                owners: None,
            }),
        );
        // 22 has a plain owner, all others have none.
        if *port == 22 {
            let owner = Owner {
                id: ProcessId {
                    pid: Pid(812),
                    start: 1,
                },
                tid: None,
                comm: "sshd".into(),
                uid: None,
                held: Held::Fd { fd: 3 },
            };
            snapshot.add(view, Record::Holding(Holding { inode, owner }));
        }
    }
    let coverage = Coverage {
        looked,
        ..Coverage::default()
    };
    snapshot.end(view, coverage);
}

const ONE: &str = "tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 812/sshd\n";

fn ports(missed: &[told::Missed]) -> Vec<u16> {
    missed.iter().map(|missed| missed.port).collect()
}

#[test]
fn an_omission_needs_three_rounds() {
    let ours = [("0.0.0.0", 22), ("0.0.0.0", 4444)];
    let found = tell(3, &ours, ONE, Words::Netstat);
    assert_eq!(ports(&found.omits), [4444]);
    assert_eq!(found.weight, Weight::Finding);
    let found = tell(2, &ours, ONE, Words::Netstat);
    assert_eq!((ports(&found.omits), found.doubts), (vec![], 1));
    assert_eq!(found.weight, Weight::Fine);
    let found = tell(3, &ours[..1], ONE, Words::Netstat);
    assert_eq!((ports(&found.omits), found.doubts), (vec![], 0));
}

#[test]
fn the_address_counts() {
    let ours = [("0.0.0.0", 22), ("127.0.0.9", 22)];
    let found = tell(3, &ours, ONE, Words::Netstat);
    assert_eq!(found.omits[0].addr, "127.0.0.9");
    let cut = "tcp6 0 0 2001:db8:1234:5678::443 :::* LISTEN -\n";
    let ours = [("2001:db8:1234:5678:9abc:def0:1234:5678", 443)];
    assert!(tell(3, &ours, cut, Words::Netstat).omits.is_empty());
}

#[test]
fn every_ipv4_address_in_ipv6_clothes_is_the_address_that_tools_write() {
    // As netstat, ss and lsof were seen to print one socket bound to ::ffff:0.0.0.0.
    let ours = [("::ffff:0.0.0.0", 22)];
    for (text, words) in [
        ("tcp6 0 0 0.0.0.0:22 :::* LISTEN 812/sshd\n", Words::Netstat),
        ("tcp LISTEN 0 5 [::ffff:0.0.0.0]:22 *:*\n", Words::Ss),
        (
            "sshd 812 root 3u IPv6 17 0t0 TCP *:22 (LISTEN)\n",
            Words::Lsof,
        ),
    ] {
        let found = tell(6, &ours, text, words);
        assert!(found.is_silent(), "{words}: {found:?}");
        assert_eq!(found.doubts, 0, "{words}");
    }
    // One that has the IPv6 addresses is another.
    let other = tell(
        3,
        &[("::", 22)],
        "tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN -\n",
        Words::Netstat,
    );
    assert_eq!(ports(&other.omits), [22]);
}

#[test]
fn a_path_in_a_case_is_no_command() {
    let next = |path: &str| {
        let mut snapshot = Snapshot::default();
        for round in 1..=3 {
            table(&mut snapshot, round, &[("0.0.0.0", 4444)]);
            let ran = Ran {
                path: path.to_owned(),
                round,
                after: snapshot.views.len(),
                whole: true,
                ports: None,
            };
            super::ran(&mut snapshot, "netstat", Words::Netstat, b"", ran);
            table(&mut snapshot, round, &[("0.0.0.0", 4444)]);
        }
        told::all(&snapshot).remove(0).next
    };
    assert!(next("/usr/bin/netstat").starts_with("sha256sum /usr/bin/netstat (and"));
    let quoted = r"sha256sum -- '/x; sh '\''$(y)' (and";
    assert!(
        next("/x; sh '$(y)").starts_with(quoted),
        "{}",
        next("/x; sh '$(y)")
    );
}

#[test]
fn what_is_not_named_is_counted() {
    let ours: Vec<(&str, u16)> = (1000..1300).map(|port| ("0.0.0.0", port)).collect();
    let theirs: String = (2000..2300)
        .map(|port| format!("tcp 0 0 0.0.0.0:{port} 0.0.0.0:* LISTEN -\n"))
        .collect();
    let found = tell(6, &ours, &theirs, Words::Netstat);
    assert_eq!((found.omits.len(), found.more.omits), (256, 44));
    assert_eq!((found.invents.len(), found.more.invents), (256, 44));
    assert_eq!((found.misnames.len(), found.more.misnames), (0, 0));
    let json = serde_json::to_value(&found).unwrap();
    let more = serde_json::json!({"omits": 44, "invents": 44, "misnames": 0});
    assert_eq!(json["more"], more);
}

#[test]
fn lsof_need_not_list_what_no_process_has_a_descriptor_of() {
    let ours = [("0.0.0.0", 22), ("0.0.0.0", 4444)];
    let found = tell(3, &ours, "", Words::Lsof);
    assert_eq!(ports(&found.omits), [22]);
}

#[test]
fn an_invention_needs_six_rounds() {
    let theirs = format!("{ONE}tcp 0 0 0.0.0.0:31337 0.0.0.0:* LISTEN 1/init\n");
    let ours = [("0.0.0.0", 22)];
    let found = tell(6, &ours, &theirs, Words::Netstat);
    assert_eq!(ports(&found.invents), [31337]);
    let found = tell(5, &ours, &theirs, Words::Netstat);
    assert_eq!((found.invents.len(), found.doubts), (0, 1));
}

/// What a run says in which netstat names these owners of 0.0.0.0:22, which 812 holds.
fn name(rounds: u32, owner: &str) -> (Vec<String>, usize) {
    let theirs = format!(
        "tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN {owner}\n\
         tcp 0 0 0.0.0.0:23 0.0.0.0:* LISTEN 9/other\n"
    );
    let ours = [("0.0.0.0", 22)];
    let found = tell(rounds, &ours, &theirs, Words::Netstat);
    let misnames = found.misnames.iter();
    let names = misnames.map(|it| it.names.as_ref().map_or("-".to_owned(), Claim::to_string));
    // 23 is in none of our listings: that is another doubt.
    (names.collect(), found.doubts)
}

#[test]
fn another_owner_needs_three_rounds() {
    for honest in ["812/sshd", "812/sshd:", "812/s", "812/[odd name]"] {
        assert_eq!(name(3, honest), (vec![], 1), "{honest}");
    }
    let other = vec!["process 1 (init)".to_owned()];
    assert_eq!(name(3, "1/init"), (other, 1));
    assert_eq!(name(2, "1/init"), (vec![], 2));
    assert_eq!(name(3, "812/nginx").0, ["process 812 (nginx)"]);
    assert_eq!(name(3, "-").0, ["-"]);
}

#[test]
fn ss_names_every_owner_and_no_name_forges_one() {
    let row = "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:";
    let two = format!("{row}((\"my d\",pid=812,fd=3),(\"sshd\",pid=9,fd=3))\n");
    check(&two, Words::Ss, &["tcp 0.0.0.0:22 L 812+9"]);
    // A name of 15 bytes that pretends to end early.
    let forged = format!("{row}((\"\",pid=1,fd=3),(\",pid=812,fd=3))\n");
    let listing = read("f", forged.as_bytes()).unwrap();
    assert_eq!(listing.gaps, [Gap::new("f", "line 1: not understood")]);
}

#[test]
fn a_file_accuses_nobody() {
    let mut snapshot = Snapshot::default();
    table(&mut snapshot, 1, &[("0.0.0.0", 22), ("::", 80)]);
    let text = format!("{NETSTAT}tcp 0 0 0.0.0.0:9 0.0.0.0:* LISTEN -\n");
    let text = text.replace("0.0.0.0:22 ", "0.0.0.0:23 ");
    take(&mut snapshot, "netstat.txt", text.as_bytes()).unwrap();
    let found = told::all(&snapshot).remove(0);
    assert_eq!(found.weight, Weight::Note);
    assert_eq!(ports(&found.omits), [22]);
    assert_eq!(ports(&found.invents), [9, 23, 443, 323]);
}
