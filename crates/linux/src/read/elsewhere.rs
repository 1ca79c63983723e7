//! Sockets of other network namespaces: the tables of those that processes are in, and any
//! one socket asked itself, wherever it lives.

use super::ask::{SocketAsk, Told};
use super::processes::pids;
use super::tables::{Stand, sockets_in};
use super::{observer, pidfd};
use crate::parse::links;
use crate::sys;
use model::asked::AskedSocket;
use model::{Gaps, Inode, NetNs, Pid, Socket, Source, State};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use sysroot::Sysroot;

/// The network namespaces processes are in, the reader's own left out, each with one process.
/// Those that only a thread, a mount, a descriptor or a socket keeps are not among them.
#[must_use]
pub fn task_netns(root: &Sysroot) -> BTreeMap<NetNs, Pid> {
    let own = observer::netns(root);
    let mut found = BTreeMap::new();
    for pid in pids(root, &mut Gaps::new()) {
        // One that is gone or refuses: whoever reads its descriptors tells of that.
        let link = root.link(format!("/proc/{pid}/ns/net")).unwrap_or_default();
        if let Some(netns) = links::netns(&link).filter(|netns| Some(*netns) != own) {
            found.entry(netns).or_insert(pid);
        }
    }
    found
}

/// Sockets of the namespace a process is in, by the text tables under its directory.
pub fn sockets_near(
    root: &Sysroot,
    netns: NetNs,
    pid: Pid,
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let stand = Stand {
        netns: Some(netns),
        // A stand names a place for as long as the program runs: a few bytes a namespace.
        net: Box::leak(format!("/proc/{pid}/net").into_boxed_str()),
    };
    sockets_in(&stand, root, Source::Procfs, ask, sink)
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
            pidfd::ask(copy.as_fd(), inode),
            state,
        ))?);
        Ok(())
    };
    root.answer(&format!("socket/{inode}"), ask, &mut |bytes| {
        kept.extend_from_slice(bytes);
    })?;
    Ok(serde_json::from_slice(&kept)?)
}
