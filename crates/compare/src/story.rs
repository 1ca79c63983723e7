//! The judgement as stories: a line a socket, a letter a round.
//!
//! `tcp 0.0.0.0:4444 LISTEN 7 | T --- | N +++ | O fff | B uuu | L ooo` is a listener with inode
//! 7 that the text tables (T) deny in three rounds, sock_diag (N) shows, the walk (O) finds
//! at a descriptor, the bind probe (B) finds in use and a local connection (L) open.
//!
//! T, N: `+` shown by every pass of the round, `-` by none, `?` the table was not read.
//! O: `f` descriptor, `t` thread's own, `r` io_uring, `m` in a message, `-` nobody,
//! `x` nobody, and a process was unreadable, `?` no walk. B: `u` in use, `f` free.
//! P: the text tables through a procfs of our own, D: sock_diag received by another call, as T
//! and N. H: the walk over copies of descriptors, as O, and `b` a socket that is only bound.
//! E: sock_diag asked for it alone, `+` given, `-` not.
//! L, and R for a scan from elsewhere: `o` open, `c` closed, `t` no answer. `.` was not asked.
#![cfg(test)]

use crate::snapshot::Snapshot;
use crate::{Outcome, Report, Verdict, judge};
use model::asked::{AskedSocket, Copied};
use model::process::Holding;
use model::record::SocketRow;
use model::*;
use std::net::IpAddr;

const WITNESSES: &str = "TNOBLRPDHE";

struct Line {
    inet: Inet,
    inode: Inode,
    signs: [Vec<char>; 10],
}

fn read(line: &str) -> Line {
    let mut parts = line.split('|').map(str::trim);
    let head: Vec<&str> = parts.next().unwrap().split_whitespace().collect();
    let proto = match head[0] {
        "udp" => Proto::Udp,
        "raw" => Proto::Raw,
        _ => Proto::Tcp,
    };
    let (addr, port) = head[1].rsplit_once(':').unwrap();
    let local: IpAddr = addr.trim_matches(['[', ']']).parse().unwrap();
    let state = serde_json::from_str(&format!("\"{}\"", head[2])).unwrap();
    let is_peered = !matches!(state, State::Listen | State::Close | State::Bound);
    let mut signs: [Vec<char>; 10] = Default::default();
    for part in parts {
        let (witness, letters) = part.split_once(' ').unwrap();
        signs[WITNESSES.find(witness).unwrap()] = letters.trim().chars().collect();
    }
    Line {
        inet: Inet {
            proto,
            local,
            port: port.parse().unwrap(),
            remote: local,
            remote_port: if is_peered { 1 } else { 0 },
            state,
            device: None,
            v6only: None,
            timer: None,
        },
        inode: Inode(head[3].parse().unwrap()),
        signs,
    }
}

impl Line {
    fn sign(&self, witness: char, round: u32) -> char {
        let signs = &self.signs[WITNESSES.find(witness).unwrap()];
        let at = usize::try_from(round).unwrap() - 1;
        signs.get(at).copied().unwrap_or('.')
    }
}

/// Tells the story in as many rounds as its first line has letters.
fn tell(story: &str) -> Snapshot {
    let lines: Vec<Line> = story.trim().lines().map(|line| read(line.trim())).collect();
    let mut snapshot = Snapshot::default();
    snapshot.facts.observer.pidns = Some(0xEFFF_FFFC);
    let rounds = u32::try_from(lines[0].signs[0].len()).unwrap();
    for round in 1..=rounds {
        for witness in "PDNTNTOHEBLNTPD".chars() {
            match witness {
                'T' => table(&mut snapshot, &lines, round, 'T', Source::Procfs),
                'N' => table(&mut snapshot, &lines, round, 'N', Source::Netlink),
                'P' => extra(&mut snapshot, &lines, round, 'P', Source::PrivateProcfs),
                'D' => extra(&mut snapshot, &lines, round, 'D', Source::NetlinkRead),
                'H' => copies(&mut snapshot, &lines, round),
                'E' => exact(&mut snapshot, &lines, round),
                'O' => walk(&mut snapshot, &lines, round),
                'B' => probes(&mut snapshot, &lines, round, 'B', Source::Bind),
                _ => probes(&mut snapshot, &lines, round, 'L', Source::Connect),
            }
        }
    }
    if lines.iter().any(|line| line.sign('R', 1) != '.') {
        probes(&mut snapshot, &lines, 1, 'R', Source::Remote);
    }
    snapshot
}

fn table(snapshot: &mut Snapshot, lines: &[Line], round: u32, witness: char, source: Source) {
    let view = snapshot.begin(source, round).unwrap();
    let mut looked = Vec::new();
    for family in [Family::Inet, Family::Inet6] {
        for proto in [Proto::Tcp, Proto::Udp, Proto::Raw] {
            looked.push(Looked {
                family,
                proto: Some(proto),
                bound: proto == Proto::Tcp && matches!(source, Source::Netlink | Source::Mib2),
            });
        }
    }
    for line in lines {
        match line.sign(witness, round) {
            '+' => {
                let mut socket = Socket::new(Kind::of(line.inet.clone()), line.inode);
                if source == Source::Netlink {
                    socket.cookie = Some(Cookie(line.inode.0));
                }
                snapshot.add(
                    view,
                    Record::Socket(SocketRow {
                        socket,
                        owners: None,
                    }),
                );
            }
            '?' => looked.retain(|looked| {
                (looked.family, looked.proto) != (line.inet.family(), Some(line.inet.proto))
            }),
            _ => {}
        }
    }
    snapshot.end(
        view,
        Coverage {
            looked,
            ..Coverage::default()
        },
    );
}

/// A witness beside the two tables, where the story has it.
fn extra(snapshot: &mut Snapshot, lines: &[Line], round: u32, witness: char, source: Source) {
    if lines.iter().any(|line| line.sign(witness, round) != '.') {
        table(snapshot, lines, round, witness, source);
    }
}

fn exact(snapshot: &mut Snapshot, lines: &[Line], round: u32) {
    if lines.iter().all(|line| line.sign('E', round) == '.') {
        return;
    }
    let view = snapshot.begin(Source::NetlinkExact, round).unwrap();
    for line in lines {
        let socket = match line.sign('E', round) {
            '+' => Some(Socket::new(Kind::of(line.inet.clone()), line.inode)),
            '-' => None,
            _ => continue,
        };
        let (proto, addr, port) = (line.inet.proto, line.inet.local, line.inet.port);
        let socket = socket.map(Box::new);
        snapshot.add(
            view,
            Record::Alone(model::receipt::Alone {
                proto,
                addr,
                port,
                socket,
            }),
        );
    }
    snapshot.end(view, Coverage::default());
}

fn copies(snapshot: &mut Snapshot, lines: &[Line], round: u32) {
    if lines.iter().all(|line| line.sign('H', round) == '.') {
        return;
    }
    let view = snapshot.begin(Source::Pidfd, round).unwrap();
    for (at, line) in lines.iter().enumerate() {
        let listening = match line.sign('H', round) {
            'f' => line.inet.state == State::Listen,
            'b' => false,
            _ => continue,
        };
        let (pid, inode) = (Pid(800 + u32::try_from(at).unwrap()), line.inode);
        let asked = AskedSocket {
            inode,
            domain: 2,
            socket_type: if line.inet.proto == Proto::Udp { 2 } else { 1 },
            protocol: if line.inet.proto == Proto::Udp { 17 } else { 6 },
            listening,
            local: Some((line.inet.local, line.inet.port)),
            ..AskedSocket::default()
        };
        snapshot.add(view, Record::Asked(asked));
        let (tid, fd) = (None, 3);
        snapshot.add(
            view,
            Record::Copied(Copied {
                pid,
                tid,
                fd,
                inode,
            }),
        );
    }
    snapshot.end(
        view,
        Coverage {
            processes: Some(9),
            ..Coverage::default()
        },
    );
}

fn walk(snapshot: &mut Snapshot, lines: &[Line], round: u32) {
    if lines.iter().any(|line| line.sign('O', round) == '?') {
        return;
    }
    let view = snapshot.begin(Source::Walk, round).unwrap();
    for (at, line) in lines.iter().enumerate() {
        let (tid, inode, held) = match line.sign('O', round) {
            'f' => (None, line.inode, Held::Fd { fd: 3 }),
            't' => (Some(Pid(801)), line.inode, Held::Fd { fd: 3 }),
            'r' => (None, line.inode, Held::IoUring { ring: 4, slot: 0 }),
            'm' => (None, Inode(0), Held::InFlight { via: 5, count: 1 }),
            'x' => {
                let denied = std::io::Error::from_raw_os_error(13);
                snapshot.gap(view, Gap::io("/proc/1/fd", &denied));
                continue;
            }
            _ => continue,
        };
        let pid = Pid(800 + u32::try_from(at).unwrap());
        let owner = Owner {
            id: ProcessId { pid, start: 1 },
            tid,
            comm: "lsn".into(),
            uid: Some(Uid(0)),
            held,
        };
        snapshot.add(view, Record::Holding(Holding { inode, owner }));
    }
    snapshot.end(
        view,
        Coverage {
            processes: Some(9),
            ..Coverage::default()
        },
    );
}

fn probes(snapshot: &mut Snapshot, lines: &[Line], round: u32, witness: char, source: Source) {
    let view = snapshot.begin(source, round).unwrap();
    for line in lines {
        let state = match line.sign(witness, round) {
            'u' => PortState::InUse,
            'f' => PortState::Free,
            'o' => PortState::Open,
            'c' => PortState::Closed,
            't' => PortState::Filtered,
            _ => continue,
        };
        snapshot.add(
            view,
            Record::Probe(Probe {
                technique: if source == Source::Bind {
                    Technique::Bind
                } else {
                    Technique::Connect
                },
                netns: None,
                proto: line.inet.proto,
                addr: line.inet.local,
                port: line.inet.port,
                state,
                reason: String::new(),
            }),
        );
    }
    snapshot.end(view, Coverage::default());
}

#[track_caller]
fn check(story: &str, expected: &[(u16, Verdict)], outcome: Outcome) -> Report {
    let report = judge(&tell(story));
    let found: Vec<(u16, Verdict)> = report
        .findings
        .iter()
        .map(|finding| (finding.port, finding.verdict))
        .collect();
    assert_eq!(found, expected, "{:#?}", report.findings);
    assert_eq!(report.outcome, outcome, "{:#?}", report.blanks);
    for finding in &report.findings {
        let told = !finding.next.is_empty() && !finding.causes.is_empty();
        assert!(told && !finding.evidence.is_empty(), "{finding:#?}");
    }
    report
}

mod cases;
mod elsewhere;
mod solaris;
mod witnesses;
