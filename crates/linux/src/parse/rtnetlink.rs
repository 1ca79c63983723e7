//! rtnetlink: interfaces and their addresses (`include/uapi/linux/{rtnetlink,if_addr,if_link}.h`).

use super::Order;
use super::netlink::{attributes, request};
use model::{Foreign, IfIndex, KernelPort, Proto};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `RTM_NEWLINK`: the type of the messages of an answer to [`links`].
pub const NEW_LINK: u16 = 16;
/// `RTM_NEWADDR`: the type of the messages of an answer to [`addresses`].
pub const NEW_ADDRESS: u16 = 20;
const GET_LINK: u16 = 18;
const GET_ADDRESS: u16 = 22;
const DUMP: u16 = 0x301;

/// The request for all interfaces.
#[must_use]
pub fn links() -> Vec<u8> {
    request(GET_LINK, DUMP, &[0; 16])
}

/// The request for all addresses.
#[must_use]
pub fn addresses() -> Vec<u8> {
    request(GET_ADDRESS, DUMP, &[0; 8])
}

/// `struct ifinfomsg`, 16 bytes: index at 4; attribute 3 is the name.
#[must_use]
pub fn link(body: &[u8], order: Order) -> Option<(IfIndex, Foreign)> {
    const NAME: u16 = 3;
    let index = order.u32(*body.get(4..)?.first_chunk()?);
    let (_, name) = attributes(body.get(16..)?, order).find(|(kind, _)| *kind == NAME)?;
    Some((
        IfIndex(index),
        Foreign::from(name.strip_suffix(b"\0").unwrap_or(name)),
    ))
}

/// Tunnel devices that hold a UDP port without any process: kind, and the number of the
/// attribute of `IFLA_INFO_DATA` that has the port, in network order.
const TUNNELS: &[(&[u8], u16)] = &[(b"vxlan", 15), (b"geneve", 5), (b"bareudp", 1)];

/// The port a link holds, in an answer to [`links`]: none for devices that hold none. The
/// outer option is none where the message is not understood.
#[must_use]
pub fn kernel_port(body: &[u8], order: Order) -> Option<Option<KernelPort>> {
    const LINK_INFO: u16 = 18;
    const KIND: u16 = 1;
    const DATA: u16 = 2;
    let (_, device) = link(body, order)?;
    let find = |bytes, wanted| {
        attributes(bytes, order).find_map(|(kind, raw)| (kind == wanted).then_some(raw))
    };
    let info = find(body.get(16..)?, LINK_INFO).unwrap_or_default();
    let kind = find(info, KIND).unwrap_or_default();
    let kind = kind.strip_suffix(b"\0").unwrap_or(kind);
    let Some((_, attribute)) = TUNNELS.iter().find(|row| row.0 == kind) else {
        return Some(None);
    };
    let port = find(find(info, DATA).unwrap_or_default(), *attribute)
        .and_then(|raw| raw.first_chunk())
        .map(|raw| u16::from_be_bytes(*raw));
    Some(port.map(|port| KernelPort {
        proto: Proto::Udp,
        port,
        kind: Foreign::from(kind),
        device: Some(device),
    }))
}

/// `struct ifaddrmsg`, 8 bytes: family at 0, index at 4; attribute 2 (the local end) is the
/// address, or attribute 1 where there is no other end.
#[must_use]
pub fn address(body: &[u8], order: Order) -> Option<(IpAddr, IfIndex)> {
    const ADDRESS: u16 = 1;
    const LOCAL: u16 = 2;
    let index = order.u32(*body.get(4..)?.first_chunk()?);
    let find = |wanted| {
        attributes(body.get(8..)?, order).find_map(|(kind, raw)| (kind == wanted).then_some(raw))
    };
    let raw = find(LOCAL).or_else(|| find(ADDRESS))?;
    let address = match raw.len() {
        4 => IpAddr::V4(Ipv4Addr::from(*raw.first_chunk::<4>()?)),
        16 => IpAddr::V6(Ipv6Addr::from(*raw.first_chunk::<16>()?)),
        _ => return None,
    };
    Some((address, IfIndex(index)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_link_and_its_addresses() {
        let mut body = vec![0, 0, 4, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        body.extend_from_slice(b"\x09\0\x03\0eth0\0\0\0\0");
        assert_eq!(
            link(&body, Order::Little),
            Some((IfIndex(2), Foreign::from("eth0")))
        );

        let mut body = vec![2, 24, 0, 0, 2, 0, 0, 0];
        body.extend_from_slice(&[8, 0, 1, 0, 10, 0, 0, 9]); // the other end
        body.extend_from_slice(&[8, 0, 2, 0, 10, 0, 0, 1]); // ours
        let told = address(&body, Order::Little);
        assert_eq!(told, Some(("10.0.0.1".parse().unwrap(), IfIndex(2))));

        let mut body = vec![10, 128, 0, 0, 0, 0, 0, 1, 0, 20, 0, 1];
        body.extend_from_slice(&Ipv6Addr::LOCALHOST.octets());
        assert_eq!(
            address(&body, Order::Big),
            Some((Ipv6Addr::LOCALHOST.into(), IfIndex(1)))
        );
    }

    #[test]
    fn a_tunnel_holds_its_port_and_others_none() {
        let mut body = vec![0, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        body.extend_from_slice(b"\x08\0\x03\0vx0\0"); // name
        body.extend_from_slice(&[28, 0, 18, 0]); // IFLA_LINKINFO
        body.extend_from_slice(b"\x0a\0\x01\0vxlan\0\0\0"); // IFLA_INFO_KIND
        body.extend_from_slice(&[12, 0, 2, 0]); // IFLA_INFO_DATA
        body.extend_from_slice(&[6, 0, 15, 0, 0x12, 0xb5, 0, 0]); // IFLA_VXLAN_PORT
        let found = kernel_port(&body, Order::Little).unwrap().unwrap();
        assert_eq!((found.port, found.proto), (4789, Proto::Udp));
        assert_eq!(found.device, Some("vx0".into()));
        let mut plain = vec![0; 16];
        plain.extend_from_slice(b"\x07\0\x03\0lo\0\0");
        assert_eq!(kernel_port(&plain, Order::Little), Some(None));
        assert_eq!(kernel_port(&[0; 15], Order::Little), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>, big: bool) {
            let order = if big { Order::Big } else { Order::Little };
            let _ = (link(&body, order), address(&body, order), kernel_port(&body, order));
        }
    }
}
