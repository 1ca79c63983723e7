//! System calls that have no safe form in nix or socket2: making processes without running a
//! program, io_uring, BPF, and a few options and ioctls. Memory shared with the kernel is only
//! touched through [`Mapping`].
#![expect(unsafe_code, reason = "the calls above; each says why it is sound")]

use nix::sys::mman::{MapFlags, ProtFlags};
use nix::sys::signal::{SigHandler, Signal};
use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// The result of a system call.
fn done(result: libc::c_long) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// A new descriptor a system call gave.
fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    let fd = RawFd::try_from(done(result)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Closes every descriptor but the three standard ones: what whoever started us left open is
/// no part of a stage.
pub(crate) fn close_inherited() -> io::Result<()> {
    // SAFETY: called first of all, while no descriptor above 2 is owned by anything of ours.
    done(unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) }).map(drop)
}

/// Makes a child; its pid, or none in the child.
pub(crate) fn fork() -> io::Result<Option<u32>> {
    // SAFETY: called only while this process has one thread, so no lock is held by another.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Parent { child } => Ok(Some(
            u32::try_from(child.as_raw()).map_err(io::Error::other)?,
        )),
        nix::unistd::ForkResult::Child => Ok(None),
    }
}

/// Waits for a child's exit code; 128 + signal where one ended it.
pub(crate) fn wait(child: u32) -> io::Result<u8> {
    use nix::sys::wait::{WaitStatus, waitpid};
    let pid = i32::try_from(child).map_err(io::Error::other)?;
    loop {
        match waitpid(nix::unistd::Pid::from_raw(pid), None) {
            Ok(WaitStatus::Exited(_, code)) => return u8::try_from(code).map_err(io::Error::other),
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                return u8::try_from(128 + signal as i32).map_err(io::Error::other);
            }
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sets what a signal does, to one of the kernel's own two actions.
pub(crate) fn set_signal(signal: Signal, handler: SigHandler) -> io::Result<()> {
    assert!(matches!(handler, SigHandler::SigIgn | SigHandler::SigDfl));
    // SAFETY: no function of ours is installed.
    unsafe { nix::sys::signal::signal(signal, handler) }?;
    Ok(())
}

/// Ends only the calling thread; called by the first, the process lives on without a leader.
pub(crate) fn exit_thread() -> ! {
    loop {
        // SAFETY: the thread's stack is not freed, only left; nothing borrows from it.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}

/// The calling thread's number.
pub(crate) fn own_tid() -> u32 {
    u32::try_from(nix::unistd::gettid().as_raw()).unwrap_or(0)
}

/// Nanoseconds since the start of the machine.
pub(crate) fn now_ns() -> i64 {
    nix::time::ClockId::CLOCK_MONOTONIC
        .now()
        .map_or(0, |now| now.tv_sec() * 1_000_000_000 + now.tv_nsec())
}

/// A handle of a process.
pub(crate) fn pidfd_open(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: numbers only.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })
}

/// Sets `lo` up.
pub(crate) fn loopback_up() -> io::Result<()> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    // SAFETY: an all-zero `ifreq` is a valid one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed() as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = 0x41; // IFF_UP | IFF_RUNNING
    // SAFETY: the kernel reads one `ifreq`, which lives through the call.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as libc::Ioctl,
            &raw const request,
        )
    };
    done(result.into()).map(drop)
}

/// Takes a capability away for good.
pub(crate) fn drop_bounding(number: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    done(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(number), 0, 0, 0) }.into())
        .map(drop)
}

/// Mounts one file over a symbolic link itself, which `mount(2)` cannot.
pub(crate) fn mount_over_link(from: &str, at: &str) -> io::Result<()> {
    const NOFOLLOW: u32 = libc::AT_SYMLINK_NOFOLLOW as u32;
    let (from, at) = (c_text(from)?, c_text(at)?);
    let clone = libc::AT_FDCWD;
    // SAFETY: the path ends with NUL and lives through the call. 1 is OPEN_TREE_CLONE.
    let tree =
        owned(unsafe { libc::syscall(libc::SYS_open_tree, clone, from.as_ptr(), NOFOLLOW | 1) })?;
    // SAFETY: as above; 4 is MOVE_MOUNT_F_EMPTY_PATH, without T_SYMLINKS the link is the place.
    let moved = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            at.as_ptr(),
            4,
        )
    };
    done(moved).map(drop)
}

fn c_text(text: &str) -> io::Result<std::ffi::CString> {
    std::ffi::CString::new(text).map_err(io::Error::other)
}

/// Sets a socket option neither nix nor socket2 has.
pub(crate) fn set_option(
    socket: BorrowedFd<'_>,
    level: i32,
    name: i32,
    value: &[u8],
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel reads `length` bytes of `value`.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast::<c_void>(),
            length,
        )
    };
    done(result.into()).map(drop)
}

/// `bpf(2)` with a raw attribute that holds no pointer, or pointers to what outlives the call.
pub(crate) fn bpf(command: u32, attribute: &mut [u64]) -> io::Result<OwnedFd> {
    let size = std::mem::size_of_val(attribute);
    // SAFETY: the kernel reads `size` bytes; the addresses our callers put there are of live data.
    owned(unsafe { libc::syscall(libc::SYS_bpf, command, attribute.as_mut_ptr(), size) })
}

/// The same, of commands that give no descriptor.
pub(crate) fn bpf_plain(command: u32, attribute: &mut [u64]) -> io::Result<()> {
    let size = std::mem::size_of_val(attribute);
    // SAFETY: as above.
    done(unsafe { libc::syscall(libc::SYS_bpf, command, attribute.as_mut_ptr(), size) }).map(drop)
}

/// A userfaultfd that handles nothing.
pub(crate) fn userfaultfd() -> io::Result<OwnedFd> {
    // SAFETY: numbers only.
    owned(unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) })
}

/// A performance counter that counts nothing (`PERF_COUNT_SW_DUMMY`) of this process.
pub(crate) fn perf_event() -> io::Result<OwnedFd> {
    // struct perf_event_attr, 128 bytes: type 1 (software) at 0, size at 4, config 9 at 8.
    let mut attribute = [0u64; 16];
    attribute[0] = 1 | 128 << 32;
    attribute[1] = 9;
    // SAFETY: the kernel reads the 128 bytes the structure names as its size.
    owned(unsafe { libc::syscall(libc::SYS_perf_event_open, attribute.as_ptr(), 0, -1, -1, 0) })
}

/// Makes an io_uring; the 120 bytes of `struct io_uring_params` go in and out. With
/// `IORING_SETUP_REGISTERED_FD_ONLY` the number is no descriptor but an index.
pub(crate) fn io_uring_setup(entries: u32, params: &mut [u32; 30]) -> io::Result<usize> {
    // SAFETY: the kernel reads and writes the 120 bytes of `params`.
    done(unsafe { libc::syscall(libc::SYS_io_uring_setup, entries, params.as_mut_ptr()) })
}

/// Takes the descriptor a plain [`io_uring_setup`] gave.
pub(crate) fn own(fd: usize) -> io::Result<OwnedFd> {
    owned(libc::c_long::try_from(fd).map_err(io::Error::other)?)
}

/// Submits and waits.
pub(crate) fn io_uring_enter(ring: i32, submit: u32, wait: u32, flags: u32) -> io::Result<usize> {
    // SAFETY: numbers only.
    done(unsafe { libc::syscall(libc::SYS_io_uring_enter, ring, submit, wait, flags, 0, 0) })
}

/// Registers an array of plain values (`IORING_REGISTER_*`), of `count` entries.
pub(crate) fn io_uring_register<T: Copy>(
    ring: i32,
    operation: u32,
    values: &mut [T],
    count: u32,
) -> io::Result<usize> {
    // SAFETY: the kernel reads and writes at most `count` entries, which our callers have there.
    done(unsafe {
        libc::syscall(
            libc::SYS_io_uring_register,
            ring,
            operation,
            values.as_mut_ptr(),
            count,
        )
    })
}

/// Memory shared with the kernel or with a file, kept until the process ends.
pub(crate) struct Mapping {
    start: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    /// Maps a file, or fresh memory where there is none.
    pub(crate) fn new(
        file: Option<BorrowedFd<'_>>,
        length: usize,
        offset: i64,
        shared: bool,
        write: bool,
    ) -> io::Result<Mapping> {
        let size = NonZeroUsize::new(length).ok_or(io::ErrorKind::InvalidInput)?;
        let flags = if shared {
            MapFlags::MAP_SHARED
        } else {
            MapFlags::MAP_PRIVATE
        };
        let prot = if write {
            ProtFlags::PROT_READ | ProtFlags::PROT_WRITE
        } else {
            ProtFlags::PROT_READ
        };
        let start = match file {
            // SAFETY: no address is asked for, so nothing mapped before is replaced.
            Some(fd) => unsafe { nix::sys::mman::mmap(None, size, prot, flags, fd, offset) },
            // SAFETY: as above.
            None => unsafe { nix::sys::mman::mmap_anonymous(None, size, prot, flags) },
        }?;
        Ok(Mapping { start, length })
    }

    /// Where it is, for structures that name it.
    pub(crate) fn address(&self) -> u64 {
        self.start.as_ptr() as u64
    }

    fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(
            offset.is_multiple_of(4) && offset + 4 <= self.length,
            "inside the mapping"
        );
        // SAFETY: the offset was just checked to be inside.
        let word = unsafe { self.start.as_ptr().byte_add(offset) };
        // SAFETY: the start is page aligned and the offset a multiple of four, the mapping is
        // never taken away, and both sides use the words as atomics.
        unsafe { &*word.cast::<AtomicU32>() }
    }

    /// Reads a word the kernel may write.
    pub(crate) fn load(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Acquire)
    }

    /// Writes a word the kernel may read.
    pub(crate) fn store(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Release);
    }
}

/// The inode behind a descriptor.
pub(crate) fn inode(fd: impl AsFd) -> io::Result<u64> {
    Ok(nix::sys::stat::fstat(fd)?.st_ino)
}
