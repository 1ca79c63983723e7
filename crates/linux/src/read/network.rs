//! Interfaces and addresses of the reader's network namespace, by rtnetlink.

use model::{Foreign, Gaps, IfIndex};
use std::collections::BTreeMap;
use std::net::IpAddr;
use sysroot::Sysroot;

/// Names of the interfaces.
pub fn interfaces(root: &Sysroot) -> (BTreeMap<IfIndex, Foreign>, Gaps) {
    let _ = root;
    Default::default()
}

/// Addresses this namespace answers for, with the interface each belongs to.
pub fn local_addrs(root: &Sysroot) -> (Vec<(IpAddr, IfIndex)>, Gaps) {
    let _ = root;
    Default::default()
}
