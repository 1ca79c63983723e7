//! Sockets that come and go while rcompare looks: not one of them may be called hidden.
//!
//! ```sh
//! cargo test -p e2e --test scenarios_churn        # under a minute, as CI does
//! cargo test -p e2e --test scenarios_churn -- 30  # the long proof: 30 minutes of each kind
//! cargo test -p e2e --test scenarios_churn -- 30 udp
//! ```
//!
//! No harness: the length is a word of its own, and the figures are the result.
#![expect(
    clippy::print_stdout,
    reason = "a test without a harness prints its figures and has words of its own"
)]

use e2e::report::PATIENT;
use e2e::{Made, Report, Stage, have, is_root};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Verdicts that would be a false alarm.
const ALARMS: &[&str] = &[
    "HIDDEN",
    "OWNER_UNKNOWN",
    "COUNTER_MISMATCH",
    "PROC_TAMPERED",
    "REMOTE",
    "STEERED",
];

/// How long one stage is used: every report leaves connections in the queue of the port that
/// stays, which accepts none, and a full queue is rightly called silent.
const STAGE: Duration = Duration::from_secs(300);

/// One kind of churn beside a port that stays.
struct Kind {
    name: &'static str,
    /// What stays, and must be told each time.
    stable: &'static str,
    /// What else is on the stage.
    others: &'static [&'static str],
    args: &'static str,
    /// Programs of the machine's that it takes.
    needs: &'static [&'static str],
    /// How long the daily run is.
    seconds: u64,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "s39_churning_listeners",
        stable: "tcp 0.0.0.0:4444 backlog=4000",
        others: &["churn tcp 20 500", "churn tcp 20 500"],
        args: "",
        needs: &[],
        seconds: 20,
    },
    Kind {
        name: "s40_churning_udp",
        stable: "udp 0.0.0.0:5353",
        others: &[
            "udpmany 127.0.0.1:20000 3000",
            "churn udp 50 500",
            "churn udp 50 500",
        ],
        args: "",
        needs: &[],
        seconds: 10,
    },
    Kind {
        name: "host_tools_beside_churn",
        stable: "tcp 0.0.0.0:4444 backlog=4000",
        others: &[
            "tcp 127.0.0.1:4500",
            "udp 127.0.0.1:5353",
            "churn tcp 20 500",
            "churn udp 50 500",
        ],
        args: "--host-tools --passive",
        needs: &["netstat", "ss", "lsof", "fuser"],
        seconds: 10,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let minutes = words.iter().find_map(|word| word.parse::<u64>().ok());
    let asked = |kind: &Kind| {
        let mut names = words.iter().filter(|word| word.parse::<u64>().is_err());
        names.all(|word| {
            word.starts_with('-') || "scenarios_churn".contains(word) || kind.name.contains(word)
        })
    };
    if words.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    if !is_root() {
        e2e::skip("scenarios_churn", line!(), "needs root to make namespaces");
        return ExitCode::SUCCESS;
    }
    for kind in KINDS.iter().filter(|kind| asked(kind)) {
        if let Some(missing) = kind.needs.iter().find(|name| !have(name)) {
            let why = format!("{}: {missing} is not installed", kind.name);
            e2e::skip("scenarios_churn", line!(), &why);
            continue;
        }
        let lasting = minutes.map_or(kind.seconds, |minutes| minutes * 60);
        never_alarms(kind, Duration::from_secs(lasting));
    }
    ExitCode::SUCCESS
}

/// What a run amounted to.
#[derive(Default)]
struct Sums {
    reports: u64,
    rounds: u64,
    transient: u64,
}

/// Reports until the time is over, on a fresh stage every few minutes.
fn never_alarms(kind: &Kind, lasting: Duration) {
    let started = Instant::now();
    let mut sums = Sums::default();
    while let Some(left) = lasting.checked_sub(started.elapsed()) {
        beside_churn(kind, left.min(STAGE), &mut sums);
    }
    println!(
        "{}: {} reports of {} rounds in {} s, {} came or went, no finding",
        kind.name,
        sums.reports,
        sums.rounds,
        started.elapsed().as_secs(),
        sums.transient
    );
}

/// None of the reports may alarm, and each must have the stable port.
fn beside_churn(kind: &Kind, lasting: Duration, sums: &mut Sums) {
    let mut stage = Stage::new();
    let made = stage.add(kind.stable);
    for other in kind.others {
        stage.add(*other);
    }
    let stable = agreed(&made);
    let started = Instant::now();
    while started.elapsed() < lasting {
        let args = format!("--json {PATIENT} {}", kind.args);
        let output = stage.inside().within(600).tool("rcompare", &args);
        let report = Report::of(&output);
        let before = format!("{} after {} quiet reports", kind.name, sums.reports);
        let alarms = report.with_verdict(ALARMS);
        assert!(alarms.is_empty(), "{before}: {alarms:#?}");
        let lies: Vec<_> = report.listings().filter(|it| accuses(it)).collect();
        assert!(lies.is_empty(), "{before}: {lies:#?}");
        assert!(
            report.lines().contains(&stable),
            "{before}: no {stable}\n{output}"
        );
        let mut odd = report.lines();
        odd.retain(|line| !line.starts_with("AGREE"));
        assert!(
            matches!(output.code, 0 | 3),
            "{before}: exit {}: {odd:#?} {:#?}",
            output.code,
            report.others.get("sign")
        );
        sums.reports += 1;
        sums.rounds += number(&report.summary, "rounds");
        let seen = report.others.get("transient").into_iter().flatten();
        sums.transient += seen.map(|line| number(line, "count")).sum::<u64>();
    }
}

/// `AGREE tcp 0.0.0.0:4444 7:fd3` of the one socket that was made.
fn agreed(made: &Made) -> String {
    let hold = made.holds.first().expect("one socket");
    let local = hold.local.expect("an address");
    let proto = if hold.role == "bound" { "udp" } else { "tcp" };
    format!("AGREE {proto} {local} {}:fd3", made.pid)
}

/// Whether a listing is said to lie.
fn accuses(listing: &serde_json::Value) -> bool {
    listing.get("weight").and_then(|it| it.as_str()) == Some("finding")
}

fn number(line: &serde_json::Value, key: &str) -> u64 {
    line.get(key).and_then(|it| it.as_u64()).unwrap_or_default()
}
