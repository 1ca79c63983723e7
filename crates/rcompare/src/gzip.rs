//! What a gzip file holds, piece by piece and within bounds: RFC 1952 around what `miniz_oxide`
//! inflates. It is somebody else's file: a small one may unpack to any size, and what was cut
//! or changed must not look whole. Several packed files one after the other are one file (RFC
//! 1952, 2.2), as pigz and bgzip write them.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use std::io::{self, Read};

/// How a gzip file begins.
const MAGIC: &[u8] = &[0x1f, 0x8b];

/// Bytes of the fixed part of a header, and of what ends a file.
const HEAD: usize = 10;
const TAIL: usize = 8;

/// Flags of a header: a sum of it, more fields, a name, a remark.
const SUMMED: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const REMARK: u8 = 16;

/// Whether a file says that it is one.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// A file that is being unpacked.
pub(crate) struct Gunzip<'b> {
    rest: &'b [u8],
    state: Box<InflateState>,
    sum: u32,
    size: u32,
    left: u64,
    ended: bool,
    /// What is wrong with it, once that is known.
    pub(crate) fault: Option<&'static str>,
}

impl<'b> Gunzip<'b> {
    /// Begins; at most `max` bytes will come of it.
    ///
    /// # Errors
    /// Its header is none.
    pub(crate) fn new(bytes: &'b [u8], max: u64) -> Result<Gunzip<'b>, &'static str> {
        let rest = body(bytes).ok_or("its gzip header is cut short or none")?;
        Ok(Gunzip {
            rest,
            state: Box::new(InflateState::new(DataFormat::Raw)),
            sum: !0,
            size: 0,
            left: max,
            ended: false,
            fault: None,
        })
    }

    /// Unpacks what is left, and forgets it: only at the end is its sum known.
    pub(crate) fn drain(&mut self) -> Result<(), &'static str> {
        let mut buffer = vec![0; 64 << 10];
        while self.fault.is_none() && matches!(self.read(&mut buffer), Ok(count) if count > 0) {}
        self.fault.map_or(Ok(()), Err)
    }

    fn fail(&mut self, why: &'static str) -> io::Error {
        self.fault = Some(why);
        io::Error::new(io::ErrorKind::InvalidData, why)
    }

    /// Holds what came out against what the file says of it, and goes on to the next one.
    fn finish(&mut self) -> io::Result<()> {
        let Some((tail, more)) = self.rest.split_at_checked(TAIL) else {
            return Err(self.fail("it is cut short"));
        };
        let (sum, size) = (number(tail, 0), number(tail, 4));
        if sum != !self.sum || size != self.size {
            return Err(self.fail("its checksum does not fit"));
        }
        if more.iter().all(|&byte| byte == 0) {
            // A tape's last block is filled up with these.
            self.ended = true;
            return Ok(());
        }
        if !is_gzip(more) {
            return Err(self.fail("something follows its end"));
        }
        self.rest = body(more).ok_or_else(|| self.fail("a gzip header in it is cut short"))?;
        *self.state = InflateState::new(DataFormat::Raw);
        (self.sum, self.size) = (!0, 0);
        Ok(())
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(why) = self.fault {
            return Err(self.fail(why));
        }
        if self.ended || out.is_empty() {
            return Ok(0);
        }
        loop {
            let done = inflate(&mut self.state, self.rest, out, MZFlush::None);
            self.rest = self.rest.get(done.bytes_consumed..).unwrap_or_default();
            let written = out.get(..done.bytes_written).unwrap_or_default();
            for &byte in written {
                self.sum = step(self.sum, byte);
            }
            let count = written.len();
            self.size = self
                .size
                .wrapping_add(u32::try_from(count).unwrap_or(u32::MAX));
            let bytes = u64::try_from(count).unwrap_or(u64::MAX);
            match self.left.checked_sub(bytes) {
                Some(left) => self.left = left,
                None => return Err(self.fail("it unpacks to more than is read")),
            }
            match done.status {
                Ok(MZStatus::StreamEnd) => {
                    self.finish()?;
                    if count > 0 || self.ended {
                        return Ok(count);
                    }
                }
                Ok(_) if count > 0 => return Ok(count),
                Ok(_) if done.bytes_consumed > 0 => {}
                Ok(_) | Err(MZError::Buf) if self.rest.is_empty() => {
                    return Err(self.fail("it is cut short"));
                }
                Ok(_) | Err(_) => return Err(self.fail("what it holds is damaged")),
            }
        }
    }
}

/// What follows the header.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = bytes.split_at_checked(HEAD)?;
    let (&method, &flags) = (head.get(2)?, head.get(3)?);
    if !is_gzip(head) || method != 8 || flags & 0xe0 != 0 {
        return None;
    }
    if flags & EXTRA != 0 {
        let (size, more) = rest.split_at_checked(2)?;
        let size = u16::from_le_bytes([*size.first()?, *size.get(1)?]);
        rest = more.get(usize::from(size)..)?;
    }
    for text in [NAME, REMARK] {
        if flags & text != 0 {
            let end = rest.iter().position(|&byte| byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & SUMMED != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).unwrap_or_default();
    four.iter()
        .rev()
        .fold(0, |sum, &byte| sum << 8 | u32::from(byte))
}

/// One byte of CRC-32, four bits at a time.
fn step(sum: u32, byte: u8) -> u32 {
    let half = |sum: u32| {
        let at = usize::try_from(sum & 15).unwrap_or_default();
        sum >> 4 ^ HALVES.get(at).copied().unwrap_or_default()
    };
    half(half(sum ^ u32::from(byte)))
}

/// The remainders of four bits by the polynomial 0xedb88320.
const HALVES: [u32; 16] = halves();

#[expect(
    clippy::indexing_slicing,
    reason = "made when this is compiled, within its bounds"
)]
const fn halves() -> [u32; 16] {
    let mut all = [0; 16];
    let mut at = 0;
    while at < 16 {
        let mut sum = at;
        let mut bit = 0;
        while bit < 4 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
            bit += 1;
        }
        all[at as usize] = sum;
        at += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored block, as RFC 1951 has it, with header and tail around it.
    fn packed(text: &[u8]) -> Vec<u8> {
        let size = u16::try_from(text.len()).unwrap();
        let mut all = vec![0x1f, 0x8b, 8, NAME, 0, 0, 0, 0, 0, 3, b'x', 0, 1];
        all.extend(size.to_le_bytes());
        all.extend((!size).to_le_bytes());
        all.extend(text);
        let sum = !text.iter().fold(!0, |sum, &byte| step(sum, byte));
        all.extend(sum.to_le_bytes());
        all.extend(u32::from(size).to_le_bytes());
        all
    }

    /// A hundred thousand zeros in 132 bytes.
    fn bomb() -> Vec<u8> {
        let begin = [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff, 0xed, 0xc1, 0x31, 1, 0, 0, 0, 0xc2, 0xa0, 0xf5,
            0x4f, 0x6d, 0x0d, 0x0f, 0xa0,
        ];
        let end = [0x80, 0x57, 3, 0x7d, 0x95, 0x11, 0xd4, 0xa0, 0x86, 1, 0];
        [&begin[..], &[0; 96], &end].concat()
    }

    fn unpack(bytes: &[u8], max: u64) -> Result<Vec<u8>, &'static str> {
        let mut gunzip = Gunzip::new(bytes, max)?;
        let mut all = Vec::new();
        let _ = gunzip.read_to_end(&mut all);
        gunzip.drain().map(|()| all)
    }

    #[test]
    fn the_sum_is_the_known_one() {
        let sum = !b"123456789".iter().fold(!0, |sum, &byte| step(sum, byte));
        assert_eq!(sum, 0xcbf4_3926);
    }

    #[test]
    fn what_is_cut_changed_or_too_large_does_not_look_whole() {
        let whole = packed(b"tcp LISTEN");
        assert_eq!(unpack(&whole, 10).as_deref(), Ok(&b"tcp LISTEN"[..]));
        assert_eq!(unpack(&whole, 9), Err("it unpacks to more than is read"));
        for cut in 0..whole.len() {
            assert!(unpack(&whole[..cut], 100).is_err(), "{cut}");
        }
        for at in 13..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x40;
            assert!(unpack(&changed, 100).is_err(), "{at}");
        }
        let mut summed = whole.clone();
        summed[20] ^= 1;
        assert_eq!(unpack(&summed, 100), Err("its checksum does not fit"));
        let zeros = unpack(&bomb(), 100_000).unwrap();
        assert_eq!(zeros, vec![0; 100_000]);
        assert_eq!(
            unpack(&bomb(), 99_999),
            Err("it unpacks to more than is read")
        );
        let with = |more: &[u8]| unpack(&[&whole, more].concat(), 100);
        assert_eq!(with(&[0; 700]).as_deref(), Ok(&b"tcp LISTEN"[..]));
        assert_eq!(with(b"\0x"), Err("something follows its end"));
    }

    #[test]
    fn several_in_a_row_are_one() {
        let parts = [packed(b"tcp "), packed(b""), packed(b"LISTEN")];
        let all = parts.concat();
        assert_eq!(unpack(&all, 10).as_deref(), Ok(&b"tcp LISTEN"[..]));
        assert_eq!(unpack(&all, 9), Err("it unpacks to more than is read"));
        let ends = [parts[0].len(), parts[0].len() + parts[1].len(), all.len()];
        for cut in (0..all.len()).filter(|cut| !ends.contains(cut)) {
            assert!(unpack(&all[..cut], 100).is_err(), "{cut}");
        }
        // Each has a sum of its own.
        for at in (0..3).map(|part| ends[part] - 6) {
            let mut changed = all.clone();
            changed[at] ^= 1;
            assert_eq!(
                unpack(&changed, 100),
                Err("its checksum does not fit"),
                "{at}"
            );
        }
    }
}
