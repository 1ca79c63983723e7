//! Many of one thing: processes, descriptors, processes that do not last.

use super::Double;
use super::words::Words;
use crate::sys;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use std::io;

/// `children N`: so many children that do nothing.
pub(super) fn children(words: &Words<'_>) -> io::Result<Double> {
    let count: u32 = words.number(0)?;
    for _ in 0..count {
        if sys::fork()?.is_none() {
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            super::silence()?;
            loop {
                std::thread::park();
            }
        }
    }
    Ok(Double::default())
}

/// `descriptors N`: `/dev/null`, open so many times.
pub(super) fn descriptors(words: &Words<'_>) -> io::Result<Double> {
    let count: u16 = words.number(0)?;
    super::tcp::raise_limit(count)?;
    let mut double = Double::default();
    for _ in 0..count {
        double.keep.push(super::open("/dev/null")?.into());
    }
    Ok(double)
}

/// `forest ADDRESS`: a listener, in a process that goes on making a child which makes a child,
/// and all of them end at once. Each of them holds the listener while it lasts.
pub(super) fn forest(words: &Words<'_>) -> io::Result<Double> {
    let mut double = super::tcp::listener(words)?;
    double.then = Some(Box::new(|| {
        loop {
            let Some(child) = sys::fork()? else {
                prctl::set_pdeathsig(Signal::SIGKILL)?;
                if let Some(grandchild) = sys::fork()? {
                    sys::wait(grandchild)?;
                }
                // Its only thread: this is its end.
                sys::exit_thread();
            };
            sys::wait(child)?;
        }
    }));
    Ok(double)
}
