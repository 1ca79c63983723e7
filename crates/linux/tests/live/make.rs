//! Sockets to be found.

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, socket,
};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use std::os::fd::{AsRawFd, OwnedFd};

/// A TCP socket bound to a port of 127.0.0.1.
pub(crate) fn bound(port: u16) -> OwnedFd {
    bound_at([127, 0, 0, 1], port)
}

fn bound_at([a, b, c, d]: [u8; 4], port: u16) -> OwnedFd {
    let fd = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::empty(),
        None,
    )
    .unwrap();
    bind(fd.as_raw_fd(), &SockaddrIn::new(a, b, c, d, port)).unwrap();
    fd
}

/// The same, listening.
pub(crate) fn listener(port: u16) -> OwnedFd {
    listener_at([127, 0, 0, 1], port)
}

/// The same on another address.
pub(crate) fn listener_at(address: [u8; 4], port: u16) -> OwnedFd {
    let fd = bound_at(address, port);
    listen(&fd, Backlog::new(8).unwrap()).unwrap();
    fd
}

/// A process that does nothing for a minute.
pub(crate) fn sleeper() -> std::process::Child {
    std::process::Command::new("sleep")
        .arg("60")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Puts a classic BPF filter on a socket, 8 bytes an instruction.
pub(crate) fn attach_filter(fd: &OwnedFd, program: &[u8]) {
    let program: Vec<_> = program
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&[c0, c1, jt, jf, k @ ..]| {
            socket2::SockFilter::new(u16::from_ne_bytes([c0, c1]), jt, jf, u32::from_ne_bytes(k))
        })
        .collect();
    socket2::SockRef::from(fd).attach_filter(&program).unwrap();
}

sockopt_impl!(
    /// Packets with a lower TTL are dropped.
    MinTtl,
    Both,
    libc::IPPROTO_IP,
    libc::IP_MINTTL,
    i32
);

/// Has a socket drop packets with a TTL below `ttl`.
pub(crate) fn set_min_ttl(fd: &OwnedFd, ttl: i32) {
    nix::sys::socket::setsockopt(fd, MinTtl, &ttl).unwrap();
}
