//! Files: opening, reading, asking what they are, changing names.

use crate::errno::{self, ENOTDIR};
use crate::number as nr;
use crate::sys::{AT_FDCWD, call, calls, has_at, ret};
use core::ffi::{c_char, c_int, c_void};

const AT_SYMLINK_NOFOLLOW: c_int = 0x1000;
const AT_REMOVEDIR: c_int = 1;
const O_CLOEXEC: c_int = 0x80_0000;
const O_DIRECTORY: c_int = 0x100_0000;
const O_NONBLOCK: c_int = 0x80;
const S_IFMT: u32 = 0xf000;
const S_IFDIR: u32 = 0x4000;
const F_DUPFD: c_int = 0;
const F_SETFD: c_int = 2;
const F_FREESP: c_int = 11;
const F_DUPFD_CLOEXEC: c_int = 37;
const FD_CLOEXEC: c_int = 1;
const FSYNC: c_int = 0x10;

/// Bytes of `struct stat`, and where its `st_mode` is among 32-bit words.
const STAT_WORDS: usize = 128 / 4;
const STAT_MODE: usize = 4;

calls! {
    /// As close(2).
    close(fd: c_int) -> c_int = CLOSE(fd);
    /// As read(2).
    read(fd: c_int, buffer: *mut c_void, length: usize) -> isize = READ(fd, buffer, length);
    /// As write(2).
    write(fd: c_int, buffer: *const c_void, length: usize) -> isize = WRITE(fd, buffer, length);
    /// As readv(2).
    readv(fd: c_int, parts: *const c_void, count: c_int) -> isize = READV(fd, parts, count);
    /// As writev(2).
    writev(fd: c_int, parts: *const c_void, count: c_int) -> isize = WRITEV(fd, parts, count);
    /// As pread(2).
    pread(fd: c_int, buffer: *mut c_void, length: usize, at: i64) -> isize =
        PREAD(fd, buffer, length, at);
    /// As pwrite(2).
    pwrite(fd: c_int, buffer: *const c_void, length: usize, at: i64) -> isize =
        PWRITE(fd, buffer, length, at);
    /// As lseek(2).
    lseek(fd: c_int, offset: i64, whence: c_int) -> i64 = LSEEK(fd, offset, whence);
    /// As ioctl(2).
    ioctl(fd: c_int, request: c_int, argument: usize) -> c_int = IOCTL(fd, request, argument);
    /// As dup(2).
    dup(fd: c_int) -> c_int = FCNTL(fd, F_DUPFD, 0);
    /// As fsync(3C).
    fsync(fd: c_int) -> c_int = FDSYNC(fd, FSYNC);
    /// As chdir(2).
    chdir(path: *const c_char) -> c_int = CHDIR(path);
    /// As fchdir(2).
    fchdir(fd: c_int) -> c_int = FCHDIR(fd);
    /// As fstat(2).
    fstat(fd: c_int, stat: *mut c_void) -> c_int = FSTATAT(fd, 0, stat, 0), old FSTAT(fd, stat);
    /// As stat(2).
    stat(path: *const c_char, stat: *mut c_void) -> c_int =
        FSTATAT(AT_FDCWD, path, stat, 0), old STAT(path, stat);
    /// As lstat(2).
    lstat(path: *const c_char, stat: *mut c_void) -> c_int =
        FSTATAT(AT_FDCWD, path, stat, AT_SYMLINK_NOFOLLOW), old LSTAT(path, stat);
    /// As fstatat(2).
    fstatat(dir: c_int, path: *const c_char, stat: *mut c_void, flags: c_int) -> c_int =
        FSTATAT(dir, path, stat, flags),
        old FSAT(nr::FSAT_FSTATAT, dir, path, stat, flags);
    /// As readlink(2).
    readlink(path: *const c_char, buffer: *mut c_char, length: usize) -> isize =
        READLINKAT(AT_FDCWD, path, buffer, length), old READLINK(path, buffer, length);
    /// As unlink(2).
    unlink(path: *const c_char) -> c_int = UNLINKAT(AT_FDCWD, path, 0), old UNLINK(path);
    /// As unlinkat(2).
    unlinkat(dir: c_int, path: *const c_char, flags: c_int) -> c_int =
        UNLINKAT(dir, path, flags), old FSAT(nr::FSAT_UNLINKAT, dir, path, flags);
    /// As linkat(2). std passes `AT_FDCWD`, which is all that Solaris 10 can do.
    linkat(dir: c_int, from: *const c_char, to_dir: c_int, to: *const c_char, flags: c_int) -> c_int =
        LINKAT(dir, from, to_dir, to, flags), old LINK(from, to);
    /// As symlink(2).
    symlink(target: *const c_char, path: *const c_char) -> c_int =
        SYMLINKAT(target, AT_FDCWD, path), old SYMLINK(target, path);
    /// As chmod(2).
    chmod(path: *const c_char, mode: u32) -> c_int =
        FCHMODAT(AT_FDCWD, path, mode, 0), old CHMOD(path, mode);
    /// As fchmod(2).
    fchmod(fd: c_int, mode: u32) -> c_int = FCHMODAT(fd, 0, mode, 0), old FCHMOD(fd, mode);
    /// As mkdir(2).
    mkdir(path: *const c_char, mode: u32) -> c_int =
        MKDIRAT(AT_FDCWD, path, mode), old MKDIR(path, mode);
    /// As rmdir(2).
    rmdir(path: *const c_char) -> c_int = UNLINKAT(AT_FDCWD, path, AT_REMOVEDIR), old RMDIR(path);
    /// As rename(2).
    rename(from: *const c_char, to: *const c_char) -> c_int =
        RENAMEAT(AT_FDCWD, from, AT_FDCWD, to), old RENAME(from, to);
}

/// Marks a descriptor to be closed by exec; a failed one stays as it is.
pub(crate) fn close_on_exec(fd: isize) -> isize {
    if fd >= 0 {
        // SAFETY: the call takes three numbers.
        let _ = unsafe { call!(nr::FCNTL, fd, F_SETFD, FD_CLOEXEC) };
    }
    fd
}

/// As open(2).
///
/// # Safety
/// `path` ends with NUL.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: u32) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { openat(AT_FDCWD, path, flags, mode) }
}

/// As openat(2). `O_CLOEXEC` and `O_DIRECTORY` are younger than the kernels we run on, so
/// the first is set afterwards and the second is checked: `O_NONBLOCK` keeps a FIFO from
/// stopping us meanwhile.
///
/// # Safety
/// `path` ends with NUL.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn openat(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: u32,
) -> c_int {
    let directory = flags & O_DIRECTORY != 0;
    let plain = flags & !(O_CLOEXEC | O_DIRECTORY) | if directory { O_NONBLOCK } else { 0 };
    let result = if has_at() {
        // SAFETY: the caller's promise.
        unsafe { call!(nr::OPENAT, dir, path, plain, mode) }
    } else if dir == AT_FDCWD {
        // SAFETY: the caller's promise.
        unsafe { call!(nr::OPEN, path, plain, mode) }
    } else {
        // SAFETY: the caller's promise.
        unsafe { call!(nr::FSAT, nr::FSAT_OPENAT, dir, path, plain, mode) }
    };
    let fd = ret(result);
    if directory && fd >= 0 && !is_directory(fd as c_int) {
        // SAFETY: the call takes a number.
        let _ = unsafe { call!(nr::CLOSE, fd) };
        errno::set(ENOTDIR);
        return -1;
    }
    if flags & O_CLOEXEC != 0 {
        close_on_exec(fd);
    }
    fd as c_int
}

fn is_directory(fd: c_int) -> bool {
    let mut words = [0u32; STAT_WORDS];
    // SAFETY: a stat takes the 128 bytes of `words`.
    let result = unsafe { fstat(fd, words.as_mut_ptr().cast()) };
    let mode = words.get(STAT_MODE).copied().unwrap_or(0);
    result == 0 && mode & S_IFMT == S_IFDIR
}

/// As fcntl(2); `F_DUPFD_CLOEXEC` is younger than Solaris 10.
///
/// # Safety
/// `argument` is what the command takes.
#[unsafe(no_mangle)]
unsafe extern "C" fn fcntl(fd: c_int, command: c_int, argument: usize) -> c_int {
    let plain = match command {
        F_DUPFD_CLOEXEC => F_DUPFD,
        other => other,
    };
    // SAFETY: the caller's promise.
    let result = ret(unsafe { call!(nr::FCNTL, fd, plain, argument) });
    if plain != command {
        close_on_exec(result);
    }
    result as c_int
}

/// As isatty(3C): whether the terminal's settings can be asked for.
#[unsafe(no_mangle)]
extern "C" fn isatty(fd: c_int) -> c_int {
    const TCGETA: c_int = 0x5401;
    let mut settings = [0u64; 4];
    // SAFETY: `struct termio` is 18 bytes long.
    let result = unsafe { call!(nr::IOCTL, fd, TCGETA, settings.as_mut_ptr()) };
    c_int::from(ret(result) == 0)
}

/// As ftruncate(3C): frees everything from a place on.
#[unsafe(no_mangle)]
extern "C" fn ftruncate(fd: c_int, length: i64) -> c_int {
    const F_WRLCK: i64 = 2;
    let flock = [F_WRLCK, length, 0, 0, 0, 0, 0, 0];
    // SAFETY: `struct flock` is 64 bytes: type and whence, start, length (0: to the end).
    ret(unsafe { call!(nr::FCNTL, fd, F_FREESP, flock.as_ptr()) }) as c_int
}

/// As readlinkat(2). Solaris 10 has no form of it that takes a directory, but with one
/// thread the current directory can stand in for it for a moment.
///
/// # Safety
/// `path` ends with NUL, `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn readlinkat(
    dir: c_int,
    path: *const c_char,
    buffer: *mut c_char,
    length: usize,
) -> isize {
    if has_at() {
        // SAFETY: the caller's promise.
        return ret(unsafe { call!(nr::READLINKAT, dir, path, buffer, length) });
    }
    if dir == AT_FDCWD {
        // SAFETY: the caller's promise.
        return unsafe { readlink(path, buffer, length) };
    }
    // SAFETY: the path is a constant.
    let here = unsafe { open(c".".as_ptr(), 0, 0) };
    // SAFETY: the call takes a number.
    if here < 0 || unsafe { fchdir(dir) } < 0 {
        return -1;
    }
    // SAFETY: the caller's promise.
    let result = unsafe { readlink(path, buffer, length) };
    // SAFETY: the call takes a number.
    let _ = unsafe { call!(nr::FCHDIR, here) };
    // SAFETY: as above.
    let _ = unsafe { call!(nr::CLOSE, here) };
    result
}
