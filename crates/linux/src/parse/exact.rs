//! The request for one socket, without a dump (`inet_diag_req_v2` with its `inet_diag_sockid`).

use super::netlink::request;
use super::sock_diag::BY_FAMILY;
use model::{Inet, Proto};
use std::net::IpAddr;

/// Asks for the socket with this local end, peer and interface, whatever its cookie. None for
/// transports that have no such question.
#[must_use]
pub fn get(inet: &Inet) -> Option<Vec<u8>> {
    const REQUEST: u16 = 1; // NLM_F_REQUEST
    const NO_COOKIE: [u8; 8] = [0xff; 8];
    let (family, protocol) = match (inet.local, inet.proto) {
        (IpAddr::V4(_), Proto::Tcp) => (2, 6),
        (IpAddr::V6(_), Proto::Tcp) => (10, 6),
        (IpAddr::V4(_), Proto::Udp) => (2, 17),
        (IpAddr::V6(_), Proto::Udp) => (10, 17),
        _ => return None,
    };
    let mut body = vec![family, protocol, 0, 0];
    body.extend_from_slice(&u32::MAX.to_ne_bytes());
    let (local, remote) = ((inet.local, inet.port), (inet.remote, inet.remote_port));
    // Of UDP it is asked from the other side: what a packet from `src` to `dst` would reach
    // (`udp_dump_one` in `net/ipv4/udp_diag.c`).
    let ends = match inet.proto {
        Proto::Udp => [remote, local],
        _ => [local, remote],
    };
    for (_, port) in ends {
        body.extend_from_slice(&port.to_be_bytes());
    }
    for (address, _) in ends {
        let end = body.len() + 16;
        match address {
            IpAddr::V4(address) => body.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => body.extend_from_slice(&address.octets()),
        }
        body.resize(end, 0);
    }
    let device = inet.device.map_or(0, |device| device.0);
    body.extend_from_slice(&device.to_ne_bytes());
    body.extend_from_slice(&NO_COOKIE);
    Some(request(BY_FAMILY, REQUEST, &body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::State;

    #[test]
    fn every_field_has_its_place() {
        let inet = Inet {
            proto: Proto::Tcp,
            local: "127.0.0.1".parse().unwrap(),
            port: 4444,
            remote: "127.0.0.9".parse().unwrap(),
            remote_port: 22,
            state: State::Established,
            device: Some(model::IfIndex(3)),
            v6only: None,
            timer: None,
        };
        let bytes = get(&inet).unwrap();
        assert_eq!(bytes.len(), 16 + 8 + 48);
        let body = &bytes[16..];
        assert_eq!(body[..2], [2, 6]);
        assert_eq!(body[8..12], [0x11, 0x5c, 0, 22]);
        assert_eq!(body[12..16], [127, 0, 0, 1]);
        assert_eq!(body[28..32], [127, 0, 0, 9]);
        assert_eq!(body[44..48], 3u32.to_ne_bytes());
        assert_eq!(body[48..], [0xff; 8]);
        let raw = Inet {
            proto: Proto::Raw,
            ..inet
        };
        assert_eq!(get(&raw), None);
    }
}
