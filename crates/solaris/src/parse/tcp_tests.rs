//! Every stride, in every byte order, and rows nobody should believe.

use super::*;
use crate::layout::{Order, TCP4_ENTRIES};
use proptest::prelude::*;

fn put(record: &mut [u8], at: usize, value: u32, order: Order) {
    let bytes = match order {
        Order::Little => value.to_le_bytes(),
        Order::Big => value.to_be_bytes(),
    };
    record[at..at + 4].copy_from_slice(&bytes);
}

/// A listener on port 22 and a connection from it, as one kernel would write them.
fn sample(version: Version, entry: &TcpEntry, order: Order) -> Vec<u8> {
    let head = version.head();
    let mut table = Vec::new();
    for (mib, tcp, remote_port) in [(2u32, -3i32, 0u32), (5, 0, 40000)] {
        let mut record = vec![0xaa; entry.stride];
        let length = if version == Version::V4 { 4 } else { 16 };
        for (at, last) in [(head.local, 1), (head.remote, 2)] {
            record[at..at + length].fill(0);
            record[at + length - 1] = last;
        }
        put(&mut record, head.state, mib, order);
        put(&mut record, head.port, 22, order);
        put(&mut record, head.remote_port, remote_port, order);
        if let Some(at) = head.device {
            put(&mut record, at, 0, order);
        }
        put(&mut record, entry.info.snxt, 1101, order);
        put(&mut record, entry.info.suna, 1000, order);
        put(&mut record, entry.info.swnd, 64000, order);
        put(&mut record, entry.info.rnxt, 5, order);
        put(&mut record, entry.info.rack, 9, order);
        put(&mut record, entry.info.rwnd, 32000, order);
        put(&mut record, entry.info.state, tcp.cast_unsigned(), order);
        if let Some(at) = entry.creator {
            put(&mut record, at, 771, order);
        }
        if let Some(at) = entry.created {
            let high = if order == Order::Big { 0 } else { 9 };
            put(&mut record, at, high, order);
            put(&mut record, at + 4, 9 - high, order);
        }
        table.extend(record);
    }
    table
}

fn abi(order: Order) -> Abi {
    match order {
        Order::Little => Abi::X86_64,
        Order::Big => Abi::SPARC,
    }
}

#[test]
fn every_stride_in_both_orders() {
    for version in [Version::V4, Version::V6] {
        for entry in version.entries() {
            for order in [Order::Little, Order::Big] {
                let bytes = sample(version, entry, order);
                let parsed = table(&bytes, entry.stride, version, abi(order), &[], "t");
                let what = format!("{version:?} {} {order:?}", entry.stride);
                assert!(parsed.lost.is_empty() && parsed.notes.is_empty(), "{what}");
                let [listener, peer] = &parsed.rows[..] else {
                    panic!("{what}: two rows")
                };
                let inet = listener.kind.inet().unwrap();
                assert_eq!((inet.state, inet.port), (State::Listen, 22), "{what}");
                let inet = peer.kind.inet().unwrap();
                assert_eq!(inet.state, State::Established, "{what}");
                assert_eq!(inet.remote_port, 40000, "{what}");
                assert_eq!((peer.send_queue, peer.recv_queue), (100, 0), "{what}");
                let streams = peer.streams.as_deref().unwrap();
                assert_eq!(streams.windows, Some((64000, 32000)), "{what}");
                let known = entry.creator.is_some();
                assert_eq!(streams.creator, known.then_some(Pid(771)), "{what}");
                assert_eq!(streams.created_ticks, known.then_some(9), "{what}");
            }
        }
    }
}

#[test]
fn strides_that_hold_nothing_are_one_gap() {
    for stride in [0, 3, 19] {
        let parsed = table(&[1; 60], stride, Version::V4, Abi::X86_64, &[], "t");
        assert!(parsed.rows.is_empty());
        assert_eq!(parsed.lost.len(), 1);
        assert!(parsed.lost[0].reason.contains("cannot hold"));
    }
}

/// Solaris 11.4 may have a layout nobody outside has seen.
#[test]
fn an_unknown_stride_gives_heads_and_a_tail_only_if_all_rows_bear_it_out() {
    let known = TCP4_ENTRIES[1];
    let bytes = sample(Version::V4, &known, Order::Little);
    let mut wider = Vec::new();
    for record in bytes.chunks(known.stride) {
        // Sixteen bytes of something new, before the tail.
        wider.extend_from_slice(&record[..52]);
        wider.extend_from_slice(&[0x55; 16]);
        wider.extend_from_slice(&record[52..]);
    }
    let parsed = table(&wider, 84, Version::V4, Abi::X86_64, &[], "t");
    assert!(parsed.notes.is_empty());
    let streams = parsed.rows[0].streams.as_deref().unwrap();
    assert_eq!(streams.creator, Some(Pid(771)));
    assert_eq!(streams.windows, None);
    wider[84 - 16] = 77;
    let parsed = table(&wider, 84, Version::V4, Abi::X86_64, &[], "t");
    assert_eq!(parsed.rows.len(), 2, "heads stand");
    assert_eq!(parsed.notes.len(), 1);
    let streams = parsed.rows[1].streams.as_deref().unwrap();
    assert_eq!(streams.creator, None, "not guessed");
}

#[test]
fn a_bad_row_leaves_its_neighbours() {
    let entry = TCP4_ENTRIES[1];
    let mut bytes = sample(Version::V4, &entry, Order::Little);
    put(&mut bytes, TCP4.port, 1 << 31, Order::Little);
    bytes.extend_from_slice(&[0; 10]);
    let parsed = table(&bytes, 68, Version::V4, Abi::X86_64, &[], "tcp");
    assert_eq!(parsed.rows.len(), 1);
    assert_eq!(parsed.rows[0].kind.inet().unwrap().remote_port, 40000);
    assert_eq!(parsed.lost.len(), 2);
    assert_eq!(parsed.lost[0].place, "tcp row 0");
    assert!(parsed.lost[0].reason.contains("2147483648 is no port"));
    assert_eq!(parsed.lost[1].reason, "10 bytes of 68");
}

#[test]
fn two_states_that_contradict_are_told() {
    let entry = TCP4_ENTRIES[1];
    let mut bytes = sample(Version::V4, &entry, Order::Little);
    put(&mut bytes, entry.info.state, 3, Order::Little);
    let parsed = table(&bytes, 68, Version::V4, Abi::X86_64, &[], "tcp");
    assert_eq!(parsed.rows[0].kind.inet().unwrap().state, State::Listen);
    assert!(parsed.notes[0].reason.starts_with("1 rows"));
}

#[test]
fn closed_is_told_apart() {
    assert_eq!(agreed(1, -5), Some(State::Idle));
    assert_eq!(agreed(1, -4), Some(State::Bound));
    assert_eq!(agreed(2, -4), None);
    assert_eq!(agreed(1, 7), None);
}

proptest! {
    #[test]
    fn rows_and_gaps_are_the_records(
        bytes in proptest::collection::vec(any::<u8>(), 0..800),
        stride in 0usize..220,
        v6 in any::<bool>(),
        big in any::<bool>(),
    ) {
        let version = if v6 { Version::V6 } else { Version::V4 };
        let abi = if big { Abi::SPARCV9 } else { Abi::X86_64 };
        let parsed = table(&bytes, stride, version, abi, &[], "t");
        let records = if bytes.is_empty() {
            0
        } else if stride < version.head().end {
            1
        } else {
            bytes.len().div_ceil(stride)
        };
        prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), records);
    }

    /// Whatever happens to one row, the other one is read as before.
    #[test]
    fn no_neighbour_is_lost(noise in proptest::collection::vec(any::<u8>(), 172), which in 0usize..2) {
        let entry = TCP4_ENTRIES[3];
        let mut bytes = sample(Version::V4, &entry, Order::Little);
        let clean = table(&bytes, 172, Version::V4, Abi::X86_64, &[], "t");
        bytes[which * 172..][..172].copy_from_slice(&noise);
        let parsed = table(&bytes, 172, Version::V4, Abi::X86_64, &[], "t");
        prop_assert!(parsed.rows.contains(&clean.rows[1 - which]));
    }
}
