//! Directory streams. The kernel's records have the layout of `struct dirent` already, and are
//! held against it before one is given away.

use crate::errno::{self, EINVAL};
use crate::file::{close, open};
use crate::heap::{free, malloc};
use crate::number as nr;
use crate::records;
use crate::sys::{call, ret};
use core::ffi::{c_char, c_int, c_void};
use core::ptr::{null, null_mut};

const FLAGS: c_int = 0x180_0000; // O_CLOEXEC | O_DIRECTORY
const BUFFER: usize = 8192;

/// An open directory.
pub(crate) struct Stream {
    fd: c_int,
    at: usize,
    filled: usize,
    buffer: [u64; BUFFER / 8],
}

/// As opendir(3C).
///
/// # Safety
/// `path` ends with NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn opendir(path: *const c_char) -> *mut Stream {
    // SAFETY: the caller's promise.
    match unsafe { open(path, FLAGS, 0) } {
        fd if fd < 0 => null_mut(),
        fd => fdopendir(fd),
    }
}

/// As fdopendir(3C).
#[unsafe(no_mangle)]
extern "C" fn fdopendir(fd: c_int) -> *mut Stream {
    let stream = malloc(size_of::<Stream>()).cast::<Stream>();
    if !stream.is_null() {
        let empty = Stream {
            fd,
            at: 0,
            filled: 0,
            buffer: [0; BUFFER / 8],
        };
        // SAFETY: malloc gave room and alignment for it.
        unsafe { stream.write(empty) };
    }
    stream
}

/// As readdir(3C): the next record, null at the end.
///
/// # Safety
/// `stream` is open.
#[unsafe(no_mangle)]
unsafe extern "C" fn readdir(stream: *mut Stream) -> *const c_void {
    // SAFETY: the caller's promise; nobody else has it, there is one thread.
    let stream = unsafe { &mut *stream };
    if stream.at >= stream.filled {
        let buffer = stream.buffer.as_mut_ptr();
        // SAFETY: the kernel writes at most BUFFER bytes.
        let filled = ret(unsafe { call!(nr::GETDENTS, stream.fd, buffer, BUFFER) });
        if filled <= 0 {
            return null();
        }
        (stream.at, stream.filled) = (0, filled.cast_unsigned().min(BUFFER));
    }
    let first = stream.buffer.as_ptr().cast::<u8>();
    // SAFETY: so many bytes of the buffer were written, and nobody writes while this lasts.
    let written = unsafe { core::slice::from_raw_parts(first, stream.filled) };
    let Some(record) = written.get(stream.at..).and_then(records::record) else {
        errno::set(EINVAL);
        return null();
    };
    let at = first.wrapping_add(stream.at);
    stream.at += record.length;
    at.cast()
}

/// As dirfd(3C).
///
/// # Safety
/// `stream` is open.
#[unsafe(no_mangle)]
unsafe extern "C" fn dirfd(stream: *const Stream) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { (*stream).fd }
}

/// As closedir(3C).
///
/// # Safety
/// `stream` is open and not used again.
#[unsafe(no_mangle)]
unsafe extern "C" fn closedir(stream: *mut Stream) -> c_int {
    // SAFETY: the caller's promise.
    let fd = unsafe { dirfd(stream) };
    // SAFETY: the call takes a number.
    let result = unsafe { close(fd) };
    // SAFETY: malloc gave it.
    unsafe { free(stream.cast()) };
    result
}
