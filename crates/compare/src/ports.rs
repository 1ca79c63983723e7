//! Ports that probes found taken or answering, against what the tables list.

use crate::join;
use crate::sandwich::ENOUGH_PROBED;
use crate::snapshot::{Sighting, Snapshot, View};
use model::{Family, PortState, Proto, Source, State};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// All sockets of our own network namespace by the port they use.
pub type ByPort<'s> = BTreeMap<(Proto, u16), Vec<&'s Sighting>>;

/// What probes and tables together say of a port no socket explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No table lists it, in every one of the rounds that are needed.
    Hidden,
    /// No table lists it so far; more rounds are needed.
    Doubted,
    /// No table was there to list it.
    Unlisted,
    /// It came or went.
    Transient,
}

/// A port that a probe found taken or answering and that no table explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Transport.
    pub proto: Proto,
    /// Port.
    pub port: u16,
    /// Addresses where binding was refused.
    pub taken: BTreeSet<IpAddr>,
    /// Addresses that answered a connection.
    pub open: BTreeSet<IpAddr>,
    /// Whether the bind probe was given the number, in the family that answered.
    pub free: bool,
    /// Whether the kernel would have told of a socket that is only bound.
    pub bound_told: bool,
    /// What the rounds amount to.
    pub standing: Standing,
}

/// Sorts sockets by the port they use. Those of other namespaces are left out: what was asked
/// here they neither take nor answer.
#[must_use]
pub fn by_port(snapshot: &Snapshot) -> ByPort<'_> {
    let mut all = ByPort::new();
    for sighting in snapshot.here() {
        if let Some(inet) = sighting.inet() {
            let space = join::port_space(inet.proto);
            all.entry((space, inet.port)).or_default().push(sighting);
        }
    }
    all
}

/// Finds every port that some probe found taken or answering while no table explained it.
#[must_use]
pub fn orphans(snapshot: &Snapshot, by_port: &ByPort<'_>) -> Vec<Orphan> {
    let mut found: BTreeMap<(Proto, u16), Vec<Unexplained>> = BTreeMap::new();
    for round in 1..=snapshot.rounds() {
        let tables = Tables::of(snapshot, round);
        for (proto, addr, port, how) in striking(snapshot, round) {
            if tables.explain(by_port, proto, addr, port, how) {
                continue;
            }
            let rounds = found.entry((proto, port)).or_default();
            if rounds.last().is_none_or(|last| last.round != round) {
                rounds.push(Unexplained {
                    round,
                    taken: BTreeSet::new(),
                    open: BTreeSet::new(),
                    covered: tables.cover(proto),
                    bound_told: tables.tell_bound(),
                });
            }
            if let Some(last) = rounds.last_mut() {
                match how {
                    How::Taken => last.taken.insert(addr),
                    How::Open => last.open.insert(addr),
                };
            }
        }
    }
    found
        .into_iter()
        .map(|((proto, port), rounds)| orphan(snapshot, proto, port, &rounds))
        .collect()
}

/// What a probe found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Taken,
    Open,
}

/// One round's probes of one port that nothing explains.
struct Unexplained {
    round: u32,
    taken: BTreeSet<IpAddr>,
    open: BTreeSet<IpAddr>,
    covered: bool,
    bound_told: bool,
}

fn striking(
    snapshot: &Snapshot,
    round: u32,
) -> impl Iterator<Item = (Proto, IpAddr, u16, How)> + '_ {
    snapshot.round(round).flat_map(|(_, view)| {
        let (states, how): (&[PortState], How) = match view.source {
            Source::Bind => (&[PortState::InUse], How::Taken),
            Source::Connect => (&[PortState::Open], How::Open),
            Source::Procfs
            | Source::PrivateProcfs
            | Source::Netlink
            | Source::Mib2
            | Source::Kstat
            | Source::NetlinkRead
            | Source::NetlinkExact
            | Source::Walk
            | Source::Pidfd
            | Source::Programs
            | Source::Remote => (&[], How::Open),
        };
        let found = view.probes.with(states);
        found.map(move |(proto, addr, port)| (proto, addr, port, how))
    })
}

fn orphan(snapshot: &Snapshot, proto: Proto, port: u16, rounds: &[Unexplained]) -> Orphan {
    let asked: Vec<u32> = (1..=snapshot.rounds())
        .filter(|&round| is_asked(snapshot, round, proto, port))
        .collect();
    // Rounds in a row, up to the last one it was asked in, and those of them whose tables were
    // read: the others say nothing.
    let found = |round: &u32| rounds.iter().find(|found| found.round == *round);
    let latest = asked.iter().rev().map_while(found);
    let (since, covered) = latest.fold((0, 0), |(since, covered), round| {
        (since + 1, covered + usize::from(round.covered))
    });
    let standing = match (since, covered) {
        (0, _) => Standing::Transient,
        (_, 0) => Standing::Unlisted,
        (_, covered) if covered >= ENOUGH_PROBED => Standing::Hidden,
        (since, _) if since == asked.len() => Standing::Doubted,
        _ => Standing::Transient,
    };
    // Later rounds ask more closely: what they found is the better answer.
    let latest = rounds.last();
    let open = latest.map(|round| round.open.clone()).unwrap_or_default();
    Orphan {
        proto,
        port,
        taken: latest.map(|round| round.taken.clone()).unwrap_or_default(),
        free: is_free(snapshot, proto, port, &open),
        open,
        bound_told: rounds.iter().all(|round| round.bound_told),
        standing,
    }
}

/// Whether the bind probe was given the number, in the family of the addresses that answered.
fn is_free(snapshot: &Snapshot, proto: Proto, port: u16, open: &BTreeSet<IpAddr>) -> bool {
    let concerns =
        |addr: &IpAddr| open.is_empty() || open.iter().any(|it| it.is_ipv4() == addr.is_ipv4());
    let mut binds = snapshot
        .views
        .iter()
        .filter(|view| view.source == Source::Bind);
    binds.any(|view| {
        let mut addrs = view.probes.addrs(proto).filter(concerns);
        addrs.any(|addr| view.probes.state(proto, addr, port) == Some(PortState::Free))
    })
}

fn is_asked(snapshot: &Snapshot, round: u32, proto: Proto, port: u16) -> bool {
    snapshot.round(round).any(|(_, view)| {
        matches!(view.source, Source::Bind | Source::Connect)
            && view
                .probes
                .addrs(proto)
                .any(|addr| view.probes.state(proto, addr, port).is_some())
    })
}

/// The table views of one round.
struct Tables<'s> {
    views: Vec<(usize, &'s View)>,
    /// Where in `views` the probes came.
    probed: usize,
}

impl<'s> Tables<'s> {
    fn of(snapshot: &'s Snapshot, round: u32) -> Tables<'s> {
        let probe = snapshot
            .round(round)
            .find(|(_, view)| matches!(view.source, Source::Bind | Source::Connect))
            .map_or(usize::MAX, |(at, _)| at);
        let views: Vec<(usize, &View)> = snapshot
            .round(round)
            .filter(|(_, view)| view.side().is_some())
            .collect();
        let probed = views.iter().filter(|(at, _)| *at < probe).count();
        Tables { views, probed }
    }

    /// Whether a socket that any view of the round showed explains what a probe found.
    fn explain(
        &self,
        by_port: &ByPort<'_>,
        proto: Proto,
        addr: IpAddr,
        port: u16,
        how: How,
    ) -> bool {
        let sockets = by_port.get(&(join::port_space(proto), port));
        sockets.into_iter().flatten().any(|sighting| {
            let explains = sighting.inet().is_some_and(|inet| match how {
                How::Taken => join::takes(inet, addr),
                How::Open => inet.is_listener() && join::receives(inet, addr),
            });
            explains && self.views.iter().any(|(at, _)| sighting.seen.contains(*at))
        })
    }

    /// Whether the tables were read to the end both before and after the probes.
    fn cover(&self, proto: Proto) -> bool {
        let (before, after) = self.views.split_at(self.probed.min(self.views.len()));
        let six = self.views.iter().any(|(_, view)| {
            let mut looked = view.coverage.looked.iter();
            looked.any(|looked| looked.family == Family::Inet6)
        });
        let covers = |views: &[(usize, &View)], family| {
            views
                .iter()
                .any(|(_, view)| view.covers(family, proto, State::Listen))
        };
        [before, after]
            .into_iter()
            .all(|views| covers(views, Family::Inet) && (!six || covers(views, Family::Inet6)))
    }

    fn tell_bound(&self) -> bool {
        self.views
            .iter()
            .any(|(_, view)| view.covers(Family::Inet, Proto::Tcp, State::Bound))
    }
}
