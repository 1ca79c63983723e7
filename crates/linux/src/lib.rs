//! Linux, as `/proc` and netlink tell it.
//!
//! `parse` turns bytes into nouns: pure, on every system, never failing as a whole. A row
//! that is not understood becomes a gap and the other rows stand. `read` asks the kernel
//! through [`sysroot`] and understands nothing itself.
#![deny(unsafe_code)]

pub mod parse;
pub mod read;
pub mod session;
mod sys;

pub use read::ask::{FilesAsk, Holdings, Observer, SocketAsk, States, Told, WalkAsk};
pub use read::elsewhere::{ask_socket, socket_filter, sockets_near, task_netns};
pub use read::files::{files, process};
pub use read::kernel_files::kernel_files;
pub use read::mounts::mounts;
pub use read::network::{interfaces, local_addrs};
pub use read::observer::{netns, observer, users};
pub use read::tables::sockets;
pub use read::walk::{holdings, holdings_once};
