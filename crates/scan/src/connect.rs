//! Full TCP connections (`-sT`), many at a time, without blocking.
//!
//! A connection that stands is closed with a reset (`SO_LINGER` 0): neither side is left
//! with TIME_WAIT or ESTABLISHED. What remains on the other side is one dead entry in the
//! listener's accept queue, until it calls accept.
//!
//! On Linux a refused socket can connect again, so closed ports of this machine cost two
//! system calls each. Towards an address of our own every socket is bound to a source port
//! that is not being scanned: no probe can meet itself or another probe of ours.

use crate::answer::{Answer, Reason};
use crate::engine::{Came, Driver, Sent};
use crate::flights::Flights;
use crate::origin::Origin;
use crate::poller::Interest;
use crate::schedule::Ask;
use model::PortState;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Whether a refused socket may be connected again: Linux documents it (connect(2)),
/// POSIX leaves it open.
const REUSES: bool = cfg!(target_os = "linux");

/// Refused sockets kept: one an address of ours is enough.
const SPARES_MAX: usize = 64;

/// A refused socket that can connect again.
struct Spare {
    socket: Socket,
    /// The address it is bound to, if any.
    own: Option<IpAddr>,
    is_v6: bool,
}

/// Connects, and keeps the sockets under way.
pub struct Connect {
    flights: Flights<Socket>,
    /// Source ports to bind towards addresses of our own, used in turn.
    sources: Vec<u16>,
    /// What probes of other machines leave from.
    origin: Origin,
    turn: usize,
    spares: Vec<Spare>,
}

impl Connect {
    /// A driver that binds these source ports towards addresses of our own.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn new(sources: Vec<u16>, origin: Origin) -> io::Result<Connect> {
        Ok(Connect {
            flights: Flights::new(Interest::Write)?,
            sources,
            origin,
            turn: 0,
            spares: Vec::new(),
        })
    }

    /// A socket to probe an address with, bound where the address is our own.
    fn socket(&mut self, to: SocketAddr, own: Option<IpAddr>) -> io::Result<Socket> {
        let fits = |spare: &Spare| spare.own == own && spare.is_v6 == to.is_ipv6();
        if let Some(at) = self.spares.iter().position(fits) {
            return Ok(self.spares.swap_remove(at).socket);
        }
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_linger(Some(Duration::ZERO))?;
        if let Some(own) = own {
            socket.set_reuse_address(true)?;
            self.turn = self.turn.wrapping_add(1);
            let at = self.turn % self.sources.len().max(1);
            let port = self.sources.get(at).copied().unwrap_or(0);
            socket.bind(&SockAddr::from(SocketAddr::new(own, port)))?;
        } else {
            self.origin.apply(&socket, to.ip())?;
        }
        Ok(socket)
    }

    fn try_send(&mut self, ask: &Ask, own: Option<IpAddr>) -> io::Result<Sent> {
        let to = SocketAddr::new(ask.addr, ask.port);
        let name = SockAddr::from(to);
        let socket = self.socket(to, own)?;
        let mut outcome = socket.connect(&name);
        if let Some(sent) = outcome.as_ref().err().and_then(unsent) {
            return Ok(sent);
        }
        if REUSES && is_under_way(&outcome) {
            // Asked again, the socket tells of an answer that came meanwhile, as on this
            // machine it always has, and is ready for the next port.
            outcome = socket.connect(&name);
        }
        if is_under_way(&outcome) {
            self.flights.add(*ask, socket)?;
            return Ok(Sent::Flying);
        }
        match conclude(outcome, &socket, to)? {
            Some(answer) => {
                if REUSES && answer.reason == Reason::ConnRefused && self.spares.len() < SPARES_MAX
                {
                    self.spares.push(Spare {
                        socket,
                        own,
                        is_v6: to.is_ipv6(),
                    });
                }
                Ok(Sent::Settled(answer))
            }
            // What it left from was its own target; next time it leaves from elsewhere.
            None => Ok(Sent::Busy(libc::EADDRINUSE)),
        }
    }
}

impl Driver for Connect {
    fn send(&mut self, ask: &Ask, local: Option<IpAddr>) -> Sent {
        match self.try_send(ask, local) {
            Ok(sent) => sent,
            // No word from the other side is among these.
            Err(error) => Sent::failed(&error),
        }
    }

    fn wait(&mut self, timeout: Duration, came: &mut Vec<Came>) -> io::Result<()> {
        for (ask, socket) in self.flights.wait(timeout)? {
            let to = SocketAddr::new(ask.addr, ask.port);
            let outcome = socket.take_error().and_then(|error| match error {
                Some(error) => Err(error),
                None => Ok(()),
            });
            let answer = match conclude(outcome, &socket, to) {
                Ok(answer) => Ok(answer),
                Err(error) => match Sent::failed(&error) {
                    Sent::Refused(errno) => Err(errno),
                    _ => Ok(None),
                },
            };
            came.push(Came { ask, answer });
        }
        Ok(())
    }

    fn forget(&mut self, ask: &Ask) {
        self.flights.take(ask);
    }
}

fn is_under_way(outcome: &io::Result<()>) -> bool {
    matches!(outcome, Err(error) if matches!(
        error.raw_os_error(), Some(libc::EINPROGRESS | libc::EALREADY | libc::EINTR)))
}

/// What a finished connect says; none if it met itself and says nothing.
///
/// # Errors
/// One that says nothing of the port.
fn conclude(
    outcome: io::Result<()>,
    socket: &Socket,
    to: SocketAddr,
) -> io::Result<Option<Answer>> {
    match outcome {
        Ok(()) => {
            let own = socket.local_addr().ok().and_then(|own| own.as_socket());
            let peer = socket.peer_addr().ok().and_then(|peer| peer.as_socket());
            // RFC 9293 simultaneous open: a probe whose source happens to be its target,
            // whatever the target was called.
            let is_itself = own == Some(to) || (own.is_some() && own == peer);
            Ok((!is_itself).then_some(Answer::new(PortState::Open, Reason::SynAck)))
        }
        Err(error) if error.raw_os_error() == Some(libc::EISCONN) => conclude(Ok(()), socket, to),
        Err(error) => settled_by(&error).map(Some).ok_or(error),
    }
}

/// What an error means that comes before anything was sent, where it is our own system's: it
/// has no way, or may not take it.
fn unsent(error: &io::Error) -> Option<Sent> {
    match error.raw_os_error()? {
        errno @ (libc::EHOSTUNREACH | libc::EHOSTDOWN | libc::ENETUNREACH | libc::ENETDOWN) => {
            Some(Sent::NoWay(errno))
        }
        libc::EACCES => Some(Sent::Refused(libc::EACCES)),
        _ => None,
    }
}

/// What an error says of the port; none if it is about our own system.
fn settled_by(error: &io::Error) -> Option<Answer> {
    let (state, reason) = match error.raw_os_error()? {
        libc::ECONNREFUSED | libc::ECONNRESET => (PortState::Closed, Reason::ConnRefused),
        libc::ETIMEDOUT => (PortState::Filtered, Reason::NoResponse),
        libc::EHOSTUNREACH | libc::EHOSTDOWN => (PortState::Filtered, Reason::HostUnreach),
        libc::ENETUNREACH | libc::ENETDOWN => (PortState::Filtered, Reason::NetUnreach),
        libc::ENOPROTOOPT => (PortState::Filtered, Reason::ProtoUnreach),
        libc::EACCES => (PortState::Filtered, Reason::AdminProhibited),
        _ => return None,
    };
    Some(Answer::new(state, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// The very connection is there already: another port is asked from the same one as well.
    #[test]
    fn a_connection_that_is_held_stops_no_other() {
        let listener = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket
                .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
                .unwrap();
            socket.listen(4).unwrap();
            let addr = socket.local_addr().unwrap().as_socket().unwrap();
            (socket, addr)
        };
        let ((_one, busy), (_other, free)) = (listener(), listener());
        let held = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        held.set_reuse_address(true).unwrap();
        held.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
            .unwrap();
        held.connect(&SockAddr::from(busy)).unwrap();
        let from = held.local_addr().unwrap().as_socket().unwrap();
        let origin = Origin {
            addr: Some(from.ip()),
            port: Some(from.port()),
            device: None,
        };
        let mut connect = Connect::new(Vec::new(), origin).unwrap();
        let mut send = |to: SocketAddr| {
            let ask = Ask {
                host: 0,
                index: 0,
                attempt: 0,
                addr: to.ip(),
                port: to.port(),
            };
            connect.send(&ask, None)
        };
        assert_eq!(send(busy), Sent::Busy(libc::EADDRNOTAVAIL));
        let answer = Answer::new(PortState::Open, Reason::SynAck);
        assert_eq!(send(free), Sent::Settled(answer));
    }

    /// A socket bound to its target's port connects to itself, also by the wildcard address.
    #[test]
    fn who_meets_itself_by_another_name_found_nothing() {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        bound
            .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
            .unwrap();
        let own = bound.local_addr().unwrap().as_socket().unwrap();
        let to = SocketAddr::from((Ipv4Addr::UNSPECIFIED, own.port()));
        let outcome = bound.connect(&SockAddr::from(to));
        assert!(outcome.is_ok(), "{outcome:?}");
        assert!(conclude(outcome, &bound, to).unwrap().is_none());
    }
}
