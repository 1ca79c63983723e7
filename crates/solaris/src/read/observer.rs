//! Who is asking, and what the suspect's own files call its users.

use super::kernel::named;
use crate::parse::psinfo::psinfo;
use model::ask::Observer;
use model::{Foreign, Gap, Gaps, NetNs, Uid};
use std::collections::BTreeMap;
use sysroot::Sysroot;

/// Solaris has zones instead of network namespaces; a reader sees its own zone's sockets.
#[must_use]
pub fn netns(_: &Sysroot) -> Option<NetNs> {
    None
}

/// What this process itself may see. Privileges are not told: the kernel has them in a form
/// whose layout differs by release.
#[must_use]
pub fn observer(root: &Sysroot) -> (Observer, Gaps) {
    const SELF: &str = "/proc/self/psinfo";
    let (named, mut gaps) = named(root);
    let told = match root.read(SELF) {
        Ok(bytes) => psinfo(&bytes, named.abi)
            .map_err(|reason| gaps.push(Gap::new(SELF, reason)))
            .ok(),
        Err(error) => {
            gaps.push(Gap::io(SELF, &error));
            None
        }
    };
    let observer = Observer {
        uid: told.as_ref().and_then(|told| told.process.uid),
        zone: told.and_then(|told| told.process.zone),
        kernel: Some(named.version),
        hostname: Some(named.hostname),
        ..Observer::default()
    };
    (observer, gaps)
}

/// User names from the host's `/etc/passwd`, read by ourselves: not to be trusted. Where two
/// lines share a number the first stands.
#[must_use]
pub fn users(root: &Sysroot) -> BTreeMap<Uid, Foreign> {
    let text = root.read("/etc/passwd").unwrap_or_default();
    let mut users = BTreeMap::new();
    for line in text.split(|&byte| byte == b'\n') {
        let mut fields = line.split(|&byte| byte == b':');
        let (Some(name), Some(uid)) = (fields.next(), fields.nth(1)) else {
            continue;
        };
        let uid = std::str::from_utf8(uid)
            .ok()
            .and_then(|uid| uid.parse().ok());
        if let (Some(uid), false) = (uid, name.is_empty()) {
            users.entry(Uid(uid)).or_insert_with(|| Foreign::from(name));
        }
    }
    users
}
