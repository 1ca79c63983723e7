//! The whole answer of the STREAMS modules put together: strides, tables, inodes.

use super::bytes::Fields;
use super::optmgmt::{Answer, Item};
use super::sockinfo::{self, SockInfo};
use super::tcp::Version;
use super::{sctp, tcp, udp};
use crate::layout::{Abi, Model, TCP4_ENTRIES, TCP6_ENTRIES, UDP4_TAILS, UDP6_TAILS, scalars};
use model::{Family, Gap, Gaps, Looked, Proto, Socket};

/// `MIB2_IP`: the level to ask; every release answers it with all tables.
pub const IP: u32 = 260;
const TCP: u32 = 262;
const UDP: u32 = 263;
const TCP6: u32 = 270;
const UDP6: u32 = 271;
const SCTP: u32 = 272;
const SOCK_INFO: u32 = 106;

/// What the tables told.
#[derive(Debug, Default)]
pub struct Tables {
    /// Sockets in the order of the tables.
    pub sockets: Vec<Socket>,
    /// Tables read to their end.
    pub looked: Vec<Looked>,
    /// What was not understood.
    pub gaps: Gaps,
    /// Whether the kernel told inodes, so that owners can be exact.
    pub inodes: bool,
}

/// One kind of table: where it is, where its stride is.
struct Known {
    proto: Proto,
    version: Version,
    level: u32,
    name: u32,
    /// Level of the counters that hold the stride, and where in them.
    stride: (u32, usize),
    place: &'static str,
}

const KNOWN: &[Known] = &[
    known(
        Proto::Udp,
        Version::V4,
        (UDP, 5),
        (UDP, scalars::UDP4),
        "mib2 udp",
    ),
    known(
        Proto::Udp,
        Version::V6,
        (UDP6, 6),
        (UDP, scalars::UDP6),
        "mib2 udp6",
    ),
    known(
        Proto::Tcp,
        Version::V4,
        (TCP, 13),
        (TCP, scalars::TCP4),
        "mib2 tcp",
    ),
    known(
        Proto::Tcp,
        Version::V6,
        (TCP6, 14),
        (TCP, scalars::TCP6),
        "mib2 tcp6",
    ),
];

const fn known(
    proto: Proto,
    version: Version,
    at: (u32, u32),
    stride: (u32, usize),
    place: &'static str,
) -> Known {
    Known {
        proto,
        version,
        level: at.0,
        name: at.1,
        stride,
        place,
    }
}

/// Reads every socket out of an answer.
#[must_use]
pub fn tables(answer: &Answer<'_>) -> Tables {
    // No table of the MIB holds a pointer or a long: 32 and 64-bit readers see the same.
    let abi = Abi {
        order: answer.order,
        model: Model::Lp64,
    };
    let mut told = Tables {
        gaps: answer.gaps.clone(),
        ..Tables::default()
    };
    for known in KNOWN {
        let Some(item) = find(&answer.items, known.level, known.name) else {
            told.gaps
                .push(Gap::new(known.place, "the kernel gave no such table"));
            continue;
        };
        let Some(stride) = stride(&answer.items, known, item.data, abi) else {
            told.gaps.push(Gap::new(
                known.place,
                "the kernel does not tell how long an entry is",
            ));
            continue;
        };
        let infos = infos(
            &answer.items,
            known,
            item.data.len() / stride.max(1),
            abi,
            &mut told,
        );
        let table = match known.proto {
            Proto::Udp => udp::table,
            _ => tcp::table,
        };
        let (rows, gaps) =
            table(item.data, stride, known.version, abi, &infos, known.place).into_parts();
        told.gaps.extend(gaps);
        told.sockets.extend(rows);
        told.looked.push(looked(known.version, known.proto));
    }
    if let Some(item) = find(&answer.items, SCTP, 15) {
        let (rows, gaps) = sctp::table(item.data, abi, "mib2 sctp").into_parts();
        told.gaps.extend(gaps);
        told.sockets.extend(rows);
        told.looked.push(looked(Version::V4, Proto::Sctp));
        told.looked.push(looked(Version::V6, Proto::Sctp));
    }
    told
}

fn looked(version: Version, proto: Proto) -> Looked {
    let family = match version {
        Version::V4 => Family::Inet,
        Version::V6 => Family::Inet6,
    };
    Looked {
        family,
        proto: Some(proto),
        // IDLE and BOUND sockets are rows of the TCP tables, idle ones of the UDP tables.
        bound: true,
    }
}

fn find<'a, 'b>(items: &'b [Item<'a>], level: u32, name: u32) -> Option<&'b Item<'a>> {
    items
        .iter()
        .find(|item| item.level == level && item.name == name)
}

/// The kernel's own word, or the only known size that divides an orphaned table.
fn stride(items: &[Item<'_>], known: &Known, table: &[u8], abi: Abi) -> Option<usize> {
    let (level, at) = known.stride;
    let told = find(items, level, 0).and_then(|item| Fields::new(item.data, abi).u32(at));
    if let Some(told) = told {
        return usize::try_from(told).ok();
    }
    let strides: Vec<usize> = match (known.proto, known.version) {
        (Proto::Udp, Version::V4) => [20]
            .into_iter()
            .chain(UDP4_TAILS.iter().map(|t| t.stride))
            .collect(),
        (Proto::Udp, Version::V6) => [48]
            .into_iter()
            .chain(UDP6_TAILS.iter().map(|t| t.stride))
            .collect(),
        (_, Version::V4) => TCP4_ENTRIES.iter().map(|e| e.stride).collect(),
        (_, Version::V6) => TCP6_ENTRIES.iter().map(|e| e.stride).collect(),
    };
    let mut fitting = strides
        .into_iter()
        .filter(|stride| table.len().is_multiple_of(*stride));
    let only = fitting.next()?;
    fitting.next().is_none().then_some(only)
}

fn infos(
    items: &[Item<'_>],
    known: &Known,
    rows: usize,
    abi: Abi,
    told: &mut Tables,
) -> Vec<Option<SockInfo>> {
    let Some(item) = find(items, known.level, SOCK_INFO) else {
        return Vec::new();
    };
    match sockinfo::table(item.data, rows, abi) {
        Ok(infos) => {
            told.inodes = true;
            infos
        }
        Err(reason) => {
            let reason = format!("inodes left out: {reason}");
            told.gaps.push(Gap::new(known.place, reason));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Order;
    use model::State;
    use proptest::prelude::*;

    fn words(words: &[(usize, u32)], length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for (at, value) in words {
            bytes[*at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    fn item(level: u32, name: u32, data: &[u8]) -> Item<'_> {
        Item { level, name, data }
    }

    fn told(items: Vec<Item<'_>>) -> Tables {
        tables(&Answer {
            items,
            order: Order::Little,
            gaps: Vec::new(),
        })
    }

    #[test]
    fn strides_come_from_the_kernel_and_inodes_from_the_other_table() {
        let counters = words(&[(48, 68), (208, 96)], 228);
        let listener = words(
            &[(0, 2), (8, 22), (52, (-3i32).cast_unsigned()), (56, 771)],
            68,
        );
        let info = words(&[(8, 4711)], 32);
        // The table may come before the block that tells its stride.
        let found = told(vec![
            item(262, 13, &listener),
            item(262, 106, &info),
            item(262, 0, &counters),
        ]);
        assert!(found.inodes);
        let socket = &found.sockets[0];
        assert_eq!(socket.inode.0, 4711);
        assert_eq!(socket.kind.inet().unwrap().state, State::Listen);
        let missing: Vec<&str> = found.gaps.iter().map(|gap| gap.place.as_str()).collect();
        assert_eq!(missing, ["mib2 udp", "mib2 udp6", "mib2 tcp6"]);
        assert_eq!(found.looked.len(), 1);
    }

    #[test]
    fn an_older_payload_under_the_same_number_names_nobody() {
        let counters = words(&[(48, 68), (208, 96)], 228);
        let listener = words(&[(0, 2), (8, 22), (52, (-3i32).cast_unsigned())], 68);
        let other = words(&[(0, 9)], 32);
        let found = told(vec![
            item(262, 0, &counters),
            item(262, 13, &listener),
            item(262, 106, &other),
        ]);
        assert!(!found.inodes);
        assert_eq!(found.sockets[0].inode.0, 0);
        assert!(found.gaps[2].reason.starts_with("inodes left out"));
    }

    #[test]
    fn without_counters_only_an_unmistakable_size_is_taken() {
        let listener = words(&[(0, 2), (8, 22), (52, (-3i32).cast_unsigned())], 68);
        assert_eq!(told(vec![item(262, 13, &listener)]).sockets.len(), 1);
        let doubtful = vec![0; 68 * 72];
        assert!(told(vec![item(262, 13, &doubtful)]).sockets.is_empty());
    }

    proptest! {
        #[test]
        fn any_items_are_survived(
            items in proptest::collection::vec((prop::sample::select(vec![262u32, 263, 270, 271, 272]),
                prop::sample::select(vec![0u32, 5, 6, 13, 14, 15, 106]),
                proptest::collection::vec(any::<u8>(), 0..300)), 0..8),
        ) {
            let items = items.iter().map(|(level, name, data)| item(*level, *name, data)).collect();
            let found = told(items);
            prop_assert!(found.looked.len() <= 6);
        }
    }
}
