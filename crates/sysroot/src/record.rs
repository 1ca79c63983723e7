//! Writes down every byte that went through the door.
#![expect(clippy::disallowed_methods, reason = "a recording is written here")]

use crate::Stat;
use crate::tape::Tape;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A recording under way. A failed write is kept and told at the end, so that recording
/// never changes what the reader sees.
#[derive(Clone)]
pub(crate) struct Recorder {
    to: To,
    state: Arc<Mutex<State>>,
}

/// Where a recording goes.
#[derive(Clone)]
enum To {
    Dir(PathBuf),
    Tape(Arc<Mutex<Tape>>),
}

#[derive(Default)]
struct State {
    errors: BTreeMap<PathBuf, i32>,
    stats: BTreeMap<PathBuf, Stat>,
    failed: Option<io::Error>,
}

impl Recorder {
    pub(crate) fn new(dir: &Path) -> io::Result<Recorder> {
        fs::create_dir_all(dir)?;
        if fs::read_dir(dir)?.next().is_some() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        Ok(Recorder {
            to: To::Dir(dir.to_owned()),
            state: Arc::default(),
        })
    }

    /// A recording written as tar.
    pub(crate) fn tape(out: Box<dyn Write + Send>) -> Recorder {
        Recorder {
            to: To::Tape(Arc::new(Mutex::new(Tape::new(out)))),
            state: Arc::default(),
        }
    }

    fn attempt(&self, work: impl FnOnce() -> io::Result<()>) {
        if let Err(error) = work() {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.failed.get_or_insert(error);
        }
    }

    /// Keeps a file's bytes. A later reading that differs is kept as `NAME~2`, `NAME~3`, …
    pub(crate) fn file(&self, path: &Path, bytes: &[u8]) {
        self.attempt(|| match &self.to {
            To::Dir(dir) => file(&target(dir, path), bytes),
            To::Tape(tape) => locked(tape).file(path, bytes),
        });
    }

    /// Keeps what a link said. Where a descriptor is used again, the first stands.
    pub(crate) fn link(&self, path: &Path, to: &[u8]) {
        self.attempt(|| match &self.to {
            To::Dir(dir) => link(&target(dir, path), to),
            To::Tape(tape) => locked(tape).link(path, to),
        });
    }

    pub(crate) fn directory(&self, path: &Path) {
        self.attempt(|| match &self.to {
            To::Dir(dir) => fs::create_dir_all(target(dir, path)),
            To::Tape(tape) => locked(tape).directory(path),
        });
    }

    pub(crate) fn stat(&self, path: &Path, stat: &Stat) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stats.entry(path.to_owned()).or_insert(*stat);
    }

    pub(crate) fn error(&self, path: &Path, error: &io::Error) {
        if let Some(errno) = error.raw_os_error() {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.errors.entry(path.to_owned()).or_insert(errno);
        }
    }

    pub(crate) fn finish(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.failed.take() {
            return Err(error);
        }
        let errors = table(
            state
                .errors
                .iter()
                .map(|(path, errno)| (path, errno.to_string())),
        );
        let stats = table(
            state
                .stats
                .iter()
                .map(|(path, stat)| (path, stat.to_line())),
        );
        match &self.to {
            To::Dir(dir) => {
                fs::write(dir.join("errors"), errors)?;
                fs::write(dir.join("stats"), stats)
            }
            To::Tape(tape) => {
                let mut tape = locked(tape);
                tape.file(Path::new("errors"), &errors)?;
                tape.file(Path::new("stats"), &stats)?;
                tape.end()
            }
        }
    }
}

fn locked(tape: &Mutex<Tape>) -> std::sync::MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

fn target(dir: &Path, path: &Path) -> PathBuf {
    dir.join(path.strip_prefix("/").unwrap_or(path))
}

fn file(first: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = first.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut target = first.to_owned();
    for turn in 2.. {
        match fs::read(&target) {
            Ok(kept) if kept == bytes => return Ok(()),
            Ok(_) => {
                let mut name = first.as_os_str().to_owned();
                name.push(format!("~{turn}"));
                target = name.into();
            }
            Err(_) => break,
        }
    }
    fs::File::create_new(&target)?.write_all(bytes)
}

fn link(place: &Path, to: &[u8]) -> io::Result<()> {
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    match std::os::unix::fs::symlink(OsStr::from_bytes(to), place) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// A line each: what was learned, a tab, the path (which may hold any byte but a newline;
/// paths with one are left out, as no path of `/proc` has any).
fn table<'a>(rows: impl Iterator<Item = (&'a PathBuf, String)>) -> Vec<u8> {
    let mut text = Vec::new();
    for (path, value) in rows.filter(|(path, _)| !path.as_os_str().as_bytes().contains(&b'\n')) {
        text.extend_from_slice(value.as_bytes());
        text.push(b'\t');
        text.extend_from_slice(path.as_os_str().as_bytes());
        text.push(b'\n');
    }
    text
}

/// Lines of such a table that are taken, at most: every one is a place of its own.
const LINES_MAX: usize = 1 << 22;

/// A table of a recorded tree: its text as it was read, and where its lines begin, by path. It is
/// somebody else's, so no more is made of it than that.
pub(crate) struct Table<T> {
    text: Vec<u8>,
    /// In the order of paths; of lines with the same path the last one counts.
    lines: Vec<u32>,
    parse: fn(&str) -> Option<T>,
}

impl<T> Table<T> {
    fn new(
        name: &str,
        text: Vec<u8>,
        lines_max: usize,
        parse: fn(&str) -> Option<T>,
    ) -> io::Result<Table<T>> {
        let wrong = |what: &str| io::Error::other(format!("{name}: {what}"));
        let mut table = Table {
            text,
            lines: Vec::new(),
            parse,
        };
        let mut at = 0;
        for line in table.text.split(|&byte| byte == b'\n') {
            if !line.is_empty() {
                if table.lines.len() == lines_max {
                    return Err(wrong(&format!("more than {lines_max} lines")));
                }
                cut(line)
                    .and_then(|(value, _)| parse(value))
                    .ok_or_else(|| wrong("bad line"))?;
                let at = u32::try_from(at).map_err(|_| wrong("too long"))?;
                table.lines.push(at);
            }
            at += line.len() + 1;
        }
        let mut lines = std::mem::take(&mut table.lines);
        lines.sort_by(|&one, &other| table.path(one).cmp(table.path(other)));
        table.lines = lines;
        Ok(table)
    }

    /// Value and path of the line that begins there.
    fn line(&self, at: u32) -> (&str, &Path) {
        let text = usize::try_from(at).ok().and_then(|at| self.text.get(at..));
        let line = text.and_then(|text| text.split(|&byte| byte == b'\n').next());
        line.and_then(cut).unwrap_or(("", Path::new("")))
    }

    fn path(&self, at: u32) -> &Path {
        self.line(at).1
    }

    /// What it says of a place.
    pub(crate) fn get(&self, path: &Path) -> Option<T> {
        let after = self.lines.partition_point(|&at| self.path(at) <= path);
        let (value, found) = self.line(*self.lines.get(after.checked_sub(1)?)?);
        (found == path).then(|| (self.parse)(value))?
    }

    /// Its places from this one on, in order.
    pub(crate) fn from<'t>(&'t self, path: &Path) -> impl Iterator<Item = &'t Path> {
        let before = self.lines.partition_point(|&at| self.path(at) < path);
        let mut lines = self.lines.iter().skip(before).peekable();
        std::iter::from_fn(move || {
            let path = self.path(*lines.next()?);
            while lines.next_if(|&&at| self.path(at) == path).is_some() {}
            Some(path)
        })
    }
}

fn cut(line: &[u8]) -> Option<(&str, &Path)> {
    let tab = line.iter().position(|&byte| byte == b'\t')?;
    let value = std::str::from_utf8(line.get(..tab)?).ok()?;
    Some((value, Path::new(OsStr::from_bytes(line.get(tab + 1..)?))))
}

/// The failures of a recorded tree, from what its file `errors` says.
pub(crate) fn errors(text: Vec<u8>) -> io::Result<Table<i32>> {
    Table::new("errors", text, LINES_MAX, |value| value.parse().ok())
}

/// The stats of a recorded tree, from what its file `stats` says.
pub(crate) fn stats(text: Vec<u8>) -> io::Result<Table<Stat>> {
    Table::new("stats", text, LINES_MAX, Stat::from_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str, lines_max: usize) -> io::Result<Table<i32>> {
        let parse = |value: &str| value.parse().ok();
        Table::new("errors", text.as_bytes().to_vec(), lines_max, parse)
    }

    #[test]
    fn the_last_line_of_a_place_counts() {
        let text = "2\t/proc/7/fd\n13\t/proc/1/fd\n\n1\t/proc/10\n5\t/proc/1/fd\n";
        let table = table(text, 4).unwrap();
        let get = |path: &str| table.get(Path::new(path));
        assert_eq!((get("/proc/1/fd"), get("/proc/7/fd")), (Some(5), Some(2)));
        assert_eq!((get("/proc/1"), get("/proc/1/fd/3")), (None, None));
        assert_eq!(get(""), None);
        // By their parts, as paths are ordered: what is below a place follows it.
        let from: Vec<&Path> = table.from(Path::new("/proc/1")).collect();
        assert_eq!(
            from,
            ["/proc/1/fd", "/proc/10", "/proc/7/fd"].map(Path::new)
        );
    }

    #[test]
    fn more_lines_than_are_taken_are_refused() {
        let text = "1\ta\n1\tb\n1\tc\n";
        assert!(table(text, 3).is_ok());
        let refused = table(text, 2).err().unwrap();
        assert_eq!(refused.to_string(), "errors: more than 2 lines");
        for bad in ["1 a\n", "x\ta\n", "\n\t\n"] {
            assert!(table(bad, 9).is_err(), "{bad:?}");
        }
    }
}
