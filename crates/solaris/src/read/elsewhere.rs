//! Sockets of other places: Solaris has zones, whose sockets are asked for in the zone.

use crate::read::tables;
use model::ask::{SocketAsk, Told};
use model::asked::AskedSocket;
use model::{Filter, Inode, NetNs, Owner, Pid, Socket, Source, State};
use std::collections::{BTreeMap, HashSet};
use std::io;
use sysroot::Sysroot;

/// Network namespaces of processes: none.
#[must_use]
pub fn task_netns(_: &Sysroot, _: Option<&HashSet<Pid>>) -> BTreeMap<NetNs, Vec<Pid>> {
    BTreeMap::new()
}

/// The sockets of the one place there is.
pub fn sockets_near(
    root: &Sysroot,
    _: NetNs,
    _: &[Pid],
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    tables::sockets(root, Source::Mib2, ask, sink)
}

/// A socket cannot be asked itself without stopping its holder, which we never do.
///
/// # Errors
/// Always.
pub fn ask_socket(
    _: &Sysroot,
    _: Pid,
    _: bool,
    _: u32,
    _: Inode,
) -> io::Result<(AskedSocket, Option<State>)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// As [`ask_socket`].
///
/// # Errors
/// Always.
pub fn socket_filter(_: &Sysroot, _: &Owner, _: Inode) -> io::Result<Option<Filter>> {
    Err(io::ErrorKind::Unsupported.into())
}
