//! Sockets that nobody holds and that were asked for: they are probably in a message that
//! waits, unread, on somebody's unix socket. The kernel tells that descriptors wait there, and
//! not which.

use crate::sockets::Sockets;
use model::ask::{Told, WalkAsk};
use model::{FileKind, Held, Inode, OpenFile, Pid, Process, Slot, Socket};
use std::collections::{BTreeMap, HashSet};
use sysroot::Sysroot;

/// A socket, and somebody in whose messages it may be.
pub(crate) struct Guess<'a> {
    pub(crate) process: Process,
    pub(crate) tid: Option<Pid>,
    pub(crate) file: OpenFile,
    pub(crate) socket: &'a Socket,
}

/// Everybody who may have one of these sockets in flight. `missed` are the places of those that
/// hang on no descriptor that was looked at; whoever was not looked at is asked for them first.
pub(crate) fn guesses<'a>(
    root: &Sysroot,
    sockets: &'a Sockets,
    missed: &HashSet<usize>,
) -> (Vec<Guess<'a>>, Told) {
    let missed: Vec<&Socket> = sockets
        .iter()
        .enumerate()
        .filter_map(|(at, socket)| missed.contains(&at).then_some(socket))
        .collect();
    let ask = WalkAsk {
        inodes: Some(missed.iter().map(|socket| socket.inode).collect()),
        strangers_to: None,
        deep: true,
    };
    let found = host::holdings(root, &ask);
    let held: HashSet<Inode> = found.holdings.iter().map(|it| it.inode).collect();
    let processes: BTreeMap<_, &Process> = found.processes.iter().map(|it| (it.id, it)).collect();
    let own = host::netns(root);
    let mut guesses = Vec::new();
    for holding in &found.holdings {
        let Held::InFlight { via, .. } = holding.owner.held else {
            continue;
        };
        let Some(process) = processes.get(&holding.owner.id) else {
            continue;
        };
        let near = |socket: &&&Socket| socket.netns.or(own) == process.netns.or(own);
        let loose = missed.iter().filter(|socket| !held.contains(&socket.inode));
        guesses.extend(loose.filter(near).map(|socket| Guess {
            process: (*process).clone(),
            tid: holding.owner.tid,
            file: file(via, socket.inode),
            socket,
        }));
    }
    (guesses, found.told)
}

fn file(via: u32, inode: Inode) -> OpenFile {
    let name = format!("socket:[{inode}]");
    let slot = Slot::InFlight(via);
    let mut file = OpenFile::new(slot, FileKind::Socket, name.as_str().into());
    file.inode = Some(inode);
    file
}
