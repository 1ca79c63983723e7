//! What a network namespace knows beside its sockets: routes, interfaces, multicast groups,
//! counters.

use crate::{Foreign, IfIndex, NetNs};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A fact about a network namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A row of the routing table.
    Route(Route),
    /// An interface.
    Interface(Box<Interface>),
    /// A multicast group that an interface listens to.
    Group(Group),
    /// A counter.
    Counter(Counter),
}

/// A fact and the namespace it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRow {
    /// The namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// The fact.
    #[serde(flatten)]
    pub fact: Fact,
}

/// A row of the routing table (`/proc/net/route`, `/proc/net/ipv6_route`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Where to.
    pub destination: IpAddr,
    /// Leading bits of it that count.
    pub prefix: u8,
    /// The next hop, unspecified where there is none.
    pub gateway: IpAddr,
    /// `RTF_*` (`include/uapi/linux/{route,ipv6_route}.h`).
    pub flags: u32,
    /// Metric.
    pub metric: u32,
    /// References the kernel counts.
    pub refs: u32,
    /// Look-ups the kernel counts.
    pub used: u32,
    /// The interface; `*` where packets are thrown away.
    pub device: Foreign,
    /// Largest packet; IPv4 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// TCP window; IPv4 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// Round trip time in milliseconds; IPv4 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<u32>,
}

/// An interface as rtnetlink tells it (`RTM_GETLINK`, `RTM_GETADDR`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its number.
    pub index: IfIndex,
    /// Its name.
    pub name: Foreign,
    /// `ARPHRD_*` (`include/uapi/linux/if_arp.h`).
    pub hardware: u16,
    /// `IFF_*` (`include/uapi/linux/if.h`).
    pub flags: u32,
    /// Largest packet, in bytes.
    pub mtu: u32,
    /// Length of the transmit queue, in packets.
    pub queue: u32,
    /// Hardware address; empty where it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mac: Vec<u8>,
    /// Its addresses, in the kernel's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<InterfaceAddress>,
    /// What went through it.
    pub traffic: Traffic,
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceAddress {
    /// The address.
    pub address: IpAddr,
    /// Leading bits that name the network.
    pub prefix: u8,
    /// The other end of a point-to-point link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// The broadcast address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<IpAddr>,
    /// The name it goes by: the interface's, or an alias of it; IPv4 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Foreign>,
}

/// What went through an interface (`struct rtnl_link_stats64`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Packets received.
    pub rx_packets: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bad packets received.
    pub rx_errors: u64,
    /// Packets received and dropped, those missed by the device included.
    pub rx_dropped: u64,
    /// Packets lost to a full FIFO.
    pub rx_overruns: u64,
    /// Packets with a wrong length, checksum or alignment.
    pub rx_frame: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets that could not be sent.
    pub tx_errors: u64,
    /// Packets dropped before they were sent.
    pub tx_dropped: u64,
    /// Packets lost to an empty FIFO.
    pub tx_overruns: u64,
    /// Packets lost to the line.
    pub tx_carrier: u64,
    /// Collisions.
    pub collisions: u64,
    /// Compressed packets received.
    pub rx_compressed: u64,
    /// Compressed packets sent.
    pub tx_compressed: u64,
}

/// A multicast group that an interface listens to (`/proc/net/{igmp,igmp6}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The interface.
    pub device: Foreign,
    /// The group.
    pub group: IpAddr,
    /// How many asked for it.
    pub refs: u32,
}

/// A counter (`/proc/net/{snmp,snmp6,netstat,sctp/snmp}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// The table it stands in.
    pub table: Foreign,
    /// Its name; none says that the table is there.
    pub name: Foreign,
    /// Its value. A few are below zero.
    pub value: i64,
}
