//! Netlink framing: messages in a buffer, attributes in a message
//! (`include/uapi/linux/netlink.h`).

use super::Order;

/// One message of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `nlmsg_type`.
    pub kind: u16,
    /// `nlmsg_flags`.
    pub flags: u16,
    /// What follows the header.
    pub body: &'a [u8],
}

/// The answer ends here; the body is an error number or 0.
pub const DONE: u16 = 3;
/// The request failed; the body begins with the negative error number.
pub const ERROR: u16 = 2;
/// The table changed under the dump (`NLM_F_DUMP_INTR`).
pub const INTERRUPTED: u16 = 0x10;

/// What a gap says of that.
pub const CHANGED: &str = "the table changed while it was read";

/// Cuts a buffer into messages. The last item is an error where bytes are left over that
/// are no whole message: its offset.
pub fn messages(buffer: &[u8], order: Order) -> impl Iterator<Item = Result<Message<'_>, usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = buffer.get(at..).filter(|rest| !rest.is_empty())?;
        let Some((message, length)) = message(rest, order) else {
            let bad = at;
            at = buffer.len();
            return Some(Err(bad));
        };
        at += length.next_multiple_of(4);
        Some(Ok(message))
    })
}

fn message(rest: &[u8], order: Order) -> Option<(Message<'_>, usize)> {
    let length = usize::try_from(order.u32(*rest.first_chunk()?)).ok()?;
    let kind = order.u16(*rest.get(4..)?.first_chunk()?);
    let flags = order.u16(*rest.get(6..)?.first_chunk()?);
    let body = rest.get(16..length)?;
    Some((Message { kind, flags, body }, length))
}

/// The error number at the start of the body of [`ERROR`] or [`DONE`], as a positive number.
#[must_use]
pub fn errno(body: &[u8], order: Order) -> i32 {
    let word = body.first_chunk().map_or(0, |word| order.u32(*word));
    word.cast_signed().wrapping_neg()
}

/// Attributes of a message: type (flags masked off) and payload. Ends at the first that does
/// not fit.
pub fn attributes(mut rest: &[u8], order: Order) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(order.u16(*rest.first_chunk()?));
        let kind = order.u16(*rest.get(2..)?.first_chunk()?) & 0x3fff;
        let payload = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, payload))
    })
}

/// Builds a request: header and body. The sequence number is ours to choose and is not
/// looked at again, since each request has a socket of its own.
#[must_use]
pub fn request(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 16).unwrap_or(u32::MAX);
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&1u32.to_ne_bytes());
    bytes.extend_from_slice(&0u32.to_ne_bytes());
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_are_cut_and_leftovers_named() {
        let mut buffer = request(20, 5, b"abcdef");
        buffer.extend_from_slice(&[0, 0]);
        buffer.extend_from_slice(&request(DONE, 0, &(-2i32).to_ne_bytes()));
        let whole = buffer.len();
        buffer.extend_from_slice(&[200, 0, 0, 0, 1]);
        let got: Vec<_> = messages(&buffer, Order::NATIVE).collect();
        assert_eq!(
            got[0],
            Ok(Message {
                kind: 20,
                flags: 5,
                body: b"abcdef"
            })
        );
        assert_eq!(got[1].unwrap().kind, DONE);
        assert_eq!(errno(got[1].unwrap().body, Order::NATIVE), 2);
        assert_eq!(got[2..], [Err(whole)]);
    }

    #[test]
    fn lengths_that_lie_end_the_cutting() {
        for length in [0u32, 1, 15, 17, u32::MAX] {
            let mut buffer = request(20, 0, b"");
            buffer[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(
                messages(&buffer, Order::NATIVE).collect::<Vec<_>>(),
                [Err(0)],
                "{length}"
            );
        }
        for length in [0u16, 3, 9, u16::MAX] {
            let mut attribute = length.to_ne_bytes().to_vec();
            attribute.extend_from_slice(&[1, 0, 0, 0]);
            assert_eq!(attributes(&attribute, Order::NATIVE).count(), 0, "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_loop(bytes: Vec<u8>, big: bool) {
            let order = if big { Order::Big } else { Order::Little };
            prop_assert!(messages(&bytes, order).count() <= bytes.len() + 1);
            prop_assert!(attributes(&bytes, order).count() <= bytes.len());
        }
    }
}
