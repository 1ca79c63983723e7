//! Who may use whom. The table is the picture of the architecture.

use crate::workspace::Package;
use std::collections::{BTreeMap, BTreeSet};

/// Which of our crates each crate may name in its manifest.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sysroot", &["sunrt"]),
    ("linux", &["model", "sysroot"]),
    ("solaris", &["model", "sysroot", "sunrt"]),
    ("sunrt", &["memory"]),
    ("memory", &[]),
    ("host", &["model", "sysroot", "linux", "solaris"]),
    ("select", &["model"]),
    ("scan", &["model"]),
    ("compare", &["model"]),
    ("render", &["model"]),
    ("cli", &["model", "sysroot", "render", "memory"]),
    ("rnetstat", PASSIVE),
    ("rlsof", PASSIVE),
    ("rfuser", PASSIVE),
    (
        "rnmap",
        &[
            "model", "sysroot", "host", "select", "scan", "render", "cli",
        ],
    ),
    (
        "rcompare",
        &["model", "sysroot", "host", "compare", "render", "cli"],
    ),
    ("e2e", &["model", "render"]),
    ("emu", &["model", "solaris", "sunrt", "sysroot"]),
    (
        "foreign",
        &[
            "model", "sysroot", "sunrt", "linux", "solaris", "compare", "select", "scan", "render",
            "cli",
        ],
    ),
    ("xtask", &["render", "sunrt"]),
];

/// What a program that sends nothing may use.
const PASSIVE: &[&str] = &["model", "sysroot", "host", "select", "render", "cli"];

/// Programs that send nothing, and what must therefore be nowhere below them.
const SENDS_NOTHING: &[&str] = &["rnetstat", "rlsof", "rfuser", "select", "compare", "host"];
const SENDS: &[&str] = &["scan", "socket2"];

/// Every edge the table does not allow.
pub(super) fn broken(packages: &[Package]) -> Vec<String> {
    let ours: BTreeMap<&str, &Package> = packages
        .iter()
        .map(|package| (package.name.as_str(), package))
        .collect();
    let mut broken = Vec::new();
    for package in packages {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == package.name) else {
            broken.push(format!("{} has no row in MAY_USE", package.name));
            continue;
        };
        for used in &package.uses {
            if ours.contains_key(used.as_str()) && !allowed.contains(&used.as_str()) {
                broken.push(format!("{} may not use {used}", package.name));
            }
        }
        if SENDS_NOTHING.contains(&package.name.as_str()) {
            let below = below(&package.name, &ours);
            for sender in SENDS.iter().filter(|sender| below.contains(**sender)) {
                broken.push(format!(
                    "{} sends nothing, but has {sender} below it",
                    package.name
                ));
            }
        }
    }
    broken
}

/// Everything our crates bring in below one of them: ours, and what ours name.
fn below<'a>(name: &'a str, ours: &BTreeMap<&'a str, &'a Package>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next = vec![name];
    while let Some(name) = next.pop() {
        let uses = ours.get(name).map_or(&[][..], |package| &package.uses);
        for used in uses {
            if found.insert(used.as_str()) {
                next.push(used);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &[&str]) -> Package {
        Package {
            name: name.into(),
            uses: uses.iter().map(|used| (*used).to_owned()).collect(),
        }
    }

    #[test]
    fn an_edge_the_table_lacks_is_told() {
        let packages = [package("model", &["serde"]), package("render", &["model"])];
        assert!(broken(&packages).is_empty());
        let packages = [package("render", &[]), package("model", &["render"])];
        assert_eq!(broken(&packages), ["model may not use render"]);
        assert_eq!(
            broken(&[package("attic", &[])]),
            ["attic has no row in MAY_USE"]
        );
    }

    #[test]
    fn a_sender_far_below_a_passive_program_is_told() {
        let packages = [
            package("rlsof", &["cli"]),
            package("cli", &["render"]),
            package("render", &["socket2"]),
        ];
        let told = ["rlsof sends nothing, but has socket2 below it"];
        assert_eq!(broken(&packages), told);
    }
}
