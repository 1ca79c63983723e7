//! The kernel's statistics (`sys/kstat.h`): the chain of headers, and named values.

use super::Parsed;
use super::bytes::{Fields, records};
use crate::layout::{Abi, KSTAT_ILP32, KSTAT_LP64, Kstat, Model, named};
use model::Gap;

/// Kinds of statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A structure of the module's own.
    Raw,
    /// Names and values.
    Named,
    /// Interrupt counts, I/O counts, timers and what else there may be.
    Other(u8),
}

/// One header of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The number to ask for it by, good while the chain is unchanged.
    pub kid: i32,
    /// Who keeps it.
    pub module: &'a [u8],
    /// Which of several; the stack's number in a zone with its own IP.
    pub instance: i32,
    /// What it is called.
    pub name: &'a [u8],
    /// Its class: `mib2`, `net`, `misc`, …
    pub class: &'a [u8],
    /// How its data is kept.
    pub kind: Kind,
    /// Records in the data.
    pub ndata: u32,
    /// Bytes of data, as far as the kernel knows beforehand.
    pub data_size: u64,
}

/// The header layout of a data model.
#[must_use]
pub fn layout(abi: Abi) -> &'static Kstat {
    match abi.model {
        Model::Lp64 => &KSTAT_LP64,
        Model::Ilp32 => &KSTAT_ILP32,
    }
}

/// Reads the chain: the data of `unix:0:kstat_headers`.
#[must_use]
pub fn chain<'a>(bytes: &'a [u8], abi: Abi, place: &str) -> Parsed<Header<'a>> {
    let layout = layout(abi);
    let mut parsed = Parsed::default();
    for (number, record) in records(bytes, layout.stride).enumerate() {
        match header(Fields::new(record, abi), layout) {
            Some(header) => parsed.rows.push(header),
            None => parsed.lost.push(Gap::new(
                format!("{place} header {number}"),
                format!("{} bytes of {}", record.len(), layout.stride),
            )),
        }
    }
    parsed
}

/// Reads one header.
#[must_use]
pub fn header<'a>(fields: Fields<'a>, layout: &Kstat) -> Option<Header<'a>> {
    let kind = match *fields.bytes.get(layout.kind)? {
        0 => Kind::Raw,
        1 => Kind::Named,
        other => Kind::Other(other),
    };
    Some(Header {
        kid: fields.i32(layout.kid)?,
        module: fields.text(layout.module, 31)?,
        instance: fields.i32(layout.instance)?,
        name: fields.text(layout.name, 31)?,
        class: fields.text(layout.class, 31)?,
        kind,
        ndata: fields.u32(layout.ndata)?,
        data_size: fields.word(layout.data_size)?,
    })
}

/// A named value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number.
    Number(i128),
    /// A text.
    Text(&'a [u8]),
    /// A kind we have no use for, or a text outside the buffer.
    Other(u8),
}

/// Reads named values. `base` is where the buffer lay when the kernel filled it, since a
/// text's pointer points into it; without it texts are left out.
#[must_use]
pub fn named<'a>(
    bytes: &'a [u8],
    count: u32,
    base: Option<u64>,
    abi: Abi,
    place: &str,
) -> Parsed<(&'a [u8], Value<'a>)> {
    let mut parsed = Parsed::default();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for (number, record) in records(bytes, named::STRIDE).take(count).enumerate() {
        let fields = Fields::new(record, abi);
        let entry = || Some((fields.text(0, 31)?, value(fields, bytes, base)?));
        match entry() {
            Some(entry) => parsed.rows.push(entry),
            None => parsed.lost.push(Gap::new(
                format!("{place} value {number}"),
                format!("{} bytes of {}", record.len(), named::STRIDE),
            )),
        }
    }
    let room = bytes.len().div_ceil(named::STRIDE);
    if count > room {
        let reason = format!("{count} values announced, {room} came");
        parsed.notes.push(Gap::new(place, reason));
    }
    parsed
}

fn value<'a>(fields: Fields<'a>, buffer: &'a [u8], base: Option<u64>) -> Option<Value<'a>> {
    (fields.bytes.len() == named::STRIDE).then_some(())?;
    let kind = *fields.bytes.get(named::KIND)?;
    Some(match kind {
        0 => Value::Text(fields.text(named::VALUE, 16)?),
        1 => Value::Number(fields.i32(named::VALUE)?.into()),
        2 => Value::Number(fields.u32(named::VALUE)?.into()),
        3 => Value::Number(fields.u64(named::VALUE)?.cast_signed().into()),
        4 => Value::Number(fields.u64(named::VALUE)?.into()),
        9 => text(fields, buffer, base).map_or(Value::Other(kind), Value::Text),
        other => Value::Other(other),
    })
}

/// A text outside the record: where the pointer says, if that is inside the buffer.
fn text<'a>(fields: Fields<'a>, buffer: &'a [u8], base: Option<u64>) -> Option<&'a [u8]> {
    let pointer = fields.word(named::VALUE)?;
    let at = usize::try_from(pointer.checked_sub(base?)?).ok()?;
    let length = usize::try_from(fields.u32(named::LENGTH)?).ok()?;
    Fields::new(buffer, fields.abi).text(at, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(bytes: &mut [u8], at: usize, text: &[u8]) {
        bytes[at..at + text.len()].copy_from_slice(text);
    }

    #[test]
    fn headers_in_both_models() {
        for abi in [Abi::X86_64, Abi::SPARCV9, Abi::I386, Abi::SPARC] {
            let layout = layout(abi);
            let mut bytes = vec![0; layout.stride + 10];
            put(&mut bytes, layout.module, b"sockfs");
            put(&mut bytes, layout.name, b"sock_unix_list");
            put(&mut bytes, layout.class, b"misc");
            let kid = match abi.order {
                crate::layout::Order::Little => 77i32.to_le_bytes(),
                crate::layout::Order::Big => 77i32.to_be_bytes(),
            };
            put(&mut bytes, layout.kid, &kid);
            let parsed = chain(&bytes, abi, "kstat");
            let header = parsed.rows[0];
            assert_eq!((header.kid, header.kind), (77, Kind::Raw));
            assert_eq!(
                (header.module, header.name),
                (&b"sockfs"[..], &b"sock_unix_list"[..])
            );
            assert_eq!(header.class, b"misc");
            assert_eq!(parsed.lost.len(), 1);
        }
    }

    #[test]
    fn numbers_and_texts() {
        let mut bytes = vec![0; 48 * 3];
        put(&mut bytes, 0, b"currEstab");
        bytes[31] = 2;
        bytes[32] = 9;
        put(&mut bytes, 48, b"loss");
        bytes[48 + 31] = 1;
        bytes[48 + 32..48 + 36].fill(0xff);
        put(&mut bytes, 96, b"brand");
        bytes[96 + 31] = 9;
        let pointer = (0x1000u64 + 144).to_le_bytes();
        put(&mut bytes, 96 + 32, &pointer);
        bytes[96 + 40] = 5;
        bytes.extend_from_slice(b"hello");
        let parsed = named(&bytes, 3, Some(0x1000), Abi::X86_64, "tcp");
        assert_eq!(
            parsed.rows,
            [
                (&b"currEstab"[..], Value::Number(9)),
                (&b"loss"[..], Value::Number(-1)),
                (&b"brand"[..], Value::Text(b"hello")),
            ]
        );
        for base in [None, Some(0), Some(0x2000)] {
            let parsed = named(&bytes, 3, base, Abi::X86_64, "tcp");
            assert_eq!(parsed.rows[2].1, Value::Other(9));
        }
        assert_eq!(named(&bytes, 4, None, Abi::X86_64, "tcp").lost.len(), 1);
        assert_eq!(named(&bytes, 9, None, Abi::X86_64, "tcp").notes.len(), 1);
    }

    proptest! {
        #[test]
        fn rows_and_gaps_are_the_records(bytes in proptest::collection::vec(any::<u8>(), 0..600), base in any::<u64>(), count in 0u32..20) {
            let parsed = chain(&bytes, Abi::X86_64, "x");
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), bytes.len().div_ceil(184));
            let parsed = named(&bytes, count, Some(base), Abi::SPARCV9, "x");
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), bytes.len().div_ceil(48).min(count as usize));
        }
    }
}
