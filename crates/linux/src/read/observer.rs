//! Who is asking, and what the suspect's own files call its users.

use super::ask::Observer;
use model::{Foreign, Gaps, NetNs, Uid};
use std::collections::BTreeMap;
use sysroot::Sysroot;

/// The reader's network namespace.
pub fn netns(root: &Sysroot) -> Option<NetNs> {
    let _ = root;
    None
}

/// What this process itself may see.
pub fn observer(root: &Sysroot) -> (Observer, Gaps) {
    let _ = root;
    Default::default()
}

/// User names from the host's `/etc/passwd`, read by ourselves: not to be trusted.
pub fn users(root: &Sysroot) -> BTreeMap<Uid, Foreign> {
    let _ = root;
    BTreeMap::new()
}
