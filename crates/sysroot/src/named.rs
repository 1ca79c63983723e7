//! Files that were named to us: where a path leads, and what is there.

use crate::{Stat, Sysroot, sys};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// How long a file named on a command line may take to tell what it is.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// How many links one path may lead through, as in the kernel.
const LINKS_MAX: usize = 40;

/// Links that say who asks.
const OWN: &[&str] = &["/proc/self", "/proc/thread-self"];

/// Where a path leads, and through what.
#[derive(Default)]
struct Way {
    leads: PathBuf,
    /// Something that may never answer.
    far: bool,
    /// A link of `/proc`, whose text does not say for sure where it leads: another process may
    /// have mounted other things there.
    elsewhere: bool,
    /// What says who asks.
    own: bool,
}

impl Sysroot {
    /// Where an absolute path leads, links followed and `.` and `..` taken out as the kernel
    /// would, and what is there. On a dead server's file system the very name of a file is
    /// asked there: what is `far` is asked by a process of its own, which is left behind
    /// after [`PATIENCE`].
    ///
    /// # Errors
    /// As `statx(2)`; too many links; `TimedOut`.
    pub fn named(&self, path: &Path, far: &dyn Fn(&Path) -> bool) -> io::Result<(PathBuf, Stat)> {
        let way = self.follow(path, far)?;
        let stat = self.stat_at(path, || {
            // What is of this process is not of the one that asks.
            let asked = if way.own { &way.leads } else { path };
            if way.far || (way.elsewhere && !way.own) {
                let (top, inside) = self.inside(asked);
                sys::apart::stat(top, inside.as_os_str().as_bytes(), PATIENCE)
            } else {
                let (top, inside) = self.inside(path);
                sys::stat(top, inside.as_os_str().as_bytes())
            }
        })?;
        Ok((way.leads, stat))
    }

    /// Whether a path lies below `/proc`, whose links lead to things and not to the paths they
    /// tell: those may be of another mount namespace.
    #[must_use]
    pub fn is_magic(path: &Path) -> bool {
        path.starts_with("/proc")
    }

    /// The names of open files have no links, `.` or `..` in them.
    fn follow(&self, path: &Path, far: &dyn Fn(&Path) -> bool) -> io::Result<Way> {
        let mut todo: Vec<OsString> = parts(path);
        let mut way = Way::default();
        let mut done = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = todo.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            let next = done.join(&part);
            // `/proc` answers by itself, and says who asks.
            let is_far = self.is_live() && !next.starts_with("/proc") && far(&next);
            way.far |= is_far;
            match self.says(&next, is_far) {
                Ok(target) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(io::Error::from_raw_os_error(libc::ELOOP));
                    }
                    way.own |= OWN.iter().any(|own| next == Path::new(own));
                    way.elsewhere |= self.is_live() && next.starts_with("/proc");
                    let target = Path::new(OsStr::from_bytes(&target));
                    if target.is_absolute() {
                        done = PathBuf::from("/");
                    }
                    todo.extend(parts(target));
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
                // No link, or not there at all, which asking about it will tell.
                Err(_) => done = next,
            }
        }
        way.leads = done;
        Ok(way)
    }

    /// What a link says, if it is one.
    fn says(&self, path: &Path, apart: bool) -> io::Result<Vec<u8>> {
        if !apart {
            return self.link(path);
        }
        let (top, inside) = self.inside(path);
        let mut target = Vec::new();
        let asked = sys::apart::link(top, inside.as_os_str().as_bytes(), &mut target, PATIENCE);
        self.note(path, asked)?;
        self.record(path, |recorder, path| recorder.link(path, &target));
        Ok(target)
    }
}

/// The names in a path, last first.
fn parts(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}
