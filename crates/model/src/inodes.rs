//! A set of inodes.

use crate::Inode;
use std::collections::HashMap;

/// A set of inodes that takes little room where they lie close together, as the kernel gives them
/// to sockets: 64 neighbours share a word.
#[derive(Clone, Debug, Default)]
pub struct InodeSet(HashMap<u64, u64>);

impl InodeSet {
    /// Adds one.
    pub fn insert(&mut self, inode: Inode) {
        let (word, bit) = place(inode);
        *self.0.entry(word).or_default() |= bit;
    }

    /// Whether it is among them.
    #[must_use]
    pub fn contains(&self, inode: Inode) -> bool {
        let (word, bit) = place(inode);
        self.0.get(&word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(inode: Inode) -> (u64, u64) {
    (inode.0 / 64, 1 << (inode.0 % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_apart() {
        let mut set = InodeSet::default();
        for inode in [0, 1, 63, 64, 4_000_000_000, u64::MAX] {
            set.insert(Inode(inode));
        }
        for inode in [0, 1, 63, 64, 4_000_000_000, u64::MAX] {
            assert!(set.contains(Inode(inode)), "{inode}");
        }
        for inode in [2, 62, 65, 127, 3_999_999_999, u64::MAX - 1] {
            assert!(!set.contains(Inode(inode)), "{inode}");
        }
    }
}
