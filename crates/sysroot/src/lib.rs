//! The one door for bytes about a host.
//!
//! The live system is the root with prefix `/`. A recorded tree is the same code with
//! another prefix. A recording is the live system with a tee: every byte that comes
//! through the door is also written under a directory, and that directory is a recorded
//! tree. Readers above cannot tell which of the three they have.
//!
//! A recorded tree holds `proc/…` laid out like the live one, `answers/NAME` for what was
//! asked by system call, `errors` for reads that failed (`errno TAB path`, a line each) and
//! `stats` for files asked about but not read.
#![deny(unsafe_code)]

mod dir;
mod record;
mod stat;
mod sys;

pub use dir::{Dir, Entry};
pub use stat::Stat;

use record::Recorder;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most one file may give to [`Sysroot::read`]; what is longer is an error, not a cut.
pub const READ_MAX: usize = 256 << 20;

/// A host's bytes: live, recorded, or live while recording. Cheap to clone.
#[derive(Clone)]
pub struct Sysroot(Arc<Inner>);

struct Inner {
    top: OwnedFd,
    kind: Kind,
}

enum Kind {
    Live,
    Recording(Recorder),
    Recorded {
        errors: BTreeMap<PathBuf, i32>,
        stats: BTreeMap<PathBuf, Stat>,
    },
}

impl Sysroot {
    /// The system we run on.
    ///
    /// # Errors
    /// `/` cannot be opened.
    pub fn live() -> io::Result<Sysroot> {
        Sysroot::new(Path::new("/"), Kind::Live)
    }

    /// A recorded tree. Links in it are read, never followed.
    ///
    /// # Errors
    /// `dir` cannot be opened, or its `errors` or `stats` is not in the form we write.
    pub fn at(dir: &Path) -> io::Result<Sysroot> {
        let errors = record::read_errors(dir)?;
        let stats = record::read_stats(dir)?;
        Sysroot::new(dir, Kind::Recorded { errors, stats })
    }

    /// The system we run on, every byte also written under `dir`, which must be empty or absent.
    ///
    /// # Errors
    /// `dir` cannot be made, or has something in it already.
    pub fn recording(dir: &Path) -> io::Result<Sysroot> {
        Sysroot::new(Path::new("/"), Kind::Recording(Recorder::new(dir)?))
    }

    fn new(top: &Path, kind: Kind) -> io::Result<Sysroot> {
        let top = sys::open_top(top)?;
        Ok(Sysroot(Arc::new(Inner { top, kind })))
    }

    /// Whether this is the system we run on (recording or not).
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.0.kind, Kind::Recorded { .. })
    }

    /// Writes out what a recording still holds back.
    ///
    /// # Errors
    /// The first write that failed since the recording began: the recording is incomplete.
    pub fn finish(&self) -> io::Result<()> {
        match &self.0.kind {
            Kind::Recording(recorder) => recorder.finish(),
            Kind::Live | Kind::Recorded { .. } => Ok(()),
        }
    }

    /// Opens a directory and holds it: what is read through it belongs to the same process
    /// even if its number is used again.
    ///
    /// # Errors
    /// As `openat(2)`; from a recorded tree the error the live system gave.
    pub fn dir(&self, path: impl AsRef<Path>) -> io::Result<Dir> {
        let path = path.as_ref();
        let inside = inside(path);
        let fd = self.note(
            path,
            sys::open_dir(self.0.top.as_fd(), inside, self.confined()),
        )?;
        Ok(Dir::new(self.clone(), fd, path.to_owned()))
    }

    /// Reads a whole file, at most [`READ_MAX`] bytes.
    ///
    /// # Errors
    /// As `open(2)` and `read(2)`; `FileTooLarge` beyond the bound.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut fits = true;
        self.stream(path, &mut |chunk| {
            fits = fits && bytes.len() + chunk.len() <= READ_MAX;
            if fits {
                bytes.extend_from_slice(chunk);
            }
        })?;
        if fits {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::FileTooLarge.into())
        }
    }

    /// Reads a file in chunks as they come, for tables too long to hold.
    ///
    /// # Errors
    /// As `open(2)` and `read(2)`. Chunks before the error were given.
    pub fn stream(&self, path: impl AsRef<Path>, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let path = path.as_ref();
        let result = sys::open_file(self.0.top.as_fd(), inside(path), self.confined())
            .and_then(|fd| self.pour(path, &fd, sink));
        self.note(path, result)
    }

    /// What a symbolic link says, not followed.
    ///
    /// # Errors
    /// As `readlink(2)`.
    pub fn link(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let path = path.as_ref();
        let mut target = Vec::new();
        let result = self.link_into(inside(path), &mut target);
        self.note(path, result)?;
        self.record(|recorder| recorder.link(path, &target));
        Ok(target)
    }

    /// What a file is, links followed on a live system.
    ///
    /// # Errors
    /// As `statx(2)`.
    pub fn stat(&self, path: impl AsRef<Path>) -> io::Result<Stat> {
        let path = path.as_ref();
        self.stat_at(path, || {
            sys::stat(self.0.top.as_fd(), inside(path).as_os_str().as_bytes())
        })
    }

    /// Asks what is no file: `ask` makes the system calls and hands on the raw answer in
    /// pieces, `sink` gets them. A recorded tree gives `answers/NAME` instead, in one piece.
    ///
    /// # Errors
    /// Those of `ask`; from a recorded tree `NotFound` where it was never asked.
    pub fn answer(
        &self,
        name: &str,
        ask: impl FnOnce(&mut dyn FnMut(&[u8])) -> io::Result<()>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        let path = Path::new("/answers").join(name);
        match &self.0.kind {
            Kind::Live => ask(sink),
            Kind::Recorded { .. } => {
                sink(&self.read(&path)?);
                Ok(())
            }
            Kind::Recording(recorder) => {
                let mut kept = Vec::new();
                let result = ask(&mut |chunk| {
                    kept.extend_from_slice(chunk);
                    sink(chunk);
                });
                recorder.file(&path, &kept);
                self.note(&path, result)
            }
        }
    }

    fn link_into(&self, path: &Path, target: &mut Vec<u8>) -> io::Result<()> {
        let top = self.0.top.as_fd();
        match (self.confined(), path.parent(), path.file_name()) {
            // The directories on the way must not be links out of a recorded tree.
            (true, Some(parent), Some(name)) if !parent.as_os_str().is_empty() => {
                let parent = sys::open_dir(top, parent, true)?;
                sys::link(parent.as_fd(), name.as_bytes(), target)
            }
            _ => sys::link(top, path.as_os_str().as_bytes(), target),
        }
    }

    fn stat_at(&self, path: &Path, ask: impl FnOnce() -> io::Result<Stat>) -> io::Result<Stat> {
        match &self.0.kind {
            Kind::Live => ask(),
            Kind::Recording(recorder) => {
                let stat = self.note(path, ask())?;
                recorder.stat(path, &stat);
                Ok(stat)
            }
            Kind::Recorded { errors, stats } => match (stats.get(path), errors.get(path)) {
                (Some(stat), _) => Ok(*stat),
                (None, Some(errno)) => Err(io::Error::from_raw_os_error(*errno)),
                (None, None) => Err(io::ErrorKind::NotFound.into()),
            },
        }
    }

    /// Copies an open file to `sink`, and to the recording.
    fn pour(&self, path: &Path, fd: &OwnedFd, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut buffer = [0u8; 64 << 10];
        let mut kept = Vec::new();
        let keep = matches!(self.0.kind, Kind::Recording(_));
        let result = loop {
            match sys::read(fd.as_fd(), &mut buffer) {
                Ok([]) => break Ok(()),
                Ok(chunk) => {
                    if keep {
                        kept.extend_from_slice(chunk);
                    }
                    sink(chunk);
                }
                Err(error) => break Err(error),
            }
        };
        self.record(|recorder| recorder.file(path, &kept));
        result
    }

    /// Writes a failure into the recording, or gives the one that was recorded.
    fn note<T>(&self, path: &Path, result: io::Result<T>) -> io::Result<T> {
        let Err(error) = result else { return result };
        match &self.0.kind {
            Kind::Live => {}
            Kind::Recording(recorder) => recorder.error(path, &error),
            Kind::Recorded { errors, .. } => {
                if let Some(errno) = errors.get(path) {
                    return Err(io::Error::from_raw_os_error(*errno));
                }
            }
        }
        Err(error)
    }

    fn record(&self, write: impl FnOnce(&Recorder)) {
        if let Kind::Recording(recorder) = &self.0.kind {
            write(recorder);
        }
    }

    /// Live and not recording: nothing to do beside the call itself.
    fn is_plain(&self) -> bool {
        matches!(self.0.kind, Kind::Live)
    }

    /// Whether look-ups must stay below the top: a recorded tree is somebody else's.
    fn confined(&self) -> bool {
        !self.is_live()
    }
}

/// The path below the top.
fn inside(path: &Path) -> &Path {
    let below = path.strip_prefix("/").unwrap_or(path);
    if below.as_os_str().is_empty() {
        Path::new(OsStr::new("."))
    } else {
        below
    }
}
