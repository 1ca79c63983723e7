//! Hosts that are large, restless, or mean harm: the answer is whole, or says what is not.

use e2e::{Output, Spec, Stage, need, need_root, run, skipped, tool};
use std::time::Instant;

/// No byte of a table may steer a terminal, and no letter turn the direction of reading.
#[track_caller]
fn harmless(output: &Output) {
    for text in [output.text(), output.errors()] {
        let bad = |c: char| {
            (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200b}\u{feff}".contains(c)
        };
        assert!(!text.contains(bad), "{text:?}");
    }
}

#[test]
fn a_command_line_of_64_kib_is_whole_in_json_and_harmless_in_tables() {
    need_root!();
    let mut stage = Stage::new();
    // Escapes, newlines, a change of direction and bytes that are no UTF-8, over and over.
    let mean = "\u{1b}]0;owned\u{7}\n\u{202e}txt.exe \u{1b}[2J".as_bytes();
    let mut argv0 = mean.repeat(64 * 1024 / mean.len());
    argv0.extend_from_slice(b"\xff\xfe\xc0\x80");
    argv0.resize(64 * 1024, b'x');
    let spec = Spec::of("tcp 127.0.0.1:4501")
        .argv0(&argv0)
        .comm(b"a\x1b[1mb\n\xff");
    let made = stage.add(spec);
    let listed = stage
        .tool("rlsof", &format!("--json -p {}", made.pid))
        .expect(0)
        .answer();
    let process = listed.processes.first().expect("the process");
    let cmdline = process
        .cmdline
        .as_ref()
        .expect("its command line")
        .as_bytes();
    assert!(cmdline.starts_with(&argv0), "{} bytes", cmdline.len());
    for (name, args) in [
        ("rnetstat", "-anp"),
        ("rlsof", "-nP -i"),
        ("rlsof", "-nP -F"),
        ("rfuser", "-v 4501/tcp"),
        ("rcompare", "--rounds 1"),
    ] {
        harmless(&stage.tool(name, args));
    }
}

/// How many processes a test may make: what numbers and memory there are for them, with some
/// left for the rest of the machine.
#[expect(clippy::disallowed_methods, reason = "a test asks how large it may be")]
fn room() -> u32 {
    let read = |path: &str| std::fs::read_to_string(path).expect("every Linux has it");
    let number = |text: &str| text.trim().parse::<u32>().expect("a number");
    // A process on a stage has a number on each floor, and the lowest has the fewest.
    let numbers = number(&read("/proc/sys/kernel/pid_max"));
    // `0.20 0.18 0.12 1/80 11206`: threads that run, and all there are.
    let loads = read("/proc/loadavg");
    let (_, threads) = loads.split_once('/').expect("how many there are");
    let taken = number(threads.split(' ').next().expect("a word"));
    let told = read("/proc/meminfo");
    let free = told.split("MemAvailable:").nth(1).expect("what is free");
    let free = number(free.split_whitespace().next().expect("a word"));
    let by_number = numbers.saturating_sub(taken + NUMBERS_LEFT);
    by_number.min(free / 2 / PROCESS_KIB).min(30_000)
}

/// Held by one test of a machine at a time: room for so many is there once.
fn alone() -> std::fs::File {
    let path = std::env::temp_dir().join("concord-many-processes");
    let file = std::fs::File::create(path).expect("a scratch file");
    file.lock().expect("its turn comes");
    file
}

/// How many numbers of processes are left to the rest of the machine.
const NUMBERS_LEFT: u32 = 1500;

/// What a process that does nothing takes of memory, at most.
const PROCESS_KIB: u32 = 200;

#[test]
fn every_one_of_many_thousand_processes_is_walked() {
    need_root!();
    let _alone = alone();
    let count = room();
    let mut stage = Stage::new();
    stage.add(Spec::of(&format!("children {count}")));
    let made = stage.add("tcp 127.0.0.1:4444");
    let all = stage.tool("rlsof", "-t").expect(0);
    let listed = all.text().lines().count();
    assert!(
        listed > usize::try_from(count).expect("fits"),
        "{listed} of {count}"
    );
    e2e::note(&format!(
        "{count} processes were made, of 30000 wanted, and all of them walked"
    ));
    let found = stage.tool("rfuser", "4444/tcp").expect(0);
    assert_eq!(found.text().trim(), made.pid.to_string());
    let answer = stage.tool("rnetstat", "-tlnp --json").expect(0).answer();
    assert_eq!(answer.sockets.len(), 1);
    assert!(answer.gaps.is_empty(), "{:?}", answer.gaps);
}

#[test]
fn twenty_thousand_descriptors_of_one_process_are_all_listed() {
    need_root!();
    let (_, most) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        .expect("it is told");
    let count = usize::try_from(most.saturating_sub(100)).map_or(20_000, |most| most.min(20_000));
    if count < 20_000 {
        e2e::note(&format!(
            "{count} descriptors instead of 20000: RLIMIT_NOFILE leaves no more"
        ));
    }
    let mut stage = Stage::new();
    let made = stage.add(Spec::of(&format!("descriptors {count}")));
    let answer = stage
        .tool("rlsof", &format!("--json -p {}", made.pid))
        .expect(0)
        .answer();
    let open = answer
        .files
        .iter()
        .filter(|row| row.file.name.as_bytes() == b"/dev/null");
    assert!(open.count() >= count);
    assert!(answer.gaps.is_empty(), "{:?}", answer.gaps);
}

#[test]
fn processes_that_end_while_they_are_read_cost_no_row_and_no_panic() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("forest 127.0.0.1:4444");
    for _ in 0..5 {
        for (name, args) in [
            ("rnetstat", "-tlnp --json"),
            ("rlsof", "-nP -iTCP:4444 --json"),
            ("rfuser", "--json 4444/tcp"),
        ] {
            let output = stage.tool(name, args).expect(0);
            let answer = output.answer();
            let owners = answer
                .sockets
                .iter()
                .filter_map(|row| row.owners.as_ref())
                .flatten();
            let mut pids = owners.map(|owner| owner.id.pid.0);
            let mut rows = answer.files.iter().map(|row| row.id.pid.0);
            let lasts = |pid: u32| pid == made.pid;
            assert!(pids.any(lasts) || rows.any(lasts), "{output}");
        }
    }
}

#[test]
fn a_procfs_that_hides_processes_is_a_gap_and_not_nobody() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    stage
        .program("mount", "-o remount,hidepid=2 /proc")
        .expect(0);
    let nobody = stage.inside().user(65534);
    let table = nobody.tool("rnetstat", "-tlnp --json").expect(0).answer();
    assert_eq!(table.sockets.len(), 1, "the port is told");
    assert!(
        !table.gaps.is_empty(),
        "and that its owner could not be looked for"
    );
    nobody.tool("rfuser", "4444/tcp").expect(3);
    nobody.tool("rlsof", "-nP -iTCP:4444").expect(3);
    // Whoever may see all sees all.
    stage.tool("rfuser", "4444/tcp").expect(0);
}

#[test]
fn without_a_procfs_netlink_still_answers_and_the_rest_is_gaps() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    let bare = stage.inside().mounted("tmpfs:/proc");
    let answer = bare
        .tool("rnetstat", "-tln --via netlink --json")
        .expect(0)
        .answer();
    assert_eq!(answer.sockets.len(), 1);
    for (name, args) in [
        ("rnetstat", "-tln --via procfs"),
        ("rlsof", "-nP"),
        ("rfuser", "4444/tcp"),
    ] {
        bare.tool(name, args).expect(3);
    }
    let told = bare.tool("rcompare", "--json --rounds 1");
    assert!(told.code == 1 || told.code == 3, "{told}");
}

/// The words of strace that make a program's question to the kernel vanish, so that its
/// answer never comes.
const VANISH: &str = "strace -f -qq --seccomp-bpf -o /dev/null -e trace=sendto,sendmsg";

#[test]
fn netlink_that_never_answers_is_a_gap_within_bounded_time() {
    need_root!();
    need!("strace");
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    let program = e2e::programs().join("rnetstat");
    let words = format!(
        "{VANISH} -e inject=sendto,sendmsg:retval=72 {} -tln --via netlink --json",
        program.display()
    );
    let began = Instant::now();
    let words: Vec<&str> = words.split(' ').collect();
    let (first, rest) = words.split_first().expect("strace");
    let told = stage
        .inside()
        .within(55)
        .run(first.as_ref(), rest.iter().copied())
        .expect(3);
    let answer = told.answer();
    assert!(!answer.gaps.is_empty(), "{told}");
    assert!(
        answer.end.coverage.looked.is_empty(),
        "nothing was read to its end: {told}"
    );
    e2e::note(&format!(
        "a netlink that never answers took {:?}",
        began.elapsed()
    ));
}

#[test]
fn netlink_that_ends_early_or_lies_about_lengths_covers_nothing() {
    need_root!();
    need!("strace");
    let mut stage = Stage::new();
    stage.add("many 127.0.0.1:10000 400");
    let program = e2e::programs().join("rnetstat");
    // Fewer bytes than the kernel wrote: messages are cut, and no end comes.
    for told in ["retval=24", "retval=7", "retval=0"] {
        let words = format!(
            "-f -qq --seccomp-bpf -o /dev/null -e trace=recvfrom,recvmsg -e inject=recvfrom,recvmsg:{told} {} -tln \
             --via netlink --json",
            program.display()
        );
        let output = stage
            .inside()
            .within(55)
            .run("strace".as_ref(), words.split_whitespace());
        assert_ne!(
            output.code, 1,
            "nothing there is not what was learned\n{output}"
        );
        let answer = output.answer();
        assert!(!answer.gaps.is_empty(), "{output}");
        let tcp = answer
            .end
            .coverage
            .looked
            .iter()
            .filter(|it| it.proto == Some(model::Proto::Tcp));
        assert_eq!(tcp.count(), 0, "not read to its end: {output}");
    }
}

#[test]
fn a_table_of_forged_bytes_gives_gaps_and_no_panic() {
    let dir = std::env::temp_dir().join(format!("concord-forged-{}", std::process::id()));
    let net = dir.join("proc/net");
    std::fs::create_dir_all(&net).expect("a scratch directory");
    let rows = "  sl  local_address\n   0: zz\n\u{1b}[2J\n   1: 0100007F:115C 00000000:0000 0A 0:0 0:0 0 0 0 77\n";
    for name in ["tcp", "tcp6", "udp", "unix", "raw", "packet", "netlink"] {
        std::fs::write(net.join(name), rows.repeat(100)).expect("a file");
    }
    let root = dir.to_str().expect("a plain name");
    let output = run(tool("rnetstat").args(["--sysroot", root, "-an", "--json"]));
    let answer = output.answer();
    assert_eq!(
        answer
            .gaps
            .iter()
            .filter(|gap| gap.place.ends_with("tcp"))
            .count(),
        299,
        "{output}"
    );
    harmless(&run(tool("rnetstat").args([
        "--sysroot",
        root,
        "-an",
        "--gaps",
    ])));
    std::fs::remove_dir_all(dir).expect("it is ours");
}

#[test]
fn a_file_named_where_a_server_took_the_question_in_keeps_nobody() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    if let Err(why) = stage.try_add(&"hungfs /run/taken taken".into()) {
        skipped!("this kernel has no FUSE: {why}");
    }
    // What is run here is read to the end of its pipes, which a process left behind would keep.
    for (name, args) in [
        ("rlsof", "/run/taken/file"),
        ("rlsof", "+D /run/taken/file"),
        ("rfuser", "-v /run/taken/file"),
    ] {
        let output = stage.tool(name, args).expect(2);
        assert!(
            output.errors().contains("did not answer in time"),
            "{output}"
        );
        assert_eq!(output.errors().lines().count(), 1, "{output}");
    }
    // The others are answered, and what lies there is told of whoever has it open.
    let others = stage.tool("rlsof", "-nP -i").expect(0).text();
    assert!(others.contains("127.0.0.1:4444"), "{others}");
    let held = stage.tool("rlsof", "-nP -c stage").text();
    assert!(held.contains("/run/taken/file"), "{held}");
}
