//! What every process holds open: directories, program, mapped files and descriptors.

use super::kernel::named;
use super::processes::{Held, descriptors, is_same, note, open, pids};
use super::tables::inet;
use crate::join::Keys;
use crate::layout::Abi;
use crate::parse::{fdinfo, map};
use model::ask::{FilesAsk, Meant, Table, Told};
use model::{FileKind, Foreign, Gap, Gaps, Inode, OpenFile, Pid, Process, Slot};
use std::collections::BTreeSet;
use std::io;
use sysroot::{Stat, Sysroot};

/// Gives every process asked for with its open files, ordered by pid. Of a process that is not
/// `meant` nothing is read but what it is.
pub fn files(
    root: &Sysroot,
    ask: &FilesAsk,
    meant: Meant<'_>,
    sink: &mut dyn FnMut(Process, Vec<Table>),
) -> Told {
    let mut told = Told::default();
    let (named, gaps) = named(root);
    told.gaps.extend(gaps);
    let mut pids = pids(root, &mut told.gaps);
    if let Some(only) = &ask.pids {
        pids.retain(|pid| only.contains(pid));
    }
    told.coverage.processes = u64::try_from(pids.len()).ok();
    let keys = Keys::of(&inet(root, &mut told).sockets);
    for pid in pids {
        let Some(mut held) = open(root, pid, named.abi, &mut told.gaps) else {
            continue;
        };
        if meant.is_some_and(|meant| !meant(&held.process)) {
            continue;
        }
        let mut files = Vec::new();
        if held.holds {
            if !ask.sockets_only {
                held.process.exe = link(&held, b"path/a.out", &mut told.gaps);
                associations(&held, named.abi, &mut files, &mut told.gaps);
            }
            for number in descriptors(root, &held, &mut told.gaps) {
                files.extend(descriptor(&held, number, named.abi, &mut told.gaps));
            }
            for file in &mut files {
                file.inode = keys.of_file(file);
            }
            if ask.sockets_only {
                files.retain(|file| file.kind == FileKind::Socket);
            }
        }
        if is_same(&held, named.abi) {
            sink(held.process, vec![Table { tid: None, files }]);
        } else {
            let place = format!("/proc/{pid}");
            let reason = "another process got this number meanwhile";
            told.gaps.push(Gap::new(place, reason));
        }
    }
    told
}

/// What a process is, if it is still there and tells.
#[must_use]
pub fn process(root: &Sysroot, pid: Pid) -> Option<Process> {
    let mut gaps = Gaps::new();
    let (named, _) = named(root);
    open(root, pid, named.abi, &mut gaps).map(|held| held.process)
}

/// A place of a process in words.
fn place(held: &Held, name: &[u8]) -> String {
    held.dir.place(name).display().to_string()
}

/// What a link of a process says; none where the kernel keeps no path, as of sockets.
fn link(held: &Held, name: &[u8], gaps: &mut Gaps) -> Option<Foreign> {
    let mut target = Vec::new();
    match held.dir.link(name, &mut target) {
        Ok(()) => Some(Foreign::from(target)),
        Err(error) => {
            note(gaps, &place(held, name), &error);
            None
        }
    }
}

/// Current directory, root, program and mapped files.
fn associations(held: &Held, abi: Abi, files: &mut Vec<OpenFile>, gaps: &mut Gaps) {
    let mut seen = BTreeSet::new();
    for (slot, object, name) in [
        (Slot::Cwd, &b"cwd"[..], &b"path/cwd"[..]),
        (Slot::Root, b"root", b"path/root"),
        (Slot::Exe, b"object/a.out", b"path/a.out"),
    ] {
        if let Some(file) = associated(held, slot, object, name, gaps) {
            seen.insert((file.device, file.inode));
            files.push(file);
        }
    }
    let mut bytes = Vec::new();
    if let Err(error) = held.dir.read(b"map", &mut bytes) {
        note(gaps, &place(held, b"map"), &error);
        return;
    }
    let (mappings, lost) = map::table(&bytes, abi, &place(held, b"map")).into_parts();
    gaps.extend(lost);
    let names: BTreeSet<&[u8]> = mappings.iter().map(|mapping| mapping.name).collect();
    for name in names {
        // A name with a slash would lead somewhere else.
        if name.is_empty() || name == b"a.out" || name.contains(&b'/') {
            continue;
        }
        let (object, path) = ([b"object/", name].concat(), [b"path/", name].concat());
        let file = associated(held, Slot::Mapped, &object, &path, gaps);
        if let Some(file) = file.filter(|file| seen.insert((file.device, file.inode))) {
            files.push(file);
        }
    }
}

fn associated(
    held: &Held,
    slot: Slot,
    object: &[u8],
    name: &[u8],
    gaps: &mut Gaps,
) -> Option<OpenFile> {
    match held.dir.stat(object) {
        Ok(stat) => {
            let name = link(held, name, gaps).unwrap_or_default();
            Some(of_stat(slot, &stat, name))
        }
        Err(error) => {
            note(gaps, &place(held, object), &error);
            None
        }
    }
}

/// One descriptor: by `fdinfo` where the kernel has it, by `stat` and its path elsewhere.
pub(crate) fn descriptor(held: &Held, number: u32, abi: Abi, gaps: &mut Gaps) -> Option<OpenFile> {
    let info = format!("fdinfo/{number}");
    let mut bytes = Vec::new();
    match held.dir.read(info.as_bytes(), &mut bytes) {
        Ok(()) => {
            let place = place(held, info.as_bytes());
            match fdinfo::fdinfo(&bytes, abi, &place) {
                Ok((mut file, lost)) => {
                    gaps.extend(lost);
                    file.slot = Slot::Fd(number);
                    if file.name.as_bytes().is_empty() && file.kind != FileKind::Socket {
                        file.name = path(held, number, gaps);
                    }
                    return Some(file);
                }
                Err(reason) => gaps.push(Gap::new(place, reason)),
            }
        }
        // No such file: the descriptor is gone, or the kernel is older.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => gaps.push(Gap::io(place(held, info.as_bytes()), &error)),
    }
    let name = format!("fd/{number}");
    match held.dir.stat(name.as_bytes()) {
        Ok(stat) => {
            let path = match fdinfo::kind(stat.mode) {
                // The kernel keeps no path of a socket.
                FileKind::Socket => Foreign::default(),
                _ => path(held, number, gaps),
            };
            Some(of_stat(Slot::Fd(number), &stat, path))
        }
        Err(error) => {
            note(gaps, &place(held, name.as_bytes()), &error);
            None
        }
    }
}

fn path(held: &Held, number: u32, gaps: &mut Gaps) -> Foreign {
    let name = format!("path/{number}");
    link(held, name.as_bytes(), gaps).unwrap_or_default()
}

fn of_stat(slot: Slot, stat: &Stat, name: Foreign) -> OpenFile {
    let kind = fdinfo::kind(stat.mode);
    let is_device = matches!(kind, FileKind::Character | FileKind::Block);
    OpenFile {
        slot,
        access: None,
        kind,
        device: Some(stat.device),
        rdev: is_device.then_some(stat.rdev),
        size: (kind == FileKind::Regular).then_some(stat.size),
        offset: None,
        flags: None,
        inode: Some(Inode(stat.inode)),
        links: Some(stat.links),
        name,
        lock: None,
        special: None,
        detail: None,
    }
}
