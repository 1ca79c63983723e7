//! Open files: what the slots of a process point at.

use crate::{Foreign, Inode, Pid, ProcessId, Uid};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where in a process an open file hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Current directory.
    Cwd,
    /// Root directory.
    Root,
    /// The program file.
    Exe,
    /// A mapped file.
    Mapped,
    /// A mapped file whose name is gone.
    Deleted,
    /// A numbered descriptor.
    Fd(u32),
    /// A fixed file of an io_uring: its ring's descriptor and the index in its table.
    IoUring(u32, u32),
    /// A socket probably in a message waiting on this descriptor.
    InFlight(u32),
    /// The descriptor table itself, where it could not be read.
    Unread,
}

impl fmt::Display for Slot {
    /// lsof's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slot::Cwd => f.pad("cwd"),
            Slot::Root => f.pad("rtd"),
            Slot::Exe => f.pad("txt"),
            Slot::Mapped => f.pad("mem"),
            Slot::Deleted => f.pad("DEL"),
            Slot::Fd(fd) => f.pad(&fd.to_string()),
            Slot::IoUring(ring, slot) => f.pad(&format!("{ring}/{slot}")),
            Slot::InFlight(via) => f.pad(&format!("{via}>")),
            Slot::Unread => f.pad("NOFD"),
        }
    }
}

/// How a descriptor was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Both.
    Update,
}

impl Access {
    /// lsof's letter.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Access::Read => 'r',
            Access::Write => 'w',
            Access::Update => 'u',
        }
    }

    /// From the flags of `open(2)`.
    #[must_use]
    pub fn from_flags(flags: u32) -> Option<Access> {
        match flags & 3 {
            0 => Some(Access::Read),
            1 => Some(Access::Write),
            2 => Some(Access::Update),
            _ => None,
        }
    }
}

/// What kind of thing an open file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Regular file.
    Regular,
    /// Directory.
    Directory,
    /// Character device.
    Character,
    /// Block device.
    Block,
    /// Pipe or FIFO.
    Fifo,
    /// Symbolic link (an `O_PATH` descriptor).
    Link,
    /// Socket.
    Socket,
    /// A door: a call into another process (Solaris).
    Door,
    /// An event port (Solaris).
    EventPort,
    /// An anonymous inode: eventfd, epoll, io_uring, bpf, …
    Anon,
    /// It could not be told.
    Unknown,
}

/// A lock a descriptor holds on its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lock {
    /// Write lock; otherwise a read lock.
    pub exclusive: bool,
    /// On all of the file, from its first byte without end.
    pub whole: bool,
}

impl Lock {
    /// lsof's letter.
    #[must_use]
    pub fn letter(self) -> char {
        match (self.exclusive, self.whole) {
            (false, false) => 'r',
            (false, true) => 'R',
            (true, false) => 'w',
            (true, true) => 'W',
        }
    }
}

/// What only the `fdinfo` of a file that is not stored anywhere tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Special {
    /// An event counter, by its number (`eventfd-id`): descriptors with the same one meet.
    EventFd(u64),
    /// An epoll, by the descriptors it watches (`tfd`).
    Epoll(Vec<u32>),
    /// A handle of a process (`Pid`); none where that is gone or out of sight.
    PidFd(Option<Pid>),
    /// The master of a pseudo-terminal, by the number of its slave (`tty-index`).
    Terminal(u64),
}

/// What one slot points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenFile {
    /// Where it hangs.
    pub slot: Slot,
    /// How it was opened; none for slots that are not descriptors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// What it is.
    pub kind: FileKind,
    /// Device number of the file system it lives on, `major << 32 | minor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<u64>,
    /// Device number of a device file, `major << 32 | minor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rdev: Option<u64>,
    /// Size in bytes, where that means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// File position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Flags of `open(2)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<u32>,
    /// Inode; for sockets the socket's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inode: Option<Inode>,
    /// Links to the file; 0 is a deleted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<u64>,
    /// Where the kernel's link points: a path, or `socket:[…]`, `pipe:[…]`, `anon_inode:…`.
    pub name: Foreign,
    /// The lock held through this descriptor; the widest, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
    /// What only the `fdinfo` of a file that is not stored anywhere tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special: Option<Box<Special>>,
    /// What only Solaris's `fdinfo` tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<crate::FdDetail>>,
}

impl OpenFile {
    /// A slot of which nothing is known yet but its name.
    #[must_use]
    pub fn new(slot: Slot, kind: FileKind, name: Foreign) -> OpenFile {
        OpenFile {
            slot,
            access: None,
            kind,
            device: None,
            rdev: None,
            size: None,
            offset: None,
            flags: None,
            inode: None,
            links: None,
            name,
            lock: None,
            special: None,
            detail: None,
        }
    }
}

/// An open file together with the process that has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// The process.
    #[serde(flatten)]
    pub id: ProcessId,
    /// The thread whose own descriptor table this is, where not the leader's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<Pid>,
    /// The kernel's name for the process.
    pub comm: Foreign,
    /// Real user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// The file.
    #[serde(flatten)]
    pub file: OpenFile,
    /// The socket it is, where a table knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<crate::Socket>,
}

impl FileRow {
    /// Who holds it by which descriptor; none where it is no descriptor.
    #[must_use]
    pub fn owner(&self) -> Option<crate::Owner> {
        let Slot::Fd(fd) = self.file.slot else {
            return None;
        };
        Some(crate::Owner {
            id: self.id,
            tid: self.tid,
            comm: self.comm.clone(),
            uid: self.uid,
            held: crate::Held::Fd { fd },
        })
    }
}
