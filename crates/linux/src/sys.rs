//! System calls about processes.
//!
//! The unsafe here is for `kcmp`, which neither std nor nix offers.
#![expect(unsafe_code, reason = "kcmp, as told above")]

use model::Pid;
use std::io;

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
