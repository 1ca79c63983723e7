//! What a row shows, in the original's rooms (net-tools 2.10: `printf` formats of netstat.c).

use crate::options::Query;
use crate::owners::Owners;
use model::{Family, Foreign, Inet, Kind, Proto, Socket, State, Uid, UnixType};
use render::{Align, Column, Text};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

/// A socket, and what is needed to show it.
pub(crate) struct Row {
    pub(crate) socket: Socket,
    pub(crate) same: Rc<Same>,
}

/// What stays the same from row to row.
#[derive(Default)]
pub(crate) struct Same {
    /// Numbers instead of names of ports and users.
    pub(crate) numeric: bool,
    pub(crate) owners: Owners,
    pub(crate) users: BTreeMap<Uid, Foreign>,
}

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// Every column of internet sockets, in the original's order.
static INET: [Column<Row>; 10] = [
    column(
        "proto",
        "Proto",
        LEFT,
        5,
        "transport, with 6 for IPv6",
        proto,
    ),
    column(
        "recv_queue",
        "Recv-Q",
        RIGHT,
        6,
        "bytes not read, or connections not accepted",
        recv_queue,
    ),
    column(
        "send_queue",
        "Send-Q",
        RIGHT,
        6,
        "bytes not acknowledged",
        send_queue,
    ),
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
    column(
        "state",
        "State",
        LEFT,
        11,
        "state of the connection",
        inet_state,
    ),
    column("uid", "User", LEFT, 10, "who made it", user),
    column("inode", "Inode", LEFT, 10, "the socket's inode", inode),
    column(
        "owners",
        "PID/Program name",
        LEFT,
        20,
        "everybody who holds it",
        owners,
    ),
    column("timer", "Timer", LEFT, 0, "the running timer", timer),
];

/// Every column of unix sockets, in the original's order.
static UNIX: [Column<Row>; 8] = [
    column("proto", "Proto", LEFT, 5, "always unix", |_, out| {
        out.word("unix")
    }),
    column(
        "refs",
        "RefCnt",
        LEFT,
        6,
        "references; the text table only",
        refs,
    ),
    column("flags", "Flags", LEFT, 11, "whether it accepts", flags),
    column("unix_type", "Type", LEFT, 10, "its type", unix_type),
    column("state", "State", LEFT, 13, "its state", unix_state),
    column("inode", "I-Node", LEFT, 8, "its inode", inode),
    column(
        "owners",
        "PID/Program name",
        LEFT,
        20,
        "everybody who holds it",
        owners,
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

/// Columns of internet sockets that were asked for.
pub(crate) fn inet(query: &Query) -> Vec<&'static Column<Row>> {
    INET.iter()
        .filter(|column| asked(column.key, query))
        .collect()
}

/// Columns of unix sockets that were asked for; their inode is always shown.
pub(crate) fn unix(query: &Query) -> Vec<&'static Column<Row>> {
    UNIX.iter()
        .filter(|column| column.key == "inode" || asked(column.key, query))
        .collect()
}

fn asked(key: &str, query: &Query) -> bool {
    match key {
        "uid" | "inode" => query.extend,
        "owners" => query.program,
        "timer" => query.timers,
        _ => true,
    }
}

const fn column(
    key: &'static str,
    heading: &'static str,
    align: Align,
    width: usize,
    help: &'static str,
    cell: fn(&Row, &mut Text),
) -> Column<Row> {
    Column {
        key,
        heading,
        help,
        align,
        width,
        cell,
    }
}

fn proto(row: &Row, out: &mut Text) {
    let Some(inet) = row.socket.kind.inet() else {
        return;
    };
    out.word(match inet.proto {
        Proto::UdpLite => "udpl",
        proto => proto.name(),
    });
    if inet.family() == Family::Inet6 {
        out.word("6");
    }
}

fn recv_queue(row: &Row, out: &mut Text) {
    out.number(row.socket.recv_queue.into());
}

fn send_queue(row: &Row, out: &mut Text) {
    out.number(row.socket.send_queue.into());
}

fn local(row: &Row, out: &mut Text) {
    if let Some(inet) = row.socket.kind.inet() {
        address(inet, inet.local, inet.port, row.same.numeric, out);
    }
}

fn remote(row: &Row, out: &mut Text) {
    if let Some(inet) = row.socket.kind.inet() {
        address(inet, inet.remote, inet.remote_port, row.same.numeric, out);
    }
}

/// `0.0.0.0:22`, `:::22`; with names `0.0.0.0:ssh`, `[::]:ssh`; port 0 is `*`.
fn address(inet: &Inet, address: IpAddr, port: u16, numeric: bool, out: &mut Text) {
    match address {
        IpAddr::V6(six) if !numeric => out.show(format_args!("[{six}]")),
        address => out.address(address),
    }
    out.word(":");
    let name = if numeric {
        None
    } else {
        model::service::name(inet.proto, port)
    };
    match (port, name) {
        (0, _) => out.word("*"),
        (_, Some(name)) => out.word(name),
        (port, None) => out.number(port.into()),
    }
}

/// UDP sockets have a state only with a peer; of raw sockets the number is shown.
fn inet_state(row: &Row, out: &mut Text) {
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

fn user(row: &Row, out: &mut Text) {
    let Some(uid) = row.socket.uid else { return };
    match row.same.users.get(&uid) {
        Some(name) if !row.same.numeric => out.foreign(name.as_bytes()),
        _ => out.number(uid.0.into()),
    }
}

fn inode(row: &Row, out: &mut Text) {
    out.number(row.socket.inode.0);
}

fn owners(row: &Row, out: &mut Text) {
    row.same.owners.show(row.socket.inode, out);
}

fn timer(row: &Row, out: &mut Text) {
    let Some(inet) = row.socket.kind.inet() else {
        return;
    };
    let Some(timer) = inet.timer else {
        return out.word("off (0.00/0/0)");
    };
    match timer.kind {
        1 => out.word("on"),
        2 => out.word("keepalive"),
        3 => out.word("timewait"),
        4 => out.word("probe"),
        other => out.show(format_args!("unkn-{other}")),
    }
    let (seconds, hundredths) = (timer.expires_ms / 1000, timer.expires_ms % 1000 / 10);
    let (retransmits, probes) = (timer.retransmits, timer.probes);
    out.show(format_args!(
        " ({seconds}.{hundredths:02}/{retransmits}/{probes})"
    ));
}

fn refs(row: &Row, out: &mut Text) {
    match row.socket.refs {
        Some(refs) => out.number(refs.into()),
        None => out.word("-"),
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
fn unix_state(row: &Row, out: &mut Text) {
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
