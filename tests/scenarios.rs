//! Scenarios of hidden and half-hidden ports, and the verdict rcompare must give of each.
//!
//! The numbers are those of the catalogue in docs/FINDINGS.md. Every finding must be named:
//! one too many is as wrong as one too few.

use e2e::{Made, Output, Report, Spec, Stage, need, need_root, skipped};

/// rcompare's report of a stage, with the exit code that must go with it.
#[track_caller]
fn report(stage: &Stage, code: i32) -> Report {
    report_with(&stage.inside(), "", code).1
}

#[track_caller]
fn report_with(inside: &e2e::Inside<'_>, args: &str, code: i32) -> (Output, Report) {
    let patient = e2e::report::PATIENT;
    let output = inside.tool("rcompare", &format!("--json {patient} {args}"));
    let report = Report::of(&output);
    assert_eq!(output.code, code, "exit code\n{output}");
    (output, report)
}

#[track_caller]
fn check(report: &Report, mut expected: Vec<String>) {
    expected.sort();
    assert_eq!(report.lines(), expected);
}

/// `AGREE tcp 0.0.0.0:4444 7:fd3` of what was made.
fn line(verdict: &str, proto: &str, made: &Made, role: &str) -> String {
    let mut owners: Vec<String> = made
        .all(role)
        .map(|hold| {
            let tid = hold.tid.map(|tid| format!("/{tid}")).unwrap_or_default();
            let fd = hold.fd.expect("a descriptor");
            format!("{}{tid}:fd{fd}", hold.pid)
        })
        .collect();
    owners.sort();
    let first = made.all(role).next().expect("one at least");
    let local = first.local.expect("an address");
    format!("{verdict} {proto} {local} {}", owners.join(","))
}

fn agree(made: &Made) -> String {
    line("AGREE", "tcp", made, "listener")
}

#[test]
fn s1_a_listener_agrees_and_has_its_owner() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("tcp 0.0.0.0:4444");
    let report = report(&stage, 0);
    check(&report, vec![agree(&made)]);
    let port = report.port(4444);
    assert_eq!(port.pid, Some(made.pid));
    assert_eq!(port.command, Some("stage".into()));
    assert_eq!(port.state.as_deref(), Some("LISTEN"));
    for source in ["procfs", "netlink", "walk", "bind", "connect"] {
        assert!(port.says(source), "{source}: {:?}", port.evidence);
    }
}

#[test]
fn s2_nothing_is_reported_where_nothing_is() {
    need_root!();
    let report = report(&Stage::new(), 0);
    check(&report, Vec::new());
}

#[test]
fn s3_what_a_v6_listener_serves_is_said() {
    need_root!();
    let mut stage = Stage::new();
    let dual = stage.add("tcp [::]:4445");
    let only = stage.add("tcp [::1]:4446 v6only");
    let report = report(&stage, 0);
    check(&report, vec![agree(&dual), agree(&only)]);
    assert!(
        report.port(4445).says("serves IPv4 and IPv6"),
        "{:?}",
        report.port(4445)
    );
    assert!(
        !report.port(4446).says("serves IPv4 and IPv6"),
        "{:?}",
        report.port(4446)
    );
}

#[test]
fn the_three_sockets_of_a_fresh_namespace_agree() {
    need_root!();
    let mut stage = Stage::new();
    let four = stage.add("tcp 0.0.0.0:4444");
    let six = stage.add("tcp [::]:4445");
    let udp = stage.add("udp 0.0.0.0:5353");
    let report = report(&stage, 0);
    check(
        &report,
        vec![
            agree(&four),
            agree(&six),
            line("AGREE", "udp", &udp, "bound"),
        ],
    );
    for (port, made) in [(4444, &four), (4445, &six), (5353, &udp)] {
        assert_eq!(report.port(port).pid, Some(made.pid));
        assert_eq!(report.port(port).command, Some("stage".into()));
    }
}

/// Sockets that hold a port and do nothing with it, and what is said of them.
fn bound_ports(stage: &mut Stage) -> Vec<String> {
    let words = [
        "bound 0.0.0.0:9999",
        "bound 0.0.0.0:9998 reuseaddr",
        "bound [::1]:9997",
        "bound 127.0.0.1:9996",
    ];
    let add = |words| line("BOUND_NOT_LISTENING", "tcp", &stage.add(words), "bound");
    words.map(add).to_vec()
}

#[test]
fn s4_bound_ports_are_not_hidden_ones() {
    need_root!();
    let mut stage = Stage::new();
    let expected = bound_ports(&mut stage);
    let report = report(&stage, 0);
    check(&report, expected);
}

#[test]
fn s5_bound_ports_are_none_hidden_where_the_kernel_does_not_tell_of_them() {
    need_root!();
    let mut stage = Stage::new();
    let expected = bound_ports(&mut stage);
    let (_, report) = report_with(&stage.inside(), "--no-bound-inactive", 0);
    check(&report, expected);
    let found = report.port(9999);
    assert!(
        found.says("sockets that are only bound are not told here"),
        "{found:#?}"
    );
}

#[test]
fn s5_a_bound_port_whose_owner_we_may_not_look_at_is_a_limit() {
    const CAP_SYS_PTRACE: u32 = 19;
    need_root!();
    let mut stage = Stage::new();
    stage.add(Spec::of("bound 0.0.0.0:9999").uid(1000));
    let dimmed = stage.inside().without_capability(CAP_SYS_PTRACE);
    let (_, report) = report_with(&dimmed, "--no-bound-inactive", 3);
    let found = report.port(9999);
    assert_eq!(found.verdict, "LIMITED", "{found:#?}");
    assert!(
        found.says("netlink-exact: asked for it alone"),
        "{found:#?}"
    );
}

#[test]
fn s6_time_wait_has_no_process_by_nature() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("timewait 127.0.0.1:5301 from=5401");
    let report = report(&stage, 0);
    check(
        &report,
        vec!["NO_PROCESS_BY_NATURE tcp 127.0.0.1:5301 -".to_owned()],
    );
    assert!(report.port(5301).says("bind"), "{:?}", report.port(5301));
}

#[test]
fn s7_what_no_process_holds_yet_or_any_more() {
    need_root!();
    let mut stage = Stage::new();
    let half = stage.add("halfopen 127.0.0.1:5302 from=5402");
    let queue = stage.add("backlog 127.0.0.1:5303 2");
    let orphan = stage.add("orphan 127.0.0.1:5304 from=5404");
    let report = report(&stage, 0);
    let lines = report.lines();
    for made in [&half, &queue, &orphan] {
        assert!(lines.contains(&agree(made)), "{lines:?}");
    }
    assert!(
        report
            .with_verdict(&["HIDDEN", "OWNER_", "COUNTER"])
            .is_empty(),
        "{lines:?}"
    );
}

#[test]
fn s8_both_owners_of_a_shared_port_are_named() {
    need_root!();
    let mut stage = Stage::new();
    let one = stage.add("tcp 0.0.0.0:4600 reuseport");
    let other = stage.add("tcp 0.0.0.0:4600 reuseport");
    let report = report(&stage, 0);
    let expected = format!("AGREE tcp 0.0.0.0:4600 {}:fd3,{}:fd3", one.pid, other.pid);
    check(&report, vec![expected]);
    let port = report.port(4600);
    assert_eq!(port.count, 2);
    assert!(port.says("2 sockets share the port"), "{:?}", port.evidence);
}

#[test]
fn s9_a_listener_on_one_device_is_told_with_it() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("tcp 0.0.0.0:3100 device=lo");
    let report = report(&stage, 0);
    check(&report, vec![agree(&made)]);
    assert_eq!(report.port(3100).device, Some("lo".into()));
}

#[test]
fn s11_the_environment_changes_nothing() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let fooled = stage
        .inside()
        .variable("PROC_NET_TCP", "/dev/null")
        .variable("PROC_NET_TCP6", "/dev/null")
        .variable("PROC_ROOT", "/nonexistent")
        .variable("TCPDIAG_FILE", "/dev/null")
        .variable("LD_PRELOAD", "/nonexistent.so")
        .variable("LC_ALL", "tr_TR.UTF-8")
        .variable("COLUMNS", "20")
        .variable("NO_COLOR", "1");
    for args in ["-tlnp", "-tlnp --via netlink", "-anpe --json"] {
        let plain = stage.tool("rnetstat", args);
        assert_eq!(plain.stdout, fooled.tool("rnetstat", args).stdout, "{args}");
    }
    let plain = report(&stage, 0);
    let (_, told) = report_with(&fooled, "", 0);
    assert_eq!(plain.lines(), told.lines());
}

#[test]
fn s12_a_file_over_the_table_deceives_nobody() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("tcp 0.0.0.0:4444");
    let fooled = stage.inside().mounted("bind:/dev/null:/proc/self/net/tcp");
    let (_, report) = report_with(&fooled, "", 0);
    check(&report, vec![agree(&made)]);
}

#[test]
fn s21_an_owner_outside_the_pid_namespace_is_said_to_be_there() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let (_, report) = report_with(&stage.inside().in_child_pidns(), "", 3);
    check(
        &report,
        vec!["OWNER_OUTSIDE_PIDNS tcp 0.0.0.0:4444 -".to_owned()],
    );
}

#[test]
fn s24_a_thread_with_a_table_of_its_own_is_named() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("thread 127.0.0.1:5101");
    let report = report(&stage, 0);
    check(
        &report,
        vec![line("OWNER_THREAD", "tcp", &made, "listener")],
    );
}

#[test]
fn s25_a_process_whose_leader_is_gone_is_named() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("zombieleader 127.0.0.1:5102");
    let report = report(&stage, 0);
    check(
        &report,
        vec![line("OWNER_THREAD", "tcp", &made, "listener")],
    );
    assert!(report.port(5102).says("zombie"), "{:?}", report.port(5102));
}

#[test]
fn s27_a_socket_in_flight_has_a_probable_owner() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("inflight 127.0.0.1:8888");
    let via = made.the("receiver").fd.expect("a descriptor");
    let report = report(&stage, 0);
    let expected = format!("OWNER_IN_FLIGHT tcp 127.0.0.1:8888 {}:via{via}", made.pid);
    check(&report, vec![expected]);
}

#[test]
fn s28_a_socket_in_an_io_uring_has_its_owner_named() {
    need_root!();
    let mut stage = Stage::new();
    let registered = stage.add("uring reg 127.0.0.1:6666");
    let direct = stage.add("uring direct 127.0.0.1:6667");
    let report = report(&stage, 0);
    check(
        &report,
        vec![
            format!(
                "OWNER_IO_URING tcp 127.0.0.1:6666 {}:ring3/2",
                registered.pid
            ),
            format!("OWNER_IO_URING tcp 127.0.0.1:6667 {}:ring3/2", direct.pid),
        ],
    );
}

#[test]
fn s31_a_tunnel_in_the_kernel_is_named_and_a_port_like_it_is_not() {
    need_root!();
    need!("ip");
    let mut stage = Stage::new();
    let link = "link add vx0 type vxlan id 9 dstport 4789 dev lo";
    if stage.program("ip", link).code != 0 {
        skipped!("this kernel has no vxlan");
    }
    stage.program("ip", "link set vx0 up").expect(0);
    let told = report(&stage, 0);
    check(&told, vec!["KERNEL_SOCKET udp 0.0.0.0:4789 -".to_owned()]);
    assert!(
        told.port(4789).says("vx0"),
        "{:?}",
        told.port(4789).evidence
    );
    stage.program("ip", "link del vx0").expect(0);
    let made = stage.add("udp 0.0.0.0:4789");
    let told = report(&stage, 0);
    check(&told, vec![line("AGREE", "udp", &made, "bound")]);
}

#[test]
fn s38_a_listener_that_answers_nobody_is_said_to_be_silent() {
    need_root!();
    let mut stage = Stage::new();
    let mut expected = Vec::new();
    for words in [
        "deaf filter 127.0.0.1:5306",
        "deaf minttl 127.0.0.1:5307",
        "full 127.0.0.1:5305",
    ] {
        let made = stage.add(words);
        expected.push(line("SILENT_LISTENER", "tcp", &made, "listener"));
    }
    // The connection in the full queue is nobody's yet.
    expected.push("NO_PROCESS_BY_NATURE tcp 127.0.0.1:5305 -".to_owned());
    let report = report(&stage, 0);
    check(&report, expected);
    // What is in doubt is asked for alone as well.
    let alone = "netlink-exact: asked for it alone at 127.0.0.1, the socket of 127.0.0.1:5306";
    let found = report.port(5306);
    assert!(found.says(alone), "{:#?}", found.evidence);
}

#[test]
fn s43_odd_programs_are_flagged_and_still_agree() {
    need_root!();
    let mut stage = Stage::new();
    let memory = stage.add(Spec::of("tcp 127.0.0.1:4501").exe(e2e::Exe::Memfd));
    let gone = stage.add(Spec::of("tcp 127.0.0.1:4502").exe(e2e::Exe::Deleted));
    let fake = stage.add(Spec::of("tcp 127.0.0.1:4503").argv0(b"[kworker/u8:3]"));
    let report = report(&stage, 0);
    check(&report, vec![agree(&memory), agree(&gone), agree(&fake)]);
    for (port, flag) in [
        (4501, "EXE_MEMFD"),
        (4502, "EXE_DELETED"),
        (4503, "FAKE_KTHREAD"),
    ] {
        let flags: Vec<&String> = report
            .port(port)
            .owners
            .iter()
            .flat_map(|o| &o.flags)
            .collect();
        assert_eq!(flags, [flag], "{port}");
    }
}

#[test]
fn s46_a_multipath_listener_agrees() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("mptcp 127.0.0.1:5309");
    stage.add("unbound");
    stage.add("unix stream @abstract");
    let report = report(&stage, 0);
    check(&report, vec![agree(&made)]);
}

#[test]
fn s47_many_listeners_are_all_told() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("many 127.0.0.1:10000 5000");
    let report = report(&stage, 0);
    let mut expected: Vec<String> = made
        .holds
        .iter()
        .map(|hold| {
            let local = hold.local.expect("an address");
            let fd = hold.fd.expect("a descriptor");
            format!("AGREE tcp {local} {}:fd{fd}", hold.pid)
        })
        .collect();
    expected.sort();
    assert_eq!(report.lines(), expected);
}

#[test]
fn s48_the_scan_leaves_no_connection() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let report = report(&stage, 0);
    assert!(
        report.port(4444).says("of ours"),
        "{:?}",
        report.port(4444).evidence
    );
    let after = stage.tool("rnetstat", "-tn --json").answer();
    let open = after
        .sockets
        .iter()
        .filter(|row| row.socket.inode.0 != 0)
        .count();
    assert_eq!(open, 0, "{:?}", after.sockets);
}
