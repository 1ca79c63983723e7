//! Who is asking, and what the suspect's own files call its users.

use super::ask::Observer;
use crate::parse::text::{decimal32, split_once};
use crate::parse::{links, stat};
use model::{Foreign, Gap, Gaps, NetNs, Uid};
use std::collections::BTreeMap;
use sysroot::Sysroot;

/// The reader's network namespace.
#[must_use]
pub fn netns(root: &Sysroot) -> Option<NetNs> {
    links::netns(&root.link("/proc/self/ns/net").ok()?)
}

/// The reader's namespace of a kind, by its inode on nsfs.
pub(crate) fn namespace(root: &Sysroot, kind: &str) -> Option<u64> {
    let link = root.link(format!("/proc/self/ns/{kind}")).ok()?;
    links::bracketed(&link, format!("{kind}:[").as_bytes())
}

/// What this process itself may see.
#[must_use]
pub fn observer(root: &Sysroot) -> (Observer, Gaps) {
    let mut gaps = Gaps::new();
    let mut keep = |place: &str, read: std::io::Result<Vec<u8>>| {
        read.map_err(|error| gaps.push(Gap::io(place, &error))).ok()
    };
    let status = keep("/proc/self/status", root.read("/proc/self/status")).unwrap_or_default();
    let mut namespace = |kind: &str| {
        let place = format!("/proc/self/ns/{kind}");
        let link = keep(&place, root.link(&place))?;
        links::bracketed(&link, format!("{kind}:[").as_bytes())
    };
    let (net, pid, mnt, user) = (
        namespace("net"),
        namespace("pid"),
        namespace("mnt"),
        namespace("user"),
    );
    let mut name = |place: &str| {
        let text = keep(place, root.read(place))?;
        Some(Foreign::from(text.trim_ascii_end()))
    };
    let observer = Observer {
        uid: stat::effective_uid(&status),
        capabilities: stat::capabilities(&status),
        netns: net.map(NetNs),
        pidns: pid,
        mntns: mnt,
        userns: user,
        zone: None,
        kernel: name("/proc/sys/kernel/osrelease"),
        hostname: name("/proc/sys/kernel/hostname"),
    };
    (observer, gaps)
}

/// Whether this kernel's sock_diag tells of TCP sockets that are bound and do not listen
/// (since Linux 6.8). An older one ignores the question, so its silence says nothing, and
/// only the version can tell the two apart.
#[must_use]
pub fn tells_bound(root: &Sysroot) -> bool {
    let release = root.read("/proc/sys/kernel/osrelease").unwrap_or_default();
    version(&release).is_some_and(|version| version >= (6, 8))
}

/// The first two numbers of a kernel release.
fn version(release: &[u8]) -> Option<(u32, u32)> {
    let (major, rest) = split_once(release, b'.')?;
    let end = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(rest.len());
    Some((decimal32(major)?, decimal32(rest.get(..end)?)?))
}

/// User names from the host's `/etc/passwd`, read by ourselves: not to be trusted. Where two
/// lines share a number the first stands, as it does for the C library.
#[must_use]
pub fn users(root: &Sysroot) -> BTreeMap<Uid, Foreign> {
    let mut users = BTreeMap::new();
    for line in root
        .read("/etc/passwd")
        .unwrap_or_default()
        .split(|&byte| byte == b'\n')
    {
        let mut fields = line.split(|&byte| byte == b':');
        if let (Some(name), Some(uid)) = (fields.next(), fields.nth(1).and_then(decimal32)) {
            users.entry(Uid(uid)).or_insert_with(|| Foreign::from(name));
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version(b"6.18.44-fc-v669\n"), Some((6, 18)));
        assert_eq!(version(b"6.8\n"), Some((6, 8)));
        assert!(version(b"5.10.0").unwrap() < (6, 8));
        assert_eq!(version(b"garbage"), None);
    }
}
