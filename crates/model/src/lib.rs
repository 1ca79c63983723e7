//! The nouns of concord, and their published JSON.
//!
//! * a **socket** is a kernel socket as one source tells it; its **endpoint**
//!   (netns, protocol, local address, port, device) is the key views are joined by;
//! * a **process** is a pid *and* its start time; an **owner** is a process that
//!   holds a socket, with the place it holds it in;
//! * an **open file** is what one slot of a process points at;
//! * a **source** is one way of asking, a **view** what it said, with its coverage;
//! * a **gap** is a place that could not be read, and why;
//! * a **probe** is what an active question learned: a **port state**.
//!
//! Nothing here does I/O, asks a clock or knows an operating system.
#![forbid(unsafe_code)]

pub mod ask;
pub mod asked;
pub mod behind;
pub mod bytes;
pub mod called;
pub mod census;
pub mod counters;
pub mod file;
pub mod gap;
pub mod ident;
pub mod inodes;
pub mod kernel;
pub mod mount;
pub mod network;
pub mod probe;
pub mod process;
pub mod procfs;
pub mod receipt;
pub mod record;
pub mod service;
pub mod socket;
pub mod solaris;
pub mod steering;
pub mod view;

pub use bytes::Foreign;
pub use file::{Access, FileKind, Lock, OpenFile, Slot, Special};
pub use gap::{Gap, Gaps};
pub use ident::{Cookie, IfIndex, Inode, NetNs, Pid, ProcessId, Uid};
pub use inodes::InodeSet;
pub use kernel::KernelPort;
pub use mount::Mount;
pub use probe::{PortState, Probe, Technique};
pub use process::{Held, Owner, Process};
pub use record::{Begin, End, Record, SCHEMA};
pub use socket::{
    Endpoint, Family, Filter, Inet, Kind, Netlink, Packet, Proto, Socket, State, Timer, Umem, Unix,
    UnixType, Vsock, Xdp,
};
pub use solaris::{FdDetail, SockName, Streams, ZoneId};
pub use view::{Coverage, Looked, Source};
