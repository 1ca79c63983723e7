//! Bind probe: is a port number taken in this network namespace?
//!
//! A plain `bind` on the wildcard address, without `listen`, without `SO_REUSEADDR`, and
//! for IPv6 with `IPV6_V6ONLY`: it fails with `EADDRINUSE` whenever a socket of the same
//! family and protocol holds the port on any address, listening or not, TIME_WAIT included.
//! Nothing is sent, and no port is ever open to the network. For a moment the port is
//! ours: a program that binds it just then is refused, as by any other program.

use crate::answer::{Answer, Reason};
use model::{Gap, PortState};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One of the four tables a bind probe can look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// IPv6 rather than IPv4.
    pub is_v6: bool,
    /// UDP rather than TCP.
    pub is_udp: bool,
}

impl Table {
    /// The wildcard address of its family.
    #[must_use]
    pub fn wildcard(self) -> IpAddr {
        if self.is_v6 {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        } else {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        }
    }
}

/// Probes one port.
///
/// # Errors
/// The system says neither "taken" nor "yours": no right to bind it, no such family, or
/// no descriptor left.
pub fn probe(table: Table, port: u16) -> io::Result<Answer> {
    probe_at(table, table.wildcard(), port)
}

/// Probes one port of one address of ours.
///
/// # Errors
/// As [`probe`]; also when the address is not ours.
pub fn probe_at(table: Table, addr: IpAddr, port: u16) -> io::Result<Answer> {
    let to = SocketAddr::new(addr, port);
    let (kind, protocol) = if table.is_udp {
        (Type::DGRAM, Protocol::UDP)
    } else {
        (Type::STREAM, Protocol::TCP)
    };
    let socket = Socket::new(Domain::for_address(to), kind, Some(protocol))?;
    if table.is_v6 {
        socket.set_only_v6(true)?;
    }
    match socket.bind(&SockAddr::from(to)) {
        Ok(()) => Ok(Answer::new(PortState::Free, Reason::Bindable)),
        Err(error) if error.raw_os_error() == Some(libc::EADDRINUSE) => {
            Ok(Answer::new(PortState::InUse, Reason::InUse))
        }
        Err(error) => Err(error),
    }
}

/// Probes ports of one wildcard address in order. Ports the system would not let us try
/// have no answer, and one gap names how many and why. `stop` ends it early.
pub fn probe_all(
    table: Table,
    addr: IpAddr,
    ports: &[u16],
    stop: &(dyn Fn() -> bool + Sync),
) -> (Vec<Option<Answer>>, Option<Gap>) {
    let mut answers = Vec::with_capacity(ports.len());
    let mut refused: Option<(u32, io::Error)> = None;
    for (at, &port) in ports.iter().enumerate() {
        if at % 1_024 == 0 && stop() {
            answers.resize(ports.len(), None);
            break;
        }
        match probe_at(table, addr, port) {
            Ok(answer) => answers.push(Some(answer)),
            Err(error) => {
                let count = refused.take().map_or(0, |(count, _)| count);
                refused = Some((count + 1, error));
                answers.push(None);
            }
        }
    }
    let gap = refused.map(|(count, error)| {
        let proto = if table.is_udp { "udp" } else { "tcp" };
        let ports = model::gap::counted(count.into(), "port", "ports");
        Gap::io(format!("{proto} {addr}: {ports} not bound"), &error)
    });
    (answers, gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_in_use_until_it_is_let_go() {
        for is_udp in [false, true] {
            for is_v6 in [false, true] {
                let table = Table { is_v6, is_udp };
                let (kind, domain) = (
                    if is_udp { Type::DGRAM } else { Type::STREAM },
                    if is_v6 { Domain::IPV6 } else { Domain::IPV4 },
                );
                let holder = Socket::new(domain, kind, None).unwrap();
                holder
                    .bind(&SockAddr::from(SocketAddr::new(table.wildcard(), 0)))
                    .unwrap();
                let port = holder.local_addr().unwrap().as_socket().unwrap().port();
                assert_eq!(probe(table, port).unwrap().state, PortState::InUse);
                drop(holder);
                assert_eq!(probe(table, port).unwrap().state, PortState::Free);
            }
        }
    }

    #[test]
    fn an_address_of_somebody_else_is_a_gap() {
        let table = Table {
            is_v6: false,
            is_udp: false,
        };
        let addr = "192.0.2.1".parse().unwrap();
        let (answers, gap) = probe_all(table, addr, &[80, 81], &|| false);
        assert_eq!(answers, [None, None]);
        assert_eq!(gap.unwrap().place, "tcp 192.0.2.1: 2 ports not bound");
    }
}
