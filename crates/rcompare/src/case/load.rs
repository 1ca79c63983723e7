//! Reads a case back and holds every file against its sum. A case is somebody else's bytes:
//! nothing in it is believed before that, and nothing is read without bound.

use super::seal::{SUMS, verify};
use super::{CASE, Case, FACTS, LAYOUT, kept};
use crate::archive::{self, ALL_MAX, FILE_MAX, FILES_MAX, is_plain};
use cli::Error;
use compare::Facts;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use sysroot::Sysroot;

/// Directories of a case that may lie in one another.
const DEPTH_MAX: usize = 8;

/// Room for one piece of a directory listing.
const LISTING: usize = 32 << 10;

/// A case whose sums fit.
pub(crate) struct Loaded {
    /// Who looked.
    pub(crate) facts: Facts,
    /// What was asked.
    pub(crate) case: Case,
    /// Every file by its name.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// Reads a case, from a directory or a tar file, and verifies it.
///
/// # Errors
/// One line that names the file that is missing, damaged or not understood.
pub(crate) fn load(path: &Path) -> Result<Loaded, Error> {
    let what = path.display().to_string();
    let files = match read(path) {
        Ok(files) => files,
        Err(why) => return Err(Error::io(what, why)),
    };
    verify(&files).map_err(|(name, why)| bad(&what, &name, &why))?;
    let case: Case = json(&files, CASE).map_err(|why| bad(&what, CASE, &why))?;
    if case.layout != LAYOUT {
        return Err(bad(&what, CASE, "a layout this version does not know"));
    }
    let facts = json(&files, FACTS).map_err(|why| bad(&what, FACTS, &why))?;
    Ok(Loaded { facts, case, files })
}

fn bad(case: &str, file: &str, why: &str) -> Error {
    Error::io(
        format!("{case}: {file}"),
        io::Error::new(io::ErrorKind::InvalidData, why.to_owned()),
    )
}

fn json<T: DeserializeOwned>(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<T, String> {
    kept::read(files.get(name).ok_or("it is missing")?)
}

fn read(path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    // A recorded tree confines every read to the case, whatever links it may hold.
    match Sysroot::at(path) {
        Ok(root) => read_dir(&root),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            archive::case(&host_file(path, ALL_MAX)?).map_err(plainly)
        }
        Err(error) => Err(error),
    }
}

/// The words of an error about an archive may quote it: only their kind is told.
fn plainly(error: io::Error) -> io::Error {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the archive is cut short",
        io::ErrorKind::FileTooLarge => "a file in it is larger than is read",
        _ => "it is neither a directory nor a tar file with nothing but files of a case",
    };
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A file of the machine we are on, at most so many bytes of it.
///
/// # Errors
/// As `open(2)` and `read(2)`; `FileTooLarge` beyond the bound.
pub(crate) fn host_file(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let path = std::path::absolute(path)?;
    whole(&Sysroot::live()?, &path, max)
}

pub(crate) fn whole(root: &Sysroot, path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut fits = true;
    root.stream(path, &mut |chunk| {
        fits = fits && bytes.len() + chunk.len() <= max;
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

/// The files a directory's sums name, and the names of all others, without their bytes: that
/// they are there is fault enough.
fn read_dir(root: &Sysroot) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let sums = match root.read(Path::new("/").join(SUMS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        read => read?,
    };
    let text = std::str::from_utf8(&sums).unwrap_or_default().to_owned();
    files.insert(SUMS.to_owned(), sums);
    let mut left = ALL_MAX;
    for line in text.lines().take(FILES_MAX) {
        let name = line.split_once("  ").map_or("", |(_, name)| name);
        if !is_plain(name) {
            continue;
        }
        match whole(root, &Path::new("/").join(name), left.min(FILE_MAX)) {
            Ok(bytes) => {
                left -= bytes.len();
                files.insert(name.to_owned(), bytes);
            }
            // What is missing is named when the sums are gone through.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    for name in names(root)? {
        files.entry(name).or_default();
    }
    Ok(files)
}

/// Everything below a directory that is none itself, made printable where it is no text.
fn names(root: &Sysroot) -> io::Result<Vec<String>> {
    let mut all = Vec::new();
    let mut next = vec![String::new()];
    while let Some(directory) = next.pop() {
        let mut inside = Vec::new();
        let held = root.dir(format!("/{directory}"))?;
        held.entries(&mut vec![0; LISTING], &mut |entry| {
            if inside.len() <= FILES_MAX {
                inside.push(render::safe::escaped(entry.name));
            }
        })?;
        for name in inside {
            let name = match directory.as_str() {
                "" => name,
                directory => format!("{directory}/{name}"),
            };
            let deep = name.split('/').count() > DEPTH_MAX;
            if all.len() + next.len() > FILES_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            if !deep && root.dir(format!("/{name}")).is_ok() {
                next.push(name);
            } else {
                all.push(name);
            }
        }
    }
    Ok(all)
}
