//! Sockets in network namespaces that are not the stage's.

use super::Double;
use super::tcp;
use super::words::Words;
use crate::sys;
use nix::sched::{CloneFlags, setns, unshare};
use std::io;

/// `otherns ADDR:PORT`: a process in a network namespace of its own.
pub(super) fn other(words: &Words<'_>) -> io::Result<Double> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    sys::loopback_up()?;
    tcp::listener(words)
}

/// `stray ADDR:PORT`: a socket of a namespace that no process is in any more.
pub(super) fn stray(words: &Words<'_>) -> io::Result<Double> {
    let home = super::open("/proc/self/ns/net")?;
    unshare(CloneFlags::CLONE_NEWNET)?;
    sys::loopback_up()?;
    let double = tcp::listener(words)?;
    setns(home, CloneFlags::CLONE_NEWNET)?;
    Ok(double)
}
