//! System calls that neither std nor nix offers.
//!
//! The unsafe here is for `kcmp`, `listmount` and `statmount`.
#![expect(unsafe_code, reason = "kcmp, listmount and statmount, as told above")]

use model::Pid;
use std::cmp::Ordering;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// One number on every architecture, as all calls since Linux 5.1; libc has no name for them.
const SYS_STATMOUNT: libc::c_long = 457;
const SYS_LISTMOUNT: libc::c_long = 458;

/// How the descriptor tables of two tasks stand in an order of the kernel's own: equal where they
/// share one (`KCMP_FILES`). None where they are not the same and have no order.
///
/// # Errors
/// As `kcmp(2)`: `ESRCH` where one is gone, `EPERM` without the right to trace both,
/// `ENOSYS` where the kernel was built without it.
pub(crate) fn compare_files(one: Pid, other: Pid) -> io::Result<Option<Ordering>> {
    const KCMP_FILES: libc::c_int = 2;
    // SAFETY: kcmp takes five numbers and writes no memory of ours.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one.0, other.0, KCMP_FILES, 0u64, 0u64) };
    match order {
        0 => Ok(Some(Ordering::Equal)),
        1 => Ok(Some(Ordering::Less)),
        2 => Ok(Some(Ordering::Greater)),
        3.. => Ok(None),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether two tasks share one descriptor table.
///
/// # Errors
/// As [`compare_files`].
pub(crate) fn share_files(one: Pid, other: Pid) -> io::Result<bool> {
    Ok(compare_files(one, other)? == Some(Ordering::Equal))
}

/// `struct mnt_id_req`: size, spare, mount, parameter (`include/uapi/linux/mount.h`).
fn mount_request(mount: u64, parameter: u64) -> [u64; 3] {
    const SIZE: u32 = 24;
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(SIZE.to_ne_bytes()) {
        *to = from;
    }
    [u64::from_ne_bytes(head), mount, parameter]
}

/// Numbers of the mounts of our mount namespace, those after `last` (0 is from the start).
///
/// # Errors
/// As `listmount(2)`: `ENOSYS` before Linux 6.8.
pub(crate) fn listmount(last: u64, ids: &mut [u64]) -> io::Result<usize> {
    const ROOT: u64 = u64::MAX; // LSMT_ROOT
    let request = mount_request(ROOT, last);
    // SAFETY: the kernel reads the 24 bytes of `request` and writes at most `ids.len()` numbers.
    let count = unsafe {
        libc::syscall(
            SYS_LISTMOUNT,
            request.as_ptr(),
            ids.as_mut_ptr(),
            ids.len(),
            0,
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// What one mount is, as `struct statmount` into `buffer`, with what `mask` asks for.
///
/// # Errors
/// As `statmount(2)`: `EOVERFLOW` where the buffer is too short.
pub(crate) fn statmount(mount: u64, mask: u64, buffer: &mut [u8]) -> io::Result<()> {
    let request = mount_request(mount, mask);
    // SAFETY: the kernel reads the 24 bytes of `request` and writes within `buffer`.
    let answer = unsafe {
        libc::syscall(
            SYS_STATMOUNT,
            request.as_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            0,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A call that fails with `ESRCH` exactly where there is no such process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Oracle {
    /// Its name.
    pub(crate) name: &'static str,
    call: libc::c_long,
    arguments: fn(libc::c_long) -> [libc::c_long; 4],
}

/// Calls of different subsystems, so that whoever hides a process must have thought of each.
/// None writes to memory or changes anything: signal 0 is not sent, and where a call has a
/// place to write to it is null. `tgkill` and `pidfd_open` answer for processes only, the
/// others for threads as well.
pub(crate) const ORACLES: &[Oracle] = &[
    Oracle {
        name: "tgkill",
        call: libc::SYS_tgkill,
        arguments: |pid| [pid, pid, 0, 0],
    },
    Oracle {
        name: "kill",
        call: libc::SYS_kill,
        arguments: |pid| [pid, 0, 0, 0],
    },
    Oracle {
        name: "sched_getaffinity",
        call: libc::SYS_sched_getaffinity,
        arguments: |pid| [pid, 8192, 0, 0],
    },
    Oracle {
        name: "pidfd_open",
        call: libc::SYS_pidfd_open,
        arguments: |pid| [pid, 0, 0, 0],
    },
    Oracle {
        name: "getpgid",
        call: libc::SYS_getpgid,
        arguments: |pid| [pid, 0, 0, 0],
    },
    Oracle {
        name: "getsid",
        call: libc::SYS_getsid,
        arguments: |pid| [pid, 0, 0, 0],
    },
    Oracle {
        name: "sched_getscheduler",
        call: libc::SYS_sched_getscheduler,
        arguments: |pid| [pid, 0, 0, 0],
    },
    Oracle {
        name: "sched_rr_get_interval",
        call: libc::SYS_sched_rr_get_interval,
        arguments: |pid| [pid, 0, 0, 0],
    },
    Oracle {
        name: "getpriority",
        call: libc::SYS_getpriority,
        arguments: |pid| [0, pid, 0, 0],
    },
    Oracle {
        name: "prlimit64",
        call: libc::SYS_prlimit64,
        arguments: |pid| [pid, 0, 0, 0],
    },
    Oracle {
        name: "ioprio_get",
        call: libc::SYS_ioprio_get,
        arguments: |pid| [1, pid, 0, 0],
    },
];

/// Whether an oracle says that a task exists. A call the kernel has not says of none.
pub(crate) fn exists(oracle: &Oracle, pid: Pid) -> bool {
    let [one, two, three, four] = (oracle.arguments)(pid.0.cast_signed().into());
    // SAFETY: every call of the table takes numbers, and null where it would write.
    let answer = unsafe { libc::syscall(oracle.call, one, two, three, four) };
    if answer < 0 {
        let errno = io::Error::last_os_error().raw_os_error();
        // ENOENT and EINVAL are pidfd_open's words for a thread that leads no process.
        let none = [libc::ESRCH, libc::ENOSYS, libc::ENOENT, libc::EINVAL];
        return errno.is_some_and(|errno| !none.contains(&errno));
    }
    if oracle.call == libc::SYS_pidfd_open {
        drop(owned(answer));
    }
    true
}

/// The name of [`number_is_taken`], beside those of [`ORACLES`].
pub(crate) const TAKEN: &str = "clone3";

/// Whether a number cannot be given to a new task: a bind probe for processes (`set_tid` of
/// `clone3(2)`, Linux 5.5). A number is taken as well while it names a group or a session whose
/// leader has gone.
///
/// No task comes of it. The kernel takes the number, then fails to write the new task's
/// descriptor to an address that is never mapped, and gives the number back before anybody
/// could have seen it (`copy_process` in `kernel/fork.c`).
///
/// # Errors
/// As `clone3(2)`: `EPERM` without `CAP_CHECKPOINT_RESTORE`, `EINVAL` for a number that nobody
/// can have, `E2BIG` or `ENOSYS` before Linux 5.5.
pub(crate) fn number_is_taken(pid: Pid) -> io::Result<bool> {
    const PIDFD: u64 = 0x1000; // CLONE_PIDFD
    const SHARED: u64 = 0xf00; // CLONE_VM, FS, FILES, SIGHAND: nothing is copied
    const NOWHERE: u64 = 1;
    let stack = [0u64; 64];
    let address = |at: *const u8| u64::try_from(at.addr()).unwrap_or_default();
    // struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
    // set_tid, set_tid_size
    let arguments = [
        PIDFD | SHARED,
        NOWHERE,
        0,
        0,
        0,
        address(stack.as_ptr().cast()),
        256,
        0,
        address((&raw const pid.0).cast()),
        1,
    ];
    // SAFETY: the kernel reads the ten numbers and the one pid. It cannot write to `NOWHERE`,
    // so that no task begins on `stack`.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            arguments.as_ptr(),
            std::mem::size_of_val(&arguments),
        )
    };
    let errno = io::Error::last_os_error();
    match errno.raw_os_error() {
        _ if answer >= 0 => Err(io::ErrorKind::Other.into()),
        Some(libc::EEXIST) => Ok(true),
        Some(libc::EFAULT) => Ok(false),
        _ => Err(errno),
    }
}

/// Takes what a call gave as a descriptor nobody else has.
fn owned(answer: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(answer) {
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A descriptor for a process, or for a thread of its own (`PIDFD_THREAD`, Linux 6.9).
///
/// # Errors
/// As `pidfd_open(2)`.
pub(crate) fn pidfd_open(pid: Pid, thread: bool) -> io::Result<OwnedFd> {
    let flags = if thread { libc::O_EXCL } else { 0 };
    // SAFETY: pidfd_open takes two numbers.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.0, flags) })
}

/// A copy of a descriptor of another process.
///
/// # Errors
/// As `pidfd_getfd(2)`: `EBADF` where it has none of that number, `EPERM` without the right
/// to trace it, `ENOSYS` before Linux 5.6.
pub(crate) fn pidfd_getfd(process: BorrowedFd<'_>, fd: u32) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_getfd takes three numbers; `process` is open.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) })
}

/// The process a task belongs to (`PIDFD_GET_INFO`, Linux 6.13).
///
/// # Errors
/// As `ioctl(2)`: `ENOTTY` before.
pub(crate) fn process_of(task: BorrowedFd<'_>) -> io::Result<Pid> {
    // _IOWR(0xff, 11, struct pidfd_info): mask, cgroup, then pid, tgid, … 64 bytes at first.
    const GET_INFO: libc::c_ulong = 0xc040_ff0b;
    const PID: u64 = 1; // PIDFD_INFO_PID
    let mut info = [0u64; 8];
    info[0] = PID;
    // SAFETY: the kernel reads and writes the 64 bytes the request's number tells of.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_ioctl,
            task.as_raw_fd(),
            GET_INFO,
            info.as_mut_ptr(),
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    let [_, _, pids, ..] = info;
    let [_, _, _, _, tgid @ ..] = pids.to_ne_bytes();
    Ok(Pid(u32::from_ne_bytes(tgid)))
}

/// An option of a socket, into `value`; gives how much the kernel wrote of it.
///
/// # Errors
/// As `getsockopt(2)`.
pub(crate) fn option(
    socket: BorrowedFd<'_>,
    level: i32,
    name: i32,
    value: &mut [u8],
) -> io::Result<usize> {
    let mut length = libc::socklen_t::try_from(value.len()).unwrap_or(0);
    // SAFETY: the kernel writes at most `length` bytes, which `value` has.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(length).unwrap_or(0))
}

/// The classic BPF filter on a socket, 8 bytes an instruction; empty where there is none.
///
/// # Errors
/// As `getsockopt(2)`: `EACCES` where the filter is none of the classic kind.
pub(crate) fn filter(socket: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    // The length of this option counts instructions. Asked with 0, it is told and no more.
    let mut count: libc::socklen_t = 0;
    let mut get = |program: *mut u8| {
        // SAFETY: null with a count of 0, then a place for `count` instructions.
        let answer = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_GET_FILTER,
                program.cast(),
                &raw mut count,
            )
        };
        if answer < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(usize::try_from(count).unwrap_or(0))
    };
    let instructions = get(std::ptr::null_mut())?;
    let mut program = vec![0; instructions * 8];
    if instructions != 0 {
        get(program.as_mut_ptr())?;
    }
    Ok(program)
}

/// The address of a socket (`peer` false) or of its peer, as `struct sockaddr`.
///
/// # Errors
/// As `getsockname(2)` and `getpeername(2)`.
pub(crate) fn name(socket: BorrowedFd<'_>, peer: bool) -> io::Result<[u8; 128]> {
    let mut raw = [0u8; 128];
    let mut length: libc::socklen_t = 128;
    let call = if peer {
        libc::getpeername
    } else {
        libc::getsockname
    };
    // SAFETY: the kernel writes at most the 128 bytes of `raw`.
    let answer = unsafe { call(socket.as_raw_fd(), raw.as_mut_ptr().cast(), &raw mut length) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(raw)
}

/// The network namespace a socket lives in (`SIOCGSKNS`, Linux 4.9), as a descriptor.
///
/// # Errors
/// As `ioctl(2)`: `EPERM` without `CAP_NET_ADMIN` there.
pub(crate) fn netns_of(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    const SIOCGSKNS: libc::c_ulong = 0x894c;
    // SAFETY: this request takes no argument; `socket` is open.
    owned(unsafe { libc::syscall(libc::SYS_ioctl, socket.as_raw_fd(), SIOCGSKNS, 0) })
}

/// What `bpf(2)` is asked for: links or programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bpf {
    /// `BPF_LINK_GET_NEXT_ID`, `BPF_LINK_GET_FD_BY_ID`
    Link,
    /// `BPF_PROG_GET_NEXT_ID`, `BPF_PROG_GET_FD_BY_ID`
    Program,
}

/// One command of `bpf(2)`, its attributes in and out.
///
/// # Safety
/// Where the command takes an address, what stands there must be the kernel's to write to.
unsafe fn bpf(command: libc::c_int, attributes: &mut [u32; 4]) -> io::Result<libc::c_long> {
    // SAFETY: the kernel reads and writes within the 16 bytes told; the caller sees to what
    // they point to.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, attributes.as_mut_ptr(), 16) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer)
}

/// The first number of a kind after `id`; none at the end.
///
/// # Errors
/// As `bpf(2)`: `EPERM` without `CAP_SYS_ADMIN`, `EINVAL` before Linux 5.8 for links.
pub(crate) fn bpf_next(kind: Bpf, id: u32) -> io::Result<Option<u32>> {
    let command = match kind {
        Bpf::Link => 31,
        Bpf::Program => 11,
    };
    let mut attributes = [id, 0, 0, 0];
    // SAFETY: this command takes numbers only.
    match unsafe { bpf(command, &mut attributes) } {
        Ok(_) => {
            let [_, next, ..] = attributes;
            Ok(Some(next))
        }
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a link or program is, as its struct into `info`, which is all zero.
///
/// # Errors
/// As `bpf(2)`: `ENOENT` where there is none of that number.
pub(crate) fn bpf_info(kind: Bpf, id: u32, info: &mut [u8]) -> io::Result<()> {
    const GET_INFO: libc::c_int = 15;
    let command = match kind {
        Bpf::Link => 30,
        Bpf::Program => 13,
    };
    // SAFETY: this command takes numbers only.
    let object = owned(unsafe { bpf(command, &mut [id, 0, 0, 0]) }?)?;
    let place = (info.as_mut_ptr().expose_provenance() as u64).to_ne_bytes();
    let [a, b, c, d, e, f, g, h] = place;
    let mut attributes = [
        object.as_raw_fd().cast_unsigned(),
        u32::try_from(info.len()).unwrap_or(0),
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    ];
    // SAFETY: `info` holds as many bytes as told, is ours to write to, and outlives the call.
    unsafe { bpf(GET_INFO, &mut attributes) }?;
    Ok(())
}
