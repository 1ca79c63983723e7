//! The one door for bytes about a host.
//!
//! The live system is the root with prefix `/`. A recorded tree is the same code with
//! another prefix. A recording is the live system with a tee: every byte that comes
//! through the door is also written under a directory, and that directory is a recorded
//! tree. Readers above cannot tell which of the three they have.
//!
//! A recorded tree holds `proc/…` laid out like the live one, `answers/NAME` for what was
//! asked by system call, `errors` for reads that failed (`errno TAB path`, a line each) and
//! `stats` for files asked about but not read. What came through a procfs of our own
//! ([`Sysroot::private_procfs`]) stands under `private/proc/…`.
#![deny(unsafe_code)]

mod dir;
mod footing;
mod named;
mod record;
mod stat;
mod sys;
mod tape;

pub use dir::{Dir, Entry};
pub use footing::Footing;
pub use named::PATIENCE;
pub use stat::Stat;

use record::Recorder;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// The most one file may give to [`Sysroot::read`]; what is longer is an error, not a cut.
pub const READ_MAX: usize = 256 << 20;

/// A host's bytes: live, recorded, or live while recording. Cheap to clone.
#[derive(Clone)]
pub struct Sysroot(Arc<Inner>);

struct Inner {
    top: OwnedFd,
    /// What stands for `/proc`, where that is not the one below the top.
    procfs: Option<OwnedFd>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Live,
    Recording(Recorder),
    Recorded(Arc<Recorded>),
}

/// What a recorded tree tells beside its files.
struct Recorded {
    errors: record::Table<i32>,
    stats: record::Table<Stat>,
}

/// Where a recording keeps what came through a procfs of our own.
const PRIVATE: &str = "/private";

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
    /// `dir` cannot be opened, or its `errors` or `stats` is not in the form we write, no plain
    /// file, or too long.
    pub fn at(dir: &Path) -> io::Result<Sysroot> {
        // These two are somebody else's as well: they are read as the rest of the tree is.
        let tree = Sysroot::tree(dir)?;
        let errors = record::errors(tree.table("errors")?)?;
        let stats = record::stats(tree.table("stats")?)?;
        Sysroot::new(dir, Kind::Recorded(Arc::new(Recorded { errors, stats })))
    }

    /// What a table beside the files of a tree says; nothing where it is absent.
    fn table(&self, name: &str) -> io::Result<Vec<u8>> {
        match self.read(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(io::Error::new(error.kind(), format!("{name}: {error}"))),
            read => read,
        }
    }

    /// A directory that is somebody else's and is no recording: links in it are read, never
    /// followed, and what is no plain file is not read.
    ///
    /// # Errors
    /// `dir` cannot be opened.
    pub fn tree(dir: &Path) -> io::Result<Sysroot> {
        let nothing = Recorded {
            errors: record::errors(Vec::new())?,
            stats: record::stats(Vec::new())?,
        };
        Sysroot::new(dir, Kind::Recorded(Arc::new(nothing)))
    }

    /// Whether what the top lies on is mounted read-only; `None` where the system does not
    /// tell us.
    ///
    /// # Errors
    /// As `fstatvfs(3)`.
    pub fn read_only(&self) -> io::Result<Option<bool>> {
        sys::read_only(self.0.top.as_fd())
    }

    /// The system we run on, every byte also written under `dir`, which must be empty or absent.
    ///
    /// # Errors
    /// `dir` cannot be made, or has something in it already.
    pub fn recording(dir: &Path) -> io::Result<Sysroot> {
        Sysroot::new(Path::new("/"), Kind::Recording(Recorder::new(dir)?))
    }

    /// The system we run on, every byte also written to `out` as a tar stream that unpacks to
    /// a recorded tree: nothing need touch a disk. [`Sysroot::finish`] ends it.
    ///
    /// # Errors
    /// `/` cannot be opened.
    pub fn recording_to(out: Box<dyn io::Write + Send>) -> io::Result<Sysroot> {
        Sysroot::new(Path::new("/"), Kind::Recording(Recorder::tape(out)))
    }

    fn new(top: &Path, kind: Kind) -> io::Result<Sysroot> {
        let top = sys::open_top(top)?;
        Ok(Sysroot(Arc::new(Inner {
            top,
            procfs: None,
            kind,
        })))
    }

    /// The same host, but what lies below `/proc` is read through a procfs made for us alone
    /// and attached nowhere, so that nothing mounted over `/proc` or into it can stand in
    /// the way. It shows the pid namespace of the caller, with no `hidepid`. From a recorded
    /// tree: what the recording kept of it.
    ///
    /// # Errors
    /// As `fsopen(2)` and `fsmount(2)`: `EPERM` without `CAP_SYS_ADMIN`, `ENOSYS` before
    /// Linux 5.2; from a recorded tree the error the live system gave.
    pub fn private_procfs(&self) -> io::Result<Sysroot> {
        let opened = match &self.0.kind {
            Kind::Live | Kind::Recording(_) => sys::procfs(),
            Kind::Recorded(_) => sys::open_dir(self.0.top.as_fd(), Path::new("private/proc"), true),
        };
        let procfs = self.note(Path::new(PRIVATE), opened)?;
        Ok(Sysroot(Arc::new(Inner {
            top: self.0.top.try_clone()?,
            procfs: Some(procfs),
            kind: self.0.kind.clone(),
        })))
    }

    /// Whether `/proc` is read through a procfs of our own.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.0.procfs.is_some()
    }

    /// Whether this is the system we run on (recording or not).
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.0.kind, Kind::Recorded(_))
    }

    /// Writes out what a recording still holds back.
    ///
    /// # Errors
    /// The first write that failed since the recording began: the recording is incomplete.
    pub fn finish(&self) -> io::Result<()> {
        match &self.0.kind {
            Kind::Recording(recorder) => recorder.finish(),
            Kind::Live | Kind::Recorded(_) => Ok(()),
        }
    }

    /// Opens a directory and holds it: what is read through it belongs to the same process
    /// even if its number is used again.
    ///
    /// # Errors
    /// As `openat(2)`; from a recorded tree the error the live system gave.
    pub fn dir(&self, path: impl AsRef<Path>) -> io::Result<Dir> {
        let path = path.as_ref();
        let (top, inside) = self.inside(path);
        let fd = self.note(path, sys::open_dir(top, inside, self.confined()))?;
        // An empty directory is an answer too.
        self.record(path, Recorder::directory);
        Ok(Dir::new(self.clone(), fd, path.to_owned()))
    }

    /// Reads a whole file, at most [`READ_MAX`] bytes.
    ///
    /// # Errors
    /// As `open(2)` and `read(2)`; `FileTooLarge` beyond the bound.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream_max(path, READ_MAX, &mut |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    /// Reads a file in chunks as they come, for tables too long to hold.
    ///
    /// # Errors
    /// As `open(2)` and `read(2)`. Chunks before the error were given.
    pub fn stream(&self, path: impl AsRef<Path>, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.stream_max(path, usize::MAX, sink)
    }

    /// As [`Sysroot::stream`], and stops at a file that has more than `max` bytes.
    ///
    /// # Errors
    /// As [`Sysroot::stream`]; `FileTooLarge` beyond the bound.
    pub fn stream_max(
        &self,
        path: impl AsRef<Path>,
        max: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        let path = path.as_ref();
        let (top, inside) = self.inside(path);
        let result = sys::open_file(top, inside, self.confined())
            .and_then(|fd| self.pour(path, &fd, max, sink));
        self.note(path, result)
    }

    /// What a symbolic link says, not followed.
    ///
    /// # Errors
    /// As `readlink(2)`.
    pub fn link(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let path = path.as_ref();
        let mut target = Vec::new();
        let result = self.link_into(path, &mut target);
        self.note(path, result)?;
        self.record(path, |recorder, path| recorder.link(path, &target));
        Ok(target)
    }

    /// What a file is, links followed on a live system.
    ///
    /// # Errors
    /// As `statx(2)`.
    pub fn stat(&self, path: impl AsRef<Path>) -> io::Result<Stat> {
        let path = path.as_ref();
        let (top, inside) = self.inside(path);
        self.stat_at(path, || sys::stat(top, inside.as_os_str().as_bytes()))
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
            Kind::Recorded(_) => {
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
        let (top, path) = self.inside(path);
        if self.confined() {
            return sys::link_inside(top, path, target);
        }
        sys::link(top, path.as_os_str().as_bytes(), target)
    }

    fn stat_at(&self, path: &Path, ask: impl FnOnce() -> io::Result<Stat>) -> io::Result<Stat> {
        match &self.0.kind {
            Kind::Live => ask(),
            Kind::Recording(recorder) => {
                let stat = self.note(path, ask())?;
                recorder.stat(&self.kept_at(path), &stat);
                Ok(stat)
            }
            Kind::Recorded(recorded) => {
                let path: &Path = &self.kept_at(path);
                match (recorded.stats.get(path), recorded.errors.get(path)) {
                    (Some(stat), _) => Ok(stat),
                    (None, Some(errno)) => Err(io::Error::from_raw_os_error(errno)),
                    (None, None) => Err(io::Error::new(
                        io::ErrorKind::NotFound,
                        "not in the recording",
                    )),
                }
            }
        }
    }

    /// Copies an open file to `sink`, and to the recording. The kernel gives a table of
    /// `/proc` a page at a time, however much is asked for: several make a piece. Most files
    /// are much shorter than that, and are read by every worker: their room is a small one.
    fn pour(
        &self,
        path: &Path,
        fd: &OwnedFd,
        max: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        const PIECE: usize = 32 << 10;
        const PAGE: usize = 4 << 10;
        let mut buffer = vec![0; PAGE];
        let mut left = max;
        let mut kept = Vec::new();
        let keep = matches!(self.0.kind, Kind::Recording(_));
        let mut filled = 0;
        let result = loop {
            if filled > PAGE / 2 {
                buffer.resize(2 * PIECE, 0);
            }
            let room = buffer.get_mut(filled..).unwrap_or_default();
            let read = match sys::read(fd.as_fd(), room).map(|chunk| chunk.len()) {
                Ok(length) if length > left => Err(io::ErrorKind::FileTooLarge.into()),
                read => read,
            };
            let length = *read.as_ref().unwrap_or(&0);
            filled += length;
            left -= length;
            if filled > PIECE || length == 0 {
                let piece = buffer.get(..filled).unwrap_or_default();
                if keep {
                    kept.extend_from_slice(piece);
                }
                if !piece.is_empty() {
                    sink(piece);
                }
                filled = 0;
            }
            match read {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        self.record(path, |recorder, path| recorder.file(path, &kept));
        result
    }

    /// Writes a failure into the recording, or gives the one that was recorded.
    fn note<T>(&self, path: &Path, result: io::Result<T>) -> io::Result<T> {
        let Err(error) = result else { return result };
        match &self.0.kind {
            Kind::Live => {}
            Kind::Recording(recorder) => recorder.error(&self.kept_at(path), &error),
            Kind::Recorded(recorded) => {
                if let Some(errno) = recorded.errors.get(&self.kept_at(path)) {
                    return Err(io::Error::from_raw_os_error(errno));
                }
            }
        }
        Err(error)
    }

    /// The same for a place below a held directory. There the live system lacks what belongs to
    /// a task that ended: a place that only a recorded tree lacks is told apart from it.
    fn note_held<T>(&self, path: &Path, result: io::Result<T>) -> io::Result<T> {
        let told = match &self.0.kind {
            Kind::Recorded(recorded) => recorded.errors.get(&self.kept_at(path)).is_some(),
            Kind::Live | Kind::Recording(_) => true,
        };
        match result {
            Err(error) if !told && error.kind() == io::ErrorKind::NotFound => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "not in the recording",
            )),
            other => self.note(path, other),
        }
    }

    /// Gives the names in a directory of a recorded tree of which only a failure was recorded:
    /// the live listing had them too.
    fn failed_in(&self, dir: &Path, each: &mut dyn FnMut(Entry<'_>)) {
        let Kind::Recorded(recorded) = &self.0.kind else {
            return;
        };
        let dir: &Path = &self.kept_at(dir);
        let errors = recorded.errors.from(dir);
        let inside = errors.take_while(|path| path.starts_with(dir));
        for path in inside.filter(|path| path.parent() == Some(dir)) {
            let absent = sys::open_file(self.0.top.as_fd(), below(path), true).is_err();
            if let (true, Some(name)) = (absent, path.file_name()) {
                let name = name.as_bytes();
                each(Entry {
                    name,
                    inode: 0,
                    is_dir: false,
                });
            }
        }
    }

    /// Hands the recorder to `write`, with the path the recording has for `path`.
    fn record(&self, path: &Path, write: impl FnOnce(&Recorder, &Path)) {
        if let Kind::Recording(recorder) = &self.0.kind {
            write(recorder, &self.kept_at(path));
        }
    }

    /// The path under which a recording keeps what is read at `path`.
    fn kept_at<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        if self.is_private() && path.starts_with("/proc") {
            Cow::Owned(Path::new(PRIVATE).join(below(path)))
        } else {
            Cow::Borrowed(path)
        }
    }

    /// The directory a path is looked up from, and the path below it.
    fn inside<'p>(&self, path: &'p Path) -> (BorrowedFd<'_>, &'p Path) {
        match (&self.0.procfs, path.strip_prefix("/proc")) {
            (Some(procfs), Ok(path)) => (procfs.as_fd(), below(path)),
            _ => (self.0.top.as_fd(), below(path)),
        }
    }

    /// Live and not recording: nothing to do beside the call itself. Otherwise an answer for
    /// one place must not stand for another: which comes first is not the same in a replay.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.0.kind, Kind::Live)
    }

    /// Whether look-ups must stay below the top: a recorded tree is somebody else's.
    fn confined(&self) -> bool {
        !self.is_live()
    }
}

/// The path without its leading slash; `.` where nothing is left.
fn below(path: &Path) -> &Path {
    let below = path.strip_prefix("/").unwrap_or(path);
    if below.as_os_str().is_empty() {
        Path::new(OsStr::new("."))
    } else {
        below
    }
}
