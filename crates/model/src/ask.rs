//! What can be asked, and what comes back beside the rows.

use crate::{
    Coverage, Family, Foreign, Gaps, Inode, InodeSet, NetNs, OpenFile, Pid, Proto, State, Uid,
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A set of TCP states, a bit each at the kernel's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States(pub u32);

impl States {
    /// All, those that only sock_diag tells included.
    pub const ALL: States = States(u32::MAX);

    /// Only these.
    #[must_use]
    pub fn of(states: &[State]) -> States {
        States(states.iter().fold(0, |bits, state| bits | bit(*state)))
    }

    /// Whether a state is among them.
    #[must_use]
    pub fn has(self, state: State) -> bool {
        self.0 & bit(state) != 0
    }
}

fn bit(state: State) -> u32 {
    1u32.checked_shl(state.number().into()).unwrap_or(0)
}

/// Which sockets are asked for.
#[derive(Clone, Debug)]
pub struct SocketAsk {
    /// Families, with the transport for the internet ones; read in this order.
    pub tables: Vec<(Family, Option<Proto>)>,
    /// States, for the internet ones. The kernel filters where it can.
    pub states: States,
    /// Only internet sockets of this local port. The kernel filters where it can.
    pub port: Option<u16>,
}

/// Which holders of sockets are asked for.
#[derive(Clone, Debug, Default)]
pub struct WalkAsk {
    /// Only holders of these; none means of any socket.
    pub inodes: Option<HashSet<Inode>>,
    /// Beside those also holders of any socket that is not among these: of one in no table
    /// that was read.
    pub strangers_to: Option<InodeSet>,
    /// Also messages in flight and mapped rings, which cost further readings of every
    /// process. Threads with tables of their own and io_uring files are always looked at.
    pub deep: bool,
}

/// Which open files are asked for.
#[derive(Clone, Debug, Default)]
pub struct FilesAsk {
    /// Only these processes; none means all.
    pub pids: Option<HashSet<Pid>>,
    /// Only descriptors, and of these only sockets, without stat or fdinfo.
    pub sockets_only: bool,
    /// Also threads with tables of their own.
    pub threads: bool,
    /// Also the flags of sockets, which cost a reading each.
    pub flags: bool,
    /// Of a pipe without a name, only which end a descriptor is, and its locks: no flags.
    pub brief_pipes: bool,
    /// Of these sockets, whether messages wait on them that hold descriptors.
    pub messages: HashSet<Inode>,
    /// Files below these directories are listed by name and not asked about.
    pub exempt: Vec<Foreign>,
}

/// Whether anything of a process can be meant, by what it is; none where that decides nothing.
pub type Meant<'a> = Option<&'a (dyn Fn(&crate::Process) -> bool + Sync)>;

/// Files the kernel itself uses, without any process.
#[derive(Clone, Debug, Default)]
pub struct KernelFiles {
    /// What is mounted where.
    pub mounts: Vec<crate::Mount>,
    /// Paths of files and devices swapped on.
    pub swaps: Vec<Vec<u8>>,
    /// Loop devices, each with the path of the file under it.
    pub loops: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What the owner walk found.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// Who holds what, ordered by inode, pid, thread, place.
    pub holdings: Vec<crate::process::Holding>,
    /// The holders, ordered by pid.
    pub processes: Vec<crate::Process>,
    /// Descriptors of sockets that are known by their addresses alone (Solaris 11.4).
    pub named: Vec<crate::file::FileRow>,
    /// Gaps, and how many processes were walked.
    pub told: Told,
}

/// What an answer holds beside its rows.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Places not seen.
    pub gaps: Gaps,
    /// What was looked at to the end.
    pub coverage: Coverage,
}

/// Who is asking: what this process itself may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observer {
    /// Its effective user.
    pub uid: Option<Uid>,
    /// Its effective capabilities, as `CapEff` has them.
    pub capabilities: Option<u64>,
    /// Its network namespace.
    pub netns: Option<NetNs>,
    /// Its pid namespace's inode.
    pub pidns: Option<u64>,
    /// Its mount namespace's inode.
    pub mntns: Option<u64>,
    /// Its user namespace's inode.
    pub userns: Option<u64>,
    /// Its zone (Solaris).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<crate::ZoneId>,
    /// `/proc/sys/kernel/osrelease`.
    pub kernel: Option<Foreign>,
    /// `/proc/sys/kernel/hostname`.
    pub hostname: Option<Foreign>,
}

/// One descriptor table of a process and what hangs on it.
#[derive(Clone, Debug)]
pub struct Table {
    /// The thread whose own table it is; none for the leader's, which also has the
    /// current directory, the root, the program and the mapped files.
    pub tid: Option<Pid>,
    /// The open files, in lsof's order: cwd, rtd, txt, mem, descriptors.
    pub files: Vec<OpenFile>,
}
