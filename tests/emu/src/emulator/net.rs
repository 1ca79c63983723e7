//! Sockets: real ones of the machine we run on.

use super::convert::{self, address, address_bytes};
use super::handle::{Handle, descriptor};
use super::{Kernel, Reply};
use nix::sys::socket::{
    self, AddressFamily, Backlog, MsgFlags, Shutdown, SockFlag, SockType, SockaddrStorage, sockopt,
};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

const EBADF: i32 = 9;
const EINVAL: i32 = 22;
const EPROTOTYPE: i32 = 98;
const ENOPROTOOPT: i32 = 99;
const EAFNOSUPPORT: i32 = 124;
const SOL_SOCKET: u64 = 0xffff;

fn failed(error: nix::Error) -> Reply {
    Reply::Error(convert::errno(error as i32))
}

fn done(result: nix::Result<()>) -> Reply {
    result.map_or_else(failed, |()| Reply::Value(0))
}

fn to_storage(address: SocketAddr) -> SockaddrStorage {
    SockaddrStorage::from(address)
}

fn from_storage(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::from((v4.ip(), v4.port())));
    }
    let v6 = storage.as_sockaddr_in6()?;
    Some(SocketAddr::from((v6.ip(), v6.port())))
}

impl Kernel {
    /// Calls 230 to 246.
    pub(crate) fn net(&mut self, number: u64, a: [u64; 6]) -> Option<Reply> {
        if number == 230 {
            return Some(self.socket(a));
        }
        let Some(open) = self.handles.get(a[0]) else {
            return Some(Reply::Error(EBADF));
        };
        let handle = open.handle.borrow();
        let Some(fd) = handle.fd() else {
            return Some(Reply::Error(95));
        };
        match number {
            232 | 235 => self.to_address(fd, number, a),
            233 => Some(listen(fd, a[1])),
            234 => self.accept(fd, a),
            236 => Some(shut(fd, a[1])),
            237 | 238 => self.receive(fd, number == 238, a),
            240 | 242 => self.send(fd, number == 242, a),
            243 | 244 => self.name(fd, number, a),
            245 => self.option(fd, a),
            246 => self.set_option(fd, a),
            _ => Some(Reply::Error(EINVAL)),
        }
    }

    fn socket(&mut self, a: [u64; 6]) -> Reply {
        let family = match a[0] {
            2 => AddressFamily::Inet,
            26 => AddressFamily::Inet6,
            _ => return Reply::Error(EAFNOSUPPORT),
        };
        // SOCK_STREAM and SOCK_DGRAM are swapped.
        let kind = match a[1] {
            1 => SockType::Datagram,
            2 => SockType::Stream,
            4 => SockType::Raw,
            _ => return Reply::Error(EPROTOTYPE),
        };
        match socket::socket(family, kind, SockFlag::SOCK_CLOEXEC, None) {
            Ok(fd) => Reply::Value(self.handles.insert(Handle::Socket(fd), 2).into()),
            Err(error) => failed(error),
        }
    }

    fn to_address(&self, fd: BorrowedFd<'_>, number: u64, a: [u64; 6]) -> Option<Reply> {
        let Some(address) = address(&self.tracee.bytes(a[1], a[2].min(128))?) else {
            return Some(Reply::Error(EAFNOSUPPORT));
        };
        let address = to_storage(address);
        Some(done(match number {
            232 => socket::bind(fd.as_raw_fd(), &address),
            _ => socket::connect(fd.as_raw_fd(), &address),
        }))
    }

    fn accept(&mut self, fd: BorrowedFd<'_>, a: [u64; 6]) -> Option<Reply> {
        #[expect(
            clippy::disallowed_types,
            reason = "the program's own traffic; nix gives an accepted socket as a bare number"
        )]
        let accepted = fd
            .try_clone_to_owned()
            .and_then(|fd| std::net::TcpListener::from(fd).accept());
        let (accepted, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => return Some(Reply::Error(convert::error(&error))),
        };
        self.give_address(Some(peer), a[1], a[2])?;
        let number = self.handles.insert(Handle::Socket(accepted.into()), 2);
        Some(Reply::Value(number.into()))
    }

    /// Hands an address back through a buffer and a length.
    fn give_address(&self, address: Option<SocketAddr>, buffer: u64, length: u64) -> Option<()> {
        if buffer == 0 || length == 0 {
            return Some(());
        }
        let room = usize::try_from(self.tracee.half(length)?).ok()?;
        let bytes = address.map(address_bytes).unwrap_or_default();
        self.tracee
            .put(buffer, bytes.get(..room.min(bytes.len()))?)?;
        let full = u32::try_from(bytes.len()).ok()?;
        self.tracee.put(length, &full.to_le_bytes())
    }

    fn receive(&self, fd: BorrowedFd<'_>, from: bool, a: [u64; 6]) -> Option<Reply> {
        let mut buffer = vec![0; usize::try_from(a[2].min(1 << 20)).ok()?];
        // MSG_OOB and MSG_PEEK have the same bits.
        let flags = MsgFlags::from_bits_truncate(descriptor(a[3]) & 3);
        let (length, sender) = if from {
            match socket::recvfrom::<SockaddrStorage>(fd.as_raw_fd(), &mut buffer) {
                Ok((length, sender)) => (length, sender),
                Err(error) => return Some(failed(error)),
            }
        } else {
            match socket::recv(fd.as_raw_fd(), &mut buffer, flags) {
                Ok(length) => (length, None),
                Err(error) => return Some(failed(error)),
            }
        };
        if from {
            self.give_address(sender.as_ref().and_then(from_storage), a[4], a[5])?;
        }
        Some(self.put(a[1], buffer.get(..length)?, i64::try_from(length).ok()?))
    }

    fn send(&self, fd: BorrowedFd<'_>, to: bool, a: [u64; 6]) -> Option<Reply> {
        let bytes = self.tracee.bytes(a[1], a[2])?;
        let quiet = MsgFlags::MSG_NOSIGNAL;
        let sent = if to && a[4] != 0 {
            let Some(address) = address(&self.tracee.bytes(a[4], a[5].min(128))?) else {
                return Some(Reply::Error(EAFNOSUPPORT));
            };
            socket::sendto(fd.as_raw_fd(), &bytes, &to_storage(address), quiet)
        } else {
            socket::send(fd.as_raw_fd(), &bytes, quiet)
        };
        Some(match sent {
            Ok(length) => Reply::Value(i64::try_from(length).ok()?),
            Err(error) => failed(error),
        })
    }

    fn name(&self, fd: BorrowedFd<'_>, number: u64, a: [u64; 6]) -> Option<Reply> {
        let name = match number {
            243 => socket::getpeername::<SockaddrStorage>(fd.as_raw_fd()),
            _ => socket::getsockname::<SockaddrStorage>(fd.as_raw_fd()),
        };
        match name {
            Ok(name) => {
                self.give_address(from_storage(&name), a[1], a[2])?;
                Some(Reply::Value(0))
            }
            Err(error) => Some(failed(error)),
        }
    }

    fn option(&self, fd: BorrowedFd<'_>, a: [u64; 6]) -> Option<Reply> {
        const SO_ERROR: u64 = 0x1007;
        const SO_TYPE: u64 = 0x1008;
        let value = match (a[1], a[2]) {
            (SOL_SOCKET, SO_ERROR) => {
                socket::getsockopt(&fd, sockopt::SocketError).map(convert::errno)
            }
            (SOL_SOCKET, SO_TYPE) => {
                socket::getsockopt(&fd, sockopt::SockType).map(|kind| match kind {
                    SockType::Datagram => 1,
                    SockType::Stream => 2,
                    _ => 4,
                })
            }
            _ => return Some(Reply::Error(ENOPROTOOPT)),
        };
        match value {
            Ok(value) => {
                self.tracee.put(a[3], &value.to_le_bytes())?;
                self.tracee.put(a[4], &4u32.to_le_bytes())?;
                Some(Reply::Value(0))
            }
            Err(error) => Some(failed(error)),
        }
    }

    fn set_option(&self, fd: BorrowedFd<'_>, a: [u64; 6]) -> Option<Reply> {
        const IPPROTO_TCP: u64 = 6;
        const TCP_NODELAY: u64 = 1;
        const IPPROTO_IPV6: u64 = 41;
        const IPV6_V6ONLY: u64 = 0x27;
        let on = self.tracee.half(a[3])? != 0;
        Some(done(match (a[1], a[2]) {
            (IPPROTO_IPV6, IPV6_V6ONLY) => socket::setsockopt(&fd, sockopt::Ipv6V6Only, &on),
            (SOL_SOCKET, 0x4) => socket::setsockopt(&fd, sockopt::ReuseAddr, &on),
            (SOL_SOCKET, 0x8) => socket::setsockopt(&fd, sockopt::KeepAlive, &on),
            (SOL_SOCKET, 0x20) => socket::setsockopt(&fd, sockopt::Broadcast, &on),
            (IPPROTO_TCP, TCP_NODELAY) => socket::setsockopt(&fd, sockopt::TcpNoDelay, &on),
            // Linger, buffer sizes and time limits change nothing a test looks at.
            (SOL_SOCKET, 0x80 | 0x1001 | 0x1002 | 0x1005 | 0x1006) => Ok(()),
            _ => return Some(Reply::Error(ENOPROTOOPT)),
        }))
    }
}

fn listen(fd: BorrowedFd<'_>, backlog: u64) -> Reply {
    match Backlog::new(descriptor(backlog).clamp(0, 4096)) {
        Ok(backlog) => done(socket::listen(&fd, backlog)),
        Err(error) => failed(error),
    }
}

fn shut(fd: BorrowedFd<'_>, how: u64) -> Reply {
    let how = match how {
        0 => Shutdown::Read,
        1 => Shutdown::Write,
        _ => Shutdown::Both,
    };
    done(socket::shutdown(fd.as_raw_fd(), how))
}
