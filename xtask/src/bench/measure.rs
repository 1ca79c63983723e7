//! Runs a program under the stop-watch, several times, and takes medians.

use super::pairs::Pair;
use crate::sh::Outcome;
use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs of each program.
pub(super) const REPETITIONS: usize = 7;

/// Where the programs and the stop-watch are.
pub(super) struct Bench<'a> {
    /// Our programs.
    pub programs: &'a Path,
    /// The stop-watch.
    pub peak: &'a Path,
}

/// One run, or the median of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Wall time in nanoseconds.
    pub wall: u64,
    /// Peak resident memory in KiB.
    pub peak: u64,
}

/// What one pair came to.
pub(super) struct Measured {
    /// Our median.
    pub ours: Sample,
    /// The peer's median.
    pub peer: Sample,
    /// Lines each printed when asked once before: do both do the same work?
    pub lines: [usize; 2],
}

impl Bench<'_> {
    /// Both in turns, so that a busy moment of the machine touches both.
    pub(super) fn pair(&self, pair: &Pair) -> Outcome<Measured> {
        let lines = [self.lines(pair.ours)?, self.lines(pair.peer)?];
        let mut ours = Vec::new();
        let mut peer = Vec::new();
        for _ in 0..REPETITIONS {
            ours.push(self.once(pair.ours)?);
            peer.push(self.once(pair.peer)?);
        }
        Ok(Measured {
            ours: median(&ours),
            peer: median(&peer),
            lines,
        })
    }

    /// One program alone, several times.
    pub(super) fn several(&self, words: &[&str]) -> Outcome<Sample> {
        let runs: Outcome<Vec<Sample>> = (0..REPETITIONS).map(|_| self.once(words)).collect();
        Ok(median(&runs?))
    }

    /// One run under the stop-watch.
    pub(super) fn once(&self, words: &[&str]) -> Outcome<Sample> {
        let mut command = Command::new(self.peak);
        let told = command.args(self.words(words)).output();
        let told = told.map_err(|why| format!("{}: {why}", self.peak.display()))?;
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        sample(&text).ok_or_else(|| format!("{}: {}", words.join(" "), text.trim()))
    }

    /// How many lines it prints.
    fn lines(&self, words: &[&str]) -> Outcome<usize> {
        let (program, arguments) = (self.program(words), words.get(1..).unwrap_or(&[]));
        let mut command = Command::new(&program);
        let told = command.args(arguments).stdin(Stdio::null()).output();
        let told = told.map_err(|why| format!("{program}: {why}"))?;
        if told.status.code() == Some(2) && program.starts_with('/') {
            let said = String::from_utf8_lossy(&told.stderr);
            return Err(said.lines().next().unwrap_or("exit 2").to_owned());
        }
        match told.stdout.lines().count() {
            0 => Err(format!("{program} printed nothing")),
            lines => Ok(lines),
        }
    }

    fn words(&self, words: &[&str]) -> Vec<String> {
        let rest = words.iter().skip(1).map(|word| (*word).to_owned());
        std::iter::once(self.program(words)).chain(rest).collect()
    }

    /// The path of a program of ours; the name of another's.
    fn program(&self, words: &[&str]) -> String {
        let name = words.first().copied().unwrap_or_default();
        let ours = self.programs.join(name);
        if ours.is_file() {
            ours.display().to_string()
        } else {
            name.to_owned()
        }
    }
}

/// What the stop-watch said; none if the program was killed.
fn sample(text: &str) -> Option<Sample> {
    let mut words = text.split_whitespace();
    let wall = words.next()?.parse().ok()?;
    let peak = words.next()?.parse().ok()?;
    let code: i32 = words.next()?.parse().ok()?;
    (code >= 0).then_some(Sample { wall, peak })
}

/// The median of each figure by itself.
fn median(runs: &[Sample]) -> Sample {
    let middle = |mut figures: Vec<u64>| {
        figures.sort_unstable();
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    Sample {
        wall: middle(runs.iter().map(|run| run.wall).collect()),
        peak: middle(runs.iter().map(|run| run.peak).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_watch_is_read() {
        let read = Sample {
            wall: 12,
            peak: 900,
        };
        assert_eq!(sample("12 900 0\n"), Some(read));
        assert_eq!(sample("12 900 -1\n"), None);
        assert_eq!(sample("no such file\n"), None);
    }

    #[test]
    fn one_slow_run_does_not_move_the_median() {
        let run = |wall, peak| Sample { wall, peak };
        let runs = [run(10, 3), run(999, 1), run(11, 2)];
        assert_eq!(median(&runs), run(11, 2));
    }
}
