//! `cargo xtask bench`: our programs beside their peers, in one run, in turns. Prints
//! ratios and writes docs/BENCHMARKS.md; never asserts a time.

mod cable;
mod measure;
mod pairs;
mod report;

use crate::load::Load;
use crate::sh::{self, Outcome};
use crate::targets::{self, HOST};
use crate::workspace::{self, cargo};
use crate::{dist, packages};
use cable::Cable;
use measure::{Bench, Sample};
use pairs::{CABLE, Pair, SCANS, TABLES};
use std::path::Path;
use std::process::Command;

/// Processes of the load: 44,000 sockets and 84,000 descriptors.
const PROCESSES: u16 = 200;
/// For the growth: a tenth, and ten times as much.
const FEW: u16 = PROCESSES / 10;
const MANY: u16 = PROCESSES * 10;

/// Builds, then measures in namespaces of its own. `growth` also measures ours from 4,400
/// to 440,000 sockets, which takes minutes.
///
/// # Errors
/// Something cannot be built or staged, or docs/BENCHMARKS.md cannot be written.
pub(crate) fn run(words: &[&str]) -> Outcome {
    match words {
        ["staged", programs, peak, rest @ ..] => {
            let bench = Bench {
                programs: Path::new(programs),
                peak: Path::new(peak),
            };
            staged(&bench, rest == ["growth"])
        }
        [] | ["growth"] => outer(words),
        [other, ..] => Err(format!("bench: what is {other}? (only `growth` is known)")),
    }
}

fn outer(words: &[&str]) -> Outcome {
    for program in packages::install() {
        eprintln!("SKIPPED: {program} is not installed, nothing is compared with it");
    }
    let programs = dist::host()?;
    let peak = build_peak()?;
    let own = std::env::current_exe().map_err(|why| format!("this program: {why}"))?;
    // A pid namespace of its own: all see the load, and nothing else.
    let mut stage = Command::new("unshare");
    stage.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    stage.arg(own).args(["bench", "staged"]);
    sh::run(stage.arg(programs).arg(peak).args(words))
}

/// Builds the stop-watch, static as what it measures.
fn build_peak() -> Outcome<String> {
    targets::ready(HOST)?;
    let mut build = cargo("build");
    build.args(["--release", "--package", "xtask", "--bin", "peak"]);
    build.args([
        "--target",
        HOST.triple,
        "--message-format=json-render-diagnostics",
    ]);
    let mut built = String::new();
    sh::lines(build, |line| {
        let told: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let path = workspace::text(&told, "executable");
        if !path.is_empty() {
            built = path;
        }
    })?;
    Ok(built)
}

/// Measures, inside the namespaces.
fn staged(bench: &Bench<'_>, growth: bool) -> Outcome {
    sh::run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let machine = report::Machine::read()?;
    // First the scans, while nothing listens: all 65,535 ports are closed.
    let mut told = measured(bench, SCANS)?;
    let cable = Cable::laid()?;
    told.extend(measured(bench, CABLE)?);
    drop(cable);
    let mut load = Load::default();
    let mut grown = Vec::new();
    if growth {
        load.grow(FEW)?;
        grown.push((FEW, alone(bench)?));
    }
    load.grow(PROCESSES)?;
    told.extend(measured(bench, TABLES)?);
    if growth {
        grown.push((PROCESSES, alone(bench)?));
        load.grow(MANY)?;
        grown.push((MANY, alone(bench)?));
    }
    drop(load);
    let floor = bench.once(&["true"])?;
    let text = report::markdown(&told, &grown, &floor, &machine);
    print!("{text}");
    let path = workspace::root().join("docs/BENCHMARKS.md");
    dist::place(&path, text.as_bytes(), 0o644)
}

/// Each pair, ours and the peer in turns.
fn measured(bench: &Bench<'_>, pairs: &'static [Pair]) -> Outcome<Vec<report::Row>> {
    let mut rows = Vec::new();
    for pair in pairs {
        eprintln!("{} / {}", pair.ours.join(" "), pair.peer.join(" "));
        rows.push(report::Row {
            pair,
            outcome: bench.pair(pair),
        });
    }
    Ok(rows)
}

/// Ours alone, for the growth: the median of each work on the tables.
fn alone(bench: &Bench<'_>) -> Outcome<Vec<Option<Sample>>> {
    Ok(TABLES
        .iter()
        .map(|pair| bench.several(pair.ours).ok())
        .collect())
}
