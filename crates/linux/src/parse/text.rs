//! Strict numbers and words from kernel text, and lines from chunks.

/// A decimal number: digits only, no sign, no blank, within the type.
#[must_use]
pub fn decimal(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum.checked_mul(10)?.checked_add(digit.into())
    })
}

/// A decimal number of 32 bits.
#[must_use]
pub fn decimal32(word: &[u8]) -> Option<u32> {
    decimal(word)?.try_into().ok()
}

/// A hexadecimal number of at most 16 digits, either case.
#[must_use]
pub fn hex(word: &[u8]) -> Option<u64> {
    if word.is_empty() || word.len() > 16 {
        return None;
    }
    word.iter().try_fold(0u64, |sum, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        Some(sum << 4 | u64::from(digit))
    })
}

/// A hexadecimal number of 32 bits.
#[must_use]
pub fn hex32(word: &[u8]) -> Option<u32> {
    hex(word)?.try_into().ok()
}

/// Cuts a word at the first `mark`.
#[must_use]
pub fn split_once(word: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(mark, word)?;
    Some((word.get(..at)?, word.get(at + 1..)?))
}

/// Words of a line between blanks, and what has not been read yet.
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    /// Begins at the start of a line.
    #[must_use]
    pub fn new(line: &'a [u8]) -> Words<'a> {
        Words { rest: line }
    }

    /// What follows the last word given, its blanks included.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self
            .rest
            .iter()
            .position(|&byte| byte != b' ' && byte != b'\t')?;
        let word = self.rest.get(start..)?;
        let end = word
            .iter()
            .position(|&byte| byte == b' ' || byte == b'\t')
            .unwrap_or(word.len());
        let (word, rest) = word.split_at_checked(end)?;
        self.rest = rest;
        Some(word)
    }
}

/// The longest line that is put together from several chunks; what is longer comes in pieces
/// that will not parse, and so become gaps.
const LINE_MAX: usize = 1 << 20;

/// Puts lines together from chunks that end anywhere.
#[derive(Default)]
pub struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Gives every line that this chunk completes, without its newline.
    pub fn push(&mut self, chunk: &[u8], each: &mut dyn FnMut(&[u8])) {
        let mut rest = chunk;
        while let Some((line, more)) = split_once(rest, b'\n') {
            if self.begun.is_empty() {
                each(line);
            } else {
                self.begun.extend_from_slice(line);
                each(&self.begun);
                self.begun.clear();
            }
            rest = more;
        }
        self.begun.extend_from_slice(rest);
        if self.begun.len() > LINE_MAX {
            each(&self.begun);
            self.begun.clear();
        }
    }

    /// Gives what is left when the text does not end with a newline.
    pub fn end(self, each: &mut dyn FnMut(&[u8])) {
        if !self.begun.is_empty() {
            each(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_strict() {
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for bad in [
            &b""[..],
            b"+1",
            b"-1",
            b" 1",
            b"1 ",
            b"0x1",
            b"18446744073709551616",
            b"1\xff",
        ] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
        assert_eq!(hex(b"ffffFFFF00000000"), Some(0xffff_ffff_0000_0000));
        for bad in [&b""[..], b"+1", b"0x1", b"g", b"00000000000000001"] {
            assert_eq!(hex(bad), None, "{bad:?}");
        }
        assert_eq!(
            (hex32(b"100000000"), decimal32(b"4294967296")),
            (None, None)
        );
    }

    #[test]
    fn lines_do_not_depend_on_the_chunks() {
        let text = b"one\ntwo two\n\nlast";
        for size in 1..=text.len() {
            let mut lines = Lines::default();
            let mut got = Vec::new();
            for chunk in text.chunks(size) {
                lines.push(chunk, &mut |line| got.push(line.to_vec()));
            }
            lines.end(&mut |line| got.push(line.to_vec()));
            assert_eq!(
                got,
                [&b"one"[..], b"two two", b"", b"last"],
                "chunks of {size}"
            );
        }
    }

    #[test]
    fn words_leave_the_rest_alone() {
        let mut words = Words::new(b"  12: ab\tcd   a name ");
        assert_eq!(
            words.by_ref().take(3).collect::<Vec<_>>(),
            [&b"12:"[..], b"ab", b"cd"]
        );
        assert_eq!(words.rest(), b"   a name ");
    }
}
