//! The dialogue that gets the MIB tables out of the STREAMS modules (`sys/tihdr.h`,
//! `sys/tpicommon.h`): one request, then a control part and a data part for each table.
//!
//! A recording keeps every message as two lengths (32 bits each, control then data) and the
//! two parts, in the order received. The first length is that of a table's header, 28, so
//! the recording tells its own byte order.

use super::bytes::Fields;
use crate::layout::{Abi, Model, Order};
use model::{Gap, Gaps};

/// Bytes of `T_optmgmt_req` or `T_optmgmt_ack` with its `opthdr`.
pub const HEADER: usize = 28;
const T_SVR4_OPTMGMT_REQ: u32 = 9;
const T_OPTMGMT_ACK: u32 = 22;
const T_ERROR_ACK: u32 = 18;
const T_CURRENT: u32 = 0x80;
const T_SUCCESS: u32 = 0x20;
const TSYSERR: u32 = 8;

/// The request for all tables at a level. Length 1 keeps a solaris10-branded zone from
/// answering in the short layout.
#[must_use]
pub fn request(level: u32) -> [u8; HEADER] {
    let words = [T_SVR4_OPTMGMT_REQ, 12, 16, T_CURRENT, level, 0, 1];
    let mut bytes = [0; HEADER];
    for (slot, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *slot = word.to_ne_bytes();
    }
    bytes
}

/// What a control part says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A table follows.
    Table {
        /// The protocol (`MIB2_TCP`, …).
        level: u32,
        /// The table (`MIB2_TCP_CONN`, …; 0 is the block of counters).
        name: u32,
        /// Bytes of data that follow.
        length: u32,
    },
    /// No more tables.
    End,
    /// The request was refused, with this error number.
    Refused(i32),
    /// None of these.
    Strange,
}

/// Reads a control part. `more` says that data follows (`MOREDATA`): an empty table is told
/// from the end by nothing else.
#[must_use]
pub fn reply(control: &[u8], more: bool, order: Order) -> Reply {
    let model = Model::Lp64;
    let fields = Fields::new(control, Abi { order, model });
    let word = |at: usize| fields.u32(at);
    match (word(0), word(12)) {
        (Some(T_ERROR_ACK), Some(unix)) => Reply::Refused(match word(8) {
            Some(TSYSERR) => unix.cast_signed(),
            _ => 0,
        }),
        (Some(T_OPTMGMT_ACK), Some(T_SUCCESS)) => match (word(16), word(20), word(24)) {
            (Some(level), Some(name), Some(length)) if more => Reply::Table {
                level,
                name,
                length,
            },
            (_, _, None | Some(0)) if !more => Reply::End,
            _ => Reply::Strange,
        },
        _ => Reply::Strange,
    }
}

/// One table as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The protocol.
    pub level: u32,
    /// The table.
    pub name: u32,
    /// Its bytes.
    pub data: &'a [u8],
}

/// All tables of one answer.
#[derive(Debug)]
pub struct Answer<'a> {
    /// In the order they came.
    pub items: Vec<Item<'a>>,
    /// The byte order they are written in.
    pub order: Order,
    /// What does not fit.
    pub gaps: Gaps,
}

/// Cuts a recorded dialogue into tables.
#[must_use]
pub fn answer<'a>(recorded: &'a [u8], place: &str) -> Answer<'a> {
    let order = match recorded.first_chunk() {
        Some([0, 0, 0, 28]) => Order::Big,
        _ => Order::Little,
    };
    let model = Model::Lp64;
    let abi = Abi { order, model };
    let mut answer = Answer {
        items: Vec::new(),
        order,
        gaps: Vec::new(),
    };
    let mut rest = recorded;
    while !rest.is_empty() {
        let Some((control, data, behind)) = message(rest, abi) else {
            let reason = format!("{} bytes behind the last whole message", rest.len());
            answer.gaps.push(Gap::new(place, reason));
            break;
        };
        rest = behind;
        match reply(control, true, order) {
            Reply::Table {
                level,
                name,
                length,
            } => {
                if usize::try_from(length) != Ok(data.len()) {
                    let reason = format!("{length} bytes announced, {} came", data.len());
                    let place = format!("{place} {level}/{name}");
                    answer.gaps.push(Gap::new(place, reason));
                }
                answer.items.push(Item { level, name, data });
            }
            other => {
                let reason = format!("not a table's header: {other:?}");
                answer.gaps.push(Gap::new(place, reason));
            }
        }
    }
    answer
}

fn message(bytes: &[u8], abi: Abi) -> Option<(&[u8], &[u8], &[u8])> {
    let fields = Fields::new(bytes, abi);
    let control = usize::try_from(fields.u32(0)?).ok()?;
    let data = usize::try_from(fields.u32(4)?).ok()?;
    let (control, rest) = bytes.get(8..)?.split_at_checked(control)?;
    let (data, rest) = rest.split_at_checked(data)?;
    Some((control, data, rest))
}

/// Writes one message of a recording, in this machine's order.
pub fn keep(control: &[u8], data: &[u8], sink: &mut dyn FnMut(&[u8])) {
    let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX).to_ne_bytes();
    sink(&length(control));
    sink(&length(data));
    sink(control);
    sink(data);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(words: [u32; 7]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn replies() {
        let table = header([22, 12, 16, 0x20, 262, 13, 0]);
        let expected = Reply::Table {
            level: 262,
            name: 13,
            length: 0,
        };
        assert_eq!(reply(&table, true, Order::Little), expected);
        assert_eq!(reply(&table, false, Order::Little), Reply::End);
        assert_eq!(reply(&table[..16], false, Order::Little), Reply::End);
        assert_eq!(reply(&table[..16], true, Order::Little), Reply::Strange);
        assert_eq!(reply(&table, true, Order::Big), Reply::Strange);
        let refused = header([18, 9, 8, 13, 0, 0, 0]);
        assert_eq!(reply(&refused, false, Order::Little), Reply::Refused(13));
    }

    #[test]
    fn a_recording_tells_its_order_and_its_tables() {
        let mut recorded = Vec::new();
        let words = [22u32, 12, 16, 0x20, 263, 5, 3];
        let control: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        recorded.extend_from_slice(&[0, 0, 0, 28, 0, 0, 0, 3]);
        recorded.extend_from_slice(&control);
        recorded.extend_from_slice(b"abc");
        let whole = recorded.clone();
        recorded.extend_from_slice(&[0, 0, 0, 28, 255, 255, 255, 255]);
        let answer = answer(&recorded, "mib2");
        assert_eq!(answer.order, Order::Big);
        let (level, name) = (263, 5);
        let data = &b"abc"[..];
        assert_eq!(answer.items, [Item { level, name, data }]);
        assert_eq!(answer.gaps.len(), 1, "what is cut short is told");
        assert!(super::answer(&whole, "mib2").gaps.is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let found = answer(&bytes, "x");
            prop_assert!(found.items.len() + found.gaps.len() <= bytes.len() / 8 + 1);
            let _ = reply(&bytes, true, Order::Big);
        }
    }
}
