//! Who looked, and what the host itself says of its addresses and devices: recorded with the
//! views, so that a later judgement needs nothing else.

use crate::system::System;
use model::ask::Observer;
use model::counters::Mismatch;
use model::procfs::ProcIdentity;
use model::steering::Steer;
use model::{Family, Foreign, Gaps, IfIndex, KernelPort, NetNs, ProcessId};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Who looked, and what the host says of its addresses and devices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Who asked, with what rights, in which namespaces.
    pub observer: Observer,
    /// Addresses this namespace answers for, with the interface each belongs to.
    pub addrs: Vec<(IpAddr, IfIndex)>,
    /// Names of the interfaces.
    #[serde(deserialize_with = "numbered")]
    pub interfaces: BTreeMap<IfIndex, Foreign>,
    /// Ports the kernel itself holds.
    #[serde(default)]
    pub kernel_ports: Vec<KernelPort>,
    /// Network namespaces of processes other than ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_netns: Vec<NetNs>,
    /// Whether the sockets of other namespaces were asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_netns: bool,
    /// Whether `/proc` is what it should be; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<ProcIdentity>,
    /// What the kernel counts, against what it lists; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// What can lead packets past the socket with their port, or nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steers: Vec<Steer>,
    /// Places that could not be read for [`Facts::steers`]: without them an explanation may
    /// be missing, but no port.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steering_gaps: Gaps,
    /// When the host began, in milliseconds since 1970 by its own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_ms: Option<u64>,
    /// Places that could not be read for this.
    pub gaps: Gaps,
}

/// A map whose keys are numbers. In JSON they are text, and only a reader that knows it reads
/// JSON at this very place makes numbers of them by itself.
fn numbered<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<IfIndex, Foreign>, D::Error> {
    let named = BTreeMap::<String, Foreign>::deserialize(from)?;
    let number = |(key, name): (String, Foreign)| Ok((IfIndex(key.parse()?), name));
    let all: Result<_, std::num::ParseIntError> = named.into_iter().map(number).collect();
    all.map_err(D::Error::custom)
}

/// What several readings of the counters and the tables between them agree on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Readings made.
    pub readings: u32,
    /// Whether the counters held still around each of them. If not, nothing follows.
    pub quiet: bool,
    /// Counters that disagreed with the rows of sock_diag in every reading.
    pub mismatches: Vec<Mismatch>,
    /// Numbers missing from the rows of the TCP text tables in every reading: family, first
    /// and last.
    pub holes: Vec<(Family, u32, u32)>,
}

/// Inodes the kernel gives its first namespaces (`include/linux/proc_ns.h`); those of net and
/// mnt are fixed since Linux 6.18 only.
const FIRST: &[(&str, u64)] = &[
    ("pid", 0xEFFF_FFFC),
    ("user", 0xEFFF_FFFD),
    ("net", 0xEFFF_FFF9),
    ("mnt", 0xEFFF_FFF8),
];

/// Capabilities without which a witness is dimmed, by number (`linux/capability.h`).
const NEEDED: &[(u32, &str)] = &[
    (19, "CAP_SYS_PTRACE"),
    (1, "CAP_DAC_OVERRIDE"),
    (12, "CAP_NET_ADMIN"),
];

impl Facts {
    /// Each of our own namespaces: its kind, its inode, and whether it is the first of the
    /// machine, where the number can tell.
    #[must_use]
    pub fn namespaces(&self) -> Vec<(&'static str, u64, Option<bool>)> {
        let ours = [
            ("pid", self.observer.pidns),
            ("user", self.observer.userns),
            ("net", self.observer.netns.map(|netns| netns.0)),
            ("mnt", self.observer.mntns),
        ];
        ours.into_iter()
            .filter_map(|(kind, inode)| {
                let inode = inode?;
                Some((kind, inode, self.is_first(kind, inode)))
            })
            .collect()
    }

    fn is_first(&self, kind: &str, inode: u64) -> Option<bool> {
        let (_, first) = FIRST.iter().find(|row| row.0 == kind)?;
        let told = matches!(kind, "pid" | "user") || self.kernel() >= Some((6, 18));
        (told || inode == *first).then_some(inode == *first)
    }

    /// The first two numbers of the kernel's release.
    #[must_use]
    pub fn kernel(&self) -> Option<(u32, u32)> {
        let release = self.observer.kernel.as_ref()?.as_bytes();
        let mut numbers = release
            .split(|byte| !byte.is_ascii_digit())
            .map(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    }

    /// Whether we run in the machine's first pid namespace; none where we could not see.
    #[must_use]
    pub fn sees_all_pids(&self) -> Option<bool> {
        self.is_first("pid", self.observer.pidns?)
    }

    /// Whether processes of others are not listed to us: the mount says so, and we lack the
    /// right to see them all the same.
    #[must_use]
    pub fn hides_others(&self) -> bool {
        let identity = self.identity.as_ref();
        let hidepid = identity.is_some_and(|identity| identity.hidepid.is_some());
        hidepid && self.lacking().contains(&"CAP_SYS_PTRACE")
    }

    /// When a process began, in milliseconds since 1970: on Linux its start is told in
    /// hundredths of a second since the host began, on Solaris in nanoseconds since 1970.
    #[must_use]
    pub fn since_ms(&self, system: System, id: &ProcessId) -> Option<u64> {
        const TICK_MS: u64 = 10;
        const NANOSECONDS: u64 = 1_000_000;
        if system.is_solaris() {
            return (id.start > 0).then_some(id.start / NANOSECONDS);
        }
        let since = id.start.checked_mul(TICK_MS)?;
        (id.start > 0).then_some(self.boot_ms?.checked_add(since)?)
    }

    /// Capabilities we lack that a full look needs.
    #[must_use]
    pub fn lacking(&self) -> Vec<&'static str> {
        let Some(have) = self.observer.capabilities else {
            return Vec::new();
        };
        NEEDED
            .iter()
            .filter(|(number, _)| have >> number & 1 == 0)
            .map(|(_, name)| *name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_namespaces_are_known_by_their_number() {
        let facts = Facts {
            observer: Observer {
                pidns: Some(0xEFFF_FFFC),
                userns: Some(4_026_532_000),
                netns: Some(NetNs(4_026_531_840)),
                ..Observer::default()
            },
            ..Facts::default()
        };
        assert_eq!(
            facts.namespaces(),
            [
                ("pid", 0xEFFF_FFFC, Some(true)),
                ("user", 4_026_532_000, Some(false)),
                ("net", 4_026_531_840, None),
            ]
        );
        assert_eq!(facts.sees_all_pids(), Some(true));
        // From 6.18 on the first net namespace has a number of its own too.
        let mut facts = facts;
        facts.observer.kernel = Some("6.18.44-generic".into());
        assert_eq!(facts.kernel(), Some((6, 18)));
        assert_eq!(
            facts.namespaces().last(),
            Some(&("net", 4_026_531_840, Some(false)))
        );
        assert_eq!(Facts::default().sees_all_pids(), None);
    }

    #[test]
    fn what_is_lacking_is_named() {
        let mut facts = Facts::default();
        assert!(facts.lacking().is_empty());
        facts.observer.capabilities = Some(1 << 12 | 1 << 1);
        assert_eq!(facts.lacking(), ["CAP_SYS_PTRACE"]);
    }
}
