//! Listings of others, held against what was seen.
//!
//! A tool of the host *omits* a socket where one of our listings shows the same inode before
//! the tool was run and one after it, in every one of three rounds, and the tool never lists
//! it. It *invents* one where it lists a listener in six rounds and no listing of ours has any
//! such socket, before or after. A file was made at another time: its differences are told,
//! and accuse nobody.

use super::missed::bound;
pub use super::missed::{Missed, More};
use super::owners::{self, Misnamed};
use super::{Claim, Listing, Row, Words};
use crate::join;
use crate::report::Outcome;
use crate::sandwich::{ENOUGH, ENOUGH_PROBED, Testimony};
use crate::snapshot::{Sighting, Snapshot};
use crate::verdict::Weight;
use model::{Family, Held, Inet, Inode, Proto, Source, State};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Causes of an omission, the likeliest first. Variables are none: it was run without any.
const OMITS: &[&str] = &[
    "the tool's file, or one it loads, was replaced by one that leaves the socket out",
    "a library that is loaded before all others (/etc/ld.so.preload) filters what it reads",
    "the kernel answers this program otherwise than ours",
    "a version that does not show such sockets",
];

/// Causes of an invention.
const INVENTS: &[&str] = &[
    "the kernel hides the socket from our programs and not from this one",
    "the tool was changed to mislead",
    "a version that calls something a listener that is none",
];

/// Causes of another owner.
const MISNAMES: &[&str] = &[
    "the tool's file, or one it loads, was replaced by one that names another process",
    "a library that is loaded before all others (/etc/ld.so.preload) changes what it reads of /proc",
    "the kernel answers this program otherwise than ours",
    "a version that names a process by something else than the descriptor it holds",
];

/// Causes of a difference to a file.
const TIMES: &[&str] = &[
    "the file was made at another time, or on another machine",
    "the program that made it was asked for less",
    "the program that made it did not tell all",
];

/// What one tool or file says, against what was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The tool's or the file's name.
    pub name: String,
    /// In whose words.
    pub words: Words,
    /// The program file, of a tool that was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often it was run; 0 for a file.
    pub runs: usize,
    /// In how many of the runs it told all, and all was understood; the others say nothing.
    pub whole: usize,
    /// Rows of the last listing.
    pub rows: usize,
    /// How much it weighs.
    pub weight: Weight,
    /// Sockets that are there and that it does not list.
    pub omits: Vec<Missed>,
    /// Sockets that it lists and that are not there.
    pub invents: Vec<Missed>,
    /// Sockets of which it names another owner than the walk found.
    pub misnames: Vec<Misnamed>,
    /// How many more of each there are than are named.
    pub more: More,
    /// Whom it names, by the socket.
    #[serde(skip)]
    pub owners: BTreeMap<Missed, BTreeSet<Claim>>,
    /// Differences that more rounds may settle.
    pub doubts: usize,
    /// Causes not ruled out, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<&'static str>,
    /// The one thing to do next.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// Holds every listing against what was seen: tools by their name, files one by one.
#[must_use]
pub fn all(snapshot: &Snapshot) -> Vec<Told> {
    let mut tools: BTreeMap<(Words, &str), Vec<&Listing>> = BTreeMap::new();
    let mut all = Vec::new();
    for listing in &snapshot.listings {
        if listing.ran.is_some() {
            let of = tools.entry((listing.words, &listing.name)).or_default();
            of.push(listing);
        }
    }
    all.extend(tools.values().filter_map(|runs| tool(snapshot, runs)));
    let files = snapshot.listings.iter().filter(|it| it.ran.is_none());
    all.extend(files.map(|listing| file(snapshot, listing)));
    all
}

/// Transport, local port, and the peer's port where there is a peer.
type Key = (Proto, u16, Option<u16>);

/// Rows with their numbers, by what they are about: a server's port is that of thousands of connections.
pub(super) struct Index<'l> {
    rows: BTreeMap<Key, Vec<(usize, &'l Row)>>,
    /// Whether any row names an owner.
    pub(super) names_owners: bool,
}

impl<'l> Index<'l> {
    fn of(listing: &'l Listing) -> Index<'l> {
        let mut rows: BTreeMap<_, Vec<(usize, &Row)>> = BTreeMap::new();
        for (number, row) in listing.rows.iter().enumerate() {
            let peer = row.peer.as_ref().map(|(_, port)| *port);
            let key = (join::port_space(row.proto), row.port, peer);
            rows.entry(key).or_default().push((number, row));
        }
        Index {
            rows,
            names_owners: listing.rows.iter().any(|row| !row.owners.is_empty()),
        }
    }

    /// The rows that can be about a socket, with their numbers.
    pub(super) fn rows(&self, inet: &Inet) -> impl Iterator<Item = (usize, &'l Row)> {
        let space = join::port_space(inet.proto);
        let rows = [None, Some(inet.remote_port)]
            .into_iter()
            .filter_map(move |peer| self.rows.get(&(space, inet.port, peer)));
        rows.flatten().copied().filter(|(_, row)| row.fits(inet))
    }

    fn lists(&self, inet: &Inet) -> bool {
        self.rows(inet).next().is_some()
    }
}

/// What one round says of a socket and a tool.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Listed,
    Omitted,
    Nothing,
}

fn tool(snapshot: &Snapshot, runs: &[&Listing]) -> Option<Told> {
    let last = runs.last()?;
    let words = last.words;
    let ran = |listing: &&Listing| listing.ran.as_ref().is_some_and(|ran| ran.whole);
    let whole: Vec<(&Listing, Index<'_>)> = runs
        .iter()
        .filter(|listing| ran(listing))
        .map(|listing| (*listing, Index::of(listing)))
        .collect();
    let mut told = Told::blank(last);
    (told.runs, told.whole) = (runs.len(), whole.len());
    for sighting in snapshot.here() {
        let Some(inet) = sighting.inet().filter(|inet| concerns(inet)) else {
            continue;
        };
        if sighting.socket.inode == Inode(0) || !can_see(snapshot, words, sighting, inet) {
            continue;
        }
        let passes: Vec<Pass> = whole
            .iter()
            .map(|(listing, index)| pass(snapshot, listing, index, sighting, inet))
            .filter(|pass| *pass != Pass::Nothing)
            .collect();
        let omitted = passes.iter().all(|pass| *pass == Pass::Omitted);
        match passes.len() {
            0 => {}
            _ if !omitted => {}
            many if many >= ENOUGH => told.omits.push(Missed::socket(snapshot, sighting, inet)),
            _ => told.doubts += 1,
        }
    }
    invented(snapshot, &whole, &mut told);
    let (misnames, doubts) = owners::misnamed(snapshot, &whole);
    told.misnames = misnames;
    told.doubts += doubts;
    if let Some((_, index)) = whole.last() {
        told.owners = named(snapshot, index);
    }
    weigh(&mut told);
    Some(told)
}

/// Whom a listing names for each listener of ours.
fn named(snapshot: &Snapshot, index: &Index<'_>) -> BTreeMap<Missed, BTreeSet<Claim>> {
    let mut all: BTreeMap<Missed, BTreeSet<Claim>> = BTreeMap::new();
    for sighting in snapshot.here() {
        let Some(inet) = sighting.inet().filter(|inet| inet.is_listener()) else {
            continue;
        };
        let claims: BTreeSet<Claim> = index
            .rows(inet)
            .flat_map(|it| it.1.owners.clone())
            .collect();
        if !claims.is_empty() {
            let socket = Missed {
                pid: None,
                ..Missed::socket(snapshot, sighting, inet)
            };
            all.entry(socket).or_default().extend(claims);
        }
    }
    all
}

/// Sockets that every tool is expected to list.
pub(super) fn concerns(inet: &Inet) -> bool {
    let known = matches!(inet.proto, Proto::Tcp | Proto::Udp);
    known && inet.port != 0 && (inet.is_listener() || inet.state == State::Established)
}

/// Whether a tool can see a socket at all: by descriptors only what a process has one of.
fn can_see(snapshot: &Snapshot, words: Words, sighting: &Sighting, inet: &Inet) -> bool {
    if words == Words::Fuser && !inet.is_listener() {
        return false;
    }
    let mut owners = snapshot.owners(sighting.socket.inode);
    !words.by_descriptor()
        || owners.any(|owner| owner.tid.is_none() && matches!(owner.held, Held::Fd { .. }))
}

fn pass(
    snapshot: &Snapshot,
    listing: &Listing,
    index: &Index<'_>,
    sighting: &Sighting,
    inet: &Inet,
) -> Pass {
    let Some(ran) = &listing.ran else {
        return Pass::Nothing;
    };
    let asked = ran
        .ports
        .as_ref()
        .is_none_or(|ports| ports.contains(&(inet.proto, inet.port)));
    if !asked {
        return Pass::Nothing;
    }
    if index.lists(inet) {
        return Pass::Listed;
    }
    let (mut before, mut after, mut lost) = (false, false, false);
    for (at, view) in snapshot.round(ran.round) {
        if view.side().is_none() {
            continue;
        }
        match snapshot.testimony(at, sighting) {
            Testimony::Seen if at < ran.after => before = true,
            Testimony::Seen => after = true,
            // The text tables of UDP lose their place under churn, for everybody alike.
            Testimony::Absent if view.source != Source::Netlink => lost = true,
            Testimony::Absent | Testimony::Blind => {}
        }
    }
    let excused = lost && inet.proto == Proto::Udp && listing.words.by_text();
    if before && after && !excused {
        Pass::Omitted
    } else {
        Pass::Nothing
    }
}

/// Listeners that a tool lists in round after round, and nobody else ever does.
fn invented(snapshot: &Snapshot, whole: &[(&Listing, Index<'_>)], told: &mut Told) {
    // fuser names no address, and only ports it was asked for.
    if told.words == Words::Fuser {
        return;
    }
    let by_port = crate::ports::by_port(snapshot);
    let mut found: BTreeMap<Missed, usize> = BTreeMap::new();
    for (listing, _) in whole {
        let Some(ran) = &listing.ran else { continue };
        let mut strangers = BTreeSet::new();
        for row in listing.rows.iter().filter(|row| row.listens) {
            if !is_known(snapshot, &by_port, ran.round, row) {
                strangers.insert(Missed {
                    pid: None,
                    ..Missed::row(row)
                });
            }
        }
        for stranger in strangers {
            *found.entry(stranger).or_default() += 1;
        }
    }
    for (stranger, times) in found {
        if times >= ENOUGH_PROBED {
            told.invents.push(stranger);
        } else if times == whole.len() {
            told.doubts += 1;
        }
    }
}

/// Whether some listing of a round has a socket that this row can be, or none looked.
fn is_known(
    snapshot: &Snapshot,
    by_port: &crate::ports::ByPort<'_>,
    round: u32,
    row: &Row,
) -> bool {
    let sockets = by_port.get(&(join::port_space(row.proto), row.port));
    let fitting = |sighting: &&&Sighting| {
        let fits = sighting.inet().is_some_and(|inet| row.fits(inet));
        fits && snapshot
            .round(round)
            .any(|(at, _)| sighting.seen.contains(at))
    };
    let looked = [Family::Inet, Family::Inet6].iter().any(|&family| {
        let mut views = snapshot.round(round);
        views.any(|(_, view)| view.covers(family, row.proto, State::Listen))
    });
    !looked || sockets.is_some_and(|sockets| sockets.iter().any(|it| fitting(&it)))
}

/// A file: what it lists and what is here now, listeners only.
fn file(snapshot: &Snapshot, listing: &Listing) -> Told {
    let index = Index::of(listing);
    let listed = |proto: Proto| {
        listing
            .rows
            .iter()
            .any(|it| it.listens && it.proto == proto)
    };
    let by_port = crate::ports::by_port(snapshot);
    let last = snapshot.rounds();
    let mut told = Told::blank(listing);
    for sighting in snapshot.here() {
        let Some(inet) = sighting
            .inet()
            .filter(|it| it.is_listener() && concerns(it))
        else {
            continue;
        };
        let mut views = snapshot.round(last);
        let is_here = views.any(|(at, _)| sighting.seen.contains(at));
        // A listing without any UDP socket was perhaps not asked for them.
        if is_here
            && listed(inet.proto)
            && can_see(snapshot, listing.words, sighting, inet)
            && !index.lists(inet)
        {
            told.omits.push(Missed::socket(snapshot, sighting, inet));
        }
    }
    let strangers = listing.rows.iter().filter(|row| row.listens);
    let strangers: BTreeSet<Missed> = strangers
        .filter(|row| !is_known(snapshot, &by_port, last, row))
        .map(Missed::row)
        .collect();
    told.invents.extend(strangers);
    told.misnames = owners::of_file(snapshot, listing, &index);
    told.owners = named(snapshot, &index);
    weigh(&mut told);
    told
}

/// Sorts, bounds and weighs what was found.
fn weigh(told: &mut Told) {
    told.more = More {
        omits: bound(&mut told.omits),
        invents: bound(&mut told.invents),
        misnames: bound(&mut told.misnames),
    };
    let path = told.path.as_deref().map(word).unwrap_or_default();
    let is_tool = told.runs > 0;
    if told.is_silent() {
        return;
    }
    let (omits, invents) = (!told.omits.is_empty(), !told.invents.is_empty());
    told.causes = match (is_tool, omits, invents) {
        (false, _, _) => TIMES.to_vec(),
        (true, true, _) => OMITS.to_vec(),
        (true, false, true) => INVENTS.to_vec(),
        (true, false, false) => MISNAMES.to_vec(),
    };
    if is_tool {
        told.weight = Weight::Finding;
        told.next =
            format!("sha256sum {path} (and compare it with the package); cat /etc/ld.so.preload");
    } else {
        told.weight = Weight::Note;
        told.next = "compare the times, and ask whoever made the file how it was made".to_owned();
    }
}

/// A path as one word of a command that somebody will type: a case can say of its tools what it
/// likes.
fn word(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
    match path.bytes().all(plain) && path.starts_with('/') {
        true => path.to_owned(),
        false => format!("-- '{}'", path.replace('\'', "'\\''")),
    }
}

impl Told {
    fn blank(listing: &Listing) -> Told {
        Told {
            name: listing.name.clone(),
            words: listing.words,
            path: listing.ran.as_ref().map(|ran| ran.path.clone()),
            runs: 0,
            whole: 0,
            rows: listing.rows.len(),
            weight: Weight::Fine,
            omits: Vec::new(),
            invents: Vec::new(),
            misnames: Vec::new(),
            more: More::default(),
            owners: BTreeMap::new(),
            doubts: 0,
            causes: Vec::new(),
            next: String::new(),
        }
    }

    /// Whether no run of a tool could be held against what was seen.
    #[must_use]
    pub fn is_mute(&self) -> bool {
        self.runs > 0 && self.whole == 0
    }

    /// Whether nothing is to be said of it.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.omits.is_empty() && self.invents.is_empty() && self.misnames.is_empty()
    }
}

/// A tool of the host that lies is a finding.
pub(crate) fn outcome(so_far: Outcome, all: &[Told]) -> Outcome {
    if all.iter().any(|told| told.weight == Weight::Finding) {
        Outcome::Finding
    } else {
        so_far
    }
}
