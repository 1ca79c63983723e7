//! Asks the kernel through the one door, and hands what it says to [`crate::parse`].

mod ahead;
pub mod ask;
pub mod behind;
pub mod beside;
pub mod counters;
pub mod elsewhere;
pub mod facts;
pub mod files;
pub mod identity;
pub mod kernel_files;
mod link_holders;
pub mod mounts;
mod netlink;
pub mod netns;
pub mod network;
pub mod observer;
pub mod oracles;
pub mod pidfd;
pub mod private;
mod processes;
pub mod receipt;
pub mod rings;
pub mod sctp;
mod slots;
pub mod steering;
pub mod tables;
mod threads;
pub mod unix;
pub mod walk;
pub mod witness;

use crate::parse::Order;
use sysroot::Sysroot;

/// Byte order of the kernel behind a root: a recording says so if it is not little-endian.
fn order(root: &Sysroot) -> Order {
    if root.is_live() {
        return Order::NATIVE;
    }
    match root.read("/answers/byte-order") {
        Ok(text) if text.trim_ascii() == b"big" => Order::Big,
        _ => Order::Little,
    }
}
