//! What a rule's matches leave of the ports and protocols it can be about: all must hold, so
//! each takes some away.

use model::steering::Steer;

/// Ranges, first and last of each, in order and apart.
type Ranges = Vec<(u16, u16)>;

/// Protocols that have ports.
const TRANSPORTS: [u8; 5] = [6, 17, 33, 132, 136];

/// Protocols that are listed one by one.
const LISTED_MAX: usize = 16;

/// What is left.
#[derive(Default)]
pub struct Limits {
    /// None is any.
    ports: Option<Ranges>,
    /// None is any.
    protocols: Option<Ranges>,
    notes: Vec<&'static str>,
}

impl Limits {
    /// Only these ports, or all others.
    pub(super) fn ports(&mut self, ranges: &[(u16, u16)], inverted: bool) {
        narrow(&mut self.ports, ranges, inverted, u16::MAX);
    }

    /// Only these protocols, or all others.
    pub(super) fn protocols(&mut self, ranges: &[(u16, u16)], inverted: bool) {
        narrow(&mut self.protocols, ranges, inverted, u8::MAX.into());
        if inverted {
            self.note("all protocols but some");
        }
    }

    /// Something limits the ports that cannot be told in ports.
    pub(super) fn note(&mut self, words: &'static str) {
        if !self.notes.contains(&words) {
            self.notes.push(words);
        }
    }

    /// Puts what is left to a rule. False where nothing is: such a rule steers no packet.
    pub(super) fn put(self, steer: &mut Steer) -> bool {
        let nothing = |left: &Option<Ranges>| left.as_ref().is_some_and(Vec::is_empty);
        if nothing(&self.ports) || nothing(&self.protocols) {
            return false;
        }
        // All of them is no limit.
        let some = |it: &Ranges| it != &[(0, u16::MAX)];
        steer.ports = self.ports.filter(some).unwrap_or_default();
        let ranges = self.protocols.unwrap_or_default();
        let within = |number: &u8| ranges.iter().any(|it| holds(it, u16::from(*number)));
        let all: Vec<u8> = (0..=u8::MAX).filter(within).collect();
        let transports: Vec<u8> = TRANSPORTS.into_iter().filter(within).collect();
        let shortened = all.len() > LISTED_MAX && !transports.is_empty();
        steer.protocols = if shortened { transports } else { all };
        let mut note = steer.note.take().unwrap_or_default().as_bytes().to_vec();
        for words in self.notes {
            if !note.is_empty() {
                note.extend_from_slice(b", ");
            }
            note.extend_from_slice(words.as_bytes());
        }
        steer.note = (!note.is_empty()).then(|| note.into());
        true
    }
}

fn holds(&(first, last): &(u16, u16), number: u16) -> bool {
    (first..=last).contains(&number)
}

/// Takes from `left` what is not in `ranges`, or what is.
fn narrow(left: &mut Option<Ranges>, ranges: &[(u16, u16)], inverted: bool, max: u16) {
    let whole = vec![(0, max)];
    let before = left.take().unwrap_or_else(|| whole.clone());
    let ranges = if inverted {
        others(ranges, max)
    } else {
        merged(ranges)
    };
    let mut both = Vec::new();
    for &(first, last) in &before {
        for &(low, high) in &ranges {
            let (low, high) = (first.max(low), last.min(high));
            if low <= high {
                both.push((low, high));
            }
        }
    }
    *left = Some(both);
}

/// In order, none twice; those that only touch stay apart, as they were written.
fn merged(ranges: &[(u16, u16)]) -> Ranges {
    let mut sorted: Ranges = ranges.iter().copied().filter(|it| it.0 <= it.1).collect();
    sorted.sort_unstable();
    let mut merged: Ranges = Vec::new();
    for (first, last) in sorted {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// All that is in none of the ranges.
fn others(ranges: &[(u16, u16)], max: u16) -> Ranges {
    let mut others = Vec::new();
    let mut next = Some(0);
    for (first, last) in merged(ranges) {
        if let Some(from) = next
            && from < first
        {
            others.push((from, first - 1));
        }
        next = last.checked_add(1);
    }
    others.extend(next.filter(|&from| from <= max).map(|from| (from, max)));
    others
}
