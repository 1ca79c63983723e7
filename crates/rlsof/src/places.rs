//! Files named on the command line, looked up before the walk.

use crate::options::Options;
use crate::query::{Query, What};
use cli::Error;
use model::Foreign;
use select::Place;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use sysroot::{Stat, Sysroot};

/// How many links one path may lead through, as in the kernel.
const LINKS_MAX: usize = 40;

/// Adds the files, directories and mount points of a command line to the query.
///
/// # Errors
/// The first that cannot be looked up.
pub(crate) fn add(root: &Sysroot, options: &Options, query: &mut Query) -> Result<(), Error> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    for (dirs, deep) in [(&options.dir, false), (&options.tree, true)] {
        for dir in dirs {
            let (path, _) = found(root, here.join(dir)).map_err(|why| status(dir, why))?;
            let bytes = path.as_os_str().as_bytes();
            let dir_bytes = bytes.strip_suffix(b"/").unwrap_or(bytes);
            let place = Place::Below {
                dir: Foreign::from(dir_bytes),
                deep,
            };
            query.push(What::Place(place), "directory", &dir.display().to_string());
        }
    }
    if options.nfs {
        let (mounts, _) = host::mounts(root);
        let far = mounts.iter().filter(|mount| mount.is_nfs());
        let devices = far.map(|mount| mount.device).collect();
        query.push(What::Nfs(devices), "NFS files", "");
    }
    for file in &options.files {
        one(root, options, &here, file, query)?;
    }
    Ok(())
}

fn one(
    root: &Sysroot,
    options: &Options,
    here: &Path,
    file: &OsString,
    query: &mut Query,
) -> Result<(), Error> {
    const SOCKET: u32 = 0o140_000;
    const CHARACTER: u32 = 0o020_000;
    const BLOCK: u32 = 0o060_000;
    let (path, stat) = found(root, here.join(file)).map_err(|why| status(file, why))?;
    let (mounts, _) = host::mounts(root);
    let bytes = path.as_os_str().as_bytes();
    let as_file = options.as_files.iter().any(String::is_empty);
    let as_mount = options.as_mounts.iter().any(String::is_empty);
    let mounted = mounts.iter().rev().find(|mount| mount.point == bytes);
    let device = mounts
        .iter()
        .find(|mount| mount.source == bytes && stat.mode & 0o170_000 == BLOCK);
    let typed = file.display().to_string();
    let mut push = |place: Place| query.push(What::Place(place), "file use", &typed);
    match (mounted.or(device), stat.mode & 0o170_000) {
        (Some(mount), _) if !as_file => push(Place::Mount {
            device: mount.device,
        }),
        (None, _) if as_mount => {
            let why = io::Error::new(io::ErrorKind::InvalidInput, "nothing is mounted there");
            return Err(status(file, why));
        }
        (_, SOCKET) => push(Place::Socket {
            path: Foreign::from(bytes),
        }),
        (_, CHARACTER | BLOCK) => push(Place::Device { rdev: stat.rdev }),
        _ => push(Place::File {
            device: stat.device,
            inode: stat.inode,
        }),
    }
    Ok(())
}

/// Where a path leads, and what is there.
fn found(root: &Sysroot, path: PathBuf) -> io::Result<(PathBuf, Stat)> {
    root.in_time(move |root| {
        let path = resolve(root, &path)?;
        let stat = root.stat(&path)?;
        Ok((path, stat))
    })
}

fn status(file: &OsString, why: io::Error) -> Error {
    Error::io(format!("status error on {}", file.display()), why)
}

/// Follows the links of an absolute path and takes `.` and `..` out of it, as the kernel
/// would: the names of open files have none of these.
///
/// # Errors
/// Too many links.
fn resolve(root: &Sysroot, path: &Path) -> io::Result<PathBuf> {
    let mut todo: Vec<OsString> = parts(path);
    let mut done = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = todo.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        let next = done.join(&part);
        match root.link(&next) {
            Ok(target) => {
                links += 1;
                if links > LINKS_MAX {
                    return Err(io::Error::from_raw_os_error(40));
                }
                let target = Path::new(std::ffi::OsStr::from_bytes(&target));
                if target.is_absolute() {
                    done = PathBuf::from("/");
                }
                todo.extend(parts(target));
            }
            // No link, or not there at all, which asking about it will tell.
            Err(_) => done = next,
        }
    }
    Ok(done)
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
