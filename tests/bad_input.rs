//! What cannot be asked is refused in one line; what cannot be seen is told as a gap.

use e2e::{Output, Stage, need_root, programs, run, tool};
use std::process::{Command, Stdio};

const PROGRAMS: [&str; 5] = ["rnetstat", "rlsof", "rfuser", "rnmap", "rcompare"];
const PASSIVE: [&str; 3] = ["rnetstat", "rlsof", "rfuser"];

/// One plain line that begins with the program's name.
fn is_one_line(name: &str, output: &Output) -> bool {
    let said = output.errors();
    let one = said.ends_with('\n') && said.matches('\n').count() == 1;
    one && said.starts_with(&format!("{name}: ")) && !said.trim_end().contains(char::is_control)
}

#[track_caller]
fn one_line(name: &str, output: &Output) {
    assert!(is_one_line(name, output), "not one plain line\n{output}");
}

/// Fails unless each question is refused: exit 2, nothing on standard output, and one line.
#[track_caller]
fn refused(name: &str, questions: &[&[&str]]) {
    let answers = questions.iter().map(|args| run(tool(name).args(*args)));
    none_taken(name, answers);
}

/// The same of a program that would send, were it to take the question: on a stage of its own.
#[track_caller]
fn refused_inside(name: &str, questions: &[&[&str]]) {
    let stage = Stage::new();
    let path = programs().join(name);
    let ask = |args: &&[&str]| stage.inside().run(path.as_os_str(), args.iter().copied());
    none_taken(name, questions.iter().map(ask));
}

#[track_caller]
fn none_taken(name: &str, answers: impl Iterator<Item = Output>) {
    let taken: Vec<String> = answers
        .filter(|told| told.code != 2 || !told.stdout.is_empty() || !is_one_line(name, told))
        .map(|told| told.to_string())
        .collect();
    assert!(
        taken.is_empty(),
        "not refused as they should be:\n{}",
        taken.join("\n")
    );
}

#[test]
fn an_unknown_option_is_refused_in_one_line() {
    need_root!();
    for name in PROGRAMS {
        let odd = "--no-such\x1b[31m\noption";
        refused_inside(name, &[&["--no-such-option"], &["--json=maybe"], &[odd]]);
    }
}

#[test]
fn an_impossible_question_is_refused_by_rnetstat() {
    refused(
        "rnetstat",
        &[
            &["--via", "pigeon"],
            &["-A", "ipx"],
            &["-A", "inet,foo"],
            &["--columns", "nope"],
            &["-Z"],
            &["--inet=4"],
            &["--num"],
            &["--ip=4"],
            &["--count", "0"],
            &["--sysroot"],
            &["--sysroot", "/no/such/place"],
        ],
    );
}

#[test]
fn an_impossible_question_is_refused_by_rlsof() {
    refused(
        "rlsof",
        &[
            &["-y"],
            &["+m"],
            &["+M", "-i"],
            &["-a"],
            &["-a", "-t", "-n"],
            &[""],
            &["+d", ""],
            &["+D", ""],
            &["-r1m%q"],
            &["-r1m%"],
            &["-n-P"],
            &["+L", "x"],
            &["+L1x"],
            &["+c", "x"],
            &["-o5x"],
            &["-T", "z"],
            &["-r", "x"],
            &["-r1c0"],
            &["-K", "x"],
            &["-J", "-j"],
            &["-J", "-F"],
            &["-o", "-s"],
            &["--columns", "pid,nope"],
            &["--sockets"],
            &["--own-netns", "--all-netns"],
            &["+D", "/no/such/place"],
            &["+f", "/etc/passwd"],
            &["/no/such/place"],
            &["--sysroot", "/no/such/place"],
            &["--sysroot", "/etc/passwd"],
            &["--record", "/etc"],
        ],
    );
}

/// Selections that name nothing there could be, by the option that takes them.
const MALFORMED: &[(&str, &[&str])] = &[
    (
        "-i",
        &[
            ":99999",
            ":65536",
            ":-1",
            ":0-",
            ":5-3",
            ":1,,2",
            ":1-99999",
            "@",
            "tcp:",
            "foo",
            "7tcp",
            "46x",
            "tcp@300.1.1.1",
            "tcp@host.example:22",
            "4@[::1]",
            "@[::1",
            "tcp@1.2.3.4:22:33",
            "tcp:no-such-service",
        ],
    ),
    (
        "-p",
        &[
            "",
            "abc",
            ",",
            "1,,2",
            "1,^1",
            "-5",
            "^",
            "1-2",
            "0x10",
            "99999999999",
        ],
    ),
    ("-g", &["1,,2", "1,^1", "1x"]),
    ("-u", &["", "^", "no-such-user", "root,^root"]),
    (
        "-s",
        &[
            "TCP:FOO",
            "TCP:",
            "XTP:LISTEN",
            "TCP:LISTEN,FOO",
            "TCP:^",
            ":LISTEN",
        ],
    ),
    (
        "-d",
        &[
            "",
            "9-1",
            "a-b",
            "1-",
            "foo",
            "1,^1",
            "^",
            "1,,2",
            "4294967296",
        ],
    ),
    ("-c", &["", "^", "/a", "/(/", "/[/", "/a/z", "//"]),
    ("-F", &["!", "pq!", "\u{e9}", "p c"]),
];

#[test]
fn every_malformed_selection_is_refused_by_rlsof() {
    for (option, values) in MALFORMED {
        let questions: Vec<String> = values
            .iter()
            .map(|value| match *option {
                // Their values may be left out: only what stands in the same word is one.
                "-F" | "-g" => format!("{option}{value}"),
                _ => (*value).to_owned(),
            })
            .collect();
        let answers = questions.iter().map(|value| {
            let mut command = tool("rlsof");
            if value.starts_with(option) {
                command.arg(value)
            } else {
                command.args([option, value.as_str()])
            };
            run(&mut command)
        });
        none_taken("rlsof", answers);
    }
}

#[test]
fn an_impossible_question_is_refused_by_rfuser() {
    refused(
        "rfuser",
        &[
            &[],
            &["99999/tcp"],
            &["65536/udp"],
            &["-1/tcp"],
            &["tcp/99999"],
            &["22,,x/tcp"],
            &["22,[::1/tcp"],
            &["a,b,c,d/tcp"],
            &["22,1.2.3.4,99999/udp"],
            &["-n"],
            &["-n", "tcp"],
            &["-n", "", "x"],
            &[""],
            &["-n", "file", ""],
            &["-m", ""],
            &["-k", "22/tcp"],
            &["-NOPE", "22/tcp"],
            &["-99", "22/tcp"],
            &["--all-netns", "-k", "--yes-kill", "22/tcp"],
            &["--all-netns", "--own-netns", "22/tcp"],
            &["-n", "carrier-pigeon", "22"],
            &["-n", "tcp", "no-such-service"],
            &["22,300.1.1.1/tcp"],
            &["--sysroot", "/no/such/place", "22/tcp"],
        ],
    );
}

#[test]
fn an_impossible_question_is_refused_by_rnmap() {
    need_root!();
    refused_inside(
        "rnmap",
        &[
            &["-sT", "-p", "70000", "127.0.0.1"],
            &["-sT", "-p", "9-1", "127.0.0.1"],
            &["-sT", "-p", "22,,x", "127.0.0.1"],
            &["-sT", "300.1.1.1"],
            &["-sT", "127.0.0.1/40"],
            &["-sT", "-T9", "127.0.0.1"],
            &["-sT", "--max-rate", "-1", "127.0.0.1"],
        ],
    );
}

#[test]
fn an_impossible_question_is_refused_by_rcompare() {
    need_root!();
    refused_inside(
        "rcompare",
        &[
            &["--rounds", "0"],
            &["--deadline", "x"],
            &["--address", "300.1.1.1"],
            &["--remote"],
            &["--remote", "/no/such/scan.xml"],
            &["--passive", "--address", "127.0.0.1"],
        ],
    );
}

#[test]
fn help_and_version_are_answers() {
    for name in PROGRAMS {
        for word in ["--help", "--version"] {
            let output = run(tool(name).arg(word)).expect(0);
            assert!(output.stderr.is_empty(), "{output}");
            assert!(output.text().contains(name), "{output}");
        }
    }
}

/// A directory that looks like the root of a machine without a `/proc`.
fn empty_root() -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("concord-empty-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a scratch directory");
    dir
}

#[test]
fn a_missing_proc_is_a_gap_and_nothing_is_not_claimed() {
    let root = empty_root();
    let root = root.to_str().expect("a plain name");
    for (name, args) in [
        ("rnetstat", &["-an"][..]),
        ("rnetstat", &["-tlnp"]),
        ("rlsof", &["-nP", "-i"]),
        ("rfuser", &["22/tcp"]),
    ] {
        let output = run(tool(name).args(["--sysroot", root]).args(args)).expect(3);
        one_line(name, &output);
        let output = run(tool(name).args(["--sysroot", root, "--json"]).args(args)).expect(3);
        assert!(!output.answer().gaps.is_empty(), "{output}");
        let output = run(tool(name).args(["--sysroot", root, "--gaps"]).args(args)).expect(3);
        assert!(output.errors().contains("/proc"), "{output}");
    }
    for (name, args) in [
        ("rnetstat", &["-r"][..]),
        ("rnetstat", &["-r", "-6"]),
        ("rnetstat", &["-i"]),
        ("rnetstat", &["-s"]),
        ("rnetstat", &["-g"]),
        ("rnetstat", &["-0p"]),
        ("rlsof", &[]),
        ("rlsof", &["-p", "1"]),
        ("rlsof", &["-U"]),
        ("rfuser", &["-v", "53/udp"]),
    ] {
        for json in [None, Some("--json")] {
            let output = run(tool(name).args(["--sysroot", root]).args(args).args(json));
            let said = output
                .errors()
                .lines()
                .filter(|line| line.starts_with(name))
                .count();
            assert_eq!(output.code, 3, "{output}");
            assert!(said > 0 || !output.answer().gaps.is_empty(), "{output}");
        }
    }
    std::fs::remove_dir_all(root).expect("it is empty");
}

#[test]
fn without_root_the_port_is_told_and_the_owner_is_a_gap() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("tcp 127.0.0.1:4444");
    let nobody = stage.inside().user(65534);
    for source in ["", "--via procfs", "--via netlink"] {
        let args = format!("-tlp --json {source}");
        let answer = nobody.tool("rnetstat", &args).expect(0).answer();
        let owners: Vec<_> = answer.sockets.iter().map(|row| &row.owners).collect();
        assert_eq!(owners, [&Some(Vec::new())], "nobody's owner is known");
        assert!(!answer.gaps.is_empty(), "but it is told why");
        let denied = |gap: &model::Gap| gap.errno == Some(13) && gap.place.contains("/proc/");
        assert!(answer.gaps.iter().any(denied), "{:?}", answer.gaps);
    }
    let text = nobody.tool("rnetstat", "-tlnp").expect(0);
    assert!(text.text().contains("127.0.0.1:4444"), "{text}");
    one_line("rnetstat", &text);

    let listing = nobody.tool("rlsof", "-nP -iTCP:4444 --json").expect(3);
    assert!(!listing.answer().gaps.is_empty(), "{listing}");
    let search = nobody.tool("rfuser", "--json 4444/tcp").expect(3);
    assert!(!search.answer().gaps.is_empty(), "{search}");
    // Root sees what nobody could not.
    let pid = made.pid.to_string();
    assert_eq!(
        stage.tool("rlsof", "-t -iTCP:4444").expect(0).text().trim(),
        pid
    );
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("many 127.0.0.1:10000 5000");
    for name in PASSIVE {
        let args = match name {
            "rnetstat" => "-an",
            "rlsof" => "-nP -i",
            _ => "-v 10000/tcp 10001/tcp",
        };
        let line = format!("{}/{name} {args}", programs().display());
        // The shell's reader is gone before the first byte.
        let script = format!("{{ sleep 0.2; {line}; echo $? >&2; }} | true");
        let output = stage.inside().run("bash".as_ref(), ["-c", script.as_str()]);
        let said = output.errors();
        if name == "rfuser" {
            // Its table goes to standard error, as the original's does.
            assert!(said.ends_with("0\n"), "{output}");
        } else {
            assert_eq!(said, "0\n", "{output}");
        }
    }
}

#[test]
fn a_full_disk_is_an_error() {
    // The first byte cannot be written: no answer may look whole.
    for name in ["rnetstat", "rlsof"] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut command: Command = tool(name);
        let child = command
            .arg("--help")
            .stdout(Stdio::from(full.expect("every Linux has one")))
            .stderr(Stdio::piped())
            .output()
            .expect("it runs");
        assert_eq!(child.status.code(), Some(2), "{name}");
        let said = String::from_utf8(child.stderr).expect("plain words");
        assert!(
            said.starts_with(&format!("{name}: ")) && said.lines().count() == 1,
            "{said}"
        );
    }
}
