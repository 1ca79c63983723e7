//! Signs that what stands at `/proc` is not the kernel's word.

use crate::{Foreign, Pid};
use serde::{Deserialize, Serialize};

/// What was found when `/proc` was asked who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcIdentity {
    /// Signs of tampering, in order.
    pub signs: Vec<ProcSign>,
    /// Mounts in `/proc` that are of everyday use, and why they are.
    pub benign: Vec<ProcMount>,
    /// `hidepid=` of the mount, where it is not 0: processes of others are not listed to
    /// those without the right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidepid: Option<Foreign>,
    /// Whether `statmount` and `listmount` (Linux 6.8) told the mounts, beside mountinfo.
    pub by_statmount: bool,
    /// Mount namespaces whose mountinfo was read.
    pub namespaces: u64,
    /// Processes whose directory was compared with its listing.
    pub processes: u64,
}

/// A mount at or below `/proc`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcMount {
    /// Where.
    pub point: Foreign,
    /// Type of its file system.
    pub kind: Foreign,
    /// What of that file system is mounted there.
    pub root: Foreign,
    /// The mount namespace it is in, by a process that is in it; none where our own
    /// `listmount` told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<Pid>,
    /// Why it is of no concern, where it is of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One sign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "sign", rename_all = "snake_case")]
pub enum ProcSign {
    /// A place is on no procfs.
    NotProcfs {
        /// Where.
        place: String,
        /// `f_type` found there.
        magic: u64,
    },
    /// A place is reached only over another mount.
    Crossing {
        /// Where.
        place: String,
    },
    /// Something is mounted at or below `/proc/net` or a process.
    Mounted(ProcMount),
    /// `/proc/self` does not lead to us.
    SelfElsewhere {
        /// Our process.
        pid: Pid,
        /// What the link says; none where there is no such link.
        link: Option<Foreign>,
    },
    /// Two ways to the same table are not the same file, or give different rows.
    NetDiffers {
        /// One place.
        place: String,
        /// The other.
        other: String,
    },
    /// A process' directory is not the one listed.
    OtherInode {
        /// The process.
        pid: Pid,
        /// Inode in the listing.
        listed: u64,
        /// Inode found.
        found: u64,
    },
    /// Two processes have one directory.
    SameDirectory {
        /// One.
        pid: Pid,
        /// The other.
        other: Pid,
    },
    /// A process' `stat` names another one.
    OtherPid {
        /// The process asked.
        pid: Pid,
        /// The one its `stat` is of; none where it is of none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        says: Option<Pid>,
    },
    /// A listing came in a buffer that somebody else had written to.
    Listing(ListingSign),
}

/// What is wrong with a raw directory listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ListingSign {
    /// A record is longer than its name needs: a name was swallowed. `carved` is what stands
    /// in the slack.
    LongRecord {
        /// The name before the slack.
        name: Foreign,
        /// The name in the slack, where one can be read there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carved: Option<Foreign>,
    },
    /// Bytes after the end of the answer were written to. `carved` are names among them.
    DirtyTail {
        /// Names in the tail.
        carved: Vec<Foreign>,
    },
    /// The records do not fill the answer.
    Cut,
}
