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
use model::{Foreign, Held, Inet, Inode, Pid, Process, ProcessId, Proto};
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
    let sockets = Sockets::of(snapshot);
    let walked = |listing: &Listing| {
        let round = listing.ran.as_ref().map(|ran| ran.round);
        round.is_some_and(|round| snapshot.round(round).any(|(_, view)| view.walked()))
    };
    let runs = runs.iter().filter(|run| walked(run.0));
    let mut runs: Vec<Claims<'_>> = runs
        .map(|run| Claims::new(&sockets, run.0, &run.1))
        .collect();
    let (mut all, mut doubts) = (Vec::new(), 0);
    for (sighting, inet) in known(snapshot) {
        let mut claims: BTreeMap<Option<Claim>, usize> = BTreeMap::new();
        let mut passes = 0;
        for run in &mut runs {
            if !stood(snapshot, run.listing, sighting) {
                continue;
            }
            passes += 1;
            for claim in run.false_ones(inet) {
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
    let sockets = Sockets::of(snapshot);
    let mut file = Claims::new(&sockets, listing, index);
    let last = snapshot.rounds();
    let here = |sighting: &Sighting| {
        let mut views = snapshot.round(last);
        views.any(|(at, _)| sighting.seen.contains(at))
    };
    let listeners = known(snapshot).filter(|(sighting, inet)| inet.is_listener() && here(sighting));
    listeners
        .flat_map(|(sighting, inet)| {
            let claims = file.false_ones(inet);
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
    snapshot.here().filter_map(|sighting| {
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

/// All sockets a row can be about.
struct Sockets<'s> {
    snapshot: &'s Snapshot,
    by_port: ByPort<'s>,
    /// By transport, local port and the peer's port.
    by_peer: BTreeMap<(Proto, u16, u16), Vec<&'s Sighting>>,
}

impl<'s> Sockets<'s> {
    fn of(snapshot: &'s Snapshot) -> Sockets<'s> {
        let mut by_peer: BTreeMap<_, Vec<&Sighting>> = BTreeMap::new();
        for sighting in snapshot.here() {
            if let Some(inet) = sighting.inet() {
                let key = (join::port_space(inet.proto), inet.port, inet.remote_port);
                by_peer.entry(key).or_default().push(sighting);
            }
        }
        Sockets {
            snapshot,
            by_port: crate::ports::by_port(snapshot),
            by_peer,
        }
    }

    /// Everybody known to have held any socket that a row can be about.
    fn holders(&self, row: &Row) -> Holders<'s> {
        let space = join::port_space(row.proto);
        let sockets = match &row.peer {
            Some((_, peer)) => self.by_peer.get(&(space, row.port, *peer)),
            None => self.by_port.get(&(space, row.port)),
        };
        let mut known = Holders::default();
        let fitting = sockets.into_iter().flatten();
        for sighting in fitting.filter(|it| it.inet().is_some_and(|inet| row.fits(inet))) {
            let inode = sighting.socket.inode;
            let copied = copies::owners(self.snapshot, inode);
            for owner in self.snapshot.owners(inode).chain(&copied) {
                known.pids.insert(owner.id.pid);
                known.pids.extend(owner.tid);
                let process = self.snapshot.processes.get(&owner.id);
                known.processes.extend(process.map(|it| (it.id, it)));
            }
        }
        known
    }
}

/// What a listing claims of owners.
struct Claims<'s> {
    sockets: &'s Sockets<'s>,
    listing: &'s Listing,
    index: &'s Index<'s>,
    /// Who can be meant by a row, by its number, as far as it was asked.
    holders: BTreeMap<usize, Holders<'s>>,
}

impl<'s> Claims<'s> {
    fn new(sockets: &'s Sockets<'s>, listing: &'s Listing, index: &'s Index<'s>) -> Claims<'s> {
        Claims {
            sockets,
            listing,
            index,
            holders: BTreeMap::new(),
        }
    }

    /// Whom it names for a socket against all we know; none where it names nobody.
    fn false_ones(&mut self, inet: &Inet) -> BTreeSet<Option<Claim>> {
        let rows: Vec<(usize, &Row)> = self.index.rows(inet).collect();
        let mut claims = BTreeSet::new();
        // fuser's numbers stand on another stream than its ports.
        if rows.is_empty() || self.listing.words == Words::Fuser {
            return claims;
        }
        for (number, row) in &rows {
            let holders = self.holders.entry(*number);
            let known = holders.or_insert_with(|| self.sockets.holders(row));
            let claimed = row.owners.iter().filter(|claim| !known.bear(claim));
            claims.extend(claimed.cloned().map(Some));
        }
        if self.index.names_owners && rows.iter().all(|(_, row)| row.owners.is_empty()) {
            claims.insert(None);
        }
        claims
    }
}

/// Processes that a row can name.
#[derive(Default)]
struct Holders<'s> {
    pids: BTreeSet<Pid>,
    processes: BTreeMap<ProcessId, &'s Process>,
}

impl Holders<'_> {
    /// Whether what a listing claims can be one of them.
    fn bear(&self, claim: &Claim) -> bool {
        if !self.pids.contains(&claim.pid) {
            return false;
        }
        let mut told = self.processes.values().filter(|it| it.id.pid == claim.pid);
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
