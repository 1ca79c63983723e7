//! The schedule against networks that answer, lose, limit and refuse.

use super::*;
use crate::answer::Reason;

/// A network in which time passes only when the schedule waits. `answer` says what
/// comes back for a probe, and when; nothing, if it is lost.
fn simulate(
    mut schedule: Schedule,
    start: Instant,
    mut answer: impl FnMut(&Ask, Duration) -> Option<(Answer, Duration)>,
) -> (Vec<Outcome>, Vec<(Ask, Duration)>) {
    let mut now = start;
    let mut coming: Vec<(Instant, Ask, Answer)> = Vec::new();
    let mut sent = Vec::new();
    loop {
        match schedule.next(now) {
            Next::Done => return (schedule.outcomes(), sent),
            Next::Send(ask) => {
                let since = now.duration_since(start);
                sent.push((ask, since));
                assert!(sent.len() < 100_000, "the schedule never ends");
                schedule.sent(ask, now);
                if let Some((answer, later)) = answer(&ask, since) {
                    coming.push((now + later, ask, answer));
                    coming.sort_by_key(|row| row.0);
                }
            }
            Next::Wait(until) => {
                let arrival = coming.first().map(|row| row.0);
                now = arrival.map_or(until, |arrival| arrival.min(until)).max(now);
                while coming.first().is_some_and(|row| row.0 <= now) {
                    let (_, ask, answer) = coming.remove(0);
                    schedule.answered(ask, answer, now);
                }
                schedule.expire(now, |_| {});
            }
        }
    }
}

fn schedule(hosts: u8, ports: u16, pace: Pace, silence: PortState, now: Instant) -> Schedule {
    let targets: Vec<Target> = (1..=hosts)
        .map(|last| Target {
            addr: IpAddr::from([10, 0, 0, last]),
            local: false,
            spent: None,
        })
        .collect();
    let terms = Terms {
        pace,
        silence,
        flights_max: 1_000,
        window_max: 500,
        window_local: 500,
    };
    Schedule::new(&targets, (1..=ports).collect(), terms, now)
}

const CLOSED: Answer = Answer {
    state: PortState::Closed,
    reason: Reason::Reset,
    ttl: None,
};
const MS: Duration = Duration::from_millis(1);

fn count(outcome: &Outcome, state: PortState) -> usize {
    let answers = outcome.answers.iter().flatten();
    answers.filter(|answer| answer.state == state).count()
}

#[test]
fn all_is_asked_once_where_all_answers() {
    let start = Instant::now();
    let schedule = schedule(3, 200, Pace::template(3), PortState::Filtered, start);
    let (outcomes, sent) = simulate(schedule, start, |_, _| Some((CLOSED, MS)));
    assert_eq!(sent.len(), 600);
    assert!(
        outcomes
            .iter()
            .all(|outcome| count(outcome, PortState::Closed) == 200)
    );
}

#[test]
fn silence_is_asked_twice_and_then_believed() {
    let start = Instant::now();
    let schedule = schedule(1, 100, Pace::template(3), PortState::Filtered, start);
    let (outcomes, sent) = simulate(schedule, start, |ask, _| {
        (ask.port > 10).then_some((CLOSED, MS))
    });
    // And once more a port that did answer: the host is still there.
    assert_eq!(sent.len(), 90 + 20 + 1);
    assert_eq!(count(&outcomes[0], PortState::Filtered), 10);
    assert_eq!(count(&outcomes[0], PortState::Closed), 90);
}

/// Every third packet is lost: whoever gives up after two tries calls a ninth filtered.
#[test]
fn a_lossy_way_makes_it_try_more() {
    let start = Instant::now();
    let schedule = schedule(1, 1_000, Pace::template(3), PortState::Filtered, start);
    let mut dice = 1u32;
    let (outcomes, _) = simulate(schedule, start, |_, _| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (!(dice >> 16).is_multiple_of(3)).then_some((CLOSED, MS * 20))
    });
    assert_eq!(count(&outcomes[0], PortState::Closed), 1_000);
}

/// Ten refusals a second and no more, whatever is asked.
#[test]
fn a_host_that_limits_its_refusals_is_waited_for() {
    let start = Instant::now();
    let schedule = schedule(1, 300, Pace::template(3), PortState::OpenFiltered, start);
    let mut tokens = 6.0;
    let mut last = Duration::ZERO;
    let (outcomes, _) = simulate(schedule, start, |ask, since| {
        tokens = f64::min(6.0, tokens + (since - last).as_secs_f64() * 10.0);
        last = since;
        if ask.port == 7 || tokens < 1.0 {
            return None;
        }
        tokens -= 1.0;
        Some((CLOSED, MS))
    });
    assert_eq!(count(&outcomes[0], PortState::Closed), 299);
    assert_eq!(count(&outcomes[0], PortState::OpenFiltered), 1);
}

#[test]
fn a_rate_and_a_delay_hold() {
    let start = Instant::now();
    let rated = Pace {
        rate_max: Some(100.0),
        ..Pace::template(3)
    };
    let plan = schedule(2, 50, rated, PortState::Filtered, start);
    let (_, sent) = simulate(plan, start, |_, _| Some((CLOSED, MS)));
    for (at, (_, since)) in sent.iter().enumerate() {
        // The first, too: another plan's last probe may just have left.
        let due = MS * 10 * u32::try_from(at + 1).unwrap();
        assert!(*since >= due, "{at}: {since:?}");
    }
    let plan = schedule(1, 20, Pace::template(2), PortState::Filtered, start);
    let (_, sent) = simulate(plan, start, |_, _| Some((CLOSED, MS)));
    assert_eq!(sent[0].1, Duration::ZERO);
    assert!(sent.windows(2).all(|two| two[1].1 - two[0].1 >= MS * 400));
}

#[test]
fn a_host_that_takes_too_long_keeps_what_it_has() {
    let start = Instant::now();
    let hurried = Pace {
        host_timeout: Some(MS * 100),
        rate_max: Some(100.0),
        ..Pace::template(3)
    };
    let plan = schedule(1, 1_000, hurried, PortState::Filtered, start);
    let (outcomes, sent) = simulate(plan, start, |_, _| Some((CLOSED, MS)));
    assert!(sent.len() <= 12, "{}", sent.len());
    assert!(count(&outcomes[0], PortState::Closed) >= 9);
    assert!(outcomes[0].answers.iter().any(Option::is_none));
}

/// What was sent to a host before, by another technique, may just have left.
#[test]
fn a_delay_holds_from_one_plan_to_the_next() {
    let start = Instant::now();
    let target = Target {
        addr: [10, 0, 0, 1].into(),
        local: false,
        spent: Some(Duration::ZERO),
    };
    let terms = Terms {
        pace: Pace::template(1),
        silence: PortState::Filtered,
        flights_max: 100,
        window_max: 100,
        window_local: 100,
    };
    let plan = Schedule::new(&[target], (1..=2).collect(), terms, start);
    let (_, sent) = simulate(plan, start, |_, _| Some((CLOSED, MS)));
    assert_eq!([sent[0].1, sent[1].1], [MS * 15_000, MS * 30_000]);
}

/// What another technique took of a host's time is gone.
#[test]
fn a_host_has_no_more_time_than_what_is_left_of_it() {
    let start = Instant::now();
    for (spent, least) in [(0, 9), (50, 4), (100, 0), (200, 0)] {
        let terms = Terms {
            pace: Pace {
                host_timeout: Some(MS * 100),
                rate_max: Some(100.0),
                ..Pace::template(3)
            },
            silence: PortState::Filtered,
            flights_max: 100,
            window_max: 100,
            window_local: 100,
        };
        let target = Target {
            addr: [10, 0, 0, 1].into(),
            local: false,
            spent: Some(MS * spent),
        };
        let plan = Schedule::new(&[target], (1..=1_000).collect(), terms, start);
        let (outcomes, sent) = simulate(plan, start, |_, _| Some((CLOSED, MS)));
        let answered = count(&outcomes[0], PortState::Closed);
        assert!(
            (least..=least + 3).contains(&answered),
            "{spent}: {answered}"
        );
        assert!(spent < 100 || sent.is_empty(), "{spent}");
    }
}

#[test]
fn what_our_system_had_no_room_for_is_asked_again() {
    let start = Instant::now();
    let mut plan = schedule(1, 3, Pace::template(3), PortState::Filtered, start);
    let Next::Send(first) = plan.next(start) else {
        panic!("nothing to send");
    };
    plan.postponed(first, start);
    assert!(matches!(plan.next(start), Next::Wait(_)));
    let (outcomes, sent) = simulate(plan, start, |_, _| Some((CLOSED, MS)));
    assert_eq!((sent.len(), count(&outcomes[0], PortState::Closed)), (3, 3));
}

/// Refused at once, refused after it left, refused and then answered all the same.
#[test]
fn what_our_system_would_not_ask_has_no_answer_and_holds_up_nothing() {
    let start = Instant::now();
    let mut plan = schedule(1, 4, Pace::template(3), PortState::Filtered, start);
    let mut taken = [(); 3].map(|()| match plan.next(start) {
        Next::Send(ask) => ask,
        other => panic!("{other:?}"),
    });
    let [at_once, later, answered] = &mut taken;
    plan.refused(*at_once, libc::EPERM, start);
    plan.sent(*later, start);
    plan.refused(*later, libc::EIO, start);
    plan.sent(*answered, start);
    plan.refused(*answered, libc::EPERM, start);
    plan.answered(*answered, CLOSED, start);
    let (outcomes, sent) = simulate(plan, start, |_, _| Some((CLOSED, MS)));
    assert_eq!((sent.len(), count(&outcomes[0], PortState::Closed)), (1, 2));
    assert_eq!(
        outcomes[0].refused,
        BTreeMap::from([(libc::EPERM, 1), (libc::EIO, 1)])
    );
}

#[test]
fn a_late_answer_beats_silence() {
    let start = Instant::now();
    let plan = schedule(1, 2, Pace::template(3), PortState::Filtered, start);
    let (outcomes, _) = simulate(plan, start, |ask, _| match (ask.port, ask.attempt) {
        (1, 0) => Some((CLOSED, MS * 1_050)),
        (2, _) => Some((CLOSED, MS)),
        _ => None,
    });
    assert_eq!(count(&outcomes[0], PortState::Closed), 2);
}

/// Silence since a host's last word may be the network's.
#[test]
fn a_network_lost_in_mid_scan_makes_no_port_filtered() {
    let start = Instant::now();
    let rated = Pace {
        rate_max: Some(1_000.0),
        ..Pace::template(3)
    };
    let plan = schedule(2, 500, rated, PortState::Filtered, start);
    let (outcomes, _) = simulate(plan, start, |ask, since| {
        let is_cut = ask.host == 0 && since > MS * 300;
        (!is_cut && ask.port > 5).then_some((CLOSED, MS))
    });
    let [cut, whole] = outcomes.as_slice() else {
        panic!("two hosts were asked");
    };
    assert!(cut.lost && count(cut, PortState::Closed) > 100);
    assert_eq!(count(cut, PortState::Filtered), 0);
    assert!(!whole.lost);
    assert_eq!(count(whole, PortState::Filtered), 5);
    assert_eq!(count(whole, PortState::Closed), 495);
}

#[test]
fn a_way_that_is_gone_is_waited_for_where_there_was_one() {
    let start = Instant::now();
    let mut plan = schedule(1, 3, Pace::template(3), PortState::Filtered, start);
    let ask = |plan: &mut Schedule, now| match plan.next(now) {
        Next::Send(ask) => ask,
        other => panic!("{other:?}"),
    };
    let first = ask(&mut plan, start);
    assert!(!plan.astray(first, start), "it was never heard");
    plan.sent(first, start);
    plan.answered(first, CLOSED, start);
    let second = ask(&mut plan, start);
    assert!(plan.astray(second, start));
    let later = start + MS * 500;
    assert_eq!(ask(&mut plan, later), second);
    assert!(plan.astray(second, later));
    let end = start + MS * 11_000;
    let second = ask(&mut plan, end);
    assert!(plan.astray(second, end));
    plan.expire(end, |_| {});
    assert_eq!(plan.next(end), Next::Done);
    let outcomes = plan.outcomes();
    assert!(outcomes[0].lost);
    assert_eq!(outcomes[0].answers, [Some(CLOSED), None, None]);
}

/// The port asked again to learn whether the host is still there: our own system refuses it,
/// or a firewall answers in the host's place.
#[test]
fn a_witness_that_cannot_be_asked_ends_the_host() {
    const PROHIBITED: Answer = Answer {
        state: PortState::Filtered,
        reason: Reason::AdminProhibited,
        ttl: None,
    };
    let once = Pace {
        retries_max: 0,
        ..Pace::template(3)
    };
    for is_refused in [true, false] {
        let start = Instant::now();
        let mut plan = schedule(1, 2, once.clone(), PortState::Filtered, start);
        let ask = |plan: &mut Schedule, now| match plan.next(now) {
            Next::Send(ask) => ask,
            other => panic!("{other:?}"),
        };
        let first = ask(&mut plan, start);
        plan.sent(first, start);
        plan.answered(first, CLOSED, start);
        let second = ask(&mut plan, start + MS);
        plan.sent(second, start + MS);
        let later = start + MS * 20_000;
        plan.expire(later, |_| {});
        let witness = ask(&mut plan, later);
        assert_eq!(witness.index, first.index);
        if is_refused {
            plan.refused(witness, libc::EPERM, later);
        } else {
            plan.sent(witness, later);
            plan.answered(witness, PROHIBITED, later);
        }
        plan.expire(later, |_| {});
        assert_eq!(plan.next(later), Next::Done);
        let outcomes = plan.outcomes();
        assert!(outcomes[0].lost);
        assert_eq!(outcomes[0].answers, [Some(CLOSED), None]);
    }
}

/// A port whose connection somebody here holds waits alone: freed it has its answer, held to
/// the end it has none, and all others go on meanwhile.
#[test]
fn a_busy_connection_holds_up_no_other_port() {
    for frees_after in [Some(MS * 1_200), None] {
        let start = Instant::now();
        let mut plan = schedule(1, 3, Pace::template(3), PortState::Filtered, start);
        let (mut now, mut order) = (start, Vec::new());
        loop {
            match plan.next(now) {
                Next::Done => break,
                Next::Wait(until) => {
                    assert!(until > now, "it waits for nothing");
                    now = until;
                }
                Next::Send(ask) => {
                    let is_held = frees_after.is_none_or(|after| now < start + after);
                    if ask.port == 1 && is_held {
                        plan.busy(ask, libc::EADDRNOTAVAIL, now);
                    } else {
                        order.push((ask.port, now.duration_since(start)));
                        plan.settled(ask, CLOSED, now, now);
                    }
                }
            }
            plan.expire(now, |_| {});
        }
        assert_eq!(order[..2], [(2, Duration::ZERO), (3, Duration::ZERO)]);
        let outcome = &plan.outcomes()[0];
        if frees_after.is_some() {
            assert_eq!(order[2..], [(1, MS * 1_500)]);
            assert!(outcome.refused.is_empty());
        } else {
            assert_eq!(order.len(), 2);
            assert_eq!(outcome.refused, BTreeMap::from([(libc::EADDRNOTAVAIL, 1)]));
        }
    }
}

/// More at once than there are sockets to send from would only come back.
#[test]
fn an_address_of_our_own_is_asked_by_as_many_as_there_are_sources() {
    let start = Instant::now();
    let terms = Terms {
        pace: Pace::template(3),
        silence: PortState::OpenFiltered,
        flights_max: 100,
        window_max: 100,
        window_local: 2,
    };
    let target = Target {
        addr: [127, 0, 0, 1].into(),
        local: true,
        spent: None,
    };
    let mut plan = Schedule::new(&[target], (1..=9).collect(), terms, start);
    for _ in 0..2 {
        let Next::Send(ask) = plan.next(start) else {
            panic!("nothing to send");
        };
        plan.sent(ask, start);
    }
    assert!(matches!(plan.next(start), Next::Wait(_)));
}
