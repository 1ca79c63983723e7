//! The stage itself: it makes what it says, and what it makes is what a kernel calls it.
//!
//! Asked with the machine's own tools and the kernel's text tables, so that a mistake of the
//! stage is not taken for one of a program under test.

use e2e::{Exe, Spec, Stage, need, need_root};

/// The rows of a text table with a heading, cut at blanks.
fn table(stage: &Stage, path: &str) -> Vec<Vec<String>> {
    let text = stage.program("cat", path).expect(0).text();
    let cut = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    text.lines().skip(1).map(cut).collect()
}

/// State and inode of the TCP rows with this local port.
fn tcp(stage: &Stage, port: u16) -> Vec<(String, String)> {
    let ending = format!(":{port:04X}");
    let rows = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| table(stage, path));
    let mut found: Vec<_> = rows
        .iter()
        .flatten()
        .filter_map(|row| match row.as_slice() {
            [_, local, _, state, _, _, _, _, _, inode, ..] if local.ends_with(&ending) => {
                Some((state.clone(), inode.clone()))
            }
            _ => None,
        })
        .collect();
    found.sort();
    found
}

#[track_caller]
fn states(stage: &Stage, port: u16, expected: &[&str]) {
    let found: Vec<String> = tcp(stage, port).into_iter().map(|row| row.0).collect();
    assert_eq!(found, expected, "states of port {port}");
}

#[test]
fn an_empty_stage_is_empty() {
    need_root!();
    let stage = Stage::new();
    for path in ["tcp", "tcp6", "udp", "udp6", "raw", "unix", "packet"] {
        assert!(
            table(&stage, &format!("/proc/net/{path}")).is_empty(),
            "{path}"
        );
    }
    let uptime = stage.program("ls", "/run").expect(0);
    assert_eq!(uptime.text(), "");
    let host = stage.program("cat", "/proc/sys/kernel/hostname");
    assert_eq!(host.text(), "stage\n");
}

#[test]
fn tcp_sockets_are_in_the_state_they_were_left_in() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("tcp 0.0.0.0:4444");
    assert_eq!(
        tcp(&stage, 4444),
        [("0A".to_owned(), made.the("listener").inode.to_string())]
    );
    stage.add("tcp [::]:4445");
    states(&stage, 4445, &["0A"]);
    stage.add("pair 127.0.0.1:5201 from=5202");
    states(&stage, 5201, &["01", "0A"]);
    states(&stage, 5202, &["01"]);
    stage.add("timewait 127.0.0.1:5301");
    states(&stage, 5301, &["06"]);
    stage.add("halfopen 127.0.0.1:5302 from=5402");
    states(&stage, 5302, &["03", "0A"]);
    states(&stage, 5402, &["01"]);
    stage.add("backlog 127.0.0.1:5303 3");
    states(&stage, 5303, &["01", "01", "01", "0A"]);
    stage.add("orphan 127.0.0.1:5304 from=5404");
    states(&stage, 5304, &["08", "0A"]);
    states(&stage, 5404, &["05"]);
    stage.add("full 127.0.0.1:5305");
    states(&stage, 5305, &["01", "0A"]);
    stage.add("bound 127.0.0.1:5306");
    states(&stage, 5306, &[]);
    stage.add("many 127.0.0.1:6000 5");
    for port in 6000..6005 {
        states(&stage, port, &["0A"]);
    }
}

#[test]
fn owners_are_where_they_were_put() {
    need_root!();
    need!("ls");
    let mut stage = Stage::new();
    let shared = stage.add("shared 127.0.0.1:5308 2");
    assert_eq!(shared.all("listener").count(), 3);
    for hold in shared.all("listener") {
        let fd = format!("/proc/{}/fd/{}", hold.pid, hold.fd.expect("a descriptor"));
        let link = stage.program("readlink", &fd).expect(0).text();
        assert_eq!(link, format!("socket:[{}]\n", hold.inode));
    }
    let thread = stage.add("thread 127.0.0.1:5101");
    let hold = thread.the("listener");
    let tid = hold.tid.expect("a thread");
    let socket = format!("socket:[{}]", hold.inode);
    let all = stage.program("ls", &format!("-l /proc/{}/fd", thread.pid));
    let own = stage.program("ls", &format!("-l /proc/{}/task/{tid}/fd", thread.pid));
    assert!(!all.text().contains(&socket) && own.text().contains(&socket));

    let zombie = stage.add("zombieleader 127.0.0.1:5102");
    let stat = stage.program("cat", &format!("/proc/{}/stat", zombie.pid));
    assert!(stat.text().contains(") Z "), "{stat}");

    for words in ["uring reg 127.0.0.1:6666", "uring direct 127.0.0.1:6667"] {
        let ring = stage.add(words);
        let port = ring.the("listener").local.expect("an address").port();
        let inode = &tcp(&stage, port)[0].1;
        let fd = ring.the("ring").fd.expect("a descriptor");
        let info = stage.program("cat", &format!("/proc/{}/fdinfo/{fd}", ring.pid));
        assert!(
            info.text().contains(&format!("2: socket:[{inode}]")),
            "{info}"
        );
    }
    for words in [
        "nofd 127.0.0.1:6668",
        "hidden 127.0.0.1:6671",
        "sqpoll 127.0.0.1:6672",
    ] {
        let ring = stage.add(Spec::of(&format!("uring {words}")));
        let port = ring.the("listener").local.expect("an address").port();
        states(&stage, port, &["0A"]);
        let fds = stage.program("ls", &format!("/proc/{}/fd", ring.pid));
        assert_eq!(fds.text().lines().count(), 3, "{fds}");
    }
    let flying = stage.add("inflight 127.0.0.1:8888");
    let fd = flying.the("receiver").fd.expect("a descriptor");
    let info = stage.program("cat", &format!("/proc/{}/fdinfo/{fd}", flying.pid));
    assert!(info.text().contains("scm_fds: 1"), "{info}");
}

#[test]
fn other_namespaces_are_other() {
    need_root!();
    let mut stage = Stage::new();
    let home = stage.add("tcp 127.0.0.1:4444").the("listener").netns;
    for words in [
        "otherns 127.0.0.1:7005",
        "stray 127.0.0.1:7013",
        "threadnet 127.0.0.1:5103",
    ] {
        let made = stage.add(words);
        let hold = made.the("listener");
        assert!(hold.netns.is_some() && hold.netns != home, "{words}");
        states(&stage, hold.local.expect("an address").port(), &[]);
    }
}

#[test]
fn names_and_programs_are_as_hostile_as_asked() {
    need_root!();
    let mut stage = Stage::new();
    let odd = Spec::of("tcp 127.0.0.1:4502")
        .argv0(b"[kworker/u8:3]")
        .comm(b"ev\x1b[1m\nx");
    let made = stage.add(odd);
    let comm = stage.program("cat", &format!("/proc/{}/comm", made.pid));
    assert_eq!(comm.stdout, b"ev\x1b[1m\nx\n");
    let args = stage.program("cat", &format!("/proc/{}/cmdline", made.pid));
    assert!(args.stdout.starts_with(b"[kworker/u8:3]\0double\0"));

    let exe = |stage: &Stage, pid| {
        stage
            .program("readlink", &format!("/proc/{pid}/exe"))
            .text()
    };
    let gone = stage.add(Spec::of("tcp 127.0.0.1:4500").exe(Exe::Deleted));
    let text = exe(&stage, gone.pid);
    assert!(
        text.starts_with("/run/gone-") && text.ends_with(" (deleted)\n"),
        "{text}"
    );
    let memory = stage.add(Spec::of("tcp 127.0.0.1:4501").exe(Exe::Memfd));
    assert_eq!(exe(&stage, memory.pid), "/memfd:payload (deleted)\n");

    let other = stage.add(Spec::of("tcp 127.0.0.1:4503").uid(65534));
    let status = stage.program("cat", &format!("/proc/{}/status", other.pid));
    assert!(status.text().contains("Uid:\t65534\t65534"), "{status}");
}

#[test]
fn programs_run_as_asked() {
    need_root!();
    let stage = Stage::new();
    let id = stage.inside().user(65534).program("id", "-u -n").expect(0);
    assert_eq!(id.text(), "nobody\n");
    let own = stage.inside().in_child_pidns().program("ls", "/proc/1/exe");
    assert_eq!(own.code, 0, "{own}");
    let masked = stage
        .inside()
        .mounted("tmpfs:/proc/1")
        .program("ls", "/proc/1");
    assert_eq!((masked.code, masked.text().as_str()), (0, ""), "{masked}");
    let missing = stage.program("no-such-program", "");
    assert_eq!(missing.code, 125);
}
