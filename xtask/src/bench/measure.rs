//! Runs a program under the stop-watch, several times, and takes the least: whatever else
//! the machine does can only add to a run.

use super::pairs::Pair;
use crate::sh::Outcome;
use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of each program at most.
pub(super) const REPETITIONS: usize = 7;

/// After so long no further run of a pair begins, but there is one at least.
const ENOUGH: Duration = Duration::from_secs(25);

/// Where the programs and the stop-watch are.
pub(super) struct Bench<'a> {
    /// Our programs.
    pub programs: &'a Path,
    /// The stop-watch.
    pub peak: &'a Path,
}

/// One run, or the best of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Wall time in nanoseconds.
    pub wall: u64,
    /// Time on the processors, in nanoseconds.
    pub processors: u64,
    /// Peak resident memory in KiB.
    pub peak: u64,
}

/// What one pair came to.
pub(super) struct Measured {
    /// Our best.
    pub ours: Sample,
    /// The peer's best.
    pub peer: Sample,
    /// Runs of each.
    pub runs: usize,
    /// Lines each printed when asked once before: do both do the same work?
    pub lines: [usize; 2],
}

impl Bench<'_> {
    /// Both in turns, so that a busy moment of the machine touches both.
    pub(super) fn pair(&self, pair: &Pair) -> Outcome<Measured> {
        let begun = Instant::now();
        let lines = [self.lines(pair.ours)?, self.lines(pair.peer)?];
        let mut ours = Vec::new();
        let mut peer = Vec::new();
        while ours.len() < REPETITIONS && (ours.is_empty() || begun.elapsed() < ENOUGH) {
            ours.push(self.once(pair.ours)?);
            peer.push(self.once(pair.peer)?);
        }
        Ok(Measured {
            ours: best(&ours),
            peer: best(&peer),
            runs: ours.len(),
            lines,
        })
    }

    /// One program alone, so many times.
    pub(super) fn several(&self, words: &[&str], count: usize) -> Outcome<Sample> {
        let runs: Outcome<Vec<Sample>> = (0..count).map(|_| self.once(words)).collect();
        Ok(best(&runs?))
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
    let mut next = || words.next()?.parse().ok();
    let (wall, processors, peak) = (next()?, next()?, next()?);
    let code: i32 = words.next()?.parse().ok()?;
    (code >= 0).then_some(Sample {
        wall,
        processors,
        peak,
    })
}

/// The least time of each kind, and the greatest memory.
fn best(runs: &[Sample]) -> Sample {
    let least = |figure: fn(&Sample) -> u64| runs.iter().map(figure).min().unwrap_or_default();
    Sample {
        wall: least(|run| run.wall),
        processors: least(|run| run.processors),
        peak: runs.iter().map(|run| run.peak).max().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wall: u64, processors: u64, peak: u64) -> Sample {
        Sample {
            wall,
            processors,
            peak,
        }
    }

    #[test]
    fn the_stop_watch_is_read() {
        assert_eq!(sample("12 9 900 0\n"), Some(run(12, 9, 900)));
        assert_eq!(sample("12 9 900 -1\n"), None);
        assert_eq!(sample("no such file\n"), None);
    }

    #[test]
    fn slow_runs_do_not_count_and_no_memory_is_hidden() {
        let runs = [run(10, 8, 3), run(999, 7, 1), run(11, 9, 2)];
        assert_eq!(best(&runs), run(10, 7, 3));
    }
}
