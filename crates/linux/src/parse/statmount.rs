//! `struct statmount` (`include/uapi/linux/mount.h`): mounts, told without any procfs.

use super::Order;
use model::{Gap, Gaps};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// Number of the file system's type.
    pub magic: u64,
    /// Type of the file system.
    pub kind: Vec<u8>,
    /// What of the file system is mounted.
    pub root: Vec<u8>,
    /// Where, as seen from our root.
    pub point: Vec<u8>,
}

/// What [`Mounted`] needs: `STATMOUNT_SB_BASIC | MNT_ROOT | MNT_POINT | FS_TYPE`.
pub const MASK: u64 = 0x1 | 0x8 | 0x10 | 0x20;

/// Strings begin here.
const STRINGS: usize = 512;

/// Reads answers that follow one another, each as long as its first word says. Ends with a
/// gap where one does not fit.
#[must_use]
pub fn mounts(mut bytes: &[u8], order: Order, place: &str) -> (Vec<Mounted>, Gaps) {
    let (mut mounts, mut gaps) = (Vec::new(), Vec::new());
    while !bytes.is_empty() {
        let length = bytes.first_chunk().map(|word| order.u32(*word));
        let cut = length
            .and_then(|length| usize::try_from(length).ok())
            .filter(|&length| length >= STRINGS)
            .and_then(|length| bytes.split_at_checked(length));
        let Some((record, rest)) = cut else {
            gaps.push(Gap::new(place, "bytes that are no mount"));
            break;
        };
        match mount(record, order) {
            Some(mount) => mounts.push(mount),
            None => gaps.push(Gap::new(place, "a mount without its names")),
        }
        bytes = rest;
    }
    (mounts, gaps)
}

fn mount(record: &[u8], order: Order) -> Option<Mounted> {
    let word = |at: usize| Some(order.u32(*record.get(at..)?.first_chunk()?));
    let long = |at: usize| Some(order.u64(*record.get(at..)?.first_chunk()?));
    let text = |at: usize| {
        let start = STRINGS.checked_add(usize::try_from(word(at)?).ok()?)?;
        let rest = record.get(start..)?;
        Some(rest.get(..memchr::memchr(0, rest)?)?.to_vec())
    };
    if long(8)? & MASK != MASK {
        return None;
    }
    Some(Mounted {
        magic: long(24)?,
        kind: text(36)?,
        root: text(104)?,
        point: text(108)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(order: Order) -> Vec<u8> {
        let strings = b"proc\0/\0/proc/net\0";
        let length = u32::try_from(STRINGS + strings.len()).unwrap();
        let mut bytes = vec![0; STRINGS];
        let mut put = |at: usize, value: u64, width: usize| {
            let raw = match order {
                Order::Little => value.to_le_bytes()[..width].to_vec(),
                Order::Big => value.to_be_bytes()[8 - width..].to_vec(),
            };
            bytes[at..at + width].copy_from_slice(&raw);
        };
        put(0, length.into(), 4);
        put(8, MASK | 0x2, 8);
        put(24, 0x9fa0, 8);
        put(36, 0, 4);
        put(104, 5, 4);
        put(108, 7, 4);
        bytes.extend_from_slice(strings);
        bytes
    }

    #[test]
    fn several_in_a_row_and_a_bad_end() {
        for order in [Order::Little, Order::Big] {
            let mut bytes = [record(order), record(order)].concat();
            let (read, gaps) = mounts(&bytes, order, "statmount");
            assert_eq!((read.len(), gaps.len()), (2, 0));
            assert_eq!(read[0].magic, 0x9fa0);
            let names = [&read[1].kind, &read[1].root, &read[1].point];
            assert_eq!(names, [&b"proc"[..], b"/", b"/proc/net"]);
            bytes.truncate(bytes.len() - 1);
            let (read, gaps) = mounts(&bytes, order, "statmount");
            assert_eq!((read.len(), gaps.len()), (1, 1));
        }
    }

    #[test]
    fn names_outside_the_record_are_none() {
        for at in [36, 104, 108] {
            let mut bytes = record(Order::Little);
            bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            let (read, gaps) = mounts(&bytes, Order::Little, "statmount");
            assert_eq!((read.len(), gaps.len()), (0, 1), "{at}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, big: bool) {
            let order = if big { Order::Big } else { Order::Little };
            let _ = mounts(&bytes, order, "statmount");
        }
    }
}
