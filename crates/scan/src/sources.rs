//! Ports to probe our own addresses from, so that no probe meets itself.
//!
//! A connection from a port of an address to the same port of the same address is answered
//! by itself (simultaneous open, RFC 9293 §3.5), and looks like an open port where there is
//! none. So probes of this machine leave from a few ports held bound, and these few are
//! never targets at the same time.

use crate::ports::PortSet;
use model::Proto;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::net::{IpAddr, SocketAddr};

/// Source ports for one sender.
pub const EACH: usize = 8;

/// How many for a UDP sender, which probes from the held sockets themselves.
pub const EACH_UDP: usize = 64;

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
    let held = candidates
        .filter_map(|port| Some((port, hold(own, proto, port)?)))
        .take(count)
        .collect();
    Reserved { held }
}

/// Binds a port on all addresses. For TCP `SO_REUSEADDR` lets our own probes bind it too;
/// for UDP it would take away what belongs to another socket, so the held ones are used.
fn hold(own: &[IpAddr], proto: Proto, port: u16) -> Option<Vec<(IpAddr, Socket)>> {
    own.iter()
        .map(|&addr| {
            let to = SocketAddr::new(addr, port);
            let domain = Domain::for_address(to);
            let socket = if proto == Proto::Udp {
                Socket::new(domain, Type::DGRAM, Some(Protocol::UDP)).ok()?
            } else {
                let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP)).ok()?;
                socket.set_reuse_address(true).ok()?;
                socket
            };
            socket.bind(&SockAddr::from(to)).ok()?;
            Some((addr, socket))
        })
        .collect()
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
