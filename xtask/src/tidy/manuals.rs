//! Rules for manuals: a manual and `--help` name the same options.

use crate::sh::{self, Outcome};
use crate::workspace::{self, PROGRAMS};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Every option one of the two does not know. A program without a manual is told too,
/// once there is any manual.
pub(super) fn broken(programs: &Path) -> Outcome<Vec<String>> {
    let manuals = workspace::root().join("docs/man");
    let mut broken = Vec::new();
    if !manuals.is_dir() {
        return Ok(broken);
    }
    for program in PROGRAMS {
        let Ok(manual) = std::fs::read_to_string(manuals.join(format!("{program}.md"))) else {
            broken.push(format!("docs/man/{program}.md: there is none"));
            continue;
        };
        let help = sh::output(Command::new(programs.join(program)).arg("--help"))?;
        broken.extend(differ(program, &help, &manual));
    }
    Ok(broken)
}

fn differ(program: &str, help: &str, manual: &str) -> Vec<String> {
    let helped = long_options(help);
    let told = long_options(manual);
    let mut broken = Vec::new();
    for option in helped.difference(&told) {
        broken.push(format!("docs/man/{program}.md: says nothing of {option}"));
    }
    let defined: String = manual
        .lines()
        .filter(|line| defines(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    for option in long_options(&defined).difference(&helped) {
        broken.push(format!("docs/man/{program}.md: {option} is not in --help"));
    }
    broken
}

/// A line of a manual that introduces options, and does not just mention them.
fn defines(line: &str) -> bool {
    line.trim_start_matches(['*', '`', '#', ' ', ':'])
        .starts_with('-')
        && line.trim_start_matches(['#', ' ']).starts_with(['*', '`'])
}

/// Every `--word` of a text.
fn long_options(text: &str) -> BTreeSet<&str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(|c: char| !part(c))
        .filter(|word| word.len() > 3 && word.starts_with("--"))
        .filter(|word| word[2..].starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "Options:\n  -a, --all      everything\n      --json     lines\n";

    #[test]
    fn a_manual_that_agrees_is_left_alone() {
        let manual = "Unlike `ss --old`:\n\n**-a**, **--all**\n: all\n\n`--json`\n: lines\n";
        assert!(differ("x", HELP, manual).is_empty());
    }

    #[test]
    fn an_option_only_one_knows_is_told() {
        let told = differ("x", HELP, "**--all**\n**--ghost**\n");
        assert_eq!(
            told,
            [
                "docs/man/x.md: says nothing of --json",
                "docs/man/x.md: --ghost is not in --help"
            ]
        );
    }
}
