//! `cargo xtask fuzz [SECONDS [TARGET]]`: every parser of foreign bytes under LLVM's fuzzer,
//! each so long. No cargo-fuzz is needed: it is a build with LLVM's coverage counters in it.
//!
//! There is no address sanitizer in it: the parsers forbid unsafe code, and without it twice
//! as many inputs are tried. `cargo xtask miri` looks below them.

use crate::sh::{self, Outcome};
use crate::trust;
use crate::workspace::{self, cargo};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What makes the compiler count which edges an input takes, as libFuzzer wants it.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// The longest input, in bytes.
const LENGTH_MAX: usize = 16 << 10;
/// Seconds that make a figure: a shorter run is a trial.
const MINUTE: u64 = 60;

/// Builds and runs the targets; prints a line each, and a sum. What a run of at least a minute
/// came to is written into docs/TRUST.md.
///
/// # Errors
/// Something does not build, or an input breaks a parser: it is named.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let seconds: u64 = match words.first() {
        None => 60,
        Some(word) => word
            .parse()
            .map_err(|_| format!("{word} is no number of seconds"))?,
    };
    let only = words.get(1);
    let commit = trust::commit();
    let told = workspace::metadata(&["--no-deps"])?;
    let target = PathBuf::from(workspace::text(&told, "target_directory")).join("fuzz");
    build(&target)?;
    let corpus = target.join("corpus");
    let mut seeds = cargo("run");
    seeds.args(["--quiet", "--package", "foreign", "--bin", "seeds", "--"]);
    sh::run(seeds.arg(&corpus))?;
    let mut sum = 0u64;
    let mut broken = Vec::new();
    for name in names()? {
        if only.is_some_and(|only| **only != name) {
            continue;
        }
        let program = target.join(TRIPLE).join("release").join(&name);
        let run = fuzz(&program, &corpus.join(&name), seconds)?;
        println!(
            "{name:<14} {:>12} inputs  {:>6} edges  {}",
            run.inputs,
            run.edges,
            run.outcome()
        );
        if seconds >= MINUTE {
            trust::figures("fuzz", &name, &run.figures(&commit))?;
        }
        sum += run.inputs;
        if !run.passed {
            broken.push(format!("{name}: see {}", run.log.display()));
        }
    }
    println!("{sum} inputs, {} crashes", broken.len());
    if broken.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a parser broke (keep its input in tests/foreign/found): {}",
        broken.join("; ")
    ))
}

fn build(target: &Path) -> Outcome {
    let mut build = Command::new("cargo");
    build.args(["+nightly", "build", "--release", "--target", TRIPLE]);
    build.current_dir(workspace::root().join("fuzz"));
    build
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", FLAGS);
    // The toolchain that runs this chore is not the one wanted here.
    build.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    sh::run(&mut build)
}

/// The targets, as the manifest has them.
///
/// # Errors
/// It cannot be read.
pub(crate) fn names() -> Outcome<Vec<String>> {
    let path = workspace::root().join("fuzz/Cargo.toml");
    let manifest =
        std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let bins = manifest.split("[[bin]]").skip(1);
    Ok(bins
        .filter_map(|bin| Some(bin.split('"').nth(1)?.to_owned()))
        .collect())
}

/// What one run came to.
struct Run {
    inputs: u64,
    edges: u64,
    passed: bool,
    log: PathBuf,
}

impl Run {
    fn outcome(&self) -> &'static str {
        if self.passed { "no crash" } else { "CRASH" }
    }

    /// As docs/TRUST.md has it: inputs, edges, crashes, the commit.
    fn figures(&self, commit: &str) -> [String; 4] {
        let crashes = u64::from(!self.passed);
        let [inputs, edges, crashes] = [self.inputs, self.edges, crashes].map(trust::grouped);
        [inputs, edges, crashes, commit.to_owned()]
    }
}

fn fuzz(program: &Path, corpus: &Path, seconds: u64) -> Outcome<Run> {
    let log = corpus.with_extension("log");
    let file = std::fs::File::create(&log).map_err(|why| format!("{}: {why}", log.display()))?;
    let again = file
        .try_clone()
        .map_err(|why| format!("{}: {why}", log.display()))?;
    let mut command = Command::new(program);
    command.arg(corpus);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-max_len={LENGTH_MAX}"));
    command.arg(format!(
        "-artifact_prefix={}/",
        corpus.with_extension("found").display()
    ));
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
    std::fs::create_dir_all(corpus.with_extension("found")).map_err(|why| why.to_string())?;
    let status = sh::status(command.stdout(file).stderr(again))?;
    let text = std::fs::read(&log).map_err(|why| format!("{}: {why}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    Ok(Run {
        inputs: number_behind(&text, "stat::number_of_executed_units:"),
        edges: last_number_behind(&text, "cov: "),
        passed: status.success(),
        log,
    })
}

fn number_behind(text: &str, words: &str) -> u64 {
    let rest = text.split(words).nth(1).unwrap_or_default();
    let number = rest.split_whitespace().next().unwrap_or_default();
    number.parse().unwrap_or(0)
}

fn last_number_behind(text: &str, words: &str) -> u64 {
    let rest = text.rsplit(words).next().unwrap_or_default();
    let number = rest.split_whitespace().next().unwrap_or_default();
    number.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_the_log() {
        let log = "#2 INITED cov: 12 ft: 13\n#9 DONE cov: 34 ft: 50\n\
            stat::number_of_executed_units: 4711\nstat::average_exec_per_sec:     7\n";
        assert_eq!(number_behind(log, "stat::number_of_executed_units:"), 4711);
        assert_eq!(last_number_behind(log, "cov: "), 34);
        assert_eq!(number_behind("", "x"), 0);
    }

    #[test]
    fn every_parser_has_a_target_and_every_target_a_parser() {
        let path = workspace::root().join("tests/foreign/src/lib.rs");
        let source = std::fs::read_to_string(path).unwrap();
        let table = source.split("pub const TARGETS").nth(1).unwrap();
        let table = table.split("];").next().unwrap();
        let rows = table
            .lines()
            .filter_map(|line| line.trim().strip_prefix("(\""));
        let targets: Vec<&str> = rows.filter_map(|row| row.split('"').next()).collect();
        assert_eq!(names().unwrap(), targets);
    }
}
