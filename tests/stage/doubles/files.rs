//! Open files of every kind that has a name.

use super::Double;
use crate::sys::Mapping;
use e2e::Hold;
use nix::fcntl::{Flock, FlockArg, OFlag, open};
use nix::sys::stat::Mode;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

const TEXT: &[u8] = b"forty-two bytes that stand in for contents";

/// Makes one kind; whether it is one of ours.
pub(super) fn make(kind: &str, path: &str, double: &mut Double) -> io::Result<bool> {
    let fd: OwnedFd = match kind {
        "read" => written(path).and_then(|_| super::open(path))?.into(),
        "write" => written(path)?.into(),
        "update" => updated(path)?.into(),
        "append" => File::options().append(true).create(true).open(path)?.into(),
        "deleted" => deleted(path)?,
        "directory" => {
            fs::create_dir_all(path)?;
            super::open(path)?.into()
        }
        "device" => super::open(path)?.into(),
        "fifo" => fifo(path)?,
        "path" => open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?,
        "link" => {
            std::os::unix::fs::symlink("/nowhere", path)?;
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            open(path, flags, Mode::empty())?
        }
        "locked" => locked(path, FlockArg::LockExclusiveNonblock)?,
        "shared" => locked(path, FlockArg::LockSharedNonblock)?,
        "mapped" | "unmapped" => return mapped(kind, path, double),
        "cwd" => {
            fs::create_dir_all(path)?;
            nix::unistd::chdir(path)?;
            return Ok(true);
        }
        "root" => {
            fs::create_dir_all(path)?;
            nix::unistd::chroot(path)?;
            return Ok(true);
        }
        _ => return Ok(false),
    };
    double.file(kind, fd)?.path = Some(path.into());
    Ok(true)
}

fn written(path: &str) -> io::Result<File> {
    let mut file = File::create(path)?;
    file.write_all(TEXT)?;
    Ok(file)
}

fn updated(path: &str) -> io::Result<File> {
    drop(written(path)?);
    let mut file = File::options().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(7))?;
    Ok(file)
}

fn deleted(path: &str) -> io::Result<OwnedFd> {
    let file = written(path)?;
    fs::remove_file(path)?;
    Ok(file.into())
}

fn fifo(path: &str) -> io::Result<OwnedFd> {
    nix::unistd::mkfifo(Path::new(path), Mode::from_bits_truncate(0o600))?;
    // Both ways, so that opening waits for nobody.
    Ok(open(path, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?)
}

fn locked(path: &str, how: FlockArg) -> io::Result<OwnedFd> {
    let lock = Flock::lock(written(path)?, how).map_err(|(_, error)| error)?;
    // The lock goes with the descriptor, which is kept; the guard is not.
    let fd = lock.as_fd().try_clone_to_owned()?;
    std::mem::forget(lock);
    Ok(fd)
}

/// A file mapped and closed; `unmapped` is also removed.
fn mapped(kind: &str, path: &str, double: &mut Double) -> io::Result<bool> {
    drop(written(path)?);
    let file = super::open(path)?;
    Mapping::new(Some(file.as_fd()), 4096, 0, false, false)?;
    double.holds.push(Hold {
        role: kind.to_owned(),
        pid: std::process::id(),
        inode: crate::sys::inode(&file)?,
        path: Some(path.into()),
        ..Hold::default()
    });
    if kind == "unmapped" {
        fs::remove_file(path)?;
    }
    Ok(true)
}
