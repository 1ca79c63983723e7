//! `stage hold`: the outer process that waits, and the first process inside, which starts
//! doubles as it is asked.

use crate::{namespaces, sys};
use e2e::Spec;
use e2e::spec::{Exe, Reply};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Makes the namespaces and keeps them until standard input ends.
pub(crate) fn hold(host_pids: bool) -> io::Result<u8> {
    namespaces::leave(host_pids)?;
    let (gate, open) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    match sys::fork()? {
        Some(inner) => {
            say(&inner.to_string())?;
            drop(open);
            sys::wait(inner)
        }
        None => {
            drop(open);
            // Two processes speak on one standard output: the outer one first.
            File::from(gate).read_to_end(&mut Vec::new())?;
            keep(host_pids)
        }
    }
}

/// The first process inside. When it ends the kernel ends all others.
fn keep(host_pids: bool) -> io::Result<u8> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // Whatever is left behind inside becomes our child: reaped without our doing.
    sys::set_signal(Signal::SIGCHLD, SigHandler::SigIgn)?;
    namespaces::furnish(host_pids)?;
    say("ready")?;
    for line in io::stdin().lines() {
        let reply = match start(&line?) {
            Ok(reply) => reply,
            Err(why) => Reply::Failed(why.to_string()),
        };
        say(&serde_json::to_string(&reply)?)?;
    }
    Ok(0)
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Starts one double and waits until it stands.
#[expect(clippy::disallowed_methods, reason = "doubles are processes of ours")]
fn start(line: &str) -> io::Result<Reply> {
    let spec: Spec = serde_json::from_str(line)?;
    let program = Program::of(spec.exe)?;
    let mut command = Command::new(&program.path);
    let argv0 = spec
        .argv0
        .as_ref()
        .map_or(&b"stage"[..], |name| name.as_bytes());
    command.arg0(OsStr::from_bytes(argv0));
    command.arg("double");
    if let Some(comm) = &spec.comm {
        command.arg(format!("comm={}", hex(comm.as_bytes())));
    }
    command.args(spec.uid.map(|uid| format!("uid={uid}")));
    command.args(&spec.words);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut answer = String::new();
    if let Some(from) = child.stdout.take() {
        BufReader::new(from).read_line(&mut answer)?;
    }
    program.forget()?;
    if answer.is_empty() {
        return Ok(Reply::Failed("died without a word".into()));
    }
    Ok(serde_json::from_str(&answer)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The program file of a double.
struct Program {
    path: String,
    exe: Exe,
    /// Open until the double runs, where the file has no name.
    held: Option<OwnedFd>,
}

impl Program {
    fn of(exe: Exe) -> io::Result<Program> {
        let (path, held) = match exe {
            Exe::Plain => ("/proc/self/exe".to_owned(), None),
            Exe::Deleted => {
                let path = format!("/run/gone-{}", sys::now_ns());
                std::fs::copy("/proc/self/exe", &path)?;
                (path, None)
            }
            Exe::Memfd => {
                let held = nix::sys::memfd::memfd_create(
                    c"payload",
                    nix::sys::memfd::MFdFlags::MFD_CLOEXEC,
                )?;
                let mut to = File::from(held.try_clone()?);
                io::copy(&mut crate::doubles::open("/proc/self/exe")?, &mut to)?;
                // Not `to`: a file open for writing cannot be run.
                let path = format!("/proc/self/fd/{}", held.as_raw_fd());
                (path, Some(held))
            }
        };
        Ok(Program { path, exe, held })
    }

    fn forget(self) -> io::Result<()> {
        drop(self.held);
        match self.exe {
            Exe::Deleted => std::fs::remove_file(&self.path),
            Exe::Plain | Exe::Memfd => Ok(()),
        }
    }
}
