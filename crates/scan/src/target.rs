//! Whom to ask: addresses, CIDR blocks and octet ranges. Names only where the caller
//! resolves them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses one run may have: a /12, or a list of a million.
pub const TARGETS_MAX: usize = 1 << 20;

/// What is wrong with `0.0.0.0` and `::`. The kernel takes them for this machine, but what
/// answers has another address.
pub const NOBODYS: &str = "0.0.0.0 and :: are nobody's address";

/// What a target is, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// One address, or several in order.
    Addrs(Vec<IpAddr>),
    /// A name to be resolved.
    Name(String),
}

/// Reads one target: `10.0.0.1`, `10.0.0.0/24`, `10.0.0-3.1,5`, `::1`, `[::1]`,
/// `2001:db8::/120`, or a host name. `localhost` is not asked of anybody. An IPv4 address
/// written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
///
/// # Errors
/// What is wrong, in one line that names the target.
pub fn parse(text: &str, prefer_v6: bool) -> Result<Spec, String> {
    let bad = |why: &str| Err(format!("target {text}: {why}"));
    if text == "localhost" {
        return Ok(Spec::Addrs(vec![if prefer_v6 {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        } else {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        }]));
    }
    let (host, bits) = match text.split_once('/') {
        Some((host, bits)) => match bits.parse::<u32>() {
            Ok(number) if bits.bytes().all(|b| b.is_ascii_digit()) => (host, Some(number)),
            _ => return bad("what follows / is no number of bits"),
        },
        None => (text, None),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(addr) = bare.parse::<IpAddr>() {
        let addrs = match bits {
            None => Ok(vec![addr.to_canonical()]),
            Some(bits) => block(addr, bits),
        };
        return match addrs {
            Ok(all) if all.iter().any(IpAddr::is_unspecified) => bad(NOBODYS),
            Ok(all) => Ok(Spec::Addrs(all)),
            Err(why) => bad(&why),
        };
    }
    let looks_numeric = !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b',' | b'*'));
    if looks_numeric {
        return match octets(host) {
            Some(_) if bits.is_some() => bad("a range cannot also be a block"),
            Some(all) if all.len() > TARGETS_MAX => bad("too many addresses"),
            Some(all) if all.iter().any(IpAddr::is_unspecified) => bad(NOBODYS),
            Some(all) => Ok(Spec::Addrs(all)),
            None => bad("not an address"),
        };
    }
    if bits.is_none() && is_name(host) {
        return Ok(Spec::Name(host.to_owned()));
    }
    bad("neither an address nor a name")
}

/// Addresses of a CIDR block, its first and last included, as nmap has them.
fn block(addr: IpAddr, bits: u32) -> Result<Vec<IpAddr>, String> {
    let (width, value) = match addr {
        IpAddr::V4(v4) => (32, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (128, u128::from(v6)),
    };
    if let IpAddr::V6(v6) = addr
        && let (Some(v4), Some(bits)) = (v6.to_ipv4_mapped(), bits.checked_sub(96))
        && bits <= 32
    {
        return block(IpAddr::V4(v4), bits);
    }
    if bits > width {
        return Err(format!("a block has at most {width} bits"));
    }
    let free = width - bits;
    if free > TARGETS_MAX.ilog2() {
        return Err(format!("more than {TARGETS_MAX} addresses"));
    }
    let count = 1u128 << free;
    let first = value & !(count - 1);
    Ok((first..=first + (count - 1))
        .map(|value| match addr {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(value).unwrap_or(0))),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(value)),
        })
        .collect())
}

/// Every combination of octets like `10.0.0-3.1,5` or `192.168.1.*`; none if it is no such thing.
fn octets(text: &str) -> Option<Vec<IpAddr>> {
    let parts: Vec<&str> = text.split('.').collect();
    let parts: [&str; 4] = parts.try_into().ok()?;
    let mut sets: Vec<Vec<u8>> = Vec::new();
    let mut count = 1usize;
    for part in parts {
        let mut set = Vec::new();
        for item in part.split(',') {
            let (low, high) = match item.split_once('-') {
                _ if item == "*" => (0, 255),
                Some((low, high)) => (octet(low, 0)?, octet(high, 255)?),
                None => {
                    let one = item.parse::<u8>().ok()?;
                    (one, one)
                }
            };
            if low > high {
                return None;
            }
            set.extend(low..=high);
        }
        set.sort_unstable();
        set.dedup();
        count = count.saturating_mul(set.len());
        sets.push(set);
    }
    // More than the limit: as many as tell the caller so, without building them.
    if count > TARGETS_MAX {
        return Some(vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED); TARGETS_MAX + 1]);
    }
    let mut all = vec![0u32];
    for set in sets {
        all = all
            .iter()
            .flat_map(|&head| set.iter().map(move |&octet| head << 8 | u32::from(octet)))
            .collect();
    }
    Some(
        all.into_iter()
            .map(|value| IpAddr::V4(Ipv4Addr::from(value)))
            .collect(),
    )
}

fn octet(text: &str, default: u8) -> Option<u8> {
    if text.is_empty() {
        Some(default)
    } else {
        text.parse().ok()
    }
}

/// Letters, digits, hyphens and dots, as RFC 1123 has host names.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, count: usize, first: &str, last: &str) {
        let Ok(Spec::Addrs(all)) = parse(text, false) else {
            panic!("{text} names no addresses");
        };
        assert_eq!(all.len(), count, "{text}");
        assert_eq!(all.first().unwrap().to_string(), first);
        assert_eq!(all.last().unwrap().to_string(), last);
    }

    #[test]
    fn addresses_blocks_and_ranges() {
        check("10.1.2.3", 1, "10.1.2.3", "10.1.2.3");
        check("10.1.2.3/24", 256, "10.1.2.0", "10.1.2.255");
        check("10.1.2.3/32", 1, "10.1.2.3", "10.1.2.3");
        check("10.0.0-3.1,5", 8, "10.0.0.1", "10.0.3.5");
        check("192.168.1.*", 256, "192.168.1.0", "192.168.1.255");
        check("192.168.1.250-", 6, "192.168.1.250", "192.168.1.255");
        check("::1", 1, "::1", "::1");
        check("[::1]", 1, "::1", "::1");
        check("2001:db8::ff/120", 256, "2001:db8::", "2001:db8::ff");
        check("::ffff:10.1.2.3", 1, "10.1.2.3", "10.1.2.3");
        check("::ffff:10.1.2.3/120", 256, "10.1.2.0", "10.1.2.255");
        check("localhost", 1, "127.0.0.1", "127.0.0.1");
        check("255.255.255.0/24", 256, "255.255.255.0", "255.255.255.255");
    }

    #[test]
    fn bad_targets_are_refused() {
        for bad in [
            "",
            "300.1.1.1",
            "10.0.0",
            "10.0.0.1/33",
            "10.0.0.1/-1",
            "10.0.0.1/",
            "10.0.0.5-1",
            "::1/129",
            "::/0",
            "0.0.0.0/0",
            "0.0.0.0",
            "0.0.0.0/30",
            "0.0.0.0-3",
            "::",
            "[::]",
            "::/126",
            "::ffff:0.0.0.0",
            "::ffff:0.0.0.0/126",
            "::ffff:10.0.0.1/129",
            "*.*.*.*",
            "a b",
            "-x",
            "a..b",
            "10.0.0.1-3/24",
            "x\x1b[1m",
            "1.2.3.4.5",
            "[::1",
        ] {
            assert!(parse(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_left_to_the_caller() {
        let name = Spec::Name("host-1.example".to_owned());
        assert_eq!(parse("host-1.example", false), Ok(name));
        let six = parse("localhost", true).unwrap();
        assert_eq!(six, Spec::Addrs(vec!["::1".parse().unwrap()]));
    }

    proptest! {
        #[test]
        fn nothing_typed_makes_it_panic(text in "[0-9.,*/:a-f-]{0,24}") {
            let _ = parse(&text, false);
        }
    }
}
