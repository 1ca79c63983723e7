//! UDP tables (`mib2_udpEntry_t`, `mib2_udp6Entry_t` of `inet/mib2.h`).
//!
//! UDP's "idle" is what the other systems call a bound socket without a peer, so it becomes
//! `Close` with a port; "unbound" is `Close` without one, "connected" is `Established`.

use super::Parsed;
use super::bytes::{Fields, records};
use super::sockinfo::SockInfo;
use super::tcp::{Version, creator, device, socket};
use crate::layout::{Abi, UDP4, UDP4_TAILS, UDP6, UDP6_TAILS, UdpHead, UdpTail};
use model::{Gap, Inet, Proto, Socket, State, Streams};
use std::net::IpAddr;

/// Reads a table. `infos` has a slot a row, or is empty.
#[must_use]
pub fn table(
    bytes: &[u8],
    stride: usize,
    version: Version,
    abi: Abi,
    infos: &[Option<SockInfo>],
    place: &str,
) -> Parsed<Socket> {
    let mut parsed = Parsed::default();
    let (head, tails) = match version {
        Version::V4 => (&UDP4, UDP4_TAILS),
        Version::V6 => (&UDP6, UDP6_TAILS),
    };
    if stride < head.end {
        if !bytes.is_empty() {
            let reason = format!("entries of {stride} bytes cannot hold an address");
            parsed.lost.push(Gap::new(place, reason));
        }
        return parsed;
    }
    let tail = tails.iter().find(|tail| tail.stride == stride);
    if tail.is_none() && stride > head.end && !bytes.is_empty() {
        let reason = format!("entries of {stride} bytes: the creator is left out");
        parsed.notes.push(Gap::new(place, reason));
    }
    parsed.rows.reserve(bytes.len() / stride);
    for (number, record) in records(bytes, stride).enumerate() {
        let fields = Fields::new(record, abi);
        let info = infos.get(number).copied().flatten();
        let row = if record.len() < stride {
            Err(format!("{} bytes of {stride}", record.len()))
        } else {
            inet(fields, head, version)
        };
        match row {
            Ok(inet) => {
                let streams = streams(fields, tail);
                parsed.rows.push(socket(inet, info, 0, 0, streams));
            }
            Err(reason) => {
                let place = format!("{place} row {number}");
                parsed.lost.push(Gap::new(place, reason));
            }
        }
    }
    parsed
}

fn streams(fields: Fields<'_>, tail: Option<&UdpTail>) -> Streams {
    Streams {
        creator: creator(fields, tail.map(|tail| tail.creator)),
        created_ticks: tail.and_then(|tail| fields.u64(tail.created)),
        ..Streams::default()
    }
}

fn inet(fields: Fields<'_>, head: &UdpHead, version: Version) -> Result<Inet, String> {
    let addr = |at: usize| match version {
        Version::V4 => fields.v4(at).map(IpAddr::V4),
        Version::V6 => fields.v6(at).map(IpAddr::V6),
    };
    let cut = || "cut short".to_owned();
    let local = addr(head.local).ok_or_else(cut)?;
    let port = |at: usize| {
        let number = fields.u32(at).unwrap_or(0);
        fields
            .port(at)
            .ok_or_else(|| format!("{local}: {number} is no port"))
    };
    let local_port = port(head.port)?;
    let state = match fields.u32(head.state).ok_or_else(cut)? {
        1 | 2 => State::Close,
        3 => State::Established,
        number => State::Other(u8::try_from(number).map_or(u8::MAX, |n| n.max(128))),
    };
    // The peer of a socket that is not connected is whatever was there before.
    let connected = state == State::Established;
    let remote_port = port(head.remote_port)?;
    let remote = addr(head.remote).ok_or_else(cut)?;
    let nobody = match version {
        Version::V4 => IpAddr::from([0; 4]),
        Version::V6 => IpAddr::from([0; 16]),
    };
    Ok(Inet {
        proto: Proto::Udp,
        local,
        port: local_port,
        remote: if connected { remote } else { nobody },
        remote_port: if connected { remote_port } else { 0 },
        state,
        device: device(fields, head.device),
        v6only: None,
        timer: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Pid;
    use proptest::prelude::*;

    fn record(stride: usize, words: &[(usize, u32)], big: bool) -> Vec<u8> {
        let mut bytes = vec![0; stride];
        for (at, value) in words {
            let value = if big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            };
            bytes[*at..at + 4].copy_from_slice(&value);
        }
        bytes
    }

    #[test]
    fn every_stride_in_both_orders() {
        for (version, stride, pid) in [
            (Version::V4, 20, None),
            (Version::V4, 36, Some(24)),
            (Version::V4, 40, Some(24)),
            (Version::V6, 48, None),
            (Version::V6, 64, Some(52)),
        ] {
            for big in [false, true] {
                let (port, state, remote_port) = match version {
                    Version::V4 => (4, 8, 16),
                    Version::V6 => (16, 24, 44),
                };
                let mut words = vec![(port, 111), (state, 2), (remote_port, 9)];
                words.extend(pid.map(|at| (at, 502)));
                let mut bytes = record(stride, &words, big);
                words[1].1 = 3;
                bytes.extend(record(stride, &words, big));
                let abi = if big { Abi::SPARCV9 } else { Abi::I386 };
                let parsed = table(&bytes, stride, version, abi, &[], "udp");
                assert!(parsed.lost.is_empty() && parsed.notes.is_empty());
                let idle = parsed.rows[0].kind.inet().unwrap();
                assert_eq!((idle.port, idle.state), (111, State::Close));
                assert!(idle.is_listener());
                let connected = parsed.rows[1].kind.inet().unwrap();
                assert_eq!(connected.remote_port, 9);
                assert!(!connected.is_listener());
                let streams = parsed.rows[0].streams.as_deref().unwrap();
                assert_eq!(streams.creator, pid.map(|_| Pid(502)));
            }
        }
    }

    #[test]
    fn a_longer_entry_gives_its_head_and_a_note() {
        let bytes = record(52, &[(4, 53), (8, 2)], false);
        let parsed = table(&bytes, 52, Version::V4, Abi::X86_64, &[], "udp");
        assert_eq!(parsed.rows[0].kind.inet().unwrap().port, 53);
        assert_eq!((parsed.lost.len(), parsed.notes.len()), (0, 1));
    }

    #[test]
    fn a_bad_port_is_a_gap_with_its_address() {
        let mut bytes = record(36, &[(4, 1 << 31), (8, 2)], false);
        bytes[0] = 10;
        bytes.extend(record(36, &[(4, 68), (8, 2)], false));
        let parsed = table(&bytes, 36, Version::V4, Abi::X86_64, &[], "udp");
        assert_eq!(parsed.rows.len(), 1);
        assert_eq!(parsed.lost[0].reason, "10.0.0.0: 2147483648 is no port");
    }

    proptest! {
        #[test]
        fn rows_and_gaps_are_the_records(bytes in proptest::collection::vec(any::<u8>(), 0..400), stride in 0usize..80) {
            let parsed = table(&bytes, stride, Version::V4, Abi::X86_64, &[], "udp");
            let records = match (bytes.len(), stride) {
                (0, _) => 0,
                (_, 0..20) => 1,
                (length, stride) => length.div_ceil(stride),
            };
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), records);
        }
    }
}
