//! Interfaces and addresses. Not read yet: the layouts of `SIOCGLIFCONF` and of the MIB's
//! address table were not checked for every era, and a gap says so.

use model::{Foreign, Gap, Gaps, IfIndex, KernelPort};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use sysroot::Sysroot;

fn unread(place: &str) -> Gaps {
    vec![Gap::new(place, "not read on Solaris and illumos")]
}

/// Names of the interfaces: none, and why.
#[must_use]
pub fn interfaces(_: &Sysroot) -> (BTreeMap<IfIndex, Foreign>, Gaps) {
    (BTreeMap::new(), unread("interfaces"))
}

/// Addresses of the host: only that which every host has, and why.
#[must_use]
pub fn local_addrs(_: &Sysroot) -> (Vec<(IpAddr, IfIndex)>, Gaps) {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    (vec![(loopback, IfIndex(0))], unread("addresses"))
}

/// Ports the kernel itself answers on beside its tables: no such list is known here.
#[must_use]
pub fn kernel_ports(_: &Sysroot) -> (Vec<KernelPort>, Gaps) {
    (Vec::new(), Gaps::new())
}
