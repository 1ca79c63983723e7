//! Threads that have something for themselves.

use super::words::Words;
use super::{Double, hold_of, tcp};
use crate::sys;
use e2e::Hold;
use nix::sched::{CloneFlags, unshare};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Runs `make` in a thread that then waits for ever, and gives what it told.
fn in_thread(
    make: impl FnOnce() -> io::Result<(Hold, socket2::Socket)> + Send + 'static,
) -> io::Result<Hold> {
    let (told, hear) = mpsc::channel();
    thread::spawn(move || match make() {
        Ok((mut hold, socket)) => {
            hold.tid = Some(sys::own_tid());
            // The other end waits for this; if it is gone so is the process.
            let _ = told.send(Ok(hold));
            loop {
                thread::park();
                std::hint::black_box(&socket);
            }
        }
        Err(why) => {
            let _ = told.send(Err(why));
        }
    });
    hear.recv().map_err(io::Error::other)?
}

fn listening(words: &Words<'_>, own: CloneFlags) -> io::Result<Hold> {
    let addr = words.addr(0)?;
    in_thread(move || {
        unshare(own)?;
        // The table is a copy: what the process closes later this one must close itself.
        super::silence()?;
        if own.contains(CloneFlags::CLONE_NEWNET) {
            sys::loopback_up()?;
        }
        let socket = tcp::listening(addr, &Words::new(&[]))?;
        Ok((hold_of("listener", &socket)?, socket))
    })
}

/// `thread ADDR:PORT`: a listener in the descriptor table a thread has for itself.
pub(super) fn own_table(words: &Words<'_>) -> io::Result<Double> {
    let hold = listening(words, CloneFlags::CLONE_FILES)?;
    Ok(Double {
        holds: vec![hold],
        ..Double::default()
    })
}

/// `zombieleader ADDR:PORT`: a listener held by a process whose first thread has ended. The
/// thread that is left tells of it, once the first is seen to be gone.
pub(super) fn zombie_leader(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    thread::spawn(move || {
        let made = leaderless(addr);
        // The process is ended by the kernel, with the stage.
        super::told(made)
    });
    sys::exit_thread()
}

fn leaderless(addr: SocketAddr) -> io::Result<Double> {
    let socket = tcp::listening(addr, &Words::new(&[]))?;
    while !leader_is_zombie()? {
        thread::sleep(Duration::from_millis(1));
    }
    let mut double = Double::default();
    double.socket("listener", socket)?.tid = Some(sys::own_tid());
    Ok(double)
}

fn leader_is_zombie() -> io::Result<bool> {
    let mut text = Vec::new();
    super::open(&format!("/proc/{}/stat", std::process::id()))?.read_to_end(&mut text)?;
    // The name in brackets may hold anything: the state follows the last one.
    let after = text.rsplit(|&byte| byte == b')').next();
    Ok(after.is_some_and(|rest| rest.starts_with(b" Z")))
}

/// `threadnet ADDR:PORT`: a listener in a thread with a network and a table of its own.
pub(super) fn own_netns(words: &Words<'_>) -> io::Result<Double> {
    let hold = listening(words, CloneFlags::CLONE_FILES | CloneFlags::CLONE_NEWNET)?;
    Ok(Double {
        holds: vec![hold],
        ..Double::default()
    })
}
