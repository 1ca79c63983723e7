//! Routes, interfaces, groups: not read on Solaris yet, and a gap says so.

use super::tables::Stand;
use model::network::{Counter, Group, Interface, Route};
use model::{Family, Gap, Gaps};
use sysroot::Sysroot;

fn unread<T>(place: &str) -> (Vec<T>, Gaps) {
    let gap = Gap::new(place, "not read on Solaris and illumos");
    (Vec::new(), vec![gap])
}

/// The routing table: not read.
#[must_use]
pub fn routes(_: &Sysroot, _: &Stand, _: Family) -> (Vec<Route>, Gaps) {
    unread("routes")
}

/// Multicast groups: not read.
#[must_use]
pub fn groups(_: &Sysroot, _: &Stand, _: Family) -> (Vec<Group>, Gaps) {
    unread("groups")
}

/// Counters in netstat's groups: not read; [`crate::counters`] has the kernel's own.
#[must_use]
pub fn counters(_: &Sysroot, _: &Stand, _: Family) -> (Vec<Counter>, Gaps) {
    unread("counters")
}

/// The interfaces with their addresses: not read.
#[must_use]
pub fn interfaces(_: &Sysroot, _: &Stand) -> (Vec<Interface>, Gaps) {
    unread("interfaces")
}
