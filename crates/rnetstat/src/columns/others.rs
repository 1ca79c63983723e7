//! Columns of packet and netlink sockets, which the original does not show.

use super::{
    COOKIE, INODE, LEFT, NETNS, OWNERS, RECV_QUEUE, REFS, Row, SEND_QUEUE, UID, column, interface,
};
use model::Kind;
use render::{Column, Text};

/// Every column of packet sockets.
pub(super) static PACKET: [Column<Row>; 13] = [
    NETNS,
    column("proto", "Proto", LEFT, 6, "always packet", |_, out| {
        out.word("packet")
    }),
    RECV_QUEUE,
    column(
        "packet_type",
        "Type",
        LEFT,
        5,
        "whether frames come with their headers",
        packet_type,
    ),
    column(
        "ethertype",
        "Frames",
        LEFT,
        8,
        "the Ethernet protocol it reads",
        ethertype,
    ),
    column(
        "device",
        "Iface",
        LEFT,
        10,
        "the interface it reads from",
        device,
    ),
    column(
        "running",
        "Reads",
        LEFT,
        5,
        "whether frames come in",
        running,
    ),
    UID,
    INODE,
    OWNERS,
    column(
        "filter",
        "Filter",
        LEFT,
        0,
        "ports its filter compares with, then the filter; sock_diag only",
        filter,
    ),
    COOKIE,
    REFS,
];

/// Every column of netlink sockets.
pub(super) static NETLINK: [Column<Row>; 11] = [
    NETNS,
    column("proto", "Proto", LEFT, 7, "always netlink", |_, out| {
        out.word("netlink")
    }),
    RECV_QUEUE,
    SEND_QUEUE,
    column(
        "protocol",
        "Subsystem",
        LEFT,
        16,
        "what it talks to",
        protocol,
    ),
    column(
        "portid",
        "Address",
        LEFT,
        10,
        "its address, often a pid; 0 is the kernel",
        portid,
    ),
    column(
        "groups",
        "Groups",
        LEFT,
        8,
        "the first 32 groups it listens to, a bit each",
        groups,
    ),
    INODE,
    OWNERS,
    COOKIE,
    REFS,
];

fn packet_type(row: &Row, out: &mut Text) {
    if let Kind::Packet(packet) = &row.socket.kind {
        match packet.packet_type {
            2 => out.word("DGRAM"),
            3 => out.word("RAW"),
            10 => out.word("PACKET"),
            other => out.number(other.into()),
        }
    }
}

/// `ETH_P_*` (`include/uapi/linux/if_ether.h`), those often seen.
fn ethertype(row: &Row, out: &mut Text) {
    if let Kind::Packet(packet) = &row.socket.kind {
        match packet.ethertype {
            0 => out.word("none"),
            0x0003 => out.word("all"),
            0x0800 => out.word("IPv4"),
            0x0806 => out.word("ARP"),
            0x86dd => out.word("IPv6"),
            0x888e => out.word("802.1X"),
            0x88cc => out.word("LLDP"),
            other => out.show(format_args!("0x{other:04x}")),
        }
    }
}

fn device(row: &Row, out: &mut Text) {
    if let Kind::Packet(packet) = &row.socket.kind {
        if packet.device.0 == 0 {
            out.word("*");
        } else {
            interface(row, packet.device, out);
        }
    }
}

fn running(row: &Row, out: &mut Text) {
    if let Kind::Packet(packet) = &row.socket.kind {
        out.word(if packet.running { "yes" } else { "no" });
    }
}

pub(super) fn filter(row: &Row, out: &mut Text) {
    let Some(filter) = &row.socket.filter else {
        return out.word("-");
    };
    if !filter.ports.is_empty() {
        let ports: Vec<String> = filter.ports.iter().map(u16::to_string).collect();
        out.show(format_args!("ports {}: ", ports.join(",")));
    }
    out.word(&filter.text.join("; "));
}

/// `NETLINK_*` (`include/uapi/linux/netlink.h`).
const PROTOCOLS: [(u8, &str); 20] = [
    (0, "ROUTE"),
    (1, "UNUSED"),
    (2, "USERSOCK"),
    (3, "FIREWALL"),
    (4, "SOCK_DIAG"),
    (5, "NFLOG"),
    (6, "XFRM"),
    (7, "SELINUX"),
    (8, "ISCSI"),
    (9, "AUDIT"),
    (10, "FIB_LOOKUP"),
    (11, "CONNECTOR"),
    (12, "NETFILTER"),
    (13, "IP6_FW"),
    (15, "KOBJECT_UEVENT"),
    (16, "GENERIC"),
    (18, "SCSITRANSPORT"),
    (19, "ECRYPTFS"),
    (20, "RDMA"),
    (21, "CRYPTO"),
];

fn protocol(row: &Row, out: &mut Text) {
    if let Kind::Netlink(netlink) = &row.socket.kind {
        match PROTOCOLS.iter().find(|it| it.0 == netlink.protocol) {
            Some((_, name)) => out.word(name),
            None => out.number(netlink.protocol.into()),
        }
    }
}

fn portid(row: &Row, out: &mut Text) {
    if let Kind::Netlink(netlink) = &row.socket.kind {
        out.number(netlink.portid.into());
    }
}

fn groups(row: &Row, out: &mut Text) {
    if let Kind::Netlink(netlink) = &row.socket.kind {
        out.show(format_args!("{:08x}", netlink.groups));
    }
}
