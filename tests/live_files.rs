//! Known files and owners, and rlsof and rfuser: each must be told, as what it is, once.

use e2e::{Made, Output, Spec, Stage, need_root, skipped};
use model::file::FileRow;
use model::{Held, Slot, Special};
use std::collections::BTreeSet;

/// A descriptor as one line: how it was opened, what it is, where it leads, and what else
/// is told of it.
fn told(row: &FileRow) -> String {
    let file = &row.file;
    let access = file.access.map_or('-', model::Access::letter);
    let lock = file.lock.map_or(' ', model::Lock::letter);
    let special = match file.special.as_deref() {
        Some(Special::Epoll(watched)) => format!(" watches {watched:?}"),
        Some(Special::PidFd(pid)) => format!(" of {pid:?}"),
        Some(Special::EventFd(_)) => " numbered".to_owned(),
        Some(Special::Terminal(number)) => format!(" master of {number}"),
        None => String::new(),
    };
    let name = file.name.as_bytes().escape_ascii();
    format!("{access}{lock}{:?} {name}{special}", file.kind)
}

/// Rows of a process that its double made: not its standard descriptors, nor its program.
fn made_rows(output: &Output, made: &Made) -> Vec<FileRow> {
    let is_made = |row: &FileRow| match row.file.slot {
        Slot::Fd(fd) => fd > 2,
        Slot::Exe => false,
        Slot::Mapped => row.file.name.as_bytes().starts_with(b"/run/"),
        Slot::Cwd | Slot::Root => row.file.name.as_bytes() != b"/",
        Slot::Deleted | Slot::IoUring(..) | Slot::InFlight(_) | Slot::Unread => true,
    };
    let files = output.answer().files.into_iter();
    files
        .filter(|row| row.id.pid.0 == made.pid && is_made(row))
        .collect()
}

/// What must be told of each kind, in the words of [`told`].
const KINDS: &[(&str, &[&str])] = &[
    ("read:/run/read", &["r Regular /run/read"]),
    ("write:/run/write", &["w Regular /run/write"]),
    ("update:/run/update", &["u Regular /run/update"]),
    ("append:/run/append", &["w Regular /run/append"]),
    (
        "deleted:/run/deleted",
        &["w Regular /run/deleted (deleted)"],
    ),
    ("directory:/run/directory", &["r Directory /run/directory"]),
    ("device:/dev/zero", &["r Character /dev/zero"]),
    ("fifo:/run/fifo", &["u Fifo /run/fifo"]),
    ("path:/run/read", &["- Regular /run/read"]),
    ("link:/run/link", &["- Link /run/link"]),
    (
        "locked:/run/locked",
        &["wWRegular /run/locked", "wWRegular /run/locked"],
    ),
    (
        "shared:/run/shared",
        &["wRRegular /run/shared", "wRRegular /run/shared"],
    ),
    ("mapped:/run/mapped", &["- Regular /run/mapped"]),
    ("unmapped:/run/unmapped", &["- Regular /run/unmapped"]),
    ("cwd:/run/cwd", &["- Directory /run/cwd"]),
    ("root:/run/root", &["- Directory /run/root"]),
    ("eventfd", &["u Anon anon_inode:[eventfd] numbered"]),
    (
        "epoll",
        &[
            "u Anon anon_inode:[eventpoll] watches [4]",
            "u Anon anon_inode:[eventfd] numbered",
        ],
    ),
    ("timerfd", &["u Anon anon_inode:[timerfd]"]),
    ("signalfd", &["u Anon anon_inode:[signalfd]"]),
    ("inotify", &["r Anon anon_inode:inotify"]),
    ("fanotify", &["u Anon anon_inode:[fanotify]"]),
    ("memfd", &["u Regular /memfd:scratch (deleted)"]),
    ("uring", &["u Anon anon_inode:[io_uring]"]),
    ("bpfmap", &["u Anon anon_inode:bpf-map"]),
    ("bpfprogram", &["u Anon anon_inode:bpf-prog"]),
    ("userfaultfd", &["r Anon anon_inode:[userfaultfd]"]),
    ("perf", &["u Anon anon_inode:[perf_event]"]),
    ("queue", &["u Regular /stage"]),
    (
        "terminal",
        &[
            "u Character /dev/ptmx master of 0",
            "u Character /dev/pts/0",
        ],
    ),
];

#[test]
fn every_kind_of_file_is_told_as_what_it_is() {
    need_root!();
    let mut stage = Stage::new();
    let mut wrong = Vec::new();
    let mut kinds = 0;
    for (words, expected) in KINDS {
        let Ok(made) = stage.try_add(&Spec::of(&format!("kinds {words}"))) else {
            e2e::note(&format!("this kernel has no {words}"));
            continue;
        };
        kinds += 1;
        let output = stage.tool("rlsof", &format!("-nP --json -p {}", made.pid));
        let rows = made_rows(&output, &made);
        let lines: Vec<String> = rows.iter().map(told).collect();
        let inodes: BTreeSet<u64> = rows
            .iter()
            .filter_map(|row| row.file.inode)
            .map(|inode| inode.0)
            .collect();
        let known = made.holds.iter().all(|hold| inodes.contains(&hold.inode));
        if &lines != expected || !known {
            wrong.push(format!(
                "{words}: {lines:?}, inodes {inodes:?}, made {:?}",
                made.holds
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(kinds >= 25, "only {kinds} kinds could be made here");
}

#[test]
fn both_ends_of_a_pipe_are_one_inode() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("kinds pipe");
    let output = stage.tool("rlsof", &format!("-nP --json -p {}", made.pid));
    let inode = made.the("pipe-one").inode;
    let lines: Vec<String> = made_rows(&output, &made).iter().map(told).collect();
    let name = format!("pipe:[{inode}]");
    assert_eq!(lines, [format!("r Fifo {name}"), format!("w Fifo {name}")]);
}

#[test]
fn every_holder_of_every_socket_is_told_once() {
    need_root!();
    let mut stage = Stage::new();
    let mut expected = BTreeSet::new();
    for words in [
        "tcp 0.0.0.0:4444",
        "udp [::1]:5353",
        "shared 127.0.0.1:5308 3",
        "thread 127.0.0.1:5101",
        "zombieleader 127.0.0.1:5102",
        "otherns 127.0.0.1:7005",
        "stray 127.0.0.1:7013",
        "threadnet 127.0.0.1:5103",
        "unbound",
        "bound 127.0.0.1:9999",
        "packet raw",
        "raw 1",
        "unixpair stream",
        "kinds netlink",
    ] {
        for hold in stage.add(words).holds {
            let tid = hold.tid.map(|tid| format!("/{tid}")).unwrap_or_default();
            let fd = hold.fd.expect("a descriptor");
            expected.insert(format!("{} {}{tid}:fd{fd}", hold.inode, hold.pid));
        }
    }
    let ring = stage.add("uring reg 127.0.0.1:6666");
    expected.insert(format!(
        "{} {}:ring3/2",
        ring.the("listener").inode,
        ring.pid
    ));
    let mapped = stage.add("ring");
    expected.insert(format!(
        "{} {}:mapped",
        mapped.the("ring").inode,
        mapped.pid
    ));
    let flying = stage.add("inflight 127.0.0.1:8888");
    for hold in flying.holds.iter().filter(|hold| hold.fd.is_some()) {
        let fd = hold.fd.expect("a descriptor");
        expected.insert(format!("{} {}:fd{fd}", hold.inode, hold.pid));
    }
    let via = flying.the("receiver").fd.expect("a descriptor");
    expected.insert(format!("0 {}:via{via}x1", flying.pid));

    let output = stage.tool("rlsof", "--sockets --json").expect(0);
    let answer = output.answer();
    assert!(answer.gaps.is_empty(), "{output}");
    let mut found = BTreeSet::new();
    for holding in &answer.holdings {
        let owner = &holding.owner;
        let tid = owner.tid.map(|tid| format!("/{tid}")).unwrap_or_default();
        let place = match owner.held {
            Held::Fd { fd } => format!("fd{fd}"),
            Held::IoUring { ring, slot } => format!("ring{ring}/{slot}"),
            Held::InFlight { via, count } => format!("via{via}x{count}"),
            Held::Mapped => "mapped".to_owned(),
        };
        // The program that asks has sockets too: those of its own questions.
        if owner.comm.as_bytes() == b"rlsof" {
            continue;
        }
        let line = format!("{} {}{tid}:{place}", holding.inode, owner.id.pid);
        assert!(found.insert(line.clone()), "told twice: {line}");
    }
    assert_eq!(found, expected);
}

#[test]
fn selections_select() {
    need_root!();
    let mut stage = Stage::new();
    let tcp = stage.add("tcp 127.0.0.1:4444").pid;
    let udp = stage
        .add(Spec::of("udp 127.0.0.1:4444").comm(b"chatty"))
        .pid;
    let six = stage.add("tcp [::1]:4445 v6only").pid;
    let nobody = stage.add(Spec::of("tcp 127.0.0.1:4446").uid(65534)).pid;
    let pair = stage.add("pair 127.0.0.1:5201 from=5202").pid;
    let file = stage.add("kinds read:/run/read").pid;
    let thread = stage.add("thread 127.0.0.1:5101").pid;
    let gone = stage.add("kinds deleted:/run/gone").pid;
    let cases: &[(&str, &[u32])] = &[
        ("-i", &[tcp, udp, six, nobody, pair, thread]),
        ("-i4", &[tcp, udp, nobody, pair, thread]),
        ("-i6", &[six]),
        ("-iUDP", &[udp]),
        ("-iTCP:4444", &[tcp]),
        ("-i :4444-4446", &[tcp, udp, six, nobody]),
        ("-i TCP@127.0.0.1:5201,5202", &[pair]),
        ("-iTCP -sTCP:ESTABLISHED", &[pair]),
        ("-a -i -u 65534", &[nobody]),
        ("-a -i -u ^0", &[nobody]),
        ("-a -i -c chat", &[udp]),
        ("-a -i -c ^stage", &[udp]),
        ("-a -i -c /^ch.t/", &[udp]),
        ("/run/read", &[file]),
        ("-iTCP:4445 /run/read", &[six, file]),
        ("-iTCP:1", &[]),
    ];
    let mut wrong = Vec::new();
    for (args, pids) in cases {
        let output = stage.tool("rlsof", &format!("-nP -t {args}"));
        let mut found: Vec<u32> = output
            .text()
            .lines()
            .map(|pid| pid.parse().expect("a pid"))
            .collect();
        found.sort_unstable();
        let code = i32::from(pids.is_empty());
        let mut pids = pids.to_vec();
        pids.sort_unstable();
        if (found, output.code) != (pids.clone(), code) {
            wrong.push(format!("expected {pids:?}\n{output}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all = stage.tool("rlsof", "-nP -t +L1").text();
    assert!(all.lines().any(|pid| pid == gone.to_string()), "{all}");
}

#[test]
fn rfuser_names_exactly_the_users() {
    need_root!();
    let mut stage = Stage::new();
    let tcp = stage.add("tcp 127.0.0.1:4444").pid;
    let udp = stage.add("udp 127.0.0.1:4444").pid;
    let shared = stage.add("shared 127.0.0.1:5308 2");
    let pair = stage.add("pair 127.0.0.1:5201 from=5202").pid;
    let thread = stage.add("thread 127.0.0.1:5101").pid;
    let ring = stage.add("uring direct 127.0.0.1:6667").pid;
    let file = stage.add("kinds read:/run/read").pid;
    let sharing: Vec<u32> = shared.all("listener").map(|hold| hold.pid).collect();
    let cases: &[(&str, &[u32])] = &[
        ("4444/tcp", &[tcp]),
        ("4444/udp", &[udp]),
        ("-n tcp 4444", &[tcp]),
        ("5308/tcp", &sharing),
        ("5201/tcp", &[pair]),
        ("5201,127.0.0.1,5202/tcp", &[pair]),
        ("5101/tcp", &[thread]),
        ("6667/tcp", &[ring]),
        ("/run/read", &[file]),
        ("1/tcp", &[]),
        ("1/tcp 4444/tcp", &[tcp]),
    ];
    let mut wrong = Vec::new();
    for (args, pids) in cases {
        let output = stage.tool("rfuser", args);
        let words = output.text();
        let mut found: Vec<u32> = words
            .split_whitespace()
            .map(|pid| pid.parse().expect("a pid"))
            .collect();
        found.sort_unstable();
        let mut pids = pids.to_vec();
        pids.sort_unstable();
        if (found, output.code) != (pids.clone(), i32::from(pids.is_empty())) {
            wrong.push(format!("expected {pids:?}\n{output}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_leads_where_the_kernel_says() {
    need_root!();
    let mut stage = Stage::new();
    stage.program("mkdir", "-p /run/m /run/other/dir").expect(0);
    stage.program("mount", "-t tmpfs none /run/m").expect(0);
    stage.program("ln", "-s m /run/to-mount").expect(0);
    stage.program("ln", "-s other/dir /run/to-dir").expect(0);
    let mounted = stage.add("kinds read:/run/m/read").pid;
    let other = stage.add("kinds read:/run/other/read").pid;
    stage.add("kinds read:/run/read");
    for (name, args, pid) in [
        ("rfuser", "-M -m /run/to-mount", mounted),
        ("rfuser", "-m /run/to-mount/.", mounted),
        ("rfuser", "/run/to-dir/../read", other),
        ("rlsof", "-t /run/to-mount", mounted),
        ("rlsof", "-t /run/to-dir/../read", other),
    ] {
        let output = stage.tool(name, args).expect(0);
        assert_eq!(output.text().trim(), pid.to_string(), "{output}");
    }
}

#[test]
fn what_was_not_found_spoils_no_answer_for_programs() {
    need_root!();
    let stage = Stage::new();
    for args in ["--json", "-J", "-j"] {
        let output = stage.tool("rlsof", &format!("-V {args} -iTCP:1")).expect(1);
        assert!(output.errors().contains("not located: TCP:1"), "{output}");
        match args {
            "--json" => drop(output.answer()),
            "-J" => {
                drop(serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON"))
            }
            _ => assert_eq!(output.text(), ""),
        }
    }
    let output = stage.tool("rlsof", "-V -iTCP:1").expect(1);
    assert_eq!(
        output.text(),
        "rlsof: Internet address not located: TCP:1\n"
    );
}

#[test]
fn pfiles_shows_a_command_as_it_was_typed() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("tcp 127.0.0.1:4444");
    let output = stage.tool("rlsof", &format!("--pfiles -p {}", made.pid));
    let text = output.expect(0).text();
    let head = text.lines().next().unwrap_or_default();
    let command = "stage double tcp 127.0.0.1:4444";
    let (pid, typed) = head.split_once(":\t").expect("a head");
    assert_eq!(pid, made.pid.to_string());
    // A long path before it leaves less room.
    assert!(typed.len() >= 70 || typed.ends_with(command), "{head}");
    assert!(!typed.contains("\\x00"), "{head}");
}

#[test]
fn a_block_device_is_itself_or_what_is_mounted_from_it() {
    need_root!();
    let mut stage = Stage::new();
    let disk = nix::sys::stat::stat("/").expect("a root").st_dev;
    let (major, minor) = (nix::sys::stat::major(disk), nix::sys::stat::minor(disk));
    if major == 0 {
        skipped!("the root file system is on no block device");
    }
    let made = stage.add("tcp 127.0.0.1:4444");
    let node = format!("/run/disk b {major} {minor}");
    stage.program("mknod", &node).expect(0);
    stage.tool("rfuser", "/run/disk").expect(1);
    let users = stage.tool("rfuser", "-m /run/disk").expect(0).text();
    let own = made.pid.to_string();
    assert!(users.split_whitespace().any(|pid| pid == own), "{users}");
}

/// The words of the rows that are message queues.
fn queue_rows(output: &Output) -> Vec<String> {
    let text = output.text();
    let lines = text.lines().filter(|line| line.contains("PSXMQ"));
    let mut rows: Vec<String> = lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    rows.sort();
    rows
}

#[test]
fn a_message_queue_and_who_has_its_other_end() {
    need_root!();
    let mut stage = Stage::new();
    let (one, other) = (stage.add("kinds queue"), stage.add("kinds queue"));
    let inode = one.the("queue").inode;
    assert_eq!(other.the("queue").inode, inode, "the same queue");
    // No file system of queues is mounted yet: nothing says what the file is.
    let plain = stage.tool("rlsof", "-nP -c stage").expect(0);
    assert!(queue_rows(&plain).is_empty(), "{plain}");
    stage.program("mkdir", "/run/mq").expect(0);
    stage.program("mount", "-t mqueue q /run/mq").expect(0);
    for args in ["-nP -c stage", "-nPE -c stage", "/run/mq/stage"] {
        let ours = queue_rows(&stage.tool("rlsof", args).expect(0));
        assert_eq!(ours.len(), 2, "{args}: {ours:?}");
        if args.contains('E') {
            let end = |made: &e2e::Made| format!(" /stage {},stage,{}u", made.pid, 3);
            assert!(ours.iter().any(|row| row.ends_with(&end(&one))), "{ours:?}");
            assert!(
                ours.iter().any(|row| row.ends_with(&end(&other))),
                "{ours:?}"
            );
        }
        // The original warns of file systems that are none of the stage's.
        if e2e::have("lsof") && !args.contains("/run") {
            assert_eq!(ours, queue_rows(&stage.program("lsof", args)), "{args}");
        }
    }
}

/// Without the right to ask, no socket's namespace is told: it must not look as if all were ours.
#[test]
fn a_namespace_that_is_not_told_is_a_gap() {
    const CAP_NET_ADMIN: u32 = 12;
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    stage.add("otherns 0.0.0.0:3001");
    let place = "network namespace of sockets of ";
    for (tool, args) in [
        ("rlsof", "--sockets --via pidfd --json"),
        ("rnetstat", "--all-netns -tan --json"),
    ] {
        let gaps = |output: &Output| {
            let gaps = output.answer().gaps.into_iter();
            let gaps = gaps.filter(|gap| gap.place.starts_with(place));
            gaps.map(|gap| gap.errno).collect::<BTreeSet<_>>()
        };
        let told = stage.tool(tool, args);
        assert_eq!(gaps(&told), BTreeSet::new(), "{told}");
        let dimmed = stage.inside().without_capability(CAP_NET_ADMIN);
        let output = dimmed.tool(tool, args);
        assert_eq!(gaps(&output), BTreeSet::from([Some(1)]), "{output}");
        // What is not known to be of ours is not counted as missing from all tables either.
        assert!(!output.text().contains("\"type\":\"used\""), "{output}");
    }
}
