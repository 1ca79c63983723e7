//! Columns of internet sockets.

use super::{
    COOKIE, INODE, LEFT, NETNS, OWNERS, RECV_QUEUE, REFS, Row, SEND_QUEUE, UID, column, interface,
};
use model::{Family, Inet, Proto, State};
use render::{Column, Text};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Every column of internet sockets, in the original's order.
pub(super) static COLUMNS: [Column<Row>; 15] = [
    NETNS,
    column(
        "proto",
        "Proto",
        LEFT,
        5,
        "transport, with 6 for IPv6",
        proto,
    ),
    RECV_QUEUE,
    SEND_QUEUE,
    column(
        "local",
        "Local Address",
        LEFT,
        23,
        "local address and port",
        local,
    ),
    column(
        "remote",
        "Foreign Address",
        LEFT,
        23,
        "the peer's address and port",
        remote,
    ),
    column("state", "State", LEFT, 11, "state of the connection", state),
    UID,
    INODE,
    OWNERS,
    column("timer", "Timer", LEFT, 0, "the running timer", timer),
    column(
        "device",
        "Device",
        LEFT,
        6,
        "the interface it is bound to; sock_diag only",
        device,
    ),
    column(
        "filter",
        "Filter",
        LEFT,
        0,
        "of a raw socket, with -p: ports its filter compares with, then the filter",
        super::others::filter,
    ),
    COOKIE,
    REFS,
];

fn proto(row: &Row, out: &mut Text) {
    let Some(inet) = row.socket.kind.inet() else {
        return;
    };
    out.word(match inet.proto {
        Proto::UdpLite => "udpl",
        proto => proto.name(),
    });
    // The original has one name for both families of SCTP.
    if inet.family() == Family::Inet6 && inet.proto != Proto::Sctp {
        out.word("6");
    }
}

fn local(row: &Row, out: &mut Text) {
    if let Some(inet) = row.socket.kind.inet() {
        end(row, inet, inet.local, inet.port, out);
    }
}

fn remote(row: &Row, out: &mut Text) {
    if let Some(inet) = row.socket.kind.inet() {
        end(row, inet, inet.remote, inet.remote_port, out);
    }
}

/// `0.0.0.0:22`, `:::22`; with names `0.0.0.0:ssh`, `[::]:ssh`.
fn end(row: &Row, inet: &Inet, at: IpAddr, number: u16, out: &mut Text) {
    if row.same.narrow {
        return narrow(row, inet, at, number, out);
    }
    address(row, at, out);
    out.word(":");
    port(row, inet, number, out);
}

/// The original has room for 22 letters: 18 at most of the port, what is left of the address.
/// What it cuts out of an IPv6 address may be another address.
fn narrow(row: &Row, inet: &Inet, at: IpAddr, number: u16, out: &mut Text) {
    const ROOM: usize = 22;
    let (mut head, mut tail) = (Text::default(), Text::default());
    address(row, at, &mut head);
    port(row, inet, number, &mut tail);
    if head.len() + tail.len() > ROOM {
        tail.truncate(0, ROOM - 4);
        head.truncate(0, ROOM - tail.len());
    }
    out.append(&head);
    out.word(":");
    out.append(&tail);
}

fn address(row: &Row, at: IpAddr, out: &mut Text) {
    match at {
        any if any == Ipv6Addr::UNSPECIFIED && !row.same.numeric.hosts => out.word("[::]"),
        // As the original: that it came in through IPv6 is told by the 6 of the protocol.
        IpAddr::V6(six) => match mapped(six) {
            Some(four) => out.address(four.into()),
            None => out.address(at),
        },
        four => out.address(four),
    }
}

fn mapped(six: Ipv6Addr) -> Option<Ipv4Addr> {
    six.to_ipv4_mapped()
}

/// Port 0 is `*`.
fn port(row: &Row, inet: &Inet, number: u16, out: &mut Text) {
    let name = if row.same.numeric.ports {
        None
    } else {
        match inet.proto {
            // What stands for the port of a raw socket is the protocol it hears.
            Proto::Raw => model::service::protocol(number),
            proto => model::service::name(proto, number),
        }
    };
    match (number, name) {
        (0, _) => out.word("*"),
        (_, Some(name)) => out.word(name),
        (number, None) => out.number(number.into()),
    }
}

/// UDP sockets have a state only with a peer; of raw sockets the number is shown.
fn state(row: &Row, out: &mut Text) {
    let Some(inet) = row.socket.kind.inet() else {
        return;
    };
    match (inet.proto, inet.state) {
        (Proto::Raw, state) => out.number(state.number().into()),
        (Proto::Udp | Proto::UdpLite, State::Close) => {}
        (_, state) => match state.name() {
            Some(name) => out.word(name),
            None => out.show(state),
        },
    }
}

fn device(row: &Row, out: &mut Text) {
    match row.socket.kind.inet().and_then(|inet| inet.device) {
        Some(index) => interface(row, index, out),
        None => out.word("-"),
    }
}

fn timer(row: &Row, out: &mut Text) {
    let Some(inet) = row.socket.kind.inet() else {
        return;
    };
    let Some(timer) = inet.timer else {
        return out.word("off (0.00/0/0)");
    };
    let datagrams = matches!(inet.proto, Proto::Udp | Proto::UdpLite | Proto::Raw);
    match timer.kind {
        1 | 2 if datagrams => out.show(format_args!("on{}", timer.kind)),
        1 => out.word("on"),
        2 => out.word("keepalive"),
        3 if !datagrams => out.word("timewait"),
        4 if !datagrams => out.word("probe"),
        other => out.show(format_args!("unkn-{other}")),
    }
    let (seconds, hundredths) = (timer.expires_ms / 1000, timer.expires_ms % 1000 / 10);
    let (retransmits, probes) = (timer.retransmits, timer.probes);
    out.show(format_args!(
        " ({seconds}.{hundredths:02}/{retransmits}/{probes})"
    ));
}
