//! How fast, how long, how often: all of it arithmetic on times given from outside.

use std::time::{Duration, Instant};

/// The pace of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// How long the first probes may go unanswered before anything is known of the way.
    pub timeout_first: Duration,
    /// Bounds of what the timeout may become.
    pub timeout_min: Duration,
    /// Upper bound of the timeout.
    pub timeout_max: Duration,
    /// Probes sent again at most, per port.
    pub retries_max: u8,
    /// Least time between two probes to one host.
    pub delay: Duration,
    /// Only one probe under way at a time, over all hosts.
    pub serial: bool,
    /// Probes under way to one host before anything is known of it.
    pub window_first: u32,
    /// Probes a second, at least; congestion is then ignored.
    pub rate_min: Option<f64>,
    /// Probes a second, at most. Holds exactly.
    pub rate_max: Option<f64>,
    /// Time one host may take.
    pub host_timeout: Option<Duration>,
}

impl Pace {
    /// The template of `-T`, 0 paranoid to 5 insane; nmap's published times.
    #[must_use]
    pub fn template(level: u8) -> Pace {
        let ms = Duration::from_millis;
        let normal = Pace {
            timeout_first: ms(1_000),
            timeout_min: ms(100),
            timeout_max: ms(10_000),
            retries_max: 10,
            delay: Duration::ZERO,
            serial: false,
            window_first: 100,
            rate_min: None,
            rate_max: None,
            host_timeout: None,
        };
        match level {
            0 => Pace {
                timeout_first: ms(300_000),
                timeout_max: ms(300_000),
                delay: ms(300_000),
                serial: true,
                ..normal
            },
            1 => Pace {
                timeout_first: ms(15_000),
                timeout_max: ms(15_000),
                delay: ms(15_000),
                serial: true,
                ..normal
            },
            2 => Pace {
                delay: ms(400),
                serial: true,
                ..normal
            },
            3 => normal,
            4 => Pace {
                timeout_first: ms(500),
                timeout_max: ms(1_250),
                retries_max: 6,
                window_first: 200,
                ..normal
            },
            _ => Pace {
                timeout_first: ms(250),
                timeout_min: ms(50),
                timeout_max: ms(300),
                retries_max: 2,
                window_first: 400,
                host_timeout: Some(ms(900_000)),
                ..normal
            },
        }
    }

    /// Whether probes leave at set times, which one sender alone can keep.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.serial || !self.delay.is_zero() || self.rate_min.is_some() || self.rate_max.is_some()
    }
}

/// Smoothed round trip time (RFC 6298).
#[derive(Clone, Debug, Default)]
pub struct RoundTrip {
    smooth: Option<(Duration, Duration)>,
}

impl RoundTrip {
    /// Takes in one measurement.
    pub fn measured(&mut self, rtt: Duration) {
        self.smooth = Some(match self.smooth {
            None => (rtt, rtt / 2),
            Some((mean, spread)) => {
                let off = mean.abs_diff(rtt);
                ((mean * 7 + rtt) / 8, (spread * 3 + off) / 4)
            }
        });
    }

    /// Mean and spread, once something was measured.
    #[must_use]
    pub fn smooth(&self) -> Option<(Duration, Duration)> {
        self.smooth
    }

    /// How long the next probe may go unanswered.
    #[must_use]
    pub fn timeout(&self, pace: &Pace) -> Duration {
        match self.smooth {
            None => pace.timeout_first,
            Some((mean, spread)) => (mean + spread * 4).clamp(pace.timeout_min, pace.timeout_max),
        }
    }
}

/// How many probes may be under way to one host: grows with answers, halves with loss
/// (the additive increase and multiplicative decrease of RFC 5681).
#[derive(Clone, Debug)]
pub struct Window {
    size: f64,
    threshold: f64,
    max: f64,
    /// Loss seen again before this moment is the same loss.
    calm_until: Option<Instant>,
}

impl Window {
    /// A window of a first size that may grow to a largest one.
    #[must_use]
    pub fn new(first: u32, max: u32) -> Window {
        let max = f64::from(max.max(1));
        Window {
            size: f64::from(first.max(1)).min(max),
            threshold: max,
            max,
            calm_until: None,
        }
    }

    /// Probes that may be under way.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the size stays between 1 and a u32"
    )]
    pub fn size(&self) -> u32 {
        self.size as u32
    }

    /// An answer came.
    pub fn answered(&mut self) {
        let step = if self.size < self.threshold {
            1.0
        } else {
            1.0 / self.size
        };
        self.size = (self.size + step).min(self.max);
    }

    /// A probe, or its answer, was lost: known because a later try was answered.
    pub fn lost(&mut self, now: Instant, timeout: Duration) {
        if self.calm_until.is_some_and(|until| now < until) {
            return;
        }
        self.calm_until = Some(now + timeout);
        self.threshold = (self.size / 2.0).max(2.0);
        self.size = self.threshold;
    }
}

/// How fast a host answers, where it limits its answers: ICMP errors come at a set rate
/// however fast one asks (RFC 1812 §4.3.2.8; Linux: one a second to each asker, a thousand to
/// all). Asking no faster is then surer and not slower.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Least time between two probes.
    pub delay: Duration,
    /// What the delay may not fall below.
    floor: Duration,
    since: Option<Instant>,
    /// Answers since then, and how many of them only to a later try.
    answers: u32,
    stale: u32,
}

/// Linux's own limit, and a little.
const DELAY_MAX: Duration = Duration::from_millis(1_010);

impl Flow {
    /// A flow of a set delay, about which nothing is known.
    #[must_use]
    pub fn new(delay: Duration) -> Flow {
        Flow {
            delay,
            floor: delay,
            since: None,
            answers: 0,
            stale: 0,
        }
    }

    /// An answer came; `lost` is when the probe before it left, where that one went
    /// unanswered. Where many were lost at the present pace, the delay becomes what the
    /// answers themselves kept, and a little more; where none was, it shrinks again.
    pub fn answered(&mut self, lost: Option<Instant>, now: Instant) {
        let since = *self.since.get_or_insert(lost.unwrap_or(now));
        self.answers += 1;
        self.stale += u32::from(lost.is_some_and(|lost| lost >= since));
        if self.stale >= 4 && self.stale * 4 > self.answers {
            let kept = now.duration_since(since) / self.answers;
            let wanted = (kept + kept / 4).max(self.delay + self.delay / 2);
            self.delay = wanted.min(DELAY_MAX).max(self.floor);
        } else if self.answers >= 64 && self.stale * 16 < self.answers {
            self.delay = (self.delay - self.delay / 8).max(self.floor);
        } else if self.answers < 256 {
            return;
        }
        (self.since, self.answers, self.stale) = (Some(now), 0, 0);
    }
}

/// Probes a second, counted from the first: the n-th leaves no earlier than n/rate.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Probes a second.
    pub per_second: f64,
    since: Instant,
    sent: u64,
}

impl Rate {
    /// A rate that begins now. Nothing is saved up before it is used.
    #[must_use]
    pub fn new(per_second: f64, now: Instant) -> Rate {
        Rate {
            per_second,
            since: now,
            sent: 0,
        }
    }

    /// A rate that goes on behind another plan's last probe, sent now.
    #[must_use]
    pub fn behind(per_second: f64, now: Instant) -> Rate {
        Rate {
            sent: 1,
            ..Rate::new(per_second, now)
        }
    }

    /// When the next probe is due.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of probes stays far below 2^52"
    )]
    pub fn due(&self) -> Instant {
        self.since
            + Duration::try_from_secs_f64(self.sent as f64 / self.per_second)
                .unwrap_or(Duration::from_secs(86_400))
    }

    /// Counts a probe sent now. Time not used is not made up for later.
    pub fn sent(&mut self, now: Instant) {
        if now > self.due() + Duration::from_millis(10) {
            *self = Rate::new(self.per_second, now);
        }
        self.sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_exactly() {
        let start = Instant::now();
        let mut now = start;
        let mut rate = Rate::new(50.0, start);
        let mut sent = 0;
        while now < start + Duration::from_secs(2) {
            if rate.due() <= now {
                rate.sent(now);
                sent += 1;
            }
            now += Duration::from_millis(1);
        }
        assert_eq!(sent, 100);
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let start = Instant::now();
        let mut rate = Rate::new(10.0, start);
        rate.sent(start);
        let later = start + Duration::from_secs(60);
        rate.sent(later);
        assert_eq!(rate.due(), later + Duration::from_millis(100));
    }

    #[test]
    fn the_timeout_follows_the_way_within_its_bounds() {
        let pace = Pace::template(3);
        let mut trip = RoundTrip::default();
        assert_eq!(trip.timeout(&pace), Duration::from_secs(1));
        trip.measured(Duration::from_micros(50));
        assert_eq!(trip.timeout(&pace), Duration::from_millis(100));
        for _ in 0..50 {
            trip.measured(Duration::from_secs(20));
        }
        assert_eq!(trip.timeout(&pace), Duration::from_secs(10));
    }

    #[test]
    fn a_window_grows_with_answers_and_halves_once_a_loss() {
        let now = Instant::now();
        let mut window = Window::new(10, 1_000);
        for _ in 0..90 {
            window.answered();
        }
        assert_eq!(window.size(), 100);
        window.lost(now, Duration::from_secs(1));
        window.lost(now, Duration::from_secs(1));
        assert_eq!(window.size(), 50);
        for _ in 0..55 {
            window.answered();
        }
        assert_eq!(window.size(), 51);
        for step in 1..40 {
            window.lost(now + Duration::from_secs(2 * step), Duration::from_secs(1));
        }
        assert_eq!(window.size(), 2);
    }

    #[test]
    fn a_limited_host_is_asked_as_fast_as_it_answers() {
        let mut now = Instant::now();
        let mut flow = Flow::new(Duration::ZERO);
        for _ in 0..40 {
            now += Duration::from_millis(100);
            flow.answered(Some(now), now);
        }
        assert!(flow.delay >= Duration::from_millis(100), "{flow:?}");
        for _ in 0..4_000 {
            now += flow.delay;
            flow.answered(None, now);
        }
        assert!(flow.delay < Duration::from_millis(1), "{flow:?}");
        for _ in 0..400 {
            now += Duration::from_secs(9);
            flow.answered(Some(now), now);
        }
        assert_eq!(flow.delay, DELAY_MAX);
    }

    #[test]
    fn every_template_has_sane_bounds() {
        for level in 0..=5 {
            let pace = Pace::template(level);
            assert!(
                pace.timeout_min <= pace.timeout_first && pace.timeout_first <= pace.timeout_max
            );
            assert_eq!(pace.is_timed(), level < 3);
        }
    }
}
