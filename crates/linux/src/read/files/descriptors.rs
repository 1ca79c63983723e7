//! The descriptors of one table.

use super::{Task, Walk, describe_file, place, unread};
use crate::parse::fdinfo::{Fdinfo, fdinfo};
use crate::parse::links;
use crate::read::processes::{has_ended, is_gone};
use model::gap::counted;
use model::{Access, FileKind, Gap, Gaps, Inode, OpenFile, Slot};
use sysroot::{Dir, Entry};

/// `O_PATH` of `open(2)`: a handle that can neither read nor write.
const O_PATH: u32 = 0o10_000_000;

/// One descriptor table being read.
pub(super) struct Reading<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) task: &'a Task<'a>,
    pub(super) fds: &'a Dir,
    pub(super) infos: Option<&'a Dir>,
}

impl Reading<'_> {
    /// Adds what hangs on one descriptor: the file, and what is only reached through it. False
    /// where there is none.
    pub(super) fn descriptor(
        &self,
        fd: u32,
        entry: Entry<'_>,
        link: &mut Vec<u8>,
        text: &mut Vec<u8>,
        files: &mut Vec<OpenFile>,
        gaps: &mut Gaps,
    ) -> bool {
        let slot = Slot::Fd(fd);
        match self.fds.link(entry.name, link) {
            Ok(()) => {}
            // Closed since it was listed.
            Err(error) if is_gone(&error) => return false,
            Err(error) => {
                if !self.walk.ask.sockets_only {
                    let mut file = unread(self.task, b"fd", slot, "readlink", &error);
                    file.slot = slot;
                    files.push(file);
                }
                gaps.push(Gap::io(place(self.fds, entry.name), &error));
                return true;
            }
        }
        if let Some(inode) = links::socket(link) {
            self.socket(fd, entry, inode, link, text, files, gaps);
            return true;
        }
        if let Some(pipe) = self.brief_pipe(slot, entry, link) {
            files.push(pipe);
            return true;
        }
        let ring = links::is_io_uring(link);
        if self.walk.ask.sockets_only && !ring {
            return true;
        }
        let read = self.info(entry, text, gaps);
        if !self.walk.ask.sockets_only {
            let info = if read {
                fdinfo(text)
            } else {
                Fdinfo::default()
            };
            files.push(self.file(slot, entry, link, info, gaps));
        }
        if ring && read {
            files.extend(
                links::fixed_files(text)
                    .map(|(at, target)| fixed(fd, at, target))
                    .filter(|file| !self.walk.ask.sockets_only || file.kind == FileKind::Socket),
            );
        }
        true
    }

    /// A pipe of which only the end is wanted: the permissions of the descriptor's link tell it
    /// (`fs/proc/fd.c`, `tid_fd_update_inode`), and that takes one call, fdinfo three.
    fn brief_pipe(&self, slot: Slot, entry: Entry<'_>, link: &[u8]) -> Option<OpenFile> {
        const READ: u32 = 0o400;
        const WRITE: u32 = 0o200;
        let locked = self.walk.locked.as_ref()?;
        let inode = links::pipe(link).filter(|inode| !locked.contains(inode))?;
        let device = self.pipefs(entry)?;
        let mode = self.fds.own_mode(entry.name).ok()?;
        let mut file = OpenFile::new(slot, FileKind::Fifo, link.into());
        file.access = match (mode & READ != 0, mode & WRITE != 0) {
            (true, true) => Some(Access::Update),
            (true, false) => Some(Access::Read),
            (false, true) => Some(Access::Write),
            // Opened with O_PATH.
            (false, false) => None,
        };
        // A pipe has no position.
        file.offset = Some(0);
        (file.inode, file.device, file.links) = (Some(inode), Some(device), Some(1));
        Some(file)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "called once, from the loop over one table"
    )]
    fn socket(
        &self,
        fd: u32,
        entry: Entry<'_>,
        inode: Inode,
        link: &[u8],
        text: &mut Vec<u8>,
        files: &mut Vec<OpenFile>,
        gaps: &mut Gaps,
    ) {
        let ask = self.walk.ask;
        let mut file = OpenFile::new(Slot::Fd(fd), FileKind::Socket, link.into());
        // Sockets are made for reading and writing (net/socket.c, sock_alloc_file).
        file.access = Some(Access::Update);
        file.inode = Some(inode);
        file.device = self.sockfs(entry);
        let messages = !ask.messages.is_empty() && ask.messages.contains(&inode);
        if (ask.flags || messages) && self.info(entry, text, gaps) {
            file.flags = fdinfo(text).flags;
            file.access = file.flags.map_or(file.access, access);
            let waiting = links::waiting_descriptors(text).filter(|&count| count > 0);
            files.push(file);
            files.extend(waiting.map(|count| in_flight(fd, count)));
        } else {
            files.push(file);
        }
    }

    /// The device of the file system all sockets live on. Any socket tells it; which one was
    /// asked is not the same in a replay, so the recording has it as an answer.
    fn sockfs(&self, entry: Entry<'_>) -> Option<u64> {
        let known = &self.walk.sockfs;
        if let Some(device) = known.get() {
            return Some(*device);
        }
        let stat = || self.fds.stat(entry.name).map(|stat| stat.device);
        let mut told = None;
        let ask = |sink: &mut dyn FnMut(&[u8])| {
            sink(stat()?.to_string().as_bytes());
            Ok(())
        };
        let asked = self.walk.root.answer("sockfs", ask, &mut |text| {
            told = std::str::from_utf8(text)
                .ok()
                .and_then(|it| it.parse().ok());
        });
        let device = if asked.is_ok() { told } else { stat().ok() };
        device.map(|device| *known.get_or_init(|| device))
    }

    /// The same of pipes without a name; not for a recording.
    fn pipefs(&self, entry: Entry<'_>) -> Option<u64> {
        let known = &self.walk.pipefs;
        if let Some(device) = known.get() {
            return Some(*device);
        }
        let device = self.fds.stat(entry.name).ok()?.device;
        Some(*known.get_or_init(|| device))
    }

    fn file(
        &self,
        slot: Slot,
        entry: Entry<'_>,
        link: &[u8],
        info: Fdinfo,
        gaps: &mut Gaps,
    ) -> OpenFile {
        let mut file = OpenFile::new(slot, FileKind::Unknown, link.into());
        file.access = info.flags.and_then(access);
        file.flags = info.flags;
        file.offset = info.offset;
        file.lock = info.lock;
        file.special = info.special.map(Box::new);
        if self.walk.is_exempt(link) {
            return file;
        }
        // A recording keeps what was said of each, and has only that to say.
        if self.walk.root.is_plain()
            && let Some(inode) = links::pipe(link)
            && let Some(device) = self.pipefs(entry)
        {
            // Such a pipe has no name by which it could be more than one thing.
            (file.kind, file.inode) = (FileKind::Fifo, Some(inode));
            (file.device, file.links) = (Some(device), Some(1));
            return file;
        }
        let mount = info.mount.filter(|_| is_stored(link));
        let answer = match mount {
            Some(mount) if self.task.mounts.may_hang(mount) => self
                .walk
                .bounded
                .stat(self.fds.place(entry.name), Some(mount)),
            _ => self.fds.stat(entry.name),
        };
        match answer {
            Ok(stat) => describe_file(&mut file, &stat),
            Err(error) if has_ended(&error) => {}
            Err(error) => gaps.push(Gap::io(place(self.fds, entry.name), &error)),
        }
        if link.starts_with(b"anon_inode:") {
            file.kind = FileKind::Anon;
        } else if file.kind == FileKind::Unknown
            && let Some(pipe) = links::bracketed(link, b"pipe:[")
        {
            // What it is and which stands in the link, too.
            file.kind = FileKind::Fifo;
            file.inode = Some(Inode(pipe));
        }
        file
    }

    /// Reads the fdinfo of a descriptor into `text`. One closed meanwhile has none.
    fn info(&self, entry: Entry<'_>, text: &mut Vec<u8>, gaps: &mut Gaps) -> bool {
        let Some(infos) = self.infos else {
            return false;
        };
        match infos.read_record(entry.name, text) {
            Ok(()) => true,
            Err(error) if has_ended(&error) => false,
            Err(error) => {
                gaps.push(Gap::io(place(infos, entry.name), &error));
                false
            }
        }
    }
}

/// Whether a link names a file on some mount, not one the kernel keeps for itself.
fn is_stored(link: &[u8]) -> bool {
    link.starts_with(b"/") && !link.starts_with(b"/memfd:")
}

fn access(flags: u32) -> Option<Access> {
    if flags & O_PATH != 0 {
        return None;
    }
    Access::from_flags(flags)
}

/// A file fixed in an io_uring: its ring tells only where the link of a descriptor would point.
fn fixed(ring: u32, at: u32, target: &[u8]) -> OpenFile {
    let inode = links::socket(target);
    let kind = match inode {
        Some(_) => FileKind::Socket,
        None if target.starts_with(b"anon_inode:") => FileKind::Anon,
        None => FileKind::Unknown,
    };
    let mut file = OpenFile::new(Slot::IoUring(ring, at), kind, target.into());
    file.inode = inode;
    file
}

fn in_flight(via: u32, count: u64) -> OpenFile {
    let name = counted(count, "descriptor", "descriptors") + " in messages not received";
    OpenFile::new(Slot::InFlight(via), FileKind::Unknown, name.as_str().into())
}
