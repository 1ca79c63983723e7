//! System calls relative to a held directory.
//!
//! The unsafe here is for three calls nix has no cheap form of: `getdents64` into a buffer
//! of our size (libc's `readdir` asks for 2 KiB at a time on musl, and hides the raw
//! record), `readlinkat` into a reused buffer (nix allocates a string a link; there are
//! tens of thousands), and `statx` with `AT_STATX_DONT_SYNC`, so that a dead NFS or FUSE
//! server is not asked; and for `fsopen`, `fsconfig` and `fsmount`, which nix has not.
#![expect(
    unsafe_code,
    reason = "getdents64, readlinkat, statx and fsmount, as told above"
)]

use super::{LINK_MAX, open_dir};
use crate::{Entry, Stat};
use nix::fcntl::{self, OFlag};
use nix::sys::stat::Mode;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;

/// A directory that is only walked from need not be readable.
pub(super) const WALKED: OFlag = OFlag::O_PATH;

/// Number of the type of the file system a path leads to.
pub(crate) fn magic(at: BorrowedFd<'_>, path: &Path) -> io::Result<u64> {
    let place = fcntl::openat(at, path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    let kind = nix::sys::statfs::fstatfs(&place)?.filesystem_type();
    Ok(u64::try_from(kind.0).unwrap_or(0))
}

/// Whether a file system is mounted read-only.
pub(crate) fn read_only(place: BorrowedFd<'_>) -> io::Result<Option<bool>> {
    let told = nix::sys::statvfs::fstatvfs(place)?;
    let flag = nix::sys::statvfs::FsFlags::ST_RDONLY;
    Ok(Some(told.flags().contains(flag)))
}

/// Whether a path leads over a mount; none before Linux 5.6.
pub(crate) fn crosses(at: BorrowedFd<'_>, path: &Path) -> io::Result<Option<bool>> {
    let how = fcntl::OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .resolve(fcntl::ResolveFlag::RESOLVE_NO_XDEV);
    match fcntl::openat2(at, path, how) {
        Ok(_) => Ok(Some(false)),
        Err(nix::Error::EXDEV) => Ok(Some(true)),
        Err(nix::Error::ENOSYS) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A procfs of our own that is mounted nowhere (`include/uapi/linux/mount.h`).
pub(crate) fn procfs() -> io::Result<OwnedFd> {
    const FSOPEN_CLOEXEC: libc::c_uint = 1;
    const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
    const FSMOUNT_CLOEXEC: libc::c_uint = 1;
    const READ_ONLY: libc::c_uint = 0x1 | 0x2 | 0x4 | 0x8; // and no suid, devices, programs
    const NOTHING: *const libc::c_char = std::ptr::null();
    // SAFETY: the name ends with NUL; nothing is written to memory of ours.
    let context =
        owned(unsafe { libc::syscall(libc::SYS_fsopen, c"proc".as_ptr(), FSOPEN_CLOEXEC) })?;
    let context = context.as_raw_fd();
    // SAFETY: this command takes no key and no value; `context` is open.
    let made = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context,
            FSCONFIG_CMD_CREATE,
            NOTHING,
            NOTHING,
            0,
        )
    };
    if made < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: fsmount takes three numbers; `context` is open.
    let mount =
        owned(unsafe { libc::syscall(libc::SYS_fsmount, context, FSMOUNT_CLOEXEC, READ_ONLY) })?;
    // What fsmount gives can only be walked from; to list it, it must be opened.
    open_dir(mount.as_fd(), Path::new("."), false)
}

/// Takes what a call gave as a descriptor nobody else has.
fn owned(answer: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(answer) {
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Fills the buffer with raw directory records; 0 is the end.
pub(crate) fn entries(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the kernel writes at most `buffer.len()` bytes into `buffer`.
    let length = unsafe {
        libc::syscall(
            libc::SYS_getdents64,
            fd.as_raw_fd(),
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    };
    usize::try_from(length).map_err(|_| io::Error::last_os_error())
}

/// Cuts `struct linux_dirent64` records: inode 8, offset 8, length 2, type 1, name, NUL
/// (include/linux/dirent.h). Stops at a record that does not fit.
pub(crate) fn split_entries(mut records: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        loop {
            let inode = u64::from_ne_bytes(*records.first_chunk()?);
            let length = u16::from_ne_bytes(*records.get(16..)?.first_chunk()?);
            let kind = *records.get(18)?;
            let (record, rest) = records.split_at_checked(length.into())?;
            let name = record.get(19..)?.split(|&byte| byte == 0).next()?;
            records = rest;
            if name != b"." && name != b".." {
                return Some(Entry {
                    name,
                    inode,
                    is_dir: kind == libc::DT_DIR,
                });
            }
        }
    })
}

/// What a link says, into `target`.
pub(crate) fn link(at: BorrowedFd<'_>, name: &[u8], target: &mut Vec<u8>) -> io::Result<()> {
    let mut room = 512;
    loop {
        target.clear();
        target.reserve(room);
        let length = with_name(name, |name| {
            // SAFETY: `name` ends with NUL, and `target` has room for the `room` bytes that
            // are written to it at most.
            unsafe {
                libc::readlinkat(
                    at.as_raw_fd(),
                    name.as_ptr(),
                    target.as_mut_ptr().cast(),
                    room,
                )
            }
        })?;
        let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
        if length < room {
            // SAFETY: the kernel has written so many bytes, which is less than there is room.
            unsafe { target.set_len(length) };
            return Ok(());
        }
        room *= 4;
        if room > LINK_MAX {
            return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
        }
    }
}

/// What a file is.
pub(crate) fn stat(at: BorrowedFd<'_>, name: &[u8]) -> io::Result<Stat> {
    with_name(name, |name| stat_named(at, name))?
}

/// Offsets in `struct statx` (include/uapi/linux/stat.h), 256 bytes in all. Allocates nothing.
pub(crate) fn stat_named(at: BorrowedFd<'_>, name: &CStr) -> io::Result<Stat> {
    const MASK: u32 = 0x7ff | 0x1000; // STATX_BASIC_STATS | STATX_MNT_ID
    const DONT_SYNC: i32 = 0x4000; // AT_STATX_DONT_SYNC
    let mut raw = [0u8; 256];
    // SAFETY: `name` ends with NUL, and the kernel fills the 256 bytes of `raw`.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_statx,
            at.as_raw_fd(),
            name.as_ptr(),
            DONT_SYNC | libc::AT_NO_AUTOMOUNT,
            MASK,
            raw.as_mut_ptr(),
        )
    };
    if answer < 0 {
        let error = io::Error::last_os_error();
        return match error.raw_os_error() {
            // Old filters of system calls refuse what they do not know by the other error.
            Some(libc::ENOSYS | libc::EPERM) => old_stat(at, name),
            _ => Err(error),
        };
    }
    let word = |at: usize| field::<4>(&raw, at).map_or(0, u32::from_ne_bytes);
    let long = |at: usize| field::<8>(&raw, at).map_or(0, u64::from_ne_bytes);
    let device = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 4));
    Ok(Stat {
        device: device(136),
        inode: long(32),
        mode: field::<2>(&raw, 28).map_or(0, u16::from_ne_bytes).into(),
        links: word(16).into(),
        rdev: device(128),
        size: long(40),
        uid: word(20),
        mount: long(144),
    })
}

fn field<const N: usize>(raw: &[u8], at: usize) -> Option<[u8; N]> {
    raw.get(at..)?.first_chunk().copied()
}

/// Before Linux 4.11, and where a filter of system calls is older than that.
fn old_stat(at: BorrowedFd<'_>, name: &CStr) -> io::Result<Stat> {
    let stat = nix::sys::stat::fstatat(at, name, fcntl::AtFlags::AT_NO_AUTOMOUNT)?;
    let device = |dev: libc::dev_t| nix::sys::stat::major(dev) << 32 | nix::sys::stat::minor(dev);
    Ok(Stat {
        device: device(stat.st_dev),
        inode: stat.st_ino,
        mode: stat.st_mode,
        // 64 bits wide on x86-64 only.
        links: stat.st_nlink as u64,
        rdev: device(stat.st_rdev),
        size: stat.st_size.try_into().unwrap_or(0),
        uid: stat.st_uid,
        mount: 0,
    })
}

/// Runs `call` with the name as a C string, on the stack where it is short.
fn with_name<T>(name: &[u8], call: impl FnOnce(&CStr) -> T) -> io::Result<T> {
    let mut short = [0u8; 64];
    if let Some(room) = short.get_mut(..name.len())
        && name.len() < 64
    {
        room.copy_from_slice(name);
        let text = short.get(..=name.len()).unwrap_or_default();
        return Ok(call(
            CStr::from_bytes_with_nul(text).map_err(io::Error::other)?,
        ));
    }
    Ok(call(&CString::new(name)?))
}
