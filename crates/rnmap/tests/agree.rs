//! The long proof, run by hand with a count: every port of the laboratory, asked again and again by us
//! and by nmap, in both families, each answer held against the other and against what the
//! laboratory was built to be.
//!
//! ```sh
//! cargo test -p rnmap --test agree -- 20       # runs of each kind
//! cargo test -p rnmap --test agree -- 20 5     # nmap is asked in every fifth only
//! cargo test -p rnmap --test agree -- empty 50 # full scans of a namespace with no socket
//! ```

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a proof run by hand, which fails by panicking"
)]

mod lab;

use lab::{Lab, SUSPECT_V4, SUSPECT_V6, States, cannot_run, differences, truth};
use model::PortState;
use std::time::Instant;

/// Every technique, and the ports it is asked for: 65,535 of TCP, 2,000 of UDP.
const KINDS: &[(&str, &str)] = &[("-sT", "-p-"), ("-sS", "-p-"), ("-sU", "-p 1-2000")];

fn main() {
    if cannot_run(&["ip", "nft", "nmap"]) {
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<usize>().ok());
    match (words.first().map(String::as_str), number(0)) {
        (Some("empty"), _) => empty(number(1).unwrap_or(50)),
        (_, Some(runs)) => beside_nmap(runs, number(1).unwrap_or(1).max(1)),
        // The daily run: little, so that this file is known to work.
        _ => empty(1),
    }
}

/// Asks us every time and nmap every so often.
fn beside_nmap(runs: usize, every: usize) {
    let (mut asked, mut unlike, mut wrong) = (0, 0, 0);
    for (technique, ports) in KINDS {
        for (addr, family) in [(SUSPECT_V4, ""), (SUSPECT_V6, "-6 ")] {
            let mut lab = Lab::joined();
            lab.furnish();
            let mut theirs = States::new();
            for run in 0..runs {
                if run % every == 0 {
                    let words = format!("{family}{technique} {ports} {addr}");
                    theirs = lab.nmap(&lab.trusted, &words);
                }
                let from = Instant::now();
                let ours = lab.states(&lab.trusted, &format!("-Pn {technique} {ports} {addr}"));
                let took = from.elapsed().as_secs_f64();
                let known: States = ours
                    .keys()
                    .map(|port| (*port, truth(technique, addr, *port)))
                    .collect();
                let (each, ours_off, theirs_off) = (
                    differences(&ours, &theirs),
                    differences(&ours, &known),
                    differences(&theirs, &known),
                );
                println!(
                    "{technique} {addr} run {run}: {} ports in {took:.2} s, unlike nmap {each:?}, \
                     unlike the laboratory {ours_off:?}, nmap unlike the laboratory {theirs_off:?}",
                    ours.len()
                );
                asked += ours.len();
                unlike += each.len();
                wrong += ours_off.len();
            }
        }
    }
    println!("{asked} states: {unlike} unlike nmap's, {wrong} unlike the laboratory");
    assert_eq!(wrong, 0);
}

/// A probe that meets itself looks like an open port: it must never be told of.
fn empty(runs: usize) {
    let lab = Lab::empty();
    for run in 0..runs {
        for technique in ["-sT", "-sS", "-sU"] {
            let addr = if run % 2 == 0 { "127.0.0.1" } else { "::1" };
            let found = lab.states(&lab.suspect, &format!("{technique} -p- {addr}"));
            let closed = found.values().filter(|state| **state == PortState::Closed);
            assert_eq!(
                (found.len(), closed.count()),
                (65_535, 65_535),
                "{technique} {run}"
            );
        }
        println!("run {run}: 65535 ports closed, three ways");
    }
}
