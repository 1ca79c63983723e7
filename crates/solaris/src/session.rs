//! A session of our own. Not here: rcompare runs no tools of a Solaris host (`host_tools.rs`).

use std::io;

/// Leaves the terminal.
///
/// # Errors
/// Always: there is no call for it here.
pub fn begin() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Ends everything in the session a process began.
///
/// # Errors
/// Always.
pub fn end(_leader: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What asks us to end.
pub struct Interrupt;

impl Interrupt {
    /// Signals end the program as ever.
    #[must_use]
    pub fn catch() -> Interrupt {
        Interrupt
    }

    /// Never: the program has ended then.
    #[must_use]
    pub fn came(&self) -> bool {
        false
    }
}
