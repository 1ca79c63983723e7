//! Fields of a record by offset, in the order and width of the machine that wrote it.

use crate::layout::{Abi, Model, Order};
use std::net::{Ipv4Addr, Ipv6Addr};

/// One record; every field is there or `None`.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The record's bytes.
    pub bytes: &'a [u8],
    /// Who wrote it.
    pub abi: Abi,
}

impl<'a> Fields<'a> {
    /// A record as one machine wrote it.
    #[must_use]
    pub fn new(bytes: &'a [u8], abi: Abi) -> Fields<'a> {
        Fields { bytes, abi }
    }

    /// `N` bytes at an offset, as they are.
    #[must_use]
    pub fn raw<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    /// A 16-bit number.
    #[must_use]
    pub fn u16(&self, at: usize) -> Option<u16> {
        let raw = self.raw(at)?;
        Some(match self.abi.order {
            Order::Little => u16::from_le_bytes(raw),
            Order::Big => u16::from_be_bytes(raw),
        })
    }

    /// A 32-bit number.
    #[must_use]
    pub fn u32(&self, at: usize) -> Option<u32> {
        let raw = self.raw(at)?;
        Some(match self.abi.order {
            Order::Little => u32::from_le_bytes(raw),
            Order::Big => u32::from_be_bytes(raw),
        })
    }

    /// A signed 32-bit number.
    #[must_use]
    pub fn i32(&self, at: usize) -> Option<i32> {
        self.u32(at).map(u32::cast_signed)
    }

    /// A 64-bit number.
    #[must_use]
    pub fn u64(&self, at: usize) -> Option<u64> {
        let raw = self.raw(at)?;
        Some(match self.abi.order {
            Order::Little => u64::from_le_bytes(raw),
            Order::Big => u64::from_be_bytes(raw),
        })
    }

    /// A `long`, a `size_t` or a pointer: as wide as the data model has it.
    #[must_use]
    pub fn word(&self, at: usize) -> Option<u64> {
        match self.abi.model {
            Model::Ilp32 => self.u32(at).map(u64::from),
            Model::Lp64 => self.u64(at),
        }
    }

    /// A port kept as a 32-bit number in host order; none where it is no port.
    #[must_use]
    pub fn port(&self, at: usize) -> Option<u16> {
        u16::try_from(self.u32(at)?).ok()
    }

    /// An IPv4 address, always in network order.
    #[must_use]
    pub fn v4(&self, at: usize) -> Option<Ipv4Addr> {
        self.raw::<4>(at).map(Ipv4Addr::from)
    }

    /// An IPv6 address, always in network order.
    #[must_use]
    pub fn v6(&self, at: usize) -> Option<Ipv6Addr> {
        self.raw::<16>(at).map(Ipv6Addr::from)
    }

    /// Text of at most `length` bytes, up to its NUL.
    #[must_use]
    pub fn text(&self, at: usize, length: usize) -> Option<&'a [u8]> {
        let end = at.checked_add(length)?;
        self.bytes.get(at..end)?.split(|&byte| byte == 0).next()
    }
}

/// Cuts a table into records of one size; the last one may be short.
///
/// `stride` 0 gives nothing, so ask before.
pub fn records(table: &[u8], stride: usize) -> impl Iterator<Item = &[u8]> {
    table.chunks(stride.max(1)).filter(move |_| stride > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_width_are_the_writers() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        let little = Fields::new(&bytes, Abi::X86_64);
        let big = Fields::new(&bytes, Abi::SPARC);
        assert_eq!(little.u16(1), Some(0x0302));
        assert_eq!(big.u16(1), Some(0x0203));
        assert_eq!(little.word(0), Some(0x0807_0605_0403_0201));
        assert_eq!(big.word(4), Some(0x0506_0708));
        assert_eq!(little.v4(0), Some(Ipv4Addr::new(1, 2, 3, 4)));
        assert_eq!(big.v4(0), Some(Ipv4Addr::new(1, 2, 3, 4)));
        assert_eq!(big.port(4), None, "5*2^24 is no port");
    }

    #[test]
    fn what_is_outside_is_absent() {
        let fields = Fields::new(&[1, 2, 3], Abi::SPARCV9);
        assert_eq!(fields.u32(0), None);
        assert_eq!(fields.u16(usize::MAX), None);
        assert_eq!(fields.text(1, usize::MAX), None);
        assert_eq!(fields.text(1, 2), Some(&[2, 3][..]));
        assert_eq!(records(&[1, 2, 3], 0).count(), 0);
        assert_eq!(records(&[1, 2, 3], 2).count(), 2);
    }
}
