//! `cargo xtask bench`: our programs beside their peers, in one run, in turns. Prints
//! ratios and writes docs/BENCHMARKS.md; never asserts a time.

mod cable;
mod growth;
mod measure;
mod pairs;
mod plot;
mod report;

use crate::load::Load;
use crate::sh::{self, Outcome};
use crate::targets::{self, HOST};
use crate::workspace::{self, cargo};
use crate::{dist, packages};
use cable::Cable;
use growth::Size;
use measure::Bench;
use pairs::{CABLE, Pair, SCANS, TABLES, TEXT_ALONE};
use std::path::Path;
use std::process::Command;

/// Processes of the load: 44,000 sockets and 84,000 descriptors.
const PROCESSES: u16 = 200;
/// For the growth: a tenth, and ten times as much.
const FEW: u16 = PROCESSES / 10;
const MANY: u16 = PROCESSES * 10;

/// Builds, then measures in namespaces of its own. `growth` also measures from 4,400 to
/// 440,000 sockets, and draws docs/growth.svg; all of it takes some ten minutes.
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
    let own = dist::own_program()?;
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
    let mut rows = measured(bench, SCANS)?;
    let cable = Cable::laid()?;
    rows.extend(measured(bench, CABLE)?);
    drop(cable);
    let mut load = Load::default();
    let mut sizes = Vec::new();
    if growth {
        load.grow(FEW)?;
        sizes.push(Size::measure(bench, FEW));
    }
    load.grow(PROCESSES)?;
    rows.extend(measured(bench, TABLES)?);
    let text_alone = bench.several(TEXT_ALONE, measure::REPETITIONS)?;
    if growth {
        sizes.push(Size::measure(bench, PROCESSES));
        match load.grow(MANY) {
            Ok(()) => sizes.push(Size::measure(bench, MANY)),
            Err(why) => eprintln!("SKIPPED: the largest load: {why}"),
        }
    }
    drop(load);
    let told = report::Told {
        rows: &rows,
        sizes: &sizes,
        nothing: bench.once(&["true"])?,
        text_alone,
    };
    let text = report::markdown(&told, &machine);
    print!("{text}");
    let docs = workspace::root().join("docs");
    if growth {
        let drawing = plot::svg(&sizes);
        dist::place(&docs.join("growth.svg"), drawing.as_bytes(), 0o644)?;
    }
    dist::place(&docs.join("BENCHMARKS.md"), text.as_bytes(), 0o644)
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
