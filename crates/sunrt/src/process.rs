//! The process itself: its memory maps, signals, numbers, limits and some randomness.

use crate::errno::{self, EINVAL};
use crate::file::open;
use crate::number as nr;
use crate::start::stack_top;
use crate::sys::{call, calls, ret};
use crate::time::Time;
use core::ffi::{c_int, c_void};

const PAGE: usize = 4096;

calls! {
    /// As mmap(2).
    mmap(at: *mut c_void, length: usize, protection: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void =
        MMAP(at, length, protection, flags, fd, offset);
    /// As munmap(2).
    munmap(at: *mut c_void, length: usize) -> c_int = MUNMAP(at, length);
    /// As mprotect(2).
    mprotect(at: *mut c_void, length: usize, protection: c_int) -> c_int =
        MPROTECT(at, length, protection);
    /// As getpid(2).
    getpid() -> c_int = GETPID();
    /// As getuid(2).
    getuid() -> u32 = GETUID();
    /// As getgid(2).
    getgid() -> u32 = GETGID();
    /// As kill(2).
    kill(pid: c_int, signal: c_int) -> c_int = KILL(pid, signal);
}

/// `struct sigaction` by words: flags, handler, mask.
type Action = [usize; 4];

/// The two handlers that need no way back out of a signal: default and ignore.
const HARMLESS: usize = 1;

/// As sigaction(2), but a handler of the program's is quietly not installed: coming back
/// from one needs code that the kernel expects of libc. std installs one only to word its
/// stack overflow message.
///
/// # Safety
/// `new` is null or can be read, `old` is null or can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int {
    if !old.is_null() {
        // SAFETY: the caller's promise.
        unsafe { old.write([0; 4]) };
    }
    let [_, handler, ..] = match new.is_null() {
        true => [0; 4],
        // SAFETY: the caller's promise.
        false => unsafe { new.read() },
    };
    if handler > HARMLESS {
        return 0;
    }
    // SAFETY: the caller's promise.
    ret(unsafe { call!(nr::SIGACTION, signal, new, old) }) as c_int
}

/// As signal(3C), for the same two handlers.
#[unsafe(no_mangle)]
extern "C" fn signal(signal: c_int, handler: usize) -> usize {
    let new: Action = [0, handler, 0, 0];
    let mut old: Action = [0; 4];
    // SAFETY: both are ours.
    match unsafe { sigaction(signal, &raw const new, &raw mut old) } {
        0 => old[1],
        _ => usize::MAX,
    }
}

/// There are no handlers, so no stack for them.
///
/// # Safety
/// `old` is null or can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn sigaltstack(_new: *const c_void, old: *mut [usize; 3]) -> c_int {
    if !old.is_null() {
        // SAFETY: the caller's promise.
        unsafe { old.write([0; 3]) };
    }
    0
}

/// As stack_getbounds(3C): base, size, flags. std maps a guard page at the base, so the size
/// must be the limit in force; a guess might hit what is mapped there.
///
/// # Safety
/// `bounds` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn stack_getbounds(bounds: *mut [usize; 3]) -> c_int {
    const RLIMIT_STACK: c_int = 3;
    const ASSUMED: usize = 8 << 20;
    const MOST: usize = 1 << 30;
    let mut limit = [0usize; 2];
    // SAFETY: the kernel writes two numbers.
    let result = unsafe { call!(nr::GETRLIMIT, RLIMIT_STACK, limit.as_mut_ptr()) };
    let size = match (result, limit) {
        (Ok(_), [size, _]) if size <= MOST => size / PAGE * PAGE,
        _ => ASSUMED,
    };
    let top = stack_top().next_multiple_of(PAGE);
    // SAFETY: the caller's promise.
    unsafe { bounds.write([top.saturating_sub(size), size, 0]) };
    0
}

/// As sysconf(3C), for what std asks.
#[unsafe(no_mangle)]
extern "C" fn sysconf(name: c_int) -> i64 {
    match name {
        libc::_SC_OPEN_MAX => 256,
        libc::_SC_PAGESIZE => 4096,
        // One thread is all there is.
        libc::_SC_NPROCESSORS_CONF | libc::_SC_NPROCESSORS_ONLN => 1,
        libc::_SC_IOV_MAX => 16,
        libc::_SC_GETPW_R_SIZE_MAX => 1024,
        _ => {
            errno::set(EINVAL);
            -1
        }
    }
}

/// Processor sets are not asked about.
#[unsafe(no_mangle)]
extern "C" fn pset_info(_: c_int, _: *mut c_int, _: *mut u32, _: *mut c_int) -> c_int {
    -1
}

/// Lists loaded objects for backtraces: there are none.
#[unsafe(no_mangle)]
extern "C" fn dlinfo(_: *mut c_void, _: c_int, _: *mut c_void) -> c_int {
    -1
}

/// Fills with random bytes. std seeds its hash maps with them. Where `/dev/urandom` cannot be
/// read, clock and address are mixed: enough for that, and for nothing secret.
///
/// # Safety
/// `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn arc4random_buf(buffer: *mut u8, length: usize) {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts_mut(buffer, length) };
    let filled = urandom(bytes);
    let mut now: Time = [0; 2];
    // SAFETY: the kernel writes the two numbers of `now`.
    let _ = unsafe { call!(nr::CLOCK_GETTIME, 4, now.as_mut_ptr()) };
    let [seconds, nanoseconds] = now.map(i64::cast_unsigned);
    let mut state = seconds ^ nanoseconds << 20 ^ buffer as u64 | 1;
    for byte in bytes.iter_mut().skip(filled) {
        // Knuth's MMIX generator; its high bits are the better ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
}

/// Bytes read from the device.
fn urandom(bytes: &mut [u8]) -> usize {
    // SAFETY: the path is a constant.
    let fd = unsafe { open(c"/dev/urandom".as_ptr(), 0, 0) };
    if fd < 0 {
        return 0;
    }
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        // SAFETY: the kernel writes at most the length of `rest`.
        match unsafe { call!(nr::READ, fd, rest.as_mut_ptr(), rest.len()) } {
            Ok(count) if count > 0 => filled += count,
            _ => break,
        }
    }
    // SAFETY: the call takes a number.
    let _ = unsafe { call!(nr::CLOSE, fd) };
    filled
}
