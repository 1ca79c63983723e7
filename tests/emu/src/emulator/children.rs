//! Child processes. A fork is carried out in the program; the copy runs here until it becomes
//! another program, for which another stand-in is started, or ends.

use super::handle::{Handle, descriptor};
use super::{Kernel, Reply, convert, say};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

const ECHILD: i32 = 10;
const ESRCH: i32 = 3;
const EBADF: i32 = 9;
const ENOMEM: i32 = 12;
const E2BIG: i32 = 7;

/// How a child ended, or that it has not.
pub(crate) enum Kid {
    /// Another stand-in runs it.
    Runs(Child),
    /// It ended before it became a program.
    Ended(u8),
}

/// The children of the program, by number.
pub(crate) type Children = BTreeMap<u32, Kid>;

/// Words we hand on to the stand-ins of children.
pub(crate) struct Heritage {
    /// `--os` and the like.
    pub(crate) flags: Vec<OsString>,
}

impl Kernel {
    /// `fork`: both ends of the answer are given here, the child's with the mark that it is one.
    pub(crate) fn fork(&mut self) -> Reply {
        let parent = self.tracee.pid();
        let child = match self.tracee.fork() {
            Ok(child) => child,
            Err(error) => {
                say(&format!("fork: {error}"));
                return Reply::Error(ENOMEM);
            }
        };
        let number = child.pid();
        let mut copy = Kernel {
            tracee: child,
            release: self.release,
            tree: self.tree.clone(),
            handles: self.handles.clone(),
            cwd: self.cwd.clone(),
            sigsys_ignored: self.sigsys_ignored,
            chain_asked: self.chain_asked.clone(),
            unknown: self.unknown.clone(),
            children: Children::new(),
            heritage: self.heritage.clone(),
            became: None,
            trace: self.trace,
        };
        let begun = copy.tracee.answer_both(parent.into(), 1);
        let ended = begun.and_then(|()| copy.run());
        copy.tracee.kill();
        let (number, kid) = match (copy.became.take(), ended) {
            (Some(child), _) => (child.id(), Kid::Runs(child)),
            (None, Ok(status)) => (number, Kid::Ended(status)),
            (None, Err(error)) => {
                say(&format!("a child: {error}"));
                (number, Kid::Ended(super::DIED))
            }
        };
        self.children.insert(number, kid);
        Reply::Both(number.into(), 0)
    }

    /// `execve` of a child: another stand-in takes over, with its first three descriptors.
    pub(crate) fn execve(&mut self, a: [u64; 6]) -> Option<Reply> {
        let path = self.tracee.text(a[0])?;
        let path = super::tree::absolute(&self.cwd, OsStr::from_bytes(&path).as_ref());
        let Some(arguments) = self.texts(a[1])? else {
            return Some(Reply::Error(E2BIG));
        };
        let Some(environment) = self.texts(a[2])? else {
            return Some(Reply::Error(E2BIG));
        };
        if !path.is_file() {
            return Some(Reply::Error(2));
        }
        let own = std::env::current_exe().ok()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "to run programs is what this one is for"
        )]
        let mut command = Command::new(own);
        command.args(&self.heritage.flags).arg(path);
        command.args(arguments.into_iter().skip(1));
        command.env_clear().current_dir(&self.cwd);
        for entry in environment {
            let text = entry.as_bytes();
            let at = text.iter().position(|&byte| byte == b'=')?;
            command.env(
                OsStr::from_bytes(text.get(..at)?),
                OsStr::from_bytes(text.get(at + 1..)?),
            );
        }
        command.stdin(self.standard(0)?);
        command.stdout(self.standard(1)?);
        command.stderr(self.standard(2)?);
        Some(match command.spawn() {
            Ok(child) => {
                self.became = Some(child);
                Reply::Exit(0)
            }
            Err(error) => Reply::Error(convert::error(&error)),
        })
    }

    fn standard(&self, number: u64) -> Option<Stdio> {
        let Some(open) = self.handles.get(number) else {
            return Some(Stdio::null());
        };
        let handle = open.handle.borrow();
        let fd = handle.fd()?.try_clone_to_owned().ok()?;
        Some(Stdio::from(fd))
    }

    /// A list of texts that ends with null; the inner none where it has no end.
    fn texts(&self, at: u64) -> Option<Option<Vec<OsString>>> {
        const MOST: u64 = 4096;
        let mut texts = Vec::new();
        for number in 0..MOST {
            match self.tracee.word(at.checked_add(number * 8)?)? {
                0 => return Some(Some(texts)),
                text => texts.push(OsString::from_vec(self.tracee.text(text)?)),
            }
        }
        Some(None)
    }

    /// `waitid`, for one child or any.
    pub(crate) fn waitid(&mut self, a: [u64; 6]) -> Option<Reply> {
        const P_ALL: u64 = 7;
        const WNOHANG: u64 = 0x40;
        let number = match a[0] {
            P_ALL => self.children.keys().next().copied(),
            _ => u32::try_from(a[1]).ok(),
        };
        let Some((number, kid)) = number.and_then(|number| {
            let kid = self.children.get_mut(&number)?;
            Some((number, kid))
        }) else {
            return Some(Reply::Error(ECHILD));
        };
        let status = match kid {
            Kid::Ended(code) => Some(ExitStatus::from_raw(i32::from(*code) << 8)),
            Kid::Runs(child) if a[3] & WNOHANG != 0 => child.try_wait().ok()?,
            Kid::Runs(child) => child.wait().ok(),
        };
        let Some(status) = status else {
            return Some(self.put(a[2], &[0; 256], 0));
        };
        self.children.remove(&number);
        Some(self.put(a[2], &siginfo(number, status), 0))
    }

    /// `kill` of a child; of itself it is the end.
    pub(crate) fn kill(&mut self, a: [u64; 6]) -> Reply {
        let own = self.tracee.pid();
        match u32::try_from(a[0]) {
            Ok(pid) if pid == own => Reply::Exit(u8::try_from(128 + (a[1] & 0x7f)).unwrap_or(255)),
            Ok(pid) => match self.children.get_mut(&pid) {
                Some(Kid::Runs(child)) => match child.kill() {
                    Ok(()) => Reply::Value(0),
                    Err(error) => Reply::Error(convert::error(&error)),
                },
                Some(Kid::Ended(_)) => Reply::Value(0),
                None => Reply::Error(ESRCH),
            },
            Err(_) => Reply::Error(ESRCH),
        }
    }

    /// `pipe`: as illumos since 2013 the ends are written, as before they are the results.
    pub(crate) fn pipe(&mut self, a: [u64; 6]) -> Reply {
        let flags = nix::fcntl::OFlag::O_CLOEXEC;
        let (read, write) = match nix::unistd::pipe2(flags) {
            Ok(ends) => ends,
            Err(error) => return Reply::Error(convert::errno(error as i32)),
        };
        let read = self.handles.insert(Handle::File(File::from(read)), 0);
        let write = self.handles.insert(Handle::File(File::from(write)), 1);
        if self.release.writes_pipe_ends() {
            let ends = [read.to_le_bytes(), write.to_le_bytes()].concat();
            return self.put(a[0], &ends, 0);
        }
        Reply::Both(read.into(), write.into())
    }

    /// Whether a number is open, as `F_GETFD` asks.
    pub(crate) fn is_open(&self, register: u64) -> Reply {
        match self
            .handles
            .get(u64::from(descriptor(register).cast_unsigned()))
        {
            Some(_) => Reply::Value(0),
            None => Reply::Error(EBADF),
        }
    }
}

/// `siginfo_t` of a child that ended: code at 4, number at 16, status at 32.
fn siginfo(number: u32, status: ExitStatus) -> [u8; 256] {
    const SIGCHLD: i32 = 18;
    const CLD_EXITED: i32 = 1;
    const CLD_KILLED: i32 = 2;
    let (code, told) = match status.code() {
        Some(exit) => (CLD_EXITED, exit),
        None => (CLD_KILLED, status.signal().unwrap_or(0)),
    };
    let mut bytes = [0; 256];
    let fields = [
        (0, SIGCHLD.to_le_bytes()),
        (4, code.to_le_bytes()),
        (16, number.to_le_bytes()),
        (32, told.to_le_bytes()),
    ];
    for (at, field) in fields {
        if let Some(place) = bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&field);
        }
    }
    bytes
}
