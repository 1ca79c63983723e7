//! Bytes in, nouns out: no I/O, no clock, any system.

pub mod behind;
pub mod bpf;
pub mod bpf_links;
pub mod counters;
pub mod exact;
pub mod fdinfo;
pub mod forgery;
pub mod getdents;
pub mod igmp;
pub mod interfaces;
pub mod limits;
pub mod links;
pub mod locks;
pub mod maps;
pub mod mounts;
pub mod namespaces;
pub mod netlink;
pub mod nft;
pub mod proc_mounts;
pub mod proc_net;
pub mod route;
pub mod rtnetlink;
pub mod rules;
pub mod sctp;
pub mod snmp;
pub mod sock_diag;
pub mod sockaddr;
pub mod stat;
pub mod statmount;
pub mod text;
pub mod tiling;
pub mod xt;

/// Byte order of the kernel that spoke: a recording may come from another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl Order {
    /// The order of the machine this runs on.
    pub const NATIVE: Order = if cfg!(target_endian = "big") {
        Order::Big
    } else {
        Order::Little
    };

    /// A 16-bit number of the kernel's.
    #[must_use]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        }
    }

    /// A 32-bit number of the kernel's.
    #[must_use]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        }
    }

    /// A 64-bit number of the kernel's.
    #[must_use]
    pub fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Order::Little => u64::from_le_bytes(bytes),
            Order::Big => u64::from_be_bytes(bytes),
        }
    }
}
