//! Runs a plan: hosts in groups, groups in order, a report a host.

use crate::answer::Answer;
use crate::bind::{self, Table};
use crate::connect::Connect;
use crate::engine::{self, Driver, Errno, Watch};
use crate::limits;
use crate::plan::{Plan, Report, group_size};
use crate::ports::PortSet;
use crate::schedule::{Ask, Outcome, Schedule, Target, Terms};
#[cfg(target_os = "linux")]
use crate::syn::Syn;
use crate::udp::Udp;
use crate::{route, shards, sources};
use crossbeam_channel::{Receiver, Sender, unbounded};
use model::{Gap, Gaps, PortState, Proto, Technique};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a scan tells while it runs.
pub trait Listener {
    /// A port answers: told at once.
    fn open(&mut self, addr: IpAddr, port: u16, answer: Answer);

    /// Ports settled and ports in all, every now and then.
    fn progress(&mut self, settled: usize, all: usize);

    /// All of a host is settled, or it was given up.
    ///
    /// # Errors
    /// Those of writing it somewhere; they end the scan.
    fn report(&mut self, report: Report) -> io::Result<()>;
}

/// Below this many ports threads cost more than they bring.
const SHARD_PORTS: usize = 4_096;

/// Runs a plan: a report a target. `stop` is asked often, from any thread; once it says true
/// the scan ends with what it has, the rest in [`Report::missed`]. What could not be asked at all comes
/// back as gaps.
///
/// # Errors
/// Those of the listener.
pub fn scan(
    plan: &Plan,
    listener: &mut dyn Listener,
    stop: &(dyn Fn() -> bool + Sync),
) -> io::Result<Gaps> {
    let ports: Arc<[u16]> = plan.ports.iter().collect();
    let size = group_size(ports.len()).min(together(plan));
    let mut gaps = Gaps::new();
    let mut before = 0;
    for group in plan.targets.chunks(size) {
        let (outcomes, mut more) = if stop() {
            (unasked(group, ports.len()), Gaps::new())
        } else {
            let mut part = Part {
                plan,
                listener,
                stop,
                before,
            };
            match plan.technique {
                Technique::Bind => part.bind(group, &ports),
                Technique::Connect | Technique::Syn | Technique::Udp => part.probe(group, &ports),
            }
        };
        gaps.append(&mut more);
        for outcome in outcomes {
            listener.report(report(plan, &ports, outcome))?;
        }
        before += group.len() * ports.len();
    }
    Ok(gaps)
}

/// Hosts asked together at most, as far as that hangs on the room for descriptors.
fn together(plan: &Plan) -> usize {
    let most = sources::addrs_max(plan.proto, plan.threads, room());
    let is_bind = plan.technique == Technique::Bind;
    let is_ours = || plan.targets.iter().any(|&addr| route::is_local(addr));
    match plan.targets.len() > most && !is_bind && is_ours() {
        true => most,
        false => usize::MAX,
    }
}

fn room() -> usize {
    usize::try_from(limits::room()).unwrap_or(1)
}

/// Of hosts that are asked no more nothing is known, and that is told.
fn unasked(group: &[IpAddr], ports: usize) -> Vec<Outcome> {
    let outcome = |&addr| Outcome {
        addr,
        answers: vec![None; ports],
        rtt: None,
        took: Duration::ZERO,
        lost: false,
        refused: BTreeMap::new(),
    };
    group.iter().map(outcome).collect()
}

fn report(plan: &Plan, ports: &[u16], outcome: Outcome) -> Report {
    let (answers, missed) = paired(ports, outcome.answers);
    Report {
        technique: plan.technique,
        proto: plan.proto,
        addr: outcome.addr,
        answers,
        missed: PortSet::of(missed),
        rtt: outcome.rtt,
        took: outcome.took,
        lost: outcome.lost,
        refused: outcome.refused,
    }
}

/// Answers that are paired with their ports at a time.
const PIECE: usize = 8_192;

/// Each port with its answer, and the ports without one. Answers are let go as they are
/// paired, from the last on: all ports of a host are held once, not twice.
fn paired(ports: &[u16], mut answers: Vec<Option<Answer>>) -> (Vec<(u16, Answer)>, Vec<u16>) {
    let (mut settled, mut missed) = (Vec::new(), Vec::new());
    while !answers.is_empty() {
        let first = answers.len().saturating_sub(PIECE);
        let piece = answers.split_off(first);
        answers.shrink_to_fit();
        let ports = ports.get(first..).unwrap_or_default();
        let pairs: Vec<_> = ports.iter().copied().zip(piece).collect();
        for (port, answer) in pairs.into_iter().rev() {
            match answer {
                Some(answer) => settled.push((port, answer)),
                None => missed.push(port),
            }
        }
    }
    settled.reverse();
    (settled, missed)
}

/// One group of hosts under way.
struct Part<'a> {
    plan: &'a Plan,
    listener: &'a mut dyn Listener,
    stop: &'a (dyn Fn() -> bool + Sync),
    /// Ports settled in groups before.
    before: usize,
}

type Opened = (IpAddr, u16, Answer);

impl Part<'_> {
    fn probe(&mut self, group: &[IpAddr], ports: &Arc<[u16]>) -> (Vec<Outcome>, Gaps) {
        let targets: Vec<Target> = group
            .iter()
            .map(|&addr| Target {
                addr,
                local: route::is_local(addr),
                spent: self.plan.spent.get(&addr).copied(),
            })
            .collect();
        let own: Vec<IpAddr> = targets
            .iter()
            .filter(|target| target.local)
            .map(|target| target.addr)
            .collect();
        let shards = self.parts(ports.len() * targets.len(), own.len() == targets.len());
        // Ports our own probes come from are asked for last, from other ports.
        let proto = self.plan.proto;
        let each = match self.plan.technique {
            Technique::Syn => 0,
            _ => sources::each(proto, own.len(), shards, room()),
        };
        let reserved = sources::reserve(&own, proto, &self.plan.ports, shards * each);
        let clash: PortSet = PortSet::of(
            reserved
                .ports()
                .filter(|&port| self.plan.ports.contains(port)),
        );
        let first: Arc<[u16]> = ports
            .iter()
            .copied()
            .filter(|&p| !clash.contains(p))
            .collect();
        let mut gaps = Gaps::new();
        let mut outcomes = self.shards(&targets, &first, &reserved, shards, &mut gaps);
        drop(reserved);
        if !clash.is_empty() {
            let others = sources::reserve_apart(&own, proto, &clash, each);
            let last: Arc<[u16]> = clash.iter().collect();
            let mut targets = targets;
            for (target, outcome) in targets.iter_mut().zip(&outcomes) {
                target.spent = Some(target.spent.unwrap_or_default() + outcome.took);
            }
            let late = self.shards(&targets, &last, &others, 1, &mut gaps);
            for (outcome, late) in outcomes.iter_mut().zip(late) {
                let known = first.iter().copied().zip(outcome.answers.drain(..));
                let mut all: Vec<_> = known
                    .chain(last.iter().copied().zip(late.answers))
                    .collect();
                all.sort_unstable_by_key(|&(port, _)| port);
                outcome.answers = all.into_iter().map(|(_, answer)| answer).collect();
                outcome.took += late.took;
                outcome.lost |= late.lost;
                add(&mut outcome.refused, late.refused);
            }
        }
        (outcomes, gaps)
    }

    /// Threads that are of use: where the processor is what is waited for.
    fn parts(&self, size: usize, is_local: bool) -> usize {
        let busy = match self.plan.technique {
            Technique::Connect | Technique::Syn => true,
            Technique::Udp => is_local,
            Technique::Bind => false,
        };
        // A port that is asked for is held once.
        let busy = busy && self.plan.origin.port.is_none();
        if busy && size >= SHARD_PORTS && !self.plan.pace.is_timed() {
            self.plan.threads.max(1)
        } else {
            1
        }
    }

    /// Splits the ports over threads and puts the answers together again.
    fn shards(
        &mut self,
        targets: &[Target],
        ports: &Arc<[u16]>,
        reserved: &sources::Reserved,
        count: usize,
        gaps: &mut Gaps,
    ) -> Vec<Outcome> {
        let (opened, openings) = unbounded();
        let settled = AtomicUsize::new(self.before);
        let (plan, stop) = (self.plan, self.stop);
        let all = plan.size();
        let part = |at: usize, watch: &mut dyn Watch| {
            let range = shards::range(ports.len(), at, count);
            let ports: Arc<[u16]> = ports.get(range).unwrap_or_default().into();
            let share = u32::try_from(count).unwrap_or(1).max(1);
            let mut pace = plan.pace.clone();
            pace.window_first = pace.window_first.div_ceil(share);
            let taken = u32::try_from(reserved.descriptors(plan.proto)).unwrap_or(u32::MAX);
            let sources = reserved.share(at, count).len();
            let terms = Terms {
                pace,
                silence: plan.silence(),
                flights_max: limits::room().saturating_sub(taken) / share,
                window_max: WINDOW_MAX / share,
                window_local: match plan.technique {
                    Technique::Udp => u32::try_from(sources.max(1)).unwrap_or(1),
                    _ => WINDOW_MAX / share,
                },
            };
            let driver = driver(plan, &ports, reserved, at, count);
            let mut schedule = Schedule::new(targets, ports, terms, Instant::now());
            let ran =
                driver.and_then(|mut driver| engine::run(&mut schedule, driver.as_mut(), watch));
            (schedule.outcomes(), ran.err())
        };
        let results = shards::run(
            count,
            |at| {
                let mut watch = Here {
                    listener: &mut *self.listener,
                    openings: &openings,
                    settled: &settled,
                    all,
                    stop,
                };
                let done = part(at, &mut watch);
                watch.drain();
                done
            },
            |at| {
                let mut watch = There {
                    opened: &opened,
                    settled: &settled,
                    stop,
                };
                part(at, &mut watch)
            },
        );
        for (addr, port, answer) in openings.try_iter() {
            self.listener.open(addr, port, answer);
        }
        let mut whole: Vec<Outcome> = Vec::new();
        for (outcomes, error) in results {
            if let Some(error) = error {
                gaps.push(Gap::io(format!("{} probes", plan.proto), &error));
            }
            join(&mut whole, outcomes);
        }
        whole
    }

    /// Bind probes: no schedule, nothing to wait for.
    fn bind(&mut self, group: &[IpAddr], ports: &Arc<[u16]>) -> (Vec<Outcome>, Gaps) {
        let mut outcomes = Vec::new();
        let mut gaps = Gaps::new();
        for &addr in group {
            let table = Table {
                is_v6: addr.is_ipv6(),
                is_udp: self.plan.proto == Proto::Udp,
            };
            let from = Instant::now();
            let count = if ports.len() < SHARD_PORTS {
                1
            } else {
                self.plan.threads.max(1)
            };
            let stop = self.stop;
            let part = |at: usize| {
                let range = shards::range(ports.len(), at, count);
                bind::probe_all(table, addr, ports.get(range).unwrap_or_default(), stop)
            };
            let mut answers = Vec::new();
            for (mut more, gap) in shards::run(count, part, part) {
                if answers.is_empty() {
                    answers = more;
                } else {
                    answers.append(&mut more);
                }
                gaps.extend(gap);
            }
            gaps.dedup();
            self.before += ports.len();
            self.listener.progress(self.before, self.plan.size());
            outcomes.push(Outcome {
                addr,
                answers,
                rtt: None,
                took: from.elapsed(),
                lost: false,
                refused: BTreeMap::new(),
            });
        }
        (outcomes, gaps)
    }
}

/// Probes under way to one host at most.
const WINDOW_MAX: u32 = 4_096;

/// Whether we may send raw packets, which a half-open scan needs.
#[must_use]
pub fn can_send_raw() -> bool {
    #[cfg(target_os = "linux")]
    let can = crate::syn::is_allowed();
    #[cfg(not(target_os = "linux"))]
    let can = false;
    can
}

/// The technique of a plan, for the at-th of `count` senders.
fn driver(
    plan: &Plan,
    ports: &[u16],
    reserved: &sources::Reserved,
    at: usize,
    count: usize,
) -> io::Result<Box<dyn Driver>> {
    match plan.technique {
        Technique::Connect => Ok(Box::new(Connect::new(
            reserved.share(at, count),
            plan.origin.clone(),
        )?)),
        Technique::Udp => Ok(Box::new(Udp::new(
            reserved.sockets(at, count),
            plan.origin.clone(),
        )?)),
        #[cfg(target_os = "linux")]
        Technique::Syn => Ok(Box::new(Syn::new(ports, plan.origin.clone())?)),
        #[cfg(not(target_os = "linux"))]
        Technique::Syn => {
            // It alone needs to know them beforehand.
            let _ = ports;
            Err(io::Error::from(io::ErrorKind::Unsupported))
        }
        Technique::Bind => Err(io::Error::from(io::ErrorKind::Unsupported)),
    }
}

/// Appends the answers of further ports of the same hosts.
fn join(whole: &mut Vec<Outcome>, part: Vec<Outcome>) {
    if whole.is_empty() {
        *whole = part;
        return;
    }
    for (all, mut more) in whole.iter_mut().zip(part) {
        all.answers.append(&mut more.answers);
        all.rtt = all.rtt.or(more.rtt);
        all.took = all.took.max(more.took);
        all.lost |= more.lost;
        add(&mut all.refused, more.refused);
    }
}

/// Adds up what our own system refused.
fn add(all: &mut BTreeMap<Errno, usize>, more: BTreeMap<Errno, usize>) {
    for (errno, count) in more {
        *all.entry(errno).or_default() += count;
    }
}

/// The part that runs on the caller's thread: speaks for all.
struct Here<'a> {
    listener: &'a mut dyn Listener,
    openings: &'a Receiver<Opened>,
    settled: &'a AtomicUsize,
    all: usize,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl Here<'_> {
    fn drain(&mut self) {
        for (addr, port, answer) in self.openings.try_iter() {
            self.listener.open(addr, port, answer);
        }
    }
}

impl Watch for Here<'_> {
    fn settled(&mut self, ask: &Ask, answer: Answer) {
        self.settled.fetch_add(1, Ordering::Relaxed);
        if answer.state == PortState::Open {
            self.listener.open(ask.addr, ask.port, answer);
        }
    }

    fn tick(&mut self) -> bool {
        self.drain();
        let settled = self.settled.load(Ordering::Relaxed);
        self.listener.progress(settled, self.all);
        !(self.stop)()
    }
}

/// A part on another thread.
struct There<'a> {
    opened: &'a Sender<Opened>,
    settled: &'a AtomicUsize,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl Watch for There<'_> {
    fn settled(&mut self, ask: &Ask, answer: Answer) {
        self.settled.fetch_add(1, Ordering::Relaxed);
        if answer.state == PortState::Open {
            // The receiver lives as long as this thread.
            let _ = self.opened.send((ask.addr, ask.port, answer));
        }
    }

    fn tick(&mut self) -> bool {
        !(self.stop)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Reason;

    #[test]
    fn every_port_has_its_answer_or_is_missed_however_many_pieces_there_are() {
        let answer = Answer::new(PortState::Free, Reason::Bindable);
        for count in [0, 1, PIECE, PIECE + 1, 3 * PIECE - 1] {
            let ports: Vec<u16> = (1..).take(count).collect();
            let told = |port: u16| (!port.is_multiple_of(5)).then_some(answer);
            let (settled, mut missed) = paired(&ports, ports.iter().map(|&p| told(p)).collect());
            missed.reverse();
            let (with, without): (Vec<u16>, Vec<u16>) =
                ports.iter().partition(|&&port| told(port).is_some());
            let with: Vec<_> = with.into_iter().map(|port| (port, answer)).collect();
            assert_eq!((settled, missed), (with, without));
        }
    }
}
