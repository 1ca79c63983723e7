//! A session of our own: what is started there has no terminal, and ends together. And what a
//! terminal asks of us by Ctrl-C.

use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, setsid};
use std::io;

/// Leaves the terminal: this process begins a session.
///
/// # Errors
/// As `setsid(2)`.
pub fn begin() -> io::Result<()> {
    setsid()?;
    Ok(())
}

/// Ends everything in the session a process began.
///
/// # Errors
/// As `kill(2)`: `ESRCH` where nothing of it is left.
pub fn end(leader: u32) -> io::Result<()> {
    let leader = i32::try_from(leader).map_err(io::Error::other)?;
    killpg(Pid::from_raw(leader), Signal::SIGKILL)?;
    Ok(())
}

/// SIGINT and SIGTERM, kept until somebody asks for them.
pub struct Interrupt {
    signals: Option<SignalFd>,
}

impl Interrupt {
    /// Keeps them from here on. Must come before any thread is made. Where that cannot be
    /// had, they end the program as ever.
    #[must_use]
    pub fn catch() -> Interrupt {
        let mut set = SigSet::empty();
        set.add(Signal::SIGINT);
        set.add(Signal::SIGTERM);
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let signals = SignalFd::with_flags(&set, flags)
            .ok()
            .filter(|_| set.thread_block().is_ok());
        Interrupt { signals }
    }

    /// Whether one came since this was last asked.
    #[must_use]
    pub fn came(&self) -> bool {
        let signals = self.signals.as_ref();
        signals.is_some_and(|it| matches!(it.read_signal(), Ok(Some(_))))
    }
}
