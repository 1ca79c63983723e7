//! Rules for documents: what they name exists.

use crate::sh::Outcome;
use crate::workspace;
use std::path::{Path, PathBuf};

/// Directories of the tree; a word in backquotes that starts with one is a path.
const TOPS: &[&str] = &[
    "crates/", "docs/", "iso/", "tests/", "xtask/", ".ci/", ".cargo/",
];

/// Every path in a document that leads nowhere.
pub(super) fn broken(files: &[PathBuf]) -> Outcome<Vec<String>> {
    let mut broken = Vec::new();
    for file in files {
        let text = super::read(file)?;
        let own = file.parent().unwrap_or(Path::new(""));
        let links = links(&text).into_iter().map(|link| own.join(link));
        let quoted = quoted(&text).into_iter().map(PathBuf::from);
        for path in links.chain(quoted) {
            if !workspace::root().join(&path).exists() {
                broken.push(format!(
                    "{}: there is no {}",
                    file.display(),
                    path.display()
                ));
            }
        }
    }
    Ok(broken)
}

/// The paths in backquotes. One with a placeholder names many files, or none yet.
fn quoted(text: &str) -> Vec<&str> {
    let pieces = text.split('`').skip(1).step_by(2);
    pieces
        .map(|piece| piece.split(':').next().unwrap_or(piece))
        .filter(|piece| TOPS.iter().any(|top| piece.starts_with(top)))
        .filter(|piece| !piece.contains([' ', '*', '<', '{', '…', '\n', '$']))
        .collect()
}

/// The targets of links to other files of the tree.
fn links(text: &str) -> Vec<&str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .map(|target| target.split('#').next().unwrap_or(target))
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.contains(' '))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_words() {
        let text = "see `docs/A.md`, `crates/x/src/y.rs:12`, `cargo xtask`, `docs/man/*.md`";
        assert_eq!(quoted(text), ["docs/A.md", "crates/x/src/y.rs"]);
        let text = "[a](docs/A.md#top) [b](https://example.org) [c](#here)";
        assert_eq!(links(text), ["docs/A.md"]);
    }

    #[test]
    fn a_path_that_leads_nowhere_is_told() {
        let readme = [PathBuf::from("README.md")];
        assert_eq!(broken(&readme).unwrap(), Vec::<String>::new());
        assert!(broken(&[PathBuf::from("NOWHERE.md")]).is_err());
    }
}
