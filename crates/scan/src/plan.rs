//! What is to be scanned, and what came of it.

use crate::answer::Answer;
use crate::pace::Pace;
use crate::ports::PortSet;
use model::{PortState, Proto, Technique};
use std::net::IpAddr;
use std::time::Duration;

/// One technique over targets and ports.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How ports are asked.
    pub technique: Technique,
    /// TCP or UDP; the technique's own, but for the bind probe.
    pub proto: Proto,
    /// Whom to ask, in the order reported; for a bind probe the wildcard addresses.
    pub targets: Vec<IpAddr>,
    /// What to ask for.
    pub ports: PortSet,
    /// How fast.
    pub pace: Pace,
    /// Threads at most; one does it all as well.
    pub threads: usize,
}

impl Plan {
    /// Ports of all targets together.
    #[must_use]
    pub fn size(&self) -> usize {
        self.targets.len().saturating_mul(self.ports.len())
    }

    /// What silence means for the technique.
    #[must_use]
    pub fn silence(&self) -> PortState {
        match self.technique {
            Technique::Udp => PortState::OpenFiltered,
            Technique::Connect | Technique::Syn | Technique::Bind => PortState::Filtered,
        }
    }

    /// The least time it takes: what the set rate or delay alone asks for. None where
    /// nothing is set and only the way decides.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of probes stays far below 2^52"
    )]
    pub fn least_time(&self) -> Option<Duration> {
        let probes = self.size();
        let rated = self.pace.rate_max.map(|rate| probes as f64 / rate);
        let hosts = self.targets.len().max(1);
        // The delay is kept per host; when serial, hosts do not overlap.
        let in_turn = if self.pace.serial {
            probes
        } else {
            probes / hosts
        };
        let delayed =
            (!self.pace.delay.is_zero()).then_some(in_turn as f64 * self.pace.delay.as_secs_f64());
        let seconds = rated.into_iter().chain(delayed).reduce(f64::max)?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// What came of one target and technique.
#[derive(Clone, Debug)]
pub struct Report {
    /// How it was asked.
    pub technique: Technique,
    /// Transport.
    pub proto: Proto,
    /// Whom.
    pub addr: IpAddr,
    /// An answer a port, lowest first.
    pub answers: Vec<(u16, Answer)>,
    /// Ports never settled: the scan was cut short, or this host took too long.
    pub missed: PortSet,
    /// Smoothed round trip and its spread, where measured.
    pub rtt: Option<(Duration, Duration)>,
    /// From the first probe to the last answer.
    pub took: Duration,
}

impl Report {
    /// Ports of a state, for a sum: how many.
    #[must_use]
    pub fn count(&self, state: PortState) -> usize {
        self.answers
            .iter()
            .filter(|(_, answer)| answer.state == state)
            .count()
    }
}
