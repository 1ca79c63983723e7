//! What std wants of an unwinder, on Linux and on Solaris. A panic of ours says so and aborts; there are no tables to
//! walk frames by and no symbols to name them, so that a backtrace could not say a thing.
//!
//! With these the linker leaves out LLVM's unwinder, and the compiler sees that no frame is
//! ever looked at: what std has to read DWARF and to spell symbols goes too, a tenth of a
//! program.
#![expect(
    unsafe_code,
    reason = "these are functions of C, and their symbols replace those of LLVM's unwinder"
)]

use core::ffi::{c_int, c_void};

/// `_URC_END_OF_STACK`, of the Itanium C++ ABI.
const END_OF_STACK: c_int = 5;

/// Walks no frame.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_: *const c_void, _: *mut c_void) -> c_int {
    END_OF_STACK
}

/// Finds nobody to catch a panic, so that std aborts.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_RaiseException(_: *mut c_void) -> c_int {
    END_OF_STACK
}

/// Frees what was never raised.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_DeleteException(_: *mut c_void) {}

/// Never reached: nothing was raised.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume(_: *mut c_void) -> ! {
    panic!("a panic that was never raised goes on")
}

/// Sets no register.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_SetGR(_: *mut c_void, _: c_int, _: usize) {}

/// Sets no address.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_SetIP(_: *mut c_void, _: usize) {}

/// Functions that know nothing.
macro_rules! nothing {
    ($($name:ident)*) => { $(
        #[unsafe(no_mangle)]
        extern "C" fn $name(_: *mut c_void) -> usize {
            0
        }
    )* };
}

nothing! {
    _Unwind_FindEnclosingFunction _Unwind_GetCFA _Unwind_GetDataRelBase _Unwind_GetIP
    _Unwind_GetIPInfo _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart
    _Unwind_GetTextRelBase
}
