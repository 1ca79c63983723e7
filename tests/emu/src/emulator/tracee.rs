//! The program under ptrace: its calls, its registers, its memory.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::unix::process::CommandExt;

/// The most bytes taken out of the program at once.
const MOST: u64 = 16 << 20;
/// What the kernel may leave in registers it does not keep: wrong assumptions must show.
const JUNK: u64 = 0xdead_dead;
const CARRY: u64 = 1;

/// Keeps us and the program we start on one processor. One of the two always waits for the
/// other: to wake it on the same processor takes a quarter of the time.
pub(crate) fn stay_on_one_processor() {
    let own = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(own) else {
        return;
    };
    let allowed: Vec<usize> = (0..CpuSet::count())
        .filter(|&number| allowed.is_set(number) == Ok(true))
        .collect();
    let turn = usize::try_from(std::process::id()).unwrap_or(0) % allowed.len().max(1);
    let mut one = CpuSet::new();
    if let Some(&number) = allowed.get(turn)
        && one.set(number).is_ok()
    {
        // Slower without, and the same.
        let _ = sched_setaffinity(own, &one);
    }
}

/// A stopped program.
pub(crate) struct Tracee {
    pid: Pid,
    registers: libc::user_regs_struct,
}

/// A call it asks for.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) arguments: [u64; 6],
}

impl Tracee {
    /// Starts a program, stopped before its first instruction.
    pub(crate) fn start(program: &[OsString]) -> io::Result<Tracee> {
        let missing = || io::Error::other("no program");
        let (name, arguments) = program.split_first().ok_or_else(missing)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "to run a program is what this one is for"
        )]
        let mut command = std::process::Command::new(name);
        command.args(arguments);
        #[expect(
            unsafe_code,
            reason = "a program asks to be traced between fork and exec; std has no safe form"
        )]
        // SAFETY: the closure makes one system call and allocates nothing.
        unsafe {
            command.pre_exec(|| Ok(ptrace::traceme()?));
        }
        let child = command.spawn()?;
        let pid = Pid::from_raw(child.id().cast_signed());
        waitpid(pid, None)?;
        let options = ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL;
        ptrace::setoptions(pid, options)?;
        let registers = ptrace::getregs(pid)?;
        Ok(Tracee { pid, registers })
    }

    /// Its process number.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    /// Lets it run to its next call. None where it ended or was hit by a signal.
    pub(crate) fn next(&mut self) -> io::Result<Option<Call>> {
        loop {
            ptrace::sysemu(self.pid, None)?;
            match waitpid(self.pid, None)? {
                WaitStatus::PtraceSyscall(_) => break,
                // A copy of it ended here, which its own kernel tells it by `waitid`.
                WaitStatus::Stopped(_, Signal::SIGCHLD) => {}
                other => {
                    super::say(&format!("{other:?}"));
                    return Ok(None);
                }
            }
        }
        self.registers = ptrace::getregs(self.pid)?;
        let r = &self.registers;
        Ok(Some(Call {
            number: r.orig_rax,
            arguments: [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9],
        }))
    }

    /// Gives the answer as a Solaris kernel does: carry tells an error.
    pub(crate) fn answer(&mut self, value: i64, error: bool) -> io::Result<()> {
        let r = &mut self.registers;
        r.rax = value.cast_unsigned();
        r.eflags = if error {
            r.eflags | CARRY
        } else {
            r.eflags & !CARRY
        };
        for register in [
            &mut r.rcx, &mut r.r11, &mut r.rdx, &mut r.rdi, &mut r.rsi, &mut r.r8, &mut r.r9,
            &mut r.r10,
        ] {
            *register = JUNK;
        }
        Ok(ptrace::setregs(self.pid, self.registers)?)
    }

    /// As [`Tracee::answer`] without an error, with a second result.
    pub(crate) fn answer_both(&mut self, first: i64, second: i64) -> io::Result<()> {
        self.answer(first, false)?;
        self.registers.rdx = second.cast_unsigned();
        Ok(ptrace::setregs(self.pid, self.registers)?)
    }

    /// Copies the program as it stands behind its call; the copy is stopped there too.
    pub(crate) fn fork(&mut self) -> io::Result<Tracee> {
        let options = ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL;
        ptrace::setoptions(self.pid, options | ptrace::Options::PTRACE_O_TRACEFORK)?;
        let child = self.inject(libc::SYS_fork, [0; 6])?;
        ptrace::setoptions(self.pid, options)?;
        let child = i32::try_from(child).map_err(io::Error::other)?;
        if child < 0 {
            return Err(io::Error::from_raw_os_error(-child));
        }
        let pid = Pid::from_raw(child);
        waitpid(pid, None)?;
        ptrace::setoptions(pid, options)?;
        ptrace::setregs(pid, self.registers)?;
        Ok(Tracee {
            pid,
            registers: self.registers,
        })
    }

    /// Ends it, if it still runs.
    pub(crate) fn kill(&self) {
        // It may have ended by itself.
        let _ = nix::sys::signal::kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }

    /// Bytes of its memory; none where it has no such memory.
    pub(crate) fn bytes(&self, at: u64, length: u64) -> Option<Vec<u8>> {
        let length = usize::try_from(length.min(MOST)).ok()?;
        let mut bytes = vec![0; length];
        if length == 0 {
            return Some(bytes);
        }
        let base = usize::try_from(at).ok()?;
        let remote = [RemoteIoVec { base, len: length }];
        let mut local = [IoSliceMut::new(&mut bytes)];
        let read = process_vm_readv(self.pid, &mut local, &remote).ok()?;
        (read == length).then_some(bytes)
    }

    /// A 64-bit word of its memory.
    pub(crate) fn word(&self, at: u64) -> Option<u64> {
        let bytes = self.bytes(at, 8)?;
        bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// A 32-bit word of its memory.
    pub(crate) fn half(&self, at: u64) -> Option<u32> {
        let bytes = self.bytes(at, 4)?;
        bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// A text of its memory, without the NUL.
    pub(crate) fn text(&self, at: u64) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        while text.len() < 4096 {
            let here = at.checked_add(text.len() as u64)?;
            // Not beyond the page: the next one may not be there.
            let chunk = self.bytes(here, 4096 - here % 4096)?;
            let end = chunk.iter().position(|&byte| byte == 0);
            text.extend_from_slice(chunk.get(..end.unwrap_or(chunk.len()))?);
            if end.is_some() {
                return Some(text);
            }
        }
        None
    }

    /// Writes into its memory.
    pub(crate) fn put(&self, at: u64, bytes: &[u8]) -> Option<()> {
        if bytes.is_empty() {
            return Some(());
        }
        let base = usize::try_from(at).ok()?;
        let remote = [RemoteIoVec {
            base,
            len: bytes.len(),
        }];
        let written = process_vm_writev(self.pid, &[IoSlice::new(bytes)], &remote).ok()?;
        (written == bytes.len()).then_some(())
    }

    /// Carries out a Linux call inside the program, which stands behind its `syscall`.
    /// Memory maps cannot be made from outside.
    pub(crate) fn inject(&self, number: i64, arguments: [u64; 6]) -> io::Result<i64> {
        let mut registers = self.registers;
        registers.rip -= 2;
        registers.rax = number.cast_unsigned();
        [
            registers.rdi,
            registers.rsi,
            registers.rdx,
            registers.r10,
            registers.r8,
            registers.r9,
        ] = arguments;
        ptrace::setregs(self.pid, registers)?;
        // The stop at the exit of the emulated call may come first.
        let mut entered = false;
        loop {
            ptrace::syscall(self.pid, None::<Signal>)?;
            match waitpid(self.pid, None)? {
                WaitStatus::PtraceSyscall(_) => {}
                // That it forked is told before the call ends.
                WaitStatus::PtraceEvent(..) | WaitStatus::Stopped(_, Signal::SIGCHLD) => continue,
                _ => return Err(io::Error::other("the program died in a call of ours")),
            }
            match ptrace::syscall_info(self.pid)?.op {
                libc::PTRACE_SYSCALL_INFO_ENTRY => entered = true,
                libc::PTRACE_SYSCALL_INFO_EXIT if entered => break,
                _ => {}
            }
        }
        Ok(ptrace::getregs(self.pid)?.rax.cast_signed())
    }
}
