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
pub mod read;
pub mod session;
mod sys;

pub use join::{Held, owners};
pub use model::ask::{FilesAsk, Holdings, Observer, SocketAsk, States, Told, WalkAsk};
pub use read::counters::counters;
pub use read::elsewhere::{ask_socket, socket_filter, sockets_near, task_netns};
pub use read::files::{files, process};
pub use read::kernel::is_recording;
pub use read::mounts::{kernel_files, mounts};
pub use read::network::{interfaces, local_addrs};
pub use read::observer::{netns, observer, users};
pub use read::tables::sockets;
pub use read::users::{file_users, mount_users};
pub use read::walk::{Find, finds, holdings};
