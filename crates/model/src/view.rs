//! Sources and what they undertook to see.

use crate::{Family, NetNs, Proto};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// One way of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The text tables under `/proc/net`, through the mounted procfs.
    Procfs,
    /// The same through a procfs of our own that is attached nowhere.
    PrivateProcfs,
    /// sock_diag.
    Netlink,
    /// sock_diag again, received by `read(2)` and by `recvmsg(2)` into buffers that show
    /// whether somebody wrote to them.
    NetlinkRead,
    /// sock_diag asked for one socket at a time, without a dump.
    NetlinkExact,
    /// Solaris: the socket tables STREAMS modules hand out (`T_SVR4_OPTMGMT_REQ`).
    Mib2,
    /// Solaris: kernel statistics, which list the unix sockets.
    Kstat,
    /// Every descriptor table of every task, io_uring files and messages in flight included.
    Walk,
    /// Every process found by system calls, its descriptors copied out and asked themselves:
    /// no procfs in it.
    Pidfd,
    /// The programs behind the owners.
    Programs,
    /// Bind probe.
    Bind,
    /// Connect scan from the host itself.
    Connect,
    /// A scan made elsewhere.
    Remote,
}

impl Source {
    /// The word used in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Source::Procfs => "procfs",
            Source::PrivateProcfs => "private-procfs",
            Source::Netlink => "netlink",
            Source::NetlinkRead => "netlink-read",
            Source::NetlinkExact => "netlink-exact",
            Source::Mib2 => "mib2",
            Source::Kstat => "kstat",
            Source::Walk => "walk",
            Source::Pidfd => "pidfd",
            Source::Programs => "programs",
            Source::Bind => "bind",
            Source::Connect => "connect",
            Source::Remote => "remote",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One table that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Looked {
    /// Address family.
    pub family: Family,
    /// Transport; none for unix, packet and netlink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proto: Option<Proto>,
    /// Whether sockets that are bound but not listening would have been seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
}

/// What a view undertook to see, and did see to the end. What is not named here the
/// source is blind to: it says nothing of it, not even absence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The namespace looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// Tables read to their end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked: Vec<Looked>,
    /// Ports probed, in the grammar of `-p`; active sources only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<String>,
    /// Addresses probed; active sources only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addrs: Vec<IpAddr>,
    /// Processes walked; owner walk only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
}
