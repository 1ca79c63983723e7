//! Sockets that read what is not theirs: packet and raw sockets, filters, a mapped ring.

use super::Double;
use super::words::Words;
use crate::sys::{self, Mapping};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use std::io;
use std::os::fd::AsFd;

const ETH_P_ALL: u16 = 3;

/// `packet raw|dgram|idle [filter]`: with `idle` it is not attached and reads nothing yet.
pub(super) fn packet(words: &Words<'_>) -> io::Result<Double> {
    let (kind, protocol) = match words.at(0)? {
        "raw" => (Type::RAW, ETH_P_ALL),
        "dgram" => (Type::DGRAM, ETH_P_ALL),
        "idle" => (Type::RAW, 0),
        other => return Err(io::Error::other(format!("packet how? {other}"))),
    };
    let protocol = Protocol::from(i32::from(protocol.to_be()));
    let socket = Socket::new(Domain::PACKET, kind, Some(protocol))?;
    if words.has("filter") {
        socket.attach_filter(&port_53(kind == Type::RAW))?;
    }
    let mut double = Double::default();
    double.socket("packet", socket)?;
    Ok(double)
}

/// `raw PROTOCOL [six] [filter]`
pub(super) fn raw(words: &Words<'_>) -> io::Result<Double> {
    let domain = if words.has("six") {
        Domain::IPV6
    } else {
        Domain::IPV4
    };
    let socket = Socket::new(
        domain,
        Type::RAW,
        Some(Protocol::from(words.number::<i32>(0)?)),
    )?;
    if words.has("filter") {
        socket.attach_filter(&port_53(false))?;
    }
    let mut double = Double::default();
    double.socket("raw", socket)?;
    Ok(double)
}

/// Takes IPv4 packets without options whose destination port is 53, and no other.
fn port_53(link_layer: bool) -> [SockFilter; 6] {
    let network = if link_layer { 14 } else { 0 };
    [
        SockFilter::new(0x30, 0, 0, network), // ldb [version and length]
        SockFilter::new(0x15, 0, 3, 0x45),    // jeq #0x45, else drop
        SockFilter::new(0x28, 0, 0, network + 22), // ldh [destination port]
        SockFilter::new(0x15, 0, 1, 53),      // jeq #53, else drop
        SockFilter::new(0x06, 0, 0, u32::MAX), // ret all
        SockFilter::new(0x06, 0, 0, 0),       // ret none
    ]
}

/// `ring`: a packet socket whose receive ring is mapped and whose descriptor is closed.
pub(super) fn ring() -> io::Result<Double> {
    const BLOCK: u32 = 4096;
    let protocol = Protocol::from(i32::from(ETH_P_ALL.to_be()));
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))?;
    // struct tpacket_req: block size, blocks, frame size, frames.
    let request: Vec<u8> = [BLOCK, 1, 2048, 2]
        .iter()
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    let ring_option = 5; // PACKET_RX_RING
    sys::set_option(socket.as_fd(), libc::SOL_PACKET, ring_option, &request)?;
    let length = usize::try_from(BLOCK).map_err(io::Error::other)?;
    Mapping::new(Some(socket.as_fd()), length, 0, true, true)?;
    let mut hold = super::hold_of("ring", &socket)?;
    hold.fd = None;
    Ok(Double {
        holds: vec![hold],
        ..Double::default()
    })
}
