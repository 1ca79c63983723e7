//! Processes, and how they hold what they hold.

use crate::{Foreign, Inode, NetNs, Pid, ProcessId, Uid};
use serde::{Deserialize, Serialize};

/// A process as its kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Pid and start time.
    #[serde(flatten)]
    pub id: ProcessId,
    /// Parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ppid: Option<Pid>,
    /// Process group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pgid: Option<Pid>,
    /// Real user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// The kernel's name for it (at most 15 bytes); chosen by the process.
    pub comm: Foreign,
    /// Arguments, each ended by a NUL as the kernel keeps them; chosen by the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmdline: Option<Foreign>,
    /// The program file; ` (deleted)` at its end is the kernel's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<Foreign>,
    /// The network namespace of the leader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// Whether this is a thread of the kernel itself (`PF_KTHREAD`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kernel_thread: bool,
    /// The zone it runs in (Solaris).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<crate::ZoneId>,
}

/// How a process holds a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Held {
    /// An ordinary descriptor.
    Fd {
        /// Descriptor number.
        fd: u32,
    },
    /// A fixed file of an io_uring; the descriptor itself may be closed.
    IoUring {
        /// Descriptor of the ring.
        ring: u32,
        /// Index in the ring's file table.
        slot: u32,
    },
    /// In messages not yet received on a unix socket. The kernel tells how many descriptors
    /// wait there (`scm_fds`), not which: the inode of such a holding is 0.
    InFlight {
        /// Descriptor of the unix socket that holds the messages.
        via: u32,
        /// How many descriptors wait.
        count: u64,
    },
    /// Mapped into memory (a packet ring), the descriptor closed.
    Mapped,
}

/// A process that holds a socket. What else is known of it stands once, in its [`Process`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// Pid and start time.
    #[serde(flatten)]
    pub id: ProcessId,
    /// The thread whose own descriptor table holds it, where that is not the leader's table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<Pid>,
    /// The kernel's name for the process.
    pub comm: Foreign,
    /// Real user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// Where it holds it.
    #[serde(flatten)]
    pub held: Held,
}

/// One find of the owner walk: this owner holds this socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holding {
    /// The socket's inode; 0 for descriptors in flight.
    pub inode: Inode,
    /// Who holds it, and how.
    #[serde(flatten)]
    pub owner: Owner,
}
