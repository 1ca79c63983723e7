//! Which of our addresses a packet to somewhere would carry. Sends nothing.

use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The source address the system would choose. Connecting a datagram socket only looks
/// up the route.
///
/// # Errors
/// No route, or no such family here.
pub fn source(target: IpAddr) -> io::Result<IpAddr> {
    let to = SocketAddr::new(target, 9);
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, None)?;
    socket.connect(&SockAddr::from(to))?;
    let own = socket.local_addr()?.as_socket();
    own.map(|own| own.ip())
        .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))
}

/// Whether an address is this machine's own, in this network namespace.
#[must_use]
pub fn is_local(target: IpAddr) -> bool {
    target.is_loopback() || source(target).is_ok_and(|own| own == target) || is_bindable(target)
}

/// Whether a datagram socket can be bound to an address and reach it from there: so it is
/// with a further IPv4 address of a network, where the system would choose the first.
/// Where others' addresses can be bound (`ip_nonlocal_bind`), no way leads from them.
fn is_bindable(target: IpAddr) -> bool {
    let reach = || -> io::Result<()> {
        let own = SocketAddr::new(target, 0);
        let socket = Socket::new(Domain::for_address(own), Type::DGRAM, None)?;
        socket.bind(&SockAddr::from(own))?;
        socket.connect(&SockAddr::from(SocketAddr::new(target, 9)))
    };
    target.is_ipv4() && !target.is_multicast() && reach().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_local_and_documentation_is_not() {
        assert!(is_local("127.0.0.1".parse().unwrap()));
        assert!(is_local("127.9.9.9".parse().unwrap()));
        for other in ["192.0.2.1", "224.0.0.1", "255.255.255.255", "2001:db8::1"] {
            assert!(!is_local(other.parse().unwrap()), "{other}");
        }
    }
}
