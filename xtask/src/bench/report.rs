//! The figures as docs/BENCHMARKS.md shows them: pure text from a run.

use super::growth;
use super::growth::Size;
use super::measure::{Measured, REPETITIONS, Sample};
use super::pairs::{PEERS, Pair, TEXT_ALONE};
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

/// What was measured.
pub(super) struct Told<'a> {
    /// Pair by pair.
    pub rows: &'a [Row],
    /// Size by size.
    pub sizes: &'a [Size],
    /// A program that does nothing.
    pub nothing: Sample,
    /// Reading the text tables and no more, under the load.
    pub text_alone: Sample,
}

/// The whole document.
pub(super) fn markdown(told: &Told<'_>, machine: &Machine) -> String {
    let mut text = String::from(HEAD);
    let _ = write!(
        text,
        "* machine: {}, {} processors, Linux {}; load average {} before the run: others' work widens and \
         narrows ratios\n* peers: {}\n* the best of at most {REPETITIONS} runs each, ours and the peer in \
         turns; output thrown away; `processors` is user and system time, `ms` that of the clock\n* memory is \
         the greatest peak resident set; what the stop-watch itself leaves in it is {} KiB (`true` shows as \
         much)\n\n",
        machine.processor,
        machine.processors,
        machine.kernel,
        machine.load,
        machine.peers.join(", "),
        told.nothing.peak,
    );
    text.push_str(
        "| ours | peer | ours ms | peer ms | ratio | at most | processors ms | ratio | memory KiB | ratio \
         | lines | runs |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in told.rows {
        text.push_str(&line(row));
    }
    text.push_str(&text_floor(told));
    text.push_str(&growth::chapter(told.sizes));
    text.push_str(&recipe());
    text
}

/// What of netstat's time nobody who reads the text tables can save.
fn text_floor(told: &Told<'_>) -> String {
    let is_text = |row: &&Row| row.pair.peer == ["netstat", "-tan"];
    let Some(Ok(netstat)) = told.rows.iter().find(is_text).map(|row| &row.outcome) else {
        return String::new();
    };
    let alone = &told.text_alone;
    format!(
        "\n`{}` alone takes {:.1} ms, {:.2} of `netstat -tan`: the kernel writes these tables a page a call, \
         and only\nwhile they are read. Whoever reads them as text can save only what is left.\n",
        TEXT_ALONE.join(" "),
        millis(alone.wall),
        ratio(alone.wall, netstat.peer.wall),
    )
}

/// What the load and the other host are.
fn recipe() -> String {
    format!(
        "\n## The load\n\n{} processes in a network and a pid namespace of their own, each with {} TCP \
         listeners, {} connections\nto them (both ends held), {} pipes, {} open files and 3 standard \
         ones: {} sockets and {} descriptors\nin all. `xtask/src/load.rs` makes it. The scans \
         run before it, while nothing listens: the first two in the same namespace, the others over a veth \
         cable\nto a namespace that has 10.77.0.1 and all of 10.78.0.0/24. nmap scans that at its own pace: \
         hurried by\n`-T5 --min-rate 100000` it loses answers there, and calls closed ports filtered.\n",
        super::PROCESSES,
        load::LISTENERS,
        load::CONNECTIONS,
        load::PIPES,
        load::FILES,
        usize::from(super::PROCESSES) * load::SOCKETS,
        usize::from(super::PROCESSES) * load::DESCRIPTORS,
    )
}

const HEAD: &str = "# Benchmarks\n\nWritten by `cargo xtask bench`; do not edit. Only ratios within one \
    run mean anything: the milliseconds are this\nmachine's. No test asserts a time.\n\n";

fn line(row: &Row) -> String {
    let (ours, peer) = (row.pair.ours.join(" "), row.pair.peer.join(" "));
    let at_most = row.pair.at_most;
    match &row.outcome {
        Err(why) => {
            format!("| `{ours}` | `{peer}` | not measured: {why} | | | {at_most} | | | | | | |\n")
        }
        Ok(told) => {
            let time = ratio(told.ours.wall, told.peer.wall);
            let over = if time > at_most { " **over**" } else { "" };
            let memory = ratio(told.ours.peak, told.peer.peak);
            let heavy = if memory > 1.0 { " **over**" } else { "" };
            format!(
                "| `{ours}` | `{peer}` | {:.1} | {:.1} | {time:.2}{over} | {at_most} | {:.1} / {:.1} | {:.2} | \
                 {} / {} | {memory:.2}{heavy} | {} / {} | {} |\n",
                millis(told.ours.wall),
                millis(told.peer.wall),
                millis(told.ours.processors),
                millis(told.peer.processors),
                ratio(told.ours.processors, told.peer.processors),
                told.ours.peak,
                told.peer.peak,
                told.lines[0],
                told.lines[1],
                told.runs,
            )
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds of a run fit 52 bits"
)]
pub(super) fn millis(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "figures of a run fit 52 bits")]
pub(super) fn ratio(ours: u64, peer: u64) -> f64 {
    ours as f64 / peer.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::pairs::TABLES;

    const fn sample(wall: u64, peak: u64) -> Sample {
        Sample {
            wall,
            processors: wall,
            peak,
        }
    }

    fn measured(wall: u64) -> Measured {
        Measured {
            ours: sample(wall, 900),
            peer: sample(10_000_000, 1000),
            runs: 7,
            lines: [5, 6],
        }
    }

    fn row(index: usize, outcome: Outcome<Measured>) -> Row {
        let pair = &TABLES[index];
        Row { pair, outcome }
    }

    #[test]
    fn a_ratio_over_the_promise_is_marked() {
        let good = line(&row(0, Ok(measured(6_000_000))));
        assert!(
            good.contains(
                "| 6.0 | 10.0 | 0.60 | 0.6 | 6.0 / 10.0 | 0.60 | 900 / 1000 | 0.90 | 5 / 6 | 7 |"
            ),
            "{good}"
        );
        assert!(line(&row(0, Ok(measured(6_100_000)))).contains("0.61 **over**"));
        assert!(line(&row(0, Err("no ss".into()))).contains("not measured: no ss"));
    }

    #[test]
    fn the_kernels_part_is_told_beside_netstat() {
        let rows = [row(1, Ok(measured(6_000_000)))];
        let told = Told {
            rows: &rows,
            sizes: &[],
            nothing: sample(1, 1),
            text_alone: sample(6_300_000, 1),
        };
        let text = text_floor(&told);
        assert!(text.contains("takes 6.3 ms, 0.63 of"), "{text}");
    }
}
