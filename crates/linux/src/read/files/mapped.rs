//! The mapped files of a process.

use super::bounded::MountTable;
use super::{Finds, Task, Walk, describe_file};
use crate::parse::links;
use crate::parse::maps::{self, Mapping};
use crate::read::processes::is_gone;
use model::{FileKind, Foreign, Gap, Gaps, Inode, OpenFile, Slot};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io;
use sysroot::Stat;

/// Mapped files of all processes: most map the same libraries.
///
/// On btrfs and overlay file systems one device and inode in maps stand for many files, so only
/// a file that is the same in stat is kept, for who sees the same path in the same namespace.
#[derive(Default)]
pub(super) struct Known(HashMap<(usize, u64, u64), (Vec<u8>, Stat)>);

impl Known {
    fn get(&self, namespace: usize, mapping: &Mapping<'_>) -> Option<Stat> {
        let (path, stat) = self.0.get(&(namespace, mapping.device, mapping.inode))?;
        (path.as_slice() == mapping.path.as_ref()).then_some(*stat)
    }

    fn put(&mut self, namespace: usize, mapping: &Mapping<'_>, stat: Stat) {
        let key = (namespace, mapping.device, mapping.inode);
        if (stat.device, stat.inode) == (mapping.device, mapping.inode) {
            self.0.insert(key, (mapping.path.to_vec(), stat));
        }
    }
}

/// Tells the mapped files of one process apart; most have several mappings in a row.
#[derive(Default)]
struct Seen<'a> {
    last: Option<(u64, u64, Cow<'a, [u8]>)>,
    all: HashSet<(u64, u64, Cow<'a, [u8]>)>,
}

impl<'a> Seen<'a> {
    fn is_fresh(&mut self, mapping: &Mapping<'a>) -> bool {
        let last = self.last.as_ref();
        if last.is_some_and(|(device, inode, path)| {
            (*device, *inode) == (mapping.device, mapping.inode) && *path == mapping.path
        }) {
            return false;
        }
        let file = (mapping.device, mapping.inode, mapping.path.clone());
        self.last = Some(file.clone());
        self.all.insert(file)
    }
}

/// Appends every mapped file once, the program itself left out, by address.
pub(super) fn files(
    walk: &Walk<'_>,
    task: &Task<'_>,
    files: &mut Vec<OpenFile>,
    finds: &mut Finds,
) {
    let Finds {
        gaps, text, known, ..
    } = finds;
    match task.dir.read(b"maps", text) {
        Ok(()) => {}
        Err(error) if is_gone(&error) => return,
        Err(error) => return gaps.push(Gap::io(task.place(b"maps"), &error)),
    }
    let exe = files.iter().find(|file| file.slot == Slot::Exe).cloned();
    let mut seen = Seen::default();
    let mut bad = Gaps::new();
    let mut flaws = Gaps::new();
    maps::files(text, &task.place(b"maps"), &mut bad, &mut |mapping| {
        if seen.is_fresh(&mapping) && !exe.as_ref().is_some_and(|exe| is(exe, &mapping)) {
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
    known: &mut Known,
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

/// Whether what a path leads to is the file that is mapped: it has its inode, and its device, or
/// is told another by its mount. An inode number alone is that of a file on every file system.
fn is_mapped(stat: &Stat, mapping: &Mapping<'_>, mounts: &MountTable) -> bool {
    let device = stat.device == mapping.device || mounts.bears(stat.mount, mapping.device);
    device && stat.inode == mapping.inode
}

/// Asks about the very file that is mapped; who may not do that asks by its path, and
/// believes the answer if it is the same file.
fn stat(
    walk: &Walk<'_>,
    task: &Task<'_>,
    mapping: &Mapping<'_>,
    known: &mut Known,
) -> io::Result<Stat> {
    let namespace = task.mounts.namespace().filter(|_| walk.root.is_plain());
    if let Some(stat) = namespace.and_then(|namespace| known.get(namespace, mapping)) {
        return Ok(stat);
    }
    let name = link(mapping);
    let stat = if task.mounts.path_may_hang(&mapping.path) {
        walk.bounded.stat(task.dir.place(&name), None)
    } else {
        match task.dir.stat(&name) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)) => {
                let by_path = task.dir.stat(&[b"root", mapping.path.as_ref()].concat())?;
                if is_mapped(&by_path, mapping, &task.mounts) {
                    Ok(by_path)
                } else {
                    Err(error)
                }
            }
            answer => answer,
        }
    }?;
    if let Some(namespace) = namespace {
        known.put(namespace, mapping, stat);
    }
    Ok(stat)
}

fn link(mapping: &Mapping<'_>) -> Vec<u8> {
    let (start, end) = mapping.range;
    format!("map_files/{start:x}-{end:x}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(text: &[u8]) -> Vec<Vec<u8>> {
        let (mut seen, mut gaps, mut paths) = (Seen::default(), Gaps::new(), Vec::new());
        maps::files(text, "maps", &mut gaps, &mut |mapping| {
            if seen.is_fresh(&mapping) {
                paths.push(mapping.path.to_vec());
            }
        });
        assert!(gaps.is_empty());
        paths
    }

    #[test]
    fn two_files_of_one_inode_are_two() {
        let text = b"1000-2000 r--p 00000000 00:3d 257 /a\n2000-3000 r-xp 00000000 00:3d 257 /a\n\
            3000-4000 r--p 00000000 00:3d 257 /b\n4000-5000 r--p 00000000 00:3d 257 /a\n";
        assert_eq!(fresh(text), [b"/a", b"/b"]);
    }

    #[test]
    fn a_number_alone_is_no_file() {
        let mapping = Mapping {
            range: (0x1000, 0x2000),
            device: 61,
            inode: 257,
            path: Cow::Borrowed(b"/a"),
            deleted: false,
        };
        let text = b"1 0 0:61 / / rw - btrfs a rw\n2 1 0:62 / /a rw - ext4 a rw\n";
        let mounts = MountTable::new(0, crate::parse::mounts::mountinfo(text, "").0);
        let is = |device, inode, mount| {
            let stat = Stat {
                device,
                inode,
                mount,
                ..Stat::default()
            };
            is_mapped(&stat, &mapping, &mounts)
        };
        assert!(is(61, 257, 1) && is(61, 257, 2));
        // A subvolume of the same file system; a mount over the path, from anywhere.
        assert!(is(63, 257, 1));
        assert!(!is(62, 257, 2) && !is(62, 257, 99));
        assert!(!is(61, 258, 1));
    }

    #[test]
    fn what_is_known_is_known_of_the_very_file_only() {
        let mapping = |path| Mapping {
            range: (0x1000, 0x2000),
            device: 61,
            inode: 257,
            path: Cow::Borrowed(path),
            deleted: false,
        };
        let stat = |device| Stat {
            device,
            inode: 257,
            ..Stat::default()
        };
        let mut known = Known::default();
        // A subvolume has a device of its own, which maps does not tell.
        known.put(1, &mapping(b"/a"), stat(62));
        assert_eq!(known.get(1, &mapping(b"/a")), None);
        known.put(1, &mapping(b"/a"), stat(61));
        assert_eq!(known.get(1, &mapping(b"/a")), Some(stat(61)));
        assert_eq!(known.get(1, &mapping(b"/b")), None);
        assert_eq!(known.get(2, &mapping(b"/a")), None);
    }
}
