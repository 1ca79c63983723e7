//! Ctrl-C: noticed between probes, so that what was learned is still written.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user wants an end.
pub(crate) struct Interrupt {
    asked: AtomicBool,
    #[cfg(target_os = "linux")]
    signals: Option<nix::sys::signalfd::SignalFd>,
}

impl Interrupt {
    /// From here on SIGINT and SIGTERM are kept for [`Interrupt::is_asked`]. Must come before
    /// any thread is made. Where that cannot be had, they end the program as ever.
    #[cfg(target_os = "linux")]
    pub(crate) fn catch() -> Interrupt {
        use nix::sys::signal::{SigSet, Signal};
        use nix::sys::signalfd::{SfdFlags, SignalFd};
        let mut set = SigSet::empty();
        set.add(Signal::SIGINT);
        set.add(Signal::SIGTERM);
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let signals = SignalFd::with_flags(&set, flags)
            .ok()
            .filter(|_| set.thread_block().is_ok());
        Interrupt {
            asked: AtomicBool::new(false),
            signals,
        }
    }

    /// Signals end the program as ever.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn catch() -> Interrupt {
        Interrupt {
            asked: AtomicBool::new(false),
        }
    }

    /// Whether it came. Any thread may ask.
    pub(crate) fn is_asked(&self) -> bool {
        #[cfg(target_os = "linux")]
        if let Some(signals) = &self.signals
            && matches!(signals.read_signal(), Ok(Some(_)))
        {
            self.asked.store(true, Ordering::Relaxed);
        }
        self.asked.load(Ordering::Relaxed)
    }
}
