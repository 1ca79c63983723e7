//! Directory records of a 64-bit process (`struct dirent`, `sys/dirent.h`), as getdents(2) writes
//! them: inode 8 bytes, offset 8, length 2, then the name and a NUL, up to a multiple of eight.
//!
//! Pure, and so compiled and tested on every system. `readdir` and the door share it.

/// Where the length of a record is, and where its name begins.
const LENGTH: usize = 16;
const NAME: usize = 18;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The inode.
    pub inode: u64,
    /// The name, without its NUL.
    pub name: &'a [u8],
    /// How long the record is.
    pub length: usize,
}

/// The record these bytes begin with; none where none is whole: its length does not fit, or
/// its name has no end within it.
#[must_use]
pub fn record(records: &[u8]) -> Option<Record<'_>> {
    let inode = u64::from_ne_bytes(*records.first_chunk()?);
    let length = u16::from_ne_bytes(*records.get(LENGTH..)?.first_chunk()?).into();
    let name = records.get(..length)?.get(NAME..)?;
    let end = name.iter().position(|&byte| byte == 0)?;
    let name = name.get(..end)?;
    Some(Record {
        inode,
        name,
        length,
    })
}

/// The records in order, up to the end or to the first that is not whole.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    core::iter::from_fn(move || {
        let record = record(bytes)?;
        bytes = bytes.get(record.length..)?;
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// A record as the kernel writes it, what its name leaves of the last word being noise.
    fn written(inode: u64, name: &[u8]) -> Vec<u8> {
        let length = (NAME + name.len() + 1).next_multiple_of(8);
        let mut bytes = std::vec![0xfa; length];
        bytes[..8].copy_from_slice(&inode.to_ne_bytes());
        bytes[LENGTH..NAME].copy_from_slice(&u16::try_from(length).unwrap().to_ne_bytes());
        bytes[NAME..NAME + name.len()].copy_from_slice(name);
        bytes[NAME + name.len()] = 0;
        bytes
    }

    #[test]
    fn a_listing() {
        let bytes = [written(2, b"."), written(7, b"tcp"), written(9, b"a\nb")].concat();
        let told: Vec<_> = records(&bytes).map(|it| (it.inode, it.name)).collect();
        let expected: [(u64, &[u8]); 3] = [(2, b"."), (7, b"tcp"), (9, b"a\nb")];
        assert_eq!(told, expected);
        assert_eq!(records(b"").count(), 0);
    }

    #[test]
    fn lengths_that_lie_and_names_without_end() {
        let honest = written(7, b"tcp");
        for length in [0u16, 17, 18, 21, 25, 0xffff] {
            let mut bytes = honest.clone();
            bytes[LENGTH..NAME].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(record(&bytes), None, "{length}");
        }
        let mut endless = honest;
        endless[NAME..].fill(b'x');
        assert_eq!(record(&endless), None);
    }

    proptest! {
        /// What is written is read back; cut anywhere, every whole record before is still told.
        #[test]
        fn written_and_read(
            entries in prop::collection::vec((any::<u64>(), "[^\\x00]{0,60}"), 0..20),
            cut: prop::sample::Index,
        ) {
            let mut bytes = Vec::new();
            let mut ends = Vec::new();
            for (inode, name) in &entries {
                bytes.extend(written(*inode, name.as_bytes()));
                ends.push(bytes.len());
            }
            let told: Vec<_> = records(&bytes).map(|it| (it.inode, it.name)).collect();
            let meant: Vec<_> = entries.iter().map(|(at, name)| (*at, name.as_bytes())).collect();
            prop_assert_eq!(&told, &meant);
            let cut = cut.index(bytes.len() + 1);
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            prop_assert_eq!(records(&bytes[..cut]).count(), whole);
        }

        /// Whatever is there, each record lies behind the last, and its name within it.
        #[test]
        fn nothing_is_read_twice(bytes: Vec<u8>) {
            let mut used = 0;
            for record in records(&bytes) {
                prop_assert!(record.length > NAME + record.name.len());
                prop_assert!(!record.name.contains(&0));
                used += record.length;
            }
            prop_assert!(used <= bytes.len());
        }
    }
}
