//! `stage enter PID HOW… -- PROGRAM ARGS…`: runs a program in the namespaces of a stage.

use crate::{namespaces, sys};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// What the words before `--` ask for.
#[derive(Default)]
struct How {
    user: Option<u32>,
    without: Vec<u32>,
    pidns: bool,
    mounts: Vec<String>,
}

pub(crate) fn enter(words: &[String]) -> io::Result<u8> {
    let mut parts = words.splitn(2, |word| word == "--");
    let (before, program) = (parts.next(), parts.next());
    let (Some([pid, how @ ..]), Some([program, args @ ..])) = (before, program) else {
        return Err(io::Error::other("usage: enter PID HOW… -- PROGRAM ARGS…"));
    };
    let how = How::of(how)?;
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    namespaces::enter(pid.parse().map_err(io::Error::other)?)?;
    in_child(|| {
        if !how.pidns {
            return Err(inside(&how, program, args));
        }
        // One further down: a process cannot begin a namespace below one it is not itself in.
        unshare(CloneFlags::CLONE_NEWPID)?;
        in_child(|| Err(inside(&how, program, args)))
    })
}

/// Goes on in a child, which dies with us; gives its exit code.
fn in_child(work: impl FnOnce() -> io::Result<u8>) -> io::Result<u8> {
    match sys::fork()? {
        Some(child) => sys::wait(child),
        None => {
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            work()
        }
    }
}

impl How {
    fn of(words: &[String]) -> io::Result<How> {
        let mut how = How::default();
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("user", uid) => how.user = Some(uid.parse().map_err(io::Error::other)?),
                ("without", number) => {
                    how.without.push(number.parse().map_err(io::Error::other)?);
                }
                ("pidns", _) => how.pidns = true,
                ("mount", what) => how.mounts.push(what.to_owned()),
                _ => return Err(io::Error::other(format!("unknown: {word}"))),
            }
        }
        Ok(how)
    }
}

/// Becomes the program; comes back only with the reason why not.
fn inside(how: &How, program: &str, args: &[String]) -> io::Error {
    match prepare(how) {
        Ok(()) => become_program(program, args),
        Err(why) => why,
    }
}

#[expect(clippy::disallowed_methods, reason = "the program that was asked for")]
fn become_program(program: &str, args: &[String]) -> io::Error {
    Command::new(program).args(args).exec()
}

fn prepare(how: &How) -> io::Result<()> {
    if how.pidns || !how.mounts.is_empty() {
        unshare(CloneFlags::CLONE_NEWNS)?;
        namespaces::separate_mounts()?;
    }
    if how.pidns {
        namespaces::fresh_proc()?;
    }
    for what in &how.mounts {
        put(what)?;
    }
    for number in &how.without {
        sys::drop_bounding(*number)?;
    }
    if let Some(uid) = how.user {
        become_user(uid)?;
        // Lost with the old user.
        prctl::set_pdeathsig(Signal::SIGKILL)?;
    }
    Ok(())
}

/// Mounts what one `mount=` asks for.
fn put(what: &str) -> io::Result<()> {
    let none = None::<&str>;
    let parts: Vec<&str> = what.split(':').collect();
    match parts[..] {
        ["tmpfs", at] => mount(none, at, Some("tmpfs"), MsFlags::empty(), none)?,
        ["hidepid", at] => mount(none, at, Some("proc"), MsFlags::empty(), Some("hidepid=2"))?,
        ["bind", from, at] => mount(Some(from), at, none, MsFlags::MS_BIND, none)?,
        ["symlink", from, at] => sys::mount_over_link(from, at)?,
        _ => return Err(io::Error::other(format!("unknown mount: {what}"))),
    }
    Ok(())
}

/// Becomes a user and group with no other groups and no capability.
pub(crate) fn become_user(uid: u32) -> io::Result<()> {
    nix::unistd::setgroups(&[])?;
    nix::unistd::setgid(Gid::from_raw(uid))?;
    nix::unistd::setuid(Uid::from_raw(uid))?;
    Ok(())
}
