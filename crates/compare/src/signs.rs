//! What is wrong with the host rather than with one of its ports.

use crate::explain::{Clue, Vector, explain};
use crate::facts::Facts;
use crate::verdict::{Verdict, Weight};
use model::procfs::{ListingSign, ProcMount, ProcSign};
use model::{Family, Foreign};
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

/// Every sign the facts hold.
#[must_use]
pub fn signs(facts: &Facts) -> Vec<Sign> {
    let tampered: Vec<String> = facts
        .identity
        .iter()
        .flat_map(|identity| identity.signs.iter().map(told))
        .chain(holes(facts))
        .collect();
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
    [
        (Verdict::ProcTampered, tampered),
        (Verdict::CounterMismatch, counted),
    ]
    .into_iter()
    .filter(|(_, evidence)| !evidence.is_empty())
    .filter_map(|(verdict, evidence)| sign(verdict, evidence))
    .collect()
}

fn sign(verdict: Verdict, evidence: Vec<String>) -> Option<Sign> {
    // Only what every reading agreed on gets this far.
    let found = explain(verdict, Vector::BLIND, &[Clue::Confirmed])?;
    Some(Sign {
        verdict,
        weight: verdict.weight(),
        pattern: found.pattern,
        evidence,
        causes: found.causes,
        next: found.next.to_owned(),
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
    use crate::facts::Counted;
    use model::Pid;
    use model::counters::Mismatch;
    use model::procfs::ProcIdentity;

    #[test]
    fn f8_a_connection_that_is_counted_and_not_listed() {
        let mut facts = Facts::default();
        assert!(signs(&facts).is_empty());
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
        let found = signs(&facts);
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
        let found = signs(&facts);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict, Verdict::ProcTampered);
        assert_eq!(found[0].evidence.len(), 3);
        assert!(found[0].evidence[0].ends_with("after 811: 812"));
    }
}
