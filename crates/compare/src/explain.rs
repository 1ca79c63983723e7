//! The explanation catalogue: for each pattern of testimony the causes, ranked, and the one
//! thing to do next. A cause that something seen rules out is not printed. Each kind of system
//! has a table of its own.

mod linux;
mod solaris;
#[cfg(test)]
pub(crate) mod tests;

use crate::system::System;
use crate::verdict::Verdict;
use serde::{Serialize, Serializer};
use std::fmt;

/// What each witness says of a port, a letter each: text tables, netlink, owner walk, bind
/// probe, local connect, remote scan; then the private procfs, and the walk over copies of
/// descriptors. `Y` yes, `n` no, `u` in use, `f` free, `.` not asked or blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Text tables.
    pub text: char,
    /// sock_diag.
    pub netlink: char,
    /// Owner walk.
    pub owner: char,
    /// Bind probe.
    pub bind: char,
    /// Local connect.
    pub local: char,
    /// Remote scan.
    pub remote: char,
    /// Text tables through a procfs of our own.
    pub private: char,
    /// Owner walk without procfs.
    pub copies: char,
}

impl Vector {
    /// Nobody was asked.
    pub const BLIND: Vector = Vector {
        text: '.',
        netlink: '.',
        owner: '.',
        bind: '.',
        local: '.',
        remote: '.',
        private: '.',
        copies: '.',
    };

    fn letters(self) -> [char; 8] {
        [
            self.text,
            self.netlink,
            self.owner,
            self.bind,
            self.local,
            self.remote,
            self.private,
            self.copies,
        ]
    }

    /// The letters of the witnesses that this kind of system has.
    #[must_use]
    pub fn shown(self, system: System) -> String {
        let all = self.letters();
        match system.is_solaris() {
            false => all.iter().collect(),
            true => [self.text, self.owner, self.bind, self.local, self.remote]
                .iter()
                .collect(),
        }
    }

    /// Whether nothing in it speaks against a pattern, which may name the first letters only.
    fn fits(self, pattern: &str) -> bool {
        self.letters()
            .into_iter()
            .zip(pattern.chars())
            .all(|(is, wanted)| is == wanted || is == '.' || wanted == '.')
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.letters().iter().collect::<String>())
    }
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Something seen that rules causes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// The walk was refused nothing.
    AllReadable,
    /// We run in the machine's first pid namespace.
    FirstPidns,
    /// Threads' own tables and io_uring files were looked at.
    WalkedDeep,
    /// No descriptors wait in messages.
    NothingInFlight,
    /// The kernel tells of bound sockets, and tells of none here.
    BoundTold,
    /// Tables and probes were asked in one namespace.
    OneNetns,
    /// The difference outlived three sandwich rounds.
    Confirmed,
    /// It is TCP.
    Tcp,
    /// sock_diag answers for other sockets of this table.
    DiagWorks,
    /// The listener's queue has room.
    QueueHasRoom,
    /// It is bound to no device.
    NoDevice,
    /// It was asked on the address it is bound to.
    AskedOnItsAddress,
    /// No filter and no minimum TTL is on the socket itself.
    NoSocketFilter,
    /// The walk over copies of descriptors found every process it could, and was refused none.
    CopiesWalked,
    /// Every socket the kernel counts is in some descriptor table.
    AllCounted,
    /// The kernel counts more sockets than are in descriptor tables.
    Uncounted,
    /// The text tables show it through a procfs that nothing can be mounted over.
    PrivateShows,
    /// They do not show it there either.
    PrivateAgrees,
    /// It is about a port, not about the host.
    Port,
    /// The kernel counts more than the tables list.
    RowsMissing,
    /// The tables list more than the kernel counts.
    RowsTooMany,
    /// One IPv6 socket serves both families.
    DualStack,
    /// A scan from elsewhere got no answer that says anything.
    Unanswered,
    /// An owner, or who probably is one, is known by number.
    Named,
    /// We run in the global zone (Solaris).
    GlobalZone,
    /// The kernel tells which process made it (Solaris).
    Made,
    /// The tables of this kernel name no inode at all (Solaris).
    NoInodes,
    /// Its row names no inode, where others do (Solaris).
    RowWithoutInode,
    /// Some descriptors may be it: they have its address (Solaris).
    Perhaps,
    /// Descriptors tell their addresses, and none has this one (Solaris 11.4).
    Nameless,
    /// It is a TLI endpoint: programs may hand such to the kernel (Solaris).
    Endpoint,
    /// Too few rounds were made to settle it.
    TooFew,
}

/// A cause, and the clues of which any rules it out.
type Cause = (&'static str, &'static [Clue]);

/// One pattern of the catalogue.
struct Pattern {
    /// Its number in the catalogue.
    code: &'static str,
    /// The verdicts it explains; any, where empty.
    verdicts: &'static [Verdict],
    /// The letters it needs.
    vector: &'static str,
    /// Clues it needs.
    needs: &'static [Clue],
    /// Causes, the likeliest first.
    causes: &'static [Cause],
    /// The next step, one command; `{proto}`, `{port}`, `{pid}`, `{inode}` and `{creator}` are
    /// filled in, and on Solaris the commands that differ by release.
    next: &'static str,
}

/// What the catalogue says of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The pattern's number.
    pub pattern: &'static str,
    /// Causes not ruled out, the likeliest first.
    pub causes: Vec<&'static str>,
    /// The next step, with the port's own numbers still to be filled in.
    pub next: String,
}

/// Looks a port up in the catalogue of its kind of system. No verdict is without a pattern;
/// the last one of each table would stand for it.
#[must_use]
pub fn explain(
    system: System,
    verdict: Verdict,
    vector: Vector,
    clues: &[Clue],
) -> Option<Explanation> {
    let catalogue = match system.is_solaris() {
        false => linux::CATALOGUE,
        true => solaris::CATALOGUE,
    };
    let pattern = catalogue.iter().find(|pattern| {
        (pattern.verdicts.is_empty() || pattern.verdicts.contains(&verdict))
            && vector.fits(pattern.vector)
            && pattern.needs.iter().all(|clue| clues.contains(clue))
    })?;
    let causes = pattern
        .causes
        .iter()
        .filter(|(_, unless)| !unless.iter().any(|clue| clues.contains(clue)))
        .map(|(cause, _)| *cause)
        .collect();
    Some(Explanation {
        pattern: pattern.code,
        causes,
        next: system.commands(pattern.next),
    })
}
