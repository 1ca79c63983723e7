//! `/proc/locks` (`fs/locks.c`, `lock_get_status`): what has a lock on it.

use super::text::{Words, decimal};
use model::Inode;
use std::collections::HashSet;

/// Inodes with a lock on them, on whatever device; none where a line is not understood:
/// `1: FLOCK  ADVISORY  WRITE 4242 00:0f:1234 0 EOF`, and `1: -> …` of one that waits.
#[must_use]
pub fn locked(text: &[u8]) -> Option<HashSet<Inode>> {
    let lines = text.split(|&byte| byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            // The device, as two numbers, and the inode.
            let words: Vec<&[u8]> = Words::new(line).collect();
            let place = words.len().checked_sub(3)?;
            let mut parts = words.get(place)?.split(|&byte| byte == b':');
            let inode = parts.nth(2).and_then(decimal)?;
            parts.next().is_none().then_some(Inode(inode))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn locks_of_every_kind() {
        let text = b"1: FLOCK  ADVISORY  WRITE 4242 00:0f:1234 0 EOF\n\
            2: POSIX  ADVISORY  READ  17 fe:00:99 128 255\n\
            2: -> POSIX  ADVISORY  WRITE 18 fe:00:98 0 EOF\n\
            3: LEASE  ACTIVE    READ  19 fe:00:97 0 EOF\n";
        let expected = [1234, 99, 98, 97].map(Inode);
        assert_eq!(locked(text), Some(expected.into_iter().collect()));
        assert_eq!(locked(b""), Some(HashSet::new()));
    }

    #[test]
    fn what_is_not_understood_tells_nothing() {
        for text in [
            &b"nonsense\n"[..],
            b"1: FLOCK ADVISORY WRITE 1 00:0f 0 EOF\n",
            b"1: FLOCK ADVISORY WRITE 1 00:0f:x 0 EOF\n",
            b"1: FLOCK ADVISORY WRITE 1 00:0f:1:2 0 EOF\n",
            b"0 EOF\n",
        ] {
            assert_eq!(locked(text), None, "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = locked(&text);
        }
    }
}
