//! What a socket says of itself when it is asked through a descriptor of its own.

use crate::census::Census;
use crate::{
    Cookie, Filter, Foreign, Gaps, Inet, Inode, Kind, NetNs, Pid, ProcessId, Proto, Socket, State,
};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

impl AskedSocket {
    /// The socket as a table would tell it, where it has a port of its own. `state` is that of
    /// its connection, of TCP.
    #[must_use]
    pub fn socket(&self, state: Option<State>) -> Option<Socket> {
        let mut socket = Socket::new(Kind::of(self.internet(state)?), self.inode);
        socket.netns = self.netns;
        socket.cookie = self.cookie;
        Some(socket)
    }

    /// An internet socket with a port of its own.
    fn internet(&self, state: Option<State>) -> Option<Inet> {
        let proto = self.proto()?;
        let (local, port) = self.local?;
        if port == 0 && proto != Proto::Raw {
            return None;
        }
        let nowhere = match local {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let (remote, remote_port) = self.remote.unwrap_or((nowhere, 0));
        let state = match (proto, state, self.remote) {
            _ if self.listening => State::Listen,
            // A TCP socket that is closed and has a port only holds it.
            (Proto::Tcp, Some(State::Close), None) => State::Bound,
            (Proto::Tcp, Some(state), _) => state,
            (_, _, Some(_)) => State::Established,
            (_, _, None) => State::Close,
        };
        Some(Inet {
            proto,
            local,
            port,
            remote,
            remote_port,
            state,
            device: None,
            v6only: self.v6only,
            timer: None,
        })
    }

    /// Which transport it is, of the internet families; families and types by the kernel's
    /// numbers (include/linux/socket.h, include/linux/net.h).
    #[must_use]
    pub fn proto(&self) -> Option<Proto> {
        const RAW: i32 = 3;
        if !matches!(self.domain, 2 | 10) {
            return None;
        }
        match (self.socket_type, self.protocol) {
            (RAW, _) => Some(Proto::Raw),
            (_, 6) => Some(Proto::Tcp),
            (_, 17) => Some(Proto::Udp),
            (_, 136) => Some(Proto::UdpLite),
            (_, 132) => Some(Proto::Sctp),
            (_, 262) => Some(Proto::Mptcp),
            (_, 33) => Some(Proto::Dccp),
            (_, 1 | 58) => Some(Proto::Icmp),
            _ => None,
        }
    }
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
