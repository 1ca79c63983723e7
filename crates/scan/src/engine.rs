//! Runs a schedule with a technique: sends, waits, gives up, until all is settled.

use crate::answer::Answer;
use crate::schedule::{Ask, Next, Schedule};
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What became of an attempt to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It left.
    Flying,
    /// It was answered at once, or will never leave and that is the answer.
    Settled(Answer),
    /// Our own system had no room: ask again later.
    Later,
    /// Somebody here holds the very connection this would be, or what it would leave from:
    /// a matter of this port alone, which is asked again in a while.
    Busy(Errno),
    /// Our own system has no way there. Where it had one before, the network was lost and
    /// may come back; else nothing is known of the port.
    NoWay(Errno),
    /// Our own system would not send it, for this reason: nothing is known of the port.
    Refused(Errno),
}

/// An error number of our own system.
pub type Errno = i32;

impl Sent {
    /// An error that says nothing of the port.
    #[must_use]
    pub fn failed(error: &io::Error) -> Sent {
        match error.raw_os_error() {
            Some(
                libc::EMFILE
                | libc::ENFILE
                | libc::ENOBUFS
                | libc::ENOMEM
                | libc::EAGAIN
                | libc::EINTR,
            ) => Sent::Later,
            Some(errno @ (libc::EADDRINUSE | libc::EADDRNOTAVAIL)) => Sent::Busy(errno),
            errno => Sent::Refused(errno.unwrap_or(libc::EIO)),
        }
    }
}

/// What came for a probe under way.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    /// The probe.
    pub ask: Ask,
    /// Its answer; none if it must be sent again; an error that says nothing of the port.
    pub answer: Result<Option<Answer>, Errno>,
}

/// A technique: how a probe is sent and how its answer is noticed.
pub trait Driver {
    /// Sends one probe. `own` is our address towards the host where that is the host's too.
    fn send(&mut self, ask: &Ask, own: Option<IpAddr>) -> Sent;

    /// Waits at most this long, and appends what came.
    ///
    /// # Errors
    /// The means of waiting are broken; no probe's fault.
    fn wait(&mut self, timeout: Duration, came: &mut Vec<Came>) -> io::Result<()>;

    /// A probe was given up: its socket may go.
    fn forget(&mut self, ask: &Ask);
}

/// What a run tells while it runs.
pub trait Watch {
    /// A port was settled.
    fn settled(&mut self, ask: &Ask, answer: Answer);

    /// Some time passed. False ends the run here.
    fn tick(&mut self) -> bool;
}

/// Probes sent between two looks at what came.
const BURST: usize = 64;
/// Longest sleep between two ticks.
const TICK: Duration = Duration::from_millis(100);
/// Attempts in a row our own system may have no room for, with nothing of ours under way.
const STARVED: u32 = 1_000;

/// Runs a schedule to its end, or until the watch says so. What was learned is in the
/// schedule either way.
///
/// # Errors
/// The technique's means of waiting are broken, or our own system has no room for a
/// single probe for seconds.
pub fn run(
    schedule: &mut Schedule,
    driver: &mut dyn Driver,
    watch: &mut dyn Watch,
) -> io::Result<()> {
    let mut came = Vec::new();
    let mut starved = 0;
    loop {
        let idle = match burst(schedule, driver, watch) {
            Burst::Done => return Ok(()),
            Burst::Until(moment) => {
                starved = 0;
                moment.saturating_duration_since(Instant::now())
            }
            Burst::NoRoom if schedule.under_way() == 0 && starved >= STARVED => {
                return Err(io::Error::other(
                    "no room for a socket, however long we waited",
                ));
            }
            Burst::NoRoom => {
                starved += 1;
                Duration::from_millis(5)
            }
        };
        driver.wait(idle.min(TICK), &mut came)?;
        let now = Instant::now();
        for Came { ask, answer } in came.drain(..) {
            match answer {
                Ok(Some(answer)) => {
                    schedule.answered(ask, answer, now);
                    watch.settled(&ask, answer);
                }
                Ok(None) => schedule.lost(ask),
                Err(errno) => schedule.refused(ask, errno, now),
            }
        }
        schedule.expire(now, |ask| driver.forget(&ask));
        if !watch.tick() {
            return Ok(());
        }
    }
}

enum Burst {
    Until(Instant),
    NoRoom,
    Done,
}

/// Sends what may be sent now.
fn burst(schedule: &mut Schedule, driver: &mut dyn Driver, watch: &mut dyn Watch) -> Burst {
    for _ in 0..BURST {
        let now = Instant::now();
        let ask = match schedule.next(now) {
            Next::Send(ask) => ask,
            Next::Wait(until) => return Burst::Until(until),
            Next::Done => return Burst::Done,
        };
        match driver.send(&ask, schedule.own(ask.host)) {
            Sent::Flying => schedule.sent(ask, now),
            Sent::Settled(answer) => {
                schedule.settled(ask, answer, now, Instant::now());
                watch.settled(&ask, answer);
            }
            Sent::Busy(errno) => schedule.busy(ask, errno, now),
            Sent::NoWay(_) if schedule.astray(ask, now) => {}
            Sent::NoWay(errno) | Sent::Refused(errno) => schedule.refused(ask, errno, now),
            Sent::Later => {
                schedule.postponed(ask, now);
                return Burst::NoRoom;
            }
        }
    }
    Burst::Until(Instant::now())
}
