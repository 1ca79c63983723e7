//! Where we are, and what a path is without its links.

use crate::errno::{self, EINVAL, ERANGE};
use crate::file::readlink;
use crate::heap::malloc;
use crate::mem::strlen;
use crate::number as nr;
use crate::sys::{ENOSYS, call, ret};
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

const PATH_MAX: usize = 1024;
const ENOENT: c_int = 2;

/// As getcwd(3C), into a buffer of the caller's. Where the kernel lacks the call, `/proc`
/// tells.
///
/// # Safety
/// `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn getcwd(buffer: *mut c_char, length: usize) -> *mut c_char {
    if buffer.is_null() || length == 0 {
        errno::set(EINVAL);
        return null_mut();
    }
    // SAFETY: the caller's promise.
    match unsafe { call!(nr::GETCWD, buffer, length) } {
        Ok(_) => return buffer,
        Err(ENOSYS) => {}
        Err(error) => {
            errno::set(error);
            return null_mut();
        }
    }
    let link = c"/proc/self/path/cwd".as_ptr();
    // SAFETY: the caller's promise; one byte is kept for the NUL.
    match unsafe { readlink(link, buffer, length - 1) } {
        written if written > 0 => {
            // SAFETY: at most `length - 1` bytes were written.
            unsafe { buffer.wrapping_add(written.cast_unsigned()).write(0) };
            buffer
        }
        _ => null_mut(),
    }
}

/// As realpath(3C): into `out`, or into new memory where that is null.
///
/// # Safety
/// `path` ends with NUL; `out` is null or has room for 1024 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn realpath(path: *const c_char, out: *mut c_char) -> *mut c_char {
    let mut whole = [0 as c_char; 2 * PATH_MAX];
    let length = match path.is_null() {
        true => 0,
        // SAFETY: the caller's promise.
        false => unsafe { strlen(path) },
    };
    if length == 0 || length >= PATH_MAX {
        errno::set(if length == 0 { ENOENT } else { ERANGE });
        return null_mut();
    }
    // SAFETY: `length` bytes and a NUL are there.
    let text = unsafe { core::slice::from_raw_parts(path, length + 1) };
    let mut used = 0;
    if text.first() != Some(&(b'/' as c_char)) {
        // SAFETY: `whole` has room for twice PATH_MAX.
        if unsafe { getcwd(whole.as_mut_ptr(), PATH_MAX) }.is_null() {
            return null_mut();
        }
        used = whole.iter().position(|&byte| byte == 0).unwrap_or(0);
        if let Some(slot) = whole.get_mut(used) {
            *slot = b'/' as c_char;
            used += 1;
        }
    }
    let Some(room) = whole.get_mut(used..used + text.len()) else {
        errno::set(ERANGE);
        return null_mut();
    };
    room.copy_from_slice(text);
    let mut found = [0 as c_char; PATH_MAX];
    // SAFETY: `whole` ends with NUL; the kernel writes at most PATH_MAX - 1 bytes.
    let result = unsafe {
        call!(
            nr::RESOLVEPATH,
            whole.as_ptr(),
            found.as_mut_ptr(),
            PATH_MAX - 1
        )
    };
    if ret(result) < 0 {
        return null_mut();
    }
    let place = if out.is_null() {
        malloc(PATH_MAX).cast()
    } else {
        out
    };
    if !place.is_null() {
        // SAFETY: the place has room for PATH_MAX bytes; `found` ends with NUL.
        unsafe { place.copy_from_nonoverlapping(found.as_ptr(), PATH_MAX) };
    }
    place
}
