//! Whom other listings name as owners, held against whom the walk found.
//!
//! A tool of the host *misnames* a socket where it names a process that no walk of ours ever
//! found holding any socket the row can be about, or names nobody although it names owners
//! elsewhere, in every one of three rounds in which we walked. Sockets whose holder we do not
//! know ourselves are left out: there the tool may know more.

use super::{Claim, Listing, Row, Words};
use crate::copies;
use crate::finding::Finding;
use crate::join;
use crate::ports::ByPort;
use crate::sandwich::ENOUGH;
use crate::snapshot::{Sighting, Snapshot};
use model::{Foreign, Held, Inet, Inode, Pid, Process};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

use super::told::{Index, Missed, Told};

/// Owners named in one line.
const CLAIMS_MAX: usize = 4;

/// A socket of which a listing names another owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Misnamed {
    /// The socket, with the first process we found holding it.
    #[serde(flatten)]
    pub socket: Missed,
    /// Whom the listing names; nobody, where it is silent.
    pub names: Option<Claim>,
}

/// What runs of one tool say that the walks contradict, and how much is in doubt.
pub(super) fn misnamed(
    snapshot: &Snapshot,
    runs: &[(&Listing, Index<'_>)],
) -> (Vec<Misnamed>, usize) {
    let by_port = crate::ports::by_port(snapshot);
    let walked = |listing: &Listing| {
        let round = listing.ran.as_ref().map(|ran| ran.round);
        round.is_some_and(|round| snapshot.round(round).any(|(_, view)| view.walked()))
    };
    let runs: Vec<_> = runs.iter().filter(|run| walked(run.0)).collect();
    let (mut all, mut doubts) = (Vec::new(), 0);
    for (sighting, inet) in known(snapshot) {
        let mut claims: BTreeMap<Option<Claim>, usize> = BTreeMap::new();
        let mut passes = 0;
        for (listing, index) in &runs {
            if !stood(snapshot, listing, sighting) {
                continue;
            }
            passes += 1;
            for claim in false_claims(snapshot, &by_port, listing, index, inet) {
                *claims.entry(claim).or_default() += 1;
            }
        }
        for (names, times) in claims {
            if times < passes {
                continue;
            }
            if times < ENOUGH {
                doubts += 1;
                continue;
            }
            let socket = Missed::socket(snapshot, sighting, inet);
            all.push(Misnamed { socket, names });
        }
    }
    (all, doubts)
}

/// What one file says that the walks contradict; silence of a file says nothing.
pub(super) fn of_file(snapshot: &Snapshot, listing: &Listing, index: &Index<'_>) -> Vec<Misnamed> {
    let by_port = crate::ports::by_port(snapshot);
    let last = snapshot.rounds();
    let here = |sighting: &Sighting| {
        let mut views = snapshot.round(last);
        views.any(|(at, _)| sighting.seen.contains(at))
    };
    let listeners = known(snapshot).filter(|(sighting, inet)| inet.is_listener() && here(sighting));
    listeners
        .flat_map(|(sighting, inet)| {
            let claims = false_claims(snapshot, &by_port, listing, index, inet);
            let claims = claims.into_iter().filter(Option::is_some);
            let socket = Missed::socket(snapshot, sighting, inet);
            claims.map(move |names| Misnamed {
                socket: socket.clone(),
                names,
            })
        })
        .collect()
}

/// Sockets that a process was found holding by a plain descriptor, every reader of `/proc`
/// can find it.
fn known(snapshot: &Snapshot) -> impl Iterator<Item = (&Sighting, &Inet)> {
    let sockets = snapshot.sockets.values();
    sockets.filter_map(|sighting| {
        let inet = sighting.inet().filter(|inet| super::told::concerns(inet))?;
        let mut owners = snapshot.owners(sighting.socket.inode);
        let plain = owners.any(|it| it.tid.is_none() && matches!(it.held, Held::Fd { .. }));
        (plain && sighting.socket.inode != Inode(0)).then_some((sighting, inet))
    })
}

/// Whether the socket was listed before and after the tool ran.
fn stood(snapshot: &Snapshot, listing: &Listing, sighting: &Sighting) -> bool {
    let Some(ran) = &listing.ran else {
        return false;
    };
    let seen = |wanted: bool| {
        let mut views = snapshot.round(ran.round);
        views.any(|(at, _)| (at < ran.after) == wanted && sighting.seen.contains(at))
    };
    seen(true) && seen(false)
}

/// Whom a listing names for a socket against all we know; none where it names nobody.
fn false_claims(
    snapshot: &Snapshot,
    by_port: &ByPort<'_>,
    listing: &Listing,
    index: &Index<'_>,
    inet: &Inet,
) -> BTreeSet<Option<Claim>> {
    let rows: Vec<&Row> = index.rows(inet).collect();
    // fuser's numbers stand on another stream than its ports.
    if rows.is_empty() || listing.words == Words::Fuser {
        return BTreeSet::new();
    }
    let mut claims: BTreeSet<Option<Claim>> = BTreeSet::new();
    for row in &rows {
        let known = holders(snapshot, by_port, row);
        let claimed = row.owners.iter().filter(|claim| !known.bear(claim));
        claims.extend(claimed.cloned().map(Some));
    }
    let names_others = listing.rows.iter().any(|row| !row.owners.is_empty());
    if names_others && rows.iter().all(|row| row.owners.is_empty()) {
        claims.insert(None);
    }
    claims
}

/// Everybody known to have held any socket that a row can be about.
struct Holders<'s> {
    pids: BTreeSet<Pid>,
    processes: Vec<&'s Process>,
}

fn holders<'s>(snapshot: &'s Snapshot, by_port: &ByPort<'s>, row: &Row) -> Holders<'s> {
    let key = (join::port_space(row.proto), row.port);
    let sockets = by_port.get(&key).into_iter().flatten();
    let mut known = Holders {
        pids: BTreeSet::new(),
        processes: Vec::new(),
    };
    for sighting in sockets.filter(|it| it.inet().is_some_and(|inet| row.fits(inet))) {
        let inode = sighting.socket.inode;
        let copied = copies::owners(snapshot, inode);
        for owner in snapshot.owners(inode).chain(&copied) {
            known.pids.insert(owner.id.pid);
            known.pids.extend(owner.tid);
            known.processes.extend(snapshot.processes.get(&owner.id));
        }
    }
    known
}

impl Holders<'_> {
    /// Whether what a listing claims can be one of them.
    fn bear(&self, claim: &Claim) -> bool {
        if !self.pids.contains(&claim.pid) {
            return false;
        }
        let mut told = self.processes.iter().filter(|it| it.id.pid == claim.pid);
        let Some(program) = claim.program.as_deref().filter(|name| is_plain(name)) else {
            return true;
        };
        // Nothing is known of it, or a name fits: tools cut names and take them from
        // different places.
        told.clone().next().is_none() || told.any(|process| is_called(process, program))
    }
}

/// Names with other letters are written differently by every tool.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}

fn is_called(process: &Process, program: &str) -> bool {
    let has = |foreign: &[u8]| {
        let mut windows = foreign.windows(program.len());
        windows.any(|window| window == program.as_bytes())
    };
    let exe = process.exe.as_ref().map_or(&b""[..], Foreign::as_bytes);
    let argv = process.cmdline.as_ref().map_or(&b""[..], Foreign::as_bytes);
    let comm = process.comm.as_bytes();
    has(comm) || has(exe) || has(argv) || (!comm.is_empty() && program.as_bytes().starts_with(comm))
}

/// Says of each port which listing leaves it out, and whom each names as its owner.
pub(crate) fn mark(findings: &mut [Finding], all: &[Told]) {
    for told in all {
        let who = told.path.as_ref().unwrap_or(&told.name);
        for finding in findings.iter_mut().filter(|it| it.peer.is_none()) {
            let socket = Missed {
                proto: finding.proto,
                addr: finding.addr.to_string(),
                port: finding.port,
                peer: None,
                pid: None,
            };
            if let Some(claims) = told.owners.get(&socket) {
                let claims: Vec<String> = claims
                    .iter()
                    .take(CLAIMS_MAX)
                    .map(Claim::to_string)
                    .collect();
                let line = format!("host tools: {who} names {}", claims.join(", "));
                finding.evidence.push(line);
            }
        }
        for missed in &told.omits {
            let about = |finding: &&mut Finding| {
                finding.proto == missed.proto
                    && finding.port == missed.port
                    && finding.addr.to_string() == missed.addr
                    && finding.peer.is_none() == missed.peer.is_none()
            };
            let line = match (&told.path, told.runs) {
                (Some(path), runs) => format!("host tools: {path} omits it, run {runs} times"),
                (None, _) => format!("{}: does not list it", told.name),
            };
            for finding in findings.iter_mut().filter(about) {
                finding.evidence.push(line.clone());
            }
        }
    }
}
