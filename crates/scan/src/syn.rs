//! Half-open scan (`-sS`): a SYN leaves by a raw socket, and what comes back is read there.
//!
//! The connection is never completed. Our own kernel knows nothing of it and resets the
//! SYN-ACK of an open port by itself, which closes the half-open entry on the other side;
//! nothing reaches an accept queue. For this to hold the source port must belong to nobody
//! here: it is kept bound, without listening, for the length of the scan.
//!
//! The sequence number is a keyed hash of host and port, with the number of the attempt in
//! its low bits: an answer that does not acknowledge it is not for us.

use crate::answer::{Answer, Reason};
use crate::engine::{Came, Driver, Sent};
use crate::origin::Origin;
use crate::packet::{self, ACK, RST, SYN};
use crate::schedule::Ask;
use model::PortState;
use nix::cmsg_space;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvfrom, recvmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, SockAddr, SockFilter, Socket, Type};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// Room for packets the kernel holds for us, where it lets us have so much.
const RECEIVE_ROOM: usize = 8 << 20;
/// Low bits of a sequence number that count attempts.
const ATTEMPTS: u32 = 0x1f;

/// A raw socket bound to one of our addresses.
struct Channel {
    from: IpAddr,
    socket: Socket,
}

/// Sends SYNs and reads what comes back.
pub struct Syn {
    source: u16,
    origin: Origin,
    /// Holds the source port in both families.
    _reserved: Vec<Socket>,
    channels: Vec<Channel>,
    complaints: Vec<(bool, Socket)>,
    /// Channel of each host asked so far.
    ways: HashMap<IpAddr, (u32, usize)>,
    /// Index of each port.
    places: HashMap<u16, u32>,
    key: RandomState,
    buffer: Vec<u8>,
}

impl Syn {
    /// Opens what it needs, for these ports in the schedule's order.
    ///
    /// # Errors
    /// No right to open raw sockets, or no port to send from.
    pub fn new(ports: &[u16], origin: Origin) -> io::Result<Syn> {
        let (source, reserved) = match origin.port {
            Some(port) => hold(port, true).map(|held| (port, held)),
            None => reserve(ports),
        }
        .ok_or_else(|| io::Error::from(io::ErrorKind::AddrInUse))?;
        let mut complaints = Vec::new();
        let v4 = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        complaints.push((false, v4));
        // A system without IPv6 scans IPv4 all the same.
        if let Ok(v6) = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)) {
            complaints.push((true, v6));
        }
        for (is_v6, socket) in &complaints {
            prepare(socket, *is_v6)?;
        }
        Ok(Syn {
            source,
            origin,
            _reserved: reserved,
            channels: Vec::new(),
            complaints,
            ways: HashMap::new(),
            places: ports.iter().copied().zip(0..).collect(),
            key: RandomState::new(),
            buffer: vec![0; 2_048],
        })
    }

    /// The channel towards a host, opened when it is first asked.
    fn way(&mut self, ask: &Ask) -> Result<usize, Sent> {
        if let Some(&(_, at)) = self.ways.get(&ask.addr) {
            return Ok(at);
        }
        let from = self.origin.source(ask.addr).map_err(|why| unsent(&why))?;
        let at = match self
            .channels
            .iter()
            .position(|channel| channel.from == from)
        {
            Some(at) => at,
            None => {
                let socket = open(from, self.source, &self.origin).map_err(|why| unopened(&why))?;
                self.channels.push(Channel { from, socket });
                self.channels.len() - 1
            }
        };
        self.ways.insert(ask.addr, (ask.host, at));
        Ok(at)
    }

    fn sequence(&self, addr: IpAddr, port: u16, attempt: u8) -> u32 {
        let hash = u32::try_from(self.key.hash_one((addr, port)) & 0xffff_ffff).unwrap_or(0);
        hash & !ATTEMPTS | u32::from(attempt) & ATTEMPTS
    }

    fn try_send(&mut self, ask: &Ask) -> Result<(), Sent> {
        let at = self.way(ask)?;
        let seq = self.sequence(ask.addr, ask.port, ask.attempt);
        let Some(channel) = self.channels.get(at) else {
            return Err(Sent::Refused(libc::EIO));
        };
        let segment = packet::syn(channel.from, ask.addr, self.source, ask.port, seq);
        // A raw socket takes no port; IPv6 insists on 0.
        let to = SockAddr::from(SocketAddr::new(ask.addr, 0));
        let sent = channel.socket.send_to(&segment, &to);
        sent.map(drop).map_err(|why| unsent(&why))
    }

    /// Which probe a sequence number of ours belongs to.
    fn ask(&self, addr: IpAddr, port: u16, seq: u32) -> Option<Ask> {
        let &(host, _) = self.ways.get(&addr)?;
        let &index = self.places.get(&port)?;
        let attempt = u8::try_from(seq & ATTEMPTS).ok()?;
        (self.sequence(addr, port, attempt) == seq).then_some(Ask {
            host,
            index,
            attempt,
            addr,
            port,
        })
    }

    /// A segment that came from `addr`.
    fn segment(&self, addr: IpAddr, ttl: Option<u8>, bytes: &[u8]) -> Option<Came> {
        let tcp = packet::tcp(bytes)?;
        if tcp.target != self.source {
            return None;
        }
        let (state, reason) = match tcp.flags & (SYN | RST | ACK) {
            flags if flags == SYN | ACK => (PortState::Open, Reason::SynAck),
            flags if flags & RST != 0 => (PortState::Closed, Reason::Reset),
            _ => return None,
        };
        let ask = self.ask(addr, tcp.source, tcp.ack.wrapping_sub(1))?;
        let answer = Ok(Some(Answer { state, reason, ttl }));
        Some(Came { ask, answer })
    }

    /// Reads a socket empty.
    fn drain(&mut self, which: Which, came: &mut Vec<Came>) {
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            let socket = match which {
                Which::Segments(at) => self.channels.get(at).map(|channel| &channel.socket),
                Which::Complaints(at) => self.complaints.get(at).map(|(_, socket)| socket),
            };
            let Some(socket) = socket else { break };
            let Some(packet) = receive(socket, self.is_v6(which), &mut buffer) else {
                break;
            };
            came.extend(match which {
                Which::Segments(_) => self.read_segment(&packet),
                Which::Complaints(at) => self.read_complaint(at, &packet),
            });
        }
        self.buffer = buffer;
    }

    /// Whether a socket hears IPv6.
    fn is_v6(&self, which: Which) -> bool {
        match which {
            Which::Segments(at) => self.channels.get(at).is_some_and(|it| it.from.is_ipv6()),
            Which::Complaints(at) => self.complaints.get(at).is_some_and(|(is_v6, _)| *is_v6),
        }
    }

    fn read_segment(&self, packet: &Packet<'_>) -> Option<Came> {
        match packet.from {
            Some(v6) => self.segment(IpAddr::V6(v6), packet.ttl, packet.bytes),
            None => {
                let packet = packet::ipv4(packet.bytes)?;
                self.segment(IpAddr::V4(packet.from), Some(packet.ttl), packet.body)
            }
        }
    }

    fn read_complaint(&self, at: usize, packet: &Packet<'_>) -> Option<Came> {
        let (is_v6, _) = self.complaints.get(at)?;
        let (complaint, ttl) = if *is_v6 {
            (packet::icmp_v6(packet.bytes)?, packet.ttl)
        } else {
            let packet = packet::ipv4(packet.bytes)?;
            (packet::icmp(packet.body)?, Some(packet.ttl))
        };
        if complaint.source != self.source || complaint.reason == Reason::TimeExceeded {
            return None;
        }
        let ask = self.ask(complaint.to, complaint.target, complaint.seq)?;
        let answer = Ok(Some(Answer {
            state: PortState::Filtered,
            reason: complaint.reason,
            ttl,
        }));
        Some(Came { ask, answer })
    }
}

#[derive(Clone, Copy)]
enum Which {
    Segments(usize),
    Complaints(usize),
}

/// What a raw socket gives. IPv4 ones give the whole packet; IPv6 ones give what it
/// carries, without its header: its sender and hop limit come beside it.
struct Packet<'b> {
    from: Option<Ipv6Addr>,
    ttl: Option<u8>,
    bytes: &'b [u8],
}

/// Takes one packet, if one is there.
fn receive<'b>(socket: &Socket, is_v6: bool, buffer: &'b mut [u8]) -> Option<Packet<'b>> {
    if !is_v6 {
        let (length, _) = recvfrom::<SockaddrStorage>(socket.as_raw_fd(), buffer).ok()?;
        return Some(Packet {
            from: None,
            ttl: None,
            bytes: buffer.get(..length)?,
        });
    }
    let mut space = cmsg_space!(libc::c_int);
    let (length, from, ttl) = {
        let mut parts = [io::IoSliceMut::new(buffer)];
        let flags = MsgFlags::empty();
        let heard =
            recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags)
                .ok()?;
        let ttl = heard.cmsgs().ok()?.find_map(|control| match control {
            ControlMessageOwned::Ipv6HopLimit(hops) => u8::try_from(hops).ok(),
            _ => None,
        });
        let from = heard
            .address
            .as_ref()
            .and_then(SockaddrStorage::as_sockaddr_in6);
        (
            heard.bytes,
            from.map(nix::sys::socket::SockaddrIn6::ip),
            ttl,
        )
    };
    Some(Packet {
        from,
        ttl,
        bytes: buffer.get(..length)?,
    })
}

impl Driver for Syn {
    fn send(&mut self, ask: &Ask, _own: Option<IpAddr>) -> Sent {
        self.try_send(ask).err().unwrap_or(Sent::Flying)
    }

    fn wait(&mut self, timeout: Duration, came: &mut Vec<Came>) -> io::Result<()> {
        let (ready, segments) = {
            let sockets = self.channels.iter().map(|channel| &channel.socket);
            let all = sockets.chain(self.complaints.iter().map(|(_, socket)| socket));
            let mut list: Vec<PollFd<'_>> = all
                .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN))
                .collect();
            let ms = u16::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(u16::MAX);
            match poll(&mut list, PollTimeout::from(ms)) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let ready: Vec<bool> = list.iter().map(|fd| fd.any() == Some(true)).collect();
            (ready, self.channels.len())
        };
        for (at, _) in ready.iter().enumerate().filter(|(_, ready)| **ready) {
            let which = match at.checked_sub(segments) {
                None => Which::Segments(at),
                Some(at) => Which::Complaints(at),
            };
            self.drain(which, came);
        }
        Ok(())
    }

    fn forget(&mut self, _ask: &Ask) {}
}

/// What an error means that comes where the way is looked up or a probe is sent.
fn unsent(error: &io::Error) -> Sent {
    match error.raw_os_error() {
        Some(errno @ (libc::ENETUNREACH | libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT)) => {
            Sent::NoWay(errno)
        }
        Some(errno @ (libc::ENETDOWN | libc::ENODEV | libc::ENXIO | libc::EHOSTUNREACH)) => {
            Sent::NoWay(errno)
        }
        _ => Sent::failed(error),
    }
}

/// What an error means that comes where a raw socket is opened on an address the way there
/// has: that address is none of ours, which tells nothing of the way.
fn unopened(error: &io::Error) -> Sent {
    match error.raw_os_error() {
        Some(errno @ (libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT)) => Sent::Refused(errno),
        _ => unsent(error),
    }
}

/// A port nobody here uses, in either family; outside the scanned ones where possible.
fn reserve(ports: &[u16]) -> Option<(u16, Vec<Socket>)> {
    let apart = (1_024..=u16::MAX)
        .rev()
        .filter(|port| !ports.contains(port))
        .take(512);
    let any = (32_768..=u16::MAX).rev();
    apart
        .chain(any)
        .find_map(|port| Some((port, hold(port, false)?)))
}

/// Holds a port in both families. One that was asked for may be `shared`, as a connection's
/// would be: others that left from it do no harm.
fn hold(port: u16, shared: bool) -> Option<Vec<Socket>> {
    let v4 = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).ok()?;
    v4.set_reuse_address(shared).ok()?;
    v4.bind(&SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port).into())
        .ok()?;
    let mut held = vec![v4];
    if let Ok(v6) = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)) {
        v6.set_only_v6(true).ok()?;
        v6.set_reuse_address(shared).ok()?;
        v6.bind(&SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port).into())
            .ok()?;
        held.push(v6);
    }
    Some(held)
}

/// A raw TCP socket on one of our addresses that is given only segments to our port. A device
/// comes before the address: of a link-local one it is a part.
fn open(from: IpAddr, port: u16, origin: &Origin) -> io::Result<Socket> {
    let domain = if from.is_ipv4() {
        Domain::IPV4
    } else {
        Domain::IPV6
    };
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::TCP))?;
    socket.attach_filter(&filter(from.is_ipv4(), port))?;
    prepare(&socket, from.is_ipv6())?;
    origin.bind_device(&socket)?;
    socket.bind(&SockAddr::from(SocketAddr::new(from, 0)))?;
    Ok(socket)
}

fn prepare(socket: &Socket, is_v6: bool) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    // The limit of the system holds for who may not pass it; less room means more retries.
    if setsockopt(socket, sockopt::RcvBufForce, &RECEIVE_ROOM).is_err() {
        let _ = socket.set_recv_buffer_size(RECEIVE_ROOM);
    }
    if is_v6 {
        setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true)?;
    }
    Ok(())
}

/// Classic BPF: destination port equal, else nothing. IPv4 raw sockets see the IP header,
/// whose length is in its first byte; IPv6 ones begin at the segment.
fn filter(is_v4: bool, port: u16) -> Vec<SockFilter> {
    const LDX_MSH: u16 = 0xb1; // x = 4 * (byte[k] & 0xf)
    const LDH_IND: u16 = 0x48; // a = half[x + k]
    const LDH_ABS: u16 = 0x28; // a = half[k]
    const JEQ: u16 = 0x15;
    const RET: u16 = 0x06;
    let mut program = Vec::new();
    if is_v4 {
        program.push(SockFilter::new(LDX_MSH, 0, 0, 0));
        program.push(SockFilter::new(LDH_IND, 0, 0, 2));
    } else {
        program.push(SockFilter::new(LDH_ABS, 0, 0, 2));
    }
    program.push(SockFilter::new(JEQ, 0, 1, port.into()));
    program.push(SockFilter::new(RET, 0, 0, u32::MAX));
    program.push(SockFilter::new(RET, 0, 0, 0));
    program
}

/// Whether we may open raw sockets at all.
#[must_use]
pub fn is_allowed() -> bool {
    Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::TCP)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_cannot_be_had_says_nothing_of_the_port() {
        let error = |errno| io::Error::from_raw_os_error(errno);
        for errno in [libc::EADDRNOTAVAIL, libc::EAFNOSUPPORT] {
            assert_eq!(unopened(&error(errno)), Sent::Refused(errno));
            assert_eq!(unsent(&error(errno)), Sent::NoWay(errno));
        }
        assert_eq!(unopened(&error(libc::EMFILE)), Sent::Later);
    }
}
