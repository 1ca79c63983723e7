//! UDP sockets, and their kin without connections.

use super::Double;
use super::tcp::{prepare, raise_limit};
use super::words::Words;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

const UDP_LITE: i32 = 136;

fn named(addr: SocketAddr, protocol: Protocol, words: &Words<'_>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(protocol))?;
    prepare(&socket, words)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// `udp ADDR:PORT [v6only] [reuseport] [reuseaddr] [device=NAME]`
pub(super) fn bound(words: &Words<'_>) -> io::Result<Double> {
    let mut double = Double::default();
    double.socket("bound", named(words.addr(0)?, Protocol::UDP, words)?)?;
    Ok(double)
}

/// `udppair ADDR:PORT ADDR:PORT`: a bound socket, and one bound to the second address and
/// connected to it.
pub(super) fn pair(words: &Words<'_>) -> io::Result<Double> {
    let server = named(words.addr(0)?, Protocol::UDP, words)?;
    let client = named(words.addr(1)?, Protocol::UDP, words)?;
    client.connect(&words.addr(0)?.into())?;
    let mut double = Double::default();
    double.socket("bound", server)?;
    double.socket("client", client)?;
    Ok(double)
}

/// `udplite ADDR:PORT`
pub(super) fn lite(words: &Words<'_>) -> io::Result<Double> {
    let mut double = Double::default();
    let protocol = Protocol::from(UDP_LITE);
    double.socket("bound", named(words.addr(0)?, protocol, words)?)?;
    Ok(double)
}

/// `udpmany ADDR:PORT COUNT`: bound sockets on so many ports in a row.
pub(super) fn many(words: &Words<'_>) -> io::Result<Double> {
    let first = words.addr(0)?;
    let count: u16 = words.number(1)?;
    raise_limit(count)?;
    let mut double = Double::default();
    for port in (first.port()..).take(count.into()) {
        let addr = SocketAddr::new(first.ip(), port);
        double.socket("bound", named(addr, Protocol::UDP, words)?)?;
    }
    Ok(double)
}

/// `ping IDENTIFIER`: an ICMP echo socket.
pub(super) fn ping(words: &Words<'_>) -> io::Result<Double> {
    // The kernel lets only these groups have one.
    std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647")?;
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4))?;
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, words.number(0)?));
    socket.bind(&addr.into())?;
    let mut double = Double::default();
    double.socket("ping", socket)?;
    Ok(double)
}
