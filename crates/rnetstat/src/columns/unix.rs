//! Columns of unix sockets.

use super::{COOKIE, INODE, LEFT, NETNS, OWNERS, RECV_QUEUE, REFS, Row, SEND_QUEUE, UID, column};
use model::{Foreign, Kind, UnixType};
use render::{Column, Text};

/// Every column of unix sockets, in the original's order.
pub(super) static COLUMNS: [Column<Row>; 14] = [
    NETNS,
    column("proto", "Proto", LEFT, 5, "always unix", |_, out| {
        out.word("unix")
    }),
    REFS,
    column("flags", "Flags", LEFT, 11, "whether it accepts", flags),
    column("unix_type", "Type", LEFT, 10, "its type", unix_type),
    column("state", "State", LEFT, 13, "its state", state),
    Column {
        heading: "I-Node",
        width: 8,
        ..INODE
    },
    OWNERS,
    RECV_QUEUE,
    SEND_QUEUE,
    UID,
    COOKIE,
    column(
        "peer",
        "Peer",
        LEFT,
        8,
        "the inode at the other end; sock_diag only",
        peer,
    ),
    column(
        "path",
        "Path",
        LEFT,
        0,
        "its name; @ begins an abstract one",
        path,
    ),
];

fn peer(row: &Row, out: &mut Text) {
    if let Kind::Unix(unix) = &row.socket.kind
        && let Some(peer) = unix.peer
    {
        out.number(peer.0);
    }
}

fn flags(row: &Row, out: &mut Text) {
    let listening = matches!(&row.socket.kind, Kind::Unix(unix) if unix.listening);
    out.word(if listening { "[ ACC ]" } else { "[ ]" });
}

fn unix_type(row: &Row, out: &mut Text) {
    let Kind::Unix(unix) = &row.socket.kind else {
        return;
    };
    out.word(match unix.unix_type {
        UnixType::Stream => "STREAM",
        UnixType::Dgram => "DGRAM",
        UnixType::Seqpacket => "SEQPACKET",
        UnixType::Other(_) => "UNKNOWN",
    });
}

/// sock_diag tells no `ss_state`; a peer is as good.
fn state(row: &Row, out: &mut Text) {
    let Kind::Unix(unix) = &row.socket.kind else {
        return;
    };
    out.word(match (unix.listening, unix.ss_state) {
        (true, _) => "LISTENING",
        (false, None) if unix.peer.is_some() => "CONNECTED",
        (false, None | Some(1)) => "",
        (false, Some(0)) => "FREE",
        (false, Some(2)) => "CONNECTING",
        (false, Some(3)) => "CONNECTED",
        (false, Some(4)) => "DISCONNECTING",
        (false, Some(_)) => "UNKNOWN",
    });
}

fn path(row: &Row, out: &mut Text) {
    let Kind::Unix(unix) = &row.socket.kind else {
        return;
    };
    match unix.path.as_ref().map(Foreign::as_bytes) {
        Some([0, name @ ..]) => {
            out.word("@");
            out.foreign(name);
        }
        Some(path) => out.foreign(path),
        None => {}
    }
}
