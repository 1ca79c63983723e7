//! What to send next, and when: the order of a scan without its sockets. Pure: the
//! moment comes in as a value.

use crate::answer::Answer;
use crate::engine::Errno;
use crate::pace::{Pace, Rate};
use crate::peer::{Peer, at};
use model::PortState;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One probe of one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Place of the host in the schedule.
    pub host: u32,
    /// Place of the port in the schedule's list.
    pub index: u32,
    /// How many probes of this port went before.
    pub attempt: u8,
    /// The host's address.
    pub addr: IpAddr,
    /// The port.
    pub port: u16,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this.
    Send(Ask),
    /// Nothing before this moment, unless an answer comes.
    Wait(Instant),
    /// All is answered or given up.
    Done,
}

/// A host to be probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its address.
    pub addr: IpAddr,
    /// Whether it is this machine: nothing gets lost on the way.
    pub local: bool,
    /// What it took of its time before; none where nothing was sent to it yet.
    pub spent: Option<Duration>,
}

/// What a schedule is made of.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The pace.
    pub pace: Pace,
    /// What silence means for this technique.
    pub silence: PortState,
    /// Probes under way at most, over all hosts.
    pub flights_max: u32,
    /// Probes under way to one host at most.
    pub window_max: u32,
    /// To an address of this machine: as many as there are sources for it.
    pub window_local: u32,
}

#[derive(Clone, Copy)]
struct Flight {
    attempt: u8,
    sent: Instant,
}

/// A scan under way.
pub struct Schedule {
    terms: Terms,
    ports: Arc<[u16]>,
    hosts: Vec<Peer>,
    /// Hosts not ended, asked in turn.
    active: Vec<u32>,
    turn: usize,
    flights: HashMap<(u32, u32), Flight>,
    due: BinaryHeap<Reverse<(Instant, u32, u32, u8)>>,
    rate_max: Option<Rate>,
    rate_min: Option<Rate>,
    flights_max: u32,
    hold: Option<Instant>,
}

/// What became of one host.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its address.
    pub addr: IpAddr,
    /// An answer for each port of the list, none where it was never settled.
    pub answers: Vec<Option<Answer>>,
    /// Smoothed round trip and its spread, where one was measured.
    pub rtt: Option<(Duration, Duration)>,
    /// Time from its first probe to its last answer.
    pub took: Duration,
    /// Whether it answered and then was heard no more: the rest has no answer.
    pub lost: bool,
    /// What our own system said where it would not send: each error, and for how many ports.
    pub refused: BTreeMap<Errno, usize>,
}

impl Schedule {
    /// A schedule that has sent nothing yet.
    #[must_use]
    pub fn new(targets: &[Target], ports: Arc<[u16]>, terms: Terms, now: Instant) -> Schedule {
        let hosts: Vec<Peer> = targets
            .iter()
            .map(|&target| Peer::new(target, ports.len(), &terms, now))
            .collect();
        let limit = terms.pace.host_timeout;
        let has_time = |target: &Target| {
            let spent = target.spent.unwrap_or_default();
            limit.is_none_or(|limit| spent < limit)
        };
        let active = (0..)
            .zip(targets)
            .filter(|(_, target)| has_time(target) && !ports.is_empty())
            .map(|(id, _)| id)
            .collect();
        Schedule {
            ports,
            hosts,
            active,
            turn: 0,
            flights: HashMap::new(),
            due: BinaryHeap::new(),
            rate_max: terms.pace.rate_max.map(|rate| Rate::behind(rate, now)),
            rate_min: terms.pace.rate_min.map(|rate| Rate::new(rate, now)),
            flights_max: terms.flights_max.max(1),
            terms,
            hold: None,
        }
    }

    /// What to do now. What is handed out must be told back by [`Schedule::sent`],
    /// [`Schedule::settled`], [`Schedule::refused`], [`Schedule::busy`] or
    /// [`Schedule::postponed`].
    pub fn next(&mut self, now: Instant) -> Next {
        if self.active.is_empty() {
            return Next::Done;
        }
        let due = self.due.peek().map(|entry| entry.0.0);
        let rate = self.rate_max.as_ref().map(Rate::due);
        let blocked = [self.hold, rate].into_iter().flatten().max();
        if let Some(moment) = blocked.filter(|&moment| moment > now) {
            return Next::Wait(due.map_or(moment, |due| due.min(moment)));
        }
        let under_way = u32::try_from(self.flights.len()).unwrap_or(u32::MAX);
        if under_way >= self.flights_max || (self.terms.pace.serial && under_way > 0) {
            return Next::Wait(due.unwrap_or(now));
        }
        let pressed = self.rate_min.as_ref().map(Rate::due);
        let mut wake = due;
        for moment in pressed.into_iter().filter(|&moment| moment > now) {
            wake = Some(wake.map_or(moment, |wake| wake.min(moment)));
        }
        let is_pressed = pressed.is_some_and(|moment| moment <= now);
        for step in 0..self.active.len() {
            let turn = (self.turn + step) % self.active.len();
            let Some(&id) = self.active.get(turn) else {
                continue;
            };
            let Some(host) = self.hosts.get_mut(at(id)) else {
                continue;
            };
            if let Some(moment) = host.not_before.filter(|&moment| moment > now) {
                wake = Some(wake.map_or(moment, |wake| wake.min(moment)));
            } else if (is_pressed || host.under_way < host.window.size())
                && let Some((index, attempt)) = host.take(now)
            {
                self.turn = turn + 1;
                return Next::Send(Ask {
                    host: id,
                    index,
                    attempt,
                    addr: host.target.addr,
                    port: self.ports.get(at(index)).copied().unwrap_or_default(),
                });
            } else if let Some(moment) = host.busy_until().filter(|&moment| moment > now) {
                wake = Some(wake.map_or(moment, |wake| wake.min(moment)));
            }
        }
        // Where nothing is under way, only benches are left: `expire` concludes them at once.
        Next::Wait(wake.unwrap_or(now))
    }

    /// A probe left and awaits its answer.
    pub fn sent(&mut self, ask: Ask, now: Instant) {
        self.count(ask.host, now);
        let Some(host) = self.hosts.get_mut(at(ask.host)) else {
            return;
        };
        host.under_way += 1;
        let deadline = now + host.timeout(&self.terms.pace);
        let flight = Flight {
            attempt: ask.attempt,
            sent: now,
        };
        self.flights.insert((ask.host, ask.index), flight);
        self.due
            .push(Reverse((deadline, ask.host, ask.index, ask.attempt)));
    }

    /// A probe was answered while it was being sent.
    pub fn settled(&mut self, ask: Ask, answer: Answer, sent: Instant, now: Instant) {
        self.count(ask.host, sent);
        // What our own system says tells nothing of the way.
        if matches!(answer.state, PortState::Open | PortState::Closed) {
            self.hear(ask, now);
            self.learn(ask, Some(now.duration_since(sent)), now);
        }
        self.keep(ask, answer, now);
    }

    /// An answer came to a probe sent before, in time or late.
    pub fn answered(&mut self, ask: Ask, answer: Answer, now: Instant) {
        let flight = self.flights.remove(&(ask.host, ask.index));
        if flight.is_some()
            && let Some(host) = self.hosts.get_mut(at(ask.host))
        {
            host.under_way = host.under_way.saturating_sub(1);
        }
        if matches!(answer.state, PortState::Open | PortState::Closed) {
            self.hear(ask, now);
        }
        let timely = flight.filter(|flight| flight.attempt == ask.attempt);
        self.learn(
            ask,
            timely.map(|flight| now.duration_since(flight.sent)),
            now,
        );
        self.keep(ask, answer, now);
    }

    /// A host answered; what this machine says of itself crossed no network.
    fn hear(&mut self, ask: Ask, now: Instant) {
        let host = self.hosts.get_mut(at(ask.host));
        if let Some(host) = host.filter(|host| !host.target.local) {
            host.hear(ask.index, now);
        }
    }

    /// Our own system has no way to the host of a probe. True if it had one before: the
    /// probe then goes back.
    pub fn astray(&mut self, ask: Ask, now: Instant) -> bool {
        let host = self.hosts.get_mut(at(ask.host));
        host.is_some_and(|host| host.wait_for_a_way(ask.index, ask.attempt, now))
    }

    /// What an answer tells of the way to its host.
    fn learn(&mut self, ask: Ask, rtt: Option<Duration>, now: Instant) {
        let pace = &self.terms.pace;
        let Some(host) = self.hosts.get_mut(at(ask.host)) else {
            return;
        };
        if let Some(rtt) = rtt.filter(|_| !host.target.local) {
            host.trip.measured(rtt);
        }
        host.window.answered();
        let limited = self.terms.silence == PortState::OpenFiltered && !host.target.local;
        if limited {
            let before = host.silent_since.remove(&ask.index);
            host.flow.answered(before, now);
        }
        if ask.attempt > 0 {
            if !limited {
                let timeout = host.trip.timeout(pace);
                host.window.lost(now, timeout);
            }
            let tries = ask.attempt.saturating_add(2);
            host.try_more(tries.min(pace.retries_max.saturating_add(1)));
        }
    }

    /// A probe under way met itself, or its socket failed: it is sent again.
    pub fn lost(&mut self, ask: Ask) {
        if self.flights.remove(&(ask.host, ask.index)).is_some()
            && let Some(host) = self.hosts.get_mut(at(ask.host))
        {
            host.under_way = host.under_way.saturating_sub(1);
            host.again.push_back((ask.index, ask.attempt));
        }
    }

    /// Our own system would not carry a probe, sent or not: the port stays without an answer.
    pub fn refused(&mut self, ask: Ask, errno: Errno, now: Instant) {
        let flew = self.flights.remove(&(ask.host, ask.index)).is_some();
        if let Some(host) = self.hosts.get_mut(at(ask.host)) {
            host.under_way = host.under_way.saturating_sub(u32::from(flew));
            host.refuse(ask.index, errno, now);
        }
    }

    /// The connection a probe would be is held by somebody here: it goes back for a while, and
    /// stays without an answer in the end. All other ports go on.
    pub fn busy(&mut self, ask: Ask, errno: Errno, now: Instant) {
        if let Some(host) = self.hosts.get_mut(at(ask.host)) {
            host.wait_for_room(ask.index, ask.attempt, errno, now);
        }
    }

    /// Our own address towards a host, where that is the host's too.
    #[must_use]
    pub fn own(&self, host: u32) -> Option<IpAddr> {
        let target = self.hosts.get(at(host))?.target;
        target.local.then_some(target.addr)
    }

    /// Probes under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.flights.len()
    }

    /// Our own system had no room for a probe: it goes back, and fewer go at a time.
    pub fn postponed(&mut self, ask: Ask, now: Instant) {
        let under_way = u32::try_from(self.flights.len()).unwrap_or(u32::MAX);
        self.flights_max = under_way.clamp(1, self.flights_max);
        self.hold = Some(now + Duration::from_millis(5));
        if let Some(host) = self.hosts.get_mut(at(ask.host)) {
            host.again.push_front((ask.index, ask.attempt));
        }
    }

    /// Gives up what has waited long enough; `forget` is told of each such probe. Hosts
    /// whose time is over end here.
    pub fn expire(&mut self, now: Instant, mut forget: impl FnMut(Ask)) {
        while let Some(&Reverse((moment, id, index, attempt))) = self.due.peek() {
            if moment > now {
                break;
            }
            self.due.pop();
            let same = |flight: &Flight| flight.attempt == attempt;
            if !self.flights.get(&(id, index)).is_some_and(same) {
                continue;
            }
            let sent = self.flights.remove(&(id, index)).map(|flight| flight.sent);
            if let Some(host) = self.hosts.get_mut(at(id)) {
                host.under_way = host.under_way.saturating_sub(1);
                host.silent(index, attempt, sent);
                forget(Ask {
                    host: id,
                    index,
                    attempt,
                    addr: host.target.addr,
                    port: self.ports.get(at(index)).copied().unwrap_or_default(),
                });
            }
        }
        let (silence, limit) = (self.terms.silence, self.terms.pace.host_timeout);
        // An open UDP port may be silent, and a slow pace is the user's wish.
        let checks = silence == PortState::Filtered && !self.terms.pace.serial;
        for &id in &self.active {
            if let Some(host) = self.hosts.get_mut(at(id)) {
                host.conclude(silence, checks, now);
                if host.is_late(limit, now) {
                    host.ended = Some(now);
                }
            }
        }
        let hosts = &self.hosts;
        self.active
            .retain(|&id| hosts.get(at(id)).is_some_and(|host| host.ended.is_none()));
    }

    /// What became of the hosts, in the order given.
    #[must_use]
    pub fn outcomes(self) -> Vec<Outcome> {
        let hosts = self.hosts.into_iter();
        hosts
            .map(|host| Outcome {
                addr: host.target.addr,
                answers: host.answers,
                rtt: host.trip.smooth(),
                took: match (host.started, host.ended) {
                    (Some(from), Some(to)) => to.duration_since(from),
                    _ => Duration::ZERO,
                },
                lost: host.lost,
                refused: host
                    .refused
                    .into_values()
                    .fold(BTreeMap::new(), |mut counts, errno| {
                        *counts.entry(errno).or_default() += 1;
                        counts
                    }),
            })
            .collect()
    }

    fn keep(&mut self, ask: Ask, answer: Answer, now: Instant) {
        if let Some(host) = self.hosts.get_mut(at(ask.host)) {
            host.settle(ask.index, answer, now);
        }
    }

    /// Every probe counts for the rates and the delay of its host.
    fn count(&mut self, id: u32, now: Instant) {
        for rate in self.rate_max.iter_mut().chain(&mut self.rate_min) {
            rate.sent(now);
        }
        if let Some(host) = self.hosts.get_mut(at(id)) {
            host.started.get_or_insert(now);
            if !host.flow.delay.is_zero() {
                host.not_before = Some(now + host.flow.delay);
            }
        }
    }
}

#[cfg(test)]
mod tests;
