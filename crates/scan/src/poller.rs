//! Waits for many sockets at once: epoll on Linux, poll elsewhere.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// What sockets are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Something to read, or an error.
    Read,
    /// Room to write, which a connection has when it stands, or an error.
    Write,
}

#[cfg(target_os = "linux")]
pub use epoll::Poller;
#[cfg(not(target_os = "linux"))]
pub use portable::Poller;

/// Milliseconds, rounded up, so that what is due then is due when the wait ends.
fn milliseconds(timeout: Duration) -> u16 {
    u16::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(u16::MAX)
}

#[cfg(target_os = "linux")]
mod epoll {
    use super::{BorrowedFd, Duration, Interest, io, milliseconds};
    use nix::errno::Errno;
    use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

    /// An epoll instance. An armed socket tells once, then must be armed again.
    pub struct Poller {
        epoll: Epoll,
        flags: EpollFlags,
        events: Vec<EpollEvent>,
    }

    impl Poller {
        /// Opens one.
        ///
        /// # Errors
        /// The system has no descriptor or no memory left.
        pub fn new(interest: Interest) -> io::Result<Poller> {
            let what = match interest {
                Interest::Read => EpollFlags::EPOLLIN,
                Interest::Write => EpollFlags::EPOLLOUT,
            };
            Ok(Poller {
                epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
                flags: what | EpollFlags::EPOLLONESHOT,
                events: vec![EpollEvent::empty(); 256],
            })
        }

        /// Watches a socket under a key of ours.
        ///
        /// # Errors
        /// The system refuses the socket.
        pub fn arm(&mut self, socket: BorrowedFd<'_>, key: u64) -> io::Result<()> {
            let mut event = EpollEvent::new(self.flags, key);
            match self.epoll.add(socket, event) {
                // It was armed before.
                Err(Errno::EEXIST) => self.epoll.modify(socket, &mut event)?,
                other => other?,
            }
            Ok(())
        }

        /// Waits at most this long and appends the keys of sockets that have something to
        /// tell. The armed sockets are named again for systems whose kernel keeps no list.
        ///
        /// # Errors
        /// Those of a broken instance; an interrupted wait brings no keys.
        pub fn wait<'s>(
            &mut self,
            _armed: impl Iterator<Item = (u64, BorrowedFd<'s>)>,
            timeout: Duration,
            keys: &mut Vec<u64>,
        ) -> io::Result<()> {
            let timeout = EpollTimeout::from(milliseconds(timeout));
            match self.epoll.wait(&mut self.events, timeout) {
                Ok(count) => keys.extend(self.events.iter().take(count).map(EpollEvent::data)),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(())
        }
    }
}

#[cfg(any(test, not(target_os = "linux")))]
/// Where the kernel keeps no list.
pub mod portable {
    use super::{BorrowedFd, Duration, Interest, io, milliseconds};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    /// What poll(2) needs between two waits: nothing but what it waits for.
    pub struct Poller {
        flags: PollFlags,
    }

    impl Poller {
        /// Makes one.
        ///
        /// # Errors
        /// None; the signature is that of the other system.
        pub fn new(interest: Interest) -> io::Result<Poller> {
            let flags = match interest {
                Interest::Read => PollFlags::POLLIN,
                Interest::Write => PollFlags::POLLOUT,
            };
            Ok(Poller { flags })
        }

        /// Nothing to do: the armed sockets come with each wait.
        ///
        /// # Errors
        /// None.
        pub fn arm(&mut self, _socket: BorrowedFd<'_>, _key: u64) -> io::Result<()> {
            Ok(())
        }

        /// Waits at most this long and appends the keys of sockets that have something to tell.
        ///
        /// # Errors
        /// Those of the call; an interrupted wait brings no keys.
        pub fn wait<'s>(
            &mut self,
            armed: impl Iterator<Item = (u64, BorrowedFd<'s>)>,
            timeout: Duration,
            keys: &mut Vec<u64>,
        ) -> io::Result<()> {
            let (names, mut list): (Vec<u64>, Vec<PollFd<'s>>) = armed
                .map(|(key, socket)| (key, PollFd::new(socket, self.flags)))
                .unzip();
            match poll(&mut list, PollTimeout::from(milliseconds(timeout))) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let told = names.iter().zip(&list);
            keys.extend(
                told.filter(|(_, fd)| fd.any() == Some(true))
                    .map(|(key, _)| *key),
            );
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket, Type};
    use std::os::fd::AsFd;

    #[test]
    fn both_ways_of_waiting_tell_the_same() {
        let (near, far) = Socket::pair(Domain::UNIX, Type::STREAM, None).unwrap();
        let mut epoll = Poller::new(Interest::Read).unwrap();
        let mut portable = portable::Poller::new(Interest::Read).unwrap();
        epoll.arm(near.as_fd(), 7).unwrap();
        portable.arm(near.as_fd(), 7).unwrap();
        let armed = || [(7, near.as_fd())].into_iter();
        for (sent, told) in [(false, &[][..]), (true, &[7][..])] {
            if sent {
                far.send(b"x").unwrap();
            }
            let (mut a, mut b) = (Vec::new(), Vec::new());
            epoll.wait(armed(), Duration::ZERO, &mut a).unwrap();
            portable.wait(armed(), Duration::ZERO, &mut b).unwrap();
            assert_eq!((a.as_slice(), b.as_slice()), (told, told));
        }
    }
}
