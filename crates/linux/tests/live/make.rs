//! Sockets to be found.

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, socket,
};
use std::os::fd::{AsRawFd, OwnedFd};

/// A TCP socket bound to a port of 127.0.0.1.
pub(crate) fn bound(port: u16) -> OwnedFd {
    let fd = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::empty(),
        None,
    )
    .unwrap();
    bind(fd.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, port)).unwrap();
    fd
}

/// The same, listening.
pub(crate) fn listener(port: u16) -> OwnedFd {
    let fd = bound(port);
    listen(&fd, Backlog::new(8).unwrap()).unwrap();
    fd
}

/// A process that does nothing for a minute.
pub(crate) fn sleeper() -> std::process::Child {
    std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap()
}
