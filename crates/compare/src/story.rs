//! The judgement as stories: a line a socket, a letter a round.
//!
//! `tcp 0.0.0.0:4444 LISTEN 7 | T --- | N +++ | O fff | B uuu | L ooo` is a listener with inode
//! 7 that the text tables (T) deny in three rounds, sock_diag (N) shows, the walk (O) finds
//! at a descriptor, the bind probe (B) finds in use and a local connection (L) open.
//!
//! T, N: `+` shown by every pass of the round, `-` by none, `?` the table was not read.
//! O: `f` descriptor, `t` thread's own, `r` io_uring, `m` in a message, `-` nobody,
//! `x` nobody, and a process was unreadable, `?` no walk. B: `u` in use, `f` free.
//! L, and R for a scan from elsewhere: `o` open, `c` closed, `t` no answer. `.` was not asked.
#![cfg(test)]

use crate::snapshot::Snapshot;
use crate::{Outcome, Report, Verdict, judge};
use model::process::Holding;
use model::record::SocketRow;
use model::*;
use std::net::IpAddr;

struct Line {
    inet: Inet,
    inode: Inode,
    signs: [Vec<char>; 6],
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
    let mut signs: [Vec<char>; 6] = Default::default();
    for part in parts {
        let (witness, letters) = part.split_once(' ').unwrap();
        signs["TNOBLR".find(witness).unwrap()] = letters.trim().chars().collect();
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
        let signs = &self.signs["TNOBLR".find(witness).unwrap()];
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
        for witness in "NTNTOBLNT".chars() {
            match witness {
                'T' => table(&mut snapshot, &lines, round, 'T', Source::Procfs),
                'N' => table(&mut snapshot, &lines, round, 'N', Source::Netlink),
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
                bound: proto == Proto::Tcp && source == Source::Netlink,
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
    report
}

#[test]
fn all_agree() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L o..
         udp 0.0.0.0:5353 CLOSE  8 | T +++ | N +++ | O fff | B uuu",
        &[(4444, Verdict::Agree), (5353, Verdict::Agree)],
        Outcome::Agree,
    );
    assert_eq!(report.findings[0].vector.to_string(), "YYYuY.");
    assert_eq!(report.findings[0].pid, Some(Pid(800)));
    assert_eq!(report.findings[0].pattern, "P1");
    assert_eq!(report.doubts.count, 0);
}

#[test]
fn f1_missing_in_the_text_table_only() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T --- | N +++ | O fff | B uuu | L ooo",
        &[(4444, Verdict::HiddenFromProcfs)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].vector.to_string(), "nYYuY.");
    assert_eq!(report.findings[0].pattern, "P11");
    assert_eq!(report.findings[0].pid, Some(Pid(800)));
    let one_round = "tcp 0.0.0.0:4444 LISTEN 7 | T - | N + | O f | B u | L o";
    let report = check(one_round, &[(4444, Verdict::Limited)], Outcome::Limited);
    assert!(report.doubts.ports.contains(&(Proto::Tcp, 4444)));
}

#[test]
fn f2_f3_missing_in_both_tables() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T --- | N --- | O --- | B uuu | L ooo",
        &[(4444, Verdict::HiddenFromTables)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].vector.to_string(), "nn.uY.");
    assert_eq!(report.findings[0].pattern, "P10");
    check(
        "udp 0.0.0.0:4444 CLOSE 7 | T --- | N --- | O --- | B uuu",
        &[(4444, Verdict::HiddenFromTables)],
        Outcome::Finding,
    );
    // Nobody read the tables: no claim.
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T ??? | N ??? | O --- | B uuu | L ooo",
        &[(4444, Verdict::Limited)],
        Outcome::Limited,
    );
}

#[test]
fn f5_missing_in_netlink_only() {
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N --- | O fff | B uuu | L ooo
         tcp 0.0.0.0:4445 LISTEN 8 | T +++ | N +++ | O fff | B uuu | L o..",
        &[(4444, Verdict::HiddenFromNetlink), (4445, Verdict::Agree)],
        Outcome::Finding,
    );
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N ??? | O fff | B uuu | L o..",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
}

#[test]
fn s41_another_address_of_the_port_masks_nothing() {
    check(
        "tcp 127.0.0.1:40000 LISTEN      7 | T --- | N +++ | O fff | B uuu | L ooo
         tcp 127.0.0.9:40000 ESTABLISHED 8 | T +++ | N +++ | O fff | B uuu",
        &[(40000, Verdict::HiddenFromProcfs)],
        Outcome::Finding,
    );
    let report = check(
        "tcp 127.0.0.1:40000 LISTEN      7 | T --- | N --- | O --- | B uuu | L ooo
         tcp 127.0.0.9:40000 ESTABLISHED 8 | T +++ | N +++ | O fff | B uuu",
        &[(40000, Verdict::HiddenFromTables)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].addr.to_string(), "127.0.0.1");
}

#[test]
fn owners_out_of_the_ordinary_are_named() {
    check(
        "tcp 0.0.0.0:5101 LISTEN 7 | T +++ | N +++ | O ttt | B uuu | L o..
         tcp 0.0.0.0:6666 LISTEN 8 | T +++ | N +++ | O rrr | B uuu | L o..",
        &[(5101, Verdict::OwnerThread), (6666, Verdict::OwnerIoUring)],
        Outcome::Agree,
    );
    let report = check(
        "tcp 0.0.0.0:8888 LISTEN 7 | T +++ | N +++ | O mmm | B uuu | L o..",
        &[(8888, Verdict::OwnerInFlight)],
        Outcome::Agree,
    );
    assert_eq!(report.findings[0].pid, Some(Pid(800)));
}

#[test]
fn nobody_holds_it() {
    let report = check(
        "tcp 0.0.0.0:6671 LISTEN 7 | T +++ | N +++ | O --- | B uuu | L o..",
        &[(6671, Verdict::OwnerUnknown)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].pattern, "P5");
    let causes = report.findings[0].causes.join("; ");
    assert!(!causes.contains("refused"), "{causes}");
    let report = check(
        "tcp 0.0.0.0:2024 LISTEN 7 | T +++ | N +++ | O xxx | B uuu | L o..",
        &[(2024, Verdict::OwnerUnreadable)],
        Outcome::Limited,
    );
    let evidence = report.findings[0].evidence.join("; ");
    assert!(
        evidence.contains("/proc/1/fd: Permission denied"),
        "{evidence}"
    );
    // What was refused does not matter where every owner is known.
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fxx | B uuu | L o..",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
    let report = check(
        "tcp 0.0.0.0:6671 LISTEN 7 | T ++ | N ++ | O -- | B uu | L o.",
        &[(6671, Verdict::Limited)],
        Outcome::Limited,
    );
    assert_eq!(report.doubts.count, 1);
    check(
        "tcp 0.0.0.0:6671 LISTEN 7 | T +++ | N +++ | O ??? | B uuu | L o..",
        &[(6671, Verdict::Limited)],
        Outcome::Limited,
    );
}

#[test]
fn s21_owner_outside_our_pid_namespace() {
    let mut snapshot = tell("tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O --- | B uuu | L o..");
    snapshot.facts.observer.pidns = Some(4_026_532_500);
    let report = judge(&snapshot);
    assert_eq!(report.findings[0].verdict, Verdict::OwnerOutsidePidns);
}

#[test]
fn s31_a_tunnel_explains_its_port_only_while_it_exists() {
    let story = "udp 0.0.0.0:4789 CLOSE 7 | T +++ | N +++ | O --- | B uuu
                 udp 0.0.0.0:4790 CLOSE 8 | T +++ | N +++ | O --- | B uuu";
    let mut snapshot = tell(story);
    snapshot.facts.kernel_ports = vec![KernelPort {
        proto: Proto::Udp,
        port: 4789,
        kind: "vxlan".into(),
        device: Some("vx0".into()),
    }];
    let found = |report: &Report| -> Vec<(u16, Verdict)> {
        let findings = report.findings.iter();
        findings.map(|it| (it.port, it.verdict)).collect()
    };
    let report = judge(&snapshot);
    let expected = [(4790, Verdict::OwnerUnknown), (4789, Verdict::KernelSocket)];
    assert_eq!(found(&report), expected);
    let evidence = report.findings[1].evidence.join("; ");
    assert!(evidence.contains("vxlan vx0 has this port"), "{evidence}");
    let expected = [(4789, Verdict::OwnerUnknown), (4790, Verdict::OwnerUnknown)];
    assert_eq!(found(&judge(&tell(story))), expected);
}

#[test]
fn what_came_or_went_is_counted() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L o..
         tcp 0.0.0.0:5001 LISTEN 8 | T +-- | N +-- | O f-- | B uff
         tcp 0.0.0.0:5002 LISTEN 9 | T --+ | N --+ | O --- | B ffu
         tcp 0.0.0.0:5003 LISTEN 5 | T --- | N --+ | O --- | B ffu
         tcp 0.0.0.0:5004 LISTEN 6 | T --- | N --- | O --- | B fuf | L coc",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
    assert_eq!(report.counts.transient, 4);
}

#[test]
fn s40_udp_tables_that_lose_their_place() {
    check(
        "udp 0.0.0.0:3000 CLOSE 7 | T --+ | N +++ | O fff | B uuu",
        &[(3000, Verdict::Agree)],
        Outcome::Agree,
    );
    check(
        "udp 0.0.0.0:3000 CLOSE 7 | T --- | N +++ | O fff | B uuu",
        &[(3000, Verdict::HiddenFromProcfs)],
        Outcome::Finding,
    );
}

#[test]
fn s4_s6_ports_kept_without_listening() {
    check(
        "tcp 0.0.0.0:9999 BOUND     7 | T --- | N +++ | O fff | B uuu | L ccc
         tcp 0.0.0.0:5301 TIME_WAIT 0 | T +++ | N +++ | O --- | B uuu | L ccc",
        &[
            (9999, Verdict::BoundNotListening),
            (5301, Verdict::NoProcessByNature),
        ],
        Outcome::Agree,
    );
}

#[test]
fn s36_answers_though_nobody_has_the_number() {
    let report = check(
        "tcp 127.0.0.1:8443 LISTEN 7 | T --- | N --- | O --- | B fff | L ooo",
        &[(8443, Verdict::Steered)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].pattern, "P8");
}

#[test]
fn s38_a_listener_that_does_not_answer() {
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L ttt",
        &[(4444, Verdict::SilentListener)],
        Outcome::Agree,
    );
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T + | N + | O f | B u | L t",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
    assert_eq!(report.doubts.count, 1);
    // It answered when asked again.
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T ++ | N ++ | O ff | B uu | L to",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
}

#[test]
fn f7_open_only_from_elsewhere() {
    let report = check(
        "tcp 10.0.0.2:8080 LISTEN 7 | T --- | N --- | O --- | B f.. | L c.. | R o",
        &[(8080, Verdict::RemoteOnly)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].vector.to_string(), "nn.fnY");
    assert_eq!(report.findings[0].pattern, "P7");
}

#[test]
fn s33_s36_a_rule_accounts_for_it() {
    let rule = |action| model::steering::Steer {
        action,
        protocols: vec![6],
        ports: vec![(8080, 8080)],
        to: Some(":3000".to_owned()),
        device: None,
        place: "nft ip nat prerouting handle 4".into(),
        note: None,
    };
    for story in [
        "tcp 10.0.0.2:8080 LISTEN 7 | T --- | N --- | O --- | B f.. | L c.. | R o",
        "tcp 10.0.0.2:8080 LISTEN 7 | T --- | N --- | O --- | B fff | L ooo",
    ] {
        let mut snapshot = tell(story);
        snapshot.facts.steers = vec![rule(model::steering::Action::Redirect)];
        let report = judge(&snapshot);
        assert_eq!(report.findings.len(), 1);
        assert_eq!(report.findings[0].verdict, Verdict::Steered);
        assert_eq!(report.outcome, Outcome::Agree);
        let evidence = report.findings[0].evidence.join("; ");
        assert!(evidence.contains("redirect to :3000"), "{evidence}");
        // A rule that drops leads nowhere.
        snapshot.facts.steers = vec![rule(model::steering::Action::Drop)];
        assert_eq!(judge(&snapshot).outcome, Outcome::Finding);
    }
}

#[test]
fn s37_filtered_on_the_way() {
    let report = check(
        "tcp 10.0.0.2:8080 LISTEN 7 | T +++ | N +++ | O fff | B u.. | L o.. | R t
         tcp 10.0.0.2:8081 LISTEN 8 | T +++ | N +++ | O fff | B u.. | L o.. | R c
         tcp 10.0.0.2:8082 LISTEN 9 | T +++ | N +++ | O fff | B u.. | L o.. | R o",
        &[
            (8080, Verdict::FilteredRemote),
            (8081, Verdict::FilteredRemote),
            (8082, Verdict::Agree),
        ],
        Outcome::Agree,
    );
    assert_eq!(report.findings[0].pattern, "P2");
    assert_eq!(report.findings[1].pattern, "P3");
    assert_eq!(report.findings[2].vector.to_string(), "YYYuYY");
}

#[test]
fn s8_two_binders_are_one_port() {
    let report = check(
        "tcp 0.0.0.0:4600 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L o..
         tcp 0.0.0.0:4600 LISTEN 8 | T +++ | N +++ | O fff | B uuu | L o..",
        &[(4600, Verdict::Agree)],
        Outcome::Agree,
    );
    assert_eq!(report.findings[0].owners.len(), 2);
    assert_eq!(report.findings[0].count, 2);
}

#[test]
fn raw_sockets_are_no_ports() {
    check(
        "raw 0.0.0.0:1 CLOSE 7 | T +++ | N +++ | O fff",
        &[(1, Verdict::Sniffer)],
        Outcome::Agree,
    );
}

#[test]
fn connections_are_counted_unless_something_is_wrong() {
    let report = check(
        "tcp 127.0.0.1:40000 ESTABLISHED 7 | T +++ | N +++ | O fff
         tcp 127.0.0.1:40001 ESTABLISHED 8 | T --- | N +++ | O fff",
        &[(40001, Verdict::HiddenFromProcfs)],
        Outcome::Finding,
    );
    assert_eq!(report.counts.connections, 1);
}
