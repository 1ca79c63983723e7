//! From everything that was said to a report.

use crate::blanks::blanks;
use crate::evidence::{self, list};
use crate::explain::{Clue, Vector, explain};
use crate::finding::{Finding, SOCKETS_MAX, SocketFacts, holder};
use crate::listed::{self, Class, Group, Judged};
use crate::owner;
use crate::ports::{self, Orphan};
use crate::report::{Counts, Doubts, Report, outcome};
use crate::snapshot::Snapshot;
use crate::verdict::Verdict;
use model::{Owner, PortState, Proto, Source, State};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// Judges everything that was said. The same snapshot gives the same report.
#[must_use]
pub fn judge(snapshot: &Snapshot) -> Report {
    let mut counts = Counts::default();
    let mut doubts = Doubts::default();
    let mut groups: BTreeMap<Group, Vec<Judged<'_>>> = BTreeMap::new();
    for judged in listed::judge(snapshot) {
        doubt(&mut doubts, &judged);
        if judged.verdict == Verdict::Transient {
            counts.transient += 1;
        } else if let Some(group) = listed::group(&judged) {
            groups.entry(group).or_default().push(judged);
        } else {
            counts.connections += 1;
        }
    }
    let common = common_clues(snapshot);
    let mut findings: Vec<Finding> = groups
        .values()
        .filter_map(|sockets| listed_finding(snapshot, sockets, &common))
        .collect();
    for orphan in ports::orphans(snapshot, &ports::by_port(snapshot)) {
        match orphan.standing {
            ports::Standing::Transient => counts.transient += 1,
            ports::Standing::Hidden | ports::Standing::Doubted | ports::Standing::Unlisted => {
                if orphan.standing == ports::Standing::Doubted {
                    doubts.count += 1;
                    doubts.ports.insert((orphan.proto, orphan.port));
                    doubts.addrs.extend(&orphan.open);
                }
                findings.push(orphan_finding(snapshot, &orphan, &common));
            }
        }
    }
    findings.sort_by_key(|finding| {
        let at = (finding.proto, finding.port, finding.addr, finding.peer);
        (finding.verdict, at)
    });
    for finding in &findings {
        *counts.verdicts.entry(finding.verdict).or_default() += 1;
    }
    let blanks = blanks(snapshot);
    Report {
        facts: snapshot.facts.clone(),
        rounds: snapshot.rounds(),
        outcome: outcome(&findings, &blanks),
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
    if let Some(inet) = judged.sighting.inet() {
        doubts.ports.insert((inet.proto, inet.port));
        if !inet.local.is_unspecified() {
            doubts.addrs.insert(inet.local);
        }
    }
}

/// What was established for the run as a whole.
fn common_clues(snapshot: &Snapshot) -> Vec<Clue> {
    let walked = snapshot.views.iter().any(|view| view.walked());
    let netns: BTreeSet<_> = snapshot
        .views
        .iter()
        .filter_map(|view| view.coverage.netns)
        .collect();
    let enough = u32::try_from(crate::sandwich::ENOUGH).unwrap_or(u32::MAX);
    [
        (
            walked && owner::unreadable(snapshot).is_empty(),
            Clue::AllReadable,
        ),
        (
            snapshot.facts.sees_all_pids() == Some(true),
            Clue::FirstPidns,
        ),
        (walked, Clue::WalkedDeep),
        (
            walked && snapshot.in_flight().next().is_none(),
            Clue::NothingInFlight,
        ),
        (netns.len() == 1, Clue::OneNetns),
        (snapshot.rounds() >= enough, Clue::Confirmed),
    ]
    .into_iter()
    .filter_map(|(is, clue)| is.then_some(clue))
    .collect()
}

/// The finding on sockets that share an endpoint.
fn listed_finding(snapshot: &Snapshot, sockets: &[Judged<'_>], common: &[Clue]) -> Option<Finding> {
    // The worst of them speaks for all.
    let worst = sockets.iter().min_by_key(|judged| judged.verdict)?;
    let (sighting, inet) = (worst.sighting, worst.sighting.inet()?);
    let mut owners: Vec<Owner> = sockets
        .iter()
        .flat_map(|judged| judged.owners.iter().cloned())
        .collect();
    owners.sort_unstable();
    owners.dedup();
    let (bind, bind_line) = evidence::bind(snapshot, inet);
    let (local, connect_line) = match worst.class {
        Class::Listener => evidence::connect(snapshot, inet),
        Class::Bound | Class::Raw | Class::Connection | Class::Remains => ('.', None),
    };
    let procfs = evidence::tally(snapshot, Source::Procfs, sighting);
    let netlink = evidence::tally(snapshot, Source::Netlink, sighting);
    let vector = Vector {
        text: procfs.letter(),
        netlink: netlink.letter(),
        owner: match (owners.is_empty(), worst.nobody) {
            (_, true) => 'n',
            (false, false) => 'Y',
            (true, false) => '.',
        },
        bind,
        local,
        remote: '.',
    };
    let mut evidence = evidence::tables(snapshot, sighting);
    evidence.extend(together(sockets));
    evidence.extend(evidence::owners(&owners));
    if worst.nobody {
        evidence.extend(evidence::nobody(snapshot));
        evidence.extend(evidence::kernel(snapshot, sighting));
    }
    evidence.extend(bind_line);
    evidence.extend(connect_line);
    evidence.extend(evidence::reach(snapshot, sighting));
    evidence.extend(worst.doubt.map(|doubt| format!("in doubt: {doubt}")));
    let mut clues = common.to_vec();
    clues.extend(socket_clues(worst));
    let is_peered = matches!(worst.class, Class::Connection | Class::Remains);
    let mut finding = Finding {
        proto: inet.proto,
        addr: inet.local,
        port: inet.port,
        service: model::service::name(inet.proto, inet.port),
        state: Some(inet.state),
        peer: is_peered.then_some((inet.remote, inet.remote_port)),
        device: evidence::bound_device(inet)
            .and_then(|device| snapshot.facts.interfaces.get(&device).cloned()),
        netns: sighting.socket.netns,
        sockets: sockets
            .iter()
            .take(SOCKETS_MAX)
            .map(|judged| SocketFacts {
                inode: judged.sighting.socket.inode,
                cookie: judged.sighting.socket.cookie,
                uid: judged.sighting.socket.uid,
                recv_queue: judged.sighting.socket.recv_queue,
                send_queue: judged.sighting.socket.send_queue,
            })
            .collect(),
        count: sockets.len(),
        ..blank(worst.verdict, vector, evidence)
    };
    own(&mut finding, snapshot, owners);
    explained(&mut finding, &clues);
    Some(finding)
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

/// The finding on a port that no table lists.
fn orphan_finding(snapshot: &Snapshot, orphan: &Orphan, common: &[Clue]) -> Finding {
    let (taken, open) = (!orphan.taken.is_empty(), !orphan.open.is_empty());
    let untold = orphan.proto == Proto::Tcp && !orphan.bound_told;
    let verdict = match orphan.standing {
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
        text: looked(Source::Procfs),
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
        remote: '.',
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
    let mut clues = common.to_vec();
    clues.extend(orphan.bound_told.then_some(Clue::BoundTold));
    explained(&mut finding, &clues);
    finding
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

/// A finding of which only the essence is known.
fn blank(verdict: Verdict, vector: Vector, evidence: Vec<String>) -> Finding {
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

fn own(finding: &mut Finding, snapshot: &Snapshot, owners: Vec<Owner>) {
    finding.owners = owners
        .into_iter()
        .map(|owner| holder(snapshot, owner, finding.netns))
        .collect();
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

fn explained(finding: &mut Finding, clues: &[Clue]) {
    let Some(found) = explain(finding.verdict, finding.vector, clues) else {
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
        .replace("{pid}", &or(finding.pid.map(|pid| pid.to_string())))
        .replace("{inode}", &or(inode.map(|inode| inode.to_string())));
}
