//! Solaris and illumos, as STREAMS, kstat and `/proc` tell them.
//!
//! `parse` turns bytes into nouns: pure, on every system, for both byte orders and both
//! data models, never failing as a whole. [`layout`] holds every offset with its source.
//! Nothing is cast: a field is read by its offset or it is not there. `read` asks the
//! kernel through [`sysroot`] and understands nothing itself; it works on every system too,
//! so that a recording made on Solaris is read anywhere. Only `sys` needs the system.
#![forbid(unsafe_code)]

pub mod join;
pub mod layout;
pub mod parse;
// SPARC has no door to ask through yet; what is pure is checked there.
#[cfg(not(target_os = "solaris"))]
pub mod read;
#[cfg(not(target_os = "solaris"))]
pub mod session;
#[cfg(not(target_os = "solaris"))]
mod sys;

pub use join::{Find, Held, owners};
#[cfg(not(target_os = "solaris"))]
pub use live::*;

/// What is asked through the door.
#[cfg(not(target_os = "solaris"))]
mod live {
    pub use crate::read::counters::counters;
    pub use crate::read::elsewhere::{ask_socket, socket_filter, sockets_near, task_netns};
    pub use crate::read::files::{files, process};
    pub use crate::read::kernel::is_recording;
    pub use crate::read::mounts::{kernel_files, mounts};
    pub use crate::read::network::{interfaces, local_addrs};
    pub use crate::read::observer::{netns, observer, users};
    pub use crate::read::tables::sockets;
    pub use crate::read::users::{file_users, mount_users};
    pub use crate::read::walk::{finds, holdings, holdings_once};
    pub use model::ask::{FilesAsk, Holdings, Observer, SocketAsk, States, Told, WalkAsk};
}
