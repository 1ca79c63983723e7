//! The stories, by the numbers of the scenarios and fixtures they are.

use super::*;

#[test]
fn all_agree() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L o..
         udp 0.0.0.0:5353 CLOSE  8 | T +++ | N +++ | O fff | B uuu",
        &[(4444, Verdict::Agree), (5353, Verdict::Agree)],
        Outcome::Agree,
    );
    assert_eq!(report.findings[0].vector.to_string(), "YYYuY...");
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
    assert_eq!(report.findings[0].vector.to_string(), "nYYuY...");
    assert_eq!(report.findings[0].pattern, "P11");
    assert_eq!(report.findings[0].pid, Some(Pid(800)));
    let one_round = "tcp 0.0.0.0:4444 LISTEN 7 | T - | N + | O f | B u | L o";
    let report = check(one_round, &[(4444, Verdict::Limited)], Outcome::Limited);
    assert!(report.doubts.ports.contains(&(Proto::Tcp, 4444)));
}

#[test]
fn f2_f3_missing_in_both_tables() {
    let report = check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T ------ | N ------ | O ------ | B uuuuuu | L oooooo",
        &[(4444, Verdict::HiddenFromTables)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].vector.to_string(), "nn.uY...");
    assert_eq!(report.findings[0].pattern, "P10");
    check(
        "udp 0.0.0.0:4444 CLOSE 7 | T ------ | N ------ | O ------ | B uuuuuu",
        &[(4444, Verdict::HiddenFromTables)],
        Outcome::Finding,
    );
    // Nobody read the tables: no claim.
    check(
        "tcp 0.0.0.0:4444 LISTEN 7 | T ?????? | N ?????? | O ------ | B uuuuuu | L oooooo",
        &[(4444, Verdict::Limited)],
        Outcome::Limited,
    );
}

/// What had no next step once.
#[test]
fn a_port_with_an_odd_vector_is_explained_too() {
    let next = |story: &str, expected: &[(u16, Verdict)], outcome| {
        let report = check(story, expected, outcome);
        let finding = &report.findings[0];
        (
            finding.vector.to_string(),
            finding.pattern,
            finding.next.clone(),
        )
    };
    let (vector, pattern, told) = next(
        "tcp 0.0.0.0:4444 LISTEN 7 | T +++ | N +++ | O fff | B fff | L ccc",
        &[(4444, Verdict::SilentListener)],
        Outcome::Agree,
    );
    assert_eq!((vector.as_str(), pattern), ("YYYfn...", "P4"));
    assert_eq!(told, "rlsof -nP -i tcp:4444");
    // Only a procfs of our own shows it.
    let (vector, pattern, _) = next(
        "tcp 0.0.0.0:4444 LISTEN 7 | T --- | N --- | P +++ | O fff | B uuu | L ooo",
        &[(4444, Verdict::HiddenFromProcfs)],
        Outcome::Finding,
    );
    assert_eq!((vector.as_str(), pattern), ("nnYuY.Y.", "P11"));
    // Open from elsewhere, and the number is taken here by what does not listen.
    let (vector, pattern, _) = next(
        "tcp 127.0.0.1:4444 ESTABLISHED 7 | T +++ | N +++ | O fff | B uuu | R o",
        &[(4444, Verdict::RemoteOnly)],
        Outcome::Finding,
    );
    assert_eq!((vector.as_str(), pattern), ("nn.u.Y..", "P7"));
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
        "tcp 127.0.0.1:40000 LISTEN      7 | T ------ | N ++++++ | O ffffff | B uuuuuu | L oooooo
         tcp 127.0.0.9:40000 ESTABLISHED 8 | T ++++++ | N ++++++ | O ffffff | B uuuuuu",
        &[(40000, Verdict::HiddenFromProcfs)],
        Outcome::Finding,
    );
    let report = check(
        "tcp 127.0.0.1:40000 LISTEN      7 | T ------ | N ------ | O ------ | B uuuuuu | L oooooo
         tcp 127.0.0.9:40000 ESTABLISHED 8 | T ++++++ | N ++++++ | O ffffff | B uuuuuu",
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

/// nfsd has no process either, and no descriptor of its waits anywhere.
#[test]
fn what_the_kernel_holds_leaves_the_messages_to_others() {
    let mut snapshot = tell(
        "tcp 0.0.0.0:2049 LISTEN 7 | T +++ | N +++ | O --- | B uuu | L o..
         tcp 0.0.0.0:8888 LISTEN 8 | T +++ | N +++ | O mmm | B uuu | L o..",
    );
    snapshot.facts.kernel_ports = vec![KernelPort {
        proto: Proto::Tcp,
        port: 2049,
        kind: "nfsd".into(),
        device: None,
    }];
    let report = judge(&snapshot);
    let found: Vec<_> = report.findings.iter().map(|it| it.verdict).collect();
    assert_eq!(found, [Verdict::OwnerInFlight, Verdict::KernelSocket]);
}

#[test]
fn every_socket_is_told_beside_many_refused_places() {
    let mut snapshot = Snapshot::default();
    let lines: Vec<Line> = (0..2000)
        .map(|at| read(&format!("tcp 127.0.0.1:{} LISTEN {}", at + 1, at + 7)))
        .collect();
    for round in 1..=3 {
        let tables = |snapshot: &mut Snapshot| {
            let view = snapshot.begin(Source::Netlink, round).unwrap();
            for line in &lines {
                let socket = Socket::new(Kind::of(line.inet.clone()), line.inode);
                let owners = None;
                snapshot.add(view, Record::Socket(SocketRow { socket, owners }));
            }
            snapshot.end(view, Coverage::default());
        };
        tables(&mut snapshot);
        let view = snapshot.begin(Source::Walk, round).unwrap();
        for pid in 0..2000 {
            let denied = std::io::Error::from_raw_os_error(13);
            snapshot.gap(view, Gap::io(format!("/proc/{pid}/fd"), &denied));
        }
        let processes = Some(9);
        snapshot.end(
            view,
            Coverage {
                processes,
                ..Coverage::default()
            },
        );
        tables(&mut snapshot);
    }
    let report = judge(&snapshot);
    assert_eq!(report.findings.len(), 2000);
    assert_eq!(report.findings[0].verdict, Verdict::OwnerUnreadable);
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
        "tcp 127.0.0.1:8443 LISTEN 7 | T ------ | N ------ | O ------ | B ffffff | L oooooo",
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
    assert_eq!(report.findings[0].vector.to_string(), "nn.fnY..");
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
        hook: None,
        place: "nft ip nat prerouting handle 4".into(),
        note: None,
    };
    for story in [
        "tcp 10.0.0.2:8080 LISTEN 7 | T ------ | N ------ | O ------ | B f..... | L c..... | R o",
        "tcp 10.0.0.2:8080 LISTEN 7 | T ------ | N ------ | O ------ | B ffffff | L oooooo",
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
    assert_eq!(report.findings[2].vector.to_string(), "YYYuYY..");
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

/// A round in which nobody could read the tables says nothing, and takes nothing back.
#[test]
fn a_round_whose_tables_were_not_read_is_no_round() {
    let told = |tables: &str, verdict, outcome| {
        let number = tables.len();
        let (taken, open) = ("u".repeat(number), "o".repeat(number));
        let story = format!(
            "tcp 0.0.0.0:4444 LISTEN 7 | T {tables} | N {tables} | O ------- | B {taken} | L {open}"
        );
        let report = check(&story, &[(4444, verdict)], outcome);
        (report.findings[0].evidence.join("; "), report.doubts.count)
    };
    told("?------", Verdict::HiddenFromTables, Outcome::Finding);
    told("---?---", Verdict::HiddenFromTables, Outcome::Finding);
    let (evidence, doubts) = told("?-----", Verdict::Limited, Outcome::Limited);
    assert!(evidence.contains("no socket has it so far"), "{evidence}");
    assert_eq!(doubts, 1);
    let (evidence, doubts) = told("??????", Verdict::Limited, Outcome::Limited);
    assert!(
        evidence.contains("none could be read to the end"),
        "{evidence}"
    );
    assert_eq!(doubts, 0);
}

#[test]
fn who_shares_a_port_is_not_named_for_the_socket_that_is_hidden() {
    let report = check(
        "tcp 0.0.0.0:80 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L ooo
         tcp 0.0.0.0:80 LISTEN 8 | T --- | N +++ | O fff | B uuu | L ooo
         tcp 0.0.0.0:80 LISTEN 9 | T +++ | N +++ | O fff | B uuu | L ooo",
        &[(80, Verdict::HiddenFromProcfs), (80, Verdict::Agree)],
        Outcome::Finding,
    );
    let owners = |at: usize| {
        let owners = report.findings[at].owners.iter();
        owners.map(|it| it.owner.id.pid.0).collect::<Vec<u32>>()
    };
    assert_eq!((owners(0), owners(1)), (vec![801], vec![800, 802]));
    let report = check(
        "tcp 0.0.0.0:80 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L ooo
         tcp 0.0.0.0:80 LISTEN 8 | T +++ | N +++ | O --- | B uuu | L ooo",
        &[(80, Verdict::OwnerUnknown), (80, Verdict::Agree)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].pid, None);
}
