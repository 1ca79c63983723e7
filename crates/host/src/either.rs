//! Linux, and recordings made on Solaris.

pub use model::ask::{FilesAsk, Holdings, KernelFiles, Observer, SocketAsk, Table, Told, WalkAsk};
use model::{Foreign, Gaps, IfIndex, Mount, NetNs, Pid, Process, Socket, Source, Uid};
use std::collections::BTreeMap;
use std::net::IpAddr;
use sysroot::Sysroot;

pub use linux::*;

pub mod read;

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

/// Gives every process asked for with its open files, ordered by pid.
pub fn files(root: &Sysroot, ask: &FilesAsk, sink: &mut dyn FnMut(Process, Vec<Table>)) -> Told {
    match solaris::is_recording(root) {
        true => solaris::files(root, ask, sink),
        false => linux::files(root, ask, sink),
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
