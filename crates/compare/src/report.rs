//! The outcome of a judgement: findings, counts, what could not be looked at.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::signs::Sign;
use crate::system::System;
use crate::verdict::{Verdict, Weight};
use model::{Gap, Proto, Source};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The outcome of a judgement.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who looked.
    pub facts: Facts,
    /// The kind of system.
    pub system: System,
    /// Rounds that were made.
    pub rounds: u32,
    /// What is wrong with the host as a whole, the worst first.
    pub signs: Vec<Sign>,
    /// Ports, the worst first.
    pub findings: Vec<Finding>,
    /// What others than our programs list, against what was seen.
    pub told: Vec<crate::foreign::told::Told>,
    /// What is only counted.
    pub counts: Counts,
    /// Places not seen, by the source that met them.
    pub blanks: Vec<Blank>,
    /// What another round should look at again.
    pub doubts: Doubts,
    /// What it all amounts to.
    pub outcome: Outcome,
}

/// What is only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Ports, packet sockets, and signs that are findings, by verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Connections that both tables show and somebody holds.
    pub connections: usize,
    /// Sockets and ports that came or went while we looked.
    pub transient: usize,
}

/// A place not seen, how often, and whether an "all agree" is weaker for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Blank {
    /// The source that met it; none where the run itself did.
    pub source: Option<Source>,
    /// The place and the reason.
    #[serde(flatten)]
    pub gap: Gap,
    /// In how many views.
    pub views: usize,
    /// Whether nothing else made up for it.
    pub weighs: bool,
}

/// What another round should look at again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Differences that have not been seen often enough.
    pub count: usize,
    /// Ports among them, which probes can ask again.
    pub ports: BTreeSet<(Proto, u16)>,
    /// Whether an owner is among what is in doubt.
    pub owners: bool,
    /// Addresses at which the ports among them answered or should have.
    pub addrs: BTreeSet<std::net::IpAddr>,
}

/// What it all amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All explained, and all that was to be looked at was.
    Agree,
    /// No contradiction, but somebody could not look.
    Limited,
    /// Something is unexplained.
    Finding,
}

/// What signs, findings and gaps amount to.
#[must_use]
pub fn outcome(signs: &[Sign], findings: &[Finding], blanks: &[Blank]) -> Outcome {
    let ports = findings.iter().map(|finding| finding.weight);
    let worst = signs.iter().map(|sign| sign.weight).chain(ports).max();
    match worst {
        Some(Weight::Finding) => Outcome::Finding,
        Some(Weight::Limited) => Outcome::Limited,
        Some(Weight::Note | Weight::Fine) | None => {
            if blanks.iter().any(|blank| blank.weighs) {
                Outcome::Limited
            } else {
                Outcome::Agree
            }
        }
    }
}
