//! Memory and string functions that compiled code calls. String instructions and volatile
//! reads keep the compiler from making a call to the very function being defined.

use core::arch::asm;
use core::ffi::{c_char, c_int};

/// Copies bytes that do not overlap.
///
/// # Safety
/// Both places hold `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "rep movsb",
            inout("rcx") length => _,
            inout("rdi") to => _,
            inout("rsi") from => _,
            options(nostack, preserves_flags),
        );
    }
    to
}

/// Copies bytes that may overlap.
///
/// # Safety
/// Both places hold `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    if (to as usize).wrapping_sub(from as usize) >= length {
        // SAFETY: no byte is written before it is read.
        return unsafe { memcpy(to, from, length) };
    }
    // SAFETY: the caller's promise; backwards, since `to` lies inside what is read.
    unsafe {
        asm!(
            "std",
            "rep movsb",
            "cld",
            inout("rcx") length => _,
            inout("rdi") to.wrapping_add(length).wrapping_sub(1) => _,
            inout("rsi") from.wrapping_add(length).wrapping_sub(1) => _,
            options(nostack),
        );
    }
    to
}

/// Fills bytes.
///
/// # Safety
/// The place holds `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: c_int, length: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "rep stosb",
            inout("rcx") length => _,
            inout("rdi") to => _,
            in("al") byte as u8,
            options(nostack, preserves_flags),
        );
    }
    to
}

/// Compares bytes.
///
/// # Safety
/// Both places hold `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> c_int {
    for at in 0..length {
        // SAFETY: `at` is below `length`.
        let one = unsafe { left.wrapping_add(at).read_volatile() };
        // SAFETY: as above.
        let other = unsafe { right.wrapping_add(at).read_volatile() };
        if one != other {
            return c_int::from(one) - c_int::from(other);
        }
    }
    0
}

/// Whether bytes differ.
///
/// # Safety
/// Both places hold `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { memcmp(left, right, length) }
}

/// Counts bytes up to a NUL.
///
/// # Safety
/// The text ends with NUL.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn strlen(text: *const c_char) -> usize {
    let mut length = 0;
    // SAFETY: no byte behind the NUL is read.
    while unsafe { text.wrapping_add(length).read_volatile() } != 0 {
        length += 1;
    }
    length
}
