//! Stories of Solaris and illumos: one kind of table, and holders by inode, by address, or not
//! at all.

use super::*;
use crate::explain::tests::LINUX_ONLY;
use crate::facts::Counted;
use crate::finding::Finding;
use model::counters::Mismatch;
use model::file::FileRow;

/// Tells a story whose tables (T) are those of the MIB.
fn tell(kernel: &str, story: &str) -> Snapshot {
    let lines: Vec<Line> = story.trim().lines().map(|line| read(line.trim())).collect();
    let mut snapshot = Snapshot::default();
    snapshot.facts.observer.kernel = Some(kernel.into());
    snapshot.facts.observer.zone = Some(ZoneId(0));
    let rounds = u32::try_from(lines[0].signs[0].len()).unwrap();
    for round in 1..=rounds {
        for witness in "TTOBLT".chars() {
            match witness {
                'T' => table(&mut snapshot, &lines, round, 'T', Source::Mib2),
                'O' => walk(&mut snapshot, &lines, round),
                'B' => probes(&mut snapshot, &lines, round, 'B', Source::Bind),
                _ => probes(&mut snapshot, &lines, round, 'L', Source::Connect),
            }
        }
    }
    if lines.iter().any(|line| line.sign('R', 1) != '.') {
        probes(&mut snapshot, &lines, 1, 'R', Source::Remote);
    }
    for sighting in snapshot.sockets.values_mut() {
        sighting.socket.streams = Some(Box::default());
    }
    snapshot
}

fn made_by(snapshot: &mut Snapshot, pid: u32) {
    for sighting in snapshot.sockets.values_mut() {
        let streams = sighting.socket.streams.as_mut().unwrap();
        streams.creator = Some(Pid(pid));
    }
}

/// A descriptor with this local address, as a walk on Solaris 11.4 tells it.
fn named(snapshot: &mut Snapshot, pid: u32, inode: u64, local: &str) {
    let mut file = OpenFile::new(Slot::Fd(3), FileKind::Socket, Foreign::default());
    file.inode = Some(Inode(inode));
    file.detail = Some(Box::new(FdDetail {
        local: Some(SockName::Inet(local.parse().unwrap())),
        ..FdDetail::default()
    }));
    let row = FileRow {
        id: ProcessId {
            pid: Pid(pid),
            start: 1_600_000_000_000_000_000,
        },
        tid: None,
        comm: "lsn".into(),
        uid: None,
        file,
        socket: None,
    };
    let view = snapshot.begin(Source::Walk, 1).unwrap();
    snapshot.add(view, Record::File(row));
}

const ILLUMOS: &str = "5.11 omnios-r151054";
const S11_4: &str = "5.11 11.4.86.201.2";
const S10: &str = "5.10 Generic_147148-26";

/// Every text of a judgement must be of the system it is about, and end in one next step.
fn checked(snapshot: &Snapshot) -> Report {
    let report = judge(snapshot);
    let of_ports = report
        .findings
        .iter()
        .map(|it| (&it.evidence, &it.causes, &it.next));
    let of_host = report
        .signs
        .iter()
        .map(|it| (&it.evidence, &it.causes, &it.next));
    for (evidence, causes, next) in of_ports.chain(of_host) {
        assert!(!next.is_empty() && !causes.is_empty() && !evidence.is_empty());
        assert!(!next.contains(['?', '{', ';']), "{next}");
        let texts = evidence.iter().map(String::as_str);
        for text in texts.chain(causes.iter().copied()).chain([next.as_str()]) {
            no_linux(text);
        }
    }
    report
}

#[track_caller]
fn no_linux(text: &str) {
    let padded = format!(" {text} ");
    let found = LINUX_ONLY.iter().find(|word| padded.contains(**word));
    assert_eq!(found, None, "{text}");
}

#[track_caller]
fn one(snapshot: &Snapshot, verdict: Verdict, vector: &str, pattern: &str) -> Finding {
    let report = checked(snapshot);
    let [finding] = &report.findings[..] else {
        panic!("one port: {:#?}", report.findings)
    };
    let shown = finding.vector.shown(report.system);
    assert_eq!(
        (finding.verdict, shown.as_str(), finding.pattern),
        (verdict, vector, pattern),
        "{finding:#?}"
    );
    finding.clone()
}

/// Each verdict that these witnesses can bring about: the story, the verdict, what the witnesses
/// say, and the pattern.
const STORIES: &[(&str, Verdict, &str, &str)] = &[
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O fff | B uuu | L o..",
        Verdict::Agree,
        "YYuY.",
        "Z2",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O fff | B uuu | L o.. | R t",
        Verdict::FilteredRemote,
        "YYuYf",
        "Z3",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O fff | B uuu | L o.. | R c",
        Verdict::FilteredRemote,
        "YYuYn",
        "Z4",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O fff | B fff | L ccc",
        Verdict::SilentListener,
        "YYfn.",
        "Z5",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O fff | B uuu | L ccc",
        Verdict::SilentListener,
        "YYun.",
        "Z6",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O xxx | B uuu | L o..",
        Verdict::OwnerUnreadable,
        "YnuY.",
        "Z7",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O --- | B uuu | L o..",
        Verdict::OwnerUnknown,
        "YnuY.",
        "Z9",
    ),
    (
        "tcp 0.0.0.0:22 BOUND 7 | T +++ | O fff | B uuu",
        Verdict::BoundNotListening,
        "YYu..",
        "Z11",
    ),
    (
        "tcp 0.0.0.0:22 TIME_WAIT 0 | T +++ | O --- | B uuu",
        Verdict::NoProcessByNature,
        "Y.u..",
        "Z12",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T ------ | O ------ | B uuuuuu | L oooooo",
        Verdict::HiddenFromTables,
        "n.uY.",
        "Z13",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T ------ | O ------ | B uuuuuu | L cccccc",
        Verdict::HiddenFromTables,
        "n.un.",
        "Z14",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T --- | O --- | B fff | L ccc | R o",
        Verdict::RemoteOnly,
        "n.fnY",
        "Z15",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T ------ | O ------ | B ffffff | L oooooo",
        Verdict::Steered,
        "n.fY.",
        "Z16",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T ++ | O -- | B uu | L o.",
        Verdict::Limited,
        "YnuY.",
        "Z18",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 7 | T + | O ? | B u | L o",
        Verdict::Limited,
        "Y.uY.",
        "Z24",
    ),
    (
        "tcp 0.0.0.0:22 LISTEN 0 | T +++ | O --- | B uuu | L o..",
        Verdict::Limited,
        "Y.uY.",
        "Z23",
    ),
];

#[test]
fn every_verdict_of_solaris_has_its_own_words() {
    for &(story, verdict, vector, pattern) in STORIES {
        one(&tell(ILLUMOS, story), verdict, vector, pattern);
    }
}

#[test]
fn a_counter_that_differs_is_a_sign_in_words_of_its_own() {
    let mut snapshot = tell(ILLUMOS, "tcp 0.0.0.0:22 LISTEN 7 | T + | O f | B u | L o");
    snapshot.facts.counted = Some(Counted {
        readings: 3,
        quiet: true,
        mismatches: vec![Mismatch {
            counter: "tcp currEstab".to_owned(),
            counted: 2,
            rows: 1,
        }],
        holes: Vec::new(),
    });
    let report = checked(&snapshot);
    assert_eq!(report.signs[0].verdict, Verdict::CounterMismatch);
    assert_eq!(report.signs[0].pattern, "Z17");
    assert_eq!(report.outcome, Outcome::Finding);
}

#[test]
fn who_made_it_is_where_to_look_next() {
    let story = "tcp 0.0.0.0:22 LISTEN 7 | T +++ | O --- | B uuu | L o..";
    let mut snapshot = tell(ILLUMOS, story);
    made_by(&mut snapshot, 502);
    let finding = one(&snapshot, Verdict::OwnerUnknown, "YnuY.", "Z8");
    assert_eq!(finding.next, "pargs -l 502");
    let mut snapshot = tell(S10, &story.replace("LISTEN 7", "LISTEN 0"));
    let finding = one(&snapshot, Verdict::Limited, "Y.uY.", "Z23");
    assert_eq!(
        finding.next,
        "pfiles /proc/[1-9]* | egrep '^[1-9]|port: 22$'"
    );
    made_by(&mut snapshot, 502);
    let finding = one(&snapshot, Verdict::Limited, "Y.uY.", "Z22");
    assert_eq!(finding.next, "pfiles 502");
    assert_eq!(finding.sockets[0].creator, Some(Pid(502)));
    assert_eq!(finding.pid, None, "who made it is no owner");
}

#[test]
fn a_row_without_inode_among_others_is_no_failing_of_the_release() {
    let report = checked(&tell(
        ILLUMOS,
        "tcp 0.0.0.0:22   LISTEN    7 | T +++ | O fff | B uuu | L o..
         tcp 0.0.0.0:445  LISTEN    0 | T +++ | O --- | B uuu | L o..
         tcp 127.0.0.1:80 FIN_WAIT2 0 | T +++ | O --- | B uuu",
    ));
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|it| (it.port, it.verdict, it.pattern))
        .collect();
    assert_eq!(
        found,
        [
            (445, Verdict::Limited, "Z19"),
            (80, Verdict::NoProcessByNature, "Z12"),
            (22, Verdict::Agree, "Z2"),
        ]
    );
}

/// A file server's connections are nobody's: no finding, and no agreement either.
#[test]
fn an_endpoint_nobody_holds_may_be_the_kernels() {
    let story = "tcp 0.0.0.0:2049 LISTEN 7 | T +++ | O --- | B uuu | L o..";
    let endpoint = |snapshot: &mut Snapshot| {
        for sighting in snapshot.sockets.values_mut() {
            let streams = sighting.socket.streams.as_mut().unwrap();
            streams.endpoint_device = Some(42 << 32);
        }
    };
    let mut snapshot = tell(ILLUMOS, story);
    endpoint(&mut snapshot);
    let finding = one(&snapshot, Verdict::Limited, "YnuY.", "Z27");
    assert_eq!(finding.next, "rpcinfo -p");
    assert!(finding.evidence.iter().any(|line| line.contains("TLI")));
    // Somebody we were refused may hold it all the same.
    let mut snapshot = tell(ILLUMOS, &story.replace("---", "xxx"));
    endpoint(&mut snapshot);
    one(&snapshot, Verdict::OwnerUnreadable, "YnuY.", "Z7");
    // Before the third round it is in doubt as any other.
    let mut snapshot = tell(
        ILLUMOS,
        "tcp 0.0.0.0:2049 LISTEN 7 | T ++ | O -- | B uu | L o.",
    );
    endpoint(&mut snapshot);
    one(&snapshot, Verdict::Limited, "YnuY.", "Z18");
}

/// On 11.4 an address that one socket alone has names its holder; one that two have does not,
/// and nobody is said to hold what no descriptor is called.
#[test]
fn addresses_name_holders_where_no_inode_does() {
    let story = "tcp 0.0.0.0:22 LISTEN 0 | T +++ | O --- | B uuu | L o..";
    let mut snapshot = tell(S11_4, story);
    named(&mut snapshot, 502, 7, "0.0.0.0:22");
    let finding = one(&snapshot, Verdict::Agree, "YYuY.", "Z2");
    assert_eq!(finding.pid, Some(Pid(502)));
    assert_eq!(finding.owners[0].since_ms, Some(1_600_000_000_000));
    assert_eq!(finding.next, "digest -a sha256 /proc/502/object/a.out");
    named(&mut snapshot, 503, 8, "0.0.0.0:22");
    let finding = one(&snapshot, Verdict::Limited, "Y.uY.", "Z20");
    let evidence = finding.evidence.join("; ");
    assert!(evidence.contains("perhaps process 502 (lsn)"), "{evidence}");
    assert!(evidence.contains("perhaps process 503 (lsn)"), "{evidence}");
    assert_eq!(finding.pid, None);
    assert_eq!(finding.next, "netstat -anu");
    let mut snapshot = tell(S11_4, story);
    named(&mut snapshot, 502, 7, "0.0.0.0:23");
    let finding = one(&snapshot, Verdict::Limited, "Y.uY.", "Z21");
    let evidence = finding.evidence.join("; ");
    assert!(
        evidence.contains("no descriptor has its address"),
        "{evidence}"
    );
    // Two rows of one name: no descriptor of that name is one of them alone.
    let mut snapshot = tell(S11_4, &format!("{story}\n{story}"));
    named(&mut snapshot, 502, 7, "0.0.0.0:22");
    one(&snapshot, Verdict::Limited, "Y.uY.", "Z20");
}

/// What the shipped programs print of the synthetic hosts.
const PRINTED: &[&str] = &[
    include_str!("../../../../tests/golden/solaris/illumos/rcompare.txt"),
    include_str!("../../../../tests/golden/solaris/illumos/rcompare-active.txt"),
    include_str!("../../../../tests/golden/solaris/smartos/rcompare.txt"),
    include_str!("../../../../tests/golden/solaris/smartos/rcompare-active.txt"),
    include_str!("../../../../tests/golden/solaris/solaris114/rcompare.txt"),
    include_str!("../../../../tests/golden/solaris/solaris114/rcompare-active.txt"),
    include_str!("../../../../tests/golden/solaris/solaris110/rcompare.txt"),
    include_str!("../../../../tests/golden/solaris/solaris110/rcompare-active.txt"),
    include_str!("../../../../tests/golden/solaris/solaris10/rcompare.txt"),
    include_str!("../../../../tests/golden/solaris/solaris10/rcompare-active.txt"),
];

#[test]
fn no_report_of_solaris_speaks_of_linux() {
    for line in PRINTED.iter().flat_map(|text| text.lines()) {
        no_linux(line);
    }
}
