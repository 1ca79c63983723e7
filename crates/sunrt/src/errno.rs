//! `errno` and the error texts, which no file of the suspect supplies.

use core::ffi::{c_char, c_int};
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};

pub(crate) const EAGAIN: c_int = 11;
pub(crate) const ENOMEM: c_int = 12;
pub(crate) const EBUSY: c_int = 16;
pub(crate) const ENOTDIR: c_int = 20;
pub(crate) const EINVAL: c_int = 22;
pub(crate) const ERANGE: c_int = 34;
pub(crate) const EDEADLK: c_int = 45;
pub(crate) const ETIMEDOUT: c_int = 145;

static ERRNO: AtomicI32 = AtomicI32::new(0);

pub(crate) fn set(error: c_int) {
    ERRNO.store(error, Relaxed);
}

/// The last error.
pub(crate) fn last() -> c_int {
    ERRNO.load(Relaxed)
}

/// Where `errno` is kept.
#[unsafe(no_mangle)]
extern "C" fn ___errno() -> *mut c_int {
    ERRNO.as_ptr()
}

/// Numbers of `sys/errno.h` and what they mean, in the words users of these systems know.
const TEXTS: &[(c_int, &str)] = &[
    (0, "Error 0"),
    (1, "Not owner"),
    (2, "No such file or directory"),
    (3, "No such process"),
    (4, "Interrupted system call"),
    (5, "I/O error"),
    (6, "No such device or address"),
    (7, "Arg list too long"),
    (9, "Bad file number"),
    (11, "Resource temporarily unavailable"),
    (12, "Not enough space"),
    (13, "Permission denied"),
    (14, "Bad address"),
    (16, "Device busy"),
    (17, "File exists"),
    (18, "Cross-device link"),
    (19, "No such device"),
    (20, "Not a directory"),
    (21, "Is a directory"),
    (22, "Invalid argument"),
    (24, "Too many open files"),
    (25, "Inappropriate ioctl for device"),
    (27, "File too large"),
    (28, "No space left on device"),
    (29, "Illegal seek"),
    (30, "Read-only file system"),
    (32, "Broken pipe"),
    (34, "Result too large"),
    (45, "Deadlock situation detected/avoided"),
    (48, "Operation not supported"),
    (71, "Protocol error"),
    (78, "File name too long"),
    (79, "Value too large for defined data type"),
    (89, "Operation not applicable"),
    (90, "Too many symbolic links"),
    (93, "Directory not empty"),
    (95, "Socket operation on non-socket"),
    (99, "Option not supported by protocol"),
    (120, "Protocol not supported"),
    (124, "Address family not supported by protocol family"),
    (125, "Address already in use"),
    (126, "Cannot assign requested address"),
    (127, "Network is down"),
    (128, "Network is unreachable"),
    (131, "Connection reset by peer"),
    (133, "Transport endpoint is already connected"),
    (134, "Transport endpoint is not connected"),
    (145, "Connection timed out"),
    (146, "Connection refused"),
    (147, "Host is down"),
    (148, "No route to host"),
    (149, "Operation already in progress"),
    (150, "Operation now in progress"),
    (151, "Stale NFS file handle"),
];

/// The text of an error number, ended by NUL.
///
/// # Safety
/// `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn strerror_r(error: c_int, buffer: *mut c_char, length: usize) -> c_int {
    let mut digits = *b"Error 0000000000";
    let text = match TEXTS.iter().find(|(number, _)| *number == error) {
        Some((_, text)) => text.as_bytes(),
        None => {
            let mut rest = error.unsigned_abs();
            for digit in digits.iter_mut().skip(6).rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            &digits
        }
    };
    if length <= text.len() {
        return ERANGE;
    }
    // SAFETY: the text and its NUL fit into the caller's `length` bytes.
    unsafe {
        buffer
            .cast::<u8>()
            .copy_from_nonoverlapping(text.as_ptr(), text.len())
    };
    // SAFETY: as above.
    unsafe { buffer.wrapping_add(text.len()).write(0) };
    0
}
