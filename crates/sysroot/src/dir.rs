//! A held directory: reads relative to it cannot wander to another process.

use crate::record::Recorder;
use crate::{READ_MAX, Stat, Sysroot, sys};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A directory that is held open.
pub struct Dir {
    root: Sysroot,
    fd: OwnedFd,
    path: PathBuf,
}

/// One name in a directory.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The name.
    pub name: &'a [u8],
    /// Its inode, as the listing tells it.
    pub inode: u64,
    /// Whether the listing says it is a directory.
    pub is_dir: bool,
}

impl Entry<'_> {
    /// The name as a plain decimal number, as processes and descriptors have it.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        if self.name.is_empty() || (self.name.len() > 1 && self.name.starts_with(b"0")) {
            return None;
        }
        self.name.iter().try_fold(0u32, |sum, byte| {
            let digit = char::from(*byte).to_digit(10)?;
            sum.checked_mul(10)?.checked_add(digit)
        })
    }
}

impl Dir {
    pub(crate) fn new(root: Sysroot, fd: OwnedFd, path: PathBuf) -> Dir {
        Dir { root, fd, path }
    }

    pub(crate) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// Where it is, for gaps.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a name in it, for gaps.
    #[must_use]
    pub fn place(&self, name: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(name))
    }

    /// Opens a directory below this one.
    ///
    /// # Errors
    /// As `openat(2)`.
    pub fn dir(&self, name: &[u8]) -> io::Result<Dir> {
        let path = self.place(name);
        let inside = Path::new(OsStr::from_bytes(name));
        let result = sys::open_dir(self.fd.as_fd(), inside, self.root.confined());
        let fd = self.root.note_held(&path, result)?;
        self.root.record(&path, Recorder::directory);
        Ok(Dir::new(self.root.clone(), fd, path))
    }

    /// Reads a whole file into `bytes`, which is emptied first. At most [`READ_MAX`] bytes.
    ///
    /// # Errors
    /// As `openat(2)` and `read(2)`; `FileTooLarge` beyond the bound.
    pub fn read(&self, name: &[u8], bytes: &mut Vec<u8>) -> io::Result<()> {
        self.fill(name, bytes, false)
    }

    /// The same for what the kernel writes as one record, such as `stat`, `status` and
    /// `fdinfo/N` of a process (`single_open`): what comes short of what was asked for is
    /// all of it, and the end need not be asked for once more.
    ///
    /// # Errors
    /// As [`Dir::read`].
    pub fn read_record(&self, name: &[u8], bytes: &mut Vec<u8>) -> io::Result<()> {
        self.fill(name, bytes, self.root.is_live())
    }

    fn fill(&self, name: &[u8], bytes: &mut Vec<u8>, one_record: bool) -> io::Result<()> {
        bytes.clear();
        let inside = Path::new(OsStr::from_bytes(name));
        let result = sys::open_file(self.fd.as_fd(), inside, self.root.confined())
            .and_then(|fd| fill(&fd, bytes, one_record));
        if self.root.is_plain() {
            return result;
        }
        let path = self.place(name);
        self.root.note_held(&path, result)?;
        self.root
            .record(&path, |recorder, path| recorder.file(path, bytes));
        Ok(())
    }

    /// What a symbolic link says, into `target`, which is emptied first.
    ///
    /// # Errors
    /// As `readlinkat(2)`.
    pub fn link(&self, name: &[u8], target: &mut Vec<u8>) -> io::Result<()> {
        let result = if self.root.confined() {
            // A name may lead through directories, as `ns/net` does.
            let inside = Path::new(OsStr::from_bytes(name));
            sys::link_inside(self.fd.as_fd(), inside, target)
        } else {
            sys::link(self.fd.as_fd(), name, target)
        };
        if self.root.is_plain() {
            return result;
        }
        let path = self.place(name);
        self.root.note_held(&path, result)?;
        self.root
            .record(&path, |recorder, path| recorder.link(path, target));
        Ok(())
    }

    /// What the file behind a name is: links followed on a live system, no network asked.
    ///
    /// # Errors
    /// As `statx(2)`.
    pub fn stat(&self, name: &[u8]) -> io::Result<Stat> {
        if self.root.is_plain() {
            return sys::stat(self.fd.as_fd(), name);
        }
        self.root
            .stat_at(&self.place(name), || sys::stat(self.fd.as_fd(), name))
    }

    /// Type and permissions of a name itself, as `st_mode`: of a descriptor's link they tell how
    /// it was opened. Only a live system that is not recorded has them.
    ///
    /// # Errors
    /// As `fstatat(2)`; `Unsupported` of another root.
    pub fn own_mode(&self, name: &[u8]) -> io::Result<u32> {
        if self.root.is_plain() {
            return sys::own_mode(self.fd.as_fd(), name);
        }
        Err(io::ErrorKind::Unsupported.into())
    }

    /// How many names it says it has: a descriptor table tells so by its size, since Linux 6.2
    /// (`fs/proc/fd.c`, `proc_fd_getattr`). 0 where it does not tell; always so unless the
    /// system is live and not recorded, since a recording keeps what was listed.
    #[must_use]
    pub fn count(&self) -> u64 {
        if self.root.is_plain() {
            return sys::size(self.fd.as_fd()).unwrap_or(0);
        }
        0
    }

    /// Asks once for directory records as the kernel writes them (`struct linux_dirent64`);
    /// gives how many bytes it says it wrote, 0 at the end. `first` begins the listing anew.
    ///
    /// # Errors
    /// As `getdents64(2)`.
    pub fn raw_entries(&self, first: bool, buffer: &mut [u8]) -> io::Result<usize> {
        if first {
            sys::seek(self.fd.as_fd(), 0)?;
        }
        sys::entries(self.fd.as_fd(), buffer)
    }

    /// Gives every name in it, `.` and `..` left out. `buffer` is working space; its size is
    /// how much is asked for at a time.
    ///
    /// # Errors
    /// As `getdents64(2)`. Names before the error were given.
    pub fn entries(&self, buffer: &mut [u8], each: &mut dyn FnMut(Entry<'_>)) -> io::Result<()> {
        self.entries_from(0, buffer, each)
    }

    /// The same from a position on. What a position means is the file system's own: in a
    /// descriptor table it is a descriptor's number and 2 (`fs/proc/fd.c`,
    /// `proc_readfd_common`), elsewhere only 0 is sure.
    ///
    /// # Errors
    /// As [`Dir::entries`].
    pub fn entries_from(
        &self,
        position: u32,
        buffer: &mut [u8],
        each: &mut dyn FnMut(Entry<'_>),
    ) -> io::Result<()> {
        let keep = !self.root.is_plain();
        self.root.failed_in(&self.path, each);
        sys::seek(self.fd.as_fd(), position)?;
        loop {
            let length = match sys::entries(self.fd.as_fd(), buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) => return self.root.note_held(&self.path, Err(error)),
            };
            for entry in sys::split_entries(buffer.get(..length).unwrap_or_default()) {
                if keep && entry.is_dir {
                    self.root
                        .record(&self.place(entry.name), Recorder::directory);
                }
                each(entry);
            }
        }
    }
}

fn fill(fd: &OwnedFd, bytes: &mut Vec<u8>, one_record: bool) -> io::Result<()> {
    const ROOM: usize = 4096;
    let mut buffer = [0u8; ROOM];
    loop {
        match sys::read(fd.as_fd(), &mut buffer)? {
            [] => return Ok(()),
            chunk if bytes.len() + chunk.len() > READ_MAX => {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            chunk => {
                bytes.extend_from_slice(chunk);
                if one_record && chunk.len() < ROOM {
                    return Ok(());
                }
            }
        }
    }
}
