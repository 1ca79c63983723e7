//! Child processes, as far as rcompare runs its siblings: fork, exec, wait, and the pipes
//! between.
//!
//! std takes this way where a working directory is given. `fork` copies: `vfork` would let
//! the child write on the stack we still stand on. What no program of ours asks for (users,
//! sessions, `posix_spawn`) fails with `ENOSYS`.

use crate::errno::{self, EINVAL};
use crate::file::close_on_exec;
use crate::number as nr;
use crate::start::environment;
use crate::sys::{ENOSYS, both, call, calls, has_at, ret, word};
use core::ffi::{c_char, c_int, c_void};

calls! {
    /// As getrlimit(2).
    getrlimit(resource: c_int, limit: *mut c_void) -> c_int = GETRLIMIT(resource, limit);
    /// As setrlimit(2).
    setrlimit(resource: c_int, limit: *const c_void) -> c_int = SETRLIMIT(resource, limit);
}

/// As fork(2): a copy with this one thread. Solaris 11 and illumos have one call for all
/// ways of forking, Solaris 10 one for this.
#[unsafe(no_mangle)]
extern "C" fn fork() -> c_int {
    let number = if has_at() { nr::FORKSYS } else { nr::FORK1 };
    // SAFETY: the calls take numbers; the copy has memory of its own.
    let result = unsafe { both(number, [0; 6]) };
    match result {
        // The second result tells the child, whose first one is its parent.
        Ok((_, 1)) => 0,
        Ok((child, _)) => child as c_int,
        Err(error) => {
            errno::set(error);
            -1
        }
    }
}

/// As execvp(2) for a path: nothing is searched for.
///
/// # Safety
/// `path` ends with NUL, `arguments` with null.
#[unsafe(no_mangle)]
unsafe extern "C" fn execvp(path: *const c_char, arguments: *const *const c_char) -> c_int {
    let environment = environment();
    // The last argument is one Solaris 11 has.
    // SAFETY: the caller's promise.
    ret(unsafe { call!(nr::EXECVE, path, arguments, environment, 0) }) as c_int
}

/// As dup2(3C). There is no other thread that could take the number meanwhile.
#[unsafe(no_mangle)]
extern "C" fn dup2(from: c_int, to: c_int) -> c_int {
    const F_DUPFD: c_int = 0;
    const F_GETFD: c_int = 1;
    // SAFETY: the call takes numbers.
    let open = ret(unsafe { call!(nr::FCNTL, from, F_GETFD, 0) });
    if open < 0 || from == to {
        return if open < 0 { -1 } else { to };
    }
    // SAFETY: the call takes a number. One that was not open is no failure.
    let _ = unsafe { call!(nr::CLOSE, to) };
    // SAFETY: the call takes numbers.
    ret(unsafe { call!(nr::FCNTL, from, F_DUPFD, to) }) as c_int
}

/// As pipe2(2). Older kernels give both ends as results, newer ones write them.
///
/// # Safety
/// `ends` has room for two numbers.
#[unsafe(no_mangle)]
unsafe extern "C" fn pipe2(ends: *mut [c_int; 2], flags: c_int) -> c_int {
    const O_CLOEXEC: c_int = 0x80_0000;
    const NONE: [c_int; 2] = [-1, -1];
    if flags & !O_CLOEXEC != 0 {
        errno::set(EINVAL);
        return -1;
    }
    let mut written = NONE;
    let arguments = [written.as_mut_ptr() as usize, 0, 0, 0, 0, 0];
    // SAFETY: the kernel writes two numbers at most.
    let (first, second) = match unsafe { both(nr::PIPE, arguments) } {
        Ok(pair) => pair,
        Err(error) => {
            errno::set(error);
            return -1;
        }
    };
    // SAFETY: it is ours; the kernel may have written to it.
    let written = unsafe { (&raw const written).read_volatile() };
    let pair = match written {
        NONE => [first as c_int, second as c_int],
        pair => pair,
    };
    if flags & O_CLOEXEC != 0 {
        for end in pair {
            close_on_exec(end as isize);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { ends.write(pair) };
    0
}

/// Words of `siginfo_t` that tell how a child ended (`sys/siginfo.h`).
const SI_CODE: usize = 1;
const SI_PID: usize = 4;
const SI_STATUS: usize = 8;
const SIGINFO_WORDS: usize = 64;

/// As waitpid(3C), for one child or any.
///
/// # Safety
/// `status` is null or can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int {
    const P_PID: c_int = 0;
    const P_ALL: c_int = 7;
    const WEXITED: c_int = 1;
    const WTRAPPED: c_int = 2;
    let which = if pid > 0 { P_PID } else { P_ALL };
    let options = options | WEXITED | WTRAPPED;
    let mut told = [0 as c_int; SIGINFO_WORDS];
    // SAFETY: `siginfo_t` is the 256 bytes of `told`.
    let result = unsafe { call!(nr::WAITSYS, which, pid.max(0), told.as_mut_ptr(), options) };
    if ret(result) < 0 {
        return -1;
    }
    let word = |at: usize| told.get(at).copied().unwrap_or(0);
    if word(SI_PID) != 0 && !status.is_null() {
        // SAFETY: the caller's promise.
        unsafe { status.write(wait_status(word(SI_CODE), word(SI_STATUS))) };
    }
    word(SI_PID)
}

/// A status as `wait` has it, out of what `waitid` tells.
fn wait_status(code: c_int, status: c_int) -> c_int {
    const CLD_EXITED: c_int = 1;
    const CLD_DUMPED: c_int = 3;
    const CORE: c_int = 0x80;
    match code {
        CLD_EXITED => (status & 0xff) << 8,
        CLD_DUMPED => status & 0x7f | CORE,
        _ => status & 0x7f,
    }
}

/// A set of signals: four words, a bit each.
type Signals = [u32; 4];

/// As sigemptyset(3C).
///
/// # Safety
/// `set` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn sigemptyset(set: *mut Signals) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { set.write([0; 4]) };
    0
}

/// As sigaddset(3C).
///
/// # Safety
/// `set` was made.
#[unsafe(no_mangle)]
unsafe extern "C" fn sigaddset(set: *mut Signals, signal: c_int) -> c_int {
    let at = word(signal).wrapping_sub(1);
    // SAFETY: the caller's promise.
    let set = unsafe { &mut *set };
    match set.get_mut(at / 32) {
        Some(word) => {
            *word |= 1 << (at % 32);
            0
        }
        None => {
            errno::set(EINVAL);
            -1
        }
    }
}

/// C functions that no program of ours has a use for; each fails, and says so.
macro_rules! absent {
    ($($name:ident($($argument:ty),*), $failed:expr;)*) => { $(
        #[doc = concat!("As ", stringify!($name), ", which is not there.")]
        #[unsafe(no_mangle)]
        extern "C" fn $name($(_: $argument),*) -> c_int {
            errno::set(ENOSYS);
            $failed
        }
    )* };
}

absent! {
    chroot(*const c_char), -1;
    setgid(u32), -1;
    setuid(u32), -1;
    setgroups(c_int, *const u32), -1;
    setpgid(c_int, c_int), -1;
    setsid(), -1;
    posix_spawn_file_actions_adddup2(*mut c_void, c_int, c_int), ENOSYS;
    posix_spawn_file_actions_destroy(*mut c_void), ENOSYS;
    posix_spawn_file_actions_init(*mut c_void), ENOSYS;
    posix_spawnattr_destroy(*mut c_void), ENOSYS;
    posix_spawnattr_init(*mut c_void), ENOSYS;
    posix_spawnattr_setflags(*mut c_void, i16), ENOSYS;
    posix_spawnattr_setpgroup(*mut c_void, c_int), ENOSYS;
    posix_spawnattr_setsigdefault(*mut c_void, *const Signals), ENOSYS;
    posix_spawnp(
        *mut c_int, *const c_char, *const c_void, *const c_void, *const *mut c_char,
        *const *mut c_char
    ), ENOSYS;
}
