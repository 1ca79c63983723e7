//! When two statements are about the same thing: the join rules.

use model::{Inet, NetNs, Proto};
use std::net::IpAddr;

/// The address without its IPv6 clothes: `::ffff:192.0.2.1` is 192.0.2.1.
#[must_use]
pub fn plain(addr: IpAddr) -> IpAddr {
    match addr {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(addr, IpAddr::V4),
        IpAddr::V4(_) => addr,
    }
}

/// Whether two transports share one space of port numbers: Multipath TCP takes TCP's.
#[must_use]
pub fn same_ports(one: Proto, other: Proto) -> bool {
    port_space(one) == port_space(other)
}

/// The transport whose port numbers this one takes.
#[must_use]
pub fn port_space(proto: Proto) -> Proto {
    match proto {
        Proto::Mptcp => Proto::Tcp,
        Proto::Tcp
        | Proto::Udp
        | Proto::UdpLite
        | Proto::Raw
        | Proto::Icmp
        | Proto::Sctp
        | Proto::Dccp => proto,
    }
}

/// Whether two statements can be about the same namespace: an unknown one joins any.
#[must_use]
pub fn same_netns(one: Option<NetNs>, other: Option<NetNs>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Whether a socket bound like this one gets what is sent to `to`. A device it is bound to
/// is left out: what the host sends to itself may or may not come by it.
#[must_use]
pub fn receives(socket: &Inet, to: IpAddr) -> bool {
    let (local, to) = (plain(socket.local), plain(to));
    if local == to {
        return true;
    }
    match (local, to) {
        (IpAddr::V4(any), IpAddr::V4(_)) => any.is_unspecified(),
        (IpAddr::V6(any), IpAddr::V6(_)) => any.is_unspecified(),
        (IpAddr::V6(any), IpAddr::V4(_)) => any.is_unspecified() && socket.v6only != Some(true),
        (IpAddr::V4(_), IpAddr::V6(_)) => false,
    }
}

/// Whether this socket can be the reason that binding its port at `addr` is refused. An IPv6
/// bind probe is IPv6 only. Where the socket might be the reason, it is.
#[must_use]
pub fn takes(socket: &Inet, addr: IpAddr) -> bool {
    if receives(socket, addr) {
        return true;
    }
    let family = plain(socket.local).is_ipv4();
    match plain(addr) {
        IpAddr::V4(four) => four.is_unspecified() && family,
        IpAddr::V6(six) => six.is_unspecified() && socket.local.is_ipv6(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::State;

    fn socket(local: &str, v6only: Option<bool>) -> Inet {
        let local: IpAddr = local.parse().unwrap();
        Inet {
            proto: Proto::Tcp,
            local,
            port: 80,
            remote: local,
            remote_port: 0,
            state: State::Listen,
            device: None,
            v6only,
            timer: None,
        }
    }

    #[track_caller]
    fn check(local: &str, v6only: Option<bool>, addr: &str, receives_it: bool, takes_it: bool) {
        let (socket, addr) = (socket(local, v6only), addr.parse().unwrap());
        assert_eq!(receives(&socket, addr), receives_it, "{local} gets {addr}");
        assert_eq!(takes(&socket, addr), takes_it, "{local} takes {addr}");
    }

    #[test]
    fn a_wildcard_covers_the_addresses_of_its_family() {
        check("0.0.0.0", None, "192.0.2.1", true, true);
        check("0.0.0.0", None, "::1", false, false);
        check("0.0.0.0", None, "::", false, false);
        check("::", Some(true), "2001:db8::1", true, true);
        check("127.0.0.1", None, "127.0.0.1", true, true);
        check("127.0.0.1", None, "127.0.0.9", false, false);
    }

    #[test]
    fn a_wildcard_probe_meets_every_address_of_its_family() {
        check("127.0.0.9", None, "0.0.0.0", false, true);
        check("127.0.0.9", None, "::", false, false);
        check("::1", None, "::", false, true);
        check("::1", None, "0.0.0.0", false, false);
    }

    #[test]
    fn a_dual_stack_socket_serves_ipv4_unless_it_refuses() {
        check("::", Some(false), "192.0.2.1", true, true);
        check("::", None, "0.0.0.0", true, true);
        check("::", Some(true), "192.0.2.1", false, false);
        check("::", Some(true), "0.0.0.0", false, false);
    }

    #[test]
    fn a_mapped_address_is_the_plain_one() {
        check("::ffff:192.0.2.1", None, "192.0.2.1", true, true);
        check("::ffff:192.0.2.1", None, "0.0.0.0", false, true);
        check("192.0.2.1", None, "::ffff:192.0.2.1", true, true);
        check("::ffff:192.0.2.1", None, "192.0.2.2", false, false);
        // It sits in the IPv6 table, so an IPv6 probe may meet it.
        check("::ffff:192.0.2.1", None, "::", false, true);
        // So is the address of every IPv4 address.
        check("::ffff:0.0.0.0", None, "192.0.2.1", true, true);
        check("::ffff:0.0.0.0", None, "0.0.0.0", true, true);
        check("::ffff:0.0.0.0", None, "::1", false, false);
        check("::ffff:0.0.0.0", None, "::", false, true);
    }

    #[test]
    fn a_device_does_not_free_the_port() {
        let mut bound = socket("0.0.0.0", None);
        bound.device = Some(model::IfIndex(2));
        assert!(takes(&bound, "0.0.0.0".parse().unwrap()));
        assert!(receives(&bound, "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn namespaces_and_transports() {
        assert!(same_netns(None, Some(NetNs(7))));
        assert!(!same_netns(Some(NetNs(6)), Some(NetNs(7))));
        assert!(same_ports(Proto::Tcp, Proto::Mptcp));
        assert!(!same_ports(Proto::Udp, Proto::UdpLite));
    }
}
