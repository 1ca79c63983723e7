//! The elements of a set, as far as they are ports or protocols.

use super::{Parts, number};
use crate::parse::Order;
use crate::parse::netlink::attributes;

/// The elements of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// The number a key begins with, and whether it is the end of a range.
    points: Vec<Point>,
    /// Ranges that are told whole, and the element that stands for all that are not listed; each
    /// with whether what is looked up there is dropped.
    ranges: Vec<(u16, u16, bool)>,
    /// Keys of one byte, which are protocols.
    bytes: bool,
    /// Keys that go on behind the port.
    longer: bool,
    /// Elements that could not be read.
    unread: bool,
}

/// A number, whether it is the end of a range, and whether what is looked up there is dropped.
type Point = (u16, bool, bool);

impl Set {
    /// Adds the elements of one message.
    pub fn add(&mut self, body: &[u8], order: Order) {
        let parts = Parts::new(body.get(4..).unwrap_or_default(), order);
        for (_, element) in attributes(parts.get(3).unwrap_or_default(), order) {
            if self.element(element, order).is_none() {
                self.unread = true;
            }
        }
    }

    fn element(&mut self, element: &[u8], order: Order) -> Option<()> {
        const INTERVAL_END: u32 = 1;
        const CATCH_ALL: u32 = 2;
        let element = Parts::new(element, order);
        let drops = drops(&element, order);
        let flags = element.get(3).and_then(number).unwrap_or(0);
        let Some(key) = element.get(1) else {
            self.ranges
                .push((flags & CATCH_ALL != 0).then_some((0, u16::MAX, drops))?);
            return Some(());
        };
        let key = Parts::new(key, order).get(1)?;
        self.bytes |= key.len() == 1;
        self.longer |= key.len() > 2;
        let first = beginning(key)?;
        // The end of a range whose keys have several parts.
        match element.get(10) {
            Some(end) => {
                let last = beginning(Parts::new(end, order).get(1)?)?;
                self.ranges
                    .push((first <= last).then_some((first, last, drops))?);
            }
            None => self.points.push((first, flags & INTERVAL_END != 0, drops)),
        }
        Some(())
    }

    /// Whether keys have more parts than the first.
    #[must_use]
    pub fn keys_are_longer(&self) -> bool {
        self.longer
    }

    /// The ports that keys begin with. None where not all could be read.
    #[must_use]
    pub fn ranges(&self) -> Option<Vec<(u16, u16)>> {
        if self.unread || self.bytes {
            return None;
        }
        let mut ranges = intervals(self.points.clone());
        ranges.extend_from_slice(&self.ranges);
        Some(ranges.into_iter().map(|it| (it.0, it.1)).collect())
    }

    /// Of a map of verdicts, the elements that drop; none where none does.
    #[must_use]
    pub fn dropping(&self) -> Option<Set> {
        let mut ranges = intervals(self.points.clone());
        ranges.extend_from_slice(&self.ranges);
        ranges.retain(|it| it.2);
        (!ranges.is_empty()).then(|| Set {
            points: Vec::new(),
            ranges,
            ..self.clone()
        })
    }

    /// The protocols that keys begin with. None where not all could be read.
    #[must_use]
    pub fn protocols(&self) -> Option<Vec<(u16, u16)>> {
        if self.unread {
            return None;
        }
        // A protocol that is one part of several is padded behind.
        let shift = if self.longer { 8 } else { 0 };
        let points = self.points.iter();
        let points = points.map(|&(it, end, drops)| (it >> shift, end, drops));
        let points = intervals(points.collect());
        let points = points.into_iter().map(|it| (it.0, it.1));
        let ranges = self.ranges.iter();
        let ranges = ranges.map(|&(first, last, _)| (first >> shift, last >> shift));
        Some(points.chain(ranges).collect())
    }
}

/// Whether an element of a map of verdicts drops.
fn drops(element: &Parts<'_>, order: Order) -> bool {
    const DROP: u32 = 0;
    let verdict = || {
        let data = Parts::new(element.get(2)?, order);
        number(Parts::new(data.get(2)?, order).get(1)?)
    };
    verdict() == Some(DROP)
}

fn beginning(key: &[u8]) -> Option<u16> {
    match *key {
        [byte] => Some(byte.into()),
        [high, low, ..] => Some(u16::from_be_bytes([high, low])),
        [] => None,
    }
}

/// Puts ranges together: in a set of intervals each begins with a number and ends before the
/// next that is marked as an end; in any other each is one port.
fn intervals(mut found: Vec<Point>) -> Vec<(u16, u16, bool)> {
    // Where one range follows another, its end and the next's beginning share a number: the end
    // comes first.
    found.sort_unstable_by_key(|&(port, end, _)| (port, !end));
    if !found.iter().any(|it| it.1) {
        return found.into_iter().map(|it| (it.0, it.0, it.2)).collect();
    }
    let mut ranges = Vec::new();
    let mut begun = None;
    for (port, end, drops) in found {
        if let Some((first, drops)) = begun.take().filter(|&(first, _)| first < port) {
            ranges.push((first, port - 1, drops));
        }
        if !end {
            begun = Some((port, drops));
        }
    }
    ranges.extend(begun.map(|(first, drops)| (first, u16::MAX, drops)));
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_set_of_intervals() {
        let intervals = |found: Vec<(u16, bool)>| -> Vec<(u16, u16)> {
            let found = found.into_iter().map(|it| (it.0, it.1, false));
            let ranges = intervals(found.collect()).into_iter();
            ranges.map(|it| (it.0, it.1)).collect()
        };
        assert_eq!(
            intervals(vec![(443, false), (80, false)]),
            [(80, 80), (443, 443)]
        );
        assert_eq!(
            intervals(vec![(0, true), (60000, false)]),
            [(60000, u16::MAX)]
        );
        // { 80-90 } and { 91-100 }, one after the other.
        let found = vec![(80, false), (91, true), (91, false), (101, true)];
        assert_eq!(intervals(found), [(80, 90), (91, 100)]);
    }
}
