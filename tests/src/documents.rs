//! The commands our documents show: what stands in blocks of `sh`, after a prompt, in the
//! examples of a manual, and in backquotes.

use std::io;
use std::path::{Path, PathBuf};

/// Our own programs.
const OURS: [&str; 5] = ["rnetstat", "rlsof", "rfuser", "rnmap", "rcompare"];

/// Programs of the machine's whose commands in backquotes are run too.
const THEIRS: &[&str] = &[
    "blockdev",
    "bpftool",
    "cargo",
    "cat",
    "dd",
    "grep",
    "mount",
    "nft",
    "sha256sum",
    "ss",
    "xorriso",
];

/// One command of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where it stands: file and line.
    pub place: String,
    /// What is typed.
    pub line: String,
    /// Why it is not run, where the document says so itself.
    pub left: Option<String>,
}

/// The documents, by their paths from the root, in order.
///
/// # Errors
/// A directory cannot be read.
#[expect(clippy::disallowed_methods, reason = "documents of our own tree")]
pub fn files() -> io::Result<Vec<PathBuf>> {
    let mut files = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for dir in ["docs", "docs/man"] {
        for entry in std::fs::read_dir(root().join(dir))? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The top of the tree.
#[must_use]
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Every command of every document, each once.
///
/// # Errors
/// A document cannot be read.
#[expect(clippy::disallowed_methods, reason = "documents of our own tree")]
pub fn commands() -> io::Result<Vec<Shown>> {
    let mut found: Vec<Shown> = Vec::new();
    for file in files()? {
        let name = file
            .strip_prefix(root())
            .unwrap_or(&file)
            .display()
            .to_string();
        for shown in in_text(&name, &std::fs::read_to_string(&file)?) {
            if !found.iter().any(|other| other.line == shown.line) {
                found.push(shown);
            }
        }
    }
    Ok(found)
}

/// The commands of one document.
#[must_use]
pub fn in_text(name: &str, text: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    // The words of the block we are in, and what the remark before it says.
    let mut fence: Option<String> = None;
    let mut remark: Option<String> = None;
    let mut begun = String::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", number + 1);
        let bare = line.trim();
        if let Some(words) = bare.strip_prefix("```") {
            fence = match fence {
                Some(_) => {
                    remark = None;
                    None
                }
                None => Some(words.to_owned()),
            };
            continue;
        }
        let typed = match &fence {
            Some(kind) if kind == "sh" => {
                begun.push_str(bare.trim_end_matches('\\'));
                if bare.ends_with('\\') {
                    continue;
                }
                vec![std::mem::take(&mut begun)]
            }
            Some(_) => prompted(bare).into_iter().collect(),
            None if bare.starts_with("<!--") => {
                remark = left(bare);
                continue;
            }
            None => match line.strip_prefix("    ") {
                Some(code) => prompted(code)
                    .or_else(|| example(code))
                    .into_iter()
                    .collect(),
                None => quoted(line),
            },
        };
        if fence.is_none() && !bare.is_empty() {
            remark = None;
        }
        for line in typed.iter().map(|line| uncommented(line)) {
            if !line.is_empty() {
                let left = remark.clone();
                found.push(Shown {
                    place: place.clone(),
                    line,
                    left,
                });
            }
        }
    }
    found
}

/// `<!-- not run: REASON -->` or `<!-- run by FILE -->`
fn left(remark: &str) -> Option<String> {
    let words = remark
        .trim_start_matches("<!--")
        .trim_end_matches("-->")
        .trim();
    let is_one = words.starts_with("not run: ") || words.starts_with("run by ");
    is_one.then(|| words.to_owned())
}

/// What stands behind a prompt.
fn prompted(line: &str) -> Option<String> {
    let typed = line
        .strip_prefix("$ ")
        .or_else(|| line.strip_prefix("# "))?;
    let (command, _) = typed.split_once("   ").unwrap_or((typed, ""));
    Some(command.trim().to_owned())
}

/// `rnetstat -tulpn      what listens`: an example of a manual; a synopsis is none.
fn example(code: &str) -> Option<String> {
    let (command, _) = code.split_once("   ").unwrap_or((code, ""));
    (starts(command, &OURS) && !is_form(command)).then(|| command.trim().to_owned())
}

/// Commands in backquotes. One with a word in capitals where something else is meant is a
/// form, and no command.
fn quoted(line: &str) -> Vec<String> {
    let pieces = line.split('`').skip(1).step_by(2);
    pieces
        .filter(|piece| starts(piece, &OURS) || starts(piece, THEIRS))
        .filter(|piece| piece.contains(' ') && !is_form(piece))
        .map(str::to_owned)
        .collect()
}

fn starts(line: &str, programs: &[&str]) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    programs.contains(&first)
}

/// Words that stand for others.
const FORMS: &[&str] = &[
    "ADDRESS", "CASE", "CHORE", "DIR", "FILE", "HOST", "KEY", "NAME", "PID", "PORT", "PORTS",
    "SECONDS", "…", "...", "N",
];

fn is_form(piece: &str) -> bool {
    let words = piece.split(|c: char| !(c.is_ascii_alphanumeric() || c == '…'));
    let is_optional = piece.contains('[') && !piece.contains("[::");
    words.into_iter().any(|word| FORMS.contains(&word)) || is_optional || piece.contains("...")
}

/// Without a remark behind it.
fn uncommented(line: &str) -> String {
    let line = line.trim();
    if line.starts_with('#') {
        return String::new();
    }
    let (command, _) = line.split_once("  #").unwrap_or((line, ""));
    command.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        in_text("x.md", text)
            .into_iter()
            .map(|shown| shown.line)
            .collect()
    }

    #[test]
    fn commands_are_found_wherever_they_are_shown() {
        let text = "Ask `rnetstat -st`, not `rlsof PID`, `netstat`.\n\n```sh\n# why\nls  # all\na \\\n  b\n```\n\n\
            ```\n$ rnmap -F x\nno command\n```\n\n    rfuser 22/tcp     who\n    rfuser [OPTIONS]\n    # id\n";
        assert_eq!(
            lines(text),
            [
                "rnetstat -st",
                "ls",
                "a b",
                "rnmap -F x",
                "rfuser 22/tcp",
                "id"
            ]
        );
    }

    #[test]
    fn a_remark_holds_for_the_block_behind_it() {
        let text = "<!-- not run: needs X -->\n```sh\nx\n```\n```sh\ny\n```\n";
        let left: Vec<_> = in_text("x.md", text)
            .into_iter()
            .map(|shown| shown.left)
            .collect();
        assert_eq!(left, [Some("not run: needs X".to_owned()), None]);
    }
}
