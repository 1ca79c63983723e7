//! Rules for other people's code: under licences we may pass on, in one version each, and
//! nothing that can send below a program that must not.

use crate::inventory::{self, Crate};
use crate::sh::{self, Outcome};
use crate::{venv, workspace};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Licences whose terms ours can keep. A name behind `WITH` makes a licence more permissive.
const LICENSES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Programs that send nothing.
const PASSIVE: [&str; 3] = ["rnetstat", "rlsof", "rfuser"];

/// Crates made for talking to others. `nix` and `libc` have the calls, as every program has:
/// that no passive program makes them is what `tests/footprint.rs` shows.
const SENDERS: &[&str] = &[
    "async-std",
    "curl",
    "hyper",
    "mio",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "rustls",
    "smoltcp",
    "socket2",
    "tokio",
    "ureq",
];

/// Systems we ship for.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "x86_64-unknown-illumos"];

/// Every broken rule.
pub(super) fn broken() -> Outcome<Vec<String>> {
    let mut broken = twice(&super::read("Cargo.lock".as_ref())?);
    for target in TARGETS {
        let told = workspace::metadata(&["--filter-platform", target])?;
        broken.extend(licences(&inventory::crates(&told)));
        broken.extend(senders(&told));
    }
    broken.sort();
    broken.dedup();
    Ok(broken)
}

/// What cargo-deny says beside us, by `deny.toml`: licences, versions and sources, and known
/// faults where their list can be had. Whatever cannot be asked is told.
pub(super) fn denied() -> Vec<String> {
    let program = match venv::deny() {
        Ok(Some(program)) => program,
        Ok(None) => {
            println!("SKIPPED: cargo-deny: it is not installed; the rules of our own were held");
            return Vec::new();
        }
        Err(why) => return vec![why],
    };
    let deny = |words: &[&str]| {
        let mut deny = Command::new(&program);
        deny.current_dir(workspace::root());
        sh::run(deny.arg("--locked").args(words))
    };
    let mut broken = Vec::new();
    if let Err(why) = deny(&["check", "licenses", "bans", "sources"]) {
        broken.push(why);
    }
    if deny(&["fetch", "db"]).is_err() {
        println!("SKIPPED: known faults of other people's code: their list cannot be had here");
    } else if let Err(why) = deny(&["check", "--disable-fetch", "advisories"]) {
        broken.push(why);
    }
    broken
}

/// Crates that stand in the lock file in two versions.
fn twice(lock: &str) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().trim_matches(['=', ' ', '"'])
        };
        versions
            .entry(value("name"))
            .or_default()
            .push(value("version"));
    }
    let doubled = versions.iter().filter(|(_, versions)| versions.len() > 1);
    doubled
        .map(|(name, versions)| format!("{name} comes in versions {}", versions.join(" and ")))
        .collect()
}

fn licences(crates: &[Crate]) -> Vec<String> {
    let refused = crates.iter().filter(|one| !is_allowed(&one.license));
    refused
        .map(|one| format!("{} {} is under {:?}", one.name, one.version, one.license))
        .collect()
}

/// Whether an SPDX expression leaves us a choice that is allowed: of everything joined by
/// AND, one of those joined by OR. Our crates have no deeper brackets.
fn is_allowed(expression: &str) -> bool {
    expression.split(" AND ").all(|part| {
        let part = part.trim_matches(['(', ')', ' ']);
        part.split(" OR ").any(|licence| {
            let name = licence.split(" WITH ").next().unwrap_or(licence);
            LICENSES.contains(&name.trim())
        })
    })
}

fn senders(metadata: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for program in PASSIVE {
        for one in inventory::crates_below(metadata, &[program]) {
            if SENDERS.contains(&one.name.as_str()) {
                broken.push(format!(
                    "{program} sends nothing, but has {} below it",
                    one.name
                ));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_needs_one_allowed_choice_in_every_part() {
        for good in [
            "MIT",
            "GPL-2.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "LGPL-2.1-or-later"] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn cargo_deny_allows_the_same_licences() {
        let text = super::super::read("deny.toml".as_ref()).unwrap();
        let (_, list) = text.split_once("allow = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let words = list.split(',').map(|word| word.trim().trim_matches('"'));
        let allowed: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        assert_eq!(allowed, LICENSES);
        for target in TARGETS {
            assert!(text.contains(target), "{target}");
        }
    }

    #[test]
    fn a_second_version_is_told() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n\
            [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n";
        assert_eq!(twice(lock), ["a comes in versions 1.0.0 and 2.0.0"]);
    }

    #[test]
    fn what_we_build_on_is_in_order() {
        assert_eq!(broken().unwrap(), Vec::<String>::new());
    }
}
