//! The figures as docs/BENCHMARKS.md shows them: pure text from a run.

use super::measure::{Measured, REPETITIONS, Sample};
use super::pairs::{PEERS, Pair, TABLES};
use crate::load;
use crate::sh::{self, Outcome};
use std::fmt::Write;
use std::process::Command;

/// One pair and what it came to, or why it was not measured.
pub(super) struct Row {
    /// What was run.
    pub pair: &'static Pair,
    /// The figures.
    pub outcome: Outcome<Measured>,
}

/// What was measured on.
pub(super) struct Machine {
    /// Kernel release.
    pub kernel: String,
    /// Processor model.
    pub processor: String,
    /// Processors.
    pub processors: usize,
    /// How busy it was before the run, as the kernel averages it over a minute.
    pub load: String,
    /// Package and version of each peer.
    pub peers: Vec<String>,
}

impl Machine {
    /// Asks this one.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub(super) fn read() -> Outcome<Machine> {
        let read =
            |path: &str| std::fs::read_to_string(path).map_err(|why| format!("{path}: {why}"));
        let told = read("/proc/cpuinfo")?;
        let model = told.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split_once(": "));
        Ok(Machine {
            kernel: read("/proc/sys/kernel/osrelease")?.trim().into(),
            processor: model.map_or("unknown", |(_, model)| model).into(),
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            load: read("/proc/loadavg")?
                .split(' ')
                .next()
                .unwrap_or_default()
                .into(),
            peers: PEERS.iter().map(|package| version(package)).collect(),
        })
    }
}

fn version(package: &str) -> String {
    let mut ask = Command::new("dpkg-query");
    ask.args(["--show", "--showformat", "${Package} ${Version}", package]);
    sh::output(&mut ask).unwrap_or_else(|_| format!("{package} (not from a package)"))
}

/// The whole document.
pub(super) fn markdown(
    rows: &[Row],
    grown: &[(u16, Vec<Option<Sample>>)],
    floor: &Sample,
    machine: &Machine,
) -> String {
    let mut text = String::from(HEAD);
    let _ = write!(
        text,
        "* machine: {}, {} processors, Linux {}; load average {} before the run: others' work widens and \
         narrows ratios\n* peers: {}\n* median of {REPETITIONS} runs each, \
         ours and the peer in turns; output thrown away\n* memory is the peak resident set; what the \
         stop-watch itself leaves in it is {} KiB (`true` shows as much)\n\n",
        machine.processor,
        machine.processors,
        machine.kernel,
        machine.load,
        machine.peers.join(", "),
        floor.peak,
    );
    text.push_str(
        "| ours | peer | ours ms | peer ms | ratio | at most | memory KiB | ratio | lines |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        text.push_str(&line(row));
    }
    text.push_str(&growth(grown));
    let _ = write!(
        text,
        "\n## The load\n\n{} processes in a network and a pid namespace of their own, each with {} TCP \
         listeners, {} connections\nto them (both ends held), {} pipes, {} open files and 3 standard \
         ones: {} sockets and {} descriptors\nin all. `xtask/src/load.rs` makes it. The scans \
         run before it, while nothing listens: the first two in the same namespace, the others over a veth \
         cable\nto a namespace that has 10.77.0.1 and all of 10.78.0.0/24.\n",
        super::PROCESSES,
        load::LISTENERS,
        load::CONNECTIONS,
        load::PIPES,
        load::FILES,
        usize::from(super::PROCESSES) * load::SOCKETS,
        usize::from(super::PROCESSES) * load::DESCRIPTORS,
    );
    text
}

const HEAD: &str = "# Benchmarks\n\nWritten by `cargo xtask bench`; do not edit. Only ratios within one \
    run mean anything: the milliseconds are this\nmachine's. No test asserts a time.\n\n";

fn line(row: &Row) -> String {
    let (ours, peer) = (row.pair.ours.join(" "), row.pair.peer.join(" "));
    let at_most = row.pair.at_most;
    match &row.outcome {
        Err(why) => {
            format!("| `{ours}` | `{peer}` | not measured: {why} | | | {at_most} | | | |\n")
        }
        Ok(told) => {
            let time = ratio(told.ours.wall, told.peer.wall);
            let over = if time > at_most { " **over**" } else { "" };
            let memory = ratio(told.ours.peak, told.peer.peak);
            let heavy = if memory > 1.0 { " **over**" } else { "" };
            format!(
                "| `{ours}` | `{peer}` | {:.1} | {:.1} | {time:.2}{over} | {at_most} | {} / {} | \
                 {memory:.2}{heavy} | {} / {} |\n",
                millis(told.ours.wall),
                millis(told.peer.wall),
                told.ours.peak,
                told.peer.peak,
                told.lines[0],
                told.lines[1],
            )
        }
    }
}

/// Ours over the load's size; nothing if it was not measured.
fn growth(grown: &[(u16, Vec<Option<Sample>>)]) -> String {
    let (Some((few, first)), Some((many, last))) = (grown.first(), grown.last()) else {
        return String::new();
    };
    let mut text = String::from(
        "\n## Growth\n\nOurs alone; 1.00 is linear in the size of the load.\n\n| ours |",
    );
    for (processes, _) in grown {
        let _ = write!(
            text,
            " {} sockets: ms, KiB |",
            usize::from(*processes) * load::SOCKETS
        );
    }
    text.push_str(" exponent, time | exponent, memory |\n|---|");
    text.push_str(&"--:|".repeat(grown.len() + 2));
    text.push('\n');
    let size = f64::from(*many) / f64::from(*few);
    for (index, pair) in TABLES.iter().enumerate() {
        let _ = write!(text, "| `{}` |", pair.ours.join(" "));
        for (_, samples) in grown {
            let _ = match samples.get(index).copied().flatten() {
                Some(sample) => write!(text, " {:.1}, {} |", millis(sample.wall), sample.peak),
                None => write!(text, " failed |"),
            };
        }
        let ends = (
            first.get(index).copied().flatten(),
            last.get(index).copied().flatten(),
        );
        let _ = match ends {
            (Some(a), Some(b)) => writeln!(
                text,
                " {:.2} | {:.2} |",
                ratio(b.wall, a.wall).ln() / size.ln(),
                ratio(b.peak, a.peak).ln() / size.ln(),
            ),
            _ => writeln!(text, " | |"),
        };
    }
    text
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds of a run fit 52 bits"
)]
fn millis(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "figures of a run fit 52 bits")]
fn ratio(ours: u64, peer: u64) -> f64 {
    ours as f64 / peer.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn sample(wall: u64, peak: u64) -> Sample {
        Sample { wall, peak }
    }

    fn row(outcome: Outcome<Measured>) -> Row {
        let pair = &TABLES[0];
        Row { pair, outcome }
    }

    #[test]
    fn a_ratio_over_the_promise_is_marked() {
        let told = |wall| Measured {
            ours: sample(wall, 900),
            peer: sample(10_000_000, 1000),
            lines: [5, 6],
        };
        let good = line(&row(Ok(told(6_000_000))));
        assert!(
            good.contains("| 6.0 | 10.0 | 0.60 | 0.6 | 900 / 1000 | 0.90 | 5 / 6 |"),
            "{good}"
        );
        assert!(line(&row(Ok(told(6_100_000)))).contains("0.61 **over**"));
        assert!(line(&row(Err("no ss".into()))).contains("not measured: no ss"));
    }

    #[test]
    fn a_hundred_times_the_work_in_a_hundred_times_the_time_is_linear() {
        let at = |wall, peak| vec![Some(sample(wall, peak))];
        let text = growth(&[(20, at(1_000, 10)), (2000, at(100_000, 10))]);
        assert!(text.contains(" 1.00 | 0.00 |"), "{text}");
        assert_eq!(growth(&[]), "");
    }
}
