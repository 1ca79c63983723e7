//! One host in a schedule: which of its ports are asked, which wait, what is known of the way.

use crate::answer::{Answer, Reason};
use crate::engine::Errno;
use crate::pace::{Flow, Pace, RoundTrip, Window};
use crate::schedule::{Target, Terms};
use model::PortState;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How long a probe of this machine itself may go unanswered.
const LOCAL_TIMEOUT: Duration = Duration::from_millis(250);

/// Times a port that did answer is asked again before the network is called lost.
const WITNESS_RETRIES: u8 = 4;
/// How long a way that is gone is waited for, and how often it is tried.
const ASTRAY_MAX: Duration = Duration::from_secs(10);
const ASTRAY_STEP: Duration = Duration::from_millis(200);
/// How often a connection is tried that somebody here holds, and how long is between.
const BUSY_TRIES: u8 = 20;
const BUSY_STEP: Duration = Duration::from_millis(500);

/// One host's part of a schedule.
pub(crate) struct Peer {
    pub(crate) target: Target,
    pub(crate) cursor: usize,
    pub(crate) again: VecDeque<(u32, u8)>,
    /// Ports whose connection somebody here holds, and when each is tried again.
    busy: VecDeque<(Instant, u32, u8)>,
    /// How often each of them was tried.
    busy_tries: HashMap<u32, u8>,
    /// Ports given up after as many tries as the way so far asked for.
    pub(crate) bench: Vec<(u32, u8)>,
    pub(crate) under_way: u32,
    pub(crate) window: Window,
    pub(crate) trip: RoundTrip,
    pub(crate) not_before: Option<Instant>,
    pub(crate) flow: Flow,
    /// When the last unanswered probe of a port left.
    pub(crate) silent_since: HashMap<u32, Instant>,
    pub(crate) tries: u8,
    /// When and on which port the host was last heard over the network.
    heard: Option<(Instant, u32)>,
    /// The port asked again to learn whether the host is still there.
    witness: Option<u32>,
    /// Since when our own system has known no way to it.
    astray: Option<Instant>,
    /// It was heard, and then never again.
    pub(crate) lost: bool,
    pub(crate) answers: Vec<Option<Answer>>,
    /// Ports our own system would not ask, and why.
    pub(crate) refused: HashMap<u32, Errno>,
    pub(crate) left: usize,
    pub(crate) started: Option<Instant>,
    pub(crate) ended: Option<Instant>,
}

impl Peer {
    pub(crate) fn new(target: Target, ports: usize, terms: &Terms, now: Instant) -> Peer {
        // This machine loses nothing: as much as may be goes at once.
        let (first, most) = if target.local {
            (terms.window_local, terms.window_local)
        } else {
            (terms.pace.window_first, terms.window_max)
        };
        Peer {
            target,
            cursor: 0,
            again: VecDeque::new(),
            busy: VecDeque::new(),
            busy_tries: HashMap::new(),
            bench: Vec::new(),
            under_way: 0,
            window: Window::new(first, most),
            trip: RoundTrip::default(),
            // Another plan's last probe may just have left.
            not_before: target.spent.map(|_| now + terms.pace.delay),
            flow: Flow::new(terms.pace.delay),
            silent_since: HashMap::new(),
            tries: terms.pace.retries_max.saturating_add(1).min(2),
            heard: None,
            witness: None,
            astray: None,
            lost: false,
            answers: vec![None; ports],
            refused: HashMap::new(),
            left: ports,
            started: None,
            ended: None,
        }
    }

    /// On this machine an answer comes at once or not at all.
    pub(crate) fn timeout(&self, pace: &Pace) -> Duration {
        match self.trip.smooth() {
            None if self.target.local && !pace.serial => LOCAL_TIMEOUT,
            _ => self.trip.timeout(pace),
        }
    }

    /// The next probe of this host: what is to be asked again first.
    pub(crate) fn take(&mut self, now: Instant) -> Option<(u32, u8)> {
        while let Some((index, attempt)) = self.again.pop_front().or_else(|| self.freed(now)) {
            let is_open = self.answers.get(at(index)).is_some_and(Option::is_none);
            if is_open || self.witness == Some(index) {
                return Some((index, attempt));
            }
        }
        if self.cursor < self.answers.len() {
            self.cursor += 1;
            return Some((u32::try_from(self.cursor - 1).ok()?, 0));
        }
        None
    }

    /// A port whose connection may be free again.
    fn freed(&mut self, now: Instant) -> Option<(u32, u8)> {
        let due = self.busy.pop_front_if(|(until, ..)| *until <= now);
        due.map(|(_, index, attempt)| (index, attempt))
    }

    /// When the first of those is tried again.
    pub(crate) fn busy_until(&self) -> Option<Instant> {
        self.busy.front().map(|(until, ..)| *until)
    }

    /// Nothing came in time.
    pub(crate) fn silent(&mut self, index: u32, attempt: u8, sent: Option<Instant>) {
        if self.witness == Some(index) {
            self.lost = attempt >= WITNESS_RETRIES;
            if !self.lost {
                self.again.push_back((index, attempt + 1));
            }
            return;
        }
        self.silent_since.extend(sent.map(|sent| (index, sent)));
        if attempt.saturating_add(1) < self.tries {
            self.again.push_back((index, attempt + 1));
        } else {
            self.bench.push((index, attempt.saturating_add(1)));
        }
    }

    /// A later try was answered, so the way loses packets: ports given up after fewer tries
    /// are asked again.
    pub(crate) fn try_more(&mut self, tries: u8) {
        if tries > self.tries {
            self.tries = tries;
            self.again.extend(self.bench.drain(..));
        }
    }

    /// Keeps an answer: the first, or a late one in place of silence.
    pub(crate) fn settle(&mut self, index: u32, answer: Answer, now: Instant) {
        // Had the host itself answered, it would have been heard and be no witness any more.
        if self.witness == Some(index) {
            self.lost = true;
            return;
        }
        let Some(place) = self.answers.get_mut(at(index)) else {
            return;
        };
        let first = place.is_none() && self.refused.remove(&index).is_none();
        if place.is_none() || place.is_some_and(|old| old.reason == Reason::NoResponse) {
            *place = Some(answer);
        }
        if first {
            self.left -= 1;
            if self.left == 0 {
                self.ended = Some(now);
            }
        }
    }

    /// Our own system would not ask a port: it stays without an answer.
    pub(crate) fn refuse(&mut self, index: u32, errno: Errno, now: Instant) {
        // The host can be asked no more, and the ports in doubt stay so.
        if self.witness == Some(index) {
            self.lost = true;
            return;
        }
        let is_open = self.answers.get(at(index)).is_some_and(Option::is_none);
        if is_open && self.refused.insert(index, errno).is_none() {
            self.left -= 1;
            if self.left == 0 {
                self.ended = Some(now);
            }
        }
    }

    /// Somebody here holds the connection a probe would be: it goes back for a while. Held
    /// to the end, the port stays without an answer.
    pub(crate) fn wait_for_room(&mut self, index: u32, attempt: u8, errno: Errno, now: Instant) {
        let tries = self.busy_tries.entry(index).or_default();
        *tries += 1;
        if *tries < BUSY_TRIES {
            self.busy.push_back((now + BUSY_STEP, index, attempt));
        } else {
            self.refuse(index, errno, now);
        }
    }

    /// An answer came over the network.
    pub(crate) fn hear(&mut self, index: u32, now: Instant) {
        self.heard = Some((now, index));
        self.witness = None;
        self.astray = None;
    }

    /// Our own system knows no way to a host it was heard on before: the probe goes back and
    /// is tried again, for a while. False where it was never heard.
    pub(crate) fn wait_for_a_way(&mut self, index: u32, attempt: u8, now: Instant) -> bool {
        if self.heard.is_none() {
            return false;
        }
        self.again.push_front((index, attempt));
        self.not_before = Some(now + ASTRAY_STEP);
        let since = *self.astray.get_or_insert(now);
        if now.duration_since(since) >= ASTRAY_MAX {
            self.lost = true;
            self.ended = Some(now);
        }
        true
    }

    /// Where all else is done, ports given up are settled as silent. With `checks`, a host
    /// that was not heard since one of them was asked is first asked for a port that did
    /// answer: where that is silent too the network was lost, and silence means nothing.
    pub(crate) fn conclude(&mut self, silence: PortState, checks: bool, now: Instant) {
        let is_done = self.cursor >= self.answers.len() && self.busy.is_empty();
        if self.under_way > 0 || !is_done || !self.again.is_empty() {
            return;
        }
        let heard = self.heard.filter(|_| checks);
        let since = &self.silent_since;
        let (mut unsure, sure): (Vec<_>, Vec<_>) = std::mem::take(&mut self.bench)
            .into_iter()
            .partition(|(index, _)| match (heard, since.get(index)) {
                (Some((heard, _)), Some(sent)) => *sent > heard,
                _ => false,
            });
        for (index, _) in sure {
            self.settle(index, Answer::new(silence, Reason::NoResponse), now);
        }
        if let (false, Some((_, witness))) = (unsure.is_empty(), heard) {
            if self.lost {
                self.ended = Some(now);
            } else {
                self.witness = Some(witness);
                self.again.push_back((witness, 0));
            }
            self.bench.append(&mut unsure);
        }
    }

    pub(crate) fn is_late(&self, limit: Option<Duration>, now: Instant) -> bool {
        match (self.started, limit) {
            (Some(started), Some(limit)) => {
                now.duration_since(started) + self.target.spent.unwrap_or_default() >= limit
            }
            _ => false,
        }
    }
}

/// A place in a list.
pub(crate) fn at(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}
