//! Calls that std has no words for, with signatures that cannot be misused: STREAMS, kstat,
//! utssys, raw directory records. Lengths come from slices, pointers are made here.

use crate::file;
use crate::number as nr;
use crate::sys::{UTSNAME, call};
use core::ffi::{CStr, c_int};

/// An error number of this system.
pub type Errno = c_int;

/// A descriptor by its number; that it is open is the caller's affair, as with any number.
pub type Fd = c_int;

const I_PUSH: c_int = 0x5302;
const KSTAT_CHAIN_ID: c_int = 0x4b01;
const KSTAT_READ: c_int = 0x4b02;
const UTS_FUSERS: c_int = 3;

/// Bytes of `kstat_t` in a 64-bit process, and where two of its fields are.
pub const KSTAT: usize = 184;
const KS_DATA: usize = 120;
const KS_DATA_SIZE: usize = 136;

/// What the kernel calls itself: five texts of 257 bytes.
///
/// # Errors
/// As uname(2).
pub fn uname(names: &mut [u8; UTSNAME]) -> Result<(), Errno> {
    // SAFETY: `struct utsname` is as long as the array.
    unsafe { call!(nr::UNAME, names.as_mut_ptr()) }.map(|_| ())
}

/// The number of this process.
#[must_use]
pub fn pid() -> c_int {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { call!(nr::GETPID) }.map_or(-1, |pid| pid as c_int)
}

/// Opens a file with flags of `fcntl.h`.
///
/// # Errors
/// As open(2).
pub fn open(path: &CStr, flags: c_int) -> Result<Fd, Errno> {
    // SAFETY: a `CStr` ends with NUL.
    match unsafe { file::open(path.as_ptr(), flags, 0) } {
        fd if fd < 0 => Err(crate::errno::last()),
        fd => Ok(fd),
    }
}

/// Closes a descriptor.
pub fn close(fd: Fd) {
    // SAFETY: the call takes a number.
    let _ = unsafe { call!(nr::CLOSE, fd) };
}

/// Reads once.
///
/// # Errors
/// As read(2).
pub fn read(fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the length of `buffer`.
    unsafe { call!(nr::READ, fd, buffer.as_mut_ptr(), buffer.len()) }
}

/// Size of an open file in bytes.
///
/// # Errors
/// As fstat(2).
pub fn size(fd: Fd) -> Result<u64, Errno> {
    const WORDS: usize = 128 / 8;
    const ST_SIZE: usize = 5;
    let mut words = [0u64; WORDS];
    // SAFETY: `struct stat` is the 128 bytes of `words`.
    match unsafe { file::fstat(fd, words.as_mut_ptr().cast()) } {
        0 => Ok(words.get(ST_SIZE).copied().unwrap_or(0)),
        _ => Err(crate::errno::last()),
    }
}

/// Fills the buffer with directory records ([`crate::records`]). 0 is the end.
///
/// # Errors
/// As getdents(2).
pub fn entries(fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the length of `buffer`.
    unsafe { call!(nr::GETDENTS, fd, buffer.as_mut_ptr(), buffer.len()) }
}

/// Puts a module on top of a stream.
///
/// # Errors
/// As `I_PUSH` of streamio(4I).
pub fn push(fd: Fd, module: &CStr) -> Result<(), Errno> {
    // SAFETY: the request takes a name that ends with NUL.
    unsafe { call!(nr::IOCTL, fd, I_PUSH, module.as_ptr()) }.map(|_| ())
}

/// `struct strbuf` of a 64-bit process.
#[repr(C)]
struct Part {
    room: c_int,
    length: c_int,
    at: *mut u8,
}

fn length(bytes: usize) -> c_int {
    c_int::try_from(bytes).unwrap_or(c_int::MAX)
}

/// Sends a message with a control part only.
///
/// # Errors
/// As putmsg(2).
pub fn put_message(fd: Fd, control: &[u8]) -> Result<(), Errno> {
    let part = Part {
        room: 0,
        length: length(control.len()),
        at: control.as_ptr().cast_mut(),
    };
    // SAFETY: putmsg reads the control part and writes nothing.
    unsafe { call!(nr::PUTMSG, fd, &raw const part, 0, 0) }.map(|_| ())
}

/// What came of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Bytes of the part asked for; none where the message had no such part.
    pub length: Option<usize>,
    /// More of the control part waits (`MORECTL`).
    pub more_control: bool,
    /// More of the data part waits (`MOREDATA`).
    pub more_data: bool,
}

/// Receives the control part of the next message.
///
/// # Errors
/// As getmsg(2).
pub fn get_control(fd: Fd, buffer: &mut [u8]) -> Result<Came, Errno> {
    get(fd, buffer, true)
}

/// Receives the data part of the message whose control part came before.
///
/// # Errors
/// As getmsg(2).
pub fn get_data(fd: Fd, buffer: &mut [u8]) -> Result<Came, Errno> {
    get(fd, buffer, false)
}

fn get(fd: Fd, buffer: &mut [u8], control: bool) -> Result<Came, Errno> {
    const MORECTL: usize = 1;
    const MOREDATA: usize = 2;
    let mut part = Part {
        room: length(buffer.len()),
        length: -1,
        at: buffer.as_mut_ptr(),
    };
    let mut flags: c_int = 0;
    let mut given = [&raw mut part, core::ptr::null_mut()];
    if !control {
        given.reverse();
    }
    let [control_part, data_part] = given;
    // SAFETY: the kernel writes at most `room` bytes to the one part given.
    let more = unsafe { call!(nr::GETMSG, fd, control_part, data_part, &raw mut flags) }?;
    Ok(Came {
        length: usize::try_from(part.length).ok(),
        more_control: more & MORECTL != 0,
        more_data: more & MOREDATA != 0,
    })
}

/// The number of the chain of statistics; another one means that it changed.
///
/// # Errors
/// As ioctl(2).
pub fn kstat_chain(fd: Fd) -> Result<c_int, Errno> {
    // SAFETY: the request takes nothing.
    unsafe { call!(nr::IOCTL, fd, KSTAT_CHAIN_ID, 0) }.map(|id| id as c_int)
}

/// Reads one statistic, named by `ks_kid` in its header, into `data`. The header comes back
/// with the true size; the chain's number is the answer.
///
/// # Errors
/// As ioctl(2); `ENOMEM` where `data` is too short, with the size needed in the header.
pub fn kstat_read(fd: Fd, header: &mut [u8; KSTAT], data: &mut [u8]) -> Result<c_int, Errno> {
    let pointer = (data.as_mut_ptr() as u64).to_ne_bytes();
    let room = (data.len() as u64).to_ne_bytes();
    for (at, value) in [(KS_DATA, pointer), (KS_DATA_SIZE, room)] {
        if let Some(field) = header.get_mut(at..at + 8) {
            field.copy_from_slice(&value);
        }
    }
    // SAFETY: the kernel writes at most the length of `data` to the pointer just set.
    unsafe { call!(nr::IOCTL, fd, KSTAT_READ, header.as_mut_ptr()) }.map(|id| id as c_int)
}

/// Asks who uses a file (`UTS_FUSERS`), with the flags of `sys/utssys.h`. The answer is a
/// count of room, a count of users and the users, 16 bytes each.
///
/// # Errors
/// As utssys(2): `E2BIG` where the buffer is too short, `EINVAL` for a path that is no mount
/// point where that was asked.
pub fn users(path: &CStr, flags: c_int, buffer: &mut [u8]) -> Result<(), Errno> {
    const HEAD: usize = 8;
    const USER: usize = 16;
    let room = length(buffer.len().saturating_sub(HEAD) / USER).to_ne_bytes();
    match buffer.get_mut(..room.len()) {
        Some(field) if room != [0; 4] => field.copy_from_slice(&room),
        _ => return Err(crate::errno::EINVAL),
    }
    // SAFETY: the kernel writes at most as many users as the buffer's head says.
    unsafe {
        call!(
            nr::UTSSYS,
            path.as_ptr(),
            flags,
            UTS_FUSERS,
            buffer.as_mut_ptr()
        )
    }
    .map(|_| ())
}
