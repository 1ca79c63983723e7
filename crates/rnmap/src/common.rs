//! Which ports are worth asking for first: a list of our own.

use model::{Proto, service};
use scan::{PortSet, Ports};

/// TCP ports by how often they are met open, as told by public surveys and by habit.
#[rustfmt::skip]
const TCP: &[u16] = &[
    80, 443, 22, 23, 21, 25, 3389, 110, 445, 139, 143, 53, 135, 3306, 8080, 1723, 111, 995, 993, 5900,
    587, 8443, 1025, 8888, 199, 465, 2049, 5432, 6379, 8000, 8081, 5060, 873, 548, 515, 631, 389, 636, 88, 179,
    113, 81, 6001, 10000, 514, 5000, 5001, 1433, 1521, 27017, 9200, 11211, 2375, 2376, 6443, 10250, 9090, 9100, 3000, 3128,
    5985, 5986, 1080, 1883, 8883, 5672, 5222, 5269, 2181, 9092, 1099, 1194, 1900, 3260, 3268, 3690, 4444, 4443, 4899, 5357,
    5631, 5666, 5800, 5984, 6000, 6667, 7001, 7070, 8008, 8009, 8086, 8088, 8090, 8181, 8888, 9000, 9001, 9418, 9999, 37,
    79, 119, 144, 161, 427, 512, 513, 543, 544, 554, 646, 990, 992, 1026, 1027, 1028, 1029, 1110, 1720, 1755,
    2000, 2001, 2121, 2222, 2717, 3986, 4242, 5009, 5051, 5101, 5190, 6646, 7, 9, 13, 26, 32768, 49152, 49153, 49154,
];

/// UDP ports by the same measure.
#[rustfmt::skip]
const UDP: &[u16] = &[
    53, 123, 161, 137, 138, 67, 68, 69, 111, 500, 514, 520, 631, 1434, 1900, 4500, 5353, 5355, 5060, 1194,
    443, 80, 3478, 3702, 11211, 1701, 1812, 1813, 162, 177, 389, 88, 464, 2049, 623, 5683, 47808, 51820, 4789, 3391,
    7, 9, 13, 17, 19, 37, 49, 135, 139, 445, 518, 593, 626, 996, 997, 998, 999, 1025, 1026, 1027,
    1433, 1645, 1646, 1718, 1719, 2000, 2048, 2222, 2223, 3283, 3456, 3703, 4444, 5000, 5632, 9200, 10000, 17185, 20031, 30718,
    31337, 32768, 32769, 32771, 32815, 33281, 49152, 49153, 49154, 49156, 49181, 49182, 49185, 49186, 49188, 49190, 49191, 49192, 49193, 49194,
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
        assert!(default_ports().tcp.len() > 1_500);
        assert!(top(1).tcp.contains(80) && top(1).udp.contains(53));
    }
}
