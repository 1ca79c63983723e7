//! What only Solaris and illumos tell, kept beside the nouns every system shares.

use crate::{Foreign, Pid};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A zone number; 0 is the global zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ZoneId(pub u32);

/// What the MIB and kstat tables say of a socket beyond what Linux has words for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// The process that made the socket, or whose listener did. It may have handed the socket
    /// on or be gone: a hint, never proof of who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<Pid>,
    /// When it was made, in clock ticks since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_ticks: Option<u64>,
    /// Send and receive window in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<(u32, u32)>,
    /// The zone it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneId>,
    /// An IPv6 socket that is listed among the IPv4 ones because it takes both.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dual_stack: bool,
    /// A TLI endpoint: processes hold it as a character device, not as a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_device: Option<u64>,
    /// Of a unix socket: its own address, its vnode and its peer's, as hexadecimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<[Foreign; 3]>,
    /// Of a unix socket: the path of the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_path: Option<Foreign>,
    /// Of a unix socket: made by `socketpair(3SOCKET)`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub socketpair: bool,
}

/// An address a descriptor's `fdinfo` gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SockName {
    /// IPv4 or IPv6.
    Inet(SocketAddr),
    /// A path; empty where the socket has none.
    Unix(Foreign),
    /// Another family, by its number.
    Other(u16),
}

/// What `/proc/PID/fdinfo/N` says beyond `stat(2)` (illumos since 2020, Solaris 11.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdDetail {
    /// Type and permissions, as `st_mode`.
    pub mode: u32,
    /// Owner and group.
    pub ids: (u32, u32),
    /// Flags of the descriptor; 1 is close-on-exec.
    pub fd_flags: u32,
    /// Type of socket as Solaris numbers it: 1 datagram, 2 stream, 4 raw, 6 seqpacket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_type: Option<u32>,
    /// Local address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<SockName>,
    /// Peer's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<SockName>,
    /// Boolean socket options, a bit each (`PR_SO_*` of `sys/procfs.h`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<u32>,
    /// Send and receive buffer in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers: Option<(u32, u32)>,
    /// Congestion control of a TCP socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion: Option<Foreign>,
    /// The process at the other end of a local socket or FIFO, and its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_process: Option<(Pid, Foreign)>,
    /// Who holds a lock on it: 1 read, 2 write, and the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<(u16, Pid)>,
}
