//! What a row shows, in the original's rooms (net-tools 2.10: `printf` formats of netstat.c).

mod beside;
mod inet;
mod others;
mod unix;

use crate::owners::Owners;
use crate::query::{Numeric, Query, Section};
use model::{Foreign, IfIndex, NetNs, Socket, Uid};
use render::{Align, Column, Text};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A socket, and what is needed to show it.
pub(crate) struct Row {
    pub(crate) socket: Socket,
    pub(crate) same: Rc<Same>,
}

/// Names of interfaces, by namespace.
pub(crate) type Interfaces = BTreeMap<(Option<NetNs>, IfIndex), Foreign>;

/// What stays the same from row to row.
#[derive(Default)]
pub(crate) struct Same {
    pub(crate) numeric: Numeric,
    /// Cut to the original's width.
    pub(crate) narrow: bool,
    pub(crate) owners: Owners,
    pub(crate) users: BTreeMap<Uid, Foreign>,
    pub(crate) interfaces: Interfaces,
}

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// Sections with every column they can have, in order.
static SECTIONS: [(Section, &str, &[Column<Row>]); 6] = [
    (Section::Inet, "internet sockets", &inet::COLUMNS),
    (Section::Unix, "unix sockets", &unix::COLUMNS),
    (Section::Packet, "packet sockets", &others::PACKET),
    (Section::Netlink, "netlink sockets", &others::NETLINK),
    (Section::Vsock, "vsock sockets", &beside::VSOCK),
    (Section::Xdp, "XDP sockets", &beside::XDP),
];

/// Columns that were asked for, or those the original would show.
pub(crate) fn of(section: Section, query: &Query) -> Vec<&'static Column<Row>> {
    let all = SECTIONS
        .iter()
        .find(|it| it.0 == section)
        .map_or(&[][..], |it| it.2);
    if query.columns.is_empty() {
        let shown = |column: &&Column<Row>| by_default(section, column.key, query);
        return all.iter().filter(shown).collect();
    }
    let named = query.columns.iter();
    named
        .filter_map(|key| all.iter().find(|column| column.key == key))
        .collect()
}

fn by_default(section: Section, key: &str, query: &Query) -> bool {
    match (section, key) {
        (_, "netns") => query.all_netns,
        (_, "owners") => query.program,
        (_, "timer") => query.timers,
        (_, "cookie" | "device" | "refs" | "peer") => {
            matches!(
                (section, key),
                (Section::Unix, "refs") | (Section::Packet | Section::Xdp, "device")
            )
        }
        (Section::Inet | Section::Packet | Section::Xdp, "uid" | "inode") => query.extend > 0,
        // The original's table of raw sockets has no room for it.
        (Section::Inet, "filter") => false,
        (Section::Unix, "uid" | "recv_queue" | "send_queue") => false,
        _ => true,
    }
}

/// Whether some table has a column of that name; `help` is none.
pub(crate) fn is_known(key: &str) -> bool {
    key == "help"
        || SECTIONS
            .iter()
            .any(|it| it.2.iter().any(|column| column.key == key))
}

/// What `--columns help` says.
pub(crate) fn help() -> String {
    let mut text = String::new();
    for (_, name, columns) in &SECTIONS {
        text.push_str(&format!("{name}:\n"));
        for column in *columns {
            text.push_str(&format!("  {:<12} {}\n", column.key, column.help));
        }
    }
    text
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

/// Columns that sockets of every family have.
const NETNS: Column<Row> = column(
    "netns",
    "Netns",
    LEFT,
    10,
    "the network namespace it lives in",
    |row, out| match row.socket.netns {
        Some(netns) => out.number(netns.0),
        None => out.word("-"),
    },
);
const RECV_QUEUE: Column<Row> = column(
    "recv_queue",
    "Recv-Q",
    RIGHT,
    6,
    "bytes not read, or connections not accepted",
    |row, out| {
        out.number(row.socket.recv_queue.into());
    },
);
const SEND_QUEUE: Column<Row> = column(
    "send_queue",
    "Send-Q",
    RIGHT,
    6,
    "bytes not acknowledged",
    |row, out| {
        out.number(row.socket.send_queue.into());
    },
);
const UID: Column<Row> = column("uid", "User", LEFT, 10, "who made it", |row, out| {
    let Some(uid) = row.socket.uid else { return };
    match row.same.users.get(&uid) {
        Some(name) if !row.same.numeric.users => out.foreign(name.as_bytes()),
        _ => out.number(uid.0.into()),
    }
});
const INODE: Column<Row> = column(
    "inode",
    "Inode",
    LEFT,
    10,
    "the socket's inode",
    |row, out| {
        out.number(row.socket.inode.0);
    },
);
const OWNERS: Column<Row> = column(
    "owners",
    "PID/Program name",
    LEFT,
    20,
    "everybody who holds it",
    |row, out| {
        const ORIGINAL: usize = 19;
        let from = out.len();
        row.same.owners.show(&row.socket, out);
        if row.same.narrow {
            out.truncate(from, ORIGINAL);
        }
    },
);
const COOKIE: Column<Row> = column(
    "cookie",
    "Cookie",
    LEFT,
    8,
    "the kernel's number for it; sock_diag only",
    |row, out| {
        if let Some(cookie) = row.socket.cookie {
            out.number(cookie.0);
        }
    },
);
const REFS: Column<Row> = column(
    "refs",
    "RefCnt",
    LEFT,
    6,
    "references; the text tables only",
    |row, out| match row.socket.refs {
        Some(refs) => out.number(refs.into()),
        None => out.word("-"),
    },
);

/// The name of an interface, or its number.
fn interface(row: &Row, index: IfIndex, out: &mut Text) {
    match row.same.interfaces.get(&(row.socket.netns, index)) {
        Some(name) => out.foreign(name.as_bytes()),
        None => out.number(index.0.into()),
    }
}
