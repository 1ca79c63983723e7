//! No parser of foreign bytes is without a target, and no row of the list without its file.
#![expect(clippy::disallowed_methods, reason = "sources of our own tree")]

use foreign::parsers::{DIRECTORIES, SIGNS, SPARED, TRIED};
use foreign::{TARGETS, seeds};
use std::collections::BTreeSet;
use std::path::Path;

/// Every source file below `crates/` but those of tests, with the code in it that is shipped.
fn sources() -> Vec<(String, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates");
    let (mut found, mut next) = (Vec::new(), vec![crates.clone()]);
    while let Some(dir) = next.pop() {
        for entry in std::fs::read_dir(dir).expect("a directory of the tree") {
            let path = entry.expect("an entry").path();
            let name = path
                .strip_prefix(&crates)
                .expect("below")
                .display()
                .to_string();
            if path.is_dir() {
                next.push(path);
            } else if name.ends_with(".rs") && name.contains("/src/") && !name.ends_with("tests.rs")
            {
                let text = std::fs::read_to_string(&path).expect("a source");
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
                found.push((name, code.to_owned()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_parser_has_its_targets() {
    let mut forgotten = Vec::new();
    for (name, code) in sources() {
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let is_sign = |line: &str| SIGNS.iter().any(|sign| line.contains(sign));
        let parses =
            lines.into_iter().any(is_sign) || DIRECTORIES.iter().any(|dir| name.starts_with(dir));
        let tried = TRIED.iter().any(|row| row.0 == name);
        let spared = SPARED.iter().any(|row| name.starts_with(row.0));
        assert!(!(tried && spared), "{name} stands in both lists");
        if parses && !tried && !spared {
            forgotten.push(name);
        }
    }
    assert!(
        forgotten.is_empty(),
        "no target tries {}",
        forgotten.join(", ")
    );
}

#[test]
fn the_list_names_what_there_is() {
    let sources = sources();
    let (targets, seeds): (BTreeSet<&str>, _) = (
        TARGETS.iter().map(|target| target.0).collect(),
        seeds::gather().expect("the fixtures are there"),
    );
    for (name, by) in TRIED {
        assert!(
            sources.iter().any(|source| source.0 == *name),
            "{name} is gone"
        );
        assert!(!by.is_empty(), "{name}");
        for target in *by {
            assert!(
                targets.contains(target),
                "{name}: there is no target {target}"
            );
            assert!(!seeds[target].is_empty(), "{target} has no seed");
        }
    }
    for (name, _) in SPARED {
        assert!(
            sources.iter().any(|source| source.0.starts_with(name)),
            "{name} is gone"
        );
    }
    let used: BTreeSet<&str> = TRIED.iter().flat_map(|row| row.1).copied().collect();
    let idle: Vec<&&str> = targets.difference(&used).collect();
    // What a person types is no file's alone.
    assert_eq!(idle, [&"argv"]);
    assert!(TRIED.is_sorted() && SPARED.is_sorted() && DIRECTORIES.is_sorted());
}
