//! What every process holds open: its directories, program, mapped files and descriptors,
//! those of threads with tables of their own, and the files fixed in an io_uring.

mod bounded;
mod descriptors;
mod mapped;

use super::ask::{FilesAsk, Meant, Told};
use super::processes::{LISTING, describe, has_ended, is_gone, open, pids, settle, visit_in_order};
use super::slots;
use super::threads::Threads;
use crate::parse::locks;
use bounded::{Bounded, MountTable};
use descriptors::Reading;
use model::ask::Table;
use model::gap::counted;
use model::{FileKind, Foreign, Gap, Gaps, Inode, OpenFile, Pid, Process, Slot};
use std::collections::HashSet;
use std::io;
use std::sync::{Arc, OnceLock};
use sysroot::{Dir, Stat, Sysroot};

/// Gives every process asked for with its open files, ordered by pid. Of a process that is not
/// `meant` nothing is read but what it is.
pub fn files(
    root: &Sysroot,
    ask: &FilesAsk,
    meant: Meant<'_>,
    sink: &mut dyn FnMut(Process, Vec<Table>),
) -> Told {
    let mut told = Told::default();
    let mut pids = pids(root, &mut told.gaps);
    if let Some(only) = &ask.pids {
        pids.retain(|pid| only.contains(pid));
    }
    told.coverage.processes = u64::try_from(pids.len()).ok();
    let walk = Walk {
        root,
        ask,
        meant,
        threads: Threads::new(root),
        bounded: Bounded::new(root),
        sockfs: OnceLock::new(),
        pipefs: OnceLock::new(),
        locked: locked(root, ask),
    };
    let process = |pid: &Pid, finds: &mut Finds| walk.process(*pid, finds);
    let finds = visit_in_order(&pids, Finds::default, process, &mut |found| {
        if let Some((process, tables)) = found {
            sink(process, tables);
        }
    });
    for mut find in finds {
        told.gaps.append(&mut find.gaps);
    }
    // Workers take processes as they come; the order of their gaps is put right here.
    told.gaps.sort_unstable();
    told
}

/// Inodes of what has a lock on it, if that spares looking at every pipe for one. An exempt
/// place is not asked about at all.
fn locked(root: &Sysroot, ask: &FilesAsk) -> Option<HashSet<Inode>> {
    if !ask.brief_pipes || ask.sockets_only || !root.is_plain() {
        return None;
    }
    locks::locked(&root.read("/proc/locks").ok()?)
}

/// What a process is, if it is still there and tells.
#[must_use]
pub fn process(root: &Sysroot, pid: Pid) -> Option<Process> {
    let mut gaps = Gaps::new();
    let dir = open(root, pid, &mut gaps)?;
    describe(&dir, &mut Vec::new(), &mut gaps)
}

/// The most files room is made for before there is one.
const ROOM_MAX: usize = 1024;

/// One worker's finds and working space.
struct Finds {
    gaps: Gaps,
    listing: Vec<u8>,
    link: Vec<u8>,
    text: Vec<u8>,
    /// How many files the last process had.
    room: usize,
    /// Mapped files of all processes.
    known: mapped::Known,
}

impl Default for Finds {
    fn default() -> Finds {
        Finds {
            gaps: Vec::new(),
            listing: vec![0; LISTING],
            link: Vec::new(),
            text: Vec::new(),
            room: 0,
            known: mapped::Known::default(),
        }
    }
}

struct Walk<'a> {
    root: &'a Sysroot,
    ask: &'a FilesAsk,
    meant: Meant<'a>,
    threads: Threads<'a>,
    bounded: Bounded,
    /// Device of the file system all sockets live on, once one was asked about.
    sockfs: OnceLock<u64>,
    /// The same of pipes without a name.
    pipefs: OnceLock<u64>,
    /// What has locks on it, where of other pipes only the end is wanted.
    locked: Option<HashSet<Inode>>,
}

/// A process, or a thread of it, under the door's hand.
struct Task<'a> {
    dir: &'a Dir,
    mounts: Arc<MountTable>,
}

impl Task<'_> {
    fn place(&self, name: &[u8]) -> String {
        self.dir.place(name).display().to_string()
    }
}

impl Walk<'_> {
    fn process(&self, pid: Pid, finds: &mut Finds) -> Option<(Process, Vec<Table>)> {
        let dir = open(self.root, pid, &mut finds.gaps)?;
        let before = finds.gaps.len();
        let found = if self.ask.sockets_only && self.meant.is_none() {
            self.with_sockets(pid, &dir, finds)
        } else {
            self.meant(pid, &dir, before, finds)
        };
        settle(&dir, before, &mut finds.gaps);
        one_refusal(&mut finds.gaps, before, &dir);
        found
    }

    /// One that holds a socket.
    fn with_sockets(
        &self,
        pid: Pid,
        dir: &Dir,
        finds: &mut Finds,
    ) -> Option<(Process, Vec<Table>)> {
        let task = Task {
            dir,
            mounts: Arc::default(),
        };
        let tables = self.tables(pid, &task, Vec::new(), finds);
        if tables.iter().all(|table| table.files.is_empty()) {
            return None;
        }
        let process = describe(dir, &mut finds.text, &mut finds.gaps)?;
        Some((process, tables))
    }

    /// One that is meant: what it is comes first. `before` is how many gaps there were.
    fn meant(
        &self,
        pid: Pid,
        dir: &Dir,
        before: usize,
        finds: &mut Finds,
    ) -> Option<(Process, Vec<Table>)> {
        // One that ended before it was looked at is nothing; after that it is a gap.
        if matches!(dir.read_record(b"stat", &mut finds.text), Err(error) if has_ended(&error)) {
            return None;
        }
        let process = describe(dir, &mut finds.text, &mut finds.gaps)?;
        if self.meant.is_some_and(|meant| !meant(&process)) {
            // What could not be read of it bears on nothing that was asked.
            finds.gaps.truncate(before);
            return None;
        }
        let mut files = Vec::new();
        let mut mounts = Arc::default();
        if !self.ask.sockets_only {
            mounts = self.bounded.mounts(dir, &mut finds.link);
            let task = Task {
                dir,
                mounts: Arc::clone(&mounts),
            };
            self.places(&task, &mut files, finds);
        }
        let tables = self.tables(pid, &Task { dir, mounts }, files, finds);
        Some((process, tables))
    }

    /// The leader's table, then those of threads that have their own.
    fn tables(
        &self,
        pid: Pid,
        task: &Task<'_>,
        mut files: Vec<OpenFile>,
        finds: &mut Finds,
    ) -> Vec<Table> {
        // One process is much like the last, and a list that grows is copied again and again.
        files.reserve(finds.room);
        let readable = self.descriptors(task, &mut files, finds);
        finds.room = files.len().min(ROOM_MAX);
        let mut tables = vec![Table { tid: None, files }];
        if !self.ask.threads || !readable {
            return tables;
        }
        let own = self
            .threads
            .own_tables(pid, task.dir, &mut finds.listing, &mut finds.gaps);
        for tid in own {
            let name = format!("task/{tid}");
            match task.dir.dir(name.as_bytes()) {
                Ok(dir) => {
                    let thread = Task {
                        dir: &dir,
                        mounts: Arc::clone(&task.mounts),
                    };
                    let mut files = Vec::new();
                    self.descriptors(&thread, &mut files, finds);
                    tables.push(Table {
                        tid: Some(tid),
                        files,
                    });
                }
                Err(error) if is_gone(&error) => {}
                Err(error) => finds
                    .gaps
                    .push(Gap::io(task.place(name.as_bytes()), &error)),
            }
        }
        tables
    }

    /// Current directory, root, program and mapped files.
    fn places(&self, task: &Task<'_>, files: &mut Vec<OpenFile>, finds: &mut Finds) {
        for (name, slot) in [
            (&b"cwd"[..], Slot::Cwd),
            (b"root", Slot::Root),
            (b"exe", Slot::Exe),
        ] {
            let mut file = match task.dir.link(name, &mut finds.link) {
                Ok(()) => OpenFile::new(slot, FileKind::Unknown, finds.link.as_slice().into()),
                // Threads of the kernel have no program.
                Err(error) if is_gone(&error) => {
                    let place = task.place(name);
                    files.push(OpenFile::new(
                        slot,
                        FileKind::Unknown,
                        place.as_str().into(),
                    ));
                    continue;
                }
                Err(error) => {
                    files.push(unread(task, name, slot, "readlink", &error));
                    finds.gaps.push(Gap::io(task.place(name), &error));
                    continue;
                }
            };
            let hangs = task.mounts.path_may_hang(file.name.as_bytes());
            self.learn(task, name, hangs, &mut file, &mut finds.gaps);
            files.push(file);
        }
        mapped::files(self, task, files, finds);
    }

    /// Every descriptor of a table; false where the table is refused.
    fn descriptors(&self, task: &Task<'_>, files: &mut Vec<OpenFile>, finds: &mut Finds) -> bool {
        let Finds {
            gaps,
            listing,
            link,
            text,
            ..
        } = finds;
        let fds = match task.dir.dir(b"fd") {
            Ok(fds) => fds,
            Err(error) => {
                if has_ended(&error) {
                    gaps.push(ended(task));
                } else {
                    if !self.ask.sockets_only {
                        files.push(unread(task, b"fd", Slot::Unread, "opendir", &error));
                    }
                    gaps.push(Gap::io(task.place(b"fd"), &error));
                }
                return false;
            }
        };
        // Without it access, offset and flags are not known, but that a descriptor is there is.
        let infos = match task.dir.dir(b"fdinfo") {
            Ok(infos) => Some(infos),
            Err(error) if has_ended(&error) => {
                gaps.push(ended(task));
                return false;
            }
            Err(error) => {
                gaps.push(Gap::io(task.place(b"fdinfo"), &error));
                None
            }
        };
        let reading = Reading {
            walk: self,
            task,
            fds: &fds,
            infos: infos.as_ref(),
        };
        let before = gaps.len();
        let listed = slots::each(&fds, listing, &mut |fd, entry| {
            reading.descriptor(fd, entry, link, text, files, gaps)
        });
        match listed {
            Ok(()) => {}
            Err(error) if has_ended(&error) => gaps.push(ended(task)),
            Err(error) => gaps.push(Gap::io(task.place(b"fd"), &error)),
        }
        // The kernel lists in order; a recorded tree lists as its file system likes.
        let place = |file: &OpenFile| match file.slot {
            Slot::Fd(fd) | Slot::InFlight(fd) => Some((fd, 0)),
            Slot::IoUring(ring, slot) => Some((ring, slot.saturating_add(1))),
            _ => None,
        };
        if !files.is_sorted_by_key(place) {
            files.sort_by_key(place);
        }
        !refused_links(&fds, before, gaps)
    }

    /// Whether nothing is to be asked about a file of this name.
    fn is_exempt(&self, name: &[u8]) -> bool {
        self.ask.exempt.iter().any(|dir| {
            let rest = name.strip_prefix(dir.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    /// Asks what a file is and writes it down; a file that cannot be asked about keeps its name.
    fn learn(
        &self,
        task: &Task<'_>,
        name: &[u8],
        hangs: bool,
        file: &mut OpenFile,
        gaps: &mut Gaps,
    ) {
        if self.is_exempt(file.name.as_bytes()) {
            return;
        }
        let answer = if hangs {
            self.bounded.stat(task.dir.place(name), None)
        } else {
            task.dir.stat(name)
        };
        match answer {
            Ok(stat) => describe_file(file, &stat),
            Err(error) if is_gone(&error) => {}
            Err(error) => gaps.push(Gap::io(task.place(name), &error)),
        }
    }
}

fn describe_file(file: &mut OpenFile, stat: &Stat) {
    file.kind = kind(stat.mode);
    file.device = Some(stat.device);
    file.inode = Some(Inode(stat.inode));
    file.links = Some(stat.links);
    match file.kind {
        FileKind::Character | FileKind::Block => file.rdev = Some(stat.rdev),
        FileKind::Fifo | FileKind::Socket => {}
        _ => file.size = Some(stat.size),
    }
}

/// What `S_IFMT` says (`include/uapi/linux/stat.h`).
fn kind(mode: u32) -> FileKind {
    match mode & 0o170_000 {
        0o010_000 => FileKind::Fifo,
        0o020_000 => FileKind::Character,
        0o040_000 => FileKind::Directory,
        0o060_000 => FileKind::Block,
        0o100_000 => FileKind::Regular,
        0o120_000 => FileKind::Link,
        0o140_000 => FileKind::Socket,
        _ => FileKind::Anon,
    }
}

fn ended(task: &Task<'_>) -> Gap {
    Gap::ended(task.dir.path().display().to_string())
}

/// A row for what could not be read: the place and the reason stand for its name.
fn unread(task: &Task<'_>, name: &[u8], slot: Slot, call: &str, error: &io::Error) -> OpenFile {
    let place = task.place(name);
    let reason = Gap::io("", error).reason;
    let text = format!("{place} ({call}: {reason})");
    OpenFile::new(slot, FileKind::Unknown, Foreign::from(text.as_str()))
}

fn place(dir: &Dir, name: &[u8]) -> String {
    dir.place(name).display().to_string()
}

/// Whether links of a table were refused, as those of a task that may not be traced are: one gap
/// with their number stands for all. Where nobody may look, nobody can tell threads apart either.
fn refused_links(fds: &Dir, before: usize, gaps: &mut Gaps) -> bool {
    let refused = |gap: &Gap| {
        let denied = matches!(gap.errno, Some(libc::EACCES | libc::EPERM));
        denied && std::path::Path::new(&gap.place).parent() == Some(fds.path())
    };
    let own: Vec<Gap> = gaps.drain(before..).collect();
    let (links, rest): (Vec<Gap>, Vec<Gap>) = own.into_iter().partition(refused);
    gaps.extend(rest);
    let count = links.len() as u64;
    if let Some(mut first) = links.into_iter().next() {
        first.place = fds.path().display().to_string();
        let count = counted(count, "descriptor", "descriptors");
        first.reason = format!("{} ({count})", first.reason);
        gaps.push(first);
    }
    count > 0
}

/// Whose descriptors are refused, everything else of his is too: one gap says it for all.
fn one_refusal(gaps: &mut Gaps, before: usize, dir: &Dir) {
    let refused = |gap: &Gap| matches!(gap.errno, Some(libc::EACCES | libc::EPERM));
    let fd = place(dir, b"fd");
    let own = gaps.get(before..).unwrap_or_default();
    if own.iter().any(|gap| refused(gap) && gap.place == fd) {
        let kept: Vec<Gap> = gaps
            .drain(before..)
            .filter(|gap| gap.place == fd || !refused(gap))
            .collect();
        gaps.extend(kept);
    }
}
