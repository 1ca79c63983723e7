//! Which ports are worth asking for first: a list of our own.

use model::{Proto, service};
use scan::{PortSet, Ports};

/// TCP ports, a group of services a line. Chosen and ordered by us, from the registry and
/// from what responders look for; no survey and no other scanner's list went into it.
#[rustfmt::skip]
const TCP: &[u16] = &[
    // The web, remote shells and desktops, names and mail.
    80, 443, 22, 21, 23, 3389, 25, 53, 110, 143, 445, 139, 135, 8080, 8443, 5900, 993, 995, 587, 465,
    // Files, directories, remote procedures, time and print.
    111, 2049, 389, 636, 88, 464, 873, 548, 2121, 990, 989, 515, 631, 9100, 179, 37, 13, 7, 9, 19,
    // Databases and caches.
    3306, 5432, 1433, 1521, 27017, 6379, 11211, 9200, 9300, 5984, 9042, 7000, 7001, 8086, 50000, 1434, 3050, 8123, 28017, 5433,
    // Other web ports, proxies and panels.
    8000, 8888, 8081, 8008, 8088, 9090, 9443, 10000, 3000, 5000, 81, 8181, 3128, 1080, 8118, 9050, 8140, 8834, 7443, 2082,
    // Machines that run others, and their consoles.
    2375, 2376, 6443, 10250, 2379, 5985, 5986, 623, 902, 16509, 4243, 8006, 3260, 8500, 4646, 5938, 5901, 6000, 5800, 512,
    // Queues, voice, chat, version control and watching.
    1883, 8883, 5672, 15672, 9092, 2181, 61616, 5060, 5061, 5222, 5269, 6667, 6697, 3690, 9418, 1723, 1194, 10050, 5666, 161,
    // Where uninvited guests like to listen, and other old acquaintances.
    4444, 31337, 1337, 12345, 6666, 9999, 5555, 1234, 2222, 20000, 513, 514, 79, 113, 119, 70, 502, 102, 44818, 47808,
];

/// UDP ports, likewise.
#[rustfmt::skip]
const UDP: &[u16] = &[
    // Names, time, addresses, management.
    53, 123, 67, 68, 69, 161, 162, 137, 138, 111, 514, 5353, 5355, 1900, 3702, 5351, 546, 547, 37, 13,
    // Tunnels, keys, directories, who may come in.
    500, 4500, 1194, 51820, 1701, 443, 88, 464, 389, 1812, 1813, 1645, 1646, 49, 177, 9993, 41641, 3544, 4789, 8472,
    // Files, shares, databases, caches, print.
    2049, 20048, 631, 135, 445, 139, 1434, 1433, 11211, 427, 5683, 5684, 3389, 523, 2638, 1604, 10080, 7001, 517, 518,
    // Voice, games, streams.
    5060, 5061, 3478, 5349, 4569, 2427, 2727, 1718, 1719, 5004, 5005, 27015, 19132, 6881, 64738, 9987, 9875, 1985, 3784, 4784,
    // Machines, routers, buildings, watching.
    623, 520, 521, 646, 2055, 4739, 6343, 9995, 8125, 12201, 5405, 8301, 8302, 8600, 10001, 5678, 47808, 3671, 502, 44818,
    // Old acquaintances.
    7, 9, 17, 19, 512, 513, 525, 80, 853, 31337, 2048, 2222, 3283, 319, 320, 20000, 34964, 41794, 2123, 2152,
];

/// What a scan of another machine asks for when no list is given: 1 to 1024 and every port
/// with a name, as nmap did in 2005.
pub(crate) fn default_ports() -> Ports {
    Ports {
        tcp: named(Proto::Tcp, TCP),
        udp: named(Proto::Udp, UDP),
    }
}

fn named(proto: Proto, common: &[u16]) -> PortSet {
    let names = service::named(proto).map(|row| row.0);
    PortSet::of((1..=1024).chain(names).chain(common.iter().copied()))
}

/// The `count` ports most worth asking for: the list above, then those with a name, then
/// the rest, lowest first.
pub(crate) fn top(count: usize) -> Ports {
    let most = |proto, common: &[u16]| {
        let names = service::named(proto).map(|row| row.0);
        let mut seen = std::collections::HashSet::new();
        let ranked = common.iter().copied().chain(names).chain(1..=u16::MAX);
        PortSet::of(ranked.filter(|port| seen.insert(*port)).take(count))
    };
    Ports {
        tcp: most(Proto::Tcp, TCP),
        udp: most(Proto::Udp, UDP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_as_long_as_asked_for() {
        for count in [1, 10, 100, 1_000, 65_535, 70_000] {
            let top = top(count);
            assert_eq!(top.tcp.len(), count.min(65_535));
            assert_eq!(top.udp.len(), count.min(65_535));
        }
        for list in [TCP, UDP] {
            assert_eq!(PortSet::of(list.iter().copied()).len(), list.len());
            assert!(list.len() >= 100, "-F asks for no other port");
        }
        assert!(default_ports().tcp.len() > 1_500);
        assert!(top(1).tcp.contains(80) && top(1).udp.contains(53));
    }
}
