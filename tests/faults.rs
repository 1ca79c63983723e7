//! A failure at every system call: each program, told by its kernel that this one call did
//! not work, gives the whole answer, or says what is missing, or says that it could not.
//!
//! strace injects the failure. Which calls there are is measured first, so that a call the
//! programs begin to make is tested without anybody thinking of it. Without words a few of
//! the possible faults are tried, spread over calls, errors and places; `every` (what
//! `cargo xtask faults` says) tries all of them, but of rcompare's, which runs a dozen programs
//! each time, every error at the first, a middle and the last occurrence. The name of a program
//! asks for that one alone.
//!
//! No harness: the figures are the result, a row a program as docs/TRUST.md has it: system
//! calls, faults, answers whole, with gaps, refused, ended without memory, and dishonest.
#![expect(
    clippy::print_stdout,
    reason = "a test without a harness prints its figures and has words of its own"
)]

use e2e::faults::{Fault, Question, Verdict, calls, errors, inject, is_nameless};
use e2e::{Stage, have, is_root, programs};
use std::process::ExitCode;

/// What each program is asked, and at how many places in the row of one call's occurrences it
/// is made to fail: in every test run, and when all are asked for.
const QUESTIONS: &[(&str, &str, [usize; 2])] = &[
    ("rnetstat", "-tulnp --json", [3, 1000]),
    ("rlsof", "-nP -i --json", [3, 1000]),
    ("rfuser", "--json 4444/tcp 5353/udp", [3, 1000]),
    ("rnmap", "-sT -p 4440-4450 --json 127.0.0.1", [3, 1000]),
    ("rcompare", "--json --rounds 1 --passive", [1, 3]),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let every = words.iter().any(|word| word == "every");
    let is_program = |word: &&String| QUESTIONS.iter().any(|question| question.0 == **word);
    let only: Vec<&String> = words.iter().filter(is_program).collect();
    // A filter meant for another test, or a question of the harness's.
    let other = words.iter().find(|word| !word.starts_with('-'));
    let meant =
        |word: &String| word == "every" || is_program(&word) || "faults".contains(word.as_str());
    if words.iter().any(|word| word == "--list") || other.is_some_and(|word| !meant(word)) {
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
        if only.is_empty() || only.iter().any(|word| word == name) {
            wrong.extend(ask(&Question { name, args }, *places, every));
        }
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
fn ask(question: &Question<'_>, places: [usize; 2], every: bool) -> Vec<String> {
    let mut stage = stage();
    let quiet = question.quiet(&stage);
    let (nameless, mut calls): (Vec<_>, Vec<_>) = calls(&stage, question)
        .into_iter()
        .partition(|(call, _)| is_nameless(call));
    calls.retain(|(call, _)| !errors(call).is_empty());
    assert!(calls.len() > 10, "strace counted {calls:?}");
    let (mut told, mut wrong, mut missed) = (Vec::new(), Vec::new(), 0);
    let faults = faults(&calls, places, every);
    for fault in &faults {
        if question.name == "rnmap" {
            // Each scan leaves an ended connection in the queue of a listener that never accepts.
            stage = self::stage();
        }
        let Some(output) = inject(&stage, question, fault) else {
            missed += 1;
            continue;
        };
        match Verdict::of(&quiet, &output, fault) {
            Ok(verdict) => told.push(verdict),
            Err(why) => {
                println!("{}: {fault}: {why}", question.name);
                wrong.push(format!("{}: {fault}: {why}\n{output}", question.name));
            }
        }
    }
    let count = |wanted| told.iter().filter(|verdict| **verdict == wanted).count();
    println!(
        "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
        question.name,
        calls.len(),
        faults.len() - missed,
        count(Verdict::Whole),
        count(Verdict::Gaps),
        count(Verdict::Refused),
        count(Verdict::Died),
        wrong.len()
    );
    println!("  {missed} more did not come about");
    if !nameless.is_empty() {
        let names: Vec<&str> = nameless.iter().map(|(call, _)| call.as_str()).collect();
        println!(
            "  not tried, strace has no name for them: {}",
            names.join(" ")
        );
    }
    wrong
}

/// The faults to try: every error at some or all places, or at each of some the errors in turn.
fn faults(calls: &[(String, usize)], [few, many]: [usize; 2], every: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (call, count) in calls {
        for (number, when) in places(*count, if every { many } else { few }).enumerate() {
            let all = errors(call);
            let turn = (faults.len() + number) % all.len();
            let chosen = if every { 0..all.len() } else { turn..turn + 1 };
            faults.extend(
                all.iter()
                    .take(chosen.end)
                    .skip(chosen.start)
                    .map(|error| Fault {
                        call: call.clone(),
                        error,
                        when,
                    }),
            );
        }
    }
    faults
}

/// At most so many numbers from 1 to `count`, evenly spread, with both ends; one is the middle.
fn places(count: usize, at_most: usize) -> impl Iterator<Item = usize> {
    let many = at_most.min(count);
    (0..many).map(move |number| match many {
        1 => count.div_ceil(2),
        _ => 1 + (count - 1) * number / (many - 1),
    })
}
