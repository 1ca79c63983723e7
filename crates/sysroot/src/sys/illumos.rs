//! Solaris and illumos: directory records without a type, `fstatat`, no procfs of our own.
//!
//! A program for these systems is linked with `sunrt`, which has the one call nix lacks.

use super::LINK_MAX;
use crate::{Entry, Stat};
use nix::fcntl::{self, AtFlags, OFlag};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// There is no `O_PATH`.
pub(super) const WALKED: OFlag = OFlag::O_RDONLY;

/// A procfs that is attached nowhere cannot be made.
pub(crate) fn procfs() -> io::Result<OwnedFd> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Types of file systems have no numbers.
pub(crate) fn magic(_: BorrowedFd<'_>, _: &Path) -> io::Result<u64> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// The call that would tell is not among those a program here is linked with.
pub(crate) fn read_only(_: BorrowedFd<'_>) -> io::Result<Option<bool>> {
    Ok(None)
}

/// Nothing tells of mounts on the way.
pub(crate) fn crosses(_: BorrowedFd<'_>, _: &Path) -> io::Result<Option<bool>> {
    Ok(None)
}

/// Fills the buffer with raw directory records; 0 is the end.
pub(crate) fn entries(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    sunrt::kernel::entries(fd.as_raw_fd(), buffer).map_err(io::Error::from_raw_os_error)
}

/// Cuts directory records. The type is not told. Stops at a record that does not fit.
pub(crate) fn split_entries(records: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let entries = sunrt::records::records(records);
    let entries = entries.filter(|entry| entry.name != b"." && entry.name != b"..");
    entries.map(|entry| Entry {
        name: entry.name,
        inode: entry.inode,
        is_dir: false,
    })
}

/// What a link says, into `target`.
pub(crate) fn link(at: BorrowedFd<'_>, name: &[u8], target: &mut Vec<u8>) -> io::Result<()> {
    let said = fcntl::readlinkat(at, OsStr::from_bytes(name))?;
    target.clear();
    if said.len() > LINK_MAX {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    target.extend_from_slice(said.as_bytes());
    Ok(())
}

/// What a file is. Device numbers have the major number in their upper half already.
pub(crate) fn stat(at: BorrowedFd<'_>, name: &[u8]) -> io::Result<Stat> {
    let stat = nix::sys::stat::fstatat(at, OsStr::from_bytes(name), AtFlags::empty())?;
    Ok(Stat {
        device: stat.st_dev,
        inode: stat.st_ino,
        mode: stat.st_mode,
        links: stat.st_nlink.into(),
        rdev: stat.st_rdev,
        size: stat.st_size.try_into().unwrap_or(0),
        uid: stat.st_uid,
        mount: 0,
    })
}

/// Questions that may not be answered, asked by a thread that is left behind. Waiting for NFS
/// can be interrupted here, so nothing keeps a process that ends.
pub(crate) mod apart {
    use crate::Stat;
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::sync::mpsc;
    use std::time::Duration;

    /// The stack of a thread that asks; said, so that no variable of the environment says it.
    const STACK: usize = 2 << 20;

    /// As `sys::link`, asked apart.
    pub(crate) fn link(
        at: BorrowedFd<'_>,
        name: &[u8],
        target: &mut Vec<u8>,
        patience: Duration,
    ) -> io::Result<()> {
        let name = name.to_owned();
        *target = ask(at, patience, move |at| {
            let mut target = Vec::new();
            super::link(at.as_fd(), &name, &mut target)?;
            Ok(target)
        })?;
        Ok(())
    }

    /// As `sys::stat`, asked apart.
    pub(crate) fn stat(at: BorrowedFd<'_>, name: &[u8], patience: Duration) -> io::Result<Stat> {
        let name = name.to_owned();
        ask(at, patience, move |at| super::stat(at.as_fd(), &name))
    }

    fn ask<T: Send + 'static>(
        at: BorrowedFd<'_>,
        patience: Duration,
        question: impl FnOnce(OwnedFd) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let at = at.try_clone_to_owned()?;
        let (answer, wait) = mpsc::channel();
        let thread = std::thread::Builder::new().stack_size(STACK);
        thread.spawn(move || {
            // Nobody listens any more when this comes too late.
            let _ = answer.send(question(at));
        })?;
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "did not answer in time");
        wait.recv_timeout(patience).map_err(late)?
    }
}
