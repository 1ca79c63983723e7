//! How far a scan is, on standard error where that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line that is written over.
pub(crate) struct Progress {
    is_shown: bool,
    from: Instant,
    last: Option<Instant>,
}

/// Between two lines.
const EVERY: Duration = Duration::from_millis(500);

impl Progress {
    /// Nothing is shown before it has run for a moment.
    pub(crate) fn new(wanted: bool) -> Progress {
        Progress {
            is_shown: wanted && io::stderr().is_terminal(),
            from: Instant::now(),
            last: None,
        }
    }

    /// Ports settled and ports in all.
    pub(crate) fn show(&mut self, name: &str, settled: usize, all: usize) {
        let now = Instant::now();
        if !self.is_shown || now.duration_since(self.last.unwrap_or(self.from)) < EVERY {
            return;
        }
        self.last = Some(now);
        let line = line(name, settled, all, now.duration_since(self.from));
        // A terminal that went away ends nothing.
        let _ = write!(io::stderr(), "\r{line:<78}");
    }

    /// Wipes the line.
    pub(crate) fn clear(&mut self) {
        if self.last.take().is_some() {
            let _ = write!(io::stderr(), "\r{:<78}\r", "");
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share in percent needs no more than 52 bits"
)]
fn line(name: &str, settled: usize, all: usize, took: Duration) -> String {
    let share = settled as f64 / all.max(1) as f64;
    let left = (share > 0.001).then(|| took.as_secs_f64() * (1.0 - share) / share);
    let left = left.and_then(|left| Duration::try_from_secs_f64(left).ok());
    let eta = left.map_or(String::new(), |left| {
        let seconds = left.as_secs();
        format!(
            "; ETA {}:{:02}:{:02}",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60
        )
    });
    let percent = share * 100.0;
    format!("{name}: {percent:.1}% done, {settled} of {all} ports{eta}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_told_from_what_was_done() {
        let shown = line("tcp", 250, 1_000, Duration::from_secs(30));
        assert_eq!(shown, "tcp: 25.0% done, 250 of 1000 ports; ETA 0:01:30");
        assert_eq!(
            line("tcp", 0, 0, Duration::ZERO),
            "tcp: 0.0% done, 0 of 0 ports"
        );
    }
}
