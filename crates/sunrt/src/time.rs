//! Clocks and waiting.

use crate::number as nr;
use crate::sys::{call, calls, ret};
use core::ffi::{c_int, c_void};
use core::ptr::{null, null_mut};

/// Seconds and nanoseconds.
pub(crate) type Time = [i64; 2];

const SECOND: i64 = 1_000_000_000;

calls! {
    /// As clock_gettime(3C).
    clock_gettime(clock: c_int, time: *mut Time) -> c_int = CLOCK_GETTIME(clock, time);
    /// As nanosleep(3C).
    nanosleep(time: *const Time, rest: *mut Time) -> c_int = NANOSLEEP(time, rest);
}

/// As clock_nanosleep(3C), which gives the error number. A point in time becomes a distance
/// from now.
///
/// # Safety
/// `time` can be read; `rest` is null or can be written.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_nanosleep(
    clock: c_int,
    flags: c_int,
    time: *const Time,
    rest: *mut Time,
) -> c_int {
    const ABSOLUTE: c_int = 1;
    // SAFETY: the caller's promise.
    let mut time = unsafe { time.read() };
    if flags & ABSOLUTE != 0 {
        let mut now: Time = [0; 2];
        // SAFETY: the kernel writes the two numbers of `now`.
        if let Err(error) = unsafe { call!(nr::CLOCK_GETTIME, clock, now.as_mut_ptr()) } {
            return error;
        }
        let [seconds, nanoseconds] = time;
        let [now_seconds, now_nanoseconds] = now;
        let distance = seconds
            .saturating_sub(now_seconds)
            .saturating_mul(SECOND)
            .saturating_add(nanoseconds.saturating_sub(now_nanoseconds))
            .max(0);
        time = [distance / SECOND, distance % SECOND];
    }
    // SAFETY: the caller's promise for `rest`.
    match unsafe { call!(nr::NANOSLEEP, time.as_ptr(), rest) } {
        Ok(_) => 0,
        Err(error) => error,
    }
}

/// Waits for descriptors, or for a time that may be null for ever.
///
/// # Safety
/// `fds` holds `count` records; `time` is null or can be read.
pub(crate) unsafe fn pollsys(fds: *mut c_void, count: u64, time: *const i64) -> c_int {
    // SAFETY: the caller's promise.
    ret(unsafe { call!(nr::POLLSYS, fds, count, time, 0) }) as c_int
}

/// As pause(2).
#[unsafe(no_mangle)]
extern "C" fn pause() -> c_int {
    // SAFETY: no descriptors and no time.
    unsafe { pollsys(null_mut(), 0, null()) }
}
