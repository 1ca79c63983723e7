//! Sockets and processes that come and go.

use super::Double;
use super::words::Words;
use crate::sys;
use nix::sched::{CloneFlags, unshare};
use socket2::{Domain, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

/// `churn tcp|udp ALIVE PAUSE_US`: makes a listener (or a bound UDP socket) on a port the
/// kernel picks, pauses, and so on; only the last so many are kept. `churn process ALIVE
/// PAUSE_US`: so many processes at a time, each ending after so long.
pub(super) fn churn(words: &Words<'_>) -> io::Result<Double> {
    if words.at(0)? == "process" {
        let alive: usize = words.number(1)?;
        let life = Duration::from_micros(words.number(2)?);
        return Ok(Double {
            then: Some(Box::new(move || live_and_die(alive, life))),
            ..Double::default()
        });
    }
    let stream = match words.at(0)? {
        "tcp" => true,
        "udp" => false,
        other => return Err(io::Error::other(format!("churn what? {other}"))),
    };
    let alive: usize = words.number(1)?;
    let pause = Duration::from_micros(words.number(2)?);
    super::tcp::raise_limit(u16::try_from(alive).map_err(io::Error::other)?)?;
    Ok(Double {
        then: Some(Box::new(move || come_and_go(stream, alive, pause))),
        ..Double::default()
    })
}

fn come_and_go(stream: bool, alive: usize, pause: Duration) -> io::Result<()> {
    let mut kept = VecDeque::new();
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    loop {
        let kind = if stream { Type::STREAM } else { Type::DGRAM };
        let socket = Socket::new(Domain::IPV4, kind, None)?;
        socket.bind(&any.into())?;
        if stream {
            socket.listen(1)?;
        }
        kept.push_back(socket);
        if kept.len() > alive {
            kept.pop_front();
        }
        if pause > Duration::ZERO {
            thread::sleep(pause);
        }
    }
}

/// Every fourth process is in a network namespace of its own; each is a zombie for as long as
/// the oldest of the others lives.
fn live_and_die(alive: usize, life: Duration) -> io::Result<()> {
    let mut kept = VecDeque::new();
    for turn in 0_u64.. {
        match sys::fork()? {
            Some(child) => kept.push_back(child),
            None => {
                // One that cannot have a namespace is as good a process.
                let apart = turn.is_multiple_of(4) && unshare(CloneFlags::CLONE_NEWNET).is_ok();
                thread::sleep(if apart { life * 2 } else { life });
                sys::exit_thread();
            }
        }
        if kept.len() > alive
            && let Some(oldest) = kept.pop_front()
        {
            sys::wait(oldest)?;
        }
    }
    Ok(())
}
