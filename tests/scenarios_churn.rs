//! Sockets that come and go while rcompare looks: not one of them may be called hidden.

use e2e::{Report, Stage, need_root};
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

/// Reports until the time is over; none may alarm, and each must have the stable port.
#[track_caller]
fn never_alarms(stage: &Stage, stable: &str, lasting: Duration) {
    let started = Instant::now();
    let mut rounds = 0;
    while started.elapsed() < lasting {
        let output = stage.inside().within(120).tool("rcompare", "--json");
        let report = Report::of(&output);
        let alarms = report.with_verdict(ALARMS);
        assert!(
            alarms.is_empty(),
            "after {rounds} quiet reports: {alarms:#?}"
        );
        assert!(
            report.lines().iter().any(|line| line == stable),
            "{stable}\n{output}"
        );
        let odd: Vec<_> = report
            .ports
            .iter()
            .filter(|port| port.line() != stable)
            .collect();
        assert!(
            matches!(output.code, 0 | 3),
            "exit {}: {odd:#?}",
            output.code
        );
        rounds += 1;
    }
}

#[test]
fn s39_churning_listeners_are_never_called_hidden() {
    need_root!();
    let mut stage = Stage::new();
    // It accepts nothing, and every report leaves a connection in its queue: room for them all,
    // or it is rightly called silent in the end.
    let made = stage.add("tcp 0.0.0.0:4444 backlog=1000");
    stage.add("churn tcp 20 500");
    stage.add("churn tcp 20 500");
    let stable = format!("AGREE tcp 0.0.0.0:4444 {}:fd3", made.pid);
    never_alarms(&stage, &stable, Duration::from_secs(30));
}

#[test]
fn s40_churning_udp_is_never_called_hidden() {
    need_root!();
    let mut stage = Stage::new();
    let made = stage.add("udp 0.0.0.0:5353");
    stage.add("udpmany 127.0.0.1:20000 3000");
    stage.add("churn udp 50 500");
    stage.add("churn udp 50 500");
    let stable = format!("AGREE udp 0.0.0.0:5353 {}:fd3", made.pid);
    never_alarms(&stage, &stable, Duration::from_secs(10));
}
