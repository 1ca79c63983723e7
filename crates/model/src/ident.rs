//! Numbers that name a thing. Newtypes, so that a pid is never taken for an inode.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($of:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $of);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

names! {
    /// A process or thread number in the reader's pid namespace.
    Pid(u32);
    /// A socket's or file's inode number; 0 where the kernel has none (TIME_WAIT).
    Inode(u64);
    /// The socket cookie of `SO_COOKIE` and sock_diag: unique for the life of the kernel.
    Cookie(u64);
    /// A network namespace, named by its inode on nsfs (`net:[4026531833]`).
    NetNs(u64);
    /// A user number as the reader's user namespace sees it.
    Uid(u32);
    /// A network interface's index; 0 is "no interface".
    IfIndex(u32);
}

/// A process for good: the pid together with the start time, since pids are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The process number.
    pub pid: Pid,
    /// Start time: on Linux clock ticks since boot (field 22 of `/proc/PID/stat`), on Solaris
    /// nanoseconds since 1970 (`pr_start` of `psinfo`).
    pub start: u64,
}
