//! What is wrong with one record costs no other: every table size of every era, in both byte
//! orders, and items that lie about their length.

#![expect(clippy::indexing_slicing, reason = "records of the test's own making")]

use proptest::prelude::*;
use solaris::layout::{Abi, Model, Order, TCP4_ENTRIES, TCP6_ENTRIES, UDP4, UDP6};
use solaris::parse::tcp::Version;
use solaris::parse::{fdinfo, tcp, udp};

const ROWS: usize = 6;

fn abi(big: bool, wide: bool) -> Abi {
    Abi {
        order: if big { Order::Big } else { Order::Little },
        model: if wide { Model::Lp64 } else { Model::Ilp32 },
    }
}

fn put(row: &mut [u8], at: usize, value: u32, big: bool) {
    let bytes = if big {
        value.to_be_bytes()
    } else {
        value.to_le_bytes()
    };
    row[at..at + 4].copy_from_slice(&bytes);
}

/// Rows with ports 1000, 1001, … and a state that is one.
fn rows(stride: usize, port: usize, state: usize, big: bool) -> Vec<u8> {
    let mut bytes = vec![0; stride * ROWS];
    for (row, number) in bytes.chunks_mut(stride).zip(1000u32..) {
        put(row, port, number, big);
        put(row, state, 2, big);
    }
    bytes
}

/// TCP or UDP, version, size of an entry, where its port and its state are.
type Table = (bool, Version, usize, usize, usize);

fn tables() -> Vec<Table> {
    let mut all: Vec<Table> = Vec::new();
    for entry in TCP4_ENTRIES {
        all.push((true, Version::V4, entry.stride, 8, 0));
    }
    for entry in TCP6_ENTRIES {
        all.push((true, Version::V6, entry.stride, 16, 44));
    }
    for stride in [20, 36, 40, 52] {
        all.push((false, Version::V4, stride, UDP4.port, UDP4.state));
    }
    for stride in [48, 64, 80] {
        all.push((false, Version::V6, stride, UDP6.port, UDP6.state));
    }
    all
}

fn ports(table: Table, bytes: &[u8], abi: Abi) -> (Vec<u16>, Vec<String>) {
    let (is_tcp, version, stride, ..) = table;
    let parsed = match is_tcp {
        true => tcp::table(bytes, stride, version, abi, &[], "t"),
        false => udp::table(bytes, stride, version, abi, &[], "t"),
    };
    let ports = parsed
        .rows
        .iter()
        .filter_map(|row| Some(row.endpoint()?.port));
    (
        ports.collect(),
        parsed.lost.iter().map(|gap| gap.place.clone()).collect(),
    )
}

proptest! {
    #[test]
    fn a_bad_port_costs_its_own_row(bad in 0..ROWS, value in 65_536u32.., big: bool, wide: bool) {
        for table in tables() {
            let (_, _, stride, port, state) = table;
            let mut bytes = rows(stride, port, state, big);
            put(&mut bytes[bad * stride..], port, value, big);
            let (found, lost) = ports(table, &bytes, abi(big, wide));
            let expected: Vec<u16> = (1000u16..).take(ROWS).enumerate()
                .filter(|(row, _)| *row != bad).map(|(_, port)| port).collect();
            prop_assert_eq!(found, expected, "{:?}", table);
            prop_assert_eq!(lost, [format!("t row {bad}")], "{:?}", table);
        }
    }

    #[test]
    fn a_table_cut_anywhere_keeps_what_is_whole(cut in 0.0f64..1.0, big: bool, wide: bool) {
        for table in tables() {
            let (_, _, stride, port, state) = table;
            let bytes = rows(stride, port, state, big);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short table")]
            let length = (bytes.len() as f64 * cut) as usize;
            let (found, lost) = ports(table, &bytes[..length], abi(big, wide));
            prop_assert_eq!(found.len(), length / stride, "{:?}", table);
            prop_assert_eq!(lost.len(), usize::from(!length.is_multiple_of(stride)), "{:?}", table);
        }
    }

    #[test]
    fn entries_too_small_for_an_address_are_told_once(stride in 0usize..16, length in 1usize..200) {
        let bytes = vec![1; length];
        for version in [Version::V4, Version::V6] {
            let parsed = tcp::table(&bytes, stride, version, Abi::SPARC, &[], "t");
            prop_assert_eq!((parsed.rows.len(), parsed.lost.len()), (0, 1));
            let parsed = udp::table(&bytes, stride, version, Abi::SPARC, &[], "t");
            prop_assert_eq!((parsed.rows.len(), parsed.lost.len()), (0, 1));
        }
    }

    /// A path, then an item that says it is longer or shorter than it can be.
    #[test]
    fn an_item_that_lies_costs_no_earlier_one(size in any::<u32>(), kind in 0u32..20, big: bool) {
        let word = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut bytes = vec![0; 196];
        bytes[4..8].copy_from_slice(&word(0x8000));
        for part in [word(16), word(0), *b"/etc", *b"/x\0\0", word(size), word(kind), [9; 4]] {
            bytes.extend_from_slice(&part);
        }
        if let Ok((file, _)) = fdinfo::fdinfo(&bytes, abi(big, true), "x") {
            prop_assert!(file.name.as_bytes().starts_with(b"/etc/x"));
        } else {
            prop_assert!(false, "the fixed part is whole");
        }
    }

    #[test]
    fn a_name_of_any_length_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
        let names = solaris::parse::uname::uname(&bytes);
        let _ = (names.kernel(), names.abi());
        prop_assert!(names.machine.len() <= 257);
    }
}
