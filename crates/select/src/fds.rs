//! Which slots of a process are meant: lsof's `-d`, numbers, ranges and names.

use crate::number;
use model::Slot;
use std::ops::RangeInclusive;

/// One item of `-d`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Range(RangeInclusive<u32>),
    Word(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Cwd,
    Root,
    Exe,
    Mapped,
    Deleted,
    NoFd,
    Ring,
    Flight,
    /// Every descriptor.
    Fd,
}

/// The names, as they stand in the FD column; `fd` is every number.
const WORDS: &[(&str, Word)] = &[
    ("cwd", Word::Cwd),
    ("rtd", Word::Root),
    ("txt", Word::Exe),
    ("mem", Word::Mapped),
    ("mmap", Word::Mapped),
    ("DEL", Word::Deleted),
    ("NOFD", Word::NoFd),
    ("uring", Word::Ring),
    ("flight", Word::Flight),
    ("fd", Word::Fd),
];

/// A set of slots. As in lsof it either names what is wanted or what is not, never both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fds {
    items: Vec<Item>,
    exclude: bool,
}

impl Fds {
    /// Adds `cwd,0-2,^7`.
    ///
    /// # Errors
    /// One sentence: an unknown word, a range turned round, wanted and unwanted mixed.
    pub fn add(&mut self, list: &str) -> Result<(), String> {
        for item in crate::items(list) {
            let item = item?;
            let (exclude, word) = match item.strip_prefix('^') {
                Some(word) => (true, word),
                None => (false, item),
            };
            if !self.items.is_empty() && self.exclude != exclude {
                return Err("-d names what is wanted or, by ^, what is not: not both".to_owned());
            }
            self.exclude = exclude;
            self.items.push(parse(word)?);
        }
        Ok(())
    }

    /// Whether it says what is not wanted, which goes before every other selection.
    #[must_use]
    pub fn excludes(&self) -> bool {
        self.exclude
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether a slot is named.
    #[must_use]
    pub fn names(&self, slot: Slot) -> bool {
        let (word, fd) = match slot {
            Slot::Cwd => (Word::Cwd, None),
            Slot::Root => (Word::Root, None),
            Slot::Exe => (Word::Exe, None),
            Slot::Mapped => (Word::Mapped, None),
            Slot::Deleted => (Word::Deleted, None),
            Slot::Unread => (Word::NoFd, None),
            Slot::Fd(fd) => (Word::Fd, Some(fd)),
            Slot::IoUring(..) => (Word::Ring, None),
            Slot::InFlight(_) => (Word::Flight, None),
        };
        self.items.iter().any(|item| match item {
            Item::Word(named) => *named == word,
            Item::Range(range) => fd.is_some_and(|fd| range.contains(&fd)),
        })
    }
}

fn parse(word: &str) -> Result<Item, String> {
    if let Some((_, named)) = WORDS.iter().find(|row| row.0 == word) {
        return Ok(Item::Word(*named));
    }
    let (low, high) = word.split_once('-').unwrap_or((word, word));
    match (number::<u32>(low), number::<u32>(high)) {
        (Some(low), Some(high)) if low <= high => Ok(Item::Range(low..=high)),
        (Some(_), Some(_)) => Err(format!("the range runs backwards: {word}")),
        _ => Err(format!("unknown descriptor: {word}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fds(list: &str) -> Result<Fds, String> {
        let mut fds = Fds::default();
        fds.add(list).map(|()| fds)
    }

    #[test]
    fn numbers_ranges_and_names() {
        let set = fds("cwd,0-2,7").unwrap();
        for slot in [Slot::Cwd, Slot::Fd(0), Slot::Fd(2), Slot::Fd(7)] {
            assert!(set.names(slot), "{slot}");
        }
        for slot in [Slot::Root, Slot::Fd(3), Slot::IoUring(7, 0)] {
            assert!(!set.names(slot), "{slot}");
        }
        assert!(fds("fd").unwrap().names(Slot::Fd(99)));
        let not = fds("^mem,^txt").unwrap();
        assert!(not.excludes() && not.names(Slot::Exe) && !not.names(Slot::Cwd));
    }

    #[test]
    fn nonsense_is_one_sentence() {
        for bad in [
            "",
            "x",
            "1-",
            "2-1",
            "1,^2",
            "^",
            "-1",
            "4294967296",
            "1,,2",
        ] {
            assert!(fds(bad).is_err(), "{bad}");
        }
    }
}
