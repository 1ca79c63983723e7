//! rtnetlink: interfaces and their addresses (`include/uapi/linux/{rtnetlink,if_addr,if_link}.h`).

use super::Order;
use super::netlink::{attributes, request};
use model::{Foreign, IfIndex};
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

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>, big: bool) {
            let order = if big { Order::Big } else { Order::Little };
            let _ = (link(&body, order), address(&body, order));
        }
    }
}
