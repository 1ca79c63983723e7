//! The recorded tree the program sees as its host, and the paths that stay the machine's.

use super::convert::Stat;
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A recorded tree: files, and what `errors` and `stats` add.
#[derive(Default)]
pub(crate) struct Tree {
    root: Option<PathBuf>,
    errors: BTreeMap<PathBuf, i32>,
    stats: BTreeMap<PathBuf, Stat>,
}

/// Where a path leads.
pub(crate) enum Place {
    /// To a file we may open here.
    Here(PathBuf),
    /// To something we make up.
    Made(Made),
    /// Nowhere, with this error number.
    Nowhere(i32),
}

/// What exists without a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// `/proc/self`, a directory.
    SelfDirectory,
    /// A directory of which `stats` or `errors` know what is in it.
    Implied,
    /// `/proc/self/psinfo`.
    SelfPsinfo,
    /// `/dev/arp`.
    Arp,
    /// `/dev/kstat`.
    Kstat,
}

const ENOENT: i32 = 2;

impl Tree {
    /// A tree of this directory, or none.
    pub(crate) fn new(root: Option<PathBuf>) -> io::Result<Tree> {
        let Some(root) = root else {
            return Ok(Tree::default());
        };
        let root = root.canonicalize()?;
        let errors = table(&root.join("errors"), |text| text.parse().ok())?;
        let stats = table(&root.join("stats"), Stat::from_line)?;
        let root = Some(root);
        Ok(Tree {
            root,
            errors,
            stats,
        })
    }

    /// Where an absolute path of the program leads.
    pub(crate) fn place(&self, path: &Path) -> Place {
        match path.to_str() {
            Some("/proc/self/psinfo") if self.lie() == b"absent" => return Place::Nowhere(ENOENT),
            Some("/proc/self") => return Place::Made(Made::SelfDirectory),
            Some("/proc/self/psinfo") => return Place::Made(Made::SelfPsinfo),
            Some("/dev/arp") if self.has("answers/mib2") => return Place::Made(Made::Arp),
            Some("/dev/kstat") if self.has("answers/kstat-chain") => {
                return Place::Made(Made::Kstat);
            }
            _ => {}
        }
        if let Some(errno) = self.errors.get(path) {
            return Place::Nowhere(*errno);
        }
        let below = path.strip_prefix("/").unwrap_or(path);
        if let Some(root) = &self.root {
            let here = root.join(below);
            if here.symlink_metadata().is_ok() {
                return Place::Here(here);
            }
        }
        if self.known_below(path).next().is_some() {
            return Place::Made(Made::Implied);
        }
        let host_only = below.starts_with("proc") || below.starts_with("dev/arp");
        if host_only || below.starts_with("dev/kstat") {
            return Place::Nowhere(ENOENT);
        }
        Place::Here(path.to_owned())
    }

    fn has(&self, name: &str) -> bool {
        self.root
            .as_ref()
            .is_some_and(|root| root.join(name).exists())
    }

    /// What the tree says a path is, beyond its own file.
    pub(crate) fn stat(&self, path: &Path) -> Option<Stat> {
        self.stats.get(path).copied()
    }

    /// Names in a directory: files, and what `stats` and `errors` know of it.
    pub(crate) fn names(&self, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};
        let mut names = Vec::new();
        match self.place(path) {
            Place::Made(Made::SelfDirectory) if self.lie() == b"unlisted" => {}
            Place::Made(Made::SelfDirectory) => names.push(b"psinfo".to_vec()),
            Place::Made(_) | Place::Nowhere(_) => {}
            Place::Here(here) =>
            {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "this is the kernel's side of the door"
                )]
                for entry in std::fs::read_dir(here)? {
                    names.push(entry?.file_name().into_vec());
                }
            }
        }
        names.extend(
            self.known_below(path)
                .map(|name| name.as_bytes().to_owned()),
        );
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Names in a directory that `stats` and `errors` know.
    fn known_below<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a std::ffi::OsStr> {
        self.stats
            .keys()
            .chain(self.errors.keys())
            .filter(move |known| known.parent() == Some(path))
            .filter_map(|known| known.file_name())
    }

    /// What a tree's `answers/self-lies` names: one thing in which the kernel answers about the
    /// program itself as none of ours would.
    pub(crate) fn lie(&self) -> Vec<u8> {
        self.answer("self-lies").unwrap_or_default()
    }

    /// A recorded answer.
    pub(crate) fn answer(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.root.as_ref()?.join("answers").join(name);
        read(&path).ok()
    }
}

/// Reads a file of the tree.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the kernel's side of the door"
    )]
    std::fs::read(path)
}

/// A path without `.` and `..`, from a directory on.
pub(crate) fn absolute(from: &Path, path: &Path) -> PathBuf {
    let mut whole = from.to_owned();
    for part in path.components() {
        match part {
            Component::RootDir | Component::Prefix(_) => whole = PathBuf::from("/"),
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            Component::Normal(name) => whole.push(name),
        }
    }
    whole
}

/// A table of a recorded tree: value, tab, path, a line each.
fn table<T>(path: &Path, parse: impl Fn(&str) -> Option<T>) -> io::Result<BTreeMap<PathBuf, T>> {
    let text = match read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let bad = || io::Error::other(format!("{}: bad line", path.display()));
    let text = std::str::from_utf8(&text).map_err(|_| bad())?;
    text.lines()
        .map(|line| {
            let (value, path) = line.split_once('\t').ok_or_else(bad)?;
            Ok((PathBuf::from(path), parse(value).ok_or_else(bad)?))
        })
        .collect()
}
