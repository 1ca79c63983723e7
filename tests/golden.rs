//! Every passive program on every recorded root: the bytes must be those kept.
//!
//! `UPDATE=1` rewrites what is kept, for review in the diff. `RECORD=1` makes the recorded
//! roots anew from stages (root is needed), all but the synthetic ones.

use e2e::golden::{repository, same};
use e2e::{Spec, Stage, need_root, run, tool};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What is asked of every root.
const QUESTIONS: &[&str] = &[
    "rnetstat -an",
    "rnetstat -anpe",
    "rnetstat -tulpn --gaps",
    "rnetstat -ap --json",
    "rnetstat -tuap --via netlink --json",
    "rlsof -nP -i",
    "rlsof --sockets --json",
    "rfuser -v 4444/tcp 5308/tcp 5353/udp",
    "rfuser 4444/tcp --json",
    "rfuser -vm /run --gaps",
];

/// The stories of the recorded roots.
const STORIES: &[(&str, &[&str])] = &[
    (
        "plain",
        &[
            "tcp 0.0.0.0:4444",
            "tcp [::]:4445",
            "udp 0.0.0.0:5353",
            "pair 127.0.0.1:5201 from=5202",
            "timewait 127.0.0.1:5301 from=5401",
            "bound 127.0.0.1:9999",
            "unix stream /run/stream.sock",
        ],
    ),
    (
        "two-holders",
        &[
            "shared 127.0.0.1:5308 1",
            "tcp 0.0.0.0:4444 reuseport",
            "tcp 0.0.0.0:4444 reuseport",
        ],
    ),
    (
        "elusive",
        &[
            "thread 127.0.0.1:4444",
            "zombieleader 127.0.0.1:5308",
            "uring reg 127.0.0.1:6666",
            "inflight 127.0.0.1:8888",
        ],
    ),
    (
        "hostile",
        &[
            "comm=65761b5b316d0a78 tcp 0.0.0.0:4444",
            "unix stream hex:00ff1b5b41",
            "unix stream hex:000a30303030303030303030303030303030",
            "unix dgram hex:2f72756e2f6120622e736f636b",
        ],
    ),
    (
        "files",
        &[
            "kinds read:/run/read",
            "kinds deleted:/run/deleted",
            "kinds directory:/run/directory fifo:/run/fifo locked:/run/locked",
            "kinds unmapped:/run/unmapped cwd:/run/cwd",
            "kinds pipe eventfd epoll terminal memfd pidfd",
        ],
    ),
];

#[test]
fn the_same_root_gives_the_same_bytes() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for top in ["linux", "synthetic"] {
        for case in directories(&repository("tests/fixtures").join(top)) {
            cases += 1;
            assert!(case.join("ORIGIN").exists(), "{}: whence?", case.display());
            for program in ["rnetstat", "rlsof", "rfuser"] {
                let told = answers(program, &case);
                let name = case.file_name().expect("a directory has a name");
                let kept = repository("tests/golden").join(top).join(name);
                wrong.extend(same(&kept.join(format!("{program}.txt")), &told).err());
            }
        }
    }
    assert!(cases > STORIES.len(), "only {cases} recorded roots");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everything a program says of a root, question by question.
fn answers(program: &str, case: &Path) -> Vec<u8> {
    let mut told = Vec::new();
    for question in QUESTIONS {
        let (name, args) = question.split_once(' ').expect("a name and arguments");
        if name != program {
            continue;
        }
        let mut command = tool(name);
        let output = run(command.arg("--sysroot").arg(case).args(args.split(' ')));
        told.extend_from_slice(format!("$ {question}\nexit {}\n", output.code).as_bytes());
        told.extend_from_slice(&output.stdout);
        if !output.stderr.is_empty() {
            told.extend_from_slice(b"--- stderr\n");
            told.extend_from_slice(&output.stderr);
        }
    }
    told
}

#[expect(clippy::disallowed_methods, reason = "the fixtures are files of ours")]
fn directories(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("there are fixtures");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a directory is read").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// A recording replayed says what the live system said.
#[test]
fn a_recording_replayed_says_what_the_live_system_said() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("pair 127.0.0.1:5201 from=5202");
    stage.add("shared 127.0.0.1:5308 1");
    stage.add("thread 127.0.0.1:5101");
    stage.add("uring reg 127.0.0.1:6666");
    for question in [
        "rnetstat -anpe",
        "rnetstat -tuap --via netlink --json",
        "rlsof -nP -i",
        "rlsof --sockets --json",
        "rfuser -v 5308/tcp 5201/tcp",
    ] {
        let (name, args) = question.split_once(' ').expect("a name and arguments");
        let live = stage.tool(name, &format!("{args} --record /run/record"));
        let replayed = stage.tool(name, &format!("{args} --sysroot /run/record"));
        assert_eq!(live.text(), replayed.text(), "{question}");
        assert_eq!(live.code, replayed.code, "{question}");
        stage.program("rm", "-r /run/record").expect(0);
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "asked for by a variable, made of files"
)]
fn recorded_roots_are_made_when_asked_for() {
    if std::env::var_os("RECORD").is_none() {
        return;
    }
    need_root!();
    for (name, words) in STORIES {
        let dir = repository("tests/fixtures/linux").join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir).expect("the old one goes");
        }
        std::fs::create_dir_all(&dir).expect("room for it");
        let mut stage = Stage::new();
        let mut pids = vec![1];
        for words in *words {
            let made = stage.add(Spec::of(words));
            pids.push(made.pid);
            pids.extend(made.holds.iter().map(|hold| hold.pid));
        }
        e2e::recording::record(&stage, QUESTIONS, &pids, &dir).expect("it is recorded");
        let mut origin = String::new();
        let kernel = stage.program("uname", "-srm").expect(0).text();
        let date = stage.program("date", "-u +%F").expect(0).text();
        let _ = write!(origin, "stage of tests/golden.rs: {name}\n{kernel}{date}\n");
        for line in words.iter().chain([&""]).chain(QUESTIONS) {
            let _ = writeln!(origin, "{line}");
        }
        std::fs::write(dir.join("ORIGIN"), origin).expect("it is written");
    }
}
