//! One row: a process, one of its open files, and the socket that may be.

use model::{
    FileKind, Foreign, Kind, NetNs, OpenFile, Pid, Process, Proto, Slot, Socket, Uid, Unix,
};
use std::collections::BTreeMap;

/// How rows are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Show {
    /// Names for ports, from our own table.
    pub(crate) port_names: bool,
    /// Users by name; empty under `-l`.
    pub(crate) users: BTreeMap<Uid, Foreign>,
    /// Columns for a command; 0 is no limit.
    pub(crate) command_width: usize,
    /// Sizes, offsets or whichever fits the file.
    pub(crate) extent: Extent,
    /// Digits after which an offset turns hexadecimal.
    pub(crate) offset_digits: usize,
    /// State of TCP in the name.
    pub(crate) tcp_state: bool,
    /// Queues of TCP in the name.
    pub(crate) tcp_queues: bool,
    /// Flags of `open(2)` as numbers.
    pub(crate) flags_hex: bool,
    /// Sizes as 1.5K.
    pub(crate) human: bool,
    /// The reader's network namespace: sockets of others are marked.
    pub(crate) netns: Option<NetNs>,
    /// Selections mean only sockets of that namespace.
    pub(crate) own_netns: bool,
    /// Devices of the file systems of POSIX message queues.
    pub(crate) queues: Vec<u64>,
}

/// What stands in the column for size and offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    #[default]
    Both,
    Size,
    Offset,
}

/// One row.
pub(crate) struct Row<'a> {
    pub(crate) process: &'a Process,
    pub(crate) tid: Option<Pid>,
    pub(crate) file: &'a OpenFile,
    pub(crate) socket: Option<&'a Socket>,
    /// What a socket without an address says it is.
    pub(crate) protocol: Option<&'a str>,
    /// The other ends, as they stand behind the name; empty unless asked for.
    pub(crate) ends: &'a str,
    pub(crate) show: &'a Show,
}

impl<'a> Row<'a> {
    /// Its socket, if that is in a namespace that selections mean.
    pub(crate) fn near_socket(&self) -> Option<&'a Socket> {
        let own = self.show.netns;
        self.socket.filter(|socket| {
            !self.show.own_netns || own.is_none() || socket.netns.is_none_or(|it| Some(it) == own)
        })
    }

    /// Whether it is a socket nobody holds, told of one who has descriptors in flight.
    pub(crate) fn is_guess(&self) -> bool {
        matches!(self.file.slot, Slot::InFlight(_)) && self.socket.is_some()
    }

    /// The unix part of its socket.
    pub(crate) fn unix(&self) -> Option<&'a Unix> {
        match self.socket.map(|socket| &socket.kind) {
            Some(Kind::Unix(unix)) => Some(unix),
            _ => None,
        }
    }

    /// Whether it is a POSIX message queue: a file of a file system of those.
    fn is_queue(&self) -> bool {
        let device = self.file.device;
        device.is_some_and(|device| self.show.queues.contains(&device))
    }

    /// lsof's word for what it is.
    pub(crate) fn type_word(&self) -> &'static str {
        match (self.file.kind, self.socket.map(|socket| &socket.kind)) {
            (_, Some(Kind::Inet(inet))) if inet.proto == Proto::Raw => "raw",
            (_, Some(Kind::Inet6(inet))) if inet.proto == Proto::Raw => "raw6",
            (_, Some(Kind::Inet(_))) => "IPv4",
            (_, Some(Kind::Inet6(_))) => "IPv6",
            (_, Some(Kind::Unix(_))) => "unix",
            (_, Some(Kind::Packet(_))) => "pack",
            (_, Some(Kind::Netlink(_))) => "netlink",
            (_, Some(Kind::Vsock(_))) => "vsock",
            (_, Some(Kind::Xdp(_))) => "xdp",
            (FileKind::Regular, None) if self.is_queue() => "PSXMQ",
            (FileKind::Regular, None) => "REG",
            (FileKind::Directory, None) => "DIR",
            (FileKind::Character, None) => "CHR",
            (FileKind::Block, None) => "BLK",
            (FileKind::Fifo, None) => "FIFO",
            (FileKind::Link, None) => "LINK",
            (FileKind::Socket, None) => "sock",
            (FileKind::Door, None) => "DOOR",
            (FileKind::EventPort, None) => "PORT",
            (FileKind::Anon, None) => "a_inode",
            (FileKind::Unknown, None) => "unknown",
        }
    }

    /// lsof's word for the transport of an internet socket; none for raw ones.
    pub(crate) fn proto_word(&self) -> Option<&'static str> {
        match self.socket?.kind.inet()?.proto {
            Proto::Tcp => Some("TCP"),
            Proto::Udp => Some("UDP"),
            Proto::UdpLite => Some("UDPLITE"),
            Proto::Icmp => Some("ICMP"),
            Proto::Sctp => Some("SCTP"),
            Proto::Mptcp => Some("MPTCP"),
            Proto::Dccp => Some("DCCP"),
            Proto::Raw => None,
        }
    }

    /// Size, unless only offsets are wanted or the file has none.
    pub(crate) fn size(&self) -> Option<u64> {
        match self.show.extent {
            Extent::Offset => None,
            Extent::Both | Extent::Size => self.file.size,
        }
    }

    /// File position, where it is wanted: always under `-o`, otherwise of what has no size.
    /// Sockets are always at 0.
    pub(crate) fn offset(&self) -> Option<u64> {
        let socket = self.file.kind == FileKind::Socket;
        let offset = self.file.offset.or(socket.then_some(0));
        match self.show.extent {
            Extent::Size => None,
            Extent::Offset => offset,
            Extent::Both if self.file.size.is_some() => None,
            Extent::Both => offset,
        }
    }
}
