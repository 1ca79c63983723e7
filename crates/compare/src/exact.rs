//! What sock_diag says when it is asked for one socket alone: a witness to ports in doubt, and
//! the one that still knows the socket where every listing is filtered.

use crate::evidence::list;
use crate::snapshot::Snapshot;
use model::{Inode, Proto, Socket};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// What was given for a port at the addresses that concern somebody, a line a socket.
pub(crate) fn lines(
    snapshot: &Snapshot,
    port: (Proto, u16),
    concerns: impl Fn(IpAddr) -> bool,
) -> Vec<String> {
    let mut given: BTreeMap<Option<SocketAddr>, Vec<IpAddr>> = BTreeMap::new();
    let asked = snapshot.alone.get(&port).into_iter().flatten();
    for (&addr, socket) in asked.filter(|(addr, _)| concerns(**addr)) {
        let inet = socket.as_ref().and_then(|socket| socket.kind.inet());
        let whose = inet.map(|inet| SocketAddr::new(inet.local, inet.port));
        given.entry(whose).or_default().push(addr);
    }
    if given.len() > 1 {
        // Where one address gives a socket it is no news that others do not.
        given.remove(&None);
    }
    let line = |(whose, addrs): (Option<SocketAddr>, Vec<IpAddr>)| {
        let what = whose.map_or("none".to_owned(), |whose| format!("the socket of {whose}"));
        let addrs = list(&addrs);
        format!("netlink-exact: asked for it alone at {addrs}, {what}")
    };
    given.into_iter().map(line).collect()
}

/// The sockets with this very port that were given.
pub(crate) fn sockets(snapshot: &Snapshot, port: (Proto, u16)) -> BTreeMap<Inode, &Socket> {
    let asked = snapshot.alone.get(&port).into_iter().flatten();
    let sockets = asked.filter_map(|(_, socket)| socket.as_deref());
    let has = |socket: &&Socket| {
        let inet = socket.kind.inet();
        inet.is_some_and(|inet| (inet.proto, inet.port) == port)
    };
    sockets
        .filter(has)
        .map(|socket| (socket.inode, socket))
        .collect()
}
