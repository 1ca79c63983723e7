//! Time and memory from a small load to a large one.

use super::measure::{Bench, Sample};
use super::pairs::{Pair, TABLES};
use super::report::{millis, ratio};
use crate::load;
use std::fmt::Write;

/// Runs of ours at each size; a peer, which takes long at the largest, is run once.
const RUNS: usize = 3;

/// Ours and the peer's, of one work; none where it failed.
pub(super) type Both = (Option<Sample>, Option<Sample>);

/// The works of [`TABLES`] at one size of the load.
pub(super) struct Size {
    /// Processes of the load.
    pub processes: u16,
    /// Work by work.
    pub works: Vec<Both>,
}

impl Size {
    /// Measures, with so many processes at their posts.
    pub(super) fn measure(bench: &Bench<'_>, processes: u16) -> Size {
        let work = |pair: &Pair| {
            eprintln!("{} under {processes} processes", pair.ours.join(" "));
            let ours = bench.several(pair.ours, RUNS);
            (ours.ok(), bench.once(pair.peer).ok())
        };
        Size {
            processes,
            works: TABLES.iter().map(work).collect(),
        }
    }

    /// Sockets of the load.
    pub(super) fn sockets(&self) -> usize {
        usize::from(self.processes) * load::SOCKETS
    }

    fn descriptors(&self) -> usize {
        usize::from(self.processes) * load::DESCRIPTORS
    }
}

/// The exponents of time and memory from the first size to the last; of the time on the
/// processors, which others' work does not stretch.
fn exponents(sizes: &[Size], work: usize) -> Option<(f64, f64)> {
    let (first, last) = (sizes.first()?, sizes.last()?);
    let size = f64::from(last.processes) / f64::from(first.processes);
    let (few, many) = (first.works.get(work)?.0?, last.works.get(work)?.0?);
    let exponent = |few, many| ratio(many, few).ln() / size.ln();
    Some((
        exponent(few.processors, many.processors),
        exponent(few.peak, many.peak),
    ))
}

/// The chapter; nothing if it was not measured.
pub(super) fn chapter(sizes: &[Size]) -> String {
    if sizes.len() < 2 {
        return String::new();
    }
    let mut text = format!(
        "\n## Growth\n\nThe same load with more and fewer processes. Ours: the best of {RUNS} runs; the peer: one run. An \
         exponent is\nthat of the size of the load between its two ends, for time that on the processors: 1.00 is linear, and more than 1.10 \
         would be **over**. What is there\nbefore the first socket counts for time and memory, so they grow \
         more slowly at first.\n\n![Time over sockets](growth.svg)\n\n| ours / peer |"
    );
    for size in sizes {
        let _ = write!(
            text,
            " {} sockets, {} descriptors: ms, MiB |",
            size.sockets(),
            size.descriptors()
        );
    }
    text.push_str(" exponent of time | of memory |\n|---|");
    text.push_str(&"--:|".repeat(sizes.len() + 2));
    text.push('\n');
    for (index, pair) in TABLES.iter().enumerate() {
        let (ours, peer) = (pair.ours.join(" "), pair.peer.join(" "));
        let _ = write!(text, "| `{ours}` / `{peer}` |");
        for size in sizes {
            let (ours, peer) = size.works.get(index).copied().unwrap_or_default();
            let cell = |sample: Option<Sample>| {
                sample.map_or_else(
                    || ["failed".to_owned(), "failed".to_owned()],
                    |it| [format!("{:.0}", millis(it.wall)), mebi(it.peak)],
                )
            };
            let ([time, memory], [peers, more]) = (cell(ours), cell(peer));
            let _ = write!(text, " {time} / {peers}, {memory} / {more} |");
        }
        match exponents(sizes, index) {
            Some((time, memory)) => {
                let _ = writeln!(text, " {} | {} |", marked(time), marked(memory));
            }
            None => text.push_str(" | |\n"),
        }
    }
    text
}

fn marked(exponent: f64) -> String {
    let over = if exponent > 1.1 { " **over**" } else { "" };
    format!("{exponent:.2}{over}")
}

fn mebi(kibi: u64) -> String {
    format!("{:.1}", ratio(kibi, 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(processes: u16, wall: u64, peak: u64) -> Size {
        let sample = Sample {
            wall,
            processors: wall,
            peak,
        };
        Size {
            processes,
            works: vec![(Some(sample), None)],
        }
    }

    #[test]
    fn a_hundred_times_the_work_in_a_hundred_times_the_time_is_linear() {
        let text = chapter(&[size(20, 1_000, 10), size(2000, 100_000, 10)]);
        assert!(text.contains("| 1.00 | 0.00 |"), "{text}");
        let text = chapter(&[size(20, 1_000, 10), size(2000, 200_000, 2000)]);
        assert!(text.contains("| 1.15 **over** | 1.15 **over** |"), "{text}");
        assert!(text.contains("/ failed"), "{text}");
        assert_eq!(chapter(&[size(20, 1, 1)]), "");
    }
}
