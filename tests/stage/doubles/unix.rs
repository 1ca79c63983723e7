//! Unix sockets of every type and with every kind of name, and descriptors in flight on them.

use super::Double;
use super::words::{Words, unhex};
use model::Foreign;
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, bind, connect,
    listen, sendmsg, socket, socketpair,
};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd};

fn kind(word: &str) -> io::Result<SockType> {
    match word {
        "stream" => Ok(SockType::Stream),
        "dgram" => Ok(SockType::Datagram),
        "seqpacket" => Ok(SockType::SeqPacket),
        other => Err(io::Error::other(format!("no such type: {other}"))),
    }
}

fn fresh(of: SockType) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC;
    Ok(socket(AddressFamily::Unix, of, flags, None)?)
}

/// An address from its word: a path, `@NAME`, or `hex:` and the bytes, a first 00 for an
/// abstract name. With it what a table should show: the path, or the name after a NUL.
fn name(word: &str) -> io::Result<(UnixAddr, Foreign)> {
    let bytes = match (word.strip_prefix('@'), word.strip_prefix("hex:")) {
        (Some(name), _) => [b"\0", name.as_bytes()].concat(),
        (None, Some(digits)) => unhex(digits)?,
        (None, None) => word.as_bytes().to_vec(),
    };
    let addr = match bytes.strip_prefix(b"\0") {
        Some(name) => UnixAddr::new_abstract(name)?,
        None => UnixAddr::new(bytes.as_slice())?,
    };
    Ok((addr, Foreign::from(bytes)))
}

/// A socket with a name; it listens where its type can.
fn named(of: SockType, addr: &UnixAddr) -> io::Result<OwnedFd> {
    let fd = fresh(of)?;
    bind(fd.as_raw_fd(), addr)?;
    if of != SockType::Datagram {
        listen(&fd, Backlog::new(5)?)?;
    }
    Ok(fd)
}

/// `unix stream|dgram|seqpacket NAME [gone]`: with `gone` the path is removed afterwards.
pub(super) fn bound(words: &Words<'_>) -> io::Result<Double> {
    let (addr, bytes) = name(words.at(1)?)?;
    let fd = named(kind(words.at(0)?)?, &addr)?;
    if words.has("gone") {
        std::fs::remove_file(words.at(1)?)?;
    }
    let mut double = Double::default();
    double.socket("bound", fd)?.path = Some(bytes);
    Ok(double)
}

/// `unixpair stream|dgram|seqpacket`: two unnamed ends.
pub(super) fn pair(words: &Words<'_>) -> io::Result<Double> {
    let of = kind(words.at(0)?)?;
    let (one, other) = socketpair(AddressFamily::Unix, of, None, SockFlag::SOCK_CLOEXEC)?;
    let mut double = Double::default();
    double.socket("one", one)?;
    double.socket("other", other)?;
    Ok(double)
}

/// `unixserver stream|seqpacket NAME [waiting]`: a listener, a client and what was accepted; with
/// `waiting` nothing was.
pub(super) fn server(words: &Words<'_>) -> io::Result<Double> {
    let of = kind(words.at(0)?)?;
    let (addr, bytes) = name(words.at(1)?)?;
    let listener = socket2::Socket::from(named(of, &addr)?);
    let client = fresh(of)?;
    connect(client.as_raw_fd(), &addr)?;
    let accepted = match words.has("waiting") {
        true => None,
        false => Some(listener.accept()?.0),
    };
    let mut double = Double::default();
    double.socket("listener", listener)?.path = Some(bytes.clone());
    double.socket("client", client)?;
    if let Some(accepted) = accepted {
        double.socket("accepted", accepted)?.path = Some(bytes);
    }
    Ok(double)
}

/// `inflight ADDR:PORT`: a listener whose only reference is a message nobody has read yet.
pub(super) fn in_flight(words: &Words<'_>) -> io::Result<Double> {
    let listener = super::tcp::listening(words.addr(0)?, words)?;
    let stream = SockType::Stream;
    let (one, other) = socketpair(AddressFamily::Unix, stream, None, SockFlag::SOCK_CLOEXEC)?;
    let mut hold = super::hold_of("listener", &listener)?;
    hold.fd = None;
    let fds = [listener.as_raw_fd()];
    sendmsg::<()>(
        one.as_raw_fd(),
        &[IoSlice::new(b"x")],
        &[ControlMessage::ScmRights(&fds)],
        MsgFlags::empty(),
        None,
    )?;
    drop(listener);
    let mut double = Double::default();
    double.holds.push(hold);
    double.socket("sender", one)?;
    double.socket("receiver", other)?;
    Ok(double)
}
