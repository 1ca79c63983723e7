//! What the testimony about one port amounts to.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the testimony about one port amounts to. `docs/FINDINGS.md` has a page for each.
///
/// The order is that of the report: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// The port is taken or answers, and no table lists it.
    HiddenFromTables,
    /// sock_diag lists it, the text tables do not.
    HiddenFromProcfs,
    /// The text tables list it, sock_diag does not.
    HiddenFromNetlink,
    /// A process answers system calls and is not listed in `/proc`.
    HiddenProcess,
    /// What `/proc` shows is not what the kernel mounted there.
    ProcTampered,
    /// The kernel counts more than it lists.
    CounterMismatch,
    /// Open from elsewhere; the host itself knows nothing of it.
    RemoteOnly,
    /// Listed with an inode, and no process was found that holds it.
    OwnerUnknown,
    /// It answers here although nothing has the number: traffic is led to another port.
    Steered,
    /// A listener that does not answer on the address it is bound to.
    SilentListener,
    /// It reads frames or raw packets; it is no port.
    Sniffer,
    /// The other side of a filter sees it filtered or closed.
    FilteredRemote,
    /// Its owner may be among processes whose descriptors we were refused.
    OwnerUnreadable,
    /// Its owner may be outside the pid namespace we run in.
    OwnerOutsidePidns,
    /// The ways of asking do not suffice for a verdict; the evidence says what was missing.
    Limited,
    /// Held only by a thread that has a descriptor table of its own.
    OwnerThread,
    /// Held only as a fixed file of an io_uring.
    OwnerIoUring,
    /// Probably held only by a message that nobody has received yet.
    OwnerInFlight,
    /// It lives in another network namespace.
    OtherNetns,
    /// Bound to a port, and neither listening nor connected.
    BoundNotListening,
    /// The kernel itself holds it, for a named service that exists.
    KernelSocket,
    /// Connections no process can have any more, or not yet: inode 0.
    NoProcessByNature,
    /// It came or went while we looked.
    Transient,
    /// All who could see it see it, and its owner is known.
    Agree,
}

/// How much a verdict weighs in the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Nothing to explain.
    Fine,
    /// Explained, and worth reading.
    Note,
    /// No contradiction, but somebody could not look: exit 3.
    Limited,
    /// Unexplained: a finding, exit 1.
    Finding,
}

/// Every verdict with its name and weight.
const ALL: &[(Verdict, &str, Weight)] = &[
    (
        Verdict::HiddenFromTables,
        "HIDDEN_FROM_TABLES",
        Weight::Finding,
    ),
    (
        Verdict::HiddenFromProcfs,
        "HIDDEN_FROM_PROCFS",
        Weight::Finding,
    ),
    (
        Verdict::HiddenFromNetlink,
        "HIDDEN_FROM_NETLINK",
        Weight::Finding,
    ),
    (Verdict::HiddenProcess, "HIDDEN_PROCESS", Weight::Finding),
    (Verdict::ProcTampered, "PROC_TAMPERED", Weight::Finding),
    (
        Verdict::CounterMismatch,
        "COUNTER_MISMATCH",
        Weight::Finding,
    ),
    (Verdict::RemoteOnly, "REMOTE_ONLY", Weight::Finding),
    (Verdict::OwnerUnknown, "OWNER_UNKNOWN", Weight::Finding),
    (Verdict::Steered, "STEERED", Weight::Finding),
    (Verdict::SilentListener, "SILENT_LISTENER", Weight::Note),
    (Verdict::Sniffer, "SNIFFER", Weight::Note),
    (Verdict::FilteredRemote, "FILTERED_REMOTE", Weight::Note),
    (
        Verdict::OwnerUnreadable,
        "OWNER_UNREADABLE",
        Weight::Limited,
    ),
    (
        Verdict::OwnerOutsidePidns,
        "OWNER_OUTSIDE_PIDNS",
        Weight::Limited,
    ),
    (Verdict::Limited, "LIMITED", Weight::Limited),
    (Verdict::OwnerThread, "OWNER_THREAD", Weight::Note),
    (Verdict::OwnerIoUring, "OWNER_IO_URING", Weight::Note),
    (Verdict::OwnerInFlight, "OWNER_IN_FLIGHT", Weight::Note),
    (Verdict::OtherNetns, "OTHER_NETNS", Weight::Note),
    (
        Verdict::BoundNotListening,
        "BOUND_NOT_LISTENING",
        Weight::Fine,
    ),
    (Verdict::KernelSocket, "KERNEL_SOCKET", Weight::Fine),
    (
        Verdict::NoProcessByNature,
        "NO_PROCESS_BY_NATURE",
        Weight::Fine,
    ),
    (Verdict::Transient, "TRANSIENT", Weight::Fine),
    (Verdict::Agree, "AGREE", Weight::Fine),
];

impl Verdict {
    /// All of them, the worst first.
    pub fn all() -> impl Iterator<Item = Verdict> {
        ALL.iter().map(|row| row.0)
    }

    /// The code used in reports and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// How much it weighs in the exit code.
    #[must_use]
    pub fn weight(self) -> Weight {
        ALL.iter()
            .find(|row| row.0 == self)
            .map_or(Weight::Finding, |row| row.2)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_in_order() {
        for pair in ALL.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} {}", pair[0].1, pair[1].1);
        }
        for verdict in Verdict::all() {
            let json = serde_json::to_string(&verdict).unwrap();
            assert_eq!(json, format!("\"{verdict}\""));
        }
        assert_eq!(Verdict::all().last(), Some(Verdict::Agree));
    }

    #[test]
    fn only_the_unexplained_is_a_finding() {
        assert_eq!(Verdict::OwnerThread.weight(), Weight::Note);
        assert_eq!(Verdict::Transient.weight(), Weight::Fine);
        assert_eq!(Verdict::OwnerUnknown.weight(), Weight::Finding);
        assert_eq!(Verdict::OwnerUnreadable.weight(), Weight::Limited);
    }
}
