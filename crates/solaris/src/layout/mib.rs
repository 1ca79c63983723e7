//! Entries of the MIB tables (`inet/mib2.h`).

/// Where the counters of a TCP connection stand (`tcpConnEntryInfo_t`, `inet/mib2.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    /// `ce_snxt`: next sequence number to send.
    pub snxt: usize,
    /// `ce_suna`: oldest one not acknowledged.
    pub suna: usize,
    /// `ce_swnd`: send window.
    pub swnd: usize,
    /// `ce_rnxt`: next sequence number expected.
    pub rnxt: usize,
    /// `ce_rack`: last one acknowledged to the peer.
    pub rack: usize,
    /// `ce_rwnd`: receive window.
    pub rwnd: usize,
    /// `ce_state`: the state netstat prints.
    pub state: usize,
}

/// A TCP table's entry (`mib2_tcpConnEntry_t`, `mib2_tcp6ConnEntry_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpEntry {
    /// Bytes an entry takes.
    pub stride: usize,
    /// The connection's counters.
    pub info: TcpInfo,
    /// `tcpConnCreationProcess`; since December 2006.
    pub creator: Option<usize>,
    /// `tcpConnCreationTime`, clock ticks since boot.
    pub created: Option<usize>,
}

/// Where an entry of any TCP table begins, whatever its stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpHead {
    /// `tcpConnState`: the state of RFC 4022, 1 to 12.
    pub state: usize,
    /// Local address.
    pub local: usize,
    /// Local port, 32 bits, host order.
    pub port: usize,
    /// Peer's address.
    pub remote: usize,
    /// Peer's port.
    pub remote_port: usize,
    /// Interface of an IPv6 connection.
    pub device: Option<usize>,
    /// First byte behind these fields.
    pub end: usize,
}

/// Head of an IPv4 TCP entry, all eras.
pub const TCP4: TcpHead = TcpHead {
    state: 0,
    local: 4,
    port: 8,
    remote: 12,
    remote_port: 16,
    device: None,
    end: 20,
};

/// Head of an IPv6 TCP entry, all eras.
pub const TCP6: TcpHead = TcpHead {
    state: 44,
    local: 0,
    port: 16,
    remote: 20,
    remote_port: 36,
    device: Some(40),
    end: 48,
};

/// The short block of counters, before August 2019: 36 bytes from `at`.
const fn short(at: usize) -> TcpInfo {
    TcpInfo {
        snxt: at,
        suna: at + 4,
        swnd: at + 8,
        rnxt: at + 12,
        rack: at + 16,
        rwnd: at + 20,
        state: at + 32,
    }
}

/// The long block, since August 2019: eleven 64-bit counters come first.
/// `extra` is 4 where `ce_rtt_sd` is present (SmartOS).
const fn long(at: usize, extra: usize) -> TcpInfo {
    TcpInfo {
        snxt: at + 88,
        suna: at + 92,
        swnd: at + 96,
        rnxt: at + 104,
        rack: at + 108,
        rwnd: at + 116,
        state: at + 136 + extra,
    }
}

const fn tcp(stride: usize, info: TcpInfo, tail: Option<(usize, usize)>) -> TcpEntry {
    TcpEntry {
        stride,
        info,
        creator: match tail {
            Some((creator, _)) => Some(creator),
            None => None,
        },
        created: match tail {
            Some((_, created)) => Some(created),
            None => None,
        },
    }
}

/// Known IPv4 TCP entries, by stride.
pub const TCP4_ENTRIES: &[TcpEntry] = &[
    // Solaris 10, every ABI.
    tcp(56, short(20), None),
    // OpenSolaris 2006 to illumos mid-2019 and Solaris 11 as forked, x86.
    tcp(68, short(20), Some((56, 60))),
    // The same on SPARC.
    tcp(72, short(20), Some((56, 64))),
    // illumos since August 2019, x86.
    tcp(172, long(20, 0), Some((160, 164))),
    // SmartOS since August 2019, x86.
    tcp(176, long(20, 4), Some((164, 168))),
    // The same on SPARC; no such machine is known.
    tcp(184, long(24, 4), Some((168, 176))),
];

/// Known IPv6 TCP entries, by stride.
pub const TCP6_ENTRIES: &[TcpEntry] = &[
    tcp(84, short(48), None),
    tcp(96, short(48), Some((84, 88))),
    tcp(200, long(48, 0), Some((188, 192))),
    tcp(204, long(48, 4), Some((192, 196))),
    tcp(208, long(48, 4), Some((192, 200))),
];

/// A UDP table's entry (`mib2_udpEntry_t`, `mib2_udp6Entry_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpHead {
    /// Local address.
    pub local: usize,
    /// Local port.
    pub port: usize,
    /// `ue_state`: 1 unbound, 2 idle, 3 connected, 4 unknown.
    pub state: usize,
    /// Peer's address.
    pub remote: usize,
    /// Peer's port.
    pub remote_port: usize,
    /// Interface of an IPv6 socket.
    pub device: Option<usize>,
    /// First byte behind these fields.
    pub end: usize,
}

/// An IPv4 UDP entry, all eras.
pub const UDP4: UdpHead = UdpHead {
    local: 0,
    port: 4,
    state: 8,
    remote: 12,
    remote_port: 16,
    device: None,
    end: 20,
};

/// An IPv6 UDP entry, all eras.
pub const UDP6: UdpHead = UdpHead {
    local: 0,
    port: 16,
    state: 24,
    remote: 28,
    remote_port: 44,
    device: Some(20),
    end: 48,
};

/// What follows the head of a UDP entry since December 2006.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpTail {
    /// Bytes an entry takes.
    pub stride: usize,
    /// `udpCreationProcess`.
    pub creator: usize,
    /// `udpCreationTime`.
    pub created: usize,
}

/// Known tails of IPv4 UDP entries; a stride of 20 has none.
pub const UDP4_TAILS: &[UdpTail] = &[
    UdpTail {
        stride: 36,
        creator: 24,
        created: 28,
    },
    UdpTail {
        stride: 40,
        creator: 24,
        created: 32,
    },
];

/// Known tails of IPv6 UDP entries; a stride of 48 has none.
pub const UDP6_TAILS: &[UdpTail] = &[UdpTail {
    stride: 64,
    creator: 52,
    created: 56,
}];

/// `mib2_sctpConnEntry_t`, the same 144 bytes everywhere.
pub mod sctp {
    /// Bytes an entry takes.
    pub const STRIDE: usize = 144;
    /// `sctpAssocLocalPort`.
    pub const PORT: usize = 40;
    /// `sctpAssocRemPort`.
    pub const REMOTE_PORT: usize = 44;
    /// `sctpAssocRemPrimAddrType`: 1 is IPv4, 2 is IPv6.
    pub const TYPE: usize = 48;
    /// `sctpAssocRemPrimAddr`, 16 bytes.
    pub const REMOTE: usize = 52;
    /// `sctpAssocLocPrimAddr`, 16 bytes.
    pub const LOCAL: usize = 68;
    /// `sctpAssocState`.
    pub const STATE: usize = 88;
    /// `sctpAssocPrimProcess`.
    pub const CREATOR: usize = 104;
    /// `sctpAssocStartTime`, 32 bits.
    pub const CREATED: usize = 120;
    /// `ce_sendq`.
    pub const SEND_QUEUE: usize = 124;
    /// `ce_recvq`.
    pub const RECV_QUEUE: usize = 128;
    /// `ce_swnd`.
    pub const SEND_WINDOW: usize = 132;
    /// `ce_rwnd`.
    pub const RECV_WINDOW: usize = 136;
}

/// `mib2_socketInfoEntry_t` (illumos since October 2019).
pub mod sockinfo {
    /// Bytes an entry takes.
    pub const STRIDE: usize = 32;
    /// `sie_connidx`: row of the table of the same level.
    pub const ROW: usize = 0;
    /// `sie_inode`.
    pub const INODE: usize = 8;
    /// `sie_flags`.
    pub const FLAGS: usize = 16;
    /// `sie_dev`.
    pub const DEVICE: usize = 24;
}

/// Where an entry of an address table begins (`mib2_ipAddrEntry_t`, `mib2_ipv6AddrEntry_t`).
/// Read in the sources of 2006 and 2021; what came later stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrHead {
    /// The address.
    pub addr: usize,
    /// The interface's name: its length in 32 bits, then the bytes.
    pub name: usize,
    /// Bytes a name has room for (`OCTET_LENGTH`).
    pub name_room: usize,
    /// `ae_flags`, as `net/if.h` has them.
    pub flags: usize,
    /// First byte behind these fields.
    pub end: usize,
}

/// An IPv4 address: 96 bytes on Solaris 10, 100 since December 2006.
pub const ADDR4: AddrHead = AddrHead {
    addr: 0,
    name: 4,
    name_room: 32,
    flags: 68,
    end: 72,
};

/// An IPv6 address: 144 bytes on Solaris 10, 176 since December 2006.
pub const ADDR6: AddrHead = AddrHead {
    addr: 36,
    name: 0,
    name_room: 32,
    flags: 92,
    end: 96,
};

/// Where the scalar blocks keep the strides of their tables.
pub mod scalars {
    /// `tcpConnTableSize` in `mib2_tcp_t`.
    pub const TCP4: usize = 48;
    /// `tcp6ConnTableSize` in `mib2_tcp_t`.
    pub const TCP6: usize = 208;
    /// `udpEntrySize` in `mib2_udp_t`.
    pub const UDP4: usize = 12;
    /// `udp6EntrySize` in `mib2_udp_t`.
    pub const UDP6: usize = 16;
    /// `ipAddrEntrySize` in `mib2_ip_t`.
    pub const ADDR4: usize = 76;
    /// `ipv6AddrEntrySize` in the first of the interfaces' blocks (`mib2_ipv6IfStatsEntry_t`).
    pub const ADDR6: usize = 16;
}
