//! What is wrong with the host rather than with one of its ports.

use crate::copies;
use crate::explain::{Clue, Vector, explain};
use crate::facts::Facts;
use crate::snapshot::Snapshot;
use crate::sniffers;
use crate::system::System;
use crate::verdict::{Verdict, Weight};
use model::procfs::{ListingSign, ProcIdentity, ProcMount, ProcSign};
use model::receipt::MessageSign;
use model::{Family, Foreign, Pid, Proto};
use serde::Serialize;

/// What is reported of the host as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct Sign {
    /// What it amounts to.
    pub verdict: Verdict,
    /// How much that weighs.
    pub weight: Weight,
    /// Its number in the explanation catalogue.
    pub pattern: &'static str,
    /// What was seen, in plain words.
    pub evidence: Vec<String>,
    /// Causes not ruled out, the likeliest first.
    pub causes: Vec<&'static str>,
    /// The one thing to do next.
    pub next: String,
}

/// Every sign of what was said.
#[must_use]
pub fn signs(snapshot: &Snapshot) -> Vec<Sign> {
    let facts = &snapshot.facts;
    let told_where = |wanted: bool| {
        let identity = facts.identity.iter();
        identity.flat_map(move |identity| {
            let signs = identity.signs.iter();
            let signs = signs.filter(move |sign| concerns_us(identity, sign) == wanted);
            signs.map(told)
        })
    };
    let tampered: Vec<String> = told_where(true).chain(holes(facts)).collect();
    let elsewhere: Vec<String> = told_where(false).collect();
    let counted: Vec<String> = facts
        .counted
        .iter()
        .flat_map(|counted| &counted.mismatches)
        .map(|it| {
            format!(
                "{}: the kernel counts {}, its tables list {}",
                it.counter, it.counted, it.rows
            )
        })
        .collect();
    let system = System::of(snapshot);
    let host = [
        (
            Verdict::HiddenFromNetlink,
            Weight::Finding,
            rewritten(snapshot),
        ),
        (
            Verdict::HiddenProcess,
            Weight::Finding,
            copies::hidden(snapshot),
        ),
        (Verdict::ProcTampered, Weight::Finding, tampered),
        (Verdict::ProcTampered, Weight::Note, elsewhere),
        (Verdict::CounterMismatch, Weight::Finding, counted),
    ];
    host.into_iter()
        .filter(|(_, _, evidence)| !evidence.is_empty())
        .filter_map(|(verdict, weight, evidence)| {
            sign(system, verdict, weight, counters_clue(facts), evidence)
        })
        .chain(sniffers::signs(snapshot))
        .collect()
}

/// Which way the counters and the tables differ.
fn counters_clue(facts: &Facts) -> Option<Clue> {
    let mut mismatches = facts.counted.iter().flat_map(|it| &it.mismatches);
    let first = mismatches
        .next()
        .filter(|it| it.counter.contains("inuse"))?;
    Some(if first.counted > first.rows {
        Clue::RowsMissing
    } else {
        Clue::RowsTooMany
    })
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Inet => "IPv4",
        Family::Inet6 => "IPv6",
        Family::Unix => "unix",
        Family::Packet => "packet",
        Family::Netlink => "netlink",
        Family::Vsock => "vsock",
        Family::Xdp => "xdp",
    }
}

/// What is wrong with answers of sock_diag, and the sockets that stood in them all the same.
fn rewritten(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    for received in &snapshot.received {
        let (by, family) = (received.by.name(), family(received.family));
        let proto = received.proto.map_or("", Proto::name);
        for sign in &received.signs {
            let what = match sign {
                MessageSign::LongMessage { message } => {
                    format!("message {message} goes on past its end into another one")
                }
                MessageSign::NotTiled { message } => {
                    format!("the attributes of message {message} do not fill it")
                }
                MessageSign::DirtyTail { bytes } => {
                    format!("{bytes} bytes after its end were written to")
                }
            };
            lines.push(format!("{proto} {family} by {by}: {what}"));
        }
        for inet in received.carved.iter().filter_map(|it| it.kind.inet()) {
            lines.push(format!(
                "{proto} {family} by {by}: recovered {} {}:{} {}",
                inet.proto, inet.local, inet.port, inet.state
            ));
        }
    }
    lines.dedup();
    lines
}

/// Whether a sign bears on what we, or whoever works in the machine's first mounts, see. A
/// mount in somebody's own mount namespace deceives nobody but those in it.
fn concerns_us(identity: &ProcIdentity, sign: &ProcSign) -> bool {
    match sign {
        // Before Linux 6.8 nothing tells which of the mounts are ours.
        ProcSign::Mounted(mount) => match mount.seen_by {
            None | Some(Pid(1)) => true,
            Some(_) => !identity.by_statmount,
        },
        ProcSign::NotProcfs { .. }
        | ProcSign::Crossing { .. }
        | ProcSign::SelfElsewhere { .. }
        | ProcSign::NetDiffers { .. }
        | ProcSign::OtherInode { .. }
        | ProcSign::SameDirectory { .. }
        | ProcSign::OtherPid { .. }
        | ProcSign::Listing(_) => true,
    }
}

/// Puts causes and the next step to what was seen.
pub(crate) fn sign(
    system: System,
    verdict: Verdict,
    weight: Weight,
    clue: Option<Clue>,
    evidence: Vec<String>,
) -> Option<Sign> {
    // Only what every reading agreed on gets this far.
    let clues: Vec<Clue> = clue.into_iter().chain([Clue::Confirmed]).collect();
    let found = explain(system, verdict, Vector::BLIND, &clues)?;
    Some(Sign {
        verdict,
        weight,
        pattern: found.pattern,
        evidence,
        causes: found.causes,
        next: found.next,
    })
}

fn holes(facts: &Facts) -> impl Iterator<Item = String> {
    let counted = facts.counted.iter();
    counted.flat_map(|counted| &counted.holes).map(|hole| {
        let (family, first, last) = hole;
        let table = if *family == Family::Inet6 {
            "tcp6"
        } else {
            "tcp"
        };
        format!("/proc/net/{table}: rows {first} to {last} are missing from its numbering")
    })
}

/// One sign in plain words.
fn told(sign: &ProcSign) -> String {
    match sign {
        ProcSign::NotProcfs { place, magic } => {
            format!("{place} is on no procfs (file system type {magic:#x})")
        }
        ProcSign::Crossing { place } => format!("{place} is reached over another mount"),
        ProcSign::Mounted(mount) => mounted(mount),
        ProcSign::SelfElsewhere { pid, link: None } => {
            format!("/proc/self leads nowhere; we are process {pid}")
        }
        ProcSign::SelfElsewhere {
            pid,
            link: Some(link),
        } => format!("/proc/self leads to {}; we are process {pid}", text(link)),
        ProcSign::NetDiffers { place, other } => format!("{place} and {other} are not the same"),
        ProcSign::OtherInode { pid, listed, found } => {
            format!("/proc/{pid} is listed as inode {listed} and is inode {found}")
        }
        ProcSign::SameDirectory { pid, other } => {
            format!("/proc/{pid} and /proc/{other} are one directory")
        }
        ProcSign::OtherPid { pid, says: None } => {
            format!("/proc/{pid}/stat is of no process")
        }
        ProcSign::OtherPid {
            pid,
            says: Some(says),
        } => format!("/proc/{pid}/stat is of process {says}"),
        ProcSign::Listing(ListingSign::LongRecord { name, carved }) => format!(
            "the listing of /proc swallows a name after {}: {}",
            text(name),
            carved.as_ref().map_or("unreadable".to_owned(), text)
        ),
        ProcSign::Listing(ListingSign::DirtyTail { carved }) => {
            let names: Vec<String> = carved.iter().map(text).collect();
            format!("the listing of /proc was shortened: {}", names.join(" "))
        }
        ProcSign::Listing(ListingSign::Cut) => "the listing of /proc was cut".to_owned(),
    }
}

fn mounted(mount: &ProcMount) -> String {
    let seen = mount.seen_by.map_or_else(String::new, |pid| {
        format!(", in the mounts of process {pid}")
    });
    format!(
        "mounted on {}: {} {}{seen}",
        text(&mount.point),
        text(&mount.kind),
        text(&mount.root)
    )
}

fn text(foreign: &Foreign) -> String {
    foreign.as_bytes().escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(facts: Facts) -> Vec<Sign> {
        signs(&Snapshot {
            facts,
            ..Snapshot::default()
        })
    }

    use crate::facts::Counted;
    use model::counters::Mismatch;

    #[test]
    fn f8_a_connection_that_is_counted_and_not_listed() {
        let mut facts = Facts::default();
        assert!(of(facts.clone()).is_empty());
        facts.counted = Some(Counted {
            readings: 3,
            quiet: true,
            mismatches: vec![Mismatch {
                counter: "CurrEstab".to_owned(),
                counted: 9,
                rows: 8,
            }],
            holes: Vec::new(),
        });
        let found = of(facts);
        assert_eq!(found[0].verdict, Verdict::CounterMismatch);
        assert_eq!(found[0].weight, Weight::Finding);
        assert_eq!(
            found[0].evidence,
            ["CurrEstab: the kernel counts 9, its tables list 8"]
        );
    }

    #[test]
    fn f6_a_listing_with_a_swallowed_name() {
        let facts = Facts {
            identity: Some(ProcIdentity {
                signs: vec![
                    ProcSign::Listing(ListingSign::LongRecord {
                        name: "811".into(),
                        carved: Some("812".into()),
                    }),
                    ProcSign::OtherPid {
                        pid: Pid(7),
                        says: Some(Pid(8)),
                    },
                ],
                ..ProcIdentity::default()
            }),
            counted: Some(Counted {
                holes: vec![(Family::Inet, 1, 1)],
                ..Counted::default()
            }),
            ..Facts::default()
        };
        let found = of(facts);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict, Verdict::ProcTampered);
        assert_eq!(found[0].evidence.len(), 3);
        assert!(found[0].evidence[0].ends_with("after 811: 812"));
    }

    #[test]
    fn mounts_that_deceive_somebody_else_are_a_note() {
        let mount = |seen_by| {
            ProcSign::Mounted(ProcMount {
                point: "/proc/2".into(),
                kind: "tmpfs".into(),
                root: "/".into(),
                seen_by,
                reason: None,
            })
        };
        let weights = |seen_by: Option<Pid>| -> Vec<Weight> {
            let facts = Facts {
                identity: Some(ProcIdentity {
                    signs: vec![mount(seen_by)],
                    by_statmount: true,
                    ..ProcIdentity::default()
                }),
                ..Facts::default()
            };
            of(facts).iter().map(|sign| sign.weight).collect()
        };
        assert_eq!(weights(None), [Weight::Finding]);
        assert_eq!(weights(Some(Pid(1))), [Weight::Finding]);
        assert_eq!(weights(Some(Pid(4711))), [Weight::Note]);
    }
}
