//! SCTP associations (`mib2_sctpConnEntry_t` of `inet/mib2.h`, 144 bytes in every era).

use super::Parsed;
use super::bytes::{Fields, records};
use super::tcp::{creator, socket};
use crate::layout::{Abi, sctp as at};
use model::{Gap, Inet, Proto, Socket, State, Streams};
use std::net::IpAddr;

/// Reads the table.
#[must_use]
pub fn table(bytes: &[u8], abi: Abi, place: &str) -> Parsed<Socket> {
    let mut parsed = Parsed::default();
    for (number, record) in records(bytes, at::STRIDE).enumerate() {
        match row(Fields::new(record, abi)) {
            Some(socket) => parsed.rows.push(socket),
            None => parsed.lost.push(Gap::new(
                format!("{place} row {number}"),
                "not an SCTP association",
            )),
        }
    }
    parsed
}

fn row(fields: Fields<'_>) -> Option<Socket> {
    let v6 = match fields.u32(at::TYPE)? {
        // 0 is a listener without a peer; its own address tells the family.
        0 | 1 => false,
        2 => true,
        _ => return None,
    };
    let addr = |at: usize| {
        Some(if v6 {
            IpAddr::V6(fields.v6(at)?)
        } else {
            IpAddr::V4(fields.v4(at)?)
        })
    };
    let inet = Inet {
        proto: Proto::Sctp,
        local: addr(at::LOCAL)?,
        port: fields.port(at::PORT)?,
        remote: addr(at::REMOTE)?,
        remote_port: fields.port(at::REMOTE_PORT)?,
        state: state(fields.u32(at::STATE)?)?,
        device: None,
        v6only: None,
        timer: None,
    };
    let streams = Streams {
        creator: creator(fields, Some(at::CREATOR)),
        created_ticks: fields.u32(at::CREATED).map(u64::from),
        windows: Some((fields.u32(at::SEND_WINDOW)?, fields.u32(at::RECV_WINDOW)?)),
        ..Streams::default()
    };
    let send = fields.u32(at::SEND_QUEUE)?;
    Some(socket(
        inet,
        None,
        send,
        fields.u32(at::RECV_QUEUE)?,
        streams,
    ))
}

/// `sctpAssocState` (RFC 3873), in the words Linux uses for the same.
fn state(number: u32) -> Option<State> {
    Some(match number {
        1 => State::Close,
        2 => State::SynSent,
        3 => State::SynRecv,
        4 => State::Established,
        5 => State::CloseWait,
        6 => State::FinWait1,
        7 => State::Closing,
        8 => State::LastAck,
        10 => State::Listen,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_listener_and_a_row_cut_short() {
        let mut bytes = vec![0; 144 + 7];
        bytes[40..44].copy_from_slice(&9899u32.to_be_bytes());
        bytes[48..52].copy_from_slice(&2u32.to_be_bytes());
        bytes[83] = 1;
        bytes[88..92].copy_from_slice(&10u32.to_be_bytes());
        bytes[104..108].copy_from_slice(&88u32.to_be_bytes());
        let parsed = table(&bytes, Abi::SPARC, "sctp");
        let inet = parsed.rows[0].kind.inet().unwrap();
        assert_eq!(inet.local, "::1".parse::<IpAddr>().unwrap());
        assert_eq!((inet.port, inet.state), (9899, State::Listen));
        assert_eq!(parsed.lost[0].place, "sctp row 1");
    }

    proptest! {
        #[test]
        fn rows_and_gaps_are_the_records(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let parsed = table(&bytes, Abi::X86_64, "sctp");
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), bytes.len().div_ceil(144));
        }
    }
}
