//! A failure at every system call: each program, told by its kernel that this one call did
//! not work, gives the whole answer, or says what is missing, or says that it could not.
//!
//! strace injects the failure. Which calls there are is measured first, so that a call the
//! programs begin to make is tested without anybody thinking of it. Without words a few of
//! the possible faults are tried, spread over calls, errors and places; `every` (what
//! `cargo xtask faults` says) tries all of them.
//!
//! No harness: the figures are the result.
#![expect(
    clippy::print_stdout,
    reason = "a test without a harness prints its figures and has words of its own"
)]

use e2e::faults::{Fault, Question, Verdict, calls, inject};
use e2e::{Stage, have, is_root, programs};
use std::process::ExitCode;

const ERRORS: [&str; 4] = ["EIO", "EMFILE", "ENOMEM", "EINTR"];

/// What each program is asked, and how many places in the row of one call's occurrences are
/// tried when not all are.
const QUESTIONS: &[(&str, &str, usize)] = &[
    ("rnetstat", "-tulnp --json", 3),
    ("rlsof", "-nP -i --json", 3),
    ("rfuser", "--json 4444/tcp 5353/udp", 3),
    ("rnmap", "-sT -p 4440-4450 --json 127.0.0.1", 3),
    ("rcompare", "--json --rounds 1 --passive", 1),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let every = words.iter().any(|word| word == "every");
    // A filter meant for another test, or a question of the harness's.
    let other = words.iter().find(|word| !word.starts_with('-'));
    if words.iter().any(|word| word == "--list")
        || other.is_some_and(|it| it != "every" && !"faults".contains(it.as_str()))
    {
        return ExitCode::SUCCESS;
    }
    if !is_root() || !have("strace") {
        e2e::skip("faults", line!(), "needs root and strace");
        return ExitCode::SUCCESS;
    }
    if !e2e::faults::is_static(&programs().join("rnetstat")) {
        let why =
            "the programs are not the static ones (CONCORD_DIST); a loader's calls are not ours";
        e2e::skip("faults", line!(), why);
        return ExitCode::SUCCESS;
    }
    let mut wrong = Vec::new();
    for (name, args, places) in QUESTIONS {
        wrong.extend(ask(&Question { name, args }, *places, every));
    }
    if wrong.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!(
        "{} faults were not told honestly:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    ExitCode::FAILURE
}

/// Two listeners and a datagram socket.
fn stage() -> Stage {
    let mut stage = Stage::new();
    for words in ["tcp 127.0.0.1:4444", "tcp [::1]:4445", "udp 127.0.0.1:5353"] {
        stage.add(words);
    }
    stage
}

/// Puts one question once for each fault; gives what was answered wrongly.
fn ask(question: &Question<'_>, places: usize, every: bool) -> Vec<String> {
    let mut stage = stage();
    let quiet = question.run(&stage, &[]);
    let calls = calls(&stage, question);
    assert!(calls.len() > 10, "strace counted {calls:?}");
    let mut told = Vec::new();
    let mut wrong = Vec::new();
    let faults = faults(&calls, places, every);
    for fault in &faults {
        if question.name == "rnmap" {
            // Each scan leaves an ended connection in the queue of a listener that never accepts.
            stage = self::stage();
        }
        let output = inject(&stage, question, fault);
        match Verdict::of(&quiet, &output, fault) {
            Ok(verdict) => told.push(verdict),
            Err(why) => wrong.push(format!("{fault}: {why}\n{output}")),
        }
    }
    let count = |wanted| told.iter().filter(|verdict| **verdict == wanted).count();
    println!(
        "{}: {} system calls, {} faults: {} answers whole, {} with gaps, {} refused, {} without memory",
        question.name,
        calls.len(),
        faults.len(),
        count(Verdict::Whole),
        count(Verdict::Gaps),
        count(Verdict::Refused),
        count(Verdict::Died)
    );
    wrong
}

/// The faults to try: all, or for each call some places, the errors in turn.
fn faults(calls: &[(String, usize)], places: usize, every: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (call, count) in calls {
        let mut at: Vec<usize> = match (every, places) {
            (true, _) => (1..=(*count).min(200)).collect(),
            (false, 1) => vec![count.div_ceil(2)],
            (false, _) => vec![1, count.div_ceil(2), *count],
        };
        at.dedup();
        for (number, when) in at.into_iter().enumerate() {
            for (index, error) in ERRORS.iter().enumerate() {
                if every || (faults.len() + number) % ERRORS.len() == index {
                    faults.push(Fault {
                        call: call.clone(),
                        error,
                        when,
                    });
                    if !every {
                        break;
                    }
                }
            }
        }
    }
    faults
}
