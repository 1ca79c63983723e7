//! The socket-to-inode table of illumos since October 2019 (`mib2_socketInfoEntry_t`).
//!
//! A different payload went by the same number in some distributions from 2016 to 2019. It
//! is refused as a whole: a wrong inode would name the wrong process.

use super::bytes::{Fields, records};
use crate::layout::{Abi, sockinfo as at};

/// What the table says of one row of the connection table at the same level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SockInfo {
    /// Inode of the socket, or of the device node of a TLI endpoint. 16 bits of an address
    /// before June 2021, 32 since: two sockets may share it.
    pub inode: u64,
    /// A TLI endpoint: held as a character device.
    pub stream: bool,
    /// An IPv6 socket listed in the IPv4 table.
    pub ipv6: bool,
    /// The device number.
    pub device: u64,
}

/// Reads the table against a connection table of `rows` entries: one slot a row.
///
/// # Errors
/// Why it is not that table.
pub fn table(bytes: &[u8], rows: usize, abi: Abi) -> Result<Vec<Option<SockInfo>>, String> {
    if !bytes.len().is_multiple_of(at::STRIDE) {
        return Err(format!(
            "{} bytes are no whole number of entries",
            bytes.len()
        ));
    }
    let mut slots = vec![None; rows];
    let mut next = 0;
    for (number, record) in records(bytes, at::STRIDE).enumerate() {
        let (row, info) = entry(Fields::new(record, abi))
            .ok_or_else(|| format!("entry {number}: flags that are none"))?;
        let slot = usize::try_from(row)
            .ok()
            .filter(|row| *row >= next)
            .and_then(|row| slots.get_mut(row))
            .ok_or_else(|| format!("entry {number}: row {row} is out of order or range"))?;
        *slot = Some(info);
        next = usize::try_from(row).map_or(usize::MAX, |row| row + 1);
    }
    Ok(slots)
}

fn entry(fields: Fields<'_>) -> Option<(u64, SockInfo)> {
    let flags = fields.u64(at::FLAGS)?;
    let info = SockInfo {
        inode: fields.u64(at::INODE)?,
        stream: flags & 1 != 0,
        ipv6: flags & 2 != 0,
        device: fields.u64(at::DEVICE)?,
    };
    (flags <= 3).then_some((fields.u64(at::ROW)?, info))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(entries: &[[u64; 4]]) -> Vec<u8> {
        entries
            .iter()
            .flatten()
            .flat_map(|word| word.to_be_bytes())
            .collect()
    }

    #[test]
    fn rows_find_their_inodes() {
        let slots = table(&bytes(&[[0, 77, 0, 5], [2, 78, 3, 6]]), 3, Abi::SPARCV9).unwrap();
        assert_eq!(slots.len(), 3);
        assert_eq!(slots[0].unwrap().inode, 77);
        assert_eq!(slots[1], None);
        assert!(slots[2].unwrap().stream && slots[2].unwrap().ipv6);
    }

    #[test]
    fn another_payload_is_refused() {
        for bad in [
            bytes(&[[3, 1, 0, 0]]),
            bytes(&[[0, 1, 4, 0]]),
            bytes(&[[1, 1, 0, 0], [1, 1, 0, 0]]),
            bytes(&[[u64::MAX, 1, 0, 0]]),
            vec![0; 31],
        ] {
            assert!(table(&bad, 3, Abi::SPARCV9).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn never_more_rows_than_asked(bytes in proptest::collection::vec(any::<u8>(), 0..256), rows in 0usize..9) {
            if let Ok(slots) = table(&bytes, rows, Abi::X86_64) {
                prop_assert_eq!(slots.len(), rows);
            }
        }
    }
}
