//! `sockfs:0:sock_unix_list`: every unix socket of the reader's zone (`sys/socketvar.h`).
//!
//! A record tells its own size, which is also its layout.

use super::Parsed;
use super::bytes::Fields;
use crate::layout::{Abi, UNIX_RECORDS, UnixRecord, unix as at};
use model::{Foreign, Gap, Inode, Kind, Socket, Streams, Unix, UnixType, ZoneId};

/// `SOU_MAGIC_EXPLICIT`: bound to a path by its program.
const EXPLICIT: u32 = 0x7578_7670;
const CONNECTED: u32 = 0x1;
const CONNECTING: u32 = 0x2;
const ACCEPTING: u32 = 0x200;

/// Reads the list. A record of an unknown size ends it: what follows cannot be found.
#[must_use]
pub fn table(bytes: &[u8], abi: Abi, place: &str) -> Parsed<Socket> {
    let mut parsed = Parsed::default();
    let mut rest = bytes;
    let mut number = 0u64;
    while !rest.is_empty() {
        let size = Fields::new(rest, abi).u32(at::SIZE);
        let record = size
            .and_then(|size| usize::try_from(size).ok())
            .and_then(|size| UNIX_RECORDS.iter().find(|record| record.stride == size))
            .and_then(|layout| Some((layout, rest.split_at_checked(layout.stride)?)));
        let Some((layout, (bytes, behind))) = record else {
            let size = size.map_or("cut short".to_owned(), |size| format!("{size} bytes"));
            let reason = format!("a record of {size} is not known; {} bytes left", rest.len());
            let place = format!("{place} record {number}");
            parsed.lost.push(Gap::new(place, reason));
            break;
        };
        rest = behind;
        match row(Fields::new(bytes, abi), layout) {
            Some(socket) => parsed.rows.push(socket),
            None => {
                let place = format!("{place} record {number}");
                parsed.lost.push(Gap::new(place, "not a unix socket"));
            }
        }
        number += 1;
    }
    parsed
}

fn row(fields: Fields<'_>, layout: &UnixRecord) -> Option<Socket> {
    let state = fields.u32(at::STATE)?;
    let path = |length: usize, place: usize| -> Option<Option<Foreign>> {
        let length = fields.u32(length)?;
        let text = fields.text(place, at::PATH)?;
        Some((length > 0 && !text.is_empty()).then(|| Foreign::from(text)))
    };
    let address = |number: usize| {
        let text = fields.text(layout.addresses + 17 * number, 17)?;
        Some(Foreign::from(text))
    };
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
        zone: fields
            .i32(layout.zone)
            .and_then(|zone| u32::try_from(zone).ok())
            .map(ZoneId),
        addresses: Some([address(0)?, address(1)?, address(2)?]),
        peer_path: path(at::PEER_LENGTH, at::PEER_PATH)?,
        socketpair: layout
            .noxlate
            .and_then(|at| fields.u32(at))
            .is_some_and(|noxlate| noxlate != 0),
        ..Streams::default()
    };
    Some(Socket {
        netns: None,
        kind: Kind::Unix(unix),
        inode: Inode(layout.inode.and_then(|at| fields.u64(at)).unwrap_or(0)),
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
    fn sizes_of_nothing_end_the_list() {
        for size in [0u32, 3, u32::MAX] {
            let mut bytes = sample(&UNIX_RECORDS[0], Order::Little);
            bytes.extend_from_slice(&size.to_le_bytes());
            let parsed = table(&bytes, Abi::X86_64, "unix");
            assert_eq!((parsed.rows.len(), parsed.lost.len()), (1, 1));
            assert_eq!(parsed.lost[0].place, "unix record 1");
        }
        assert_eq!(table(&[1], Abi::X86_64, "unix").lost.len(), 1);
    }

    proptest! {
        #[test]
        fn never_panics(noise in proptest::collection::vec(any::<u8>(), 0..64), at in 4usize..2148) {
            let mut bytes = sample(&UNIX_RECORDS[0], Order::Little);
            let length = noise.len().min(2148 - at);
            bytes[at..at + length].copy_from_slice(&noise[..length]);
            let parsed = table(&bytes, Abi::X86_64, "unix");
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), 1);
        }
    }
}
