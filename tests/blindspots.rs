//! Ports made in ways that some tool does not see, and what each tool says of them: the table
//! of docs/BLINDSPOTS.md.

use e2e::golden::{repository, same};
use e2e::{Made, Spec, Stage, need, need_root};
use std::collections::BTreeSet;

/// Port, protocol, how it is made in words, and for the stage.
const PORTS: &[(u16, &str, &str, &str)] = &[
    (7001, "tcp", "bound, not listening", "bound 0.0.0.0:7001"),
    (7002, "tcp", "an ordinary listener", "tcp 0.0.0.0:7002"),
    (
        7003,
        "tcp",
        "in an io_uring, descriptor closed",
        "uring reg 0.0.0.0:7003",
    ),
    (
        7004,
        "tcp",
        "in an unread message, descriptor closed",
        "inflight 0.0.0.0:7004",
    ),
    (
        7005,
        "tcp",
        "a process in another network namespace",
        "otherns 0.0.0.0:7005",
    ),
    (
        7006,
        "tcp",
        "shared by two processes",
        "shared 0.0.0.0:7006 1",
    ),
    (
        7011,
        "tcp",
        "in a table a thread has for itself",
        "thread 0.0.0.0:7011",
    ),
    (
        7012,
        "tcp",
        "the leading thread has ended",
        "zombieleader 0.0.0.0:7012",
    ),
    (
        7013,
        "tcp",
        "in a namespace no process is in",
        "stray 0.0.0.0:7013",
    ),
    (
        7014,
        "tcp",
        "a name with an escape and a newline",
        "comm=65761b5b316d0a78 tcp 0.0.0.0:7014",
    ),
    (7015, "udp", "UDP", "udp 0.0.0.0:7015"),
    (
        7016,
        "tcp",
        "a thread in a namespace of its own",
        "threadnet 0.0.0.0:7016",
    ),
];

/// The tools asked, with their arguments; `PORT` stands for the port in question.
const TOOLS: &[(&str, &str)] = &[
    ("netstat", "-anp"),
    ("ss", "-anp"),
    ("lsof", "-nP -w -i"),
    ("fuser", "PORT"),
    ("rnetstat", "-anp --all-netns"),
    ("rlsof", "-nP -i"),
    ("rfuser", "PORT"),
];

#[test]
fn our_programs_have_no_blind_spot_but_those_told() {
    need_root!();
    need!("netstat", "ss", "lsof", "fuser");
    let mut stage = Stage::new();
    // Numbers that no queue, descriptor or port could be taken for.
    let start = "echo 40000 > /proc/sys/kernel/ns_last_pid";
    stage.inside().run("sh".as_ref(), ["-c", start]).expect(0);
    let made: Vec<Made> = PORTS.iter().map(|row| stage.add(Spec::of(row.3))).collect();
    let mut rows = Vec::new();
    let mut blank = BTreeSet::new();
    for ((port, proto, how, _), made) in PORTS.iter().zip(&made) {
        let mut row = format!("| {port} | {how} |");
        for (tool, args) in TOOLS {
            let told = cell(&stage, tool, args, *port, proto, made);
            if tool.starts_with('r') && !told.starts_with("owner") {
                blank.insert((*tool, *port));
            }
            row.push_str(&format!(" {told} |"));
        }
        rows.push(row);
    }
    assert!(blank.is_empty(), "{blank:?}\n{}", rows.join("\n"));
    let page = page(&rows);
    if let Err(why) = same(&repository("docs/BLINDSPOTS.md"), page.as_bytes()) {
        panic!("{why}");
    }
}

/// What a tool says of a port: nothing, that it is there, or whose it is.
fn cell(stage: &Stage, tool: &str, args: &str, port: u16, proto: &str, made: &Made) -> String {
    let args = args.replace("PORT", &format!("{port}/{proto}"));
    let output = if tool.starts_with('r') {
        stage.tool(tool, &args)
    } else {
        stage.program(tool, &args)
    };
    let aside = output.errors();
    // rfuser tells on standard output who it is sure of, and everything else beside it.
    let is_rfuser = tool == "rfuser";
    let beside = if is_rfuser { aside.as_str() } else { "" };
    let text = format!("{} {beside}", output.text());
    let text = text.trim_end();
    let ended = format!(":{port} ");
    let wanted = |line: &&str| args.contains('/') || format!("{line} ").contains(&ended);
    let lines: Vec<&str> = text.lines().filter(wanted).collect();
    let numbers: BTreeSet<u32> = lines
        .iter()
        .flat_map(|line| line.split(|c: char| !c.is_ascii_digit()))
        .filter_map(|digits| digits.parse().ok())
        .collect();
    let owners: BTreeSet<u32> = made.holds.iter().map(|hold| hold.pid).collect();
    let named = owners.intersection(&numbers).count();
    let unsure = |line: &&str| line.contains("?4") || line.contains("probably");
    let guess = lines.iter().any(unsure);
    match (named, owners.len(), lines.is_empty()) {
        (0, _, true) => "–".to_owned(),
        (0, _, false) => "port".to_owned(),
        _ if guess => "owner, probable".to_owned(),
        (some, all, _) if some < all => format!("{some} of {all} owners"),
        (1, ..) => "owner".to_owned(),
        (_, all, _) => format!("owners, {all}"),
    }
}

fn page(rows: &[String]) -> String {
    let heads: Vec<String> = TOOLS
        .iter()
        .map(|(tool, args)| format!("`{tool} {}`", args.replace(" -w", "")))
        .collect();
    let rule = "---|".repeat(TOOLS.len() + 2);
    format!(
        "# Ports that some tool does not see\n\n\
         Made by `tests/blindspots.rs` in a network namespace of its own: each port is made in the\n\
         way told, each tool is asked as root in that namespace, and the cell says what it told:\n\
         nothing (–), the port without its owner (port), or the owner.\n\n\
         | port | how it is made | {} |\n|{rule}\n{}\n\n\
         netstat of net-tools 2.10, ss of iproute2 6.1, lsof 4.95.0, fuser of psmisc 23.6.\n",
        heads.join(" | "),
        rows.join("\n")
    )
}
