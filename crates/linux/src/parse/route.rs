//! `/proc/net/route` (`net/ipv4/fib_trie.c`, `fib_route_seq_show`) and `/proc/net/ipv6_route`
//! (`net/ipv6/ip6_fib.c`, `ipv6_route_native_seq_show`).

use super::Order;
use super::text::{Words, decimal32, hex, hex32};
use model::network::Route;
use model::{Foreign, Gap, Gaps};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Reads `/proc/net/route`. A bad row becomes a gap; the other rows stand.
#[must_use]
pub fn inet(text: &[u8], place: &str, order: Order) -> (Vec<Route>, Gaps) {
    rows(text, place, |line| inet_row(line, order))
}

/// Reads `/proc/net/ipv6_route`, likewise.
#[must_use]
pub fn inet6(text: &[u8], place: &str) -> (Vec<Route>, Gaps) {
    rows(text, place, inet6_row)
}

/// Every line of a table that has one row a line; the first may be a heading.
pub(super) fn rows<T>(
    text: &[u8],
    place: &str,
    mut row: impl FnMut(&[u8]) -> Option<T>,
) -> (Vec<T>, Gaps) {
    let (mut rows, mut gaps) = (Vec::new(), Gaps::new());
    let lines = text.split(|&byte| byte == b'\n').enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
        match row(line) {
            Some(row) => rows.push(row),
            None if number == 0 => {}
            None => gaps.push(Gap::new(
                place,
                format!("line {}: not understood", number + 1),
            )),
        }
    }
    (rows, gaps)
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT`
fn inet_row(line: &[u8], order: Order) -> Option<Route> {
    let mut words = Words::new(line);
    let device = Foreign::from(words.next()?);
    let mut address = || {
        let number = hex32(words.next()?)?;
        Some(Ipv4Addr::from(match order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }))
    };
    let (destination, gateway) = (address()?, address()?);
    let flags = hex32(words.next()?)?;
    let mut number = || decimal32(words.next()?);
    let (refs, used, metric) = (number()?, number()?, number()?);
    let mask = hex32(words.next()?)?;
    let mut number = || decimal32(words.next()?);
    let (mtu, window, rtt_ms) = (number()?, number()?, number()?);
    Some(Route {
        destination: destination.into(),
        prefix: u8::try_from(mask.count_ones()).ok()?,
        gateway: gateway.into(),
        flags,
        metric,
        refs,
        used,
        device,
        mtu: Some(mtu),
        window: Some(window),
        rtt_ms: Some(rtt_ms),
    })
}

/// `destination length source length next-hop metric references use flags device`, all in
/// hexadecimal.
fn inet6_row(line: &[u8]) -> Option<Route> {
    let mut words = Words::new(line);
    let destination = address(words.next()?)?;
    let prefix = u8::try_from(hex(words.next()?)?).ok()?;
    address(words.next()?)?;
    hex(words.next()?)?;
    let gateway = address(words.next()?)?;
    let mut number = || hex32(words.next()?);
    let (metric, refs, used, flags) = (number()?, number()?, number()?, number()?);
    Some(Route {
        destination: destination.into(),
        prefix,
        gateway: gateway.into(),
        flags,
        metric,
        refs,
        used,
        device: Foreign::from(words.next()?),
        mtu: None,
        window: None,
        rtt_ms: None,
    })
}

/// An IPv6 address as 32 digits, in network order.
pub(super) fn address(word: &[u8]) -> Option<Ipv6Addr> {
    let (high, low) = word.split_at_checked(16)?;
    if low.len() != 16 {
        return None;
    }
    let bits = u128::from(hex(high)?) << 64 | u128::from(hex(low)?);
    Some(Ipv6Addr::from_bits(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V4: &[u8] = b"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                                                       \n\
        v10\t00000000\tFE00090A\t0003\t0\t0\t5\t00000000\t0\t0\t0                                                                            \n\
        *\t0000630A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0   \n";

    #[test]
    fn routes_are_read() {
        let (routes, gaps) = inet(V4, "route", Order::Little);
        assert_eq!((routes.len(), gaps.len()), (2, 0));
        assert_eq!(routes[0].gateway.to_string(), "10.9.0.254");
        assert_eq!(
            (routes[0].flags, routes[0].metric, routes[0].prefix),
            (3, 5, 0)
        );
        assert_eq!(
            (routes[1].destination.to_string(), routes[1].prefix),
            ("10.99.0.0".into(), 16)
        );
        let line = b"20010db8000500000000000000000000 30 00000000000000000000000000000000 00 \
            20010db8123456780000000000000009 00000400 00000002 00000000 00000003      v10\n";
        let (routes, gaps) = inet6(line, "ipv6_route");
        assert_eq!(gaps, []);
        assert_eq!(routes[0].gateway.to_string(), "2001:db8:1234:5678::9");
        assert_eq!((routes[0].prefix, routes[0].metric), (48, 1024));
    }

    #[test]
    fn bad_rows_are_gaps() {
        let (routes, gaps) = inet(b"Iface\nlo\t0000\nlo x\n", "route", Order::Little);
        assert_eq!((routes.len(), gaps.len()), (0, 2));
    }

    proptest! {
        #[test]
        fn no_line_is_lost(text: Vec<u8>) {
            let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
            let (rows, gaps) = inet(&text, "p", Order::Little);
            prop_assert!(rows.len() + gaps.len() + 1 >= lines);
            let (rows, gaps) = inet6(&text, "p");
            prop_assert!(rows.len() + gaps.len() + 1 >= lines);
        }
    }
}
