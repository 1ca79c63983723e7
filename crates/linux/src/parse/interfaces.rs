//! Interfaces with all rtnetlink tells of them (`RTM_NEWLINK`, `RTM_NEWADDR`), and the IPv6
//! addresses of `/proc/net/if_inet6` (`net/ipv6/addrconf.c`, `if6_seq_show`).

use super::Order;
use super::netlink::attributes;
use super::route::{address as digits, rows};
use super::text::{Words, hex, hex32};
use model::network::{Interface, InterfaceAddress, Traffic};
use model::{Foreign, Gaps, IfIndex};
use std::net::{IpAddr, Ipv4Addr};

/// `struct ifinfomsg`: type at 2, index at 4, flags at 8; attributes from 16.
#[must_use]
pub fn link(body: &[u8], order: Order) -> Option<Interface> {
    let word = |bytes: &[u8], at: usize| Some(order.u32(*bytes.get(at..)?.first_chunk()?));
    let mut link = Interface {
        hardware: order.u16(*body.get(2..)?.first_chunk()?),
        index: IfIndex(word(body, 4)?),
        flags: word(body, 8)?,
        ..Interface::default()
    };
    let mut named = false;
    for (kind, payload) in attributes(body.get(16..)?, order) {
        match kind {
            1 => link.mac = payload.to_vec(),
            3 => {
                link.name = Foreign::from(payload.strip_suffix(b"\0").unwrap_or(payload));
                named = true;
            }
            4 => link.mtu = word(payload, 0)?,
            13 => link.queue = word(payload, 0)?,
            23 => link.traffic = traffic(payload, order)?,
            _ => {}
        }
    }
    named.then_some(link)
}

/// `struct rtnl_link_stats64`, summed up as `/proc/net/dev` does (`dev_seq_printf_stats`).
fn traffic(payload: &[u8], order: Order) -> Option<Traffic> {
    let words: Vec<u64> = payload
        .as_chunks::<8>()
        .0
        .iter()
        .map(|it| order.u64(*it))
        .collect();
    let at = |index: usize| words.get(index).copied();
    let sum = |places: &[usize]| {
        places
            .iter()
            .try_fold(0u64, |sum, &place| Some(sum.wrapping_add(at(place)?)))
    };
    Some(Traffic {
        rx_packets: at(0)?,
        tx_packets: at(1)?,
        rx_bytes: at(2)?,
        tx_bytes: at(3)?,
        rx_errors: at(4)?,
        tx_errors: at(5)?,
        rx_dropped: sum(&[6, 15])?,
        tx_dropped: at(7)?,
        collisions: at(9)?,
        rx_frame: sum(&[10, 11, 12, 13])?,
        rx_overruns: at(14)?,
        tx_carrier: sum(&[16, 17, 19, 20])?,
        tx_overruns: at(18)?,
        rx_compressed: at(21)?,
        tx_compressed: at(22)?,
    })
}

/// An IPv4 address of an interface; none of another family. `struct ifaddrmsg`: family at 0,
/// prefix at 1, index at 4; attributes from 8.
#[must_use]
pub fn address(body: &[u8], order: Order) -> Option<Option<(IfIndex, InterfaceAddress)>> {
    const AF_INET: u8 = 2;
    let index = IfIndex(order.u32(*body.get(4..)?.first_chunk()?));
    let (&family, &prefix) = (body.first()?, body.get(1)?);
    if family != AF_INET {
        return Some(None);
    }
    let (mut end, mut own, mut broadcast, mut label) = (None, None, None, None);
    for (kind, payload) in attributes(body.get(8..)?, order) {
        let four = || {
            payload
                .first_chunk::<4>()
                .map(|raw| IpAddr::V4(Ipv4Addr::from(*raw)))
        };
        match kind {
            1 => end = four(),
            2 => own = four(),
            3 => {
                label = Some(Foreign::from(
                    payload.strip_suffix(b"\0").unwrap_or(payload),
                ))
            }
            4 => broadcast = four(),
            _ => {}
        }
    }
    let address = own.or(end)?;
    Some(Some((
        index,
        InterfaceAddress {
            address,
            prefix,
            peer: end.filter(|end| *end != address),
            broadcast,
            label,
        },
    )))
}

/// Reads `/proc/net/if_inet6`: `address index prefix scope flags name`, in hexadecimal.
#[must_use]
pub fn inet6(text: &[u8], place: &str) -> (Vec<(IfIndex, InterfaceAddress)>, Gaps) {
    rows(text, place, |line| {
        let mut words = Words::new(line);
        let address = digits(words.next()?)?.into();
        let index = IfIndex(hex32(words.next()?)?);
        let prefix = u8::try_from(hex(words.next()?)?).ok()?;
        Some((
            index,
            InterfaceAddress {
                address,
                prefix,
                peer: None,
                broadcast: None,
                label: None,
            },
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len() + 4).unwrap();
        let mut bytes = [length.to_le_bytes(), kind.to_le_bytes()].concat();
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn an_interface_is_read() {
        let mut body = vec![0, 0, 1, 0, 3, 0, 0, 0, 0x43, 0x10, 1, 0, 0, 0, 0, 0];
        body.extend(attribute(3, b"eth0\0"));
        body.extend(attribute(4, &1500u32.to_le_bytes()));
        body.extend(attribute(1, &[2, 0, 0, 0, 0, 9]));
        let numbers: Vec<u8> = (0..24u64).flat_map(u64::to_le_bytes).collect();
        body.extend(attribute(23, &numbers));
        let told = link(&body, Order::Little).unwrap();
        assert_eq!(told.name.as_bytes(), b"eth0");
        assert_eq!((told.index, told.hardware, told.mtu), (IfIndex(3), 1, 1500));
        assert_eq!(told.flags, 0x1_1043);
        let it = told.traffic;
        assert_eq!(
            (it.rx_dropped, it.rx_frame, it.tx_carrier),
            (6 + 15, 46, 16 + 17 + 19 + 20)
        );
        assert_eq!(
            link(&body[..40], Order::Little).map(|it| it.mtu),
            Some(1500)
        );
        assert_eq!(link(&body[..16], Order::Little), None);
    }

    #[test]
    fn addresses_are_read() {
        let mut body = vec![2, 24, 128, 0, 3, 0, 0, 0];
        body.extend(attribute(1, &[10, 0, 0, 2]));
        body.extend(attribute(2, &[10, 0, 0, 1]));
        body.extend(attribute(3, b"eth0:1\0"));
        let (index, told) = address(&body, Order::Little).unwrap().unwrap();
        assert_eq!((index, told.prefix), (IfIndex(3), 24));
        assert_eq!(told.peer, Some("10.0.0.2".parse().unwrap()));
        assert_eq!(told.label, Some(Foreign::from("eth0:1")));
        assert_eq!(
            address(&[10, 64, 0, 0, 3, 0, 0, 0], Order::Little),
            Some(None)
        );
        let text = b"fe800000000000006890810000fccf73 0a 40 20 80      v10\n";
        let (rows, gaps) = inet6(text, "if_inet6");
        assert_eq!(gaps, []);
        assert_eq!((rows[0].0, rows[0].1.prefix), (IfIndex(10), 64));
    }

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>, big: bool) {
            let order = if big { Order::Big } else { Order::Little };
            let _ = (link(&body, order), address(&body, order), inet6(&body, "p"));
        }
    }
}
