//! Scenarios of a `/proc` that somebody stands before, and of eyes that are dimmed. The
//! numbers are those of the catalogue in docs/FINDINGS.md.

use e2e::{Inside, Made, Report, Spec, Stage, need, need_root};

/// The text tables as they are now, as files in `/run/fake`, made over by a line of shell in
/// there; `/run/link` leads to them as `/proc/net` does.
#[track_caller]
fn fake(stage: &Stage, over: &str) {
    let copy = "mkdir -p /run/fake && cd /run/fake && for f in tcp tcp6 udp udp6 udplite udplite6 raw \
                raw6 packet unix sockstat sockstat6 protocols snmp; do cat /proc/net/$f > $f; done; \
                ln -s /run/fake /run/link";
    let line = format!("{copy} && {over}");
    stage.inside().run("sh".as_ref(), ["-c", &line]).expect(0);
}

/// A line of shell that takes a row out of a table, by its local endpoint as the table has it.
fn without(endpoint: &str) -> String {
    format!("sed -i '/^ *[0-9]*: {endpoint} /d' tcp")
}

/// Over the link /proc/net, which all programs of the mount namespace follow.
fn linked<'s>(stage: &'s Stage) -> Inside<'s> {
    stage.inside().mounted("symlink:/run/link:/proc/net")
}

#[track_caller]
fn tampered(report: &Report, words: &str) {
    let signs = report.signs("PROC_TAMPERED");
    assert!(
        signs.iter().any(|sign| sign.contains(words)),
        "{words}: {signs:#?}"
    );
}

/// The one port has this verdict and this owner, and all others agree.
#[track_caller]
fn only(report: &Report, verdict: &str, port: u16, owner: &Made) {
    let odd: Vec<String> = report
        .lines()
        .into_iter()
        .filter(|line| !line.starts_with("AGREE"))
        .collect();
    assert_eq!(odd.len(), 1, "{odd:#?}");
    let found = report.port(port);
    assert_eq!(
        (found.verdict.as_str(), found.pid),
        (verdict, Some(owner.pid)),
        "{found:#?}"
    );
    assert!(
        !found.causes.is_empty() && !found.next.is_empty(),
        "{found:#?}"
    );
}

/// Three listeners; the one in the middle of the table is given, and how the table has it.
fn three(stage: &mut Stage) -> (Made, &'static str) {
    stage.add("tcp 127.0.0.1:4443");
    let middle = stage.add("tcp 127.0.0.1:4444");
    stage.add("tcp 127.0.0.1:4445");
    (middle, "0100007F:115C")
}

#[test]
fn s13_a_directory_over_our_own_net_is_named_with_its_gap() {
    need_root!();
    let mut stage = Stage::new();
    let (_, endpoint) = three(&mut stage);
    // Whichever row the listener is, one after it makes its absence a gap in the numbers.
    fake(&stage, &without(endpoint));
    let report = Report::told(
        &stage.inside().mounted("bind:/run/fake:/proc/self/net"),
        "",
        1,
    );
    tampered(&report, "is on no procfs");
    tampered(&report, "/net");
    // The programs asked have a directory of their own: nobody is deceived.
    assert!(
        report.lines().iter().all(|line| line.starts_with("AGREE")),
        "{:?}",
        report.lines()
    );
}

#[test]
fn s14_a_link_over_the_net_link_hides_a_row_and_is_found_out() {
    need_root!();
    let mut stage = Stage::new();
    let (hidden, endpoint) = three(&mut stage);
    fake(&stage, &without(endpoint));
    let report = Report::told(&linked(&stage), "", 1);
    tampered(&report, "/proc/net");
    only(&report, "HIDDEN_FROM_PROCFS", 4444, &hidden);
    let found = report.port(4444);
    assert!(
        found.says("private-procfs: seen in all"),
        "{:#?}",
        found.evidence
    );
    assert!(found.vector.starts_with("nYYuY.Y"), "{}", found.vector);
    assert!(
        found.causes.iter().any(|cause| cause.contains("mount")),
        "{:?}",
        found.causes
    );
    assert!(
        !found.causes.iter().any(|cause| cause.contains("kernel")),
        "{:?}",
        found.causes
    );
}

#[test]
fn s15_the_last_row_leaves_no_gap_and_is_found_out_all_the_same() {
    need_root!();
    let mut stage = Stage::new();
    let hidden = stage.add("tcp 127.0.0.1:4444");
    fake(&stage, &without("0100007F:115C"));
    let report = Report::told(&linked(&stage), "", 1);
    tampered(&report, "/proc/net");
    let signs = report.signs("PROC_TAMPERED").join(" ");
    assert!(!signs.contains("missing from its numbering"), "{signs}");
    only(&report, "HIDDEN_FROM_PROCFS", 4444, &hidden);
}

#[test]
fn s16_an_empty_directory_over_the_holder_hides_nobody() {
    need_root!();
    let mut stage = Stage::new();
    let hidden = stage.add("tcp 0.0.0.0:4444");
    stage.add("tcp 0.0.0.0:4445");
    let mount = format!("tmpfs:/proc/{}", hidden.pid);
    let report = Report::told(&stage.inside().mounted(&mount), "", 1);
    tampered(&report, &format!("/proc/{}", hidden.pid));
    only(&report, "HIDDEN_PROCESS", 4444, &hidden);
    let found = report.port(4444);
    assert_eq!(found.command, Some("stage".into()));
    assert!(found.says("pidfd: process"), "{:#?}", found.evidence);
    assert!(found.says("walk: nobody holds it"), "{:#?}", found.evidence);
}

#[test]
fn s17_another_process_over_the_holder_is_not_blamed() {
    need_root!();
    let mut stage = Stage::new();
    let hidden = stage.add("tcp 0.0.0.0:4444");
    let other = stage.add("idle");
    let mount = format!("bind:/proc/{}:/proc/{}", other.pid, hidden.pid);
    let report = Report::told(&stage.inside().mounted(&mount), "", 1);
    tampered(&report, &format!("/proc/{}", hidden.pid));
    only(&report, "HIDDEN_PROCESS", 4444, &hidden);
    let owners: Vec<u32> = report
        .port(4444)
        .owners
        .iter()
        .map(|it| it.owner.id.pid.0)
        .collect();
    assert_eq!(owners, [hidden.pid]);
}

#[test]
fn s18_without_a_procfs_of_our_own_the_holder_is_still_found() {
    const CAP_SYS_ADMIN: u32 = 21;
    need_root!();
    let mut stage = Stage::new();
    let hidden = stage.add("tcp 0.0.0.0:4444");
    let mount = format!("tmpfs:/proc/{}", hidden.pid);
    let dimmed = stage
        .inside()
        .mounted(&mount)
        .without_capability(CAP_SYS_ADMIN);
    let report = Report::told(&dimmed, "", 1);
    only(&report, "HIDDEN_PROCESS", 4444, &hidden);
    assert!(
        report.missed("private procfs"),
        "{:#?}",
        report.others.get("gap")
    );
}

#[test]
fn s19_the_procfs_of_another_pid_namespace_is_found_out() {
    need_root!();
    need!("unshare");
    let mut stage = Stage::new();
    let made = stage.add("tcp 0.0.0.0:4444");
    // A pid namespace below, with its procfs mounted where the stage can reach it.
    let below = "mkdir -p /run/below && \
                 { unshare -p -f sh -c 'mount -t proc proc /run/below && exec sleep 600' \
                 >/dev/null 2>&1 & } && until [ -e /run/below/1 ]; do sleep 0.05; done";
    stage.inside().run("sh".as_ref(), ["-c", below]).expect(0);
    let report = Report::told(&stage.inside().mounted("bind:/run/below:/proc"), "", 1);
    tampered(&report, "/proc/self leads nowhere");
    assert!(
        report.signs("HIDDEN_PROCESS").is_empty(),
        "{:#?}",
        report.others
    );
    assert_eq!(report.port(4444).pid, Some(made.pid), "{:#?}", report.ports);
}

#[test]
fn s20_processes_that_are_not_listed_to_us_are_not_called_hidden() {
    const NOBODY: u32 = 65_534;
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let dimmed = stage.inside().mounted("hidepid:/proc").user(NOBODY);
    let report = Report::told(&dimmed, "", 3);
    assert!(
        report.signs("HIDDEN_PROCESS").is_empty(),
        "{:#?}",
        report.others
    );
    assert!(
        report.with_verdict(&["HIDDEN", "OWNER_UNKNOWN"]).is_empty(),
        "{:?}",
        report.lines()
    );
    assert!(report.missed("hidepid="), "{:#?}", report.others.get("gap"));
}

#[test]
fn s41_a_client_elsewhere_with_the_same_number_hides_nothing() {
    need_root!();
    let mut stage = Stage::new();
    let hidden = stage.add("tcp 127.0.0.1:40000");
    // The other end of a visible connection has the number at another address.
    stage.add("pair 127.0.0.9:40000");
    fake(&stage, &without("0100007F:9C40"));
    let report = Report::told(&linked(&stage), "", 1);
    let found: Vec<&e2e::report::Port> = report
        .ports
        .iter()
        .filter(|port| port.verdict == "HIDDEN_FROM_PROCFS")
        .collect();
    assert_eq!(found.len(), 1, "{:#?}", report.lines());
    assert_eq!(found[0].address.to_string(), "127.0.0.1");
    assert_eq!(found[0].pid, Some(hidden.pid));
}

#[test]
fn s44_an_owner_we_may_not_look_at_is_said_to_be_one() {
    const CAP_SYS_PTRACE: u32 = 19;
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add(Spec::of("tcp 0.0.0.0:4444").uid(1000));
    let dimmed = stage.inside().without_capability(CAP_SYS_PTRACE);
    let report = Report::told(&dimmed, "", 3);
    let found = report.port(4444);
    assert_eq!(found.verdict, "OWNER_UNREADABLE", "{found:#?}");
    let place = format!("/proc/{}/fd: Permission denied", made.pid);
    assert!(found.says(&place), "{:#?}", found.evidence);
}

#[test]
fn s45_names_from_the_host_change_nothing_and_load_nothing() {
    need_root!();
    need!("strace");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let files = "echo 'https 4444/tcp' > /run/services; echo 'services: bogus\npasswd: bogus' > /run/nsswitch";
    stage.inside().run("sh".as_ref(), ["-c", files]).expect(0);
    let plain = Report::told(&stage.inside(), "", 0);
    let fooled = stage
        .inside()
        .mounted("bind:/run/services:/etc/services")
        .mounted("bind:/run/nsswitch:/etc/nsswitch.conf");
    let told = Report::told(&fooled, "", 0);
    assert_eq!(plain.lines(), told.lines());
    let path = e2e::programs().join("rcompare");
    let words = format!(
        "-f -qq -e trace=open,openat,openat2 -o /run/trace {} {}",
        path.display(),
        e2e::report::PATIENT
    );
    fooled.program("strace", &words).expect(0);
    let seen = stage.program("grep", "-c -E libnss|/etc/services|nsswitch /run/trace");
    assert_eq!(seen.text().trim(), "0", "{seen}");
}
