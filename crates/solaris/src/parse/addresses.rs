//! The addresses of the host (`mib2_ipAddrEntry_t`, `mib2_ipv6AddrEntry_t` of `inet/mib2.h`),
//! which come with the same answer as the socket tables.
//!
//! Entries grew at their end only; the head that is read here is the same in every era. All
//! its fields are 32 bits or bytes, so no data model and no CPU has it otherwise.

use super::Parsed;
use super::bytes::{Fields, records};
use super::mib::IP;
use super::optmgmt::{Answer, Item};
use super::tcp::Version;
use crate::layout::{ADDR4, ADDR6, Abi, AddrHead, Model, scalars};
use model::{Gap, Gaps};
use std::net::IpAddr;

const IP6: u32 = 268;

/// One of the two tables: where it is, and where the length of its entries is told.
struct Known {
    version: Version,
    level: u32,
    name: u32,
    stride: usize,
    place: &'static str,
}

/// `MIB2_IP_ADDR` and `MIB2_IP6_ADDR`; each level's block of counters is its table 0.
const KNOWN: [Known; 2] = [
    Known {
        version: Version::V4,
        level: IP,
        name: 20,
        stride: scalars::ADDR4,
        place: "mib2 addresses",
    },
    Known {
        version: Version::V6,
        level: IP6,
        name: 25,
        stride: scalars::ADDR6,
        place: "mib2 addresses6",
    },
];

/// `IFF_UP` of `net/if.h`.
const UP: u32 = 1;

/// An address of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// The address; unspecified where the interface has none yet.
    pub addr: IpAddr,
    /// The interface's name. The kernel tells no number here.
    pub interface: &'a [u8],
    /// Whether the interface is up: nothing answers on one that is not.
    pub up: bool,
}

/// Reads both tables out of an answer.
#[must_use]
pub fn addresses<'a>(answer: &Answer<'a>) -> (Vec<Address<'a>>, Gaps) {
    let abi = Abi {
        order: answer.order,
        model: Model::Lp64,
    };
    let find = |level: u32, name: u32| -> Option<&Item<'a>> {
        let mut items = answer.items.iter();
        items.find(|item| item.level == level && item.name == name)
    };
    let (mut found, mut gaps) = (Vec::new(), Gaps::new());
    for known in KNOWN {
        let Some(item) = find(known.level, known.name) else {
            gaps.push(Gap::new(known.place, "the kernel gave no such table"));
            continue;
        };
        let block = find(known.level, 0).map(|item| Fields::new(item.data, abi));
        let told = block.and_then(|block| block.u32(known.stride));
        let Some(stride) = told.and_then(|told| usize::try_from(told).ok()) else {
            if !item.data.is_empty() {
                let reason = "the kernel does not tell how long an entry is";
                gaps.push(Gap::new(known.place, reason));
            }
            continue;
        };
        let (rows, lost) = table(item.data, stride, known.version, abi, known.place).into_parts();
        found.extend(rows);
        gaps.extend(lost);
    }
    (found, gaps)
}

/// Reads one table.
#[must_use]
pub fn table<'a>(
    bytes: &'a [u8],
    stride: usize,
    version: Version,
    abi: Abi,
    place: &str,
) -> Parsed<Address<'a>> {
    let mut parsed = Parsed::default();
    let head = match version {
        Version::V4 => &ADDR4,
        Version::V6 => &ADDR6,
    };
    if stride < head.end {
        if !bytes.is_empty() {
            let reason = format!("entries of {stride} bytes cannot hold an address");
            parsed.lost.push(Gap::new(place, reason));
        }
        return parsed;
    }
    for (number, record) in records(bytes, stride).enumerate() {
        let whole = Some(record).filter(|record| record.len() == stride);
        match whole.and_then(|record| row(Fields::new(record, abi), head, version)) {
            Some(address) => parsed.rows.push(address),
            None => {
                let place = format!("{place} row {number}");
                parsed.lost.push(Gap::new(place, "not an address"));
            }
        }
    }
    parsed
}

fn row<'a>(fields: Fields<'a>, head: &AddrHead, version: Version) -> Option<Address<'a>> {
    let addr = match version {
        Version::V4 => IpAddr::V4(fields.v4(head.addr)?),
        Version::V6 => IpAddr::V6(fields.v6(head.addr)?),
    };
    let length = usize::try_from(fields.u32(head.name)?).ok()?;
    // The length counts no NUL; nothing longer than its room is a name.
    let length = Some(length).filter(|length| *length <= head.name_room)?;
    Some(Address {
        addr,
        interface: fields.text(head.name + 4, length)?,
        up: fields.u32(head.flags)? & UP != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Order;
    use proptest::prelude::*;

    fn word(value: u32, order: Order) -> [u8; 4] {
        match order {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }

    fn sample(version: Version, stride: usize, order: Order, last: u8, flags: u32) -> Vec<u8> {
        let (head, length) = match version {
            Version::V4 => (&ADDR4, 4),
            Version::V6 => (&ADDR6, 16),
        };
        let mut bytes = vec![0; stride];
        bytes[head.addr + length - 1] = last;
        bytes[head.name..head.name + 4].copy_from_slice(&word(4, order));
        bytes[head.name + 4..head.name + 8].copy_from_slice(b"net0");
        bytes[head.flags..head.flags + 4].copy_from_slice(&word(flags, order));
        bytes
    }

    fn abi(order: Order) -> Abi {
        match order {
            Order::Little => Abi::X86_64,
            Order::Big => Abi::SPARC,
        }
    }

    #[test]
    fn every_stride_in_both_orders() {
        for (version, stride) in [
            (Version::V4, 96),
            (Version::V4, 100),
            (Version::V4, 120),
            (Version::V6, 144),
            (Version::V6, 176),
        ] {
            for order in [Order::Little, Order::Big] {
                let mut bytes = sample(version, stride, order, 7, 0x843);
                bytes.extend(sample(version, stride, order, 9, 0x842));
                let parsed = table(&bytes, stride, version, abi(order), "a");
                let [first, second] = &parsed.rows[..] else {
                    panic!("two addresses of {stride}")
                };
                assert!(first.up && !second.up);
                assert_eq!(first.interface, b"net0");
                let expected = match version {
                    Version::V4 => ["0.0.0.7", "0.0.0.9"],
                    Version::V6 => ["::7", "::9"],
                };
                assert_eq!([first, second].map(|a| a.addr.to_string()), expected);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_its_neighbour_stands() {
        let mut bytes = sample(Version::V4, 100, Order::Big, 7, 1);
        bytes[4] = 0x80;
        bytes.extend(sample(Version::V4, 100, Order::Big, 9, 1));
        bytes.push(1);
        let parsed = table(&bytes, 100, Version::V4, Abi::SPARCV9, "a");
        assert_eq!(parsed.rows.len(), 1);
        let places: Vec<&str> = parsed.lost.iter().map(|gap| gap.place.as_str()).collect();
        assert_eq!(places, ["a row 0", "a row 2"]);
        for stride in [0, 3, 71] {
            let parsed = table(&bytes, stride, Version::V4, Abi::SPARCV9, "a");
            assert_eq!((parsed.rows.len(), parsed.lost.len()), (0, 1));
        }
    }

    #[test]
    fn an_answer_without_them_is_told() {
        let answer = Answer {
            items: Vec::new(),
            order: Order::Little,
            gaps: Vec::new(),
        };
        let (found, gaps) = addresses(&answer);
        assert!(found.is_empty());
        let places: Vec<&str> = gaps.iter().map(|gap| gap.place.as_str()).collect();
        assert_eq!(places, ["mib2 addresses", "mib2 addresses6"]);
    }

    proptest! {
        #[test]
        fn rows_and_gaps_are_the_records(
            bytes in proptest::collection::vec(any::<u8>(), 0..500),
            stride in 0usize..200,
            v6: bool,
            big: bool,
        ) {
            let (version, end) = if v6 { (Version::V6, ADDR6.end) } else { (Version::V4, ADDR4.end) };
            let order = if big { Order::Big } else { Order::Little };
            let parsed = table(&bytes, stride, version, abi(order), "x");
            let records = match (bytes.len(), stride) {
                (0, _) => 0,
                (_, stride) if stride < end => 1,
                (length, stride) => length.div_ceil(stride),
            };
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), records);
        }

        #[test]
        fn no_neighbour_is_lost(noise in proptest::collection::vec(any::<u8>(), 100), which in 0usize..3) {
            let mut bytes: Vec<u8> = (1..4).flat_map(|last| sample(Version::V4, 100, Order::Little, last, 1)).collect();
            let clean = bytes.clone();
            bytes[which * 100..][..100].copy_from_slice(&noise);
            let before = table(&clean, 100, Version::V4, Abi::X86_64, "x").rows;
            let after = table(&bytes, 100, Version::V4, Abi::X86_64, "x").rows;
            for (_, row) in before.iter().enumerate().filter(|(number, _)| *number != which) {
                prop_assert!(after.contains(row));
            }
        }
    }
}
