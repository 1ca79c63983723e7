//! What each program opens, writes, sends and starts, seen by strace; docs/FOOTPRINT.md says
//! the same in words. What rcompare does has a test beside its own.

use e2e::{Stage, need, need_root, need_static, programs, skipped};

/// Programs that only read, each with questions that make it do all it can.
const PASSIVE: &[(&str, &str)] = &[
    ("rnetstat", "-anpe"),
    ("rnetstat", "-anp --via private --json"),
    ("rnetstat", "-anp --all-netns"),
    ("rnetstat", "-s"),
    ("rnetstat", "-ie"),
    ("rnetstat", "-rn"),
    ("rlsof", "-nP"),
    ("rlsof", "--sockets --json"),
    ("rlsof", "-nP -i -U --all-netns -E"),
    ("rfuser", "-v 4444/tcp /run"),
    ("rfuser", "-v -m /"),
];

/// Beginnings of the paths that may be opened.
const OPENS: &[&str] = &["/proc", "/sys", "/etc/passwd", "/run/netns", "/dev/null"];

/// Calls that change a file system, another process or the machine.
const CHANGES: &[&str] = &[
    "creat(",
    "unlink(",
    "unlinkat(",
    "rename(",
    "renameat(",
    "renameat2(",
    "mkdir(",
    "mkdirat(",
    "rmdir(",
    "link(",
    "linkat(",
    "symlink(",
    "symlinkat(",
    "chmod(",
    "fchmod(",
    "fchmodat(",
    "chown(",
    "fchown(",
    "fchownat(",
    "truncate(",
    "ftruncate(",
    "mknod(",
    "mknodat(",
    "utimensat(",
    "setxattr(",
    "mount(",
    "umount2(",
    "move_mount(",
    "kill(",
    "tkill(",
    "tgkill(",
    "pidfd_send_signal(",
    "ptrace(",
    "process_vm_writev(",
    "reboot(",
    "init_module(",
    "finit_module(",
    "sethostname(",
    "settimeofday(",
    "swapon(",
    "setsid(",
];

fn stage() -> Stage {
    let mut stage = Stage::new();
    for words in [
        "tcp 127.0.0.1:4444",
        "udp 127.0.0.1:5353",
        "unix stream /run/s.sock",
        "uring reg 127.0.0.1:6666",
    ] {
        stage.add(words);
    }
    stage
}

/// The calls of one run, a line each.
fn calls(stage: &Stage, name: &str, args: &str) -> Vec<String> {
    let program = programs().join(name);
    let words = format!(
        "-f -qq -s 256 -e signal=none -o /run/calls {} {args}",
        program.display()
    );
    let output = stage
        .inside()
        .run("strace".as_ref(), words.split_whitespace());
    assert!(output.code <= 3 && output.code != 2, "{output}");
    let told = stage.program("cat", "/run/calls").expect(0).text();
    // `4711  openat(AT_FDCWD, …`
    let calls = told.lines().filter_map(|line| line.split_once(' '));
    let calls: Vec<String> = calls
        .map(|(_, call)| call.trim_start().to_owned())
        .collect();
    assert!(calls.len() > 20, "{name} {args}: {} calls", calls.len());
    calls
}

/// What one run did that it may not.
fn broken(call: &str) -> Option<&'static str> {
    let opens = ["open(", "openat(", "openat2("]
        .iter()
        .any(|open| call.starts_with(open));
    if opens
        && ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"]
            .iter()
            .any(|flag| call.contains(flag))
    {
        return Some("opens for writing");
    }
    if opens && let Some(path) = call.split('"').nth(1) {
        let known = OPENS.iter().any(|begin| path.starts_with(begin));
        // What is not absolute is below a directory that was opened before.
        if path.starts_with('/') && path != "/" && !known {
            return Some("opens what it need not");
        }
    }
    if CHANGES.iter().any(|change| call.starts_with(change)) {
        return Some("changes something");
    }
    if (call.starts_with("execve") && !call.contains("/strace")) || copies(call) {
        return Some("starts something");
    }
    None
}

/// Whether a call makes another process; a thread is none, and a call that fails makes none.
fn copies(call: &str) -> bool {
    if call.contains(") = -1 ") {
        return false;
    }
    let makes = ["fork(", "vfork(", "clone(", "clone3("];
    makes.iter().any(|name| call.starts_with(name)) && !call.contains("CLONE_THREAD")
}

#[test]
fn a_passive_program_opens_nothing_for_writing_and_changes_nothing() {
    need_root!();
    need!("strace");
    need_static!();
    let stage = stage();
    for (name, args) in PASSIVE {
        let calls = calls(&stage, name, args);
        // The first call is the start of the program itself.
        let wrong: Vec<_> = calls
            .iter()
            .skip(1)
            .filter_map(|call| Some((broken(call)?, call)))
            .collect();
        assert!(wrong.is_empty(), "{name} {args}: {wrong:#?}");
    }
}

/// What a copy of a program may call, which asks about one file and ends; and the program, which
/// waits for it.
const ASKS_APART: &[&str] = &[
    "pipe2(",
    "dup2(",
    "dup3(",
    "close_range(",
    "chdir(",
    "statx(",
    "readlinkat(",
    "write(0,",
    "exit_group(",
    "poll(",
    "wait4(",
    // What a C library does around a fork, and for memory.
    "rt_sigprocmask(",
    "gettid(",
    "set_tid_address(",
    "set_robust_list(",
    "brk(",
    "mmap(",
    "munmap(",
];

#[test]
fn only_a_file_named_on_a_file_system_that_may_hang_is_asked_by_a_copy() {
    need_root!();
    need!("strace");
    need_static!();
    let mut stage = stage();
    if let Err(why) = stage.try_add(&"hungfs /run/far awake".into()) {
        skipped!("this kernel has no FUSE: {why}");
    }
    for (name, args) in [("rlsof", ""), ("rfuser", "-v ")] {
        let near = calls(
            &stage,
            name,
            &format!("{args}/run/s.sock /run /proc/self/exe"),
        );
        let copied: Vec<_> = near.iter().filter(|call| copies(call)).collect();
        assert!(copied.is_empty(), "{name}: {copied:#?}");

        let far = calls(&stage, name, &format!("{args}/run/far/file"));
        let first = far.iter().position(|call| copies(call)).expect("a copy");
        let last = far.iter().rposition(|call| call.starts_with("wait4("));
        let last = last.expect("it is waited for");
        // strace tells a call in two lines where another came between.
        let whole = |call: &&String| !call.starts_with("<... ") && !call.starts_with("+++");
        let asked = far
            .get(first..last)
            .unwrap_or_default()
            .iter()
            .filter(whole);
        let close_of_ours = |call: &str| call.starts_with("close(") || call.starts_with("read(");
        let wrong: Vec<_> = asked
            .filter(|call| !copies(call) && !close_of_ours(call))
            .filter(|call| !ASKS_APART.iter().any(|known| call.starts_with(known)))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn a_passive_program_speaks_to_its_kernel_and_to_nobody_else() {
    need_root!();
    need!("strace");
    need_static!();
    let stage = stage();
    for (name, args) in PASSIVE {
        for call in calls(&stage, name, args) {
            let made = call.starts_with("socket(") && !call.starts_with("socket(AF_NETLINK");
            // Sockets that are only asked about addresses, by ioctl; they are never connected.
            let idle = call.contains("SOCK_DGRAM") || call.contains("SOCK_RAW");
            assert!(!made || idle, "{name} {args}: {call}");
            let sends = [
                "connect(",
                "sendto(",
                "sendmsg(",
                "sendmmsg(",
                "bind(",
                "listen(",
            ];
            if sends.iter().any(|send| call.starts_with(send)) {
                let to_kernel = call.contains("AF_NETLINK")
                    || call.contains("nlmsg")
                    || call.contains("NULL, 0)");
                assert!(to_kernel, "{name} {args}: {call}");
            }
        }
    }
}

#[test]
fn rnmap_speaks_to_the_targets_it_was_given_and_writes_no_file() {
    need_root!();
    need!("strace");
    need_static!();
    let stage = stage();
    for args in [
        "-sT -p 4440-4450 127.0.0.1",
        "-sU -p 5353 127.0.0.1",
        "--bind-probe -p T:4440-4450",
    ] {
        for call in calls(&stage, "rnmap", args).iter().skip(1) {
            assert!(
                broken(call).is_none_or(|why| why == "opens what it need not"),
                "rnmap {args}: {call}"
            );
            if call.starts_with("connect(") || call.starts_with("sendto(") {
                let local = ["127.0.0.1", "AF_NETLINK", "nlmsg", "NULL, 0)", "AF_UNSPEC"];
                assert!(
                    local.iter().any(|word| call.contains(word)),
                    "rnmap {args}: {call}"
                );
                assert!(
                    !args.starts_with("--bind") || call.contains("NETLINK"),
                    "{call}"
                );
            }
            assert!(!call.starts_with("listen("), "rnmap {args}: {call}");
        }
    }
}

/// Variables that change what other programs do.
const VARIABLES: &[(&str, &str)] = &[
    ("LD_PRELOAD", "/run/evil.so"),
    ("LD_LIBRARY_PATH", "/run"),
    ("LANG", "tr_TR.ISO-8859-9"),
    ("LC_ALL", "ja_JP.SJIS"),
    ("LANGUAGE", "tlh"),
    ("TZ", "Pacific/Kiritimati"),
    ("PATH", "/run/evil"),
    ("HOME", "/run/evil"),
    ("TERM", "dumb"),
    ("COLUMNS", "1"),
    ("LINES", "1"),
    ("NO_COLOR", "1"),
    ("CLICOLOR_FORCE", "1"),
    ("PROC_ROOT", "/run/evil"),
    ("PROC_NET_TCP", "/dev/null"),
    ("LSOFDEVCACHE", "/run/evil"),
    ("NMAPDIR", "/run/evil"),
    ("RES_OPTIONS", "debug"),
    ("HOSTALIASES", "/run/evil"),
    ("GLIBC_TUNABLES", "glibc.malloc.check=3"),
    ("MALLOC_PERTURB_", "7"),
    ("RUST_BACKTRACE", "full"),
    ("RUST_LOG", "trace"),
    ("RUST_MIN_STACK", "1"),
    ("TMPDIR", "/run/evil"),
    ("CLAP_TERM_WIDTH", "1"),
];

#[test]
fn no_variable_changes_an_answer() {
    need_root!();
    need_static!();
    let stage = stage();
    for (name, args) in [
        ("rnetstat", "-tulnpe"),
        ("rnetstat", "-tulnp --json"),
        ("rnetstat", "--help"),
        ("rlsof", "-nP -iTCP"),
        ("rlsof", "-nP -i --json"),
        ("rfuser", "-v 4444/tcp"),
        ("rnmap", "-sT -p 4440-4450 --json 127.0.0.1"),
        ("rcompare", "--json --rounds 1 --passive"),
    ] {
        let plain = stage.tool(name, args);
        // Set where the program itself starts, and not for what leads there.
        let program = programs().join(name);
        let set: Vec<String> = VARIABLES
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let words = set.iter().map(String::as_str);
        let words = words
            .chain([program.to_str().expect("a plain path")])
            .chain(args.split_whitespace());
        let odd = stage.inside().run("env".as_ref(), words);
        assert_eq!(
            timeless(&plain.text()),
            timeless(&odd.text()),
            "{name} {args}"
        );
        assert_eq!(
            (plain.code, plain.errors()),
            (odd.code, odd.errors()),
            "{name} {args}"
        );
    }
}

/// Without the line on who looked, which has a pid in it.
fn timeless(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.contains("\"type\":\"observer\""))
        .collect()
}
