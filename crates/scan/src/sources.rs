//! Ports to probe our own addresses from, so that no probe meets itself.
//!
//! A connection from a port of an address to the same port of the same address is answered
//! by itself (simultaneous open, RFC 9293 §3.5), and looks like an open port where there is
//! none. So probes of this machine leave from a few ports held bound, and these few are
//! never targets at the same time.

use crate::bind::Table;
use crate::ports::PortSet;
use model::Proto;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Source ports for one sender.
const EACH: usize = 8;

/// How many for a UDP sender, which probes from the held sockets themselves.
const EACH_UDP: usize = 64;

/// Descriptors that a held port takes: for TCP one in each family, for UDP one an address,
/// and a copy for who sends from it.
fn cost(proto: Proto, own: usize) -> usize {
    match proto {
        Proto::Udp => 2 * own.max(1),
        _ => 2,
    }
}

/// Source ports for one of so many senders to so many addresses of ours: as many as are of
/// use, where half of the `room` for descriptors allows it, and one at least.
#[must_use]
pub fn each(proto: Proto, own: usize, senders: usize, room: usize) -> usize {
    let wanted = match proto {
        Proto::Udp => EACH_UDP,
        _ => EACH,
    };
    (room / 2 / (cost(proto, own) * senders.max(1))).clamp(1, wanted)
}

/// Addresses of ours that so many senders can ask at a time in such a room.
#[must_use]
pub fn addrs_max(proto: Proto, senders: usize, room: usize) -> usize {
    match proto {
        Proto::Udp => (room / 2 / (cost(proto, 1) * senders.max(1))).max(1),
        _ => usize::MAX,
    }
}

/// Ports held for us while this lives.
#[derive(Default)]
pub struct Reserved {
    held: Vec<(u16, Vec<(IpAddr, Socket)>)>,
}

impl Reserved {
    /// The ports.
    pub fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.held.iter().map(|(port, _)| *port)
    }

    /// Descriptors it takes, with the copies for senders.
    #[must_use]
    pub fn descriptors(&self, proto: Proto) -> usize {
        let copies = if proto == Proto::Udp { 2 } else { 1 };
        let held: usize = self.held.iter().map(|(_, sockets)| sockets.len()).sum();
        copies * held
    }

    /// The ports of one sender out of `count`.
    #[must_use]
    pub fn share(&self, at: usize, count: usize) -> Vec<u16> {
        self.ports().skip(at).step_by(count.max(1)).collect()
    }

    /// The sockets of one sender out of `count`, with the address each is bound to. A
    /// duplicate shares its port with the one held here.
    #[must_use]
    pub fn sockets(&self, at: usize, count: usize) -> Vec<(IpAddr, Socket)> {
        let share = self.held.iter().skip(at).step_by(count.max(1));
        share
            .flat_map(|(_, sockets)| sockets)
            .filter_map(|(addr, socket)| Some((*addr, socket.try_clone().ok()?)))
            .collect()
    }
}

/// Holds `count` ports on all of these addresses, outside `scanned` as far as there are any.
#[must_use]
pub fn reserve(own: &[IpAddr], proto: Proto, scanned: &PortSet, count: usize) -> Reserved {
    let apart = candidates().filter(|&port| !scanned.contains(port));
    let within = candidates().filter(|&port| scanned.contains(port));
    take(own, proto, apart.chain(within), count)
}

/// Holds `count` ports on all of these addresses, none of them in `scanned`.
#[must_use]
pub fn reserve_apart(own: &[IpAddr], proto: Proto, scanned: &PortSet, count: usize) -> Reserved {
    take(
        own,
        proto,
        candidates().filter(|&port| !scanned.contains(port)),
        count,
    )
}

/// Unprivileged ports from the top, where the system itself hands out none by default.
fn candidates() -> impl Iterator<Item = u16> {
    (1_024..=u16::MAX).rev()
}

fn take(
    own: &[IpAddr],
    proto: Proto,
    candidates: impl Iterator<Item = u16>,
    count: usize,
) -> Reserved {
    if own.is_empty() {
        return Reserved::default();
    }
    let addrs = places(own, proto);
    let mut held = Vec::new();
    for port in candidates {
        if held.len() == count {
            break;
        }
        match hold(&addrs, proto, port) {
            Ok(sockets) => held.push((port, sockets)),
            Err(error) if is_taken(&error) => {}
            // Another port fares no better.
            Err(_) => break,
        }
    }
    Reserved { held }
}

/// What is bound to hold a port on these addresses: for TCP every address of their families.
fn places(own: &[IpAddr], proto: Proto) -> Vec<IpAddr> {
    let is_udp = proto == Proto::Udp;
    if is_udp {
        return own.to_vec();
    }
    [false, true]
        .into_iter()
        .filter(|&is_v6| own.iter().any(|addr| addr.is_ipv6() == is_v6))
        .map(|is_v6| Table { is_v6, is_udp }.wildcard())
        .collect()
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EADDRINUSE | libc::EACCES))
}

/// Binds a port in all places. For TCP `SO_REUSEADDR` lets our own probes bind it too;
/// for UDP it would take away what belongs to another socket, so the held ones are used.
///
/// # Errors
/// It is taken in one of them, there is no room, or none of these is a place of ours.
fn hold(addrs: &[IpAddr], proto: Proto, port: u16) -> io::Result<Vec<(IpAddr, Socket)>> {
    let mut held = Vec::new();
    let mut gone = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for &addr in addrs {
        match hold_at(addr, proto, port) {
            Ok(socket) => held.push((addr, socket)),
            Err(error) if is_gone(&error) => gone = error,
            Err(error) => return Err(error),
        }
    }
    if held.is_empty() { Err(gone) } else { Ok(held) }
}

/// The address went away meanwhile; the others are no worse for it.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT)
    )
}

fn hold_at(addr: IpAddr, proto: Proto, port: u16) -> io::Result<Socket> {
    let to = SocketAddr::new(addr, port);
    let domain = Domain::for_address(to);
    let socket = if proto == Proto::Udp {
        Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?
    } else {
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if addr.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket
    };
    socket.bind(&SockAddr::from(to))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_apart_from_what_is_scanned_where_possible() {
        let own = ["127.0.0.1".parse().unwrap()];
        let some = PortSet::of(60_000..=65_535);
        let reserved = reserve(&own, Proto::Tcp, &some, EACH);
        assert_eq!(reserved.ports().count(), EACH);
        assert!(reserved.ports().all(|port| !some.contains(port)));
        let all = reserve(&own, Proto::Udp, &PortSet::all(), EACH);
        assert_eq!(all.ports().count(), EACH);
        let clash = PortSet::of(all.ports());
        assert!(
            reserve_apart(&own, Proto::Udp, &clash, EACH)
                .ports()
                .all(|port| !clash.contains(port))
        );
        assert_eq!(reserve(&[], Proto::Tcp, &some, EACH).ports().count(), 0);
    }

    /// However many addresses and however little room: half of it is left for probes.
    #[test]
    fn what_is_held_leaves_room_for_what_is_sent() {
        for proto in [Proto::Tcp, Proto::Udp] {
            for (own, senders, room) in [
                (1, 1, 8_192),
                (256, 4, 8_192),
                (200, 2, 960),
                (30, 4, 4_032),
                (256, 1, 16),
            ] {
                let together = own.min(addrs_max(proto, senders, room));
                let ports = each(proto, together, senders, room) * senders;
                let held = ports * cost(proto, together);
                assert!(held <= (room / 2).max(4), "{proto} {own} {room}: {held}");
            }
            assert!(each(proto, 1, 4, 8_192) >= EACH);
        }
    }

    /// Two hundred addresses cost no more than one, and one that is none of ours holds up nothing.
    #[test]
    fn many_addresses_share_what_is_held() {
        let many: Vec<IpAddr> = (1..=200).map(|last| [127, 0, 9, last].into()).collect();
        let reserved = reserve(&many, Proto::Tcp, &PortSet::default(), EACH);
        assert_eq!(reserved.ports().count(), EACH);
        assert_eq!(reserved.descriptors(Proto::Tcp), EACH);
        let own = ["127.0.0.1", "192.0.2.1"].map(|addr| addr.parse().unwrap());
        let reserved = reserve(&own, Proto::Udp, &PortSet::default(), 4);
        let addrs: Vec<IpAddr> = reserved.sockets(0, 1).into_iter().map(|it| it.0).collect();
        assert_eq!(addrs, [own[0]; 4]);
        let none = reserve(&own[1..], Proto::Udp, &PortSet::default(), 4);
        assert_eq!(none.ports().count(), 0);
    }

    #[test]
    fn senders_share_no_port() {
        let reserved = reserve(
            &["127.0.0.1".parse().unwrap()],
            Proto::Tcp,
            &PortSet::default(),
            6,
        );
        let shares: Vec<u16> = (0..3).flat_map(|at| reserved.share(at, 3)).collect();
        assert_eq!(PortSet::of(shares).len(), 6);
    }
}
