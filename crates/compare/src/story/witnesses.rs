//! Stories of the witnesses beside the two tables and the walk: who was found without procfs,
//! what a procfs of our own shows, how an answer arrived.

use super::*;
use model::asked::{Ring, RingTrace, Used};
use model::census::{Census, HiddenPid};
use model::procfs::{ListingSign, ProcIdentity, ProcSign};
use model::receipt::{MessageSign, Receive, Received};

#[test]
fn all_witnesses_agree() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | P +++ | D +++ | O fff | H f.. | B uuu | L o..",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
    assert_eq!(report.findings[0].vector.to_string(), "YYYuY.YY");
    assert_eq!(report.findings[0].owners.len(), 1);
}

#[test]
fn f1_s15_a_mount_or_the_kernel_hides_the_row() {
    let causes = |private: &str| {
        let story = format!(
            "tcp 0.0.0.0:4444 LISTEN 7 | T --- | N +++ | P {private} | O fff | B uuu | L ooo"
        );
        let found = [(4444, Verdict::HiddenFromProcfs)];
        check(&story, &found, Outcome::Finding).findings[0]
            .causes
            .join("; ")
    };
    let mount = causes("+++");
    assert!(mount.contains("covered by a mount"), "{mount}");
    assert!(!mount.contains("kernel filters"), "{mount}");
    let kernel = causes("---");
    assert!(!kernel.contains("covered by a mount"), "{kernel}");
    assert!(kernel.contains("kernel filters"), "{kernel}");
}

#[test]
fn a_row_only_the_private_procfs_shows_is_hidden_from_both() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T --- | N --- | P +++ | O fff | B uuu | L ooo",
        &[(4444, Verdict::HiddenFromProcfs)],
        Outcome::Finding,
    );
    let finding = &report.findings[0];
    assert_eq!(finding.vector.to_string(), "nnYuY.Y.");
    let evidence = finding.evidence.join("; ");
    assert!(
        evidence.contains("netlink: absent from all 9"),
        "{evidence}"
    );
}

#[test]
fn what_only_another_receiving_call_tells_is_hidden_from_netlink() {
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N --- | D +++ | O fff | B uuu | L ooo",
        &[(4444, Verdict::HiddenFromNetlink)],
        Outcome::Finding,
    );
    // Their own silence accuses nobody.
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | P --- | D --- | O fff | B uuu | L o..",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
}

#[test]
fn s10_what_every_listing_leaves_out_is_given_when_asked_for_alone() {
    let told = |exact: &str, walk: &str| {
        let story = format!(
            "tcp 0.0.0.0:4444 LISTEN 7 | T ------ | N ------ | E {exact} | O {walk} | B uuuuuu | L oooooo"
        );
        let found = [(4444, Verdict::HiddenFromTables)];
        check(&story, &found, Outcome::Finding).findings.remove(0)
    };
    let given = told(".+++++", "ffffff");
    let evidence = given.evidence.join("; ");
    let line = "netlink-exact: asked for it alone at 0.0.0.0, the socket of 0.0.0.0:4444";
    assert!(evidence.contains(line), "{evidence}");
    assert_eq!(given.sockets[0].inode, Inode(7));
    assert_eq!((given.pid, given.count), (Some(Pid(800)), 1));
    assert_eq!(given.state, Some(State::Listen));
    assert_eq!(given.vector.to_string(), "nnYuY...");
    assert_eq!(given.pattern, "P10");
    // Nobody found is no clue, and a refusal is told as well.
    let unheld = told(".+++++", "------");
    assert_eq!((unheld.pid, unheld.sockets.len()), (None, 1));
    let refused = told(".-----", "ffffff");
    let evidence = refused.evidence.join("; ");
    assert!(
        evidence.contains("asked for it alone at 0.0.0.0, none"),
        "{evidence}"
    );
    assert_eq!((refused.pid, refused.sockets.len()), (None, 0));
}

#[test]
fn what_sock_diag_gives_alone_is_no_row_of_its_table() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N --- | E .++ | O fff | B uuu | L ooo",
        &[(4444, Verdict::HiddenFromNetlink)],
        Outcome::Finding,
    );
    let evidence = report.findings[0].evidence.join("; ");
    assert!(
        evidence.contains("netlink: absent from all 9"),
        "{evidence}"
    );
    assert!(
        evidence.contains("netlink-exact: asked for it alone"),
        "{evidence}"
    );
}

#[test]
fn s16_s18_an_owner_only_copies_of_descriptors_show() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O --- | H fff | B uuu | L o..",
        &[(4444, Verdict::HiddenProcess)],
        Outcome::Finding,
    );
    let finding = &report.findings[0];
    assert_eq!(finding.vector.to_string(), "YYnuY..Y");
    assert_eq!(finding.pid, Some(Pid(800)));
    assert_eq!(finding.pattern, "P5");
    let evidence = finding.evidence.join("; ");
    assert!(
        evidence.contains("pidfd: process 800 holds it"),
        "{evidence}"
    );
    // Two rounds are not enough, and a walk that met it once settles it.
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T ++ | N ++ | O -- | H ff | B uu | L o.",
        &[(4444, Verdict::Limited)],
        Outcome::Limited,
    );
    assert!(report.doubts.owners);
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O -f- | H fff | B uuu | L o..",
        &[(4444, Verdict::Agree)],
        Outcome::Agree,
    );
    // A walk that was refused the very process is no contradiction.
    let mut snapshot = tell("tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O xxx | H fff | B uuu");
    for view in &mut snapshot.views {
        let denied = std::io::Error::from_raw_os_error(13);
        if view.source == Source::Walk {
            view.gaps = vec![Gap::io("/proc/800/fd", &denied)];
        }
    }
    let report = judge(&snapshot);
    assert_eq!(report.findings[0].verdict, Verdict::Agree);
    assert_eq!(report.findings[0].pid, Some(Pid(800)));
}

#[test]
fn s5_a_bound_socket_the_tables_do_not_tell() {
    let untold = |story: &str| {
        let mut snapshot = tell(story);
        for view in &mut snapshot.views {
            view.coverage
                .looked
                .iter_mut()
                .for_each(|it| it.bound = false);
        }
        judge(&snapshot)
    };
    let report = untold("tcp 0.0.0.0:9999 BOUND 7 | T --- | N --- | O --- | H b.. | B uuu | L ccc");
    let finding = &report.findings[0];
    assert_eq!(finding.verdict, Verdict::BoundNotListening);
    assert_eq!(finding.pid, Some(Pid(800)));
    assert_eq!(report.outcome, Outcome::Agree);
    let report = untold("tcp 0.0.0.0:9999 BOUND 7 | T --- | N --- | O xxx | B uuu | L ccc");
    assert_eq!(report.findings[0].verdict, Verdict::Limited);
    // One on another address keeps the port there and nowhere else.
    let story = "tcp 127.0.0.1:9999 LISTEN 7 | T --- | N --- | O --- | B uuu | L ccc
                 tcp 127.0.0.9:9999 BOUND  8 | T --- | N --- | O --- | H b..";
    let report = untold(story);
    assert_eq!(report.findings[0].verdict, Verdict::Limited);
    // One that listens is no bound one.
    let story = "tcp 0.0.0.0:9999 LISTEN 7 | T ------ | N ------ | O ------ | H f..... | B uuuuuu | L oooooo";
    let report = untold(story);
    assert_eq!(report.findings[0].verdict, Verdict::HiddenFromTables);
    assert_eq!(report.findings[0].pid, Some(Pid(800)));
}

#[test]
fn s30_the_counter_of_all_sockets_is_evidence() {
    let mut snapshot =
        tell("tcp 0.0.0.0:6671 LISTEN 7 | T +++ | N +++ | O --- | H ... | B uuu | L o..");
    let mut used = Used {
        netns: NetNs(1),
        used: 3,
        in_tables: 2,
    };
    snapshot.copies.used = Some(used);
    let report = judge(&snapshot);
    assert_eq!(report.findings[0].verdict, Verdict::OwnerUnknown);
    assert_eq!(report.findings[0].pattern, "P19");
    let evidence = report.findings[0].evidence.join("; ");
    assert!(evidence.contains("1 in none"), "{evidence}");
    // Where all are accounted for, only the kernel itself is left.
    used.in_tables = 3;
    snapshot.copies.used = Some(used);
    let report = judge(&snapshot);
    assert_eq!(
        report.findings[0].causes.len(),
        1,
        "{:?}",
        report.findings[0].causes
    );
}

#[test]
fn what_waits_in_a_message_is_counted_among_those_in_no_table() {
    let mut snapshot = tell("tcp 0.0.0.0:8888 LISTEN 7 | T +++ | N +++ | O mmm | B uuu | L o..");
    let mut verdict = |in_tables| {
        snapshot.copies.used = Some(Used {
            netns: NetNs(1),
            used: 3,
            in_tables,
        });
        judge(&snapshot).findings[0].verdict
    };
    assert_eq!(verdict(2), Verdict::OwnerInFlight);
    assert_eq!(verdict(3), Verdict::OwnerUnknown);
}

#[test]
fn s29_one_ring_that_no_descriptor_leads_to() {
    let mut snapshot =
        tell("tcp 0.0.0.0:6668 LISTEN 7 | T +++ | N +++ | O --- | H ... | B uuu | L o..");
    let ring = |pid, by| Ring {
        id: ProcessId {
            pid: Pid(pid),
            start: 1,
        },
        comm: "stage".into(),
        by,
    };
    let view = snapshot.begin(Source::Programs, 2).unwrap();
    snapshot.add(view, Record::Ring(ring(7, RingTrace::Mapped)));
    // Nothing says that the kernel counts more than is in tables.
    assert_eq!(judge(&snapshot).findings[0].verdict, Verdict::OwnerUnknown);
    snapshot.copies.used = Some(Used {
        netns: NetNs(1),
        used: 3,
        in_tables: 2,
    });
    let report = judge(&snapshot);
    assert_eq!(report.findings[0].verdict, Verdict::OwnerIoUring);
    let evidence = report.findings[0].evidence.join("; ");
    assert!(
        evidence.contains("process 7 (stage) has an io_uring, mapped"),
        "{evidence}"
    );
    // With two of them it may be in either.
    snapshot.add(view, Record::Ring(ring(8, RingTrace::Polled)));
    assert_eq!(judge(&snapshot).findings[0].verdict, Verdict::OwnerUnknown);
}

fn census(snapshot: &mut Snapshot, census: Census) {
    let view = snapshot.begin(Source::Pidfd, 1).unwrap();
    snapshot.add(view, Record::Census(census));
    snapshot.end(view, Coverage::default());
}

fn signs(snapshot: &Snapshot) -> Vec<(Verdict, String)> {
    let report = judge(snapshot);
    let signs = report.signs.iter();
    signs
        .map(|it| (it.verdict, it.evidence.join("; ")))
        .collect()
}

#[test]
fn a_number_that_is_only_taken_is_a_process_where_all_of_them_are_seen() {
    let mut snapshot = tell("tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B uuu");
    let taken = HiddenPid {
        pid: Pid(812),
        answered: vec!["clone3".to_owned()],
        denied: vec!["tgkill".to_owned(), "kill".to_owned()],
    };
    census(
        &mut snapshot,
        Census {
            hidden: vec![taken],
            ..Census::default()
        },
    );
    let found = signs(&snapshot);
    assert_eq!(found[0].0, Verdict::HiddenProcess);
    let words = "process 812 is there for clone3, and not for tgkill, kill";
    assert!(found[0].1.contains(words), "{}", found[0].1);
    // Members of a group that has this number may be outside of our namespace.
    snapshot.facts.observer.pidns = Some(0xF000_0000);
    assert_eq!(signs(&snapshot), []);
}

#[test]
fn f4_a_process_only_some_calls_answer_for() {
    let hidden = |pids: &[u32]| Census {
        listed: 3,
        hidden: pids
            .iter()
            .map(|&pid| HiddenPid {
                pid: Pid(pid),
                answered: vec!["tgkill".to_owned(), "ioprio_get".to_owned()],
                denied: vec!["kill".to_owned()],
            })
            .collect(),
        ..Census::default()
    };
    let mut snapshot = Snapshot::default();
    census(&mut snapshot, hidden(&[812, 900]));
    census(&mut snapshot, hidden(&[812]));
    let found = signs(&snapshot);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, Verdict::HiddenProcess);
    let expected =
        "process 812 is there for tgkill, ioprio_get, and not for kill, and is not listed";
    assert_eq!(found[0].1, expected);
    assert_eq!(judge(&snapshot).outcome, Outcome::Finding);
    // Where others' processes are not listed to us, or the listing is another namespace's,
    // nothing follows.
    snapshot.facts.observer.capabilities = Some(0);
    snapshot.facts.identity = Some(ProcIdentity {
        hidepid: Some("2".into()),
        ..ProcIdentity::default()
    });
    assert_eq!(signs(&snapshot), []);
    snapshot.facts.observer.capabilities = Some(u64::MAX);
    assert_eq!(signs(&snapshot).len(), 1);
    snapshot.facts.identity = Some(ProcIdentity {
        signs: vec![ProcSign::SelfElsewhere {
            pid: Pid(7),
            link: None,
        }],
        ..ProcIdentity::default()
    });
    assert!(
        signs(&snapshot)
            .iter()
            .all(|it| it.0 == Verdict::ProcTampered)
    );
}

#[test]
fn f5_a_record_swallowed_by_the_one_before_it() {
    let mut snapshot = tell(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N --- | O fff | B uuu | L ooo
         tcp 0.0.0.0:4445 LISTEN 8 | T +++ | N +++ | O fff | B uuu | L o..",
    );
    let swallowed = snapshot.sockets.values().next().unwrap().socket.clone();
    let view = snapshot.begin(Source::NetlinkRead, 1).unwrap();
    let mut received = Received {
        by: Receive::Recvmsg,
        family: Family::Inet,
        proto: Some(Proto::Tcp),
        messages: 2,
        signs: vec![MessageSign::LongMessage { message: 1 }],
        carved: vec![swallowed],
    };
    snapshot.add(view, Record::Received(received.clone()));
    let found = signs(&snapshot);
    assert_eq!(found[0].0, Verdict::HiddenFromNetlink);
    assert!(
        found[0].1.contains("message 1 goes on past its end"),
        "{}",
        found[0].1
    );
    assert!(
        found[0].1.contains("recovered tcp 0.0.0.0:4444 LISTEN"),
        "{}",
        found[0].1
    );
    let report = judge(&snapshot);
    assert_eq!(report.findings[0].verdict, Verdict::HiddenFromNetlink);
    // An answer that arrived as it was sent is no sign.
    (received.signs, received.carved) = (Vec::new(), Vec::new());
    snapshot.received.clear();
    snapshot.add(view, Record::Received(received));
    assert_eq!(signs(&snapshot), []);
}

#[test]
fn f6_a_listing_whose_slack_holds_a_name() {
    for (sign, words) in [
        (
            ListingSign::LongRecord {
                name: "811".into(),
                carved: Some("812".into()),
            },
            "swallows a name after 811: 812",
        ),
        (
            ListingSign::DirtyTail {
                carved: vec!["812".into()],
            },
            "was shortened: 812",
        ),
    ] {
        let mut snapshot = Snapshot::default();
        census(
            &mut snapshot,
            Census {
                signs: vec![sign],
                ..Census::default()
            },
        );
        let found = signs(&snapshot);
        assert_eq!(found[0].0, Verdict::HiddenProcess);
        assert!(found[0].1.contains(words), "{}", found[0].1);
    }
}

#[test]
fn f8_a_connection_no_table_lists_and_its_neighbours() {
    let pattern = |counter: &str, counted, rows| {
        let mut snapshot = Snapshot::default();
        snapshot.facts.counted = Some(crate::facts::Counted {
            readings: 3,
            quiet: true,
            mismatches: vec![model::counters::Mismatch {
                counter: counter.to_owned(),
                counted,
                rows,
            }],
            holes: Vec::new(),
        });
        let report = judge(&snapshot);
        assert_eq!(report.signs[0].verdict, Verdict::CounterMismatch);
        report.signs[0].pattern
    };
    assert_eq!(pattern("CurrEstab", 9, 8), "P18");
    assert_eq!(pattern("TCP inuse", 9, 8), "P16");
    assert_eq!(pattern("TCP6 inuse", 8, 9), "P17");
}

#[test]
fn s22_s23_s26_a_port_of_another_namespace() {
    let mut snapshot = tell("tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L o..");
    let own = NetNs(11);
    snapshot.facts.observer.netns = Some(own);
    let view = snapshot.begin(Source::Netlink, 1).unwrap();
    let mut there = read("tcp 0.0.0.0:5103 LISTEN 9").inet;
    for (state, port, inode) in [(State::Listen, 5103, 9), (State::Established, 5104, 10)] {
        (there.state, there.port) = (state, port);
        let mut socket = Socket::new(Kind::of(there.clone()), Inode(inode));
        socket.netns = Some(NetNs(22));
        let owners = None;
        snapshot.add(view, Record::Socket(SocketRow { socket, owners }));
    }
    let report = judge(&snapshot);
    let found: Vec<(u16, Verdict)> = report
        .findings
        .iter()
        .map(|it| (it.port, it.verdict))
        .collect();
    assert_eq!(found, [(5103, Verdict::OtherNetns), (4444, Verdict::Agree)]);
    assert_eq!(report.findings[0].netns, Some(NetNs(22)));
    let evidence = report.findings[0].evidence.join("; ");
    assert!(
        evidence.contains("namespace 22, we are in 11"),
        "{evidence}"
    );
    assert!(
        evidence.contains("no process has its first thread"),
        "{evidence}"
    );
    assert_eq!(report.outcome, Outcome::Agree);
}

#[test]
fn without_a_procfs_of_our_own_nothing_is_weaker() {
    let mut snapshot = tell("tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L o..");
    for source in [
        Source::PrivateProcfs,
        Source::NetlinkRead,
        Source::Pidfd,
        Source::Programs,
    ] {
        let view = snapshot.begin(source, 1).unwrap();
        let refused = std::io::Error::from_raw_os_error(1);
        snapshot.gap(view, Gap::io("private procfs", &refused));
        snapshot.end(view, Coverage::default());
    }
    let report = judge(&snapshot);
    assert_eq!(report.outcome, Outcome::Agree);
    assert_eq!(report.blanks.len(), 4);
}
