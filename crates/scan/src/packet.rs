//! The few packet headers a half-open scan writes and reads. Pure: bytes in, values out.

use crate::answer::Reason;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// TCP flags (RFC 9293 §3.1).
pub const SYN: u8 = 0x02;
/// Reset.
pub const RST: u8 = 0x04;
/// Acknowledgment.
pub const ACK: u8 = 0x10;

/// A TCP header as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub target: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Flags.
    pub flags: u8,
}

/// A SYN segment with a maximum segment size option, checksum included.
#[must_use]
pub fn syn(from: IpAddr, to: IpAddr, source: u16, target: u16, seq: u32) -> [u8; 24] {
    let mut segment = [0u8; 24];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = segment.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    put(0, &source.to_be_bytes());
    put(2, &target.to_be_bytes());
    put(4, &seq.to_be_bytes());
    // Six words of header, SYN, window 1024.
    put(12, &[0x60, SYN]);
    put(14, &1024u16.to_be_bytes());
    // Kind 2, length 4, 1460 bytes (RFC 9293 §3.2).
    put(20, &[2, 4, 0x05, 0xb4]);
    let sum = checksum(from, to, 6, &segment);
    if let Some(place) = segment.get_mut(16..18) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    segment
}

/// The checksum of an upper layer over its pseudo-header (RFC 1071, RFC 8200 §8.1). Over a
/// segment that carries its own checksum it gives 0.
#[must_use]
pub fn checksum(from: IpAddr, to: IpAddr, protocol: u8, bytes: &[u8]) -> u16 {
    let mut sum = u64::from(protocol) + u64::try_from(bytes.len()).unwrap_or(0);
    for addr in [from, to] {
        sum += match addr {
            IpAddr::V4(v4) => words(&v4.octets()),
            IpAddr::V6(v6) => words(&v6.octets()),
        };
    }
    sum += words(bytes);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

fn words(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let even: u64 = pairs
        .iter()
        .map(|pair| u64::from(u16::from_be_bytes(*pair)))
        .sum();
    even + rest.first().map_or(0, |last| u64::from(*last) << 8)
}

/// Reads a TCP header, or its first 14 bytes.
#[must_use]
pub fn tcp(bytes: &[u8]) -> Option<Tcp> {
    let head = bytes.first_chunk::<14>()?;
    let [a, b, c, d, e, f, g, h, i, j, k, l, _, flags] = *head;
    Some(Tcp {
        source: u16::from_be_bytes([a, b]),
        target: u16::from_be_bytes([c, d]),
        seq: u32::from_be_bytes([e, f, g, h]),
        ack: u32::from_be_bytes([i, j, k, l]),
        flags,
    })
}

/// The parts of an IPv4 packet that matter (RFC 791 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4<'b> {
    /// Sender.
    pub from: Ipv4Addr,
    /// Receiver.
    pub to: Ipv4Addr,
    /// Hops left.
    pub ttl: u8,
    /// Protocol of what it carries.
    pub protocol: u8,
    /// What it carries.
    pub body: &'b [u8],
}

/// Reads an IPv4 packet. Later fragments carry no header of ours and are none.
#[must_use]
pub fn ipv4(bytes: &[u8]) -> Option<Ipv4<'_>> {
    let head = bytes.first_chunk::<20>()?;
    let [
        version,
        _,
        _,
        _,
        _,
        _,
        fragment_high,
        fragment_low,
        ttl,
        protocol,
        _,
        _,
        ..,
    ] = *head;
    let length = usize::from(version & 0x0f) * 4;
    let is_later = u16::from_be_bytes([fragment_high & 0x1f, fragment_low]) != 0;
    if version >> 4 != 4 || length < 20 || is_later {
        return None;
    }
    Some(Ipv4 {
        from: Ipv4Addr::from(*bytes.get(12..)?.first_chunk::<4>()?),
        to: Ipv4Addr::from(*bytes.get(16..)?.first_chunk::<4>()?),
        ttl,
        protocol,
        body: bytes.get(length..)?,
    })
}

/// An ICMP error about a TCP segment of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where our segment was going.
    pub to: IpAddr,
    /// Our source port.
    pub source: u16,
    /// The port asked.
    pub target: u16,
    /// Our sequence number.
    pub seq: u32,
    /// What it says.
    pub reason: Reason,
}

/// Reads an ICMP message as an IPv4 raw socket gives it, from its own type on (RFC 792).
#[must_use]
pub fn icmp(message: &[u8]) -> Option<Complaint> {
    let reason = unreachable_v4(*message.first()?, *message.get(1)?)?;
    let quoted = ipv4(message.get(8..)?)?;
    (quoted.protocol == 6).then_some(())?;
    complaint(IpAddr::V4(quoted.to), quoted.body, reason)
}

/// Reads an ICMPv6 message (RFC 4443 §3).
#[must_use]
pub fn icmp_v6(message: &[u8]) -> Option<Complaint> {
    let reason = unreachable_v6(*message.first()?, *message.get(1)?)?;
    let quoted = message.get(8..)?;
    // Next header 6; extension headers were never ours.
    (*quoted.get(6)? == 6).then_some(())?;
    let to = Ipv6Addr::from(*quoted.get(24..)?.first_chunk::<16>()?);
    complaint(IpAddr::V6(to), quoted.get(40..)?, reason)
}

/// At least eight bytes of the segment are quoted: ports and sequence number.
fn complaint(to: IpAddr, segment: &[u8], reason: Reason) -> Option<Complaint> {
    let [a, b, c, d, e, f, g, h] = *segment.first_chunk::<8>()?;
    Some(Complaint {
        to,
        source: u16::from_be_bytes([a, b]),
        target: u16::from_be_bytes([c, d]),
        seq: u32::from_be_bytes([e, f, g, h]),
        reason,
    })
}

/// What an ICMP type and code mean for a port; none if nothing.
#[must_use]
pub fn unreachable_v4(kind: u8, code: u8) -> Option<Reason> {
    match (kind, code) {
        (3, 0 | 6 | 11) => Some(Reason::NetUnreach),
        (3, 1 | 7 | 8 | 12) => Some(Reason::HostUnreach),
        (3, 2) => Some(Reason::ProtoUnreach),
        (3, 3) => Some(Reason::PortUnreach),
        (3, 9) => Some(Reason::NetProhibited),
        (3, 10) => Some(Reason::HostProhibited),
        (3, 13..=15) => Some(Reason::AdminProhibited),
        (11, 0) => Some(Reason::TimeExceeded),
        _ => None,
    }
}

/// What an ICMPv6 type and code mean for a port; none if nothing.
#[must_use]
pub fn unreachable_v6(kind: u8, code: u8) -> Option<Reason> {
    match (kind, code) {
        (1, 0) => Some(Reason::NetUnreach),
        (1, 1 | 5 | 6) => Some(Reason::AdminProhibited),
        (1, 2 | 3) => Some(Reason::HostUnreach),
        (1, 4) => Some(Reason::PortUnreach),
        (3, 0) => Some(Reason::TimeExceeded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v4(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_syn_carries_a_right_checksum() {
        for (from, to) in [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")] {
            let (from, to) = (v4(from), v4(to));
            let segment = syn(from, to, 40_000, 443, 0x0102_0304);
            assert_eq!(checksum(from, to, 6, &segment), 0);
            let read = tcp(&segment).unwrap();
            assert_eq!((read.source, read.target, read.flags), (40_000, 443, SYN));
            assert_eq!(read.seq, 0x0102_0304);
        }
    }

    /// A UDP packet of RFC 1071's kind, worked out by hand.
    #[test]
    fn the_sum_is_that_of_the_rfc() {
        let (from, to) = (v4("1.2.3.4"), v4("5.6.7.8"));
        // 0102+0304+0506+0708 = 1014; protocol 17 and length 8: 1014+0019 = 102d; data 0001+0203+0008.
        let bytes = [0x00, 0x01, 0x02, 0x03, 0x00, 0x08, 0, 0];
        assert_eq!(
            checksum(from, to, 17, &bytes),
            !(0x1014 + 17 + 8 + 1 + 0x203 + 8)
        );
    }

    #[rustfmt::skip]
    const REJECTED: &[u8] = &[
        3, 13, 0, 0, 0, 0, 0, 0,                    // unreachable, prohibited
        0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6, 0, 0,    // the quoted packet: TCP
        10, 0, 0, 1, 10, 0, 0, 2,                   // from, to
        0x9c, 0x40, 0x01, 0xbb, 1, 2, 3, 4,         // 40000 -> 443, sequence
    ];

    #[test]
    fn a_complaint_names_the_probe() {
        let read = icmp(REJECTED).unwrap();
        assert_eq!(
            read,
            Complaint {
                to: v4("10.0.0.2"),
                source: 40_000,
                target: 443,
                seq: 0x0102_0304,
                reason: Reason::AdminProhibited
            }
        );
        for short in 0..REJECTED.len() {
            assert_eq!(icmp(&REJECTED[..short]), None);
        }
    }

    #[test]
    fn a_complaint_in_v6_names_the_probe() {
        let mut message = vec![1, 4, 0, 0, 0, 0, 0, 0];
        message.extend([0x60, 0, 0, 0, 0, 24, 6, 64]);
        message.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        message.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
        message.extend([0x9c, 0x40, 0x01, 0xbb, 1, 2, 3, 4]);
        let read = icmp_v6(&message).unwrap();
        assert_eq!((read.to, read.target), (v4("2001:db8::2"), 443));
        assert_eq!(read.reason, Reason::PortUnreach);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = (ipv4(&bytes), tcp(&bytes), icmp(&bytes), icmp_v6(&bytes));
        }
    }
}
