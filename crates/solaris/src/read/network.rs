//! Addresses of the host, from the same answer as the socket tables.
//!
//! Names of interfaces by their numbers are not read: the table of addresses has names and no
//! numbers, those of sockets have numbers and no names.

use super::answer;
use super::tables::MIB2;
use crate::parse::{addresses, optmgmt};
use crate::sys;
use model::{Foreign, Gap, Gaps, IfIndex, KernelPort};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use sysroot::Sysroot;

/// Names of the interfaces by number: none, and why.
#[must_use]
pub fn interfaces(_: &Sysroot) -> (BTreeMap<IfIndex, Foreign>, Gaps) {
    let gap = Gap::new("interfaces", "not read on Solaris and illumos");
    (BTreeMap::new(), vec![gap])
}

/// Addresses of the reader's zone, in order, of interfaces that are up. The number of the
/// interface is not told. Where no table can be read, that which every host has.
#[must_use]
pub fn local_addrs(root: &Sysroot) -> (Vec<(IpAddr, IfIndex)>, Gaps) {
    let mut found = BTreeSet::new();
    let gaps = match answer(root, MIB2, sys::mib2) {
        Ok(bytes) => {
            let (addresses, gaps) = addresses::addresses(&optmgmt::answer(&bytes, MIB2));
            let up = addresses
                .iter()
                .filter(|it| it.up && !it.addr.is_unspecified());
            found.extend(up.map(|it| it.addr));
            gaps
        }
        Err(error) => vec![Gap::io("mib2 addresses", &error)],
    };
    if found.is_empty() {
        found.insert(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let numbered = found.into_iter().map(|addr| (addr, IfIndex(0)));
    (numbered.collect(), gaps)
}

/// Ports the kernel itself answers on beside its tables: no such list is known here.
#[must_use]
pub fn kernel_ports(_: &Sysroot) -> (Vec<KernelPort>, Gaps) {
    (Vec::new(), Gaps::new())
}
