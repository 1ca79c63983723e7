//! The system call itself, and which set of calls this kernel has.

use crate::errno;
use crate::number as nr;
use core::arch::asm;
use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Bytes of `struct utsname`: five texts of 257.
pub(crate) const UTSNAME: usize = 5 * 257;

/// The directory `*at` calls start from by default (`fcntl.h`).
pub(crate) const AT_FDCWD: c_int = 0xffd1_9553_u32.cast_signed();

static SOLARIS_10: AtomicBool = AtomicBool::new(false);

/// Whether the `*at` calls are the ones to use: everywhere but on Solaris 10.
pub(crate) fn has_at() -> bool {
    !SOLARIS_10.load(Relaxed)
}

/// Takes note of the release. Solaris 11 and illumos both call themselves 5.11, and we use
/// only what both have.
pub(crate) fn choose(release: &[u8]) {
    SOLARIS_10.store(release.starts_with(b"5.10\0"), Relaxed);
}

/// One system call; the error number where the kernel sets carry.
///
/// # Safety
/// The arguments are what the call of this number takes.
pub(crate) unsafe fn raw(number: usize, arguments: [usize; 6]) -> Result<usize, c_int> {
    // SAFETY: the caller's promise.
    unsafe { both(number, arguments) }.map(|(first, _)| first)
}

/// As [`raw`], with the second result, which few calls have.
///
/// # Safety
/// As [`raw`].
pub(crate) unsafe fn both(number: usize, arguments: [usize; 6]) -> Result<(usize, usize), c_int> {
    let [a, b, c, d, e, f] = arguments;
    let result: usize;
    let second: usize;
    let failed: u8;
    // SAFETY: the caller's promise. The kernel keeps rbx, rbp, rsp and r12 to r15 only.
    unsafe {
        asm!(
            "syscall",
            "setc {failed}",
            failed = lateout(reg_byte) failed,
            inlateout("rax") number => result,
            inlateout("rdi") a => _,
            inlateout("rsi") b => _,
            inlateout("rdx") c => second,
            inlateout("r10") d => _,
            inlateout("r8") e => _,
            inlateout("r9") f => _,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    match failed {
        0 => Ok((result, second)),
        _ => Err(result as c_int),
    }
}

/// The C convention: -1 and errno.
pub(crate) fn ret(result: Result<usize, c_int>) -> isize {
    match result {
        Ok(value) => value.cast_signed(),
        Err(error) => {
            errno::set(error);
            -1
        }
    }
}

/// Whether an error means that the kernel has no such call.
pub(crate) const ENOSYS: c_int = 89;

/// Sign-extends an `int` into a register.
pub(crate) fn word(value: c_int) -> usize {
    (value as isize).cast_unsigned()
}

/// Ends the process. Where the number of exit is another call, as on Linux, which loads our
/// files too, an instruction that does not exist ends it.
pub(crate) fn exit(code: c_int) -> ! {
    // SAFETY: exit takes a number.
    let _ = unsafe { raw(nr::EXIT, [word(code), 0, 0, 0, 0, 0]) };
    // SAFETY: ud2 never returns.
    unsafe { asm!("ud2", options(noreturn, nomem, nostack)) }
}

/// `call!(NUMBER, arguments…)`: a call with up to six arguments of any C type. Unsafe as
/// [`raw`].
macro_rules! call {
    ($number:expr $(, $argument:expr)* $(,)?) => {{
        let mut words = [0usize; 6];
        let given = [$($argument as isize),*];
        for (slot, word) in words.iter_mut().zip(given) {
            let word: isize = word;
            *slot = word.cast_unsigned();
        }
        $crate::sys::raw($number, words)
    }};
}
pub(crate) use call;

/// C functions that are a system call each: the older form where the kernel has no `*at`.
macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $name:ident($($argument:ident: $type:ty),*) -> $result:ty =
            $number:ident($($word:expr),*) $(, old $old:ident($($old_word:expr),*))?;
    )*) => { $(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            $(
                if !$crate::sys::has_at() {
                    // SAFETY: the C function's contract, kept by the caller, is the call's.
                    let result = unsafe { $crate::sys::call!($crate::number::$old $(, $old_word)*) };
                    return $crate::sys::ret(result) as $result;
                }
            )?
            // SAFETY: the C function's contract, kept by the caller, is the call's.
            let result = unsafe { $crate::sys::call!($crate::number::$number $(, $word)*) };
            $crate::sys::ret(result) as $result
        }
    )* };
}
pub(crate) use calls;
