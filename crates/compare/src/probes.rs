//! What one active source learned of each port, kept as ranges that share an answer.

use model::probe::Tally;
use model::{PortState, Probe, Proto};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Ranges kept for one target; more is not an answer but an attack.
const RANGES_MAX: usize = 65_536;

/// Ports that sums may name for one target: every port by each of a few techniques.
const NAMED_MAX: u64 = 4 * 65_536;

/// Answers by transport and address asked.
#[derive(Clone, Debug, Default)]
pub struct Probes(BTreeMap<(Proto, IpAddr), Target>);

/// The answers of one transport and address.
#[derive(Clone, Debug, Default)]
struct Target {
    /// Ports with a line of their own: what was learned, and what said so.
    ports: BTreeMap<u16, (PortState, String)>,
    /// Ports summed up: first and last of a range, and what they share.
    ranges: Vec<(u16, u16, PortState)>,
    /// How many ports they name, those named twice counted twice.
    named: u64,
}

impl Probes {
    /// Takes one port's answer.
    pub fn probe(&mut self, probe: Probe) {
        let target = self.0.entry((probe.proto, probe.addr)).or_default();
        target.ports.insert(probe.port, (probe.state, probe.reason));
    }

    /// Takes a sum of answers; false where it does not say of which ports, or says nonsense.
    pub fn tally(&mut self, tally: &Tally) -> bool {
        let Some(ranges) = tally.ports.as_deref().and_then(ranges) else {
            return false;
        };
        let named: u64 = ranges
            .iter()
            .map(|&(low, high)| u64::from(high - low) + 1)
            .sum();
        let target = self.0.entry((tally.proto, tally.addr)).or_default();
        if named != u64::from(tally.count)
            || target.ranges.len() + ranges.len() > RANGES_MAX
            || target.named + named > NAMED_MAX
        {
            return false;
        }
        target.named += named;
        let state = tally.state;
        target
            .ranges
            .extend(ranges.into_iter().map(|(low, high)| (low, high, state)));
        true
    }

    /// Puts the ranges in order, for [`Probes::state`], and lets each port stand in one of them,
    /// in that which begins first.
    pub fn seal(&mut self) {
        for target in self.0.values_mut() {
            target.ranges.sort_by_key(|range| range.0);
            let mut next = Some(0);
            target.ranges.retain_mut(|range| {
                let Some(free) = next.filter(|&free| free <= range.1) else {
                    return false;
                };
                range.0 = range.0.max(free);
                next = range.1.checked_add(1);
                true
            });
        }
    }

    /// What was learned of a port at an address; none where it was not asked.
    #[must_use]
    pub fn state(&self, proto: Proto, addr: IpAddr, port: u16) -> Option<PortState> {
        let target = self.0.get(&(proto, addr))?;
        if let Some((state, _)) = target.ports.get(&port) {
            return Some(*state);
        }
        let after = target.ranges.partition_point(|range| range.0 <= port);
        let range = target.ranges.get(after.checked_sub(1)?)?;
        (port <= range.1).then_some(range.2)
    }

    /// What said so, where the port has a line of its own.
    #[must_use]
    pub fn reason(&self, proto: Proto, addr: IpAddr, port: u16) -> Option<&str> {
        let (_, reason) = self.0.get(&(proto, addr))?.ports.get(&port)?;
        Some(reason)
    }

    /// Addresses asked for a transport.
    pub fn addrs(&self, proto: Proto) -> impl Iterator<Item = IpAddr> {
        self.0
            .keys()
            .filter(move |target| target.0 == proto)
            .map(|target| target.1)
    }

    /// Every port in one of these states, with the address asked.
    pub fn with<'a>(
        &'a self,
        states: &'a [PortState],
    ) -> impl Iterator<Item = (Proto, IpAddr, u16)> + 'a {
        self.0.iter().flat_map(move |(&(proto, addr), target)| {
            let alone = target
                .ports
                .iter()
                .filter(|(_, (state, _))| states.contains(state))
                .map(|(&port, _)| port);
            let summed = target
                .ranges
                .iter()
                .filter(|range| states.contains(&range.2))
                .flat_map(|range| range.0..=range.1);
            alone.chain(summed).map(move |port| (proto, addr, port))
        })
    }
}

/// Reads ports in the grammar of `-p`: `22,80,8000-8010`.
#[must_use]
pub fn ranges(text: &str) -> Option<Vec<(u16, u16)>> {
    let mut ranges = Vec::new();
    for word in text.split(',').filter(|word| !word.is_empty()) {
        let (low, high) = word.split_once('-').unwrap_or((word, word));
        let (low, high) = (number(low)?, number(high)?);
        if low > high || ranges.len() >= RANGES_MAX {
            return None;
        }
        ranges.push((low, high));
    }
    Some(ranges)
}

/// Decimal digits only: `parse` would take a sign too.
fn number(text: &str) -> Option<u16> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Writes ports in the grammar of `-p`, ranges put together. The ports come in order.
#[must_use]
pub fn spelled(ports: impl IntoIterator<Item = u16>) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for port in ports {
        match ranges.last_mut() {
            Some(last) if last.1.checked_add(1) == Some(port) => last.1 = port,
            _ => ranges.push((port, port)),
        }
    }
    let words: Vec<String> = ranges
        .into_iter()
        .map(|(low, high)| match high - low {
            0 => low.to_string(),
            _ => format!("{low}-{high}"),
        })
        .collect();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Technique;

    fn tally(ports: Option<&str>, count: u32) -> Tally {
        Tally {
            technique: Technique::Bind,
            proto: Proto::Tcp,
            addr: "0.0.0.0".parse().unwrap(),
            state: PortState::Free,
            reason: "bound".to_owned(),
            count,
            ports: ports.map(str::to_owned),
            netns: None,
        }
    }

    #[test]
    fn a_sum_tells_of_each_of_its_ports() {
        let mut probes = Probes::default();
        assert!(probes.tally(&tally(Some("1-21,23-65535"), 65534)));
        probes.probe(Probe {
            technique: Technique::Bind,
            netns: None,
            proto: Proto::Tcp,
            addr: "0.0.0.0".parse().unwrap(),
            port: 22,
            state: PortState::InUse,
            reason: "address in use".to_owned(),
        });
        probes.seal();
        let any = "0.0.0.0".parse().unwrap();
        let state = |port| probes.state(Proto::Tcp, any, port);
        assert_eq!(state(21), Some(PortState::Free));
        assert_eq!(state(22), Some(PortState::InUse));
        assert_eq!(state(65535), Some(PortState::Free));
        assert_eq!(state(0), None);
        assert_eq!(probes.state(Proto::Udp, any, 22), None);
        let in_use: Vec<_> = probes.with(&[PortState::InUse]).collect();
        assert_eq!(in_use, [(Proto::Tcp, any, 22)]);
    }

    #[test]
    fn a_sum_that_lies_is_refused() {
        let mut probes = Probes::default();
        for bad in [
            tally(None, 1),
            tally(Some("1-2"), 3),
            tally(Some("2-1"), 2),
            tally(Some("1,+2"), 2),
            tally(Some("65536"), 1),
            tally(Some("a"), 1),
        ] {
            assert!(!probes.tally(&bad), "{:?}", bad.ports);
        }
    }

    /// Two techniques, or somebody who means harm, name a port in several sums.
    #[test]
    fn a_port_in_two_sums_is_one_port() {
        let mut probes = Probes::default();
        let closed = Tally {
            state: PortState::Closed,
            ..tally(Some("5-20"), 16)
        };
        assert!(probes.tally(&tally(Some("1-10"), 10)));
        assert!(probes.tally(&closed));
        assert!(probes.tally(&tally(Some("7"), 1)));
        probes.seal();
        let any = "0.0.0.0".parse().unwrap();
        let state = |port| probes.state(Proto::Tcp, any, port);
        assert_eq!(
            (state(9), state(15)),
            (Some(PortState::Free), Some(PortState::Closed))
        );
        assert_eq!(
            probes.with(&[PortState::Free, PortState::Closed]).count(),
            20
        );
        let all = tally(Some("0-65535"), 65_536);
        let taken = (0..100).filter(|_| probes.tally(&all)).count();
        assert!(taken < 4, "{taken}");
    }

    #[test]
    fn ports_are_spelled_as_they_are_read() {
        assert_eq!(spelled([1, 2, 3, 7, 65534, 65535]), "1-3,7,65534-65535");
        assert_eq!(spelled([]), "");
        assert_eq!(ranges("1-3,7"), Some(vec![(1, 3), (7, 7)]));
        assert_eq!(ranges(""), Some(vec![]));
    }
}
