//! What users of netstat, ss, lsof and fuser complain of, tried with ours; and the table of
//! docs/COMPLAINTS.md, which names a test for every answer it gives.

use e2e::golden::repository;
use e2e::{Output, Spec, Stage, need, need_root, programs, run, skipped, tool};
use nix::sys::resource::{Resource, getrlimit};
use std::collections::BTreeSet;

/// The rows of the table: what is complained of, what ours does, what holds it.
fn rows(page: &str) -> Vec<[String; 3]> {
    let cells = |line: &str| -> Vec<String> {
        let bare = line.trim_matches('|');
        bare.split(" | ").map(|it| it.trim().to_owned()).collect()
    };
    page.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| complaint"))
        .map(|line| match <[String; 3]>::try_from(cells(line)) {
            Ok(row) => row,
            Err(row) => panic!("not three cells: {row:?}"),
        })
        .collect()
}

/// A file of ours as text, if it is there.
#[expect(clippy::disallowed_methods, reason = "a file of our own tree")]
fn ours(file: &str) -> Option<String> {
    std::fs::read_to_string(repository(file)).ok()
}

/// Whether a file has a test of this name.
fn has_test(file: &str, name: &str) -> bool {
    let Some(text) = ours(file) else {
        return false;
    };
    let (sign, head) = ("#[test]", format!("fn {name}("));
    text.split(sign).skip(1).any(|rest| {
        let before = rest.split("fn ").next().unwrap_or_default().len();
        rest.get(before..)
            .is_some_and(|rest| rest.starts_with(&head))
    })
}

#[test]
fn every_answer_names_tests_there_are() {
    let page = ours("docs/COMPLAINTS.md").expect("the page is there");
    let mut wrong = Vec::new();
    let rows = rows(&page);
    for [complaint, answer, held] in &rows {
        let quoted: Vec<&str> = held.split('`').skip(1).step_by(2).collect();
        let is_open = answer.starts_with("**Not ") || answer.starts_with("**Measured");
        if quoted.is_empty() && !is_open {
            wrong.push(format!("{complaint}: held by nothing"));
        }
        for name in quoted {
            let is_test = name.split_once("::").is_some_and(|it| has_test(it.0, it.1));
            let is_chore = is_open && name.starts_with("cargo xtask ");
            if !is_test && !is_chore {
                wrong.push(format!("{complaint}: there is no test {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() > 50, "{} complaints", rows.len());
}

/// What a program was told on standard error that is no answer: its own notes.
#[track_caller]
fn silent(name: &str, output: &Output) {
    let note = format!("{name}: ");
    let errors = output.errors();
    assert!(
        !errors.lines().any(|line| line.starts_with(&note)),
        "{output}"
    );
}

/// The pids of an output that has nothing else.
fn pids(output: &Output) -> BTreeSet<u32> {
    let text = output.text();
    let words = text.split_whitespace();
    words.map(|word| word.parse().expect("a pid")).collect()
}

/// One of ours, run by another program on a stage.
#[track_caller]
fn under(stage: &Stage, wrapper: &str, name: &str, args: &str) -> Output {
    let path = programs().join(name);
    let line = format!("{wrapper} {} {args}", path.display());
    let words: Vec<&str> = line.split_whitespace().collect();
    let (first, rest) = words.split_first().expect("a program");
    stage.inside().run(first.as_ref(), rest.iter().copied())
}

const PORT_4444: &[(&str, &str)] = &[
    ("rnetstat", "-tlnp"),
    ("rlsof", "-nP -i"),
    ("rfuser", "4444/tcp"),
];

#[test]
fn a_high_limit_of_descriptors_costs_nothing() {
    need_root!();
    need!("strace", "prlimit");
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("it is told");
    if most < 8192 {
        skipped!("RLIMIT_NOFILE allows no more than {most}");
    }
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    for (name, args) in PORT_4444 {
        let wrapper = format!(
            "prlimit --nofile={most}:{most} strace -f -qq --seccomp-bpf -o /run/trace -e trace=close,close_range,fcntl"
        );
        under(&stage, &wrapper, name, args).expect(0);
        let calls = stage.program("cat", "/run/trace").text().lines().count();
        // Whoever tidies up first closes as many as the limit has.
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        assert!(calls < limit / 8, "{name}: {calls} of {limit}");
    }
}

#[test]
fn threads_and_processes_leave_no_descriptor_open() {
    need_root!();
    need!("prlimit");
    let mut stage = Stage::new();
    stage.add("children 400");
    stage.add("tcp 127.0.0.1:4444");
    for port in 5101..5131 {
        stage.add(Spec::of(&format!("thread 127.0.0.1:{port}")));
    }
    for (name, args) in PORT_4444 {
        let output = under(&stage, "prlimit --nofile=128", name, args).expect(0);
        silent(name, &output);
    }
}

#[test]
fn an_address_full_of_ones_is_told_like_any() {
    need_root!();
    need!("ip");
    let mut stage = Stage::new();
    let addresses = [
        "abcd:ef10:ffff:ffff:ffff:ffff:ffff:ff62",
        "fd00:aaaa:255:ffff:ffff:ffff:ffff:ffff",
        "2001:db8:1234:5678:9abc:def0:1234:5678",
    ];
    let mut made = Vec::new();
    for address in addresses {
        let add = format!("-6 address add {address}/128 dev lo nodad");
        stage.program("ip", &add).expect(0);
        made.push(stage.add(Spec::of(&format!("tcp [{address}]:8888"))).pid);
    }
    let files = stage.tool("rlsof", "-nP -i").expect(0);
    let sockets = stage.tool("rnetstat", "-tln").expect(0);
    for (address, pid) in addresses.iter().zip(&made) {
        let name = format!("TCP [{address}]:8888 (LISTEN)");
        assert!(files.text().contains(&name), "{files}");
        assert!(
            sockets.text().contains(&format!(" {address}:8888 ")),
            "{sockets}"
        );
        let one = stage.tool("rlsof", &format!("-t -i @[{address}]:8888"));
        assert_eq!(pids(&one), BTreeSet::from([*pid]), "{one}");
    }
    let users = stage.tool("rfuser", "8888/tcp").expect(0);
    assert_eq!(pids(&users), made.into_iter().collect(), "{users}");
}

#[test]
fn a_command_is_whole_wherever_there_is_room() {
    need_root!();
    let mut stage = Stage::new();
    let name = "abcdefghijklmno";
    stage.add(Spec::of("tcp 127.0.0.1:4444").comm(name.as_bytes()));
    // The table alone is cut, as lsof's is, and says how not to.
    let table = stage.tool("rlsof", "-nP -i").expect(0).text();
    assert!(
        table.contains("abcdefghi ") && !table.contains(name),
        "{table}"
    );
    for args in [
        "+c 0 -nP -i",
        "+c0 -i",
        "-Fc -i",
        "-J -i",
        "-j -i",
        "--json -i",
    ] {
        let whole = stage.tool("rlsof", args).expect(0);
        assert!(whole.text().contains(name), "{args}: {whole}");
    }
}

#[test]
fn unix_sockets_and_nothing_else_are_told_with_their_states() {
    need_root!();
    let mut stage = Stage::new();
    for words in [
        "tcp 127.0.0.1:4444",
        "udp 127.0.0.1:5353",
        "raw 1",
        "packet raw",
        "kinds netlink",
        "unix stream /run/listener.sock",
        "unix dgram /run/other.sock",
        "unixpair stream",
    ] {
        stage.add(words);
    }
    let fields = stage.tool("rlsof", "-U -F t").expect(0).text();
    let types = fields.lines().filter(|line| line.starts_with('t'));
    let types: Vec<&str> = types.collect();
    assert_eq!(types, ["tunix"; 4], "{fields}");
    let table = stage.tool("rlsof", "-U").expect(0).text();
    for end in [
        "/run/listener.sock type=STREAM (LISTEN)",
        "type=STREAM (CONNECTED)",
    ] {
        assert!(table.lines().any(|line| line.ends_with(end)), "{table}");
    }
}

#[test]
fn a_peer_that_nobody_accepted_yet_is_no_trouble() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("unixserver stream /run/server.sock waiting");
    for args in ["+E /run/server.sock", "-E -U", "+E -U", "+E -U -F"] {
        let output = stage.tool("rlsof", args).expect(0);
        let pid = made.pid.to_string();
        assert!(output.text().contains(&pid), "{output}");
        assert!(output.text().contains("/run/server.sock"), "{output}");
        silent("rlsof", &output);
    }
}

#[test]
fn numbers_of_descriptors_are_whole() {
    need_root!();
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("it is told");
    if most < 12_100 {
        skipped!("RLIMIT_NOFILE allows no more than {most}");
    }
    let mut stage = Stage::new();
    let made = stage.add("descriptors 12000");
    for (args, word) in [("-nP -p", " 12001r "), ("-Ff -p", "\nf12001\n")] {
        let output = stage.tool("rlsof", &format!("{args} {}", made.pid));
        let text = output.expect(0).text();
        assert!(text.contains(word), "no {word:?}");
        assert!(!text.contains('*'), "a number that is cut");
    }
}

#[test]
fn a_pidfd_is_told_with_its_process() {
    need_root!();
    let mut stage = Stage::new();
    let Ok(made) = stage.try_add(&Spec::of("kinds pidfd")) else {
        skipped!("this kernel has no pidfd");
    };
    let output = stage.tool("rlsof", &format!("-a -d 3 -p {}", made.pid));
    let text = output.expect(0).text();
    let row = text.lines().last().unwrap_or_default();
    assert!(
        row.contains(" a_inode ") && row.contains("[pidfd:"),
        "{text}"
    );
}

#[test]
fn what_nobody_asked_about_makes_no_noise() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("tcp 127.0.0.1:4444");
    if let Err(why) = stage.try_add(&"hungfs /run/silent".into()) {
        skipped!("this kernel has no FUSE: {why}");
    }
    let own = format!("-nP -p {}", made.pid);
    for (name, args) in [
        ("rlsof", "-nP -i"),
        ("rlsof", own.as_str()),
        ("rlsof", "-U"),
        ("rfuser", "-v 4444/tcp"),
        ("rnetstat", "-an"),
        ("rnetstat", "-anpeo"),
        ("rnetstat", "-ant --all-netns"),
    ] {
        let output = stage.tool(name, args);
        silent(name, &output);
    }
}

#[test]
fn processes_of_others_are_one_line_of_rfuser() {
    need_root!();
    let mut stage = Stage::new();
    for words in ["kinds read:/run/read", "tcp 127.0.0.1:4444", "children 20"] {
        stage.add(words);
    }
    let nobody = stage.inside().user(65534);
    let output = nobody.tool("rfuser", "/run/read").expect(3);
    let errors = output.errors();
    assert_eq!(errors.lines().count(), 1, "{output}");
    assert!(errors.starts_with("rfuser: "), "{output}");
}

#[test]
fn a_filter_that_refuses_statx_costs_no_file() {
    need_root!();
    need!("strace");
    let mut stage = Stage::new();
    let made = stage.add("kinds read:/run/read");
    for error in ["ENOSYS", "EPERM"] {
        let wrapper =
            format!("strace -f -qq -o /dev/null -e trace=statx -e inject=statx:error={error}");
        for (name, args) in [("rfuser", "/run/read"), ("rlsof", "-t /run/read")] {
            let output = under(&stage, &wrapper, name, args).expect(0);
            assert_eq!(pids(&output), BTreeSet::from([made.pid]), "{output}");
        }
    }
}

#[test]
fn a_space_of_names_can_be_left_again() {
    need_root!();
    let mut stage = Stage::new();
    let port = stage.add("tcp 127.0.0.1:4444").pid;
    let file = stage.add("kinds read:/run/read").pid;
    let output = stage.tool("rfuser", "-n tcp 4444 - /run/read").expect(0);
    assert_eq!(pids(&output), BTreeSet::from([port, file]), "{output}");
    silent("rfuser", &output);
}

#[test]
fn a_file_system_with_two_names_is_told_once() {
    need_root!();
    let mut stage = Stage::new();
    stage.program("mkdir", "/run/here /run/there").expect(0);
    stage.program("mount", "-t tmpfs none /run/here").expect(0);
    let made = stage.add("kinds read:/run/here/read");
    stage
        .program("mount", "--bind /run/here /run/there")
        .expect(0);
    for name in ["/run/here", "/run/there"] {
        let output = stage.tool("rfuser", &format!("-m {name}")).expect(0);
        assert_eq!(output.text().trim(), made.pid.to_string(), "{output}");
    }
}

#[test]
fn what_another_mount_namespace_has_mounted_can_be_asked_about() {
    need_root!();
    need!("unshare", "bash");
    let stage = Stage::new();
    // It is left behind there, with nothing of what this reads open.
    let script = "mkdir /run/x
        unshare -m bash -c 'mount -t tmpfs none /run/x; exec 7>/run/x/file; echo $$ > /run/pid; exec sleep 10000' \
            < /dev/null > /dev/null 2>&1 &
        until [ -s /run/pid ]; do sleep 0.05; done; cat /run/pid";
    let told = stage
        .inside()
        .run("bash".as_ref(), ["-c", script])
        .expect(0);
    let pid: u32 = told.text().trim().parse().expect("a pid");
    let root = format!("/proc/{pid}/root/run/x");
    for (name, args) in [
        ("rfuser", format!("-m {root}")),
        ("rfuser", format!("{root}/file")),
        ("rlsof", format!("-t {root}/file")),
    ] {
        let output = stage.tool(name, &args).expect(0);
        assert_eq!(pids(&output), BTreeSet::from([pid]), "{output}");
    }
    // The name of the other one means what is mounted here: nothing, which nobody uses.
    stage.tool("rfuser", "-m /run/x/file").expect(2);
}

#[test]
fn letters_may_be_typed_twice() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    for (name, once, twice) in [
        ("rnetstat", "-tln", "-nn -t -t -ll -TW -vv --wide"),
        ("rlsof", "-nP -i -t", "-nnPP -i -tt -w -w"),
        ("rfuser", "-v 4444/tcp", "-vv -v 4444/tcp"),
    ] {
        let once = stage.tool(name, once).expect(0);
        let twice = stage.tool(name, twice).expect(0);
        assert_eq!(once.text(), twice.text());
        assert_eq!(once.errors(), twice.errors());
    }
}

#[test]
fn an_inode_of_twenty_digits_is_the_same_everywhere() {
    let dir = std::env::temp_dir().join(format!("concord-inode-{}", std::process::id()));
    let inode = "18446744073709551000";
    for part in ["proc/net", "proc/7/fd", "proc/7/fdinfo", "proc/7/task/7"] {
        std::fs::create_dir_all(dir.join(part)).expect("a scratch directory");
    }
    let table = format!(
        "  sl  local_address rem_address   st\n   0: 0100007F:115C 00000000:0000 0A 00000000:00000000 \
         00:00000000 00000000     0        0 {inode} 1 0 100 0 0 10 0\n"
    );
    let zeros = " 0".repeat(16);
    for (name, text) in [
        ("net/tcp", table.as_str()),
        ("7/fdinfo/3", "pos:\t0\nflags:\t02\nmnt_id:\t9\n"),
        ("7/stat", &format!("7 (big) S 1 7 7 0 -1 0{zeros}\n")),
        ("7/status", "Name:\tbig\nUid:\t0\t0\t0\t0\n"),
    ] {
        std::fs::write(dir.join("proc").join(name), text).expect("a file");
    }
    let link = dir.join("proc/7/fd/3");
    std::os::unix::fs::symlink(format!("socket:[{inode}]"), link).expect("a link");
    let root = dir.to_str().expect("a plain name");
    let ask = |name: &str, args: &[&str]| run(tool(name).args(["--sysroot", root]).args(args));
    let users = ask("rfuser", &["4444/tcp"]).expect(0);
    assert_eq!(pids(&users), BTreeSet::from([7]), "{users}");
    let files = ask("rlsof", &["-t", "-iTCP:4444"]).expect(0);
    assert_eq!(pids(&files), BTreeSet::from([7]), "{files}");
    let sockets = ask("rnetstat", &["-tlnpe"]).expect(0);
    assert!(
        sockets.text().contains(&format!("{inode} 7/big")),
        "{sockets}"
    );
    std::fs::remove_dir_all(dir).expect("it is ours");
}

#[test]
fn a_port_is_tried_without_listening_on_it() {
    need_root!();
    need!("strace");
    let mut stage = Stage::new();
    stage.add("bound 127.0.0.1:4444");
    let wrapper = "strace -f -qq -o /run/trace -e trace=bind,listen,connect,execve";
    let args = "--bind-probe -p 4440-4449 --json";
    under(&stage, wrapper, "rnmap", args).expect(0);
    let trace = stage.program("cat", "/run/trace").text();
    let count = |call: &str| trace.lines().filter(|line| line.contains(call)).count();
    assert!(count("bind(") >= 10, "{trace}");
    assert_eq!(count("listen(") + count("connect("), 0, "{trace}");
    // Nobody is asked what it sees: the one program that is run is ours.
    assert_eq!(count("execve("), 1, "{trace}");
}

#[test]
fn a_program_needs_no_file_but_itself() {
    need_root!();
    e2e::need_static!();
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    stage.program("mkdir", "/run/alone").expect(0);
    for (name, args) in [
        ("rnmap", "-sT -p 4444 127.0.0.1"),
        ("rnetstat", "-tl --via netlink"),
    ] {
        let copy = format!("{} /run/alone/{name}", programs().join(name).display());
        stage.program("cp", &copy).expect(0);
        let output = stage.program("chroot", &format!("/run/alone /{name} {args}"));
        // The name of the port is known there too.
        let text = output.expect(0).text();
        assert!(text.contains("krb524"), "{text}");
    }
}

#[test]
fn both_families_are_scanned_in_one_run() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    stage.add("tcp [::1]:4445 v6only");
    let scan = stage.tool("rnmap", "-sT -p 4444,4445 --json 127.0.0.1 ::1");
    let probes = scan.expect(0).answer().probes;
    let open = probes
        .iter()
        .filter(|it| it.state == model::PortState::Open);
    let open: BTreeSet<String> = open.map(|it| format!("{} {}", it.addr, it.port)).collect();
    let expected = ["127.0.0.1 4444", "::1 4445"].map(str::to_owned);
    assert_eq!(open, BTreeSet::from(expected));
}
