//! Who is up (`-sn`): an ICMP echo where we may send one, then connections to two common
//! ports. Any answer will do, a refusal too.

use crate::answer::Answer;
use crate::engine::Errno;
use crate::origin::Origin;
use crate::pace::Pace;
use crate::plan::{Plan, Report};
use crate::ports::PortSet;
use crate::run::{Listener, scan};
use model::{Gap, Gaps, PortState, Proto, Technique};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{SockaddrStorage, recvfrom};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::thread;
use std::time::{Duration, Instant};

/// Echo requests to a host that does not answer.
const ROUNDS: u8 = 2;
/// Between two echo requests, where no rate is set.
const GAP: Duration = Duration::from_micros(500);

/// Those of the targets that are up, and what said so, in nmap's words; and, of those that
/// were not heard, what our own system would not ask.
///
/// # Errors
/// No probe could be made at all.
pub fn up(
    targets: &[IpAddr],
    pace: &Pace,
    origin: &Origin,
    stop: &(dyn Fn() -> bool + Sync),
) -> io::Result<(HashMap<IpAddr, &'static str>, Gaps)> {
    let mut found: HashMap<IpAddr, &'static str> = HashMap::new();
    let mut heard = Heard::default();
    let mut gaps = Gaps::new();
    for is_v6 in [false, true] {
        let family: Vec<IpAddr> = targets
            .iter()
            .copied()
            .filter(|addr| addr.is_ipv6() == is_v6)
            .collect();
        if let (false, Ok(echo)) = (family.is_empty(), Echo::open(&family, origin)) {
            let answered = echo.ask(&family, pace, stop, &mut heard.unasked);
            found.extend(answered.into_iter().map(|addr| (addr, "echo-reply")));
        }
    }
    let silent: Vec<IpAddr> = targets
        .iter()
        .copied()
        .filter(|addr| !found.contains_key(addr))
        .collect();
    if !silent.is_empty() && !stop() {
        let plan = Plan {
            technique: Technique::Connect,
            proto: Proto::Tcp,
            targets: silent,
            ports: PortSet::of([80, 443]),
            pace: Pace {
                retries_max: 0,
                ..pace.clone()
            },
            threads: 1,
            origin: origin.clone(),
            spent: BTreeMap::new(),
        };
        gaps.append(&mut scan(&plan, &mut heard, stop)?);
        found.extend(heard.up);
    }
    heard.unasked.retain(|addr, _| !found.contains_key(addr));
    for (addr, errors) in heard.unasked {
        let place = format!("host discovery {addr}");
        gaps.extend(errors.into_iter().map(|why| match why {
            Some(errno) => Gap::io(place.as_str(), &io::Error::from_raw_os_error(errno)),
            None => Gap::new(place.as_str(), "not asked to the end"),
        }));
    }
    Ok((found, gaps))
}

/// Why hosts were not asked: what our own system said, none where it said nothing.
type Unasked = BTreeMap<IpAddr, BTreeSet<Option<Errno>>>;

/// Hosts that answered a connection, and those that were not asked.
#[derive(Default)]
struct Heard {
    up: HashMap<IpAddr, &'static str>,
    unasked: Unasked,
}

impl Listener for Heard {
    fn open(&mut self, _addr: IpAddr, _port: u16, _answer: Answer) {}

    fn progress(&mut self, _settled: usize, _all: usize) {}

    fn report(&mut self, report: Report) -> io::Result<()> {
        let answered = report
            .answers
            .iter()
            .find(|(_, answer)| matches!(answer.state, PortState::Open | PortState::Closed));
        if let Some((_, answer)) = answered {
            self.up.insert(report.addr, answer.reason.name());
        } else {
            let refused: usize = report.refused.values().sum();
            let others = (report.missed.len() > refused).then_some(None);
            let why = report.refused.into_keys().map(Some).chain(others);
            for why in why {
                self.unasked.entry(report.addr).or_default().insert(why);
            }
        }
        Ok(())
    }
}

/// A socket for echo requests: a datagram one where the group may (`ping_group_range`),
/// else a raw one.
struct Echo {
    socket: Socket,
    is_v6: bool,
    /// Raw IPv4 sockets hand over the IP header too.
    is_raw: bool,
}

impl Echo {
    /// One for targets of a family.
    fn open(targets: &[IpAddr], origin: &Origin) -> io::Result<Echo> {
        let first = targets
            .first()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let is_v6 = first.is_ipv6();
        let (domain, protocol) = if is_v6 {
            (Domain::IPV6, Protocol::ICMPV6)
        } else {
            (Domain::IPV4, Protocol::ICMPV4)
        };
        let (socket, is_raw) = match Socket::new(domain, Type::DGRAM, Some(protocol)) {
            Ok(socket) => (socket, false),
            Err(_) => (Socket::new(domain, Type::RAW, Some(protocol))?, true),
        };
        socket.set_nonblocking(true)?;
        origin.any_port().apply(&socket, *first)?;
        Ok(Echo {
            socket,
            is_v6,
            is_raw,
        })
    }

    fn ask(
        &self,
        targets: &[IpAddr],
        pace: &Pace,
        stop: &(dyn Fn() -> bool + Sync),
        unasked: &mut Unasked,
    ) -> HashSet<IpAddr> {
        let wanted: HashSet<IpAddr> = targets.iter().copied().collect();
        let mut up = HashSet::new();
        let gap = pace
            .rate_max
            .and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok())
            .unwrap_or(GAP);
        for round in 1..=ROUNDS {
            for addr in targets {
                if up.contains(addr) || stop() {
                    continue;
                }
                // What cannot be sent is asked again in the next round, or by connecting.
                let to = SockAddr::from(SocketAddr::new(*addr, 0));
                match self.socket.send_to(&request(self.is_v6, round), &to) {
                    Ok(_) => unasked.remove(addr),
                    Err(why) => unasked.insert(*addr, BTreeSet::from([why.raw_os_error()])),
                };
                thread::sleep(gap);
                self.hear(&wanted, &mut up);
            }
            let until = Instant::now() + pace.timeout_first.min(Duration::from_secs(1));
            while up.len() < wanted.len() && Instant::now() < until && !stop() {
                let mut list = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
                let _ = poll(&mut list, PollTimeout::from(50u8));
                self.hear(&wanted, &mut up);
            }
        }
        up
    }

    /// Reads every answer there is. An echo reply from a target is enough: nobody else was
    /// asked, and somebody who pings us and forges replies could answer a connection too.
    fn hear(&self, wanted: &HashSet<IpAddr>, up: &mut HashSet<IpAddr>) {
        let mut bytes = [0u8; 64];
        while let Ok((length, from)) =
            recvfrom::<SockaddrStorage>(self.socket.as_raw_fd(), &mut bytes)
        {
            let message = bytes.get(..length).unwrap_or_default();
            let skip = if self.is_raw && !self.is_v6 {
                usize::from(message.first().copied().unwrap_or(0) & 0x0f) * 4
            } else {
                0
            };
            let reply = if self.is_v6 { 129 } else { 0 };
            let addr = from.as_ref().and_then(|from| {
                let v4 = from.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
                v4.or_else(|| from.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
            });
            if let Some(addr) = addr
                && message.get(skip) == Some(&reply)
                && wanted.contains(&addr)
            {
                up.insert(addr);
            }
        }
    }
}

/// An echo request (RFC 792, RFC 4443 §4.1). The kernel fills in the checksum of all but
/// raw IPv4, where it is right for this content.
fn request(is_v6: bool, round: u8) -> [u8; 8] {
    let kind = if is_v6 { 128 } else { 8 };
    let words = [u16::from(kind) << 8, 0x726e, u16::from(round)];
    let mut sum: u32 = words.iter().map(|word| u32::from(*word)).sum();
    sum = (sum & 0xffff) + (sum >> 16);
    let [high, low] = (!u16::try_from(sum).unwrap_or(0)).to_be_bytes();
    [kind, 0, high, low, 0x72, 0x6e, 0, round]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_sums_to_nothing() {
        for round in 0..3 {
            let bytes = request(false, round);
            let sum: u32 = bytes
                .chunks(2)
                .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
                .sum();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        }
    }
}
