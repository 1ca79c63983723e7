//! Linux, and recordings made on Solaris.

use model::ask::{
    FilesAsk, Holdings, KernelFiles, Meant, Observer, SocketAsk, Table, Told, WalkAsk,
};
use model::asked::AskedSocket;
use model::{
    Filter, Foreign, Gaps, IfIndex, Inode, Mount, NetNs, Owner, Pid, Process, Socket, Source,
    State, Uid,
};
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::sync::OnceLock;
use sysroot::Sysroot;

pub(crate) mod read;

pub(crate) use linux::session;

/// Gives every socket asked for, in the kernel's order, by one source.
pub fn sockets(root: &Sysroot, via: Source, ask: &SocketAsk, sink: &mut dyn FnMut(Socket)) -> Told {
    match solaris::is_recording(root) {
        true => solaris::sockets(root, via, ask, sink),
        false => linux::sockets(root, via, ask, sink),
    }
}

/// Finds every holding asked for.
#[must_use]
pub fn holdings(root: &Sysroot, ask: &WalkAsk) -> Holdings {
    match solaris::is_recording(root) {
        true => solaris::holdings(root, ask),
        false => linux::holdings(root, ask),
    }
}

/// The same where it is not known yet which sockets are meant; somebody must set `ask`.
#[must_use]
pub fn holdings_once(root: &Sysroot, ask: &OnceLock<WalkAsk>) -> Holdings {
    match solaris::is_recording(root) {
        true => solaris::holdings_once(root, ask),
        false => linux::holdings_once(root, ask),
    }
}

/// Gives every process asked for with its open files, ordered by pid. Of a process that is not
/// `meant` nothing is read but what it is.
pub fn files(
    root: &Sysroot,
    ask: &FilesAsk,
    meant: Meant<'_>,
    sink: &mut dyn FnMut(Process, Vec<Table>),
) -> Told {
    match solaris::is_recording(root) {
        true => solaris::files(root, ask, meant, sink),
        false => linux::files(root, ask, meant, sink),
    }
}

/// Gives the sockets of the namespace these processes are in.
pub fn sockets_near(
    root: &Sysroot,
    netns: NetNs,
    pids: &[Pid],
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    match solaris::is_recording(root) {
        true => solaris::sockets_near(root, netns, pids, ask, sink),
        false => linux::sockets_near(root, netns, pids, ask, sink),
    }
}

/// Asks one socket what it is.
///
/// # Errors
/// As the platform's.
pub fn ask_socket(
    root: &Sysroot,
    task: Pid,
    thread: bool,
    fd: u32,
    inode: Inode,
) -> io::Result<(AskedSocket, Option<State>)> {
    match solaris::is_recording(root) {
        true => solaris::ask_socket(root, task, thread, fd, inode),
        false => linux::ask_socket(root, task, thread, fd, inode),
    }
}

/// The filter on a socket that no table tells it of.
///
/// # Errors
/// As the platform's.
pub fn socket_filter(root: &Sysroot, owner: &Owner, inode: Inode) -> io::Result<Option<Filter>> {
    match solaris::is_recording(root) {
        true => solaris::socket_filter(root, owner, inode),
        false => linux::socket_filter(root, owner, inode),
    }
}

macro_rules! either {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(root: &Sysroot, $($argument: $type),*) -> $result {
            match solaris::is_recording(root) {
                true => solaris::$name(root, $($argument),*),
                false => linux::$name(root, $($argument),*),
            }
        }
    )* };
}

either! {
    /// What a process is, if it is still there and tells.
    process(pid: Pid) -> Option<Process>;
    /// The files the kernel itself uses.
    kernel_files() -> (KernelFiles, Gaps);
    /// What is mounted where.
    mounts() -> (Vec<Mount>, Gaps);
    /// Network namespaces that processes are in, or only these, our own left out.
    task_netns(only: Option<&HashSet<Pid>>) -> BTreeMap<NetNs, Vec<Pid>>;
    /// Names of the interfaces.
    interfaces() -> (BTreeMap<IfIndex, Foreign>, Gaps);
    /// Addresses of the host.
    local_addrs() -> (Vec<(IpAddr, IfIndex)>, Gaps);
    /// The reader's network namespace.
    netns() -> Option<NetNs>;
    /// What this process itself may see.
    observer() -> (Observer, Gaps);
    /// User names from the host's `/etc/passwd`: not to be trusted.
    users() -> BTreeMap<Uid, Foreign>;
}
