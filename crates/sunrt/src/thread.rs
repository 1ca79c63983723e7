//! Just enough pthread for one thread. A mutex keeps a mark while it is held, so that
//! try-lock tells the truth and locking twice is an error instead of a hang.

use crate::errno::{EAGAIN, EBUSY, EDEADLK, EINVAL, ETIMEDOUT};
use crate::time::{Time, clock_nanosleep};
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

const KEYS: usize = 128;
static USED: [AtomicBool; KEYS] = [const { AtomicBool::new(false) }; KEYS];
static VALUES: [AtomicPtr<c_void>; KEYS] = [const { AtomicPtr::new(null_mut()) }; KEYS];

/// `pthread_mutex_t`: 24 bytes, of which we use the middle.
#[repr(C)]
struct Mutex {
    head: u64,
    held: u64,
    tail: u64,
}

/// The one thread.
#[unsafe(no_mangle)]
extern "C" fn pthread_self() -> u32 {
    1
}

/// No other thread can be made.
#[unsafe(no_mangle)]
extern "C" fn pthread_create(
    _: *mut u32,
    _: *const c_void,
    _: *const c_void,
    _: *mut c_void,
) -> c_int {
    EAGAIN
}

/// There is no thread to wait for.
#[unsafe(no_mangle)]
extern "C" fn pthread_join(_: u32, _: *mut *mut c_void) -> c_int {
    EINVAL
}

/// There is no thread to let go.
#[unsafe(no_mangle)]
extern "C" fn pthread_detach(_: u32) -> c_int {
    EINVAL
}

/// Makes a key. Key 0 is left out: std would ask for another one. Destructors never run,
/// since the thread ends with the process.
///
/// # Safety
/// `place` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_key_create(place: *mut u32, _destructor: *const c_void) -> c_int {
    for ((key, used), value) in (0u32..).zip(&USED).zip(&VALUES).skip(1) {
        if !used.swap(true, Relaxed) {
            value.store(null_mut(), Relaxed);
            // SAFETY: the caller's promise.
            unsafe { place.write(key) };
            return 0;
        }
    }
    EAGAIN
}

/// Gives a key back.
#[unsafe(no_mangle)]
extern "C" fn pthread_key_delete(key: u32) -> c_int {
    match USED.get(key as usize) {
        Some(used) => {
            used.store(false, Relaxed);
            0
        }
        None => EINVAL,
    }
}

/// What is kept under a key.
#[unsafe(no_mangle)]
extern "C" fn pthread_getspecific(key: u32) -> *mut c_void {
    VALUES
        .get(key as usize)
        .map_or(null_mut(), |value| value.load(Relaxed))
}

/// Keeps something under a key.
#[unsafe(no_mangle)]
extern "C" fn pthread_setspecific(key: u32, value: *mut c_void) -> c_int {
    match VALUES.get(key as usize) {
        Some(place) => {
            place.store(value, Relaxed);
            0
        }
        None => EINVAL,
    }
}

/// Makes a mutex that nobody holds.
///
/// # Safety
/// `mutex` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_mutex_init(mutex: *mut Mutex, _: *const c_void) -> c_int {
    let free = Mutex {
        head: 0,
        held: 0,
        tail: 0,
    };
    // SAFETY: the caller's promise.
    unsafe { mutex.write(free) };
    0
}

/// Takes a mutex; who holds it already is told so.
///
/// # Safety
/// `mutex` was made.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_mutex_lock(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's promise.
    match unsafe { pthread_mutex_trylock(mutex) } {
        0 => 0,
        _ => EDEADLK,
    }
}

/// Takes a mutex if nobody holds it.
///
/// # Safety
/// `mutex` was made.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_mutex_trylock(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's promise; there is one thread.
    let mutex = unsafe { &mut *mutex };
    match core::mem::replace(&mut mutex.held, 1) {
        0 => 0,
        _ => EBUSY,
    }
}

/// Lets a mutex go.
///
/// # Safety
/// `mutex` was made.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_mutex_unlock(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's promise; there is one thread.
    let mutex = unsafe { &mut *mutex };
    mutex.held = 0;
    0
}

/// Nobody else could ever signal: to wait without limit would be to hang.
#[unsafe(no_mangle)]
extern "C" fn pthread_cond_wait(_: *mut c_void, _: *mut Mutex) -> c_int {
    EDEADLK
}

/// Waits in vain.
///
/// # Safety
/// `until` can be read.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_cond_timedwait(
    _: *mut c_void,
    _: *mut Mutex,
    until: *const Time,
) -> c_int {
    const CLOCK_MONOTONIC: c_int = 4;
    const ABSOLUTE: c_int = 1;
    // SAFETY: the caller's promise.
    unsafe { clock_nanosleep(CLOCK_MONOTONIC, ABSOLUTE, until, null_mut()) };
    ETIMEDOUT
}

/// Functions that succeed by doing nothing.
macro_rules! succeed {
    ($($(#[$doc:meta])* $name:ident($($type:ty),*);)*) => { $(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C" fn $name($(_: $type),*) -> c_int {
            0
        }
    )* };
}

succeed! {
    pthread_mutex_destroy(*mut c_void);
    pthread_mutexattr_init(*mut c_void);
    pthread_mutexattr_destroy(*mut c_void);
    pthread_mutexattr_settype(*mut c_void, c_int);
    pthread_cond_init(*mut c_void, *const c_void);
    pthread_cond_destroy(*mut c_void);
    pthread_cond_signal(*mut c_void);
    pthread_cond_broadcast(*mut c_void);
    pthread_condattr_init(*mut c_void);
    pthread_condattr_destroy(*mut c_void);
    pthread_condattr_setclock(*mut c_void, c_int);
    pthread_attr_init(*mut c_void);
    pthread_attr_destroy(*mut c_void);
    pthread_attr_setstacksize(*mut c_void, usize);
    sched_yield();
}
