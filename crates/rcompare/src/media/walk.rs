//! What lies on a medium, with the sum of each file. Nothing is followed, and nothing is read
//! or listed without bound.

use model::Gap;
use render::safe::escaped;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sysroot::Sysroot;

/// Directories that may lie in one another.
const DEPTH_MAX: usize = 32;

/// Most names on a medium.
const NAMES_MAX: usize = 200_000;

/// Most bytes of one file: more than a medium holds.
const FILE_MAX: usize = 1 << 30;

/// Most bytes that are read of all files.
const ALL_MAX: u64 = 8 << 30;

/// Room for one piece of a directory listing.
const LISTING: usize = 32 << 10;

/// Something on the medium that is no directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// A file and its SHA-256.
    File(String),
    /// A link and what it says.
    Link(Vec<u8>),
    /// What could not be read to its end, and why.
    Unread(String),
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Everything by its name below the top.
    pub(super) things: BTreeMap<Vec<u8>, Thing>,
    /// Why directories could not be looked at, or not to their end.
    pub(super) gaps: Vec<Gap>,
    /// The names of those directories.
    pub(super) unseen: Vec<Vec<u8>>,
    /// Names listed so far.
    pub(super) names: usize,
    /// Bytes read so far.
    pub(super) bytes: u64,
}

/// Walks a medium from its top.
pub(super) fn walk(root: &Sysroot) -> Found {
    let mut found = Found::default();
    let mut next = vec![Vec::new()];
    while let Some(directory) = next.pop() {
        if let Err(error) = look(root, &directory, &mut found, &mut next) {
            let place = format!("/{}", escaped(&directory));
            found.gaps.push(Gap::io(place, &error));
            found.unseen.push(directory);
        }
    }
    found
}

/// Looks at what is in one directory; further directories are noted in `next`.
fn look(
    root: &Sysroot,
    directory: &[u8],
    found: &mut Found,
    next: &mut Vec<Vec<u8>>,
) -> io::Result<()> {
    if directory.split(|byte| *byte == b'/').count() > DEPTH_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut names = Vec::new();
    let held = root.dir(at(directory))?;
    held.entries(&mut vec![0; LISTING], &mut |entry| {
        found.names += 1;
        if found.names <= NAMES_MAX {
            names.push(joined(directory, entry.name));
        }
    })?;
    for name in names {
        match thing(root, &name, &mut found.bytes) {
            Some(thing) => {
                found.things.insert(name, thing);
            }
            None => next.push(name),
        }
    }
    if found.names > NAMES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

/// What a name stands for; none where it is a directory. A listing is not believed in this:
/// that of a CD does not tell it. What is read is added to `bytes`.
fn thing(root: &Sysroot, name: &[u8], bytes: &mut u64) -> Option<Thing> {
    let path = at(name);
    if root.dir(&path).is_ok() {
        return None;
    }
    if let Ok(target) = root.link(&path) {
        return Some(Thing::Link(target));
    }
    let mut sum = Sha256::new();
    let left = ALL_MAX.saturating_sub(*bytes);
    let max = FILE_MAX.min(usize::try_from(left).unwrap_or(usize::MAX));
    let read = root.stream_max(&path, max, &mut |chunk| {
        *bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        sum.update(chunk);
    });
    Some(match read {
        Ok(()) => {
            let digits = sum.finalize();
            Thing::File(digits.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        Err(error) => Thing::Unread(Gap::io("", &error).reason),
    })
}

fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory {
        b"" => name.to_vec(),
        _ => [directory, name].join(&b'/'),
    }
}

fn at(name: &[u8]) -> PathBuf {
    Path::new("/").join(OsStr::from_bytes(name))
}
