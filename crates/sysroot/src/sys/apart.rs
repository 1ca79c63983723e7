//! A question asked by a process of its own, so that one that is never answered keeps nothing
//! of ours.
//!
//! A thread would not do: where a server took a question in and fell silent, the kernel lets
//! nobody go who waits for it, and a process with such a thread cannot end. The unsafe here is
//! for `fork` and for what is called between it and the end of the copy: system calls alone,
//! which allocate nothing, so that it does not matter which threads there are.
#![expect(unsafe_code, reason = "fork, as told above")]

use super::linux;
use crate::Stat;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{self, Pid, pipe2};
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// The longest text of a link (`PATH_MAX`).
const LINK_MAX: usize = 4096;

/// Where a copy has its end of the pipe, and the directory it looks from.
const PIPE: i32 = 0;
const AT: i32 = 1;

/// Up to which number a copy closes descriptors before Linux 5.9, which has a call to close all.
const NUMBERS_MAX: i32 = 4096;

/// As `sys::link`, asked apart.
pub(crate) fn link(
    at: BorrowedFd<'_>,
    name: &[u8],
    target: &mut Vec<u8>,
    patience: Duration,
) -> io::Result<()> {
    let name = CString::new(name)?;
    *target = ask(at, LINK_MAX, patience, |at, room| {
        read_link(at, &name, room)
    })?;
    Ok(())
}

/// As `sys::stat`, asked apart.
pub(crate) fn stat(at: BorrowedFd<'_>, name: &[u8], patience: Duration) -> io::Result<Stat> {
    let name = CString::new(name)?;
    let answer = ask(at, Stat::BYTES, patience, |at, room| {
        let told = linux::stat_named(at, &name)?.to_bytes();
        if let Some(room) = room.get_mut(..told.len()) {
            room.copy_from_slice(&told);
        }
        Ok(told.len())
    })?;
    let told = answer.first_chunk().and_then(Stat::from_bytes);
    told.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn read_link(at: BorrowedFd<'_>, name: &CStr, room: &mut [u8]) -> io::Result<usize> {
    // SAFETY: `name` ends with NUL; the kernel writes at most `room.len()` bytes into `room`.
    let length = unsafe {
        libc::readlinkat(
            at.as_raw_fd(),
            name.as_ptr(),
            room.as_mut_ptr().cast(),
            room.len(),
        )
    };
    usize::try_from(length).map_err(|_| io::Error::last_os_error())
}

/// Lets a copy of this process ask, and waits as long as `patience` says. The answer is what
/// `question` put into the room it was given, so many bytes as it says. A copy that does not
/// answer is killed and not waited for: the kernel may keep it, but for itself alone.
fn ask(
    at: BorrowedFd<'_>,
    room: usize,
    patience: Duration,
    question: impl FnOnce(BorrowedFd<'_>, &mut [u8]) -> io::Result<usize>,
) -> io::Result<Vec<u8>> {
    const ERRNO: usize = size_of::<i32>();
    let until = Instant::now() + patience;
    let mut answer = vec![0; ERRNO + room];
    let (from, to) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: the copy makes system calls and ends; see the head of this file.
    let copy = match unsafe { libc::fork() } {
        0 => {
            let (head, room) = answer.split_at_mut(ERRNO);
            let Ok(at) = apart(to.as_fd(), at) else {
                // Where it could not let go of what is ours it says nothing.
                finish(&[])
            };
            let (errno, length) = match question(at, room) {
                Ok(length) => (0, length),
                Err(error) => (error.raw_os_error().unwrap_or(libc::EIO), 0),
            };
            head.copy_from_slice(&errno.to_ne_bytes());
            finish(answer.get(..ERRNO + length).unwrap_or_default())
        }
        copy => Pid::from_raw(copy),
    };
    if copy.as_raw() < 0 {
        return Err(io::Error::last_os_error());
    }
    drop(to);
    let told = match heard(&from, until, &mut answer) {
        Ok(told) => told,
        Err(error) => {
            // It may have ended by itself just now.
            let _ = kill(copy, Signal::SIGKILL);
            return Err(error);
        }
    };
    // Its end closed the pipe, so this does not wait. Where the caller's parent asked for no
    // such news there is none.
    let _ = waitpid(copy, None);
    let (errno, told) = told.split_first_chunk().ok_or(io::ErrorKind::BrokenPipe)?;
    match i32::from_ne_bytes(*errno) {
        0 => Ok(told.to_vec()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Reads to the end of the pipe.
fn heard<'a>(from: &OwnedFd, until: Instant, answer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut filled = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(from.as_fd(), PollFlags::POLLIN)], left) {
            Ok(0) => {
                let why = "did not answer in time";
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            Ok(_) => {}
            Err(nix::Error::EINTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let room = answer.get_mut(filled..).unwrap_or_default();
        match super::read(from.as_fd(), room)?.len() {
            0 => return Ok(answer.get(..filled).unwrap_or_default()),
            length => filled += length,
        }
    }
}

/// In the copy: keeps the pipe and the directory and lets go of everything else, so that
/// nobody waits for the end of a pipe or for a file system because of it.
fn apart(to: BorrowedFd<'_>, at: BorrowedFd<'_>) -> io::Result<BorrowedFd<'static>> {
    // Both are above 2: the standard library sees to it that something is open up to there.
    unistd::dup2_stdin(to)?;
    unistd::dup2_stdout(at)?;
    // SAFETY: the call takes numbers, and nobody is left here to miss what it closes.
    if unsafe { libc::syscall(libc::SYS_close_range, AT + 1, u32::MAX, 0) } < 0 {
        for number in AT + 1..NUMBERS_MAX {
            // Most are not open.
            let _ = unistd::close(number);
        }
    }
    unistd::chdir(c"/")?;
    // SAFETY: it was opened above, and nothing closes it.
    Ok(unsafe { BorrowedFd::borrow_raw(AT) })
}

/// In the copy: says what was learned, and ends.
fn finish(answer: &[u8]) -> ! {
    // SAFETY: it is the pipe, where there is something to say.
    let to = unsafe { BorrowedFd::borrow_raw(PIPE) };
    let mut left = answer;
    while !left.is_empty()
        && let Ok(written) = unistd::write(to, left)
    {
        left = left.get(written..).unwrap_or_default();
    }
    // SAFETY: it ends the copy, and nothing of the caller's is run.
    unsafe { libc::_exit(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn top() -> OwnedFd {
        super::super::open_top(std::path::Path::new("/")).unwrap()
    }

    fn silent() -> ! {
        loop {
            // SAFETY: it waits for a signal.
            unsafe { libc::pause() };
        }
    }

    #[test]
    fn it_answers_as_the_call_itself() {
        let top = top();
        let (at, name) = (top.as_fd(), b"proc/self/exe".as_slice());
        assert_eq!(
            stat(at, name, LONG).unwrap(),
            linux::stat(at, name).unwrap()
        );
        let mut told = Vec::new();
        let mut same = Vec::new();
        link(at, b"proc/mounts", &mut told, LONG).unwrap();
        linux::link(at, b"proc/mounts", &mut same).unwrap();
        assert_eq!(told, same);
        let absent = stat(at, b"no-such-file", LONG).unwrap_err();
        assert_eq!(absent.raw_os_error(), Some(libc::ENOENT));
        let no_link = link(at, b"proc", &mut told, LONG).unwrap_err();
        assert_eq!(no_link.raw_os_error(), Some(libc::EINVAL));
        assert!(stat(at, b"a\0b", LONG).is_err());
    }

    #[test]
    fn one_that_does_not_answer_is_given_up() {
        let top = top();
        let patience = Duration::from_millis(20);
        let late = ask(top.as_fd(), 8, patience, |_, _| silent()).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn one_that_ends_without_an_answer_is_told() {
        let top = top();
        // SAFETY: it ends the copy.
        let ends = ask(top.as_fd(), 8, LONG, |_, _| unsafe { libc::_exit(1) });
        assert_eq!(ends.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn it_keeps_no_pipe_of_ours_open() {
        let top = top();
        let (from, to) = pipe2(OFlag::O_CLOEXEC).unwrap();
        let number = to.as_raw_fd();
        let open = ask(top.as_fd(), 1, LONG, |_, room| {
            // SAFETY: it asks whether a number is open.
            room.fill(u8::from(unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0));
            Ok(1)
        });
        assert_eq!(open.unwrap(), [0]);
        drop((from, to));
    }
}
