//! Files named on the command line, looked up before the walk.

use crate::options::Options;
use crate::query::{Query, What};
use cli::Error;
use model::{Foreign, Mount};
use select::Place;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sysroot::{Stat, Sysroot};

/// Adds the files, directories and mount points of a command line to the query.
///
/// # Errors
/// The first that cannot be looked up.
pub(crate) fn add(root: &Sysroot, options: &Options, query: &mut Query) -> Result<(), Error> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    if options.dir.is_empty() && options.tree.is_empty() && options.files.is_empty() && !options.nfs
    {
        return Ok(());
    }
    let (mounts, _) = host::mounts(root);
    // Where nothing tells, anything may hang.
    let far = |path: &Path| {
        mounts.is_empty() || model::mount::path_may_hang(&mounts, path.as_os_str().as_bytes())
    };
    for (dirs, deep) in [(&options.dir, false), (&options.tree, true)] {
        for dir in dirs {
            let found = cli::file_name(dir).and_then(|dir| root.named(&here.join(dir), &far));
            let (path, _) = found.map_err(|why| status(dir, why))?;
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
        let nfs = mounts.iter().filter(|mount| mount.is_nfs());
        let devices = nfs.map(|mount| mount.device).collect();
        query.push(What::Nfs(devices), "NFS files", "");
    }
    for file in &options.files {
        let found = cli::file_name(file).and_then(|file| root.named(&here.join(file), &far));
        let (path, stat) = found.map_err(|why| status(file, why))?;
        one(options, &mounts, file, (&path, &stat), query)?;
    }
    Ok(())
}

fn one(
    options: &Options,
    mounts: &[Mount],
    file: &OsString,
    (path, stat): (&Path, &Stat),
    query: &mut Query,
) -> Result<(), Error> {
    const SOCKET: u32 = 0o140_000;
    const CHARACTER: u32 = 0o020_000;
    const BLOCK: u32 = 0o060_000;
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

fn status(file: &OsString, why: io::Error) -> Error {
    Error::io(format!("status error on {}", file.display()), why)
}
