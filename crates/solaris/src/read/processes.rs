//! One process after another, each by a directory held while it is read.

use crate::layout::Abi;
use crate::parse::psinfo::{Told as Psinfo, psinfo};
use model::{Gap, Gaps, Pid, Process};
use std::io;
use sysroot::{Dir, Sysroot};

/// How much is asked of a directory at a time.
const LISTING: usize = 64 << 10;

/// The numbers of all processes, in order.
pub(crate) fn pids(root: &Sysroot, gaps: &mut Gaps) -> Vec<Pid> {
    let mut pids = Vec::new();
    let mut buffer = vec![0; LISTING];
    let listed = root.dir("/proc").and_then(|dir| {
        dir.entries(&mut buffer, &mut |entry| {
            pids.extend(entry.number().map(Pid));
        })
    });
    if let Err(error) = listed {
        gaps.push(Gap::io("/proc", &error));
    }
    pids.sort_unstable();
    pids
}

/// A process that was there when it was asked for.
pub(crate) struct Held {
    /// Its directory.
    pub(crate) dir: Dir,
    /// What it is.
    pub(crate) process: Process,
    /// Whether it can hold anything: zombies and parts of the kernel cannot.
    pub(crate) holds: bool,
}

/// Opens a process. None where it is gone, or where a gap says why it cannot be read.
pub(crate) fn open(root: &Sysroot, pid: Pid, abi: Abi, gaps: &mut Gaps) -> Option<Held> {
    let place = format!("/proc/{pid}");
    let dir = root
        .dir(&place)
        .map_err(|error| note(gaps, &place, &error))
        .ok()?;
    let told = read(&dir, abi, gaps)?;
    let holds = !told.zombie && !told.process.kernel_thread;
    Some(Held {
        dir,
        process: told.process,
        holds,
    })
}

fn read(dir: &Dir, abi: Abi, gaps: &mut Gaps) -> Option<Psinfo> {
    let place = dir.place(b"psinfo").display().to_string();
    let mut bytes = Vec::new();
    if let Err(error) = dir.read(b"psinfo", &mut bytes) {
        note(gaps, &place, &error);
        return None;
    }
    psinfo(&bytes, abi)
        .map_err(|reason| gaps.push(Gap::new(place, reason)))
        .ok()
}

/// Whether it is still the same process: pids are used again.
pub(crate) fn is_same(held: &Held, abi: Abi) -> bool {
    let told = read(&held.dir, abi, &mut Gaps::new());
    told.is_none_or(|told| told.process.id == held.process.id)
}

/// A failed read: a gap, unless the process simply ended.
pub(crate) fn note(gaps: &mut Gaps, place: &str, error: &io::Error) {
    if error.kind() != io::ErrorKind::NotFound {
        gaps.push(Gap::io(place, error));
    }
}

/// The numbers of a process's descriptors. The listing is recorded as an answer, since a
/// recording keeps only what is read, and sockets are only looked at.
pub(crate) fn descriptors(root: &Sysroot, held: &Held, gaps: &mut Gaps) -> Vec<u32> {
    let pid = held.process.id.pid;
    let place = format!("/proc/{pid}/fd");
    let list = |sink: crate::sys::Sink<'_>| {
        let mut buffer = vec![0; LISTING];
        held.dir.dir(b"fd")?.entries(&mut buffer, &mut |entry| {
            sink(entry.name);
            sink(b"\n");
        })
    };
    match super::answer(root, &format!("fds-{pid}"), list) {
        Ok(names) => {
            let numbers = names.split(|&byte| byte == b'\n').filter_map(|name| {
                let text = std::str::from_utf8(name).ok()?;
                text.parse().ok()
            });
            let mut numbers: Vec<u32> = numbers.collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        }
        Err(error) => {
            note(gaps, &place, &error);
            Vec::new()
        }
    }
}
