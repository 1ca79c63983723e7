//! Sockets as a source tells them, and the endpoint views are joined by.

use crate::{Cookie, Foreign, IfIndex, Inode, NetNs, Uid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// Address family of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4.
    Inet,
    /// IPv6, dual-stack sockets included.
    Inet6,
    /// Local sockets.
    Unix,
    /// Sockets that read frames off an interface.
    Packet,
    /// Sockets to the kernel's own subsystems.
    Netlink,
    /// Sockets between a hypervisor and its guests.
    Vsock,
    /// Sockets on a queue of a network card.
    Xdp,
}

/// Transport of an internet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proto {
    /// TCP (6).
    Tcp,
    /// UDP (17).
    Udp,
    /// UDP-Lite (136).
    UdpLite,
    /// Raw IP; the "port" is the IP protocol number.
    Raw,
    /// ICMP echo sockets (`ping`); the "port" is the echo identifier.
    Icmp,
    /// SCTP (132).
    Sctp,
    /// Multipath TCP (262).
    Mptcp,
    /// DCCP (33).
    Dccp,
}

impl Proto {
    /// The word used in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Proto::Tcp => "tcp",
            Proto::Udp => "udp",
            Proto::UdpLite => "udplite",
            Proto::Raw => "raw",
            Proto::Icmp => "icmp",
            Proto::Sctp => "sctp",
            Proto::Mptcp => "mptcp",
            Proto::Dccp => "dccp",
        }
    }
}

impl fmt::Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// State of a connection, in the kernel's numbers (`include/net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// 1
    Established,
    /// 2
    SynSent,
    /// 3
    SynRecv,
    /// 4
    FinWait1,
    /// 5
    FinWait2,
    /// 6
    TimeWait,
    /// 7; also every UDP and raw socket without a peer.
    Close,
    /// 8
    CloseWait,
    /// 9
    LastAck,
    /// 10
    Listen,
    /// 11
    Closing,
    /// 12: a connection request, before the handshake is complete.
    NewSynRecv,
    /// 13: bound to a port, neither listening nor connected. Told only by sock_diag since Linux 6.8.
    Bound,
    /// 14, a number of ours: made, not bound. Only Solaris tells it apart from CLOSED.
    Idle,
    /// Any other number.
    Other(u8),
}

/// Number, name as users know it.
const STATES: &[(State, u8, &str)] = &[
    (State::Established, 1, "ESTABLISHED"),
    (State::SynSent, 2, "SYN_SENT"),
    (State::SynRecv, 3, "SYN_RECV"),
    (State::FinWait1, 4, "FIN_WAIT1"),
    (State::FinWait2, 5, "FIN_WAIT2"),
    (State::TimeWait, 6, "TIME_WAIT"),
    (State::Close, 7, "CLOSE"),
    (State::CloseWait, 8, "CLOSE_WAIT"),
    (State::LastAck, 9, "LAST_ACK"),
    (State::Listen, 10, "LISTEN"),
    (State::Closing, 11, "CLOSING"),
    (State::NewSynRecv, 12, "NEW_SYN_RECV"),
    (State::Bound, 13, "BOUND"),
    (State::Idle, 14, "IDLE"),
];

impl State {
    /// From the kernel's number.
    #[must_use]
    pub fn from_number(number: u8) -> State {
        STATES
            .iter()
            .find(|row| row.1 == number)
            .map_or(State::Other(number), |row| row.0)
    }

    /// The name users know, where the number has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        STATES.iter().find(|row| row.0 == self).map(|row| row.2)
    }

    /// The kernel's number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            State::Other(number) => number,
            state => STATES
                .iter()
                .find(|row| row.0 == state)
                .map_or(0, |row| row.1),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("STATE-{}", self.number())),
        }
    }
}

impl Serialize for State {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<State, D::Error> {
        let text = String::deserialize(from)?;
        if let Some(row) = STATES.iter().find(|row| row.2 == text) {
            return Ok(row.0);
        }
        text.strip_prefix("STATE-")
            .and_then(|number| number.parse().ok())
            .map(State::from_number)
            .ok_or_else(|| serde::de::Error::custom("not a socket state"))
    }
}

/// A timer that runs on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timer {
    /// Which one: 0 off, 1 retransmit, 2 keepalive (or SYN-ACK), 3 TIME_WAIT, 4 zero window probe.
    pub kind: u8,
    /// Milliseconds until it fires.
    pub expires_ms: u64,
    /// Retransmissions so far.
    pub retransmits: u32,
    /// Probes sent without an answer.
    pub probes: u32,
}

/// What an internet socket has beyond any socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inet {
    /// Transport.
    pub proto: Proto,
    /// Local address.
    pub local: IpAddr,
    /// Local port; for raw sockets the IP protocol number.
    pub port: u16,
    /// Peer's address, unspecified where there is none.
    pub remote: IpAddr,
    /// Peer's port, 0 where there is none.
    pub remote_port: u16,
    /// State of the connection.
    pub state: State,
    /// The interface it is bound to (`SO_BINDTODEVICE`); sock_diag only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<IfIndex>,
    /// Whether a `::` socket refuses IPv4; sock_diag only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v6only: Option<bool>,
    /// The running timer, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<Timer>,
}

impl Inet {
    /// The family of the socket, told by its addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        if self.local.is_ipv4() {
            Family::Inet
        } else {
            Family::Inet6
        }
    }

    /// Whether it would accept: a TCP, SCTP, DCCP or MPTCP listener, or a UDP socket with
    /// a port and no peer.
    #[must_use]
    pub fn is_listener(&self) -> bool {
        match self.proto {
            Proto::Udp | Proto::UdpLite => {
                self.port != 0 && self.remote_port == 0 && self.state == State::Close
            }
            Proto::Raw | Proto::Icmp => false,
            Proto::Tcp | Proto::Sctp | Proto::Mptcp | Proto::Dccp => self.state == State::Listen,
        }
    }
}

/// Type of a unix or vsock socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnixType {
    /// `SOCK_STREAM` (1).
    Stream,
    /// `SOCK_DGRAM` (2).
    Dgram,
    /// `SOCK_SEQPACKET` (5).
    Seqpacket,
    /// Any other number.
    Other(u8),
}

impl UnixType {
    /// From the kernel's number.
    #[must_use]
    pub fn from_number(number: u8) -> UnixType {
        match number {
            1 => UnixType::Stream,
            2 => UnixType::Dgram,
            5 => UnixType::Seqpacket,
            other => UnixType::Other(other),
        }
    }
}

/// What a unix socket has beyond any socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unix {
    /// Its type.
    pub unix_type: UnixType,
    /// Whether it accepts connections.
    pub listening: bool,
    /// The kernel's `ss_state` as the text table prints it (1 unconnected, 2 connecting,
    /// 3 connected, 4 disconnecting); absent from sock_diag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ss_state: Option<u8>,
    /// The socket at the other end; sock_diag only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Inode>,
    /// Path, or the abstract name with its leading NUL; none when unnamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Foreign>,
}

/// What a packet socket has beyond any socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// `SOCK_RAW` (3) or `SOCK_DGRAM` (2).
    pub packet_type: u8,
    /// Ethernet protocol (`ETH_P_*`), host order; 3 is all, 0 is not yet reading.
    pub ethertype: u16,
    /// The interface read from; 0 is all.
    pub device: IfIndex,
    /// Whether it is attached to the device and receives.
    pub running: bool,
}

/// What a netlink socket has beyond any socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Netlink {
    /// `NETLINK_*` number.
    pub protocol: u8,
    /// The address of the socket (often a pid, but any number may be chosen); 0 is the kernel.
    pub portid: u32,
    /// Multicast groups joined, the first 32.
    pub groups: u32,
}

/// A socket's family and what only that family has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "snake_case")]
pub enum Kind {
    /// IPv4.
    Inet(Inet),
    /// IPv6.
    Inet6(Inet),
    /// Local.
    Unix(Unix),
    /// Frames off an interface.
    Packet(Packet),
    /// To the kernel's subsystems.
    Netlink(Netlink),
    /// Between machines.
    Vsock(Vsock),
    /// On a queue of a card.
    Xdp(Xdp),
}

impl Kind {
    /// The internet part, of either family.
    #[must_use]
    pub fn inet(&self) -> Option<&Inet> {
        match self {
            Kind::Inet(inet) | Kind::Inet6(inet) => Some(inet),
            Kind::Unix(_) | Kind::Packet(_) | Kind::Netlink(_) | Kind::Vsock(_) | Kind::Xdp(_) => {
                None
            }
        }
    }

    /// Wraps an internet socket in the family its addresses tell.
    #[must_use]
    pub fn of(inet: Inet) -> Kind {
        match inet.family() {
            Family::Inet => Kind::Inet(inet),
            _ => Kind::Inet6(inet),
        }
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Kind::Inet(_) => Family::Inet,
            Kind::Inet6(_) => Family::Inet6,
            Kind::Unix(_) => Family::Unix,
            Kind::Packet(_) => Family::Packet,
            Kind::Netlink(_) => Family::Netlink,
            Kind::Vsock(_) => Family::Vsock,
            Kind::Xdp(_) => Family::Xdp,
        }
    }
}

/// A kernel socket as one source tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// The network namespace it lives in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// Family and what belongs to it.
    #[serde(flatten)]
    pub kind: Kind,
    /// Inode; 0 where no file exists (TIME_WAIT, SYN_RECV, orphans).
    pub inode: Inode,
    /// Cookie; sock_diag only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<Cookie>,
    /// User who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// Bytes waiting to be read; of a listener, connections waiting to be accepted.
    pub recv_queue: u32,
    /// Bytes not yet acknowledged; of a listener, the length of its accept queue (sock_diag).
    pub send_queue: u32,
    /// References the kernel counts; text tables only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refs: Option<u32>,
    /// `sl` of a `/proc/net` row: contiguous in an untouched TCP table, a hash slot elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    /// What only Solaris tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<Box<crate::Streams>>,
    /// The classic BPF filter on it, where the source tells it: packet sockets, by sock_diag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Box<Filter>>,
}

/// A classic BPF filter: which packets a socket gets to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Ports it compares with, in order.
    pub ports: Vec<u16>,
    /// Its instructions, readable, in order.
    pub text: Vec<String>,
}

/// The key views are joined by. Never compare by port number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// Network namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// Transport.
    pub proto: Proto,
    /// Local address as the socket has it: `::` and `0.0.0.0` are two endpoints.
    pub addr: IpAddr,
    /// Local port.
    pub port: u16,
    /// The interface it is bound to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<IfIndex>,
}

impl Socket {
    /// A socket of which nothing is known yet but what it is.
    #[must_use]
    pub fn new(kind: Kind, inode: Inode) -> Socket {
        Socket {
            netns: None,
            kind,
            inode,
            cookie: None,
            uid: None,
            recv_queue: 0,
            send_queue: 0,
            refs: None,
            slot: None,
            streams: None,
            filter: None,
        }
    }

    /// The endpoint of an internet socket.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        let inet = self.kind.inet()?;
        Some(Endpoint {
            netns: self.netns,
            proto: inet.proto,
            addr: inet.local,
            port: inet.port,
            device: inet.device,
        })
    }
}

mod beside;
#[cfg(test)]
mod tests;

pub use beside::{Umem, Vsock, Xdp};
