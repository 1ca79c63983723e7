//! From everything that was said to a report.

use crate::blanks::blanks;
use crate::copies;
use crate::evidence;
use crate::exact;
use crate::explain::{Clue, Vector, explain};
use crate::finding::{Finding, SOCKETS_MAX, SocketFacts, holder};
use crate::foreign::{owners, told};
use crate::join;
use crate::listed::{self, Class, Group, Judged};
use crate::named;
use crate::owner::{self, Refused, Untold};
use crate::ports;
use crate::report::{Counts, Doubts, Report, outcome};
use crate::signs::signs;
use crate::snapshot::Snapshot;
use crate::steer;
use crate::system::System;
use crate::unlisted;
use crate::verdict::{Verdict, Weight};
use model::{Inode, Owner, Proto, Source, State, ZoneId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// Judges everything that was said. The same snapshot gives the same report.
#[must_use]
pub fn judge(snapshot: &Snapshot) -> Report {
    let mut counts = Counts::default();
    let mut doubts = Doubts::default();
    let mut groups: BTreeMap<Group, Vec<Judged<'_>>> = BTreeMap::new();
    let refused = Refused::of(snapshot);
    for judged in listed::judge(snapshot, &refused) {
        doubt(&mut doubts, &judged);
        if judged.verdict == Verdict::Transient {
            counts.transient += 1;
        } else if let Some(group) = listed::group(&judged) {
            groups.entry(group).or_default().push(judged);
        } else {
            counts.connections += 1;
        }
    }
    let common = common_clues(snapshot, &refused);
    let mut findings: Vec<Finding> = groups
        .values()
        .filter_map(|sockets| listed_finding(snapshot, sockets, (&common, &refused)))
        .collect();
    let by_port = ports::by_port(snapshot);
    for orphan in ports::orphans(snapshot, &by_port) {
        match orphan.standing {
            ports::Standing::Transient => counts.transient += 1,
            ports::Standing::Hidden | ports::Standing::Doubted | ports::Standing::Unlisted => {
                let settled = unlisted::only_bound(snapshot, &orphan);
                if orphan.standing == ports::Standing::Doubted && !settled {
                    doubts.count += 1;
                    doubts.ports.insert((orphan.proto, orphan.port));
                    doubts.addrs.extend(&orphan.open);
                }
                findings.push(unlisted::finding(snapshot, &orphan, &common));
            }
        }
    }
    let explained: BTreeSet<_> = findings.iter().filter_map(unlisted::explains).collect();
    for port in unlisted::remote_only(snapshot, &by_port) {
        if !explained.contains(&(port.proto, port.port)) {
            findings.push(unlisted::remote_finding(snapshot, &port, &common));
        }
    }
    findings.sort_by_key(|finding| {
        let at = (finding.proto, finding.port, finding.addr, finding.peer);
        (finding.verdict, at)
    });
    for finding in &findings {
        *counts.verdicts.entry(finding.verdict).or_default() += 1;
    }
    let signs = signs(snapshot);
    for sign in signs.iter().filter(|sign| sign.weight == Weight::Finding) {
        *counts.verdicts.entry(sign.verdict).or_default() += 1;
    }
    if !snapshot.packets.is_empty() {
        *counts.verdicts.entry(Verdict::Sniffer).or_default() += snapshot.packets.len();
    }
    let blanks = blanks(snapshot);
    let told = told::all(snapshot);
    doubts.count += told.iter().map(|it| it.doubts).sum::<usize>();
    owners::mark(&mut findings, &told);
    Report {
        facts: snapshot.facts.clone(),
        system: System::of(snapshot),
        rounds: snapshot.rounds(),
        outcome: told::outcome(outcome(&signs, &findings, &blanks), &told),
        told,
        signs,
        findings,
        counts,
        blanks,
        doubts,
    }
}

fn doubt(doubts: &mut Doubts, judged: &Judged<'_>) {
    if judged.doubt.is_none() {
        return;
    }
    doubts.count += 1;
    doubts.owners |= judged.nobody;
    if let Some(inet) = judged.sighting.inet() {
        doubts.ports.insert((inet.proto, inet.port));
        if !join::plain(inet.local).is_unspecified() {
            doubts.addrs.insert(inet.local);
        }
    }
}

/// What was established for the run as a whole.
fn common_clues(snapshot: &Snapshot, refused: &Refused<'_>) -> Vec<Clue> {
    let walked = snapshot.views.iter().any(|view| view.walked());
    let netns: BTreeSet<_> = snapshot
        .views
        .iter()
        .filter_map(|view| view.coverage.netns)
        .collect();
    let enough = u32::try_from(crate::sandwich::ENOUGH).unwrap_or(u32::MAX);
    [
        (walked && refused.places.is_empty(), Clue::AllReadable),
        (
            snapshot.facts.sees_all_pids() == Some(true),
            Clue::FirstPidns,
        ),
        (
            snapshot.facts.observer.zone == Some(ZoneId(0)),
            Clue::GlobalZone,
        ),
        (walked, Clue::WalkedDeep),
        (
            walked && snapshot.in_flight().next().is_none(),
            Clue::NothingInFlight,
        ),
        (netns.len() == 1, Clue::OneNetns),
        (snapshot.rounds() >= enough, Clue::Confirmed),
        (copies::walked_all(snapshot), Clue::CopiesWalked),
        (copies::left(snapshot) == Some(0), Clue::AllCounted),
        (copies::left(snapshot) > Some(0), Clue::Uncounted),
    ]
    .into_iter()
    .filter_map(|(is, clue)| is.then_some(clue))
    .collect()
}

/// The finding on sockets that share an endpoint.
fn listed_finding(
    snapshot: &Snapshot,
    sockets: &[Judged<'_>],
    (common, refused): (&[Clue], &Refused<'_>),
) -> Option<Finding> {
    // They amount to the same; one that is in doubt speaks for all.
    let worst = sockets.iter().min_by_key(|judged| judged.doubt.is_none())?;
    let (sighting, inet) = (worst.sighting, worst.sighting.inet()?);
    let mut owners: Vec<Owner> = sockets
        .iter()
        .flat_map(|judged| judged.owners.iter().cloned())
        .collect();
    owners.sort_unstable();
    owners.dedup();
    let (vector, evidence) = witnesses(snapshot, refused, sockets, worst, &owners);
    let mut clues = common.to_vec();
    clues.extend(socket_clues(worst));
    clues.extend(more_clues(snapshot, worst, vector));
    let is_peered = matches!(worst.class, Class::Connection | Class::Remains);
    let mut finding = Finding {
        proto: inet.proto,
        addr: inet.local,
        port: inet.port,
        service: model::service::name(inet.proto, inet.port),
        state: Some(inet.state),
        peer: is_peered.then_some((inet.remote, inet.remote_port)),
        device: evidence::bound_device(inet)
            .and_then(|device| evidence::device_name(snapshot, sighting, device).cloned()),
        netns: sighting.socket.netns,
        sockets: sockets
            .iter()
            .take(SOCKETS_MAX)
            .map(|judged| SocketFacts::of(&judged.sighting.socket))
            .collect(),
        count: sockets.len(),
        ..blank(worst.verdict, vector, evidence)
    };
    own(&mut finding, snapshot, owners);
    explained(&mut finding, System::of(snapshot), &clues);
    Some(finding)
}

/// What each witness says of sockets that share an endpoint, as letters and as lines.
fn witnesses(
    snapshot: &Snapshot,
    refused: &Refused<'_>,
    sockets: &[Judged<'_>],
    worst: &Judged<'_>,
    owners: &[Owner],
) -> (Vector, Vec<String>) {
    let sighting = worst.sighting;
    let letter = |source| evidence::tally(snapshot, source, sighting).letter();
    let mut vector = Vector {
        text: letter(snapshot.text_source()),
        netlink: letter(Source::Netlink),
        private: letter(Source::PrivateProcfs),
        copies: copies::letter(snapshot, sighting.socket.inode),
        owner: match (owners.is_empty(), worst.nobody) {
            (_, true) => 'n',
            // The walk never met what only copies of descriptors show.
            _ if worst.verdict == Verdict::HiddenProcess => 'n',
            (false, false) => 'Y',
            (true, false) => '.',
        },
        ..Vector::BLIND
    };
    let mut lines = evidence::tables(snapshot, sighting);
    lines.extend(evidence::creator(snapshot, &sighting.socket));
    lines.extend(named::lines(snapshot, worst));
    lines.extend(together(sockets));
    let met = |judged: &Judged<'_>| {
        let inode = judged.sighting.socket.inode;
        inode == Inode(0) || snapshot.owners(inode).next().is_some()
    };
    let walked = worst.nobody || sockets.iter().any(met);
    let by = if walked { Source::Walk } else { Source::Pidfd };
    lines.extend(evidence::owners(snapshot, owners, by));
    lines.extend(evidence::behind(snapshot, owners));
    if worst.verdict == Verdict::HiddenProcess {
        lines.extend(evidence::nobody(snapshot, refused));
    }
    if worst.nobody {
        lines.extend(evidence::nobody(snapshot, refused));
        let endpoint = owner::is_endpoint(sighting);
        lines.extend(endpoint.then(|| "mib2: it is a TLI endpoint, no socket".to_owned()));
        lines.extend(copies::uncounted(snapshot));
        lines.extend(copies::rings(snapshot));
        lines.extend(evidence::kernel(snapshot, sighting));
    }
    lines.extend(copies::told(snapshot, sighting.socket.inode));
    lines.extend(evidence::elsewhere(snapshot, sighting, owners));
    // Probes were made in our namespace.
    let asked = sighting
        .inet()
        .filter(|_| worst.verdict != Verdict::OtherNetns);
    let listens = worst.class == Class::Listener;
    if let Some(inet) = asked.filter(|_| listens) {
        let concerns = |addr| join::receives(inet, addr);
        lines.extend(exact::lines(snapshot, (inet.proto, inet.port), concerns));
    }
    let mut ask = |letter: &mut char, (said, line): (char, Option<String>)| {
        *letter = said;
        lines.extend(line);
    };
    if let Some(inet) = asked {
        ask(&mut vector.bind, evidence::bind(snapshot, inet));
        if listens {
            ask(&mut vector.local, evidence::connect(snapshot, inet));
            ask(&mut vector.remote, evidence::remote(snapshot, inet));
        }
    }
    if let Some(inet) = sighting
        .inet()
        .filter(|_| worst.verdict == Verdict::FilteredRemote)
    {
        lines.extend(steer::stopping(&snapshot.facts, inet.proto, inet.port));
    }
    lines.extend(evidence::reach(snapshot, sighting));
    lines.extend(worst.doubt.map(|doubt| format!("in doubt: {doubt}")));
    (vector, lines)
}

/// What can only be said of several sockets together.
fn together(sockets: &[Judged<'_>]) -> Vec<String> {
    let mut states: BTreeMap<u8, (State, usize)> = BTreeMap::new();
    for judged in sockets {
        if let Some(inet) = judged.sighting.inet() {
            let count = states.entry(inet.state.number()).or_insert((inet.state, 0));
            count.1 += 1;
        }
    }
    match sockets {
        [] => Vec::new(),
        [one] if one.class != Class::Remains => Vec::new(),
        [first, ..] if matches!(first.class, Class::Connection | Class::Remains) => states
            .values()
            .map(|(state, count)| format!("tables: {count} in {state}"))
            .collect(),
        several => vec![format!("tables: {} sockets share the port", several.len())],
    }
}

fn socket_clues(judged: &Judged<'_>) -> impl Iterator<Item = Clue> {
    let socket = &judged.sighting.socket;
    let inet = judged.sighting.inet();
    let is = |test: &dyn Fn(&model::Inet) -> bool| inet.is_some_and(test);
    [
        (is(&|inet| inet.proto == Proto::Tcp), Clue::Tcp),
        (
            is(&|inet| evidence::bound_device(inet).is_none()),
            Clue::NoDevice,
        ),
        (
            socket.recv_queue <= socket.send_queue && socket.cookie.is_some(),
            Clue::QueueHasRoom,
        ),
        // Only answers of its own addresses count as silence.
        (true, Clue::AskedOnItsAddress),
        // A denial needs a dump of this very table that came to its end.
        (true, Clue::DiagWorks),
    ]
    .into_iter()
    .filter_map(|(is, clue)| is.then_some(clue))
}

/// Clues from witnesses that were not asked in every run.
fn more_clues(
    snapshot: &Snapshot,
    judged: &Judged<'_>,
    vector: Vector,
) -> impl Iterator<Item = Clue> {
    let inet = judged.sighting.inet();
    let asked = &snapshot.copies.sockets;
    let asked = asked.get(&judged.sighting.socket.inode);
    let plain =
        asked.is_some_and(|it| it.filter == Some(0) && it.min_ttl.is_none_or(|ttl| ttl <= 0));
    let dual = inet.is_some_and(|inet| inet.is_listener() && inet.v6only == Some(false));
    let unanswered = inet.is_some_and(|inet| {
        inet.proto == Proto::Udp
            && evidence::remote(snapshot, inet).1.is_some()
            && vector.remote == '.'
    });
    [
        (true, Clue::Port),
        (judged.untold == Some(Untold::Release), Clue::NoInodes),
        (judged.untold == Some(Untold::Row), Clue::RowWithoutInode),
        (!judged.perhaps.is_empty(), Clue::Perhaps),
        (
            judged.nobody && owner::is_endpoint(judged.sighting),
            Clue::Endpoint,
        ),
        (
            judged.untold == Some(Untold::Release) && snapshot.named.are_told(),
            Clue::Nameless,
        ),
        (judged.doubt.is_some(), Clue::TooFew),
        (plain, Clue::NoSocketFilter),
        (vector.private == 'Y', Clue::PrivateShows),
        (vector.private == 'n', Clue::PrivateAgrees),
        (dual && vector.local != 'n', Clue::DualStack),
        (unanswered, Clue::Unanswered),
    ]
    .into_iter()
    .filter_map(|(is, clue)| is.then_some(clue))
}

/// A finding of which only the essence is known.
pub(crate) fn blank(verdict: Verdict, vector: Vector, evidence: Vec<String>) -> Finding {
    Finding {
        proto: Proto::Tcp,
        addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        port: 0,
        verdict,
        weight: verdict.weight(),
        pid: None,
        command: None,
        service: None,
        state: None,
        peer: None,
        device: None,
        netns: None,
        vector,
        pattern: "",
        owners: Vec::new(),
        sockets: Vec::new(),
        count: 0,
        evidence,
        causes: Vec::new(),
        next: String::new(),
    }
}

/// Puts owners to a finding, beside those it has.
pub(crate) fn own(finding: &mut Finding, snapshot: &Snapshot, owners: Vec<Owner>) {
    let holders = owners
        .into_iter()
        .map(|owner| holder(snapshot, owner, finding.netns));
    finding.owners.extend(holders);
    let first = finding.owners.first();
    finding.pid = first.map(|holder| holder.owner.id.pid);
    finding.command = first.map(|holder| holder.owner.comm.clone());
    let mut programs: Vec<_> = finding.owners.iter().map(|holder| &holder.exe).collect();
    programs.sort_unstable();
    programs.dedup();
    if finding.count > 1 && programs.len() > 1 {
        let line = format!(
            "owners: {} different programs share the port",
            programs.len()
        );
        finding.evidence.push(line);
    }
}

pub(crate) fn explained(finding: &mut Finding, system: System, clues: &[Clue]) {
    let creator = finding.sockets.first().and_then(|socket| socket.creator);
    let more = [
        finding.pid.map(|_| Clue::Named),
        creator.map(|_| Clue::Made),
    ];
    let mut clues = clues.to_vec();
    clues.extend(more.into_iter().flatten());
    let Some(found) = explain(system, finding.verdict, finding.vector, &clues) else {
        return;
    };
    finding.pattern = found.pattern;
    finding.causes = found.causes;
    let or = |number: Option<String>| number.unwrap_or_else(|| "?".to_owned());
    let inode = finding.sockets.first().map(|socket| socket.inode);
    finding.next = found
        .next
        .replace("{proto}", finding.proto.name())
        .replace("{port}", &finding.port.to_string())
        .replace("{creator}", &or(creator.map(|pid| pid.to_string())))
        .replace("{pid}", &or(finding.pid.map(|pid| pid.to_string())))
        .replace("{inode}", &or(inode.map(|inode| inode.to_string())));
}
