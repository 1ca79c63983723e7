//! Sockets of other network namespaces: the tables of those that processes are in, and any
//! one socket asked itself, wherever it lives.

use super::ask::{SocketAsk, Told};
use super::processes::pids;
use super::tables::{Stand, sockets_in};
use super::{observer, order, pidfd};
use crate::parse::{bpf, links};
use crate::sys;
use model::asked::AskedSocket;
use model::{Filter, Gaps, Held, Inode, NetNs, Owner, Pid, Socket, Source, State};
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::os::fd::AsFd;
use sysroot::Sysroot;

/// The network namespaces these processes are in (all processes, where none are named), the
/// reader's own left out, each with its processes. Those that only a thread, a mount, a
/// descriptor or a socket keeps are not among them.
#[must_use]
pub fn task_netns(root: &Sysroot, only: Option<&HashSet<Pid>>) -> BTreeMap<NetNs, Vec<Pid>> {
    let own = observer::netns(root);
    let mut found: BTreeMap<NetNs, Vec<Pid>> = BTreeMap::new();
    let pids = match only {
        Some(only) => only.iter().copied().collect(),
        None => pids(root, &mut Gaps::new()),
    };
    for pid in pids {
        // One that is gone or refuses: whoever reads its descriptors tells of that.
        if let Some(netns) = netns(root, pid).filter(|netns| Some(*netns) != own) {
            found.entry(netns).or_default().push(pid);
        }
    }
    found
}

fn netns(root: &Sysroot, pid: Pid) -> Option<NetNs> {
    links::netns(&root.link(format!("/proc/{pid}/ns/net")).ok()?)
}

/// Sockets of the namespace these processes are in, by the text tables under the directory of
/// the first that stays in it until they are read. Where none does there is nothing to tell:
/// no process is in that namespace any more.
pub fn sockets_near(
    root: &Sysroot,
    namespace: NetNs,
    pids: &[Pid],
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    for pid in pids {
        let stand = Stand {
            netns: Some(namespace),
            // A stand names a place for as long as the program runs: a few bytes a namespace.
            net: Box::leak(format!("/proc/{pid}/net").into_boxed_str()),
        };
        let mut sockets = Vec::new();
        let told = sockets_in(&stand, root, Source::Procfs, ask, &mut |socket| {
            sockets.push(socket);
        });
        // A number may have become another process's meanwhile, and a zombie is in none.
        if netns(root, *pid) == Some(namespace) {
            sockets.into_iter().for_each(sink);
            return told;
        }
    }
    Told::default()
}

/// Asks one socket through a copy of a descriptor of it (`pidfd_getfd(2)`, Linux 5.6), which
/// is closed at once: what it is, and the state of its connection where it is TCP.
///
/// # Errors
/// `EPERM` without the right to trace its holder, `ENOSYS` before Linux 5.6, `EBADF` and
/// `ESRCH` where it is closed by now; from a recording `NotFound` where it was not asked.
pub fn ask_socket(
    root: &Sysroot,
    task: Pid,
    thread: bool,
    fd: u32,
    inode: Inode,
) -> io::Result<(AskedSocket, Option<State>)> {
    let mut kept = Vec::new();
    let ask = |sink: &mut dyn FnMut(&[u8])| {
        let holder = sys::pidfd_open(task, thread)?;
        let copy = sys::pidfd_getfd(holder.as_fd(), fd)?;
        let mut state = [0];
        let level = libc::IPPROTO_TCP;
        // The first byte of `struct tcp_info` (include/uapi/linux/tcp.h).
        let told = sys::option(copy.as_fd(), level, libc::TCP_INFO, &mut state);
        let [number] = state;
        let state = told.ok().map(|_| State::from_number(number));
        sink(&serde_json::to_vec(&(
            pidfd::ask(copy.as_fd(), inode, pidfd::netns_of(copy.as_fd()).ok()),
            state,
        ))?);
        Ok(())
    };
    root.answer(&format!("socket/{inode}"), ask, &mut |bytes| {
        kept.extend_from_slice(bytes);
    })?;
    Ok(serde_json::from_slice(&kept)?)
}

/// The classic BPF filter on a socket no table tells it of (`SO_GET_FILTER`, through a copy of a
/// descriptor of its owner); none where it has none.
///
/// # Errors
/// As [`ask_socket`]; `InvalidInput` where the owner holds it by no descriptor.
pub fn socket_filter(root: &Sysroot, owner: &Owner, inode: Inode) -> io::Result<Option<Filter>> {
    let Held::Fd { fd } = owner.held else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let task = owner.tid.unwrap_or(owner.id.pid);
    let (asked, _) = ask_socket(root, task, owner.tid.is_some(), fd, inode)?;
    let program = asked.program.filter(|it| !it.as_bytes().is_empty());
    Ok(program.map(|it| bpf::filter(it.as_bytes(), order(root))))
}
