//! UDP scan (`-sU`), without any right: a connected socket a port, and the errors the
//! kernel keeps for it.
//!
//! An ICMP error reaches a connected socket with its type and code in the error queue
//! (`IP_RECVERR`, ip(7)), so refused and prohibited are told apart. On this machine the
//! refusal is there before `send` returns: a port that did not refuse is settled at once by
//! binding it. Taken means open; otherwise something other than a socket swallowed the
//! datagram, or will answer it.

use crate::answer::{Answer, Reason};
use crate::bind::{self, Table};
use crate::engine::{Came, Driver, Sent};
use crate::flights::Flights;
use crate::origin::Origin;
#[cfg(target_os = "linux")]
use crate::packet;
use crate::payload::payload;
use crate::poller::Interest;
use crate::schedule::Ask;
use model::PortState;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// A socket that can be connected to the next port of its host.
struct Spare {
    socket: Socket,
    host: IpAddr,
    /// Whether it is one of those held bound on an address of ours.
    is_held: bool,
    /// Whether something of an earlier port may still be in it.
    is_dirty: bool,
}

impl AsFd for Spare {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Sends datagrams, and keeps the sockets under way.
pub struct Udp {
    flights: Flights<Spare>,
    /// What probes of other machines leave from.
    origin: Origin,
    spares: Vec<Spare>,
    /// Addresses of ours that sockets are held on.
    held: HashSet<IpAddr>,
}

/// Sockets kept for the next port.
const SPARES_MAX: usize = 1_024;

impl Udp {
    /// A driver that asks addresses of our own from these held sockets only.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn new(held: Vec<(IpAddr, Socket)>, origin: Origin) -> io::Result<Udp> {
        let mut spares = Vec::new();
        let addrs = held.iter().map(|(addr, _)| *addr).collect();
        for (addr, socket) in held {
            prepare(&socket, addr.is_ipv6())?;
            spares.push(Spare {
                socket,
                host: addr,
                is_held: true,
                is_dirty: true,
            });
        }
        Ok(Udp {
            flights: Flights::new(Interest::Read)?,
            origin,
            spares,
            held: addrs,
        })
    }

    /// A socket for a host; none where only held ones will do and all are under way.
    fn spare(&mut self, ask: &Ask, own: Option<IpAddr>) -> io::Result<Option<Spare>> {
        let fits = |spare: &Spare| spare.host == ask.addr;
        if let Some(at) = self.spares.iter().rposition(fits) {
            return Ok(Some(self.spares.swap_remove(at)));
        }
        if own.is_some() {
            return Ok(None);
        }
        let is_v6 = ask.addr.is_ipv6();
        let domain = if is_v6 { Domain::IPV6 } else { Domain::IPV4 };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        prepare(&socket, is_v6)?;
        self.origin.apply(&socket, ask.addr)?;
        Ok(Some(Spare {
            socket,
            host: ask.addr,
            is_held: false,
            is_dirty: false,
        }))
    }

    fn keep(&mut self, spare: Spare) {
        // What is held on a port of ours is never made anew.
        if spare.is_held || self.spares.len() < SPARES_MAX {
            self.spares.push(spare);
        }
    }

    fn try_send(&mut self, ask: &Ask, own: Option<IpAddr>) -> io::Result<Sent> {
        let Some(mut spare) = self.spare(ask, own)? else {
            return Ok(match self.held.contains(&ask.addr) {
                true => Sent::Later,
                // None was to be had beforehand, and none comes back.
                false => Sent::Refused(libc::EADDRNOTAVAIL),
            });
        };
        let to = SockAddr::from(SocketAddr::new(ask.addr, ask.port));
        if let Err(error) = spare.socket.connect(&to) {
            // What is in its queue was said of another port.
            self.keep(spare);
            return Ok(match (by_number(&error), error.raw_os_error()) {
                // Nothing was sent: our own system knows no way.
                (Some(Reason::HostUnreach | Reason::NetUnreach), Some(errno)) => Sent::NoWay(errno),
                _ => Sent::failed(&error),
            });
        }
        let answer = match ask_port(&mut spare, ask) {
            Ok(answer) => answer,
            Err(error) => match refused(&spare.socket, &error) {
                Some(answer) => Some(answer),
                None => {
                    self.keep(spare);
                    return Ok(Sent::failed(&error));
                }
            },
        };
        let answer = match answer {
            None if own.is_some() => settled_here(ask),
            other => other,
        };
        if let Some(answer) = answer {
            spare.is_dirty = answer.state == PortState::Open;
            self.keep(spare);
            return Ok(Sent::Settled(answer));
        }
        spare.is_dirty = true;
        self.flights.add(*ask, spare)?;
        Ok(Sent::Flying)
    }
}

/// Sends to the port it is connected to, and looks whether an answer is there already.
fn ask_port(spare: &mut Spare, ask: &Ask) -> io::Result<Option<Answer>> {
    if std::mem::replace(&mut spare.is_dirty, false) {
        drain(&spare.socket);
    }
    spare.socket.send(payload(ask.port))?;
    look(&spare.socket)
}

/// Reads what is there, for nobody.
fn drain(socket: &Socket) {
    let mut byte = [std::mem::MaybeUninit::uninit(); 1];
    for _ in 0..64 {
        let ended = matches!(socket.recv(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        if ended && errors::take(socket).is_none() {
            break;
        }
    }
}

/// What a socket has to say: an answer, or nothing yet.
fn look(socket: &Socket) -> io::Result<Option<Answer>> {
    let mut byte = [std::mem::MaybeUninit::uninit(); 1];
    match socket.recv(&mut byte) {
        Ok(_) => {
            let own = socket.local_addr().ok().and_then(|addr| addr.as_socket());
            let peer = socket.peer_addr().ok().and_then(|addr| addr.as_socket());
            // A datagram that reached its own sender says nothing.
            Ok((own != peer).then_some(Answer::new(PortState::Open, Reason::UdpResponse)))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an error on a socket says of the port: the queued ICMP message if there is one, else
/// the number; nothing if that is about our own system.
fn refused(socket: &Socket, error: &io::Error) -> Option<Answer> {
    errors::take(socket)
        .or_else(|| by_number(error))
        .map(meaning)
}

fn by_number(error: &io::Error) -> Option<Reason> {
    Some(match error.raw_os_error()? {
        libc::ECONNREFUSED => Reason::PortUnreach,
        libc::EHOSTUNREACH | libc::EHOSTDOWN => Reason::HostUnreach,
        libc::ENETUNREACH | libc::ENETDOWN => Reason::NetUnreach,
        libc::ENOPROTOOPT => Reason::ProtoUnreach,
        libc::EACCES => Reason::AdminProhibited,
        _ => return None,
    })
}

/// A port that refuses is closed; whatever else says no stands before it.
fn meaning(reason: Reason) -> Answer {
    match reason {
        Reason::PortUnreach => Answer::new(PortState::Closed, reason),
        _ => Answer::new(PortState::Filtered, reason),
    }
}

/// A port of this machine that did not refuse: open if somebody holds it.
fn settled_here(ask: &Ask) -> Option<Answer> {
    let table = Table {
        is_v6: ask.addr.is_ipv6(),
        is_udp: true,
    };
    let answer = bind::probe_at(table, ask.addr, ask.port).ok()?;
    (answer.state == PortState::InUse).then_some(Answer::new(PortState::Open, Reason::Bound))
}

impl Driver for Udp {
    fn send(&mut self, ask: &Ask, own: Option<IpAddr>) -> Sent {
        match self.try_send(ask, own) {
            Ok(sent) => sent,
            Err(error) => Sent::failed(&error),
        }
    }

    fn wait(&mut self, timeout: Duration, came: &mut Vec<Came>) -> io::Result<()> {
        for (ask, spare) in self.flights.wait(timeout)? {
            let answer = match look(&spare.socket) {
                Ok(Some(answer)) => Ok(Some(answer)),
                Ok(None) => Ok(errors::take(&spare.socket).map(meaning)),
                Err(error) => match (refused(&spare.socket, &error), Sent::failed(&error)) {
                    (None, Sent::Refused(errno)) => Err(errno),
                    (answer, _) => Ok(answer),
                },
            };
            came.push(Came { ask, answer });
            self.keep(spare);
        }
        Ok(())
    }

    fn forget(&mut self, ask: &Ask) {
        if let Some(spare) = self.flights.take(ask).filter(|spare| spare.is_held) {
            self.keep(spare);
        }
    }
}

fn prepare(socket: &Socket, is_v6: bool) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    errors::queue(socket, is_v6)
}

#[cfg(target_os = "linux")]
mod errors {
    use super::{Reason, Socket, io, packet};
    use nix::cmsg_space;
    use nix::sys::socket::{
        ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
    };
    use std::os::fd::AsRawFd;

    /// Asks the kernel to keep ICMP errors whole.
    pub(super) fn queue(socket: &Socket, is_v6: bool) -> io::Result<()> {
        if is_v6 {
            setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
        } else {
            setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
        }
        Ok(())
    }

    /// Takes the oldest ICMP error off the queue.
    pub(super) fn take(socket: &Socket) -> Option<Reason> {
        let mut space = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message =
            recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut [], Some(&mut space), flags)
                .ok()?;
        message.cmsgs().ok()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, _) => {
                packet::unreachable_v4(error.ee_type, error.ee_code)
            }
            ControlMessageOwned::Ipv6RecvErr(error, _) => {
                packet::unreachable_v6(error.ee_type, error.ee_code)
            }
            _ => None,
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod errors {
    use super::{Reason, Socket, io};

    /// Errors come as a number only.
    pub(super) fn queue(_socket: &Socket, _is_v6: bool) -> io::Result<()> {
        Ok(())
    }

    /// There is no queue.
    pub(super) fn take(_socket: &Socket) -> Option<Reason> {
        None
    }
}
