//! A buffer of printable text: the only way into a table.

use crate::{Align, safe};
use std::io::Write;
use std::net::IpAddr;

/// Printable text under construction. What is ours goes in by [`Text::word`], numbers by
/// [`Text::number`], anything somebody else chose by [`Text::foreign`], or by
/// [`Text::printable`] where it is quoted in text of ours.
#[derive(Default)]
pub struct Text {
    bytes: Vec<u8>,
}

impl Text {
    /// Appends a word of our own.
    #[inline]
    pub fn word(&mut self, word: &str) {
        self.bytes.extend_from_slice(word.as_bytes());
    }

    /// Appends a decimal number.
    pub fn number(&mut self, number: u64) {
        if let Ok(digit @ ..10) = u8::try_from(number) {
            return self.bytes.push(b'0' + digit);
        }
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            if let (Some(place), Ok(digit)) = (digits.get_mut(at), u8::try_from(rest % 10)) {
                *place = b'0' + digit;
            }
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes
            .extend_from_slice(digits.get(at..).unwrap_or_default());
    }

    /// Appends an address as `Display` does; tables are full of them, so IPv4 has a way of
    /// its own.
    pub fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(four) => {
                let [a, b, c, d] = four.octets();
                self.number(a.into());
                for octet in [b, c, d] {
                    self.bytes.push(b'.');
                    self.number(octet.into());
                }
            }
            IpAddr::V6(six) if six.is_unspecified() => self.word("::"),
            IpAddr::V6(six) => self.show(six),
        }
    }

    /// Appends what a value of our own prints as. Not for foreign text.
    pub fn show(&mut self, value: impl std::fmt::Display) {
        // Writing into memory does not fail.
        let _ = write!(self.bytes, "{value}");
    }

    /// Appends foreign bytes, made harmless.
    pub fn foreign(&mut self, bytes: &[u8]) {
        safe::escape(bytes, &mut self.bytes);
    }

    /// Appends text that was made printable before; where it was not, it is now.
    pub fn printable(&mut self, text: &str) {
        self.word(&safe::once(text));
    }

    /// Cuts everything after the first `columns` columns of what came after `from`.
    /// An escape cut in half would mislead, so it goes as a whole.
    pub fn truncate(&mut self, from: usize, columns: usize) {
        let Some(tail) = self
            .bytes
            .get(from..)
            .and_then(|tail| std::str::from_utf8(tail).ok())
        else {
            return;
        };
        if let Some((cut, _)) = tail.char_indices().nth(columns) {
            let kept = tail.get(..cut).unwrap_or_default();
            let whole = kept
                .rfind('\\')
                .filter(|&at| is_open_escape(kept, at))
                .unwrap_or(cut);
            self.bytes.truncate(from + whole);
        }
    }

    /// Appends another text.
    pub fn append(&mut self, other: &Text) {
        self.bytes.extend_from_slice(&other.bytes);
    }

    /// Fills what came after `from` up to `width` columns.
    pub fn pad(&mut self, from: usize, width: usize, align: Align) {
        let missing = width.saturating_sub(self.width(from));
        match align {
            Align::Left => self.spaces(missing),
            Align::Right => self.indent(from, missing),
        }
    }

    /// How many bytes there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many columns what came after byte `from` takes.
    #[must_use]
    pub fn width(&self, from: usize) -> usize {
        let tail = self.bytes.get(from..).unwrap_or_default();
        // Everything in here is UTF-8: count the bytes that begin a letter. Most text is short
        // and ASCII, of which no byte needs to be looked at closely.
        if tail.is_ascii() {
            tail.len()
        } else {
            tail.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Empties it, keeping its room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Appends what was a text before.
    pub(crate) fn text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    pub(crate) fn spaces(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len() + count, b' ');
    }

    pub(crate) fn indent(&mut self, at: usize, count: usize) {
        self.bytes.resize(self.bytes.len() + count, b' ');
        if let Some(tail) = self.bytes.get_mut(at..) {
            tail.rotate_right(count);
        }
    }

    pub(crate) fn newline(&mut self) {
        self.bytes.push(b'\n');
    }
}

/// Whether the escape that the backslash at `at` opens is not finished in `text`.
fn is_open_escape(text: &str, at: usize) -> bool {
    let slashes = text
        .get(..=at)
        .unwrap_or_default()
        .bytes()
        .rev()
        .take_while(|&b| b == b'\\')
        .count();
    if slashes % 2 == 0 {
        return false;
    }
    let after = text.get(at + 1..).unwrap_or_default();
    match after.bytes().next() {
        None => true,
        Some(b'x') => after.len() < 3,
        Some(b'u') => !after.contains('}'),
        Some(_) => false,
    }
}
