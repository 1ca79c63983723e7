//! Columns of vsock and XDP sockets, which the original does not show.

use super::{
    COOKIE, INODE, LEFT, NETNS, OWNERS, RECV_QUEUE, RIGHT, Row, SEND_QUEUE, UID, column, interface,
};
use model::{Kind, UnixType, Vsock, Xdp};
use render::{Column, Text};

/// Every column of vsock sockets.
pub(super) static VSOCK: [Column<Row>; 9] = [
    NETNS,
    column("proto", "Proto", LEFT, 5, "always vsock", |_, out| {
        out.word("vsock")
    }),
    column(
        "vsock_type",
        "Type",
        LEFT,
        9,
        "stream, datagrams or packets in order",
        vsock_type,
    ),
    column(
        "local",
        "Local Address",
        LEFT,
        23,
        "the machine it listens as, and the port",
        |row, out| {
            if let Kind::Vsock(vsock) = &row.socket.kind {
                end(vsock.cid, vsock.port, out);
            }
        },
    ),
    column(
        "remote",
        "Foreign Address",
        LEFT,
        23,
        "the peer's machine and port",
        |row, out| {
            if let Kind::Vsock(vsock) = &row.socket.kind {
                end(vsock.remote_cid, vsock.remote_port, out);
            }
        },
    ),
    column(
        "state",
        "State",
        LEFT,
        11,
        "state of the connection",
        |row, out| {
            if let Kind::Vsock(vsock) = &row.socket.kind {
                out.show(format_args!("{}", vsock.state));
            }
        },
    ),
    INODE,
    OWNERS,
    COOKIE,
];

/// Every column of XDP sockets.
pub(super) static XDP: [Column<Row>; 14] = [
    NETNS,
    column("proto", "Proto", LEFT, 5, "always xdp", |_, out| {
        out.word("xdp")
    }),
    RECV_QUEUE,
    SEND_QUEUE,
    column(
        "device",
        "Iface",
        LEFT,
        10,
        "the interface it takes frames from",
        |row, out| match xdp(row) {
            Some(xdp) if xdp.device.0 == 0 => out.word("-"),
            Some(xdp) => interface(row, xdp.device, out),
            None => {}
        },
    ),
    column(
        "queue",
        "Queue",
        RIGHT,
        5,
        "the queue of the interface",
        |row, out| {
            if let Some(xdp) = xdp(row) {
                out.number(xdp.queue.into());
            }
        },
    ),
    column(
        "rx_ring",
        "RxRing",
        RIGHT,
        6,
        "places for frames that come in",
        |row, out| number(xdp(row).and_then(|xdp| xdp.rx_ring), out),
    ),
    column(
        "tx_ring",
        "TxRing",
        RIGHT,
        6,
        "places for frames that go out",
        |row, out| number(xdp(row).and_then(|xdp| xdp.tx_ring), out),
    ),
    column(
        "umem",
        "Memory",
        LEFT,
        18,
        "number, size and frame size of its memory",
        umem,
    ),
    column(
        "dropped",
        "Dropped",
        RIGHT,
        7,
        "frames dropped for want of room",
        |row, out| match xdp(row).and_then(|xdp| xdp.dropped) {
            Some(dropped) => out.number(dropped),
            None => out.word("-"),
        },
    ),
    UID,
    INODE,
    OWNERS,
    COOKIE,
];

fn vsock_type(row: &Row, out: &mut Text) {
    if let Kind::Vsock(vsock) = &row.socket.kind {
        match vsock.vsock_type {
            UnixType::Stream => out.word("STREAM"),
            UnixType::Dgram => out.word("DGRAM"),
            UnixType::Seqpacket => out.word("SEQPACKET"),
            UnixType::Other(other) => out.number(other.into()),
        }
    }
}

/// `2:9999`, with `*` for every machine and for no port.
fn end(cid: u32, port: u32, out: &mut Text) {
    for (number, after) in [(cid, ":"), (port, "")] {
        if number == Vsock::ANY {
            out.word("*");
        } else {
            out.number(number.into());
        }
        out.word(after);
    }
}

fn xdp(row: &Row) -> Option<&Xdp> {
    match &row.socket.kind {
        Kind::Xdp(xdp) => Some(xdp),
        _ => None,
    }
}

fn number(number: Option<u32>, out: &mut Text) {
    match number {
        Some(number) => out.number(number.into()),
        None => out.word("-"),
    }
}

fn umem(row: &Row, out: &mut Text) {
    match xdp(row).and_then(|xdp| xdp.umem.as_ref()) {
        Some(umem) => {
            let way = if umem.zero_copy { " zero-copy" } else { "" };
            out.show(format_args!(
                "{}:{}/{}{way}",
                umem.id, umem.size, umem.chunk_size
            ));
        }
        None => out.word("-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Same;
    use model::{IfIndex, Inode, Socket, State, Umem};
    use std::rc::Rc;

    fn shown(columns: &[Column<Row>], kind: Kind) -> String {
        let row = Row {
            socket: Socket::new(kind, Inode(77)),
            same: Rc::new(Same::default()),
        };
        let columns: Vec<&Column<Row>> = columns.iter().collect();
        let mut text = Text::default();
        render::row(&columns, &row, &mut text);
        String::from_utf8(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_listener_for_every_machine() {
        let line = shown(
            &VSOCK[1..7],
            Kind::Vsock(Vsock {
                vsock_type: UnixType::Stream,
                state: State::Listen,
                cid: Vsock::ANY,
                port: 4_000_000_000,
                remote_cid: Vsock::ANY,
                remote_port: Vsock::ANY,
                shutdown: 0,
            }),
        );
        let words: Vec<&str> = line.split_whitespace().collect();
        let all = ["vsock", "STREAM", "*:4000000000", "*:*", "LISTEN", "77"];
        assert_eq!(words, all);
    }

    #[test]
    fn a_socket_on_no_card_yet() {
        let mut xdp = Xdp {
            device: IfIndex(0),
            queue: 0,
            rx_ring: Some(64),
            tx_ring: None,
            umem: None,
            dropped: None,
        };
        let words = |xdp: &Xdp| {
            let line = shown(&XDP[1..10], Kind::Xdp(xdp.clone()));
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            words(&xdp),
            ["xdp", "0", "0", "-", "0", "64", "-", "-", "-"]
        );
        xdp.device = IfIndex(3);
        xdp.umem = Some(Umem {
            id: 1,
            size: 65536,
            chunk_size: 4096,
            zero_copy: true,
        });
        let all = [
            "xdp",
            "0",
            "0",
            "3",
            "0",
            "64",
            "-",
            "1:65536/4096",
            "zero-copy",
            "-",
        ];
        assert_eq!(words(&xdp), all);
    }
}
