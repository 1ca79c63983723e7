//! One run as its outputs tell it: what was asked for, when, and how it ended.

use crate::clock::Moment;
use model::{Coverage, Gap, NetNs, Proto, Source, Technique};
use scan::PortSet;
use std::time::Duration;

/// How much is told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tone {
    /// Times `-v` was given.
    pub(crate) verbose: u8,
    /// Times `-d` was given; from one on every port gets a line.
    pub(crate) debug: u8,
    /// `--open`
    pub(crate) only_open: bool,
    /// `--reason`, also from `-vv` on.
    pub(crate) reason: bool,
    /// `-sV`
    pub(crate) versions: bool,
}

/// A run that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The command line as typed, made harmless.
    pub(crate) command: String,
    /// When it began.
    pub(crate) begun: Moment,
    /// How much is told.
    pub(crate) tone: Tone,
    /// What is asked of each host.
    pub(crate) asks: Vec<(Technique, Proto, PortSet)>,
    /// Which way of asking it is, for those who compare.
    pub(crate) source: Source,
    /// The network namespace we stand in.
    pub(crate) netns: Option<NetNs>,
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    /// Hosts that were up.
    pub(crate) up: usize,
    /// Hosts asked.
    pub(crate) hosts: usize,
    /// How long it took.
    pub(crate) took: Duration,
    /// Whether it was cut short.
    pub(crate) partial: bool,
    /// What could not be asked.
    pub(crate) gaps: Vec<Gap>,
    /// What was asked to the end.
    pub(crate) coverage: Coverage,
}

impl Ending {
    /// A line for each place that could not be asked, made harmless.
    pub(crate) fn gap_lines(&self) -> impl Iterator<Item = String> {
        self.gaps.iter().map(gap_line)
    }

    /// `1 IP address (1 host up) scanned in 0.07 seconds`
    pub(crate) fn summary(&self) -> String {
        let addrs = counted(self.hosts, "IP address", "IP addresses");
        let (up, seconds) = (counted(self.up, "host", "hosts"), self.took.as_secs_f64());
        format!("{addrs} ({up} up) scanned in {seconds:.2} seconds")
    }
}

/// A gap in one line, made harmless.
pub(crate) fn gap_line(gap: &Gap) -> String {
    render::safe::escaped(format!("{}: {}", gap.place, gap.reason).as_bytes())
}

/// Many gaps in a few words.
pub(crate) fn gap_count(count: usize) -> String {
    let places = counted(count, "place", "places");
    format!("{places} could not be asked")
}

/// So many of something, in the words for one and for more.
pub(crate) fn counted(count: usize, one: &str, more: &str) -> String {
    model::gap::counted(u64::try_from(count).unwrap_or(u64::MAX), one, more)
}
