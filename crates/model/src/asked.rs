//! What a socket says of itself when it is asked through a descriptor of its own.

use crate::census::Census;
use crate::{Cookie, Filter, Foreign, Gaps, Inode, NetNs, Pid, ProcessId};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A socket asked itself (`getsockopt`, `getsockname`, `SIOCGSKNS`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedSocket {
    /// Its inode.
    pub inode: Inode,
    /// `SO_COOKIE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<Cookie>,
    /// Address family, the kernel's number (`SO_DOMAIN`).
    pub domain: i32,
    /// `SO_TYPE`: 1 stream, 2 datagram, 3 raw.
    pub socket_type: i32,
    /// `SO_PROTOCOL`: 6 TCP, 17 UDP, 262 MPTCP.
    pub protocol: i32,
    /// `SO_ACCEPTCONN`.
    pub listening: bool,
    /// Its own address and port, of the internet families.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<(IpAddr, u16)>,
    /// The peer's, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<(IpAddr, u16)>,
    /// The network namespace it lives in, whatever that of its holder is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// Instructions of the classic BPF filter on it; 0 is no filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<u32>,
    /// The filter itself: 8 bytes an instruction (`struct sock_filter`), the kernel's byte
    /// order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Foreign>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Filter>,
    /// `IP_MINTTL`: packets with a lower TTL are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ttl: Option<i32>,
    /// `IPV6_V6ONLY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v6only: Option<bool>,
    /// `IP_TRANSPARENT`: it may answer for addresses that are not the host's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transparent: bool,
    /// The interface it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Foreign>,
}

/// A descriptor that was copied out of a process, asked and closed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Copied {
    /// The process.
    pub pid: Pid,
    /// The thread whose own table it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<Pid>,
    /// The descriptor.
    pub fd: u32,
    /// The socket.
    pub inode: Inode,
}

/// `sockets: used` of a network namespace beside the sockets that were found in some
/// descriptor table, between two equal readings of the counter. Sockets in messages, in
/// io_uring files, in accept queues and in processes that were not found are in no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Used {
    /// The namespace counted in.
    pub netns: NetNs,
    /// What the kernel counts.
    pub used: u64,
    /// Distinct sockets of this namespace in descriptor tables.
    pub in_tables: u64,
}

/// A process with an io_uring that no descriptor leads to: what is fixed in it nobody can list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ring {
    /// The process.
    #[serde(flatten)]
    pub id: ProcessId,
    /// The kernel's name for it.
    pub comm: Foreign,
    /// What gave it away.
    pub by: RingTrace,
}

/// What gives away an io_uring without descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingTrace {
    /// Its queues are mapped into the process.
    Mapped,
    /// The kernel's polling thread for it (`iou-sqp-PID`) is a thread of the process.
    Polled,
}

/// What the owner walk without procfs found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// The processes it went by.
    pub census: Census,
    /// Who had which socket, in order.
    pub copied: Vec<Copied>,
    /// The sockets themselves, each asked once, by inode.
    pub sockets: Vec<AskedSocket>,
    /// Processes and threads with tables of their own that were walked.
    pub walked: u64,
    /// The counter of all sockets, where it was the same before and after.
    pub used: Option<Used>,
    /// Tasks that could not be walked.
    pub gaps: Gaps,
}
