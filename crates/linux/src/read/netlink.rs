//! One netlink question and its whole answer, as raw bytes.

use crate::parse::Order;
use crate::parse::netlink::{DONE, ERROR, INTERRUPTED, messages};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, connect, recv, send,
    setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// How long the kernel may keep silent: it answers at once, or something holds the answer back.
const SILENCE_MAX_S: i64 = 5;

/// The port number of the kernel's own end (`netlink(7)`).
const KERNEL: u32 = 0;

/// Larger than any message the kernel puts into one dump buffer (32 KiB, `netlink_dump` in
/// `net/netlink/af_netlink.c`).
const BUFFER: usize = 64 << 10;

/// Opens a socket that nobody but the kernel can answer: whoever has `CAP_NET_ADMIN` may send to
/// any netlink socket, and its port number is our pid.
///
/// # Errors
/// As `socket(2)`, `connect(2)`.
pub(crate) fn open(protocol: SockProtocol) -> io::Result<OwnedFd> {
    let fd = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        protocol,
    )?;
    let silence = TimeVal::seconds(SILENCE_MAX_S);
    setsockopt(&fd, sockopt::ReceiveTimeout, &silence)?;
    connect(fd.as_raw_fd(), &NetlinkAddr::new(KERNEL, 0))?;
    Ok(fd)
}

/// Sends a request on a socket of its own and gives each datagram of the answer, up to the
/// one that ends it.
///
/// # Errors
/// As `socket(2)`, `connect(2)`, `send(2)`, `recv(2)`; `TimedOut` after five seconds of silence. An error
/// message of the kernel is no error here: it is in the datagrams.
pub(crate) fn ask(
    protocol: SockProtocol,
    request: &[u8],
    sink: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let fd = open(protocol)?;
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

/// How often a table that changed while it was told is asked for.
const ATTEMPTS: usize = 3;

/// Asks for a short table, again where it changed while it was told, and gives the last answer.
///
/// # Errors
/// Those of `ask`.
pub(crate) fn settled(
    mut ask: impl FnMut(&mut dyn FnMut(&[u8])) -> io::Result<()>,
    sink: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for _ in 0..ATTEMPTS {
        kept.clear();
        ask(&mut |datagram| kept.push(datagram.to_vec()))?;
        let mut told = kept
            .iter()
            .flat_map(|it| messages(it, Order::NATIVE).flatten());
        if !told.any(|message| message.flags & INTERRUPTED != 0) {
            break;
        }
    }
    kept.iter().for_each(|datagram| sink(datagram));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{getsockname, sendto};

    /// An answer made up by another process would end a listing early, or add rows to it.
    #[test]
    fn nobody_but_the_kernel_can_answer() {
        let asker = open(SockProtocol::NetlinkSockDiag).unwrap();
        let ours: NetlinkAddr = getsockname(asker.as_raw_fd()).unwrap();
        let stranger = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkSockDiag,
        )
        .unwrap();
        let forged = crate::parse::netlink::request(DONE, 0, &0u32.to_ne_bytes());
        let sent = sendto(
            stranger.as_raw_fd(),
            &forged,
            &NetlinkAddr::new(ours.pid(), 0),
            MsgFlags::empty(),
        );
        assert_eq!(sent, Err(nix::Error::ECONNREFUSED));
    }

    #[test]
    fn a_table_that_changed_meanwhile_is_asked_for_again() {
        let told = |answers: &[u16]| {
            let (mut answers, mut told) = (answers.iter(), Vec::new());
            let ask = |sink: &mut dyn FnMut(&[u8])| {
                let flags = *answers.next().expect("another answer");
                sink(&crate::parse::netlink::request(16, 0, b"one,"));
                sink(&crate::parse::netlink::request(16, flags, b"two."));
                Ok(())
            };
            settled(ask, &mut |datagram| told.extend_from_slice(datagram)).unwrap();
            let all: Vec<u16> = messages(&told, Order::NATIVE)
                .map(|it| it.unwrap().flags)
                .collect();
            (all, answers.count())
        };
        assert_eq!(told(&[2, 0]), (vec![0, 2], 1));
        assert_eq!(told(&[INTERRUPTED, 2]), (vec![0, 2], 0));
        // What never stands still is told as it is.
        assert_eq!(told(&[INTERRUPTED; 4]), (vec![0, INTERRUPTED], 1));
    }
}
