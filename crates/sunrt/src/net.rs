//! Sockets. Addresses have the kernel's layout already; only the version numbers of the
//! calls and flags that are younger than Solaris 10 need care.

use crate::errno;
use crate::file::close_on_exec;
use crate::number as nr;
use crate::sys::{ENOSYS, call, calls, ret};
use crate::time::pollsys;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::{null, null_mut};

/// Versions of the socket calls (`SOV_*` of `sys/socketvar.h`).
const SOV_DEFAULT: c_int = 1;
const SOV_SOCKBSD: c_int = 3;
const SOCK_TYPE: c_int = 0xffff;
const SOCK_CLOEXEC: c_int = 0x8_0000;
const SOCK_NONBLOCK: c_int = 0x10_0000;
const F_GETFL: c_int = 3;
const F_SETFL: c_int = 4;
const O_RDWR: usize = 2;
const O_NONBLOCK: usize = 0x80;
const EAI_FAIL: c_int = 4;

calls! {
    /// As bind(3SOCKET).
    __xnet_bind(fd: c_int, address: *const c_void, length: u32) -> c_int =
        BIND(fd, address, length, SOV_SOCKBSD);
    /// As connect(3SOCKET).
    __xnet_connect(fd: c_int, address: *const c_void, length: u32) -> c_int =
        CONNECT(fd, address, length, SOV_DEFAULT);
    /// As listen(3SOCKET).
    listen(fd: c_int, backlog: c_int) -> c_int = LISTEN(fd, backlog, SOV_DEFAULT);
    /// As shutdown(3SOCKET).
    shutdown(fd: c_int, how: c_int) -> c_int = SHUTDOWN(fd, how, SOV_DEFAULT);
    /// As recv(3SOCKET).
    recv(fd: c_int, buffer: *mut c_void, length: usize, flags: c_int) -> isize =
        RECV(fd, buffer, length, flags);
    /// As recvfrom(3SOCKET).
    recvfrom(fd: c_int, buffer: *mut c_void, length: usize, flags: c_int, address: *mut c_void, room: *mut u32) -> isize =
        RECVFROM(fd, buffer, length, flags, address, room);
    /// As send(3SOCKET).
    send(fd: c_int, buffer: *const c_void, length: usize, flags: c_int) -> isize =
        SEND(fd, buffer, length, flags);
    /// As sendto(3SOCKET).
    __xnet_sendto(fd: c_int, buffer: *const c_void, length: usize, flags: c_int, address: *const c_void, room: u32) -> isize =
        SENDTO(fd, buffer, length, flags, address, room);
    /// As getpeername(3SOCKET).
    getpeername(fd: c_int, address: *mut c_void, length: *mut u32) -> c_int =
        GETPEERNAME(fd, address, length, SOV_DEFAULT);
    /// As getsockname(3SOCKET).
    getsockname(fd: c_int, address: *mut c_void, length: *mut u32) -> c_int =
        GETSOCKNAME(fd, address, length, SOV_DEFAULT);
    /// As getsockopt(3SOCKET).
    __xnet_getsockopt(fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut u32) -> c_int =
        GETSOCKOPT(fd, level, name, value, length, SOV_DEFAULT);
    /// As setsockopt(3SOCKET).
    setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_void, length: u32) -> c_int =
        SETSOCKOPT(fd, level, name, value, length, SOV_DEFAULT);
}

/// Applies the flags that came with a socket's type.
fn apply(fd: isize, flags: c_int) -> c_int {
    if fd >= 0 && flags & SOCK_NONBLOCK != 0 {
        // SAFETY: the call takes numbers.
        let old = unsafe { call!(nr::FCNTL, fd, F_GETFL, 0) }.unwrap_or(O_RDWR);
        // SAFETY: as above.
        let _ = unsafe { call!(nr::FCNTL, fd, F_SETFL, old | O_NONBLOCK) };
    }
    if flags & SOCK_CLOEXEC != 0 {
        close_on_exec(fd);
    }
    fd as c_int
}

/// As socket(3SOCKET).
#[unsafe(no_mangle)]
extern "C" fn __xnet_socket(family: c_int, kind: c_int, protocol: c_int) -> c_int {
    let plain = kind & SOCK_TYPE;
    // SAFETY: the call takes numbers and a path that may be null.
    let result = unsafe { call!(nr::SO_SOCKET, family, plain, protocol, 0, SOV_DEFAULT) };
    apply(ret(result), kind)
}

/// As accept4(3SOCKET). Solaris takes no flags here, illumos ignores none.
///
/// # Safety
/// `address` has room for `*length` bytes, or both are null.
#[unsafe(no_mangle)]
unsafe extern "C" fn accept4(
    fd: c_int,
    address: *mut c_void,
    length: *mut u32,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let result = unsafe { call!(nr::ACCEPT, fd, address, length, SOV_DEFAULT, 0) };
    apply(ret(result), flags)
}

/// No program of ours makes socket pairs.
#[unsafe(no_mangle)]
extern "C" fn __xnet_socketpair(_: c_int, _: c_int, _: c_int, _: *mut c_int) -> c_int {
    errno::set(ENOSYS);
    -1
}

/// As poll(2), by the call that takes a time instead of milliseconds.
///
/// # Safety
/// `fds` holds `count` records.
#[unsafe(no_mangle)]
unsafe extern "C" fn poll(fds: *mut c_void, count: u64, timeout_ms: c_int) -> c_int {
    let time = [
        i64::from(timeout_ms / 1000),
        i64::from(timeout_ms % 1000) * 1_000_000,
    ];
    let time = if timeout_ms < 0 {
        null()
    } else {
        time.as_ptr()
    };
    // SAFETY: the caller's promise.
    unsafe { pollsys(fds, count, time) }
}

/// Names are never resolved: literal addresses do not get here.
///
/// # Safety
/// `found` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn __xnet_getaddrinfo(
    _name: *const c_char,
    _service: *const c_char,
    _hints: *const c_void,
    found: *mut *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { found.write(null_mut()) };
    EAI_FAIL
}

/// Nothing was found, so nothing is freed.
#[unsafe(no_mangle)]
extern "C" fn freeaddrinfo(_: *mut c_void) {}

/// Why names are not resolved.
#[unsafe(no_mangle)]
extern "C" fn gai_strerror(_: c_int) -> *const c_char {
    c"names are not resolved by this static program".as_ptr()
}
