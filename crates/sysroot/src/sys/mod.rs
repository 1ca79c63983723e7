//! System calls relative to a held directory: what every system has, and what differs.

#[cfg(not(target_os = "illumos"))]
pub(crate) mod apart;
#[cfg(target_os = "illumos")]
mod illumos;
#[cfg(not(target_os = "illumos"))]
mod linux;

#[cfg(target_os = "illumos")]
pub(crate) use illumos::apart;

#[cfg(target_os = "illumos")]
use illumos as here;
#[cfg(not(target_os = "illumos"))]
use linux as here;

pub(crate) use here::{crosses, entries, link, magic, procfs, read_only, split_entries, stat};

use nix::fcntl::{self, AtFlags, OFlag};
use nix::sys::stat::{self, Mode};
use nix::unistd::{self, Whence};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

/// The longest link that is read.
const LINK_MAX: usize = 64 << 10;

pub(crate) fn open_top(path: &Path) -> io::Result<OwnedFd> {
    Ok(fcntl::open(
        path,
        here::WALKED | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?)
}

pub(crate) fn open_dir(at: BorrowedFd<'_>, path: &Path, confined: bool) -> io::Result<OwnedFd> {
    open(at, path, OFlag::O_RDONLY | OFlag::O_DIRECTORY, confined)
}

pub(crate) fn open_file(at: BorrowedFd<'_>, path: &Path, confined: bool) -> io::Result<OwnedFd> {
    // Without O_NONBLOCK a FIFO put into a recorded tree would stop us for good.
    open(
        at,
        path,
        OFlag::O_RDONLY | OFlag::O_NOCTTY | OFlag::O_NONBLOCK,
        confined,
    )
}

fn open(at: BorrowedFd<'_>, path: &Path, flags: OFlag, confined: bool) -> io::Result<OwnedFd> {
    let flags = flags | OFlag::O_CLOEXEC;
    if !confined {
        return Ok(fcntl::openat(at, path, flags, Mode::empty())?);
    }
    // Step by step and following nothing: `openat2` could do it at once, but only since 5.6.
    let way = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let mut steps = path
        .components()
        .filter(|step| *step != Component::CurDir)
        .peekable();
    let mut held = fcntl::openat(at, c".", way, Mode::empty())?;
    while let Some(step) = steps.next() {
        let Component::Normal(name) = step else {
            return Err(io::Error::from_raw_os_error(libc::EXDEV));
        };
        let flags = if steps.peek().is_some() {
            way
        } else {
            plain(held.as_fd(), name)?;
            flags | OFlag::O_NOFOLLOW
        };
        held = fcntl::openat(&held, name, flags, Mode::empty())?;
    }
    Ok(held)
}

/// A device, a FIFO or a socket in somebody else's tree is not opened: it may have no end.
fn plain(at: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let kind = stat::fstatat(at, name, AtFlags::AT_SYMLINK_NOFOLLOW)?.st_mode & libc::S_IFMT;
    match kind {
        libc::S_IFREG | libc::S_IFDIR | libc::S_IFLNK => Ok(()),
        _ => Err(io::Error::from_raw_os_error(libc::ENXIO)),
    }
}

/// What a link of somebody else's tree says: no directory on the way to it may be a link.
pub(crate) fn link_inside(at: BorrowedFd<'_>, path: &Path, target: &mut Vec<u8>) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        // `.` and `..` are no links.
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    if parent.as_os_str().is_empty() {
        return link(at, name.as_bytes(), target);
    }
    let parent = open_dir(at, parent, true)?;
    link(parent.as_fd(), name.as_bytes(), target)
}

/// Type and permissions of a name itself, as `st_mode`.
pub(crate) fn own_mode(at: BorrowedFd<'_>, name: &[u8]) -> io::Result<u32> {
    let name = OsStr::from_bytes(name);
    Ok(stat::fstatat(at, name, AtFlags::AT_SYMLINK_NOFOLLOW)?.st_mode)
}

/// What a held directory says its size is.
pub(crate) fn size(fd: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(u64::try_from(stat::fstat(fd)?.st_size).unwrap_or(0))
}

/// Reads once; an empty slice is the end.
pub(crate) fn read<'b>(fd: BorrowedFd<'_>, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
    loop {
        match unistd::read(fd.as_fd(), buffer) {
            Ok(length) => return Ok(buffer.get(..length).unwrap_or_default()),
            Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Begins a directory anew, so that one held can be listed twice, or at a position of its own.
pub(crate) fn seek(fd: BorrowedFd<'_>, position: u32) -> io::Result<()> {
    unistd::lseek(fd, position.into(), Whence::SeekSet)?;
    Ok(())
}
