//! The namespaces of a stage, and the way into them.

use crate::sys;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use std::io;
use std::path::Path;

/// The namespaces a stage has of its own; its processes may stay among the host's.
fn own(host_pids: bool) -> CloneFlags {
    let always = CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC;
    if host_pids {
        always
    } else {
        always | CloneFlags::CLONE_NEWPID
    }
}

/// Leaves the namespaces we were started in. The pid namespace begins with the next fork.
pub(crate) fn leave(host_pids: bool) -> io::Result<()> {
    Ok(unshare(own(host_pids))?)
}

/// Makes a place of the namespaces: called by the first process inside.
pub(crate) fn furnish(host_pids: bool) -> io::Result<()> {
    separate_mounts()?;
    if !host_pids {
        fresh_proc()?;
    }
    let none = None::<&str>;
    mount(
        none,
        "/run",
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=1777"),
    )?;
    // Terminals of our own, where there is a place for them.
    if Path::new("/dev/pts/ptmx").exists() {
        let how = Some("newinstance,ptmxmode=0666");
        mount(none, "/dev/pts", Some("devpts"), MsFlags::empty(), how)?;
    }
    nix::unistd::chdir("/")?;
    nix::unistd::sethostname("stage")?;
    sys::loopback_up()
}

/// Mounts made from now on are seen by nobody else.
pub(crate) fn separate_mounts() -> io::Result<()> {
    let none = None::<&str>;
    Ok(mount(
        none,
        "/",
        none,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        none,
    )?)
}

/// Mounts a procfs that tells of the pid namespace we are in.
pub(crate) fn fresh_proc() -> io::Result<()> {
    let none = None::<&str>;
    Ok(mount(none, "/proc", Some("proc"), MsFlags::empty(), none)?)
}

/// Enters the namespaces of a process. Only what is forked after this is in its pid namespace.
pub(crate) fn enter(pid: u32) -> io::Result<()> {
    let of = sys::pidfd_open(pid)?;
    // Entering the pid namespace one is in already is allowed.
    setns(of, own(false))?;
    nix::unistd::chdir("/")?;
    Ok(())
}

/// The inode of the calling thread's network namespace.
pub(crate) fn own_netns() -> io::Result<u64> {
    Ok(nix::sys::stat::stat("/proc/thread-self/ns/net")?.st_ino)
}
