//! Who is up (`-sn`): an ICMP echo where we may send one, then connections to two common
//! ports. Any answer will do, a refusal too.

use crate::answer::{Answer, Reason};
use crate::engine::{self, Came, Driver, Errno, Sent, Watch};
use crate::origin::Origin;
use crate::pace::Pace;
use crate::plan::{Plan, Report};
use crate::ports::PortSet;
use crate::run::{Listener, scan};
use crate::schedule::{Ask, Outcome, Schedule, Target, Terms};
use model::{Gap, Gaps, PortState, Proto, Technique};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{SockaddrStorage, recvfrom};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

/// Echo requests a second, where no lower rate is set.
const RATE: f64 = 2_000.0;
/// How long an echo request may go unanswered, where hosts are not asked one by one.
const PATIENCE: Duration = Duration::from_secs(1);
/// Echo requests under way at most.
const FLIGHTS_MAX: u32 = 4_096;

/// What an echo reply says, in a schedule's words.
const HEARD: Answer = Answer {
    state: PortState::Open,
    reason: Reason::SynAck,
    ttl: None,
};

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
    // Whom an echo request was sent to: its delay comes before a connection.
    let mut sent = BTreeMap::new();
    let mut gaps = Gaps::new();
    for is_v6 in [false, true] {
        let family: Vec<IpAddr> = targets
            .iter()
            .copied()
            .filter(|addr| addr.is_ipv6() == is_v6)
            .collect();
        if family.is_empty() {
            continue;
        }
        // Who may send none, or cannot, asks by connecting alone.
        for outcome in echo(&family, pace, origin, stop).unwrap_or_default() {
            if outcome.answers.contains(&Some(HEARD)) {
                found.insert(outcome.addr, "echo-reply");
            }
            if outcome.refused.is_empty() {
                sent.insert(outcome.addr, Duration::ZERO);
            } else {
                let why = outcome.refused.into_keys().map(Some);
                heard.unasked.insert(outcome.addr, why.collect());
            }
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
            spent: sent,
            targets: silent,
            ports: PortSet::of([80, 443]),
            pace: Pace {
                retries_max: 0,
                ..pace.clone()
            },
            threads: 1,
            origin: origin.clone(),
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
/// else a raw one. Driven by a schedule whose hosts have one port each, which is none.
struct Echo {
    socket: Socket,
    is_v6: bool,
    /// Raw IPv4 sockets hand over the IP header too.
    is_raw: bool,
    /// Who was asked, and by which probe last.
    asked: HashMap<IpAddr, Ask>,
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
            asked: HashMap::new(),
        })
    }

    /// Reads every answer there is. An echo reply from a target is enough: nobody else was
    /// asked, and somebody who pings us and forges replies could answer a connection too.
    fn hear(&self, came: &mut Vec<Came>) {
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
                && let Some(&ask) = self.asked.get(&addr)
            {
                came.push(Came {
                    ask,
                    answer: Ok(Some(HEARD)),
                });
            }
        }
    }
}

impl Driver for Echo {
    fn send(&mut self, ask: &Ask, _own: Option<IpAddr>) -> Sent {
        let to = SockAddr::from(SocketAddr::new(ask.addr, 0));
        match self.socket.send_to(&request(self.is_v6, ask.attempt), &to) {
            Ok(_) => {
                self.asked.insert(ask.addr, *ask);
                Sent::Flying
            }
            Err(error) => match Sent::failed(&error) {
                // No port is in use here: what is missing is an address.
                Sent::Busy(errno) => Sent::Refused(errno),
                other => other,
            },
        }
    }

    fn wait(&mut self, timeout: Duration, came: &mut Vec<Came>) -> io::Result<()> {
        let mut list = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        let ms = u16::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(u16::MAX);
        let _ = poll(&mut list, PollTimeout::from(ms));
        self.hear(came);
        Ok(())
    }

    fn forget(&mut self, _ask: &Ask) {}
}

/// Ends where the user wants an end.
struct Until<'s>(&'s (dyn Fn() -> bool + Sync));

impl Watch for Until<'_> {
    fn settled(&mut self, _ask: &Ask, _answer: Answer) {}

    fn tick(&mut self) -> bool {
        !(self.0)()
    }
}

/// Asks targets of a family by echo requests, at the pace of the scan.
fn echo(
    targets: &[IpAddr],
    pace: &Pace,
    origin: &Origin,
    stop: &(dyn Fn() -> bool + Sync),
) -> io::Result<Vec<Outcome>> {
    let mut echo = Echo::open(targets, origin)?;
    let hosts: Vec<Target> = targets
        .iter()
        .map(|&addr| Target {
            addr,
            local: false,
            spent: None,
        })
        .collect();
    let mut schedule = Schedule::new(&hosts, [0].into(), terms(pace), Instant::now());
    engine::run(&mut schedule, &mut echo, &mut Until(stop))?;
    Ok(schedule.outcomes())
}

/// The pace of a scan for echo requests: at most two to a host, and no flood.
fn terms(pace: &Pace) -> Terms {
    let timeout = match pace.serial {
        true => pace.timeout_first,
        false => pace.timeout_first.min(PATIENCE),
    };
    Terms {
        pace: Pace {
            timeout_first: timeout,
            retries_max: 1,
            rate_max: Some(pace.rate_max.map_or(RATE, |rate| rate.min(RATE))),
            rate_min: None,
            host_timeout: None,
            ..pace.clone()
        },
        silence: PortState::Filtered,
        flights_max: FLIGHTS_MAX,
        window_max: 1,
        window_local: 1,
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
    use crate::schedule::Next;

    /// When each of three silent hosts is sent its echo requests, at a pace.
    fn sent(pace: &Pace) -> Vec<(u32, Duration)> {
        let hosts = [1, 2, 3].map(|last| Target {
            addr: [10, 0, 0, last].into(),
            local: false,
            spent: None,
        });
        let start = Instant::now();
        let mut schedule = Schedule::new(&hosts, [0].into(), terms(pace), start);
        let (mut now, mut sent) = (start, Vec::new());
        loop {
            match schedule.next(now) {
                Next::Done => return sent,
                Next::Wait(until) => now = until.max(now),
                Next::Send(ask) => {
                    sent.push((ask.host, now.duration_since(start)));
                    schedule.sent(ask, now);
                }
            }
            schedule.expire(now, |_| {});
        }
    }

    #[test]
    fn echo_requests_keep_the_pace_of_the_scan() {
        let seconds = Duration::from_secs;
        let of_host = |all: &[(u32, Duration)], host| {
            let of = all.iter().filter(|it| it.0 == host).map(|it| it.1);
            of.collect::<Vec<_>>()
        };
        let delayed = Pace {
            delay: seconds(5),
            ..Pace::template(3)
        };
        for (pace, delay) in [
            (delayed, 5),
            (Pace::template(1), 15),
            (Pace::template(0), 300),
        ] {
            let all = sent(&pace);
            assert_eq!(all.len(), 6);
            for host in 0..3 {
                let [first, second] = of_host(&all, host)[..] else {
                    panic!("not asked twice");
                };
                assert!(second - first >= seconds(delay), "{all:?}");
            }
            // One at a time: each silence is waited for.
            let apart = |two: &[(u32, Duration)]| two[1].1 - two[0].1 >= seconds(delay);
            assert!(!pace.serial || all.windows(2).all(apart), "{all:?}");
        }
        let all = sent(&Pace::template(3));
        assert!(all[5].1 < seconds(2), "{all:?}");
    }

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
