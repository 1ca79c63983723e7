//! `struct sockaddr` of the internet families (`include/uapi/linux/{in,in6}.h`).

use super::Order;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Address and port, or nothing for another family.
#[must_use]
pub fn internet(raw: &[u8], order: Order) -> Option<(IpAddr, u16)> {
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 10;
    let port = u16::from_be_bytes(*raw.get(2..)?.first_chunk()?);
    let address = match order.u16(*raw.first_chunk()?) {
        AF_INET => IpAddr::V4(Ipv4Addr::from(*raw.get(4..)?.first_chunk::<4>()?)),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*raw.get(8..)?.first_chunk::<16>()?)),
        _ => return None,
    };
    Some((address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_and_no_other() {
        let mut raw = vec![2, 0, 0x11, 0x5c, 127, 0, 0, 1];
        assert_eq!(
            internet(&raw, Order::Little),
            Some(("127.0.0.1".parse().unwrap(), 4444))
        );
        raw = [
            &[0, 10, 0, 53, 0, 0, 0, 0][..],
            &Ipv6Addr::LOCALHOST.octets(),
        ]
        .concat();
        assert_eq!(
            internet(&raw, Order::Big),
            Some(("::1".parse().unwrap(), 53))
        );
        assert_eq!(internet(&raw[..23], Order::Big), None);
        assert_eq!(internet(&[1, 0, 0, 0], Order::Little), None);
        assert_eq!(internet(&[], Order::Little), None);
    }
}
