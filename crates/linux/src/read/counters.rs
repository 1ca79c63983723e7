//! The kernel's counters, and a reading of the tables that they hold still for.

use super::ask::{SocketAsk, States};
use super::{observer, tables};
use crate::parse::counters as parse;
use model::counters::{Counters, Mismatch, Rows, missing_slots};
use model::{Family, Gap, Gaps, Proto, Socket, Source, State};
use std::hash::{DefaultHasher, Hash, Hasher};
use sysroot::Sysroot;

/// The tables the counters are compared with.
const TABLES: &[(Family, Proto)] = &[
    (Family::Inet, Proto::Tcp),
    (Family::Inet6, Proto::Tcp),
    (Family::Inet, Proto::Udp),
    (Family::Inet6, Proto::Udp),
    (Family::Inet, Proto::UdpLite),
    (Family::Inet6, Proto::UdpLite),
    (Family::Inet, Proto::Raw),
    (Family::Inet6, Proto::Raw),
];

/// The counters of the namespace whose `/proc/…/net` directory `net` is: `/proc/net` for our
/// own, `/proc/PID/net` or `/proc/PID/task/TID/net` for another.
#[must_use]
pub fn counters(root: &Sysroot, net: &str) -> (Counters, Gaps) {
    let (mut counters, mut gaps) = (Counters::default(), Gaps::new());
    let namespace = match net {
        "/proc/net" => observer::netns(root),
        other => other
            .strip_suffix("/net")
            .and_then(|task| root.link(format!("{task}/ns/net")).ok())
            .and_then(|link| crate::parse::links::netns(&link)),
    };
    counters.netns = namespace;
    let mut take = |name: &str, parse: fn(&[u8], &str, &mut Counters, &mut Gaps)| {
        let place = format!("{net}/{name}");
        match root.read(&place) {
            Ok(text) => parse(&text, &place, &mut counters, &mut gaps),
            // A kernel without IPv6.
            Err(error) if name == "sockstat6" && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => gaps.push(Gap::io(place, &error)),
        }
    };
    take("sockstat", parse::sockstat);
    take("sockstat6", parse::sockstat);
    take("protocols", parse::protocols);
    take("snmp", |text, place, counters, gaps| {
        counters.established = parse::established(text);
        if counters.established.is_none() {
            gaps.push(Gap::new(place, "no CurrEstab"));
        }
    });
    (counters, gaps)
}

/// The tables and the counters, read until the counters were the same before and after.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The counters after the last reading.
    pub counters: Counters,
    /// The rows of the last reading.
    pub rows: Rows,
    /// Whether the counters held still around the last reading. If not, nothing follows from
    /// a difference.
    pub quiet: bool,
    /// How often the tables were read.
    pub readings: u32,
    /// Counters that disagree with the rows; none where it was not quiet, which takes two tries.
    pub mismatches: Vec<Mismatch>,
    /// Holes in the numbering of the TCP text tables: family, first and last number missing.
    pub holes: Vec<(Family, u32, u32)>,
    /// Places not seen.
    pub gaps: Gaps,
}

/// Reads our namespace's tables by one source between two readings of the counters, again
/// until two readings in a row list the very same sockets while the counters stand still, at
/// most `tries` times.
///
/// Counters alone do not tell a quiet moment: where one socket goes and another comes, a table
/// that is being walked can miss both, and the sum is the same before and after.
#[must_use]
pub fn counted(root: &Sysroot, via: Source, tries: u32) -> Counted {
    let mut counted = Counted::default();
    let (mut before, _) = counters(root, "/proc/net");
    let mut last = None;
    while counted.readings < tries.max(1) && !counted.quiet {
        counted.gaps.clear();
        counted.holes.clear();
        let mut listed = 0;
        counted.rows = rows(root, via, &mut counted, &mut listed);
        let (after, gaps) = counters(root, "/proc/net");
        counted.gaps.extend(gaps);
        counted.readings += 1;
        let stood = same(&before, &after);
        counted.quiet = stood && last == Some(listed);
        last = stood.then_some(listed);
        before = after;
    }
    counted.counters = before;
    if counted.quiet {
        counted.mismatches = counted.rows.mismatches(&counted.counters);
    }
    counted
}

/// Whether the counters that rows are compared with are the same. The others move with our own
/// asking: each question is a netlink socket.
fn same(one: &Counters, other: &Counters) -> bool {
    let compared = |it: &Counters| (it.in_use.clone(), it.time_wait, it.established);
    compared(one) == compared(other)
}

/// One number for a socket; sums of them tell one set of sockets from another.
fn identity(socket: &Socket) -> u64 {
    let mut hasher = DefaultHasher::new();
    socket.inode.0.hash(&mut hasher);
    if let Some(inet) = socket.kind.inet() {
        let ends = (inet.local, inet.port, inet.remote, inet.remote_port);
        (ends, inet.state.number()).hash(&mut hasher);
    }
    hasher.finish()
}

/// Counts rows, and sums up in `listed` which sockets they were.
fn rows(root: &Sysroot, via: Source, counted: &mut Counted, listed: &mut u64) -> Rows {
    let mut rows = Rows::default();
    for &(family, proto) in TABLES {
        let ask = SocketAsk {
            tables: vec![(family, Some(proto))],
            // Sockets that are bound and no more are in no counter.
            states: States(!States::of(&[State::Bound]).0),
            port: None,
        };
        let mut slots = Vec::new();
        let told = tables::sockets(root, via, &ask, &mut |socket| {
            rows.add(&socket);
            *listed = listed.wrapping_add(identity(&socket));
            slots.extend(socket.slot);
        });
        if !told.coverage.looked.is_empty() {
            rows.table(family, proto);
        }
        // The other tables number hash slots, not rows.
        if proto == Proto::Tcp && via == Source::Procfs {
            let holes = missing_slots(slots);
            counted
                .holes
                .extend(holes.into_iter().map(|(from, to)| (family, from, to)));
        }
        counted.gaps.extend(told.gaps);
    }
    rows
}
