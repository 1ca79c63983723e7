//! What is to be scanned, and what came of it.

use crate::answer::Answer;
use crate::engine::Errno;
use crate::limits;
use crate::origin::Origin;
use crate::pace::Pace;
use crate::ports::PortSet;
use model::{PortState, Proto, Technique};
use std::collections::BTreeMap;
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
    /// What probes of other machines leave from.
    pub origin: Origin,
    /// What hosts took of their time before; who is not listed was sent nothing yet.
    pub spent: BTreeMap<IpAddr, Duration>,
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

    /// The least time so many of its probes take: what the set rate or delay alone asks for.
    /// None where nothing is set and only the way decides.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of probes stays far below 2^52"
    )]
    pub fn least_time(&self, probes: usize) -> Option<Duration> {
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

    /// How long it takes where nothing answers at all: every port is asked as often as a way
    /// that has lost nothing is, and every probe waited for.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of probes stays far below 2^52"
    )]
    pub fn silent_time(&self) -> Duration {
        let tries = usize::from(self.pace.retries_max).saturating_add(1).min(2);
        let probes = self.size().saturating_mul(tries);
        let together = self.targets.len().min(group_size(self.ports.len()));
        let window = usize::try_from(self.pace.window_first).unwrap_or(1);
        let flights = usize::try_from(limits::room()).unwrap_or(1);
        let under_way = match self.pace.serial {
            true => 1,
            false => together.saturating_mul(window).clamp(1, flights),
        };
        let each = self.pace.timeout_first.max(self.pace.delay).as_secs_f64();
        let waited = probes.div_ceil(under_way) as f64 * each;
        let rated = self.least_time(probes).unwrap_or_default().as_secs_f64();
        let groups = self.targets.len().div_ceil(together.max(1));
        let limit = self
            .pace
            .host_timeout
            .map_or(f64::INFINITY, |limit| limit.as_secs_f64() * groups as f64);
        Duration::try_from_secs_f64(waited.max(rated).min(limit)).unwrap_or(Duration::MAX)
    }
}

/// Answers kept at a time; decides how many hosts are asked together.
const GROUP_PORTS: usize = 4 << 20;
/// Hosts asked together at most.
const GROUP_HOSTS: usize = 256;

/// How many hosts are asked together.
pub(crate) fn group_size(ports: usize) -> usize {
    (GROUP_PORTS / ports.max(1)).clamp(1, GROUP_HOSTS)
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
    /// Whether the host answered and then was heard no more.
    pub lost: bool,
    /// What our own system said where it would not send: each error number, and for how many
    /// ports.
    pub refused: BTreeMap<Errno, usize>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_silence_is_that_of_its_rounds() {
        let plan = |hosts: u8, pace: Pace| Plan {
            technique: Technique::Connect,
            proto: Proto::Tcp,
            targets: (0..hosts)
                .map(|last| IpAddr::from([192, 0, 2, last]))
                .collect(),
            ports: PortSet::of(1..=200),
            pace,
            threads: 1,
            origin: Origin::default(),
            spent: BTreeMap::new(),
        };
        let seconds = |plan: Plan| plan.silent_time().as_secs();
        // 200 ports, two tries, 100 at a time, a second each.
        assert_eq!(seconds(plan(1, Pace::template(3))), 4);
        // One at a time, 15 seconds each.
        assert_eq!(seconds(plan(1, Pace::template(1))), 6_000);
        let rated = Pace {
            rate_max: Some(10.0),
            ..Pace::template(3)
        };
        assert_eq!(seconds(plan(2, rated)), 80);
        let hurried = Pace {
            host_timeout: Some(Duration::from_secs(3)),
            ..Pace::template(1)
        };
        assert_eq!(seconds(plan(1, hurried)), 3);
    }
}
