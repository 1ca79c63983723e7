//! What could not be seen, as a value in the result.

use serde::{Deserialize, Serialize};

/// A place that could not be read or understood, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Where: a path, a message, a line of a file.
    pub place: String,
    /// Why: the system's words, or ours for bytes we did not understand.
    pub reason: String,
    /// The system's error number, where a call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
}

/// Why nothing more is told of a process that ended.
const ENDED: &str = "ended while it was read";

impl Gap {
    /// A gap for a process or a thread that ended while it was looked at.
    #[must_use]
    pub fn ended(place: impl Into<String>) -> Gap {
        Gap::new(place, ENDED)
    }

    /// Whether it only tells that a process ended. Who has ended holds nothing, so this
    /// weakens no claim that nobody does.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.reason == ENDED
    }

    /// A gap for bytes we could not make sense of.
    #[must_use]
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Gap {
        Gap {
            place: place.into(),
            reason: reason.into(),
            errno: None,
        }
    }

    /// A gap for a call that failed.
    #[must_use]
    pub fn io(place: impl Into<String>, error: &std::io::Error) -> Gap {
        let text = error.to_string();
        // "Permission denied (os error 13)": the number stands in its own field.
        let reason = text
            .split(" (os error")
            .next()
            .unwrap_or_default()
            .to_owned();
        Gap {
            place: place.into(),
            reason,
            errno: error.raw_os_error(),
        }
    }
}

/// All gaps of one answer, in the order met.
pub type Gaps = Vec<Gap>;

/// Whether one of these weakens a claim of absence.
#[must_use]
pub fn weaken(gaps: &[Gap]) -> bool {
    !gaps.iter().all(Gap::is_end)
}

/// Every gap once, in the order met: a place asked twice and refused twice is one place.
#[must_use]
pub fn distinct(gaps: &[Gap]) -> Vec<&Gap> {
    let mut told = std::collections::BTreeSet::new();
    gaps.iter().filter(|gap| told.insert(*gap)).collect()
}

/// So many of something, in the words for one and for more: `1 descriptor`, `2 descriptors`.
#[must_use]
pub fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ended_holds_nothing() {
        let (ended, refused) = (Gap::ended("/proc/7"), Gap::new("/proc/8/fd", "no"));
        assert!(!weaken(&[]) && !weaken(std::slice::from_ref(&ended)));
        assert!(weaken(&[ended, refused]));
    }

    #[test]
    fn a_place_refused_twice_is_one_gap() {
        let (one, other) = (
            Gap::new("/proc/1/fd", "no"),
            Gap::new("/proc/1/fd", "still no"),
        );
        let told = [other.clone(), one.clone(), other.clone()];
        assert_eq!(distinct(&told), [&other, &one]);
    }

    #[test]
    fn one_is_not_many() {
        let told = [0, 1, 2].map(|count| counted(count, "process", "processes"));
        assert_eq!(told, ["0 processes", "1 process", "2 processes"]);
    }
}
