//! Sets of ports, and the grammar of `-p`.

use model::{Proto, service};
use std::fmt;

/// A set of ports: disjoint ranges, both ends included, lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSet(Vec<(u16, u16)>);

impl PortSet {
    /// Every port but 0.
    #[must_use]
    pub fn all() -> PortSet {
        PortSet(vec![(1, u16::MAX)])
    }

    /// The ports given, in any order. Neighbours that come one after the other take no room.
    pub fn of(ports: impl IntoIterator<Item = u16>) -> PortSet {
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for port in ports {
            match ranges.last_mut() {
                Some(last) if last.1.checked_add(1) == Some(port) => last.1 = port,
                _ => ranges.push((port, port)),
            }
        }
        PortSet::of_ranges(ranges)
    }

    fn of_ranges(mut ranges: Vec<(u16, u16)>) -> PortSet {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if u32::from(low) <= u32::from(last.1) + 1 => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        PortSet(merged)
    }

    /// How many ports are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0
            .iter()
            .map(|&(low, high)| usize::from(high - low) + 1)
            .sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a port is in it.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        let after = self.0.partition_point(|range| range.1 < port);
        self.0.get(after).is_some_and(|range| range.0 <= port)
    }

    /// Its ports, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().flat_map(|&(low, high)| low..=high)
    }

    /// Those of either.
    #[must_use]
    pub fn union(&self, other: &PortSet) -> PortSet {
        PortSet::of_ranges(self.0.iter().chain(&other.0).copied().collect())
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub fn minus(&self, other: &PortSet) -> PortSet {
        PortSet::of(self.iter().filter(|&port| !other.contains(port)))
    }
}

/// As `-p` reads it.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (low, high)) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            write!(f, "{low}")?;
            if high > low {
                write!(f, "-{high}")?;
            }
        }
        Ok(())
    }
}

/// What to probe of each protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// TCP ports.
    pub tcp: PortSet,
    /// UDP ports.
    pub udp: PortSet,
}

impl Ports {
    /// The same set for both protocols.
    #[must_use]
    pub fn both(set: PortSet) -> Ports {
        Ports {
            tcp: set.clone(),
            udp: set,
        }
    }

    /// Without those of another.
    #[must_use]
    pub fn minus(&self, other: &Ports) -> Ports {
        Ports {
            tcp: self.tcp.minus(&other.tcp),
            udp: self.udp.minus(&other.udp),
        }
    }
}

/// As `-p` reads it: one list where both protocols have the same.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tcp.is_empty(), self.udp.is_empty()) {
            (true, true) => Ok(()),
            (false, true) => write!(f, "T:{}", self.tcp),
            (true, false) => write!(f, "U:{}", self.udp),
            (false, false) if self.tcp == self.udp => write!(f, "{}", self.tcp),
            (false, false) => write!(f, "T:{},U:{}", self.tcp, self.udp),
        }
    }
}

/// Reads a list as `-p` takes it: `22`, `1-1023`, `-100`, `60000-`, `-`, `ssh`, `http*`,
/// and `T:` or `U:` before an item, which hold until the next of them.
///
/// # Errors
/// What is wrong, in one line that names the item.
pub fn parse(text: &str) -> Result<Ports, String> {
    let (mut tcp, mut udp) = (Vec::new(), Vec::new());
    let (mut for_tcp, mut for_udp) = (true, true);
    for whole in text.split(',') {
        let mut item = whole.trim();
        if let Some((letter, rest)) = item.split_once(':') {
            (for_tcp, for_udp) = match letter {
                "T" | "t" => (true, false),
                "U" | "u" => (false, true),
                _ => return Err(format!("port list: {letter}: is neither T: nor U:")),
            };
            item = rest;
        }
        if for_tcp {
            read_item(item, Proto::Tcp, &mut tcp)?;
        }
        if for_udp {
            read_item(item, Proto::Udp, &mut udp)?;
        }
    }
    Ok(Ports {
        tcp: PortSet::of_ranges(tcp),
        udp: PortSet::of_ranges(udp),
    })
}

fn read_item(item: &str, proto: Proto, into: &mut Vec<(u16, u16)>) -> Result<(), String> {
    if item.is_empty() {
        return Err("port list: an item is empty".to_owned());
    }
    if item
        .bytes()
        .any(|byte| byte.is_ascii_alphabetic() || byte == b'*')
    {
        return name(item, proto, into);
    }
    let (low, high) = match item.split_once('-') {
        None => {
            let port = number(item)?;
            (port, port)
        }
        Some((low, high)) => (
            if low.is_empty() { 1 } else { number(low)? },
            if high.is_empty() {
                u16::MAX
            } else {
                number(high)?
            },
        ),
    };
    if low > high {
        return Err(format!("port list: {item} runs backwards"));
    }
    into.push((low, high));
    Ok(())
}

fn number(digits: &str) -> Result<u16, String> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(port) if plain && port > 0 => Ok(port),
        _ => Err(format!(
            "port list: {digits} is no port; ports are 1 to 65535"
        )),
    }
}

/// A service name, `*` standing for any letters. A name one protocol does not know is no
/// error as long as the other does.
fn name(pattern: &str, proto: Proto, into: &mut Vec<(u16, u16)>) -> Result<(), String> {
    let before = into.len();
    if pattern.contains('*') {
        let matching = service::named(proto).filter(|row| glob(pattern, row.1));
        into.extend(matching.map(|row| (row.0, row.0)));
    } else {
        into.extend(service::ports(proto, pattern).map(|port| (port, port)));
    }
    let other = match proto {
        Proto::Tcp => Proto::Udp,
        _ => Proto::Tcp,
    };
    let known = into.len() > before
        || service::ports(other, pattern).next().is_some()
        || service::named(other).any(|row| glob(pattern, row.1));
    if known {
        Ok(())
    } else {
        Err(format!("port list: no service is called {pattern}"))
    }
}

/// Whether `text` fits a pattern in which `*` stands for any letters. What stands between two
/// of them is taken where it is met first: that leaves the most for the rest, and no pattern
/// takes longer than it is.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(parse(text).unwrap().to_string(), shown);
    }

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "x"),
            ("h*p", "http"),
            ("*t*t*", "http"),
            ("**p", "http"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("h*p", "https"),
            ("*t*t*t", "http"),
            ("http*p", "http"),
            ("", "x"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
        // Every way to part the name was tried once: longer than anybody waits.
        assert!(!glob(
            "*************************3",
            "a-name-of-many-letters-without-it"
        ));
    }

    #[test]
    fn lists_are_read_as_nmap_reads_them() {
        check("22", "22");
        check("-", "1-65535");
        check("22,80,8000-8010", "22,80,8000-8010");
        check("80,22,22,23", "22-23,80");
        check("-100", "1-100");
        check("65000-", "65000-65535");
        check("T:22,U:53", "T:22,U:53");
        check("T:1-10,12,U:53,54", "T:1-10,12,U:53-54");
        check("U:-", "U:1-65535");
        check("ssh,T:80", "T:22,80");
        check("domain", "53");
        check("T:mysql*", "T:1186,3306,6446");
    }

    #[test]
    fn bad_lists_are_refused() {
        for bad in [
            "",
            "0",
            "70000",
            "1-70000",
            "10-1",
            "22,,80",
            "+5",
            "1-2-3",
            "x:5",
            "no-such",
            "22,",
            "T:",
            "-0",
            "T:nosuch*",
            "1 2",
        ] {
            let line = parse(bad).unwrap_err();
            assert!(line.starts_with("port list: "), "{bad}: {line}");
        }
    }

    #[test]
    fn the_last_port_joins_without_overflow() {
        assert_eq!(PortSet::of([65_535, 65_534]).to_string(), "65534-65535");
        assert_eq!(PortSet::all().len(), 65_535);
        assert_eq!(PortSet::all().minus(&PortSet::all()).len(), 0);
    }

    proptest! {
        #[test]
        fn sets_behave_like_sets(ports: Vec<u16>, others: Vec<u16>, probe: u16) {
            let (a, b) = (PortSet::of(ports.clone()), PortSet::of(others.clone()));
            prop_assert_eq!(a.contains(probe), ports.contains(&probe));
            prop_assert_eq!(a.iter().count(), a.len());
            prop_assert_eq!(a.minus(&b).contains(probe), ports.contains(&probe) && !others.contains(&probe));
            prop_assert_eq!(a.union(&b).contains(probe), ports.contains(&probe) || others.contains(&probe));
        }

        #[test]
        fn what_is_shown_is_read_back(tcp in proptest::collection::vec(1u16.., 0..9), udp in proptest::collection::vec(1u16.., 0..9)) {
            let ports = Ports { tcp: PortSet::of(tcp), udp: PortSet::of(udp) };
            if ports != Ports::default() {
                prop_assert_eq!(parse(&ports.to_string()).unwrap(), ports);
            }
        }

        #[test]
        fn nothing_typed_makes_it_panic(text: String) {
            let _ = parse(&text);
        }
    }
}
