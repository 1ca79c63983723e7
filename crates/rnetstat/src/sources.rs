//! Which source each table of sockets is asked from.
//!
//! Without `--via` the text tables are read, as the original does, and sock_diag is asked for
//! what they lack: bound TCP sockets, filters, names that forge no rows; and for TCP listeners,
//! where nothing else is wanted of TCP.

use crate::columns::Interfaces;
use crate::query::{Query, Section, Which};
use host::read::tables::{Stand, sockets_in};
use host::read::{beside, sctp, unix};
use model::ask::{SocketAsk, States, Told};
use model::{Family, Filter, Inode, Proto, Socket, Source, State};
use std::collections::HashMap;
use sysroot::Sysroot;

/// Gives every socket of a section in the namespace stood in, and names its interfaces where
/// the section shows them.
pub(crate) fn read(
    root: &Sysroot,
    stand: &Stand,
    section: Section,
    query: &Query,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let via = match query.via {
        Some(Source::Netlink) => Source::Netlink,
        Some(Source::Mib2) => Source::Mib2,
        // A procfs of our own has the same text tables: it is in the root.
        _ => Source::Procfs,
    };
    let checked = query.via.is_none();
    let ask = |ask: &SocketAsk, via, sink: &mut dyn FnMut(Socket)| {
        sockets_in(stand, root, via, ask, sink)
    };
    let named = |section| !query.implied.contains(&section);
    match section {
        // No text table has these.
        Section::Vsock | Section::Xdp if !matches!(query.via, None | Some(Source::Netlink)) => {
            let mut told = Told::default();
            told.coverage.netns = stand.netns;
            told
        }
        Section::Unix if checked => unix::unix_sockets(stand, root, sink),
        Section::Unix => ask(&whole(Family::Unix), via, sink),
        Section::Netlink => ask(&whole(Family::Netlink), via, sink),
        Section::Packet if checked => {
            let (filters, mut asked) = filters(root, stand);
            let mut told = ask(&whole(Family::Packet), via, &mut |mut socket| {
                if let Some((cookie, filter)) = filters.get(&socket.inode) {
                    socket.cookie = *cookie;
                    socket.filter.clone_from(filter);
                }
                sink(socket);
            });
            told.gaps.append(&mut asked.gaps);
            told
        }
        Section::Packet => ask(&whole(Family::Packet), via, sink),
        Section::Vsock => beside::sockets(root, stand, Family::Vsock, named(section), sink),
        Section::Xdp => beside::sockets(root, stand, Family::Xdp, named(section), sink),
        Section::Inet => inet(root, stand, query, via, sink),
    }
}

/// The tables of a family that has no transports.
fn whole(family: Family) -> SocketAsk {
    SocketAsk {
        tables: vec![(family, None)],
        states: States::ALL,
        port: None,
    }
}

/// What only sock_diag tells of packet sockets.
type Filters = HashMap<Inode, (Option<model::Cookie>, Option<Box<Filter>>)>;

fn filters(root: &Sysroot, stand: &Stand) -> (Filters, Told) {
    let mut filters = HashMap::new();
    let ask = whole(Family::Packet);
    let told = sockets_in(stand, root, Source::Netlink, &ask, &mut |socket| {
        filters.insert(socket.inode, (socket.cookie, socket.filter));
    });
    (filters, told)
}

/// The internet sockets, a transport after the other.
fn inet(
    root: &Sysroot,
    stand: &Stand,
    query: &Query,
    via: Source,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let mut all = Told::default();
    let mut add = |mut told: Told| {
        all.gaps.append(&mut told.gaps);
        all.coverage.netns = told.coverage.netns;
        all.coverage.looked.append(&mut told.coverage.looked);
    };
    let whole = query.inet_ask();
    for tables in whole.tables.chunk_by(|one, other| one.1 == other.1) {
        let ask = SocketAsk {
            tables: tables.to_vec(),
            states: whole.states,
            port: None,
        };
        match tables.first().and_then(|table| table.1) {
            Some(Proto::Sctp) if via == Source::Procfs => {
                add(sctp::sockets(root, stand, tables, sink));
            }
            // Asking may load a module: only who names it wants that.
            Some(Proto::Sctp) if !query.transports.sctp => {}
            Some(Proto::Mptcp) if query.via.is_none() => {
                add(sockets_in(stand, root, Source::Netlink, &ask, sink));
            }
            Some(Proto::Tcp) if query.via.is_none() && query.which == Which::All && query.bound => {
                add(with_bound(root, stand, &ask, sink));
            }
            Some(Proto::Tcp) if query.via.is_none() && query.which == Which::Listening => {
                add(listeners(root, stand, &ask, sink));
            }
            _ => add(sockets_in(stand, root, via, &ask, sink)),
        }
    }
    all.coverage.netns = stand.netns;
    all
}

/// TCP listeners by themselves: sock_diag leaves out everything else in the kernel, where the
/// text has every connection. A table that it does not give is read as text.
fn listeners(root: &Sysroot, stand: &Stand, ask: &SocketAsk, sink: &mut dyn FnMut(Socket)) -> Told {
    let mut all = Told::default();
    for table in &ask.tables {
        let mut ask = SocketAsk {
            tables: vec![*table],
            states: States::of(&[State::Listen]),
            port: ask.port,
        };
        let mut sockets = Vec::new();
        let mut told = sockets_in(stand, root, Source::Netlink, &ask, &mut |mut socket| {
            // What is not acknowledged, as in the text; sock_diag tells the room for
            // connections that wait.
            socket.send_queue = 0;
            sockets.push(socket);
        });
        if told.coverage.looked.is_empty() {
            ask.states = States::of(&[State::Listen, State::Close]);
            told = sockets_in(stand, root, Source::Procfs, &ask, sink);
        } else {
            sockets.into_iter().for_each(&mut *sink);
        }
        all.gaps.append(&mut told.gaps);
        all.coverage.looked.append(&mut told.coverage.looked);
    }
    all
}

/// The text tables of TCP, and after them the sockets that hold a port and do nothing with it,
/// which only sock_diag tells. It is asked meanwhile: that takes the kernel as long as a sixth
/// of the text.
fn with_bound(
    root: &Sysroot,
    stand: &Stand,
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let bound = SocketAsk {
        tables: ask.tables.clone(),
        states: States::of(&[State::Bound]),
        port: None,
    };
    let ask_bound = || {
        let mut sockets = Vec::new();
        let told = sockets_in(stand, root, Source::Netlink, &bound, &mut |socket| {
            sockets.push(socket);
        });
        (sockets, told.gaps)
    };
    std::thread::scope(|scope| {
        // Said, since otherwise a variable of the environment would (`RUST_MIN_STACK`).
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let thread = thread.spawn_scoped(scope, ask_bound);
        let mut told = sockets_in(stand, root, Source::Procfs, ask, sink);
        // Where there was no thread to be had, it is asked now.
        let joined = thread.ok().and_then(|thread| thread.join().ok());
        let (sockets, mut gaps) = joined.unwrap_or_else(ask_bound);
        sockets.into_iter().for_each(sink);
        told.gaps.append(&mut gaps);
        told
    })
}

/// Tables that were named and that this kernel does not have, by the names of their options.
pub(crate) fn missing(query: &Query, told: &Told) -> Vec<&'static str> {
    let named = [
        (query.transports.sctp, Proto::Sctp),
        (query.transports.mptcp, Proto::Mptcp),
        (query.transports.udplite, Proto::UdpLite),
    ];
    let families = [
        (Section::Vsock, Family::Vsock, "vsock"),
        (Section::Xdp, Family::Xdp, "xdp"),
    ];
    let told_of = |name: &str| told.gaps.iter().any(|gap| gap.place.contains(name));
    let looked = &told.coverage.looked;
    let refused =
        |proto: Proto| looked.iter().all(|it| it.proto != Some(proto)) && !told_of(proto.name());
    let untold = |family, name| looked.iter().all(|it| it.family != family) && !told_of(name);
    let protos = named
        .into_iter()
        .filter(|(named, proto)| *named && refused(*proto))
        .map(|(_, proto)| proto.name());
    let families = families
        .into_iter()
        .filter(|(section, family, name)| query.sections.contains(section) && untold(*family, name))
        .map(|it| it.2);
    protos.chain(families).collect()
}

/// The names of the interfaces of the namespace stood in.
pub(crate) fn interfaces(root: &Sysroot, stand: &Stand) -> Interfaces {
    let (names, _) = host::interfaces(root);
    names
        .into_iter()
        .map(|(index, name)| ((stand.netns, index), name))
        .collect()
}
