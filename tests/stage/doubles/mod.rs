//! The doubles: what each word makes.
//!
//! A double makes known things by the plainest system calls that lead there, tells what they
//! are, and waits for the end of the stage.

mod beside;
mod churn;
mod crowds;
mod files;
mod hung;
mod kernel;
mod netns;
mod packet;
mod steer;
mod tcp;
mod threads;
mod udp;
mod unix;
mod uring;
mod words;

use crate::sys;
use e2e::spec::Reply;
use e2e::{Hold, Made};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal};
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use words::Words;

/// What a double made, and what it does afterwards.
#[derive(Default)]
pub(crate) struct Double {
    holds: Vec<Hold>,
    /// Descriptors that stay open.
    keep: Vec<OwnedFd>,
    /// What is done once the made is told; without it nothing.
    then: Option<Then>,
}

type Then = Box<dyn FnOnce() -> io::Result<()>>;

impl Double {
    /// Notes a socket and keeps it open.
    fn socket(&mut self, role: &str, socket: impl Into<OwnedFd>) -> io::Result<&mut Hold> {
        let fd = socket.into();
        let hold = hold_of(role, &fd)?;
        self.keep.push(fd);
        self.holds.push(hold);
        self.holds.last_mut().ok_or(io::ErrorKind::Other.into())
    }

    /// Notes any other descriptor and keeps it open.
    fn file(&mut self, role: &str, fd: impl Into<OwnedFd>) -> io::Result<&mut Hold> {
        let fd = fd.into();
        self.holds.push(Hold {
            role: role.to_owned(),
            pid: std::process::id(),
            fd: u32::try_from(fd.as_raw_fd()).ok(),
            inode: sys::inode(&fd)?,
            ..Hold::default()
        });
        self.keep.push(fd);
        self.holds.last_mut().ok_or(io::ErrorKind::Other.into())
    }
}

/// What is to be told of a socket.
fn hold_of(role: &str, fd: &impl AsFd) -> io::Result<Hold> {
    let fd = fd.as_fd();
    let socket = socket2::SockRef::from(&fd);
    let local = socket.local_addr().ok();
    Ok(Hold {
        role: role.to_owned(),
        pid: std::process::id(),
        tid: None,
        fd: u32::try_from(fd.as_raw_fd()).ok(),
        inode: sys::inode(fd)?,
        local: local.as_ref().and_then(socket2::SockAddr::as_socket),
        peer: socket.peer_addr().ok().and_then(|peer| peer.as_socket()),
        path: None,
        netns: Some(crate::namespaces::own_netns()?),
    })
}

/// `stage double [comm=HEX] [uid=N] KIND ARGS…`
pub(crate) fn double(args: &[String]) -> io::Result<u8> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    sys::set_signal(Signal::SIGCHLD, SigHandler::SigDfl)?;
    let words = Words::new(args);
    told(introduce(&words).and_then(|()| make(&words)))
}

/// Stands, or tells why not.
fn told(made: io::Result<Double>) -> io::Result<u8> {
    match made {
        Ok(double) => stand(double),
        Err(why) => {
            tell(&Reply::Failed(why.to_string()))?;
            Ok(1)
        }
    }
}

fn introduce(words: &Words<'_>) -> io::Result<()> {
    let comm = words
        .value("comm")
        .map_or(Ok(b"stage".to_vec()), words::unhex)?;
    prctl::set_name(&CString::new(comm).map_err(io::Error::other)?)?;
    if let Some(uid) = words.value("uid") {
        crate::enter::become_user(uid.parse().map_err(io::Error::other)?)?;
        // Another user's process may be looked into only by root; ours stay readable to it.
        prctl::set_pdeathsig(Signal::SIGKILL)?;
    }
    Ok(())
}

fn make(words: &Words<'_>) -> io::Result<Double> {
    match words.kind() {
        "tcp" => tcp::listener(words),
        "mptcp" => tcp::mptcp(words),
        "bound" => tcp::bound(words),
        "unbound" => tcp::unbound(),
        "pair" => tcp::pair(words),
        "timewait" => tcp::time_wait(words),
        "halfopen" => tcp::half_open(words),
        "backlog" => tcp::backlog(words),
        "orphan" => tcp::orphan(words),
        "full" => tcp::full(words),
        "deaf" => tcp::deaf(words),
        "shared" => tcp::shared(words),
        "many" => tcp::many(words),
        "udp" => udp::bound(words),
        "udppair" => udp::pair(words),
        "udplite" => udp::lite(words),
        "udpmany" => udp::many(words),
        "ping" => udp::ping(words),
        "unix" => unix::bound(words),
        "unixpair" => unix::pair(words),
        "unixserver" => unix::server(words),
        "inflight" => unix::in_flight(words),
        "thread" => threads::own_table(words),
        "zombieleader" => threads::zombie_leader(words),
        "threadnet" => threads::own_netns(words),
        "uring" => uring::uring(words),
        "packet" => packet::packet(words),
        "raw" => packet::raw(words),
        "ring" => packet::ring(),
        "sklookup" => steer::sk_lookup(words),
        "otherns" => netns::other(words),
        "stray" => netns::stray(words),
        "kinds" => kinds(words),
        "churn" => churn::churn(words),
        "children" => crowds::children(words),
        "descriptors" => crowds::descriptors(words),
        "forest" => crowds::forest(words),
        "vsock" => beside::vsock(words),
        "sctp" => beside::sctp(words),
        "hungfs" => hung::hung(words),
        "idle" => Ok(Double::default()),
        other => Err(io::Error::other(format!("no such double: {other:?}"))),
    }
}

/// `kinds KIND[:PATH]…`: one descriptor (or pair) of each kind, in this order.
fn kinds(words: &Words<'_>) -> io::Result<Double> {
    let mut double = Double::default();
    for word in words.rest() {
        let (kind, path) = word.split_once(':').unwrap_or((word, ""));
        let known = files::make(kind, path, &mut double)? || kernel::make(kind, &mut double)?;
        if !known {
            return Err(io::Error::other(format!("no such kind: {kind}")));
        }
    }
    Ok(double)
}

/// Tells what was made, then does what is left to do, then waits for the end.
fn stand(double: Double) -> io::Result<u8> {
    let Double { holds, keep, then } = double;
    tell(&Reply::Made(Made {
        pid: std::process::id(),
        holds,
    }))?;
    if let Some(then) = then {
        then()?;
    }
    loop {
        // Ended by the kernel together with the stage's first process.
        std::thread::park();
        std::hint::black_box(&keep);
    }
}

/// Says the one line, and nothing after it: every descriptor of a double is one it was asked
/// for, or `/dev/null`.
fn tell(reply: &Reply) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(serde_json::to_string(reply)?.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()?;
    silence()
}

/// Puts standard input, which is `/dev/null`, where standard output and error were.
fn silence() -> io::Result<()> {
    nix::unistd::dup2_stdout(io::stdin())?;
    nix::unistd::dup2_stderr(io::stdin())?;
    Ok(())
}

/// Opens a file for reading.
#[expect(
    clippy::disallowed_methods,
    reason = "a stage makes files; it reads no host"
)]
pub(crate) fn open(path: &str) -> io::Result<File> {
    File::open(path)
}
