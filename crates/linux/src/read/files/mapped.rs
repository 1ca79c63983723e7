//! The mapped files of a process.

use super::{Finds, Task, Walk, describe_file};
use crate::parse::links;
use crate::parse::maps::{self, Mapping};
use crate::read::processes::is_gone;
use model::{FileKind, Foreign, Gap, Gaps, Inode, OpenFile, Slot};
use std::collections::HashMap;
use std::io;
use sysroot::Stat;

/// Appends every mapped file once, the program itself left out, by address.
pub(super) fn files(
    walk: &Walk<'_>,
    task: &Task<'_>,
    files: &mut Vec<OpenFile>,
    finds: &mut Finds,
) {
    let Finds {
        gaps,
        text,
        seen,
        known,
        ..
    } = finds;
    match task.dir.read(b"maps", text) {
        Ok(()) => {}
        Err(error) if is_gone(&error) => return,
        Err(error) => return gaps.push(Gap::io(task.place(b"maps"), &error)),
    }
    let exe = files.iter().find(|file| file.slot == Slot::Exe).cloned();
    seen.clear();
    let mut bad = Gaps::new();
    let mut flaws = Gaps::new();
    maps::files(text, &task.place(b"maps"), &mut bad, &mut |mapping| {
        let fresh = seen.insert((mapping.device, mapping.inode));
        if fresh && !exe.as_ref().is_some_and(|exe| is(exe, &mapping)) {
            files.push(file(walk, task, &mapping, known, &mut flaws));
        }
    });
    gaps.append(&mut bad);
    gaps.append(&mut flaws);
}

fn is(exe: &OpenFile, mapping: &Mapping<'_>) -> bool {
    let own = exe.device == Some(mapping.device) && exe.inode == Some(Inode(mapping.inode));
    // Overlay file systems tell another device in maps than in stat.
    own || (!mapping.deleted && exe.name.as_bytes() == mapping.path.as_ref())
}

fn file(
    walk: &Walk<'_>,
    task: &Task<'_>,
    mapping: &Mapping<'_>,
    known: &mut HashMap<(u64, u64), Stat>,
    gaps: &mut Gaps,
) -> OpenFile {
    let slot = if mapping.deleted {
        Slot::Deleted
    } else {
        Slot::Mapped
    };
    let mut file = OpenFile::new(
        slot,
        FileKind::Regular,
        Foreign::from(mapping.path.as_ref()),
    );
    file.device = Some(mapping.device);
    file.inode = Some(Inode(mapping.inode));
    if let Some(inode) = links::socket(&mapping.path) {
        file.kind = FileKind::Socket;
        file.inode = Some(inode);
    } else if mapping.path.starts_with(b"anon_inode:") {
        file.kind = FileKind::Anon;
    } else if !mapping.deleted && !walk.is_exempt(&mapping.path) {
        match stat(walk, task, mapping, known) {
            Ok(stat) => describe_file(&mut file, &stat),
            Err(error) if is_gone(&error) => {}
            Err(error) => gaps.push(Gap::io(task.place(&link(mapping)), &error)),
        }
    }
    file
}

/// Asks about the very file that is mapped; who may not do that asks by its path, and
/// believes the answer if it is the same inode.
fn stat(
    walk: &Walk<'_>,
    task: &Task<'_>,
    mapping: &Mapping<'_>,
    known: &mut HashMap<(u64, u64), Stat>,
) -> io::Result<Stat> {
    let key = (mapping.device, mapping.inode);
    if let Some(stat) = known.get(&key).filter(|_| walk.root.is_plain()) {
        return Ok(*stat);
    }
    let name = link(mapping);
    let stat = if task.mounts.path_may_hang(&mapping.path) {
        walk.bounded.stat(task.dir.place(&name), None)
    } else {
        match task.dir.stat(&name) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)) => {
                let by_path = task.dir.stat(&[b"root", mapping.path.as_ref()].concat())?;
                if by_path.inode == mapping.inode {
                    Ok(by_path)
                } else {
                    Err(error)
                }
            }
            answer => answer,
        }
    }?;
    known.insert(key, stat);
    Ok(stat)
}

fn link(mapping: &Mapping<'_>) -> Vec<u8> {
    let (start, end) = mapping.range;
    format!("map_files/{start:x}-{end:x}").into_bytes()
}
