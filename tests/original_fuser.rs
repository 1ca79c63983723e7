//! The same questions to fuser and to rfuser: standard output, standard error and exit code
//! must be the same, byte for byte, but for the differences told.

use e2e::compat::{Judged, all_met, lines};
use e2e::{Crowd, Output, need, need_root};
use std::collections::BTreeSet;

const QUESTIONS: &[&str] = &[
    "4444/tcp",
    "-n tcp 4444",
    "-v 4444/tcp",
    "-v -n tcp 4444 5201",
    "-u 4444/tcp",
    "-uv 4503/tcp",
    "-a 4444/tcp 1/tcp",
    "-av 4444/tcp 1/tcp",
    "1/tcp",
    "-v 1/tcp",
    "-s 4444/tcp",
    "-s 1/tcp",
    "-n udp 5353",
    "-v 5355/udp",
    "-4 4445/tcp",
    "-6 4445/tcp",
    "5308/tcp",
    "-v 5308/tcp",
    "-n tcp 5201,127.0.0.1,5202",
    "-n tcp ,127.0.0.1,5201",
    "/run/read",
    "-v /run/read",
    "-v /run/write",
    "-v /run/mapped",
    "-v /run/directory",
    "-v /run/directory/",
    "-v /run/cwd",
    "-v /run/root",
    "-v /run/stream.sock",
    "-v /run/fifo",
    "/run",
    "-v /run/read /run/write",
    "-4 5353/udp",
    "-v 4502/tcp",
];

/// Questions the original cannot be asked.
const ERRORS: &[&str] = &[
    "",
    "/run/no-such-file",
    "-n tcp no-such-service",
    "--no-such",
];

/// Ports whose owner the original does not find.
const ELUSIVE: &[&str] = &["5101/tcp", "5102/tcp", "6666/tcp"];

/// Ports the original says nobody has: the difference, pids on standard output, and what stands
/// on standard error.
const BESIDE: &[(&str, &str, usize, &str)] = &[
    ("5310/tcp", "other namespaces", 1, "5310/tcp:"),
    ("-v 5310/tcp", "other namespaces", 1, " netns=40"),
    ("8888/tcp", "sockets in flight", 0, " ?"),
    ("-v 8888/tcp", "sockets in flight", 0, "probably in flight"),
];

#[test]
fn answers_are_the_originals_byte_for_byte() {
    need_root!();
    need!("fuser");
    let crowd = Crowd::new();
    let mut met = BTreeSet::new();
    let mut wrong = Vec::new();
    for args in QUESTIONS {
        let theirs = crowd.stage.program("fuser", args);
        let ours = crowd.stage.tool("rfuser", args);
        if let Err(why) = same(&theirs, &ours, &mut met) {
            wrong.push(format!("fuser {args}\n{why}"));
        }
    }
    for args in ERRORS {
        let theirs = crowd.stage.program("fuser", args);
        let ours = crowd.stage.tool("rfuser", args);
        if (theirs.code, ours.code) != (1, 2) {
            wrong.push(format!("fuser {args}\n{theirs}{ours}"));
        }
        met.insert("exit codes");
    }
    for args in ELUSIVE {
        let theirs = crowd.stage.program("fuser", args);
        let ours = crowd.stage.tool("rfuser", args);
        let found = ours.text().split_whitespace().count() == 1;
        if (theirs.code, ours.code) != (1, 0) || !theirs.stdout.is_empty() || !found {
            wrong.push(format!("fuser {args}\n{theirs}{ours}"));
        }
        met.insert("elusive owners");
    }
    for (args, name, out, aside) in BESIDE {
        let theirs = crowd.stage.program("fuser", args);
        let ours = crowd.stage.tool("rfuser", args);
        let told = (ours.text().split_whitespace().count(), ours.errors());
        if (theirs.code, ours.code, told.0) != (1, 0, *out) || !told.1.contains(aside) {
            wrong.push(format!("fuser {args}\n{theirs}{ours}"));
        }
        met.insert(name);
    }
    let pids = |output: &Output| -> BTreeSet<String> {
        output
            .text()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let theirs = crowd.stage.program("fuser", "-m /run");
    let ours = crowd.stage.tool("rfuser", "-m /run");
    let more: Vec<String> = pids(&ours).difference(&pids(&theirs)).cloned().collect();
    // Of all sockets bound below /run one has no name there any more.
    if pids(&theirs).len() < 10 || !pids(&ours).is_superset(&pids(&theirs)) || more.len() != 1 {
        wrong.push(format!("fuser -m /run\n{theirs}{ours}"));
    }
    met.insert("removed sockets");
    let signalled = crowd
        .stage
        .tool("rfuser", "-k --yes-kill 5310/tcp 8888/tcp");
    if signalled.code != 1 || !signalled.stdout.is_empty() {
        wrong.push(format!("somebody was signalled\n{signalled}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    all_met("rfuser", &met);
}

fn same(theirs: &Output, ours: &Output, met: &mut BTreeSet<&'static str>) -> Result<(), String> {
    if theirs.code != ours.code {
        return Err(format!(
            "exit {} and {}\n{theirs}{ours}",
            theirs.code, ours.code
        ));
    }
    lines(&theirs.text(), &ours.text(), met, judge)?;
    lines(&theirs.errors(), &ours.errors(), met, judge)
}

/// Only the last column may differ: the command, which holds an escape.
fn judge(theirs: Option<&str>, ours: Option<&str>) -> Judged {
    match (theirs, ours) {
        (Some(their), Some(our)) => {
            let columns = |line: &str| {
                let at = line.rfind(".... ").map(|at| at + 5).unwrap_or_default();
                (
                    line.split_at(at).0.to_owned(),
                    line.split_at(at).1.to_owned(),
                )
            };
            let (their, our) = (columns(their), columns(our));
            if their.0 == our.0 && their.1.contains("\\033") && our.1.contains("\\x1b") {
                Judged::Both("escapes")
            } else {
                Judged::Wrong
            }
        }
        _ => Judged::Wrong,
    }
}
