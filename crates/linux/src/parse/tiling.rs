//! sock_diag answers read with suspicion: every message must be filled by its attributes, and
//! nothing may have been written after the end.

use super::Order;
use super::netlink::{DONE, ERROR, errno};
use super::sock_diag::{BY_FAMILY, Dump};
use model::receipt::{MessageSign, Receipt};
use model::{Family, Gap};

/// What the buffer is filled with before the kernel is asked.
pub const CANARY: u8 = 0xa5;

/// `struct nlmsghdr`: length 4, type 2, flags 2, sequence 4, port 4.
const HEADER: usize = 16;

/// Reads one table's answer, buffer by buffer.
pub struct Reader<'a> {
    /// What the answer is about.
    pub dump: Dump,
    /// The name of the question, for gaps.
    pub place: &'a str,
    /// What was read so far.
    pub receipt: Receipt,
    /// Whether the message that ends the answer was there.
    pub done: bool,
}

impl Reader<'_> {
    /// Reads a buffer that was full of [`CANARY`], `length` being what the call said it wrote.
    pub fn buffer(&mut self, buffer: &[u8], length: usize) {
        let Some((told, tail)) = buffer.split_at_checked(length) else {
            return self.gap("longer than the buffer");
        };
        let mut rest = told;
        let mut first = None;
        while !rest.is_empty() {
            let Some(message) = message(rest, self.dump.order) else {
                self.gap("bytes that are no message");
                break;
            };
            let mark = *first.get_or_insert(message.mark);
            rest = rest
                .get(message.length.next_multiple_of(4)..)
                .unwrap_or_default();
            self.message(&message, mark);
            self.receipt.messages += 1;
        }
        if let Some(last) = tail.iter().rposition(|&byte| byte != CANARY) {
            let bytes = u64::try_from(last + 1).unwrap_or(u64::MAX);
            self.receipt.signs.push(MessageSign::DirtyTail { bytes });
            if let Some(mark) = first {
                self.carve(tail.get(..=last).unwrap_or_default(), mark);
            }
        }
    }

    fn message(&mut self, message: &Message<'_>, mark: Mark) {
        match message.kind {
            BY_FAMILY => {}
            DONE | ERROR => {
                self.done = true;
                let number = errno(message.body, self.dump.order);
                if number != 0 {
                    let error = std::io::Error::from_raw_os_error(number);
                    self.receipt.gaps.push(Gap::io(self.place, &error));
                }
                return;
            }
            _ => return self.gap("a message of unknown type"),
        }
        let number = self.receipt.messages;
        let end = self.attributes_end(message.body, mark);
        let left = message.body.get(end..).unwrap_or_default();
        if is_message(left, mark, self.dump.order) {
            let sign = MessageSign::LongMessage { message: number };
            self.receipt.signs.push(sign);
            self.carve(left, mark);
        } else if !left.is_empty() {
            let sign = MessageSign::NotTiled { message: number };
            self.receipt.signs.push(sign);
        }
        // Whatever was swallowed is no part of this socket.
        match self
            .dump
            .socket(message.body.get(..end).unwrap_or_default())
        {
            Some(socket) => self.receipt.sockets.push(socket),
            None => self.gap("a message that is no socket"),
        }
    }

    /// Where the attributes of a body end: at its end, if it is as the kernel made it.
    fn attributes_end(&self, body: &[u8], mark: Mark) -> usize {
        let mut at = match self.dump.family {
            Family::Inet | Family::Inet6 => 72,
            Family::Unix | Family::Packet | Family::Xdp => 16,
            Family::Netlink => 28,
            Family::Vsock => 32,
        };
        loop {
            let rest = body.get(at..).unwrap_or_default();
            let length = rest.first_chunk().map_or(0, |it| self.dump.order.u16(*it));
            let length = usize::from(length);
            if length < 4 || length > rest.len() || is_message(rest, mark, self.dump.order) {
                return at.min(body.len());
            }
            // The last attribute of a message is padded too.
            at += length.next_multiple_of(4);
        }
    }

    /// Takes the sockets of messages that stand where none should.
    fn carve(&mut self, mut bytes: &[u8], mark: Mark) {
        while bytes.len() >= HEADER {
            let found = message(bytes, self.dump.order)
                .filter(|message| message.kind == BY_FAMILY && message.mark == mark);
            let step = match found {
                Some(found) => {
                    let end = self.attributes_end(found.body, mark);
                    let body = found.body.get(..end).unwrap_or_default();
                    self.receipt.carved.extend(self.dump.socket(body));
                    (HEADER + end).next_multiple_of(4)
                }
                None => 4,
            };
            bytes = bytes.get(step..).unwrap_or_default();
        }
    }

    fn gap(&mut self, reason: &str) {
        self.receipt.gaps.push(Gap::new(self.place, reason));
    }
}

/// Sequence and port: the same in every message of an answer, and in no attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark([u8; 8]);

struct Message<'a> {
    length: usize,
    kind: u16,
    mark: Mark,
    body: &'a [u8],
}

fn message(bytes: &[u8], order: Order) -> Option<Message<'_>> {
    let length = usize::try_from(order.u32(*bytes.first_chunk()?)).ok()?;
    Some(Message {
        length,
        kind: order.u16(*bytes.get(4..)?.first_chunk()?),
        mark: Mark(*bytes.get(8..)?.first_chunk()?),
        body: bytes.get(HEADER..length)?,
    })
}

fn is_message(bytes: &[u8], mark: Mark, order: Order) -> bool {
    message(bytes, order).is_some_and(|it| it.kind == BY_FAMILY && it.mark == mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Proto;
    use proptest::prelude::*;

    /// A listener on a port, as sock_diag tells it, with two attributes.
    fn record(port: u16) -> Vec<u8> {
        let mut body = vec![0u8; 72];
        (body[0], body[1]) = (2, 10);
        body[4..6].copy_from_slice(&port.to_be_bytes());
        body.extend_from_slice(&[5, 0, 8, 0, 1, 0, 0, 0]); // one byte, padded
        body.extend_from_slice(&[8, 0, 15, 0, 0, 0, 0, 0]);
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut message = length.to_le_bytes().to_vec();
        message.extend_from_slice(&[20, 0, 2, 0, 1, 0, 0, 0, 7, 9, 0, 0]);
        message.extend_from_slice(&body);
        message
    }

    fn read(bytes: &[u8], length: usize) -> Receipt {
        let mut buffer = vec![CANARY; 1024];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let mut reader = reader();
        reader.buffer(&buffer, length);
        reader.receipt
    }

    fn reader() -> Reader<'static> {
        Reader {
            dump: Dump {
                family: Family::Inet,
                proto: Some(Proto::Tcp),
                netns: None,
                order: Order::Little,
            },
            place: "sock_diag",
            receipt: Receipt::default(),
            done: false,
        }
    }

    fn ports(sockets: &[model::Socket]) -> Vec<u16> {
        sockets
            .iter()
            .filter_map(|socket| Some(socket.kind.inet()?.port))
            .collect()
    }

    #[test]
    fn an_honest_answer_is_tiled() {
        let bytes = [record(22), record(80)].concat();
        let receipt = read(&bytes, bytes.len());
        assert_eq!(ports(&receipt.sockets), [22, 80]);
        assert_eq!((receipt.signs.len(), receipt.gaps.len()), (0, 0));
        assert_eq!((receipt.carved.len(), receipt.messages), (0, 2));
    }

    #[test]
    fn a_swallowed_record_is_carved() {
        let mut bytes = [record(22), record(4444), record(31337), record(80)].concat();
        let length = u32::try_from(3 * record(22).len()).unwrap();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        let receipt = read(&bytes, bytes.len());
        assert_eq!(ports(&receipt.sockets), [22, 80]);
        assert_eq!(ports(&receipt.carved), [4444, 31337]);
        assert_eq!(receipt.signs, [MessageSign::LongMessage { message: 0 }]);
    }

    #[test]
    fn what_was_moved_over_stands_in_the_tail() {
        let bytes = [record(22), record(80), record(80)].concat();
        let receipt = read(&bytes, 2 * record(22).len());
        assert_eq!(ports(&receipt.sockets), [22, 80]);
        assert_eq!(ports(&receipt.carved), [80]);
        assert!(matches!(receipt.signs[..], [MessageSign::DirtyTail { .. }]));
    }

    #[test]
    fn a_hole_in_the_tiles() {
        let mut bytes = record(22);
        let at = HEADER + 72 + 8;
        bytes[at..at + 2].copy_from_slice(&400u16.to_le_bytes());
        let receipt = read(&bytes, bytes.len());
        assert_eq!(receipt.signs, [MessageSign::NotTiled { message: 0 }]);
        assert_eq!(ports(&receipt.sockets), [22]);
    }

    #[test]
    fn the_end_and_its_error() {
        let mut reader = reader();
        let mut end = vec![20, 0, 0, 0, 3, 0, 2, 0, 1, 0, 0, 0, 7, 9, 0, 0];
        end.extend_from_slice(&(-2i32).to_le_bytes());
        reader.buffer(&end, end.len());
        assert!(reader.done);
        assert_eq!(reader.receipt.gaps[0].errno, Some(2));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, length in 0usize..300) {
            let mut reader = reader();
            reader.buffer(&bytes, length);
        }
    }
}
