//! `/proc/PID/map` (`prmap_t` of `sys/procfs.h`): what is mapped, by the names of
//! `/proc/PID/object` and `/proc/PID/path`.

use super::Parsed;
use super::bytes::{Fields, records};
use crate::layout::{Abi, Model, PRMAP_ILP32, PRMAP_LP64};
use model::Gap;

/// One mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// First address.
    pub address: u64,
    /// Length in bytes.
    pub size: u64,
    /// Name in `object` and `path`; empty for memory without a file, `a.out` for the program.
    pub name: &'a [u8],
    /// Offset in the file.
    pub offset: u64,
    /// `MA_*`: 4 read, 2 write, 1 execute, 8 shared.
    pub flags: u32,
}

/// Reads the file as a process of this data model got it.
#[must_use]
pub fn table<'a>(bytes: &'a [u8], abi: Abi, place: &str) -> Parsed<Mapping<'a>> {
    let layout = match abi.model {
        Model::Lp64 => &PRMAP_LP64,
        Model::Ilp32 => &PRMAP_ILP32,
    };
    let mut parsed = Parsed::default();
    for (number, record) in records(bytes, layout.stride).enumerate() {
        let fields = Fields::new(record, abi);
        let mapping = || {
            (record.len() == layout.stride).then_some(())?;
            Some(Mapping {
                address: fields.word(0)?,
                size: fields.word(layout.size)?,
                name: fields.text(layout.name, 64)?,
                offset: fields.u64(layout.offset)?,
                flags: fields.u32(layout.flags)?,
            })
        };
        match mapping() {
            Some(mapping) => parsed.rows.push(mapping),
            None => parsed.lost.push(Gap::new(
                format!("{place} entry {number}"),
                format!("{} bytes of {}", record.len(), layout.stride),
            )),
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_models() {
        let mut bytes = vec![0; 104 + 3];
        bytes[..8].copy_from_slice(&0x40_0000u64.to_be_bytes());
        bytes[8..16].copy_from_slice(&8192u64.to_be_bytes());
        bytes[16..21].copy_from_slice(b"a.out");
        bytes[91] = 5;
        let parsed = table(&bytes, Abi::SPARCV9, "/proc/1/map");
        let mapping = parsed.rows[0];
        assert_eq!((mapping.address, mapping.size), (0x40_0000, 8192));
        assert_eq!((mapping.name, mapping.flags), (&b"a.out"[..], 5));
        assert_eq!(parsed.lost[0].place, "/proc/1/map entry 1");

        let mut bytes = vec![0; 96];
        bytes[..4].copy_from_slice(&0x805_0000u32.to_le_bytes());
        bytes[8..15].copy_from_slice(b"ufs.1.2");
        bytes[72] = 7;
        let mapping = table(&bytes, Abi::I386, "x").rows[0];
        assert_eq!((mapping.address, mapping.offset), (0x805_0000, 7));
        assert_eq!(mapping.name, b"ufs.1.2");
    }

    proptest! {
        #[test]
        fn rows_and_gaps_are_the_records(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let parsed = table(&bytes, Abi::X86_64, "x");
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), bytes.len().div_ceil(104));
        }
    }
}
