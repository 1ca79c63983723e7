//! Processes that exist, whether `/proc` lists them or not.

use crate::Pid;
use crate::procfs::ListingSign;
use serde::{Deserialize, Serialize};

/// What asking for every number told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Processes listed by `/proc`.
    pub listed: u64,
    /// Processes found by asking; their threads are not among them.
    pub found: Vec<Pid>,
    /// Threads found by asking.
    pub threads: Vec<Pid>,
    /// The highest number asked for: beyond the last one given out and the highest one listed.
    pub last: u32,
    /// The calls that were asked, in the order of [`HiddenPid::answered`].
    pub oracles: Vec<String>,
    /// Processes that exist and are not listed, each found in every round.
    pub hidden: Vec<HiddenPid>,
    /// Signs that a listing was rewritten after the kernel made it.
    pub signs: Vec<ListingSign>,
}

/// A process that exists and is not listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HiddenPid {
    /// Its number.
    pub pid: Pid,
    /// The calls that answered for it, by name.
    pub answered: Vec<String>,
    /// The calls that say there is no such process.
    pub denied: Vec<String>,
}
