//! System calls that neither std nor nix offers.
//!
//! The unsafe here is for `kcmp`, `listmount` and `statmount`.
#![expect(unsafe_code, reason = "kcmp, listmount and statmount, as told above")]

use model::Pid;
use std::io;

/// One number on every architecture, as all calls since Linux 5.1; libc has no name for them.
const SYS_STATMOUNT: libc::c_long = 457;
const SYS_LISTMOUNT: libc::c_long = 458;

/// Whether two tasks share one descriptor table (`KCMP_FILES`).
///
/// # Errors
/// As `kcmp(2)`: `ESRCH` where one is gone, `EPERM` without the right to trace both,
/// `ENOSYS` where the kernel was built without it.
pub(crate) fn share_files(one: Pid, other: Pid) -> io::Result<bool> {
    const KCMP_FILES: libc::c_int = 2;
    // SAFETY: kcmp takes five numbers and writes no memory of ours.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one.0, other.0, KCMP_FILES, 0u64, 0u64) };
    match order {
        0 => Ok(true),
        1.. => Ok(false),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `struct mnt_id_req`: size, spare, mount, parameter (`include/uapi/linux/mount.h`).
fn mount_request(mount: u64, parameter: u64) -> [u64; 3] {
    const SIZE: u32 = 24;
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(SIZE.to_ne_bytes()) {
        *to = from;
    }
    [u64::from_ne_bytes(head), mount, parameter]
}

/// Numbers of the mounts of our mount namespace, those after `last` (0 is from the start).
///
/// # Errors
/// As `listmount(2)`: `ENOSYS` before Linux 6.8.
pub(crate) fn listmount(last: u64, ids: &mut [u64]) -> io::Result<usize> {
    const ROOT: u64 = u64::MAX; // LSMT_ROOT
    let request = mount_request(ROOT, last);
    // SAFETY: the kernel reads the 24 bytes of `request` and writes at most `ids.len()` numbers.
    let count = unsafe {
        libc::syscall(
            SYS_LISTMOUNT,
            request.as_ptr(),
            ids.as_mut_ptr(),
            ids.len(),
            0,
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// What one mount is, as `struct statmount` into `buffer`, with what `mask` asks for.
///
/// # Errors
/// As `statmount(2)`: `EOVERFLOW` where the buffer is too short.
pub(crate) fn statmount(mount: u64, mask: u64, buffer: &mut [u8]) -> io::Result<()> {
    let request = mount_request(mount, mask);
    // SAFETY: the kernel reads the 24 bytes of `request` and writes within `buffer`.
    let answer = unsafe {
        libc::syscall(
            SYS_STATMOUNT,
            request.as_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            0,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
