//! What is reported of one port.

use crate::evidence;
use crate::explain::Vector;
use crate::snapshot::Snapshot;
use crate::system::System;
use crate::verdict::{Verdict, Weight};
use model::behind::{Behind, Flag as Odd, LibraryReason};
use model::{Cookie, Foreign, Inode, NetNs, Owner, Pid, Process, Proto, Socket, State, Uid};
use serde::Serialize;
use std::net::IpAddr;
use std::rc::Rc;

/// What is reported of one port.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Transport.
    #[serde(rename = "protocol")]
    pub proto: Proto,
    /// Local address; of a port no table lists, the first one that was taken or answered.
    #[serde(rename = "address")]
    pub addr: IpAddr,
    /// Local port; of a raw socket the IP protocol number.
    pub port: u16,
    /// What the testimony amounts to.
    pub verdict: Verdict,
    /// How much that weighs.
    pub weight: Weight,
    /// The first owner's pid.
    pub pid: Option<Pid>,
    /// The first owner's name, as the kernel has it.
    pub command: Option<Foreign>,
    /// Registered name of the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<&'static str>,
    /// State of the socket; none where no table lists it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The peer, of a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<(IpAddr, u16)>,
    /// The interface it is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Foreign>,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// What each witness says.
    pub vector: Vector,
    /// Its number in the explanation catalogue.
    pub pattern: &'static str,
    /// Everybody found holding it.
    pub owners: Vec<Holder>,
    /// The sockets this is about.
    pub sockets: Vec<SocketFacts>,
    /// How many there are; [`Finding::sockets`] names at most [`SOCKETS_MAX`].
    pub count: usize,
    /// Which view said what, in plain words.
    pub evidence: Vec<String>,
    /// Causes not ruled out, the likeliest first.
    pub causes: Vec<&'static str>,
    /// The one thing to do next.
    pub next: String,
}

/// Sockets named in one finding.
pub const SOCKETS_MAX: usize = 16;

/// What tells one of the sockets of a finding from the others.
#[derive(Clone, Debug, Serialize)]
pub struct SocketFacts {
    /// Inode.
    pub inode: Inode,
    /// Cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<Cookie>,
    /// User who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// The process that made it, or whose listener did (Solaris): a hint, no owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator: Option<Pid>,
    /// Of a listener, connections waiting to be accepted.
    pub recv_queue: u32,
    /// Of a listener, how many may wait.
    pub send_queue: u32,
}

impl SocketFacts {
    /// As the tables tell it.
    pub(crate) fn of(socket: &Socket) -> SocketFacts {
        SocketFacts {
            inode: socket.inode,
            cookie: socket.cookie,
            uid: socket.uid,
            creator: evidence::made_by(socket),
            recv_queue: socket.recv_queue,
            send_queue: socket.send_queue,
        }
    }
}

/// An owner and what is known of the process.
#[derive(Clone, Debug, Serialize)]
pub struct Holder {
    /// The process, and where it holds the socket.
    #[serde(flatten)]
    pub owner: Owner,
    /// Parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppid: Option<Pid>,
    /// The program file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exe: Option<Foreign>,
    /// Arguments, each ended by a NUL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmdline: Option<Foreign>,
    /// Current directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Foreign>,
    /// When it began, in milliseconds since 1970, where the host tells when it did itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// What stands behind it; of owners of ports only. One process may hold thousands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<Rc<Behind>>,
    /// What is odd about the process.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
}

/// What is odd about a process; none of it is proof of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Flag {
    /// Its program file is deleted.
    ExeDeleted,
    /// Its program was never a file.
    ExeMemfd,
    /// It calls itself a thread of the kernel, and is none.
    FakeKthread,
    /// It runs in another network namespace than its socket.
    OtherNetns,
    /// Its environment has a library loaded before all others.
    Preload,
    /// It has mapped code from outside the directories packages put libraries in.
    ForeignLibrary,
    /// It has mapped a library whose file is deleted or never was one.
    DeletedLibrary,
    /// It has memory that is both writable and code.
    WritableCode,
}

impl Flag {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Flag::ExeDeleted => "EXE_DELETED",
            Flag::ExeMemfd => "EXE_MEMFD",
            Flag::FakeKthread => "FAKE_KTHREAD",
            Flag::OtherNetns => "OTHER_NETNS",
            Flag::Preload => "PRELOAD",
            Flag::ForeignLibrary => "FOREIGN_LIBRARY",
            Flag::DeletedLibrary => "DELETED_LIBRARY",
            Flag::WritableCode => "WRITABLE_CODE",
        }
    }
}

/// Puts to an owner what is known of its process.
#[must_use]
pub fn holder(snapshot: &Snapshot, owner: Owner, netns: Option<NetNs>) -> Holder {
    let process = snapshot.processes.get(&owner.id);
    let behind = snapshot.behind.get(&owner.id);
    let mut flags = process
        .map(|process| flags(process, netns))
        .unwrap_or_default();
    flags.extend(behind.into_iter().flat_map(|it| behind_flags(it)));
    flags.sort_unstable();
    flags.dedup();
    Holder {
        ppid: process.and_then(|process| process.ppid),
        exe: process.and_then(|process| process.exe.clone()),
        cmdline: process.and_then(|process| process.cmdline.clone()),
        cwd: snapshot.cwds.get(&owner.id).cloned(),
        since_ms: snapshot.facts.since_ms(System::of(snapshot), &owner.id),
        behind: behind.cloned(),
        flags,
        owner,
    }
}

fn flags(process: &Process, netns: Option<NetNs>) -> Vec<Flag> {
    let exe = process.exe.as_ref().map_or(&b""[..], Foreign::as_bytes);
    let argv = process.cmdline.as_ref().map_or(&b""[..], Foreign::as_bytes);
    let is_memfd = exe.starts_with(b"/memfd:");
    let elsewhere = netns.is_some() && process.netns.is_some() && netns != process.netns;
    [
        (!is_memfd && exe.ends_with(b" (deleted)"), Flag::ExeDeleted),
        (is_memfd, Flag::ExeMemfd),
        (
            !process.kernel_thread && argv.starts_with(b"["),
            Flag::FakeKthread,
        ),
        (elsewhere, Flag::OtherNetns),
    ]
    .into_iter()
    .filter_map(|(is, flag)| is.then_some(flag))
    .collect()
}

/// What a closer look at the program adds.
fn behind_flags(behind: &Behind) -> Vec<Flag> {
    let mapped = |wanted: &[LibraryReason]| {
        let mut libraries = behind.libraries.iter();
        libraries.any(|library| wanted.contains(&library.why))
    };
    let mut flags: Vec<Flag> = behind
        .flags
        .iter()
        .map(|flag| match flag {
            Odd::ExeDeleted => Flag::ExeDeleted,
            Odd::ExeMemfd => Flag::ExeMemfd,
            Odd::FakeKernelThread => Flag::FakeKthread,
            Odd::Preload { .. } => Flag::Preload,
            Odd::WritableCode { .. } => Flag::WritableCode,
        })
        .collect();
    if mapped(&[LibraryReason::Foreign]) {
        flags.push(Flag::ForeignLibrary);
    }
    if mapped(&[LibraryReason::Deleted, LibraryReason::Memfd]) {
        flags.push(Flag::DeletedLibrary);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ProcessId;

    #[track_caller]
    fn check(exe: &str, cmdline: &str, kernel_thread: bool, expected: &[Flag]) {
        let process = Process {
            id: ProcessId {
                pid: Pid(7),
                start: 1,
            },
            ppid: None,
            pgid: None,
            uid: None,
            comm: "x".into(),
            cmdline: Some(cmdline.into()),
            exe: Some(exe.into()),
            netns: Some(NetNs(5)),
            kernel_thread,
            zone: None,
        };
        assert_eq!(flags(&process, Some(NetNs(5))), expected);
        let moved = flags(&process, Some(NetNs(6)));
        assert_eq!(moved.last(), Some(&Flag::OtherNetns));
    }

    #[test]
    fn odd_processes_are_flagged() {
        check("/usr/sbin/sshd", "sshd: listener\0", false, &[]);
        check("/tmp/x (deleted)", "x\0", false, &[Flag::ExeDeleted]);
        check("/memfd:x (deleted)", "x\0", false, &[Flag::ExeMemfd]);
        check(
            "/tmp/x",
            "[kworker/u8:3-events]\0",
            false,
            &[Flag::FakeKthread],
        );
        check("", "", true, &[]);
    }
}
