//! Asks the kernel through the one door, and hands what it says to [`crate::parse`].

pub mod beside;
pub mod counted;
pub mod counters;
pub mod elsewhere;
pub mod facts;
pub mod files;
pub mod identity;
pub mod kernel;
pub mod mounts;
pub mod netns;
pub mod network;
pub mod observer;
pub mod private;
mod processes;
pub mod sctp;
pub mod steering;
pub mod tables;
pub mod unix;
pub mod users;
pub mod walk;
pub mod witness;

use std::io;
use sysroot::Sysroot;

/// A raw answer as a whole.
fn answer(
    root: &Sysroot,
    name: &str,
    ask: impl FnOnce(crate::sys::Sink<'_>) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    root.answer(name, ask, &mut |chunk| bytes.extend_from_slice(chunk))?;
    Ok(bytes)
}
