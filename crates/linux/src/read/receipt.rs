//! sock_diag asked again: by other calls, into buffers that show rewriting, and for one
//! socket alone.

use super::ask::States;
use super::{netlink, observer, order};
use crate::parse::netlink::{DONE, ERROR, errno, messages};
use crate::parse::sock_diag::{self, BY_FAMILY, Dump};
use crate::parse::tiling::{CANARY, Reader};
use crate::parse::{Order, exact};
use model::receipt::{Receipt, Receive};
use model::{Family, Gap, Inet, Proto, Socket};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockProtocol, recvmmsg, recvmsg, send};
use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};
use sysroot::Sysroot;

/// Larger than any message of a dump (32 KiB), so that there is always a tail to look at.
const BUFFER: usize = 40 << 10;

/// Asks for one table and receives it by the call named. With [`model::State::Bound`] among
/// the states, sockets that are bound and no more are asked for too.
#[must_use]
pub fn receipt(
    root: &Sysroot,
    family: Family,
    proto: Option<Proto>,
    states: States,
    by: Receive,
) -> Receipt {
    let name = proto.map_or_else(String::new, |proto| format!("-{proto}"));
    let place = format!("receipt/{}/{family:?}{name}-{:x}", by.name(), states.0);
    let request = sock_diag::dump(family, proto, states.0, None);
    let mut reader = Reader {
        dump: Dump {
            family,
            proto,
            netns: observer::netns(root),
            order: order(root),
        },
        place: &place,
        receipt: Receipt::default(),
        done: false,
    };
    let mut kept = Vec::new();
    let asked = root.answer(&place, |sink| ask(&request, by, sink), &mut |bytes| {
        kept.extend_from_slice(bytes)
    });
    frames(&kept, &mut reader);
    match asked {
        Err(error) => reader.receipt.gaps.push(Gap::io(&place, &error)),
        Ok(()) if !reader.done => {
            let gap = Gap::new(&place, "the answer was cut short");
            reader.receipt.gaps.push(gap);
        }
        Ok(()) => {}
    }
    reader.receipt
}

/// Asks for one socket alone. None where the kernel knows none, or has no such question.
///
/// # Errors
/// As [`receipt`]'s gaps: the call failed, or what came is no socket.
pub fn exact(root: &Sysroot, inet: &Inet) -> io::Result<Option<Socket>> {
    let Some(request) = exact::get(inet) else {
        return Ok(None);
    };
    let place = format!(
        "exact/{}-{}-{}-{}-{}-{}",
        inet.proto,
        inet.local,
        inet.port,
        inet.remote,
        inet.remote_port,
        inet.device.map_or(0, |device| device.0)
    );
    let dump = Dump {
        family: inet.family(),
        proto: Some(inet.proto),
        netns: observer::netns(root),
        order: order(root),
    };
    let mut told = None;
    root.answer(&place, |sink| ask_once(&request, sink), &mut |datagram| {
        told = messages(datagram, dump.order)
            .flatten()
            .next()
            .map(|message| match message.kind {
                BY_FAMILY => Ok(dump.socket(message.body)),
                ERROR => Err(errno(message.body, dump.order)),
                _ => Ok(None),
            })
    })?;
    match told {
        Some(Ok(Some(socket))) => Ok(Some(socket)),
        Some(Err(libc::ENOENT)) => Ok(None),
        Some(Err(errno)) => Err(io::Error::from_raw_os_error(errno)),
        Some(Ok(None)) | None => Err(io::Error::other("a message that is no socket")),
    }
}

/// One datagram is the whole answer: no message says that it ends.
fn ask_once(request: &[u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let fd = netlink::open(SockProtocol::NetlinkSockDiag)?;
    send(fd.as_raw_fd(), request, MsgFlags::empty())?;
    let mut buffer = vec![0; BUFFER];
    let length = receive(&fd, Receive::Recvmsg, &mut buffer)?;
    sink(buffer.get(..length).unwrap_or_default());
    Ok(())
}

/// Gives each buffer as a frame: the length told, the length kept, and the bytes up to the
/// last that is not the canary.
fn ask(request: &[u8], by: Receive, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let fd = netlink::open(SockProtocol::NetlinkSockDiag)?;
    send(fd.as_raw_fd(), request, MsgFlags::empty())?;
    let mut buffer = vec![CANARY; BUFFER];
    loop {
        buffer.fill(CANARY);
        let length = receive(&fd, by, &mut buffer)?;
        let told = buffer.get(..length).unwrap_or_default();
        let last = buffer.iter().rposition(|&byte| byte != CANARY);
        let kept = buffer
            .get(..last.map_or(0, |last| last + 1).max(told.len()))
            .unwrap_or_default();
        for number in [length, kept.len()] {
            sink(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        sink(kept);
        let ends = |kind| kind == DONE || kind == ERROR;
        if told.is_empty()
            || messages(told, Order::NATIVE)
                .flatten()
                .any(|it| ends(it.kind))
        {
            return Ok(());
        }
    }
}

fn frames(mut kept: &[u8], reader: &mut Reader<'_>) {
    let number = |at: usize, bytes: &[u8]| {
        let word = bytes.get(at..)?.first_chunk().copied()?;
        usize::try_from(u32::from_le_bytes(word)).ok()
    };
    while let (Some(told), Some(length)) = (number(0, kept), number(4, kept)) {
        let Some((frame, rest)) = kept.get(8..).and_then(|it| it.split_at_checked(length)) else {
            break;
        };
        reader.buffer(frame, told);
        kept = rest;
    }
}

fn receive(fd: &OwnedFd, by: Receive, buffer: &mut [u8]) -> io::Result<usize> {
    let got = match by {
        Receive::Read => nix::unistd::read(fd, buffer),
        Receive::Recvmsg => {
            let mut parts = [IoSliceMut::new(buffer)];
            recvmsg::<()>(fd.as_raw_fd(), &mut parts, None, MsgFlags::empty()).map(|it| it.bytes)
        }
        Receive::Recvmmsg => {
            let mut headers = MultiHeaders::<()>::preallocate(1, None);
            let mut parts = [[IoSliceMut::new(buffer)]];
            recvmmsg(
                fd.as_raw_fd(),
                &mut headers,
                &mut parts,
                MsgFlags::empty(),
                None,
            )
            .map(|mut all| all.next().map_or(0, |it| it.bytes))
        }
    };
    match got {
        Err(nix::Error::EAGAIN) => Err(io::ErrorKind::TimedOut.into()),
        other => Ok(other?),
    }
}
