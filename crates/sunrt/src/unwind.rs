//! What std wants of an unwinder. Nothing unwinds here: a panic says so and aborts, and a
//! backtrace is empty.

use core::ffi::{c_int, c_void};

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
    crate::start::abort()
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
    _Unwind_GetDataRelBase _Unwind_GetIP _Unwind_GetIPInfo _Unwind_GetLanguageSpecificData
    _Unwind_GetRegionStart _Unwind_GetTextRelBase
}
