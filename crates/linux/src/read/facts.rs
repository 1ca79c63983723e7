//! What a network namespace knows beside its sockets: routes, interfaces, groups, counters.

use super::tables::Stand;
use super::{network, order};
use crate::parse::{igmp, interfaces, route, rtnetlink, snmp};
use model::network::{Counter, Group, Interface, Route};
use model::{Family, Gap, Gaps};
use std::io;
use sysroot::Sysroot;

/// The routing table of an internet family, in the kernel's order.
#[must_use]
pub fn routes(root: &Sysroot, stand: &Stand, family: Family) -> (Vec<Route>, Gaps) {
    let order = order(root);
    match family {
        Family::Inet6 => text(root, stand, "ipv6_route", route::inet6),
        _ => text(root, stand, "route", |text, place| {
            route::inet(text, place, order)
        }),
    }
}

/// Multicast groups of an internet family, in the kernel's order.
#[must_use]
pub fn groups(root: &Sysroot, stand: &Stand, family: Family) -> (Vec<Group>, Gaps) {
    let order = order(root);
    match family {
        Family::Inet6 => text(root, stand, "igmp6", igmp::inet6),
        _ => text(root, stand, "igmp", |text, place| {
            igmp::inet(text, place, order)
        }),
    }
}

/// Counters, in the kernel's order: of IPv4, TCP and UDP, or of IPv6 alone.
#[must_use]
pub fn counters(root: &Sysroot, stand: &Stand, family: Family) -> (Vec<Counter>, Gaps) {
    if family == Family::Inet6 {
        return text(root, stand, "snmp6", snmp::inet6);
    }
    let (mut all, mut gaps) = text(root, stand, "snmp", snmp::pairs);
    for (name, parse) in [
        (
            "netstat",
            snmp::pairs as fn(&[u8], &str) -> (Vec<Counter>, Gaps),
        ),
        ("sctp/snmp", snmp::sctp),
    ] {
        let (mut more, mut bad) = text(root, stand, name, parse);
        all.append(&mut more);
        gaps.append(&mut bad);
    }
    (all, gaps)
}

/// Reads a text table; one this kernel does not have is empty.
fn text<T>(
    root: &Sysroot,
    stand: &Stand,
    name: &str,
    parse: impl FnOnce(&[u8], &str) -> (Vec<T>, Gaps),
) -> (Vec<T>, Gaps) {
    let place = format!("{}/{name}", stand.net);
    match root.read(&place) {
        Ok(text) => parse(&text, &place),
        Err(error) if error.kind() == io::ErrorKind::NotFound && root.dir(stand.net).is_ok() => {
            (Vec::new(), Gaps::new())
        }
        Err(error) => (Vec::new(), vec![Gap::io(place, &error)]),
    }
}

/// The interfaces with their addresses, in the kernel's order: by rtnetlink, the IPv6
/// addresses by the text table.
#[must_use]
pub fn interfaces(root: &Sysroot, stand: &Stand) -> (Vec<Interface>, Gaps) {
    let (mut links, mut gaps) = network::table(
        root,
        "rtnetlink/links",
        &rtnetlink::links(),
        rtnetlink::NEW_LINK,
        interfaces::link,
    );
    let (four, mut more) = network::table(
        root,
        "rtnetlink/addresses",
        &rtnetlink::addresses(),
        rtnetlink::NEW_ADDRESS,
        interfaces::address,
    );
    gaps.append(&mut more);
    let (six, mut more) = text(root, stand, "if_inet6", interfaces::inet6);
    gaps.append(&mut more);
    for (index, address) in four.into_iter().flatten().chain(six) {
        if let Some(link) = links.iter_mut().find(|link| link.index == index) {
            link.addresses.push(address);
        }
    }
    (links, gaps)
}
