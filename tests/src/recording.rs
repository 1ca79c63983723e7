//! Makes a recorded root of a stage: what the passive programs read there, put together.

#![expect(
    clippy::disallowed_methods,
    reason = "a recording is files, made by the tests"
)]

use crate::Stage;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Where the programs write inside the stage.
const INSIDE: &str = "/run/record";

/// Records the answers to these questions (`rnetstat -anp`) in one tree.
///
/// The stage stands still, so that the bytes of several runs are those of one moment; only
/// the programs' own processes come and go, and these are left out.
///
/// # Errors
/// A file cannot be read or written.
///
/// # Panics
/// A program cannot record.
pub fn record(stage: &Stage, questions: &[&str], pids: &[u32], to: &Path) -> io::Result<()> {
    let mut tree = Tree {
        pids,
        to,
        tables: BTreeMap::new(),
    };
    for question in questions {
        let (name, args) = question.split_once(' ').unwrap_or((question, ""));
        let output = stage.tool(name, &format!("{args} --record {INSIDE}"));
        // 2 is an answer too, of a file that this stage does not have.
        assert!(output.code <= 3, "{output}");
        let from = PathBuf::from(format!("/proc/{}/root{INSIDE}", stage.inner()));
        tree.merge(&from, Path::new(""))?;
        stage.program("rm", &format!("-r {INSIDE}")).expect(0);
    }
    for (table, rows) in &tree.tables {
        let text: String = rows
            .iter()
            .map(|(path, value)| format!("{value}\t{path}\n"))
            .collect();
        fs::write(to.join(table), text)?;
    }
    keep_empty(to)
}

struct Tree<'a> {
    pids: &'a [u32],
    to: &'a Path,
    /// `errors` and `stats`, by path.
    tables: BTreeMap<String, BTreeMap<String, String>>,
}

impl Tree<'_> {
    /// Whether a place below the root belongs to the stage, not to the program that asked.
    fn is_ours(&self, place: &Path) -> bool {
        let mut parts = place.iter().filter_map(|part| part.to_str());
        match (parts.next(), parts.next()) {
            (Some("proc"), Some(name)) => name.parse().map_or(true, |pid| self.pids.contains(&pid)),
            (Some("answers"), Some("kcmp")) => parts.next().is_none_or(|pair| {
                let one = pair.split('-').next().unwrap_or_default();
                one.parse().is_ok_and(|pid| self.pids.contains(&pid))
            }),
            _ => true,
        }
    }

    fn merge(&mut self, from: &Path, place: &Path) -> io::Result<()> {
        let mut entries: Vec<_> = fs::read_dir(from.join(place))?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let place = place.join(entry.file_name());
            // A later reading of the same file is not read back.
            let later = entry.file_name().as_encoded_bytes().contains(&b'~');
            if later || !self.is_ours(&place) {
                continue;
            }
            let (source, target) = (entry.path(), self.to.join(&place));
            let kind = entry.file_type()?;
            let is_table = place == Path::new("errors") || place == Path::new("stats");
            if kind.is_dir() {
                fs::create_dir_all(&target)?;
                self.merge(from, &place)?;
            } else if is_table {
                self.table(&place, &fs::read(&source)?)?;
            } else if target.symlink_metadata().is_err() {
                if kind.is_symlink() {
                    symlink(fs::read_link(&source)?, &target)?;
                } else {
                    fs::write(&target, fs::read(&source)?)?;
                }
            }
        }
        Ok(())
    }

    fn table(&mut self, place: &Path, bytes: &[u8]) -> io::Result<()> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        let name = place.display().to_string();
        let rows: Vec<(String, String)> = text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter(|(_, path)| self.is_ours(Path::new(path.trim_start_matches('/'))))
            .map(|(value, path)| (path.to_owned(), value.to_owned()))
            .collect();
        let kept = self.tables.entry(name).or_default();
        for (path, value) in rows {
            kept.entry(path).or_insert(value);
        }
        Ok(())
    }
}

/// Puts a file into every empty directory, since git keeps none; no reader takes it for a
/// number.
fn keep_empty(dir: &Path) -> io::Result<()> {
    let mut empty = true;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        empty = false;
        if entry.file_type()?.is_dir() {
            keep_empty(&entry.path())?;
        }
    }
    if empty {
        fs::write(dir.join(".keep"), "")?;
    }
    Ok(())
}
