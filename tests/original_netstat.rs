//! The same questions to netstat and to rnetstat: the tables must be the same, byte for byte,
//! but for the differences told.

use e2e::compat::{Judged, all_met, lines};
use e2e::{Crowd, need, need_root};
use std::collections::BTreeSet;

const QUESTIONS: &[&str] = &[
    "-an",
    "-tan",
    "-tln",
    "-tn",
    "-uan",
    "-wan",
    "-xan",
    "-xl",
    "-tanp",
    "-tulpn",
    "-lnp",
    "-anpe",
    "-anpeeW",
    "-tano",
    "-4tan",
    "-6tan",
    "-Aunix",
    "-Uan",
    "-t -u -l -p -n",
    "--tcp --listening --numeric --program",
    "--tcp --list --numeric --prog",
    "-w -a --numeric-hosts",
    "--ip -an",
    "-tn -- -x",
    "-an foo",
    "-n",
    "-nx",
    "-an --inet6",
];

#[test]
fn tables_are_the_originals_byte_for_byte() {
    need_root!();
    need!("netstat");
    let crowd = Crowd::new();
    let mut met = BTreeSet::new();
    let mut wrong = Vec::new();
    for args in QUESTIONS {
        let theirs = still(&crowd.stage.program("netstat", args).text());
        let ours = still(&crowd.stage.tool("rnetstat", args).text());
        if let Err(why) = lines(&theirs, &ours, &mut met, judge) {
            wrong.push(format!("{args}\n{why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    all_met("rnetstat", &met);
}

/// Takes out what runs on between two questions: the seconds a timer has left, and how often
/// it has fired.
fn still(text: &str) -> String {
    let mut still = String::new();
    for part in text.split_inclusive(" (") {
        match part.split_once(')') {
            Some((timer, rest)) if timer.split('/').all(|number| number.parse::<f64>().is_ok()) => {
                still.push_str("T)");
                still.push_str(rest);
            }
            _ => still.push_str(part),
        }
    }
    still
}

/// The rows cut at blanks, and judged word by word.
fn judge(theirs: Option<&str>, ours: Option<&str>) -> Judged {
    let (theirs, ours) = (words(theirs), words(ours));
    if ours.iter().any(|word| word == "BOUND") {
        return Judged::Ours("bound sockets");
    }
    let pairs = theirs.iter().zip(&ours);
    let unlike: Vec<(&String, &String)> = pairs.filter(|(their, our)| their != our).collect();
    match unlike.as_slice() {
        [(their, our)] if theirs.len() == ours.len() => owner(their, our),
        _ => Judged::Wrong,
    }
}

fn words(line: Option<&str>) -> Vec<String> {
    let line = line.unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

/// The one word that differs: the owner's.
fn owner(their: &str, our: &str) -> Judged {
    let ways = ["[thread:", "[io_uring]", "[in_flight]"];
    if their == "-" && ways.iter().any(|way| our.contains(way)) {
        return Judged::Both("elusive owners");
    }
    if our.split(',').count() > 1 && our.split(',').any(|one| one == their) {
        return Judged::Both("all owners");
    }
    Judged::Wrong
}
