//! The process behind an owner: is it what it says it is?

use crate::{Foreign, Pid, ProcessId};
use serde::{Deserialize, Serialize};

/// What is worth knowing of a process that holds a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind {
    /// Pid and start time.
    #[serde(flatten)]
    pub id: ProcessId,
    /// Parents, nearest first, up to the first that is not there: pid and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<(Pid, Foreign)>,
    /// The program file, without the kernel's ` (deleted)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<Foreign>,
    /// What is unusual about it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// Libraries that are worth a look, in the order of their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<Library>,
    /// Its cgroup (the unified one, else the first), which names unit or container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<Foreign>,
    /// The container the cgroup tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// Its number in each pid namespace it is in, ours first (`NSpid`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ns_pids: Vec<Pid>,
    /// Current directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Foreign>,
}

/// Something unusual about a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "flag", rename_all = "snake_case")]
pub enum Flag {
    /// Its program file is deleted (or replaced: an update does that too).
    ExeDeleted,
    /// Its program was never a file.
    ExeMemfd,
    /// It calls itself a thread of the kernel, `[kworker/0:1]`, and is none.
    FakeKernelThread,
    /// Its environment has a library loaded first.
    Preload {
        /// `LD_PRELOAD` or `LD_AUDIT`.
        name: String,
        /// What it is set to.
        value: Foreign,
    },
    /// Memory that is both writable and code, backed by no file.
    WritableCode {
        /// How many such regions.
        regions: u64,
    },
}

/// A mapped library worth a look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Library {
    /// Its path.
    pub path: Foreign,
    /// Why.
    pub why: LibraryReason,
}

/// Why a library is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LibraryReason {
    /// Its file is deleted or replaced.
    Deleted,
    /// It was never a file.
    Memfd,
    /// It is outside the directories packages put libraries in.
    Foreign,
}

/// What a cgroup tells of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Who runs it: `docker`, `containerd`, `podman`, `lxc`, `kubernetes`, `nspawn`.
    pub engine: String,
    /// Its id or name.
    pub id: Foreign,
}
