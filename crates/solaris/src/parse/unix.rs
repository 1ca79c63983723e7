//! `sockfs:0:sock_unix_list`: every unix socket of the reader's zone (`sys/socketvar.h`).
//!
//! Records tell their own size, which is also their layout.

use super::Parsed;
use super::bytes::{Fields, records};
use crate::layout::{Abi, UNIX_RECORDS, UnixRecord, unix as at};
use model::{Foreign, Gap, Inode, Kind, Socket, Streams, Unix, UnixType, ZoneId};

/// `SOU_MAGIC_EXPLICIT`: bound to a path by its program.
const EXPLICIT: u32 = 0x7578_7670;
const CONNECTED: u32 = 0x1;
const CONNECTING: u32 = 0x2;
const ACCEPTING: u32 = 0x200;

/// First byte behind what every era has at the same place.
const HEAD: usize = at::PEER_PATH + at::PATH;
/// The largest size that can be one: a page of names more than any we know.
const SIZE_MAX: usize = 16 << 10;

/// Reads the list. A kernel writes all records in one size, so a record that tells another
/// one costs no other. Of a size that is not known the head is read.
#[must_use]
pub fn table(bytes: &[u8], abi: Abi, place: &str) -> Parsed<Socket> {
    let mut parsed = Parsed::default();
    let Some(stride) = stride(bytes, abi) else {
        if !bytes.is_empty() {
            let size = Fields::new(bytes, abi).u32(at::SIZE);
            let size = size.map_or("cut short".to_owned(), |size| format!("of {size} bytes"));
            let reason = format!("a record {size} is none; {} bytes are left", bytes.len());
            parsed
                .lost
                .push(Gap::new(format!("{place} record 0"), reason));
        }
        return parsed;
    };
    let layout = UNIX_RECORDS.iter().find(|record| record.stride == stride);
    if layout.is_none() {
        let reason = format!("records of {stride} bytes: zone, addresses and inode left out");
        parsed.notes.push(Gap::new(place, reason));
    }
    for (number, record) in records(bytes, stride).enumerate() {
        let fields = Fields::new(record, abi);
        let size = fields.u32(at::SIZE).map_or(0, |size| size as usize);
        let row = if record.len() < stride {
            Err(format!("{} bytes of {stride}", record.len()))
        } else if size != stride {
            Err(format!(
                "it tells a size of {size} among records of {stride}"
            ))
        } else {
            row(fields, layout).ok_or_else(|| "not a unix socket".to_owned())
        };
        match row {
            Ok(socket) => parsed.rows.push(socket),
            Err(reason) => {
                let place = format!("{place} record {number}");
                parsed.lost.push(Gap::new(place, reason));
            }
        }
    }
    parsed
}

/// The size that most records bear out: that which the first one tells, or a known one.
fn stride(bytes: &[u8], abi: Abi) -> Option<usize> {
    let told = |at: usize| -> Option<usize> {
        let size = Fields::new(bytes, abi).u32(at.checked_add(at::SIZE)?)?;
        usize::try_from(size).ok()
    };
    let first = told(0).filter(|size| (HEAD..=SIZE_MAX).contains(size));
    let known = UNIX_RECORDS.iter().map(|record| record.stride);
    let mut best = None;
    for stride in first.into_iter().chain(known) {
        let places = (0..bytes.len()).step_by(stride);
        let votes = places.filter(|at| told(*at) == Some(stride)).count();
        if votes > best.map_or(0, |(votes, _)| votes) {
            best = Some((votes, stride));
        }
    }
    best.map(|(_, stride)| stride)
}

fn row(fields: Fields<'_>, layout: Option<&UnixRecord>) -> Option<Socket> {
    let state = fields.u32(at::STATE)?;
    let path = |length: usize, place: usize| -> Option<Option<Foreign>> {
        let length = fields.u32(length)?;
        let text = fields.text(place, at::PATH)?;
        Some((length > 0 && !text.is_empty()).then(|| Foreign::from(text)))
    };
    let address = |number: usize| {
        let text = fields.text(layout?.addresses + 17 * number, 17)?;
        Some(Foreign::from(text))
    };
    let addresses = || Some([address(0)?, address(1)?, address(2)?]);
    let explicit = fields.u32(at::LOCAL_MAGIC)? == EXPLICIT;
    let local = path(at::LOCAL_LENGTH, at::LOCAL_PATH)?;
    let unix = Unix {
        unix_type: match fields.u32(at::SERVICE)? {
            // T_COTS and T_COTS_ORD: both are streams to a program.
            1 | 2 => UnixType::Stream,
            3 => UnixType::Dgram,
            other => UnixType::Other(u8::try_from(other).unwrap_or(u8::MAX)),
        },
        listening: state & ACCEPTING != 0,
        ss_state: Some(match state {
            state if state & CONNECTED != 0 => 3,
            state if state & CONNECTING != 0 => 2,
            _ => 1,
        }),
        peer: None,
        path: local.filter(|_| explicit),
    };
    let streams = Streams {
        zone: layout
            .and_then(|layout| fields.i32(layout.zone))
            .and_then(|zone| u32::try_from(zone).ok())
            .map(ZoneId),
        addresses: addresses(),
        peer_path: path(at::PEER_LENGTH, at::PEER_PATH)?,
        socketpair: layout
            .and_then(|layout| layout.noxlate)
            .and_then(|at| fields.u32(at))
            .is_some_and(|noxlate| noxlate != 0),
        ..Streams::default()
    };
    Some(Socket {
        netns: None,
        kind: Kind::Unix(unix),
        inode: Inode(
            layout
                .and_then(|layout| fields.u64(layout.inode?))
                .unwrap_or(0),
        ),
        cookie: None,
        uid: None,
        recv_queue: 0,
        send_queue: 0,
        refs: None,
        slot: None,
        filter: None,
        streams: Some(Box::new(streams)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Order;
    use proptest::prelude::*;

    fn sample(layout: &UnixRecord, order: Order) -> Vec<u8> {
        let mut bytes = vec![0; layout.stride];
        let mut put = |at: usize, value: u32| {
            let raw = match order {
                Order::Little => value.to_le_bytes(),
                Order::Big => value.to_be_bytes(),
            };
            bytes[at..at + 4].copy_from_slice(&raw);
        };
        put(0, u32::try_from(layout.stride).unwrap());
        put(12, 0x220);
        put(16, EXPLICIT);
        put(24, 2);
        put(28, 20);
        put(layout.zone, 4);
        if let Some(at) = layout.inode {
            put(at + if order == Order::Big { 4 } else { 0 }, 61);
        }
        if let Some(at) = layout.noxlate {
            put(at, 1);
        }
        bytes[40..57].copy_from_slice(b"/var/run/.socket\0");
        bytes[layout.addresses..][..8].copy_from_slice(b"ffff0123");
        bytes
    }

    #[test]
    fn every_era_in_both_orders() {
        for layout in UNIX_RECORDS {
            for (order, abi) in [(Order::Little, Abi::X86_64), (Order::Big, Abi::SPARC)] {
                let mut bytes = sample(layout, order);
                bytes.extend(sample(layout, order));
                let parsed = table(&bytes, abi, "unix");
                assert_eq!((parsed.rows.len(), parsed.lost.len()), (2, 0));
                let socket = &parsed.rows[1];
                let Kind::Unix(unix) = &socket.kind else {
                    panic!("a unix socket")
                };
                assert_eq!(unix.path, Some(Foreign::from("/var/run/.socket")));
                assert!(unix.listening && unix.unix_type == UnixType::Stream);
                assert_eq!(socket.inode.0, layout.inode.map_or(0, |_| 61));
                let streams = socket.streams.as_deref().unwrap();
                assert_eq!(streams.zone, Some(ZoneId(4)));
                assert_eq!(streams.socketpair, layout.noxlate.is_some());
                let [address, ..] = streams.addresses.clone().unwrap();
                assert_eq!(address, Foreign::from("ffff0123"));
            }
        }
    }

    #[test]
    fn sizes_of_nothing_cost_their_own_record() {
        for size in [0u32, 3, 100, u32::MAX] {
            let good = sample(&UNIX_RECORDS[0], Order::Little);
            let mut bad = good.clone();
            bad[..4].copy_from_slice(&size.to_le_bytes());
            for (table_of, place) in [
                ([&bad[..], &good, &good].concat(), "unix record 0"),
                ([&good[..], &bad, &good].concat(), "unix record 1"),
            ] {
                let parsed = table(&table_of, Abi::X86_64, "unix");
                assert_eq!((parsed.rows.len(), parsed.lost.len()), (2, 1), "{size}");
                assert_eq!(parsed.lost[0].place, place);
            }
            let parsed = table(&bad, Abi::X86_64, "unix");
            assert_eq!((parsed.rows.len(), parsed.lost.len()), (0, 1), "{size}");
        }
        assert_eq!(table(&[1], Abi::X86_64, "unix").lost.len(), 1);
        assert!(table(&[], Abi::X86_64, "unix").lost.is_empty());
    }

    /// A kernel younger than we are: names and states stand, the rest is not guessed.
    #[test]
    fn an_unknown_size_gives_its_heads() {
        let mut record = sample(&UNIX_RECORDS[2], Order::Little);
        record.resize(2200, 0xaa);
        record[..4].copy_from_slice(&2200u32.to_le_bytes());
        let parsed = table(&[&record[..], &record].concat(), Abi::X86_64, "unix");
        assert_eq!((parsed.rows.len(), parsed.lost.len()), (2, 0));
        assert_eq!(parsed.notes.len(), 1);
        let socket = &parsed.rows[1];
        assert_eq!(socket.inode.0, 0);
        let streams = socket.streams.as_deref().unwrap();
        assert!(streams.zone.is_none() && streams.addresses.is_none());
    }

    proptest! {
        #[test]
        fn no_neighbour_is_lost(
            noise in proptest::collection::vec(any::<u8>(), 1..64),
            at in 0usize..2148,
            which in 0usize..3,
            cut in 0usize..2148,
        ) {
            let good = sample(&UNIX_RECORDS[0], Order::Little);
            let clean = table(&good, Abi::X86_64, "unix").rows;
            let mut bytes = [&good[..], &good, &good].concat();
            let length = noise.len().min(2148 - at);
            bytes[which * 2148 + at..][..length].copy_from_slice(&noise[..length]);
            bytes.extend(&good[..cut]);
            let parsed = table(&bytes, Abi::X86_64, "unix");
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), 3 + usize::from(cut > 0));
            let whole = parsed.rows.iter().filter(|row| **row == clean[0]).count();
            prop_assert!(whole >= 2);
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..5000), size in 0u32..5000) {
            let mut bytes = bytes;
            if let Some(place) = bytes.get_mut(..4) {
                place.copy_from_slice(&size.to_le_bytes());
            }
            let parsed = table(&bytes, Abi::X86_64, "unix");
            prop_assert!(bytes.is_empty() || parsed.rows.len() + parsed.lost.len() > 0);
        }
    }
}
