//! Which internet sockets are meant: lsof's `-i [46][protocol][@address][:ports]`.

use crate::number;
use model::{Family, Inet, Proto, service};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// A set of ports; empty means every port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(pub Vec<RangeInclusive<u16>>);

impl Ports {
    /// Reads `22,80-90,https`. A name stands for every port a protocol has under it.
    ///
    /// # Errors
    /// One sentence: an unknown name, a number above 65535, a range turned round.
    pub fn parse(list: &str, proto: Option<Proto>) -> Result<Ports, String> {
        let mut ports = Vec::new();
        for item in crate::items(list) {
            one(item?, proto, &mut ports)?;
        }
        Ok(Ports(ports))
    }

    /// Whether a port is meant.
    #[must_use]
    pub fn has(&self, port: u16) -> bool {
        self.0.is_empty() || self.0.iter().any(|range| range.contains(&port))
    }
}

fn one(
    item: &str,
    proto: Option<Proto>,
    ports: &mut Vec<RangeInclusive<u16>>,
) -> Result<(), String> {
    if item.bytes().all(|byte| byte.is_ascii_digit()) {
        let port = number(item).ok_or_else(|| format!("no port number: {item}"))?;
        ports.push(port..=port);
        return Ok(());
    }
    if let Some((low, high)) = item.split_once('-')
        && let (Some(low), Some(high)) = (port(low, proto), port(high, proto))
    {
        if low > high {
            return Err(format!("the range runs backwards: {item}"));
        }
        ports.push(low..=high);
        return Ok(());
    }
    let before = ports.len();
    for proto in proto.map_or(vec![Proto::Tcp, Proto::Udp], |proto| vec![proto]) {
        for port in service::ports(proto, item) {
            if !ports
                .get(before..)
                .unwrap_or_default()
                .contains(&(port..=port))
            {
                ports.push(port..=port);
            }
        }
    }
    if ports.len() == before {
        // Some names are only aliases: one number for every protocol.
        let port = service::port(item)
            .filter(|_| proto.is_none())
            .ok_or_else(|| unknown(item))?;
        ports.push(port..=port);
    }
    Ok(())
}

fn unknown(item: &str) -> String {
    if item.starts_with(|letter: char| letter.is_ascii_digit()) {
        format!("no port number: {item}")
    } else {
        format!("unknown service: {item}")
    }
}

fn port(word: &str, proto: Option<Proto>) -> Option<u16> {
    number(word).or_else(|| match proto {
        Some(proto) => service::ports(proto, word).next(),
        None => service::port(word),
    })
}

/// Which internet sockets are meant. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// IPv4 or IPv6 only.
    pub family: Option<Family>,
    /// This transport only.
    pub proto: Option<Proto>,
    /// One of these addresses, local or remote; empty means any.
    pub hosts: Vec<IpAddr>,
    /// One of these ports, on the same side as the address.
    pub ports: Ports,
}

impl Address {
    /// Reads `[46][protocol][@address][:ports]`. Addresses are numbers, IPv6 in brackets;
    /// of names only `localhost` is known, because nothing is asked of a resolver.
    ///
    /// # Errors
    /// One sentence on the first word that was not understood.
    pub fn parse(spec: &str) -> Result<Address, String> {
        let (family, rest) = match spec.as_bytes().first() {
            Some(b'4') => (Some(Family::Inet), spec.get(1..).unwrap_or_default()),
            Some(b'6') => (Some(Family::Inet6), spec.get(1..).unwrap_or_default()),
            _ => (None, spec),
        };
        let end = rest.find(['@', ':']).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        let proto = if word.is_empty() {
            None
        } else {
            Some(proto(word)?)
        };
        let (host, ports) = match rest.strip_prefix('@') {
            Some(rest) => split_host(rest)?,
            None => (None, rest.strip_prefix(':')),
        };
        let hosts = host.map_or(Ok(Vec::new()), |host| hosts(host, family))?;
        let ports = ports.map_or(Ok(Ports::default()), |list| Ports::parse(list, proto))?;
        Ok(Address {
            family,
            proto,
            hosts,
            ports,
        })
    }

    /// Whether a socket is meant: one of its two ends, if it has two, has an address and a port
    /// that are.
    #[must_use]
    pub fn matches(&self, inet: &Inet) -> bool {
        let far = inet.remote_port != 0 || !inet.remote.is_unspecified();
        self.family.is_none_or(|family| family == inet.family())
            && self.proto.is_none_or(|proto| proto == inet.proto)
            && (self.side(inet.local, inet.port)
                || (far && self.side(inet.remote, inet.remote_port)))
    }

    fn side(&self, addr: IpAddr, port: u16) -> bool {
        let plain = addr.to_canonical();
        (self.hosts.is_empty() || self.hosts.iter().any(|host| host.to_canonical() == plain))
            && self.ports.has(port)
    }
}

fn proto(word: &str) -> Result<Proto, String> {
    let known = [
        Proto::Tcp,
        Proto::Udp,
        Proto::UdpLite,
        Proto::Sctp,
        Proto::Mptcp,
        Proto::Dccp,
        Proto::Raw,
        Proto::Icmp,
    ];
    known
        .into_iter()
        .find(|proto| word.eq_ignore_ascii_case(proto.name()))
        .ok_or_else(|| format!("unknown protocol name: {word}"))
}

/// Cuts `address[:ports]`, an IPv6 address being in brackets.
fn split_host(rest: &str) -> Result<(Option<&str>, Option<&str>), String> {
    let (host, after) = match rest.strip_prefix('[') {
        Some(inner) => inner
            .split_once(']')
            .ok_or_else(|| format!("a bracket is not closed: {rest}"))?,
        None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
    };
    if host.is_empty() {
        return Err(format!("no address after @: {rest}"));
    }
    match after.strip_prefix(':') {
        None if after.is_empty() => Ok((Some(host), None)),
        None => Err(format!("unexpected after the address: {after}")),
        ports => Ok((Some(host), ports)),
    }
}

fn hosts(host: &str, family: Option<Family>) -> Result<Vec<IpAddr>, String> {
    let hosts = if host.eq_ignore_ascii_case("localhost") {
        vec![
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ]
    } else {
        let addr = host
            .parse()
            .map_err(|_| format!("no numeric address (names are not resolved): {host}"))?;
        vec![addr]
    };
    let fits = |addr: &IpAddr| match family {
        Some(Family::Inet) => addr.is_ipv4(),
        _ => true,
    };
    if hosts.iter().any(fits) {
        Ok(hosts.into_iter().filter(fits).collect())
    } else {
        Err(format!("not an IPv4 address: {host}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::State;
    use proptest::prelude::*;

    fn inet(proto: Proto, local: &str, port: u16, remote: &str, remote_port: u16) -> Inet {
        Inet {
            proto,
            local: local.parse().unwrap(),
            port,
            remote: remote.parse().unwrap(),
            remote_port,
            state: State::Listen,
            device: None,
            v6only: None,
            timer: None,
        }
    }

    #[track_caller]
    fn check(spec: &str, meant: bool) {
        let socket = inet(Proto::Tcp, "127.0.0.1", 22, "127.0.0.2", 4444);
        assert_eq!(
            Address::parse(spec).unwrap().matches(&socket),
            meant,
            "{spec}"
        );
    }

    #[test]
    fn every_part_may_be_left_out() {
        for spec in [
            "",
            "4",
            "TCP",
            "4tcp",
            ":22",
            ":ssh",
            "@127.0.0.1",
            "@localhost",
            "4TCP@127.0.0.2:4444",
            ":1-30",
            ":7,22,9",
            "@127.0.0.1:ssh",
            "TCP:20-ssh",
            "@[::ffff:127.0.0.1]:22",
        ] {
            check(spec, true);
        }
        for spec in [
            "6",
            "UDP",
            ":23",
            "@10.0.0.1",
            "4TCP@127.0.0.2:22",
            "@127.0.0.1:4444",
            ":23-4443",
            "@[::1]",
        ] {
            check(spec, false);
        }
    }

    #[test]
    fn a_name_may_stand_for_several_ports() {
        let ports = Ports::parse("http-alt", Some(Proto::Tcp)).unwrap();
        assert!(ports.has(8080) && ports.has(8008) && !ports.has(80));
        assert!(Ports::parse("www", None).unwrap().has(80));
    }

    #[test]
    fn nonsense_is_one_sentence() {
        for bad in [
            ":99999",
            ":0x10",
            ":22-",
            ":30-20",
            ":nosuchservice",
            "foo",
            "4foo:22",
            "@",
            "@:22",
            "@host",
            "@[::1",
            "@[::1]x",
            "6@1.2.3.4.5",
            "4@[::1]",
            ":22,",
            ":,22",
            ":",
            "TCP:-",
            ":22:23",
            "@1.2.3.4:",
        ] {
            let error = Address::parse(bad).unwrap_err();
            assert!(!error.is_empty() && !error.contains('\n'), "{bad}: {error}");
        }
    }

    #[test]
    fn a_socket_without_a_peer_has_one_end() {
        let zero = Address::parse(":0").unwrap();
        let listener = inet(Proto::Tcp, "127.0.0.1", 22, "0.0.0.0", 0);
        let unbound = inet(Proto::Udp, "0.0.0.0", 0, "0.0.0.0", 0);
        assert!(!zero.matches(&listener) && zero.matches(&unbound));
        let far = Address::parse("@10.0.0.1").unwrap();
        assert!(far.matches(&inet(Proto::Raw, "0.0.0.0", 1, "10.0.0.1", 0)));
    }

    proptest! {
        #[test]
        fn nothing_panics(spec: String) {
            let _ = Address::parse(&spec);
        }
    }
}
