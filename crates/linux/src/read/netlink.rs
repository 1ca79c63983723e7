//! One netlink question and its whole answer, as raw bytes.

use crate::parse::Order;
use crate::parse::netlink::{DONE, ERROR, messages};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, setsockopt, socket,
    sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::io;
use std::os::fd::AsRawFd;

/// How long the kernel may keep silent: it answers at once, or something holds the answer back.
const SILENCE_MAX_S: i64 = 5;

/// Larger than any message the kernel puts into one dump buffer (32 KiB, `netlink_dump` in
/// `net/netlink/af_netlink.c`).
const BUFFER: usize = 64 << 10;

/// Sends a request on a socket of its own and gives each datagram of the answer, up to the
/// one that ends it.
///
/// # Errors
/// As `socket(2)`, `send(2)`, `recv(2)`; `TimedOut` after five seconds of silence. An error
/// message of the kernel is no error here: it is in the datagrams.
pub(crate) fn ask(
    protocol: SockProtocol,
    request: &[u8],
    sink: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let fd = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        protocol,
    )?;
    setsockopt(
        &fd,
        sockopt::ReceiveTimeout,
        &TimeVal::seconds(SILENCE_MAX_S),
    )?;
    send(fd.as_raw_fd(), request, MsgFlags::empty())?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = match recv(fd.as_raw_fd(), &mut buffer, MsgFlags::MSG_TRUNC) {
            Ok(length) => length,
            Err(nix::Error::EINTR) => continue,
            Err(nix::Error::EAGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        };
        let Some(datagram) = buffer.get(..length).filter(|datagram| !datagram.is_empty()) else {
            return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
        };
        sink(datagram);
        // What is no message ends the answer too: the sink has told of it, and whoever writes
        // such a thing may go on for ever.
        if messages(datagram, Order::NATIVE)
            .any(|it| it.map_or(true, |it| it.kind == DONE || it.kind == ERROR))
        {
            return Ok(());
        }
    }
}
