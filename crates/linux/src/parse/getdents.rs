//! Raw directory records (`struct linux_dirent64`, `include/linux/dirent.h`), read with
//! suspicion: a listing that was rewritten after the kernel made it does not fit its buffer.

use super::Order;
use super::text::decimal32;
use model::procfs::ListingSign;
use model::{Foreign, Pid};

/// Inode, offset, length of the record, type; then the name and a NUL.
const HEAD: usize = 19;

/// What the buffer is filled with before the kernel is asked. No name has this byte.
pub const CANARY: u8 = 0xfa;

/// What one answer of `getdents64` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names, in the kernel's order.
    pub names: Vec<Foreign>,
    /// What is wrong with the buffer.
    pub signs: Vec<ListingSign>,
}

/// Reads a buffer that was full of [`CANARY`], `length` being what the kernel says it wrote.
/// The kernel writes each record as long as its name needs, up to the next multiple of eight,
/// and nothing after the last.
#[must_use]
pub fn listing(buffer: &[u8], length: usize, order: Order) -> Listing {
    let mut listing = Listing::default();
    let (mut records, tail) = buffer
        .split_at_checked(length)
        .unwrap_or((buffer, Default::default()));
    while !records.is_empty() {
        let Some(record) = record(records, order) else {
            listing.signs.push(ListingSign::Cut);
            break;
        };
        if !record.slack.is_empty() {
            listing.signs.push(ListingSign::LongRecord {
                name: record.name.into(),
                carved: carve(record.slack, order).into_iter().next(),
            });
        }
        listing.names.push(record.name.into());
        records = record.rest;
    }
    if tail.iter().any(|&byte| byte != CANARY) {
        listing.signs.push(ListingSign::DirtyTail {
            carved: carve(tail, order),
        });
    }
    listing
}

/// One record.
struct Record<'a> {
    name: &'a [u8],
    /// What it has beyond what its name needs.
    slack: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
}

fn record(records: &[u8], order: Order) -> Option<Record<'_>> {
    let length = order.u16(*records.get(16..)?.first_chunk()?);
    let (record, rest) = records.split_at_checked(length.into())?;
    let name = record.get(HEAD..)?;
    let name = name.get(..memchr::memchr(0, name)?)?;
    let slack = record.get((HEAD + name.len() + 1).next_multiple_of(8)..)?;
    Some(Record { name, slack, rest })
}

/// Names of records that still stand where no answer should be. They begin at multiples of
/// eight; what is no whole record of its own length is passed over.
fn carve(mut bytes: &[u8], order: Order) -> Vec<Foreign> {
    let mut names = Vec::new();
    while !bytes.is_empty() {
        match record(bytes, order) {
            Some(record) if !record.name.is_empty() && !record.name.contains(&CANARY) => {
                names.push(record.name.into());
                // The record may itself hide another in its slack.
                let used = bytes.len() - record.rest.len() - record.slack.len();
                bytes = bytes.get(used..).unwrap_or_default();
            }
            _ => bytes = bytes.get(8..).unwrap_or_default(),
        }
    }
    names
}

/// Names that are processes' numbers.
pub fn pids<'a>(names: impl IntoIterator<Item = &'a Foreign>) -> impl Iterator<Item = Pid> {
    names
        .into_iter()
        .filter_map(|name| decimal32(name.as_bytes()))
        .map(Pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A record as the kernel writes it, its padding left as it was.
    fn record(name: &str) -> Vec<u8> {
        let length = (HEAD + name.len() + 1).next_multiple_of(8);
        let mut bytes = vec![CANARY; length];
        bytes[..16].fill(1);
        bytes[16..18].copy_from_slice(&u16::try_from(length).unwrap().to_le_bytes());
        bytes[18] = 4;
        bytes[HEAD..HEAD + name.len()].copy_from_slice(name.as_bytes());
        bytes[HEAD + name.len()] = 0;
        bytes
    }

    fn read(records: &[u8], length: usize) -> Listing {
        let mut buffer = vec![CANARY; 512];
        buffer[..records.len()].copy_from_slice(records);
        listing(&buffer, length, Order::Little)
    }

    fn names(listing: &Listing) -> Vec<u32> {
        pids(&listing.names).map(|pid| pid.0).collect()
    }

    #[test]
    fn an_honest_listing() {
        let records = [record("1"), record("self"), record("31337")].concat();
        let honest = read(&records, records.len());
        assert_eq!(
            (names(&honest), &honest.signs[..]),
            (vec![1, 31337], &[][..])
        );
        assert_eq!(read(b"", 0), Listing::default());
    }

    #[test]
    fn a_swallowed_record_is_in_the_slack() {
        let mut records = [record("1"), record("31337"), record("812")].concat();
        let (one, two) = (record("1").len(), record("31337").len());
        let long = u16::try_from(one + two).unwrap();
        records[16..18].copy_from_slice(&long.to_le_bytes());
        let hidden = read(&records, records.len());
        assert_eq!(names(&hidden), [1, 812]);
        let sign = ListingSign::LongRecord {
            name: "1".into(),
            carved: Some("31337".into()),
        };
        assert_eq!(hidden.signs, [sign]);
    }

    #[test]
    fn a_compacted_listing_leaves_its_tail() {
        // 31337 was moved over: the last record stands twice, the second time past the end.
        let whole = [record("1"), record("812"), record("812")].concat();
        let compacted = read(&whole, record("1").len() + record("812").len());
        assert_eq!(names(&compacted), [1, 812]);
        let carved = vec!["812".into()];
        assert_eq!(compacted.signs, [ListingSign::DirtyTail { carved }]);
        // Wiping the tail shows all the same.
        let mut wiped = [record("1"), record("812")].concat();
        let length = wiped.len();
        wiped.extend_from_slice(&[0; 32]);
        let carved = Vec::new();
        assert_eq!(
            read(&wiped, length).signs,
            [ListingSign::DirtyTail { carved }]
        );
    }

    #[test]
    fn lengths_that_lie() {
        let mut records = record("1");
        records[16..18].copy_from_slice(&8u16.to_le_bytes());
        assert_eq!(read(&records, records.len()).signs[0], ListingSign::Cut);
        assert_eq!(
            listing(&records, 4096, Order::Little).signs[0],
            ListingSign::Cut
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, length in 0usize..600) {
            let _ = listing(&bytes, length, Order::Little);
        }
    }
}
