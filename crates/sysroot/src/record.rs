//! Writes down every byte that went through the door.
#![expect(clippy::disallowed_methods, reason = "a recording is written here")]

use crate::Stat;
use crate::tape::Tape;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
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
    match std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(to), place) {
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

fn rows<T>(
    name: &str,
    text: &[u8],
    parse: impl Fn(&str) -> Option<T>,
) -> io::Result<BTreeMap<PathBuf, T>> {
    let row = |line: &[u8]| {
        let tab = line.iter().position(|&byte| byte == b'\t')?;
        let value = parse(std::str::from_utf8(line.get(..tab)?).ok()?)?;
        let path = std::ffi::OsString::from_vec(line.get(tab + 1..)?.to_owned());
        Some((PathBuf::from(path), value))
    };
    text.split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| row(line).ok_or_else(|| io::Error::other(format!("{name}: bad line"))))
        .collect()
}

/// The failures of a recorded tree, from what its file `errors` says.
pub(crate) fn errors(text: &[u8]) -> io::Result<BTreeMap<PathBuf, i32>> {
    rows("errors", text, |value| value.parse().ok())
}

/// The stats of a recorded tree, from what its file `stats` says.
pub(crate) fn stats(text: &[u8]) -> io::Result<BTreeMap<PathBuf, Stat>> {
    rows("stats", text, Stat::from_line)
}
