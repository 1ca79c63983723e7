//! The way into the program and out of it.
//!
//! The kernel leaves argc, the arguments, a null, the environment and a null on the stack. A
//! static program gets no auxiliary vector, and std for this target keeps its thread locals
//! under pthread keys, so nothing else is to be set up.

use crate::number as nr;
use crate::selftest;
use crate::sys::{self, call};
use core::arch::global_asm;
use core::ffi::{CStr, c_char, c_int};
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {enter}",
    "ud2",
    enter = sym enter,
);

/// The environment, where std looks for it.
#[unsafe(no_mangle)]
static environ: AtomicPtr<*mut c_char> = AtomicPtr::new(null_mut());
static STACK_TOP: AtomicUsize = AtomicUsize::new(0);
static PROGRAM: AtomicPtr<c_char> = AtomicPtr::new(null_mut());

unsafe extern "C" {
    /// The program's own, made by the compiler.
    fn main(argc: c_int, argv: *const *const c_char) -> c_int;
}

/// The environment as `execve` takes it.
pub(crate) fn environment() -> *const *mut c_char {
    environ.load(Relaxed)
}

/// Where the stack began.
pub(crate) fn stack_top() -> usize {
    STACK_TOP.load(Relaxed)
}

/// A call that the kernel lacks must fail, not kill: SIGSYS is ignored before any other call
/// whose number depends on the release.
fn ignore_sigsys() {
    const SIGSYS: c_int = 12;
    const SIG_IGN: usize = 1;
    let action = [0usize, SIG_IGN, 0, 0];
    // SAFETY: `struct sigaction` is these four words.
    let _ = unsafe { call!(nr::SIGACTION, SIGSYS, action.as_ptr(), 0) };
}

/// # Safety
/// `stack` is where the kernel left the arguments.
unsafe extern "C" fn enter(stack: *mut usize) -> ! {
    ignore_sigsys();
    // SAFETY: argc is the first word.
    let argc = unsafe { stack.read() };
    let argv = stack.wrapping_add(1).cast::<*const c_char>();
    environ.store(stack.wrapping_add(argc + 2).cast(), Relaxed);
    STACK_TOP.store(stack as usize, Relaxed);
    if argc > 0 {
        // SAFETY: there is at least one argument.
        let program = unsafe { argv.read() };
        PROGRAM.store(program.cast_mut(), Relaxed);
    }
    if let Err(complaint) = selftest::run() {
        refuse(&complaint);
    }
    // SAFETY: the compiler's main, called once with what the kernel gave.
    sys::exit(unsafe { main(argc as c_int, argv) })
}

/// Says why the program will not run here, and ends it as a request that cannot be met.
fn refuse(complaint: &selftest::Complaint) -> ! {
    const CANNOT: c_int = 2;
    let program = PROGRAM.load(Relaxed);
    if !program.is_null() {
        // SAFETY: the kernel's arguments end with NUL.
        say(unsafe { CStr::from_ptr(program) }.to_bytes());
        say(b": ");
    }
    say(b"this kernel does not answer as Solaris or illumos would: ");
    say(complaint.check.as_bytes());
    say(b"\n");
    sys::exit(CANNOT)
}

fn say(text: &[u8]) {
    // SAFETY: the text is as long as it says. Nothing is left to do if it cannot be written.
    let _ = unsafe { call!(nr::WRITE, 2, text.as_ptr(), text.len()) };
}

/// As exit(2).
#[unsafe(no_mangle)]
extern "C" fn exit(code: c_int) -> ! {
    sys::exit(code)
}

/// As _exit(2).
#[unsafe(no_mangle)]
extern "C" fn _exit(code: c_int) -> ! {
    sys::exit(code)
}

/// As abort(3C).
#[unsafe(no_mangle)]
pub(crate) extern "C" fn abort() -> ! {
    const SIGABRT: c_int = 6;
    const ABORTED: c_int = 134;
    // SAFETY: the call takes nothing.
    if let Ok(pid) = unsafe { call!(nr::GETPID) } {
        // SAFETY: the call takes two numbers.
        let _ = unsafe { call!(nr::KILL, pid, SIGABRT) };
    }
    sys::exit(ABORTED)
}

/// As getexecname(3C), as far as the first argument tells.
#[unsafe(no_mangle)]
extern "C" fn getexecname() -> *const c_char {
    PROGRAM.load(Relaxed)
}

/// As getenv(3C).
///
/// # Safety
/// `name` ends with NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn getenv(name: *const c_char) -> *const c_char {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    let mut entry = environ.load(Relaxed);
    while !entry.is_null() {
        // SAFETY: the list ends with null, and we have not passed it.
        let text = unsafe { entry.read() };
        if text.is_null() {
            break;
        }
        // SAFETY: the kernel's texts end with NUL.
        let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
        if let Some([b'=', ..]) = bytes.strip_prefix(name) {
            return text.wrapping_add(name.len() + 1);
        }
        entry = entry.wrapping_add(1);
    }
    null()
}
