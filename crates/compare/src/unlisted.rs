//! Ports that no table lists: what a probe from inside or a scan from outside found.

use crate::copies;
use crate::evidence::{self, list};
use crate::exact;
use crate::explain::{Clue, Vector};
use crate::finding::{Finding, SOCKETS_MAX, SocketFacts};
use crate::join;
use crate::judge::{blank, explained, own};
use crate::ports::{self, ByPort, Orphan};
use crate::snapshot::{Sighting, Snapshot};
use crate::steer;
use crate::system::System;
use crate::verdict::{Verdict, Weight};
use model::asked::AskedSocket;
use model::{Inet, Owner, PortState, Proto, Source, State};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// The finding on a port that no table lists.
pub(crate) fn finding(snapshot: &Snapshot, orphan: &Orphan, common: &[Clue]) -> Finding {
    let (taken, open) = (!orphan.taken.is_empty(), !orphan.open.is_empty());
    let untold = orphan.proto == Proto::Tcp && !orphan.bound_told;
    let kept = copies::of_port(snapshot, orphan.proto, orphan.port);
    let verdict = match orphan.standing {
        _ if only_bound(snapshot, orphan) => Verdict::BoundNotListening,
        ports::Standing::Doubted | ports::Standing::Unlisted | ports::Standing::Transient => {
            Verdict::Limited
        }
        ports::Standing::Hidden if open && !taken && orphan.free => Verdict::Steered,
        ports::Standing::Hidden if !open && untold => Verdict::Limited,
        ports::Standing::Hidden => Verdict::HiddenFromTables,
    };
    let looked = |source| {
        let mut views = snapshot.views.iter();
        let any = views.any(|view| view.source == source && !view.coverage.looked.is_empty());
        if any { 'n' } else { '.' }
    };
    let asked = snapshot.views.iter().any(|view| {
        let mut addrs = view.probes.addrs(orphan.proto);
        view.source == Source::Connect
            && addrs.any(|addr| {
                view.probes
                    .state(orphan.proto, addr, orphan.port)
                    .is_some_and(|state| state != PortState::Open)
            })
    });
    let vector = Vector {
        text: looked(snapshot.text_source()),
        netlink: looked(Source::Netlink),
        owner: '.',
        bind: match (taken, orphan.free) {
            (true, _) => 'u',
            (false, true) => 'f',
            (false, false) => '.',
        },
        local: match (open, asked) {
            (true, _) => 'Y',
            (false, true) => 'n',
            (false, false) => '.',
        },
        remote: remote_letter(snapshot, orphan.proto, orphan.port),
        private: looked(Source::PrivateProcfs),
        copies: if kept.is_empty() { '.' } else { 'Y' },
    };
    let addr = orphan.taken.first().or(orphan.open.first());
    let mut finding = Finding {
        proto: orphan.proto,
        addr: addr.copied().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        port: orphan.port,
        service: model::service::name(orphan.proto, orphan.port),
        netns: snapshot.facts.observer.netns,
        ..blank(verdict, vector, orphan_lines(orphan, untold))
    };
    kept_by(&mut finding, snapshot, &kept);
    given_alone(&mut finding, snapshot);
    if verdict == Verdict::Steered {
        steered(&mut finding, snapshot, steer::From::Here);
    }
    let mut clues = common.to_vec();
    clues.extend(orphan.bound_told.then_some(Clue::BoundTold));
    let doubted = orphan.standing == ports::Standing::Doubted;
    clues.extend(doubted.then_some(Clue::TooFew));
    explained(&mut finding, System::of(snapshot), &clues);
    finding
}

/// Names the sockets with this port that copies of descriptors showed, and who held them.
fn kept_by(finding: &mut Finding, snapshot: &Snapshot, kept: &[&AskedSocket]) {
    finding.count = kept.len();
    // It says itself where it is bound; the probes met it wherever it is in the way.
    if let Some(inet) = kept.first().and_then(|asked| copies::inet(asked)) {
        (finding.addr, finding.state) = (inet.local, Some(inet.state));
    }
    for asked in kept.iter().take(SOCKETS_MAX) {
        finding.sockets.push(SocketFacts {
            inode: asked.inode,
            cookie: asked.cookie,
            uid: None,
            creator: None,
            recv_queue: 0,
            send_queue: 0,
        });
        let owners = copies::owners(snapshot, asked.inode);
        let lines = evidence::owners(snapshot, &owners, Source::Pidfd);
        finding.evidence.extend(lines);
        own(finding, snapshot, owners);
    }
}

/// Names the sockets that sock_diag gave although no listing has them, and who holds them.
fn given_alone(finding: &mut Finding, snapshot: &Snapshot) {
    let port = (finding.proto, finding.port);
    finding
        .evidence
        .extend(exact::lines(snapshot, port, |_| true));
    for (inode, socket) in exact::sockets(snapshot, port) {
        if finding.sockets.iter().any(|it| it.inode == inode) {
            continue;
        }
        finding.count += 1;
        if let Some(inet) = socket.kind.inet() {
            (finding.addr, finding.state) = (inet.local, Some(inet.state));
        }
        if finding.sockets.len() < SOCKETS_MAX {
            finding.sockets.push(SocketFacts::of(socket));
        }
        let mut by = Source::Walk;
        let mut owners: Vec<Owner> = snapshot.owners(inode).cloned().collect();
        if owners.is_empty() {
            by = Source::Pidfd;
            owners = copies::owners(snapshot, inode);
        } else {
            finding.vector.owner = 'Y';
        }
        let lines = evidence::owners(snapshot, &owners, by);
        finding.evidence.extend(lines);
        own(finding, snapshot, owners);
    }
}

/// Whether processes were found holding sockets of our namespace that only keep the port wherever
/// it is taken, on a kernel whose tables tell of no such sockets.
pub(crate) fn only_bound(snapshot: &Snapshot, orphan: &Orphan) -> bool {
    let kept = copies::of_port(snapshot, orphan.proto, orphan.port);
    let here = snapshot.facts.observer.netns;
    let bound = |asked: &&AskedSocket| {
        let inet = copies::inet(asked).filter(|inet| inet.state == State::Bound);
        inet.filter(|_| here.is_none() || asked.netns == here)
    };
    let bound: Vec<Inet> = kept.iter().filter_map(bound).collect();
    let explained = |addr: &IpAddr| bound.iter().any(|inet| join::takes(inet, *addr));
    orphan.proto == Proto::Tcp
        && !orphan.bound_told
        && orphan.open.is_empty()
        && bound.len() == kept.len()
        && orphan.taken.iter().all(explained)
}

fn orphan_lines(orphan: &Orphan, untold: bool) -> Vec<String> {
    let addrs = |set: &BTreeSet<IpAddr>| list(&set.iter().copied().collect::<Vec<_>>());
    let mut lines = Vec::new();
    if !orphan.taken.is_empty() {
        lines.push(format!("bind: in use at {}", addrs(&orphan.taken)));
    } else if orphan.free {
        lines.push("bind: the number is free".to_owned());
    }
    if !orphan.open.is_empty() {
        lines.push(format!("connect: open at {}", addrs(&orphan.open)));
    }
    lines.push(match orphan.standing {
        ports::Standing::Unlisted => "tables: none could be read to the end".to_owned(),
        ports::Standing::Doubted => "tables: no socket has it so far".to_owned(),
        ports::Standing::Hidden | ports::Standing::Transient => {
            "tables: no socket has it, neither before nor after the probes".to_owned()
        }
    });
    if untold {
        lines.push("tables: sockets that are only bound are not told here".to_owned());
    }
    lines
}

/// A port that is open from elsewhere and that nothing here explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteOnly {
    /// Transport.
    pub(crate) proto: Proto,
    /// Port.
    pub(crate) port: u16,
    /// Addresses of this host on which it was open.
    pub(crate) open: BTreeSet<IpAddr>,
}

/// Finds the ports a scan from elsewhere found open and no listener explains.
pub(crate) fn remote_only(snapshot: &Snapshot, by_port: &ByPort<'_>) -> Vec<RemoteOnly> {
    let mut found: BTreeMap<(Proto, u16), BTreeSet<IpAddr>> = BTreeMap::new();
    for view in &snapshot.views {
        if view.source != Source::Remote {
            continue;
        }
        for (proto, addr, port) in view.probes.with(&[PortState::Open]) {
            let sockets = by_port.get(&(join::port_space(proto), port));
            let explained = sockets.into_iter().flatten().any(|sighting| {
                let mut inet = sighting.inet().into_iter();
                inet.any(|inet| inet.is_listener() && join::receives(inet, addr))
            });
            if !explained {
                found.entry((proto, port)).or_default().insert(addr);
            }
        }
    }
    found
        .into_iter()
        .map(|((proto, port), open)| RemoteOnly { proto, port, open })
        .collect()
}

/// The port of which a finding explains that it is open from elsewhere: it was found so here too.
/// That the number is listed for another address does not.
pub(crate) fn explains(finding: &Finding) -> Option<(Proto, u16)> {
    let verdicts = [Verdict::HiddenFromTables, Verdict::Steered];
    verdicts
        .contains(&finding.verdict)
        .then_some((finding.proto, finding.port))
}

/// The finding on a port that is open only from elsewhere.
pub(crate) fn remote_finding(snapshot: &Snapshot, port: &RemoteOnly, common: &[Clue]) -> Finding {
    let state = |source, state| {
        snapshot.views.iter().any(|view| {
            let mut addrs = view.probes.addrs(port.proto);
            view.source == source
                && addrs.any(|addr| view.probes.state(port.proto, addr, port.port) == Some(state))
        })
    };
    let bind = match (
        state(Source::Bind, PortState::InUse),
        state(Source::Bind, PortState::Free),
    ) {
        (true, _) => 'u',
        (false, true) => 'f',
        (false, false) => '.',
    };
    let local = if state(Source::Connect, PortState::Closed) {
        'n'
    } else {
        '.'
    };
    let looked = |source| {
        let mut views = snapshot.views.iter();
        let any = views.any(|view| view.source == source && !view.coverage.looked.is_empty());
        if any { 'n' } else { '.' }
    };
    let vector = Vector {
        text: looked(snapshot.text_source()),
        netlink: looked(Source::Netlink),
        owner: '.',
        bind,
        local,
        remote: 'Y',
        private: looked(Source::PrivateProcfs),
        ..Vector::BLIND
    };
    let open: Vec<IpAddr> = port.open.iter().copied().collect();
    let mut lines = vec![format!("remote: open at {}", list(&open))];
    if bind == 'f' {
        lines.push("bind: the number is free".to_owned());
    }
    if local == 'n' {
        lines.push("connect: closed from the host itself".to_owned());
    }
    lines.push("tables: no listener has it".to_owned());
    let mut finding = Finding {
        proto: port.proto,
        addr: open
            .first()
            .copied()
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        port: port.port,
        service: model::service::name(port.proto, port.port),
        netns: snapshot.facts.observer.netns,
        ..blank(Verdict::RemoteOnly, vector, lines)
    };
    steered(&mut finding, snapshot, steer::From::Elsewhere);
    explained(&mut finding, System::of(snapshot), common);
    finding
}

/// Where a rule or program accounts for it, it is steered there, and that is worth a note. Rules
/// that only might are told, and excuse nothing.
fn steered(finding: &mut Finding, snapshot: &Snapshot, from: steer::From) {
    let (facts, proto, port) = (&snapshot.facts, finding.proto, finding.port);
    let rules = steer::leading(facts, proto, port);
    if rules.is_empty() {
        return;
    }
    finding.evidence.extend(rules);
    if steer::accounts_for(facts, proto, port, from) {
        finding.verdict = Verdict::Steered;
        finding.weight = Weight::Note;
        led_to(finding, snapshot);
    } else {
        let whence = match from {
            steer::From::Here => "from here",
            steer::From::Elsewhere => "from elsewhere",
        };
        let line = format!("steering: of none of these it is known that it leads {whence}");
        finding.evidence.push(line);
    }
}

/// Who listens where the rules lead, in whichever namespace it was found. Of listeners on every
/// address in several other namespaces nothing tells which has the address that is meant.
fn led_to(finding: &mut Finding, snapshot: &Snapshot) {
    let targets = steer::targets(&snapshot.facts, finding.proto, finding.port);
    let found: Vec<Led<'_>> = snapshot
        .sockets
        .values()
        .filter_map(|sighting| led(snapshot, sighting, finding.proto, &targets))
        .collect();
    let guessed = found.iter().filter(|led| led.guessed);
    let namespaces: BTreeSet<_> = guessed.map(|led| led.sighting.socket.netns).collect();
    let exact = found.iter().any(|led| led.exact);
    let mut owners = Vec::new();
    for led in found.iter().filter(|led| led.exact || !exact) {
        let netns = led.sighting.socket.netns;
        let place = match netns.filter(|_| snapshot.is_elsewhere(led.sighting)) {
            Some(netns) => format!(" in network namespace {netns}"),
            None => String::new(),
        };
        let held: Vec<Owner> = snapshot
            .owners(led.sighting.socket.inode)
            .cloned()
            .collect();
        let pids: Vec<String> = held
            .iter()
            .map(|it| format!("process {}", it.id.pid))
            .collect();
        let whom = match pids.is_empty() {
            true => "nobody found".to_owned(),
            false => pids.join(", "),
        };
        let unsure = led.guessed && namespaces.len() > 1;
        let is = if unsure {
            "may be meant, which is"
        } else {
            "is"
        };
        let (proto, local, port) = (led.inet.proto, led.inet.local, led.inet.port);
        finding.evidence.push(format!(
            "steering: there {proto} {local}:{port}{place} {is} held by {whom}"
        ));
        if !unsure {
            owners.extend(held);
        }
    }
    owners.sort_unstable();
    owners.dedup();
    own(finding, snapshot, owners);
}

/// A listener that rules may lead to.
struct Led<'s> {
    sighting: &'s Sighting,
    inet: &'s Inet,
    /// Whether it is bound to the very address the rules name.
    exact: bool,
    /// Whether it has every address of another namespace, and nobody told us which these are.
    guessed: bool,
}

/// A rule that names no address, or one of ours, leads to a socket of our own namespace.
fn led<'s>(
    snapshot: &'s Snapshot,
    sighting: &'s Sighting,
    proto: Proto,
    targets: &[(Option<IpAddr>, u16)],
) -> Option<Led<'s>> {
    let inet = sighting.inet().filter(|inet| inet.is_listener())?;
    let elsewhere = snapshot.is_elsewhere(sighting);
    let addrs = &snapshot.facts.addrs;
    let ours = |addr: IpAddr| {
        let own = addrs.iter().any(|(own, _)| *own == join::plain(addr));
        own || join::plain(addr).is_loopback()
    };
    let meant = |&&(addr, port): &&(Option<IpAddr>, u16)| {
        port == inet.port
            && match addr {
                None => !elsewhere,
                Some(addr) if addrs.is_empty() => join::receives(inet, addr),
                Some(addr) => ours(addr) != elsewhere && join::receives(inet, addr),
            }
    };
    let mut meant = targets.iter().filter(meant).peekable();
    meant.peek()?;
    let exact = meant.any(|(addr, _)| addr.map(join::plain) == Some(join::plain(inet.local)));
    join::same_ports(inet.proto, proto).then_some(Led {
        sighting,
        inet,
        exact,
        guessed: elsewhere && !exact,
    })
}

/// What scans from elsewhere say of a port, at any address.
fn remote_letter(snapshot: &Snapshot, proto: Proto, port: u16) -> char {
    let views = snapshot.views.iter();
    let states: Vec<PortState> = views
        .filter(|view| view.source == Source::Remote)
        .flat_map(|view| {
            let addrs = view.probes.addrs(proto);
            addrs.filter_map(|addr| view.probes.state(proto, addr, port))
        })
        .collect();
    match states.first() {
        None => '.',
        _ if states.contains(&PortState::Open) => 'Y',
        Some(PortState::Filtered) => 'f',
        Some(_) => 'n',
    }
}
