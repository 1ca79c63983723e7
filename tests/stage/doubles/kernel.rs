//! Descriptors of things that have no name: what the kernel makes for a process.

use super::Double;
use crate::sys;
use nix::sys::{epoll, eventfd, fanotify, inotify, memfd, signal, signalfd, timerfd};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// Makes one kind; whether it is one of ours.
pub(super) fn make(kind: &str, double: &mut Double) -> io::Result<bool> {
    let fd = match kind {
        "pipe" | "terminal" => return pair(kind, double),
        "netlink" | "vsock" | "alg" | "xdp" | "netlinkdiag" => {
            double.socket(kind, special_socket(kind)?)?;
            return Ok(true);
        }
        "eventfd" => {
            eventfd::EventFd::from_value_and_flags(0, eventfd::EfdFlags::EFD_CLOEXEC)?.into()
        }
        "epoll" => watching()?,
        "timerfd" => {
            let clock = timerfd::ClockId::CLOCK_MONOTONIC;
            timerfd::TimerFd::new(clock, timerfd::TimerFlags::TFD_CLOEXEC)?.into()
        }
        "signalfd" => {
            let set = signal::SigSet::from(signal::Signal::SIGUSR1);
            signalfd::SignalFd::with_flags(&set, signalfd::SfdFlags::SFD_CLOEXEC)?.into()
        }
        "inotify" => inotify::Inotify::init(inotify::InitFlags::IN_CLOEXEC)?.into(),
        "fanotify" => {
            let events = fanotify::EventFFlags::O_RDONLY;
            fanotify::Fanotify::init(fanotify::InitFlags::FAN_CLOEXEC, events)?.into()
        }
        "pidfd" => sys::pidfd_open(std::process::id())?,
        "memfd" => memfd::memfd_create(c"scratch", memfd::MFdFlags::MFD_CLOEXEC)?,
        "netnsfd" => super::open("/proc/self/ns/net")?.into(),
        "uring" => sys::own(sys::io_uring_setup(4, &mut [0; 30])?)?,
        "bpfmap" => bpf_map()?,
        "bpfprogram" => bpf_program()?,
        "userfaultfd" => sys::userfaultfd()?,
        "perf" => sys::perf_event()?,
        "queue" => queue()?,
        _ => return Ok(false),
    };
    double.file(kind, fd)?;
    Ok(true)
}

/// Two ends: of a pipe, or of a pseudo-terminal (the master first).
fn pair(kind: &str, double: &mut Double) -> io::Result<bool> {
    let (one, other) = if kind == "pipe" {
        nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?
    } else {
        let both = nix::pty::openpty(None, None)?;
        (both.master, both.slave)
    };
    double.file(&format!("{kind}-one"), one)?;
    double.file(&format!("{kind}-other"), other)?;
    Ok(true)
}

/// An epoll that watches an eventfd, which is kept too.
fn watching() -> io::Result<OwnedFd> {
    let set = epoll::Epoll::new(epoll::EpollCreateFlags::EPOLL_CLOEXEC)?;
    // Standard input is /dev/null, which cannot be watched: a descriptor of its own is.
    let watched = eventfd::EventFd::from_value_and_flags(0, eventfd::EfdFlags::EFD_CLOEXEC)?;
    set.add(
        &watched,
        epoll::EpollEvent::new(epoll::EpollFlags::EPOLLIN, 0),
    )?;
    std::mem::forget(OwnedFd::from(watched));
    Ok(set.0)
}

/// Sockets of families without ports of the internet.
fn special_socket(kind: &str) -> io::Result<Socket> {
    let (domain, of, protocol) = match kind {
        "netlink" => (libc::AF_NETLINK, Type::RAW, libc::NETLINK_ROUTE),
        "netlinkdiag" => (libc::AF_NETLINK, Type::DGRAM, libc::NETLINK_SOCK_DIAG),
        "vsock" => (libc::AF_VSOCK, Type::STREAM, 0),
        "alg" => (libc::AF_ALG, Type::SEQPACKET, 0),
        _ => (libc::AF_XDP, Type::RAW, 0),
    };
    Socket::new(Domain::from(domain), of, Some(Protocol::from(protocol)))
}

/// An array of one word.
fn bpf_map() -> io::Result<OwnedFd> {
    const MAP_CREATE: u32 = 0;
    // Type 2 (array), key 4 bytes, value 4 bytes, one entry.
    sys::bpf(MAP_CREATE, &mut [2 | 4 << 32, 4 | 1 << 32])
}

/// A socket filter that takes nothing: `r0 = 0; exit`.
fn bpf_program() -> io::Result<OwnedFd> {
    const PROG_LOAD: u32 = 5;
    let instructions = [0x0000_0000_0000_00b7u64, 0x0000_0000_0000_0095];
    let licence = c"MIT";
    // Type 1 (socket filter), two instructions, their address, the licence's.
    let attribute = &mut [
        1 | 2 << 32,
        instructions.as_ptr() as u64,
        licence.as_ptr() as u64,
        0,
    ];
    sys::bpf(PROG_LOAD, attribute)
}

/// A POSIX message queue.
fn queue() -> io::Result<OwnedFd> {
    use nix::mqueue::{MQ_OFlag, mq_open};
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDWR;
    let queue = mq_open("/stage", flags, mode, None)?;
    sys::own(usize::try_from(queue.as_raw_fd()).map_err(io::Error::other)?)
}
