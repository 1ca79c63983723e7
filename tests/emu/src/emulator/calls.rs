//! Which call goes where, and the calls that are about the process itself.

use super::handle::descriptor;
use super::{ABSENT, EFAULT, Kernel, Reply, convert, say};
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::time::ClockId;
use std::os::fd::BorrowedFd;

const EINVAL: i32 = 22;
const EBADF: i32 = 9;
const ENODEV: i32 = 19;
const ENOSYS: i32 = 89;
/// The status of a program killed by SIGSYS.
const KILLED_BY_SIGSYS: u8 = 128 + 12;

impl Kernel {
    /// Answers a call.
    pub(crate) fn call(&mut self, number: u64, arguments: [u64; 6]) -> Reply {
        if self.release.means_another(number) {
            say(&format!(
                "{:?} means another call by {number}",
                self.release
            ));
            return Reply::Exit(ABSENT);
        }
        if self.release.lacks(number) {
            return self.missing(number);
        }
        // An argument that points nowhere.
        self.answer(number, arguments)
            .unwrap_or(Reply::Error(EFAULT))
    }

    fn answer(&mut self, number: u64, a: [u64; 6]) -> Option<Reply> {
        Some(match number {
            1 => Reply::Exit((a[0] & 0xff).try_into().unwrap_or(u8::MAX)),
            20 => Reply::Value(self.tracee.pid().into()),
            24 => Reply::Value(nix::unistd::getuid().as_raw().into()),
            47 => Reply::Value(nix::unistd::getgid().as_raw().into()),
            37 => self.kill(a),
            42 => self.pipe(a),
            59 => self.execve(a)?,
            107 => self.waitid(a)?,
            128 => Reply::Value(0),
            142 | 143 => self.fork(),
            54 => self.ioctl(a)?,
            57 => self.utssys(a)?,
            85 => self.getmsg(a)?,
            86 => self.putmsg(a)?,
            98 => self.sigaction(a)?,
            115 => self.mmap(a),
            116 => self.inject(libc::SYS_mprotect, [a[0], a[1], a[2], 0, 0, 0]),
            117 => self.inject(libc::SYS_munmap, [a[0], a[1], 0, 0, 0, 0]),
            129 => self.put(a[1], &[(10u64 << 20).to_le_bytes(), [0xff; 8]].concat(), 0),
            135 => self.uname(a),
            183 => self.pollsys(a)?,
            191 => self.clock(a),
            199 => self.nanosleep(a)?,
            230..=246 => self.net(number, a)?,
            _ => match self.file_call(number, a) {
                Some(reply) => reply?,
                None => self.missing(number),
            },
        })
    }

    /// Writes an answer into the program's memory.
    pub(crate) fn put(&self, at: u64, bytes: &[u8], value: i64) -> Reply {
        match self.tracee.put(at, bytes) {
            Some(()) => Reply::Value(value),
            None => Reply::Error(EFAULT),
        }
    }

    /// A call the kernel does not have: SIGSYS, which kills or, ignored, leaves an error. It is
    /// told in any case, since a program of ours has no business asking.
    fn missing(&mut self, number: u64) -> Reply {
        if self.unknown.insert(number) {
            say(&format!("{:?} has no call {number}", self.release));
        }
        match self.sigsys_ignored {
            true => Reply::Error(ENOSYS),
            false => Reply::Exit(KILLED_BY_SIGSYS),
        }
    }

    fn inject(&self, number: i64, arguments: [u64; 6]) -> Reply {
        match self.tracee.inject(number, arguments) {
            Ok(error @ -4095..=-1) => {
                Reply::Error(convert::errno(i32::try_from(-error).unwrap_or(EINVAL)))
            }
            Ok(value) => Reply::Value(value),
            Err(error) => Reply::Error(convert::error(&error)),
        }
    }

    fn mmap(&self, a: [u64; 6]) -> Reply {
        const ANON: u64 = 0x100;
        if a[3] & ANON == 0 {
            return Reply::Error(ENODEV);
        }
        // MAP_SHARED, MAP_PRIVATE and MAP_FIXED have the same bits on both systems.
        let flags = a[3] & 0x13 | u64::from(libc::MAP_ANONYMOUS.cast_unsigned());
        self.inject(libc::SYS_mmap, [a[0], a[1], a[2], flags, u64::MAX, 0])
    }

    fn uname(&self, a: [u64; 6]) -> Reply {
        let mut bytes = self.tree.answer("uname").unwrap_or_default();
        if bytes.is_empty() {
            bytes = self.release.utsname();
        }
        self.put(a[0], &bytes, 1)
    }

    fn sigaction(&mut self, a: [u64; 6]) -> Option<Reply> {
        const SIGSYS: u64 = 12;
        const SIG_IGN: u64 = 1;
        if a[1] != 0 {
            let handler = self.tracee.word(a[1] + 8)?;
            if handler > SIG_IGN {
                say("the program installs a signal handler, which the runtime must not pass on");
                return Some(Reply::Exit(ABSENT));
            }
            if a[0] == SIGSYS {
                self.sigsys_ignored = handler == SIG_IGN;
            }
        }
        Some(match a[2] {
            0 => Reply::Value(0),
            old => self.put(old, &[0; 32], 0),
        })
    }

    fn clock(&self, a: [u64; 6]) -> Reply {
        let clock = match a[0] {
            0 | 3 => ClockId::CLOCK_REALTIME,
            4 => ClockId::CLOCK_MONOTONIC,
            _ => return Reply::Error(EINVAL),
        };
        match nix::time::clock_gettime(clock) {
            Ok(now) => {
                let parts = [now.tv_sec().to_le_bytes(), now.tv_nsec().to_le_bytes()];
                self.put(a[1], &parts.concat(), 0)
            }
            Err(error) => Reply::Error(convert::errno(error as i32)),
        }
    }

    fn nanosleep(&self, a: [u64; 6]) -> Option<Reply> {
        let (seconds, nanoseconds) = (self.tracee.word(a[0])?, self.tracee.word(a[0] + 8)?);
        let nanoseconds = u32::try_from(nanoseconds).ok()?;
        std::thread::sleep(std::time::Duration::new(seconds, nanoseconds));
        Some(Reply::Value(0))
    }

    /// `struct pollfd` and its common bits are the same on both systems.
    fn pollsys(&self, a: [u64; 6]) -> Option<Reply> {
        let raw = self.tracee.bytes(a[0], a[1].checked_mul(8)?)?;
        let opens: Vec<_> = raw
            .as_chunks::<8>()
            .0
            .iter()
            .map(|record| {
                let [f0, f1, f2, f3, e0, e1, ..] = *record;
                let number = i32::from_le_bytes([f0, f1, f2, f3]);
                let events = PollFlags::from_bits_truncate(i16::from_le_bytes([e0, e1]));
                (self.handles.get(u64::from(number.cast_unsigned())), events)
            })
            .collect();
        let handles: Vec<_> = opens
            .iter()
            .map(|(open, events)| (open.as_ref().map(|open| open.handle.borrow()), *events))
            .collect();
        let known: Option<Vec<(BorrowedFd<'_>, PollFlags)>> = handles
            .iter()
            .map(|(handle, events)| Some((handle.as_ref()?.fd()?, *events)))
            .collect();
        let Some(known) = known else {
            return Some(Reply::Error(EBADF));
        };
        let mut fds: Vec<_> = known
            .into_iter()
            .map(|(fd, events)| PollFd::new(fd, events))
            .collect();
        let ready = match nix::poll::poll(&mut fds, self.timeout(a[2])?) {
            Ok(ready) => ready,
            Err(error) => return Some(Reply::Error(convert::errno(error as i32))),
        };
        for (number, fd) in (0u64..).zip(&fds) {
            let came = fd.revents().map_or(0, |flags| flags.bits());
            self.tracee
                .put(a[0] + number * 8 + 6, &came.to_le_bytes())?;
        }
        Some(Reply::Value(ready.into()))
    }

    fn timeout(&self, at: u64) -> Option<PollTimeout> {
        if at == 0 {
            return Some(PollTimeout::NONE);
        }
        let (seconds, nanoseconds) = (self.tracee.word(at)?, self.tracee.word(at + 8)?);
        let milliseconds = seconds
            .checked_mul(1000)?
            .checked_add(nanoseconds / 1_000_000)?;
        i32::try_from(milliseconds)
            .ok()
            .and_then(|milliseconds| PollTimeout::try_from(milliseconds).ok())
    }

    fn ioctl(&mut self, a: [u64; 6]) -> Option<Reply> {
        const TCGETA: u64 = 0x5401;
        const ENOTTY: i32 = 25;
        let Some(open) = self.handles.get(a[0]) else {
            return Some(Reply::Error(EBADF));
        };
        if matches!(*open.handle.borrow(), super::handle::Handle::Kstat) {
            return self.kstat_ioctl(a);
        }
        if let Some(reply) = self.stream_ioctl(&open, a) {
            return reply;
        }
        let handle = open.handle.borrow();
        let terminal = handle
            .fd()
            .is_some_and(|fd| nix::unistd::isatty(fd).unwrap_or(false));
        Some(match (a[1], terminal) {
            (TCGETA, true) => Reply::Value(0),
            _ => Reply::Error(ENOTTY),
        })
    }
}

/// A directory argument: none is the current one.
pub(crate) fn at_cwd(register: u64) -> bool {
    descriptor(register) == 0xffd1_9553_u32.cast_signed()
}
