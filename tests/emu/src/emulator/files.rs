//! Calls about files, directories and names.

use super::calls::at_cwd;
use super::convert::{self, OPEN_YOUNG, Stat, dirent, errno, open_flags};
use super::handle::{Handle, Open, descriptor};
use super::tree::{Made, Place, absolute};
use super::{ABSENT, Kernel, Reply, say};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

const EBADF: i32 = 9;
const ENOTDIR: i32 = 20;
const EISDIR: i32 = 21;
const EINVAL: i32 = 22;
const ERANGE: i32 = 34;
const S_IFDIR: u32 = 0x4000;
const NOFOLLOW: u64 = 0x1000;
/// `AT_FDCWD` as it comes in a register.
const CWD: u64 = 0xffff_ffff_ffd1_9553;

pub(super) fn done(result: io::Result<()>) -> Reply {
    match result {
        Ok(()) => Reply::Value(0),
        Err(error) => Reply::Error(convert::error(&error)),
    }
}

impl Kernel {
    /// Answers a call about files; the outer none is "no such call", the inner one a bad
    /// address.
    pub(crate) fn file_call(&mut self, number: u64, a: [u64; 6]) -> Option<Option<Reply>> {
        Some(match number {
            3 => self.read(a),
            4 => self.write(a),
            5 => self.open(CWD, a[0], a[1], a[2]),
            6 => Some(match self.handles.close(a[0]) {
                true => Reply::Value(0),
                false => Reply::Error(EBADF),
            }),
            7 => self.link(a[0], a[1], a[2], a[3]),
            9 => self.link(CWD, a[0], CWD, a[1]),
            10 => self.unlink(CWD, a[0], 0),
            11 => self.symlink(a[0], a[1], a[2]),
            12 => self.chdir(a),
            15 => self.chmod(CWD, a[0], a[1]),
            18 => self.stat(CWD, a[0], a[1], 0),
            19 => Some(self.lseek(a)),
            22 => self.readlink(a[0], a[1], a[2], a[3]),
            28 => self.stat(a[0], 0, a[1], 0),
            58 => Some(self.with_file(a[0], |file| file.sync_all())),
            62 => self.fcntl(a),
            64 => self.rename(a[0], a[1], a[2], a[3]),
            65 => self.unlink(a[0], a[1], a[2]),
            66 => self.stat(a[0], a[1], a[2], a[3]),
            68 => self.open(a[0], a[1], a[2], a[3]),
            76 => match a[0] {
                0 => self.open(a[1], a[2], a[3], a[4]),
                3 => self.stat(a[1], a[2], a[3], a[4]),
                6 => self.unlink(a[1], a[2], a[3]),
                _ => Some(Reply::Error(EINVAL)),
            },
            79 => self.unlink(CWD, a[0], 1),
            80 => self.mkdir(CWD, a[0]),
            81 => self.getdents(a),
            88 => self.stat(CWD, a[0], a[1], NOFOLLOW),
            89 => self.symlink(a[0], CWD, a[1]),
            90 => self.readlink(CWD, a[0], a[1], a[2]),
            93 => self.chmod(a[0], 0, a[1]),
            101 => self.chmod(a[0], a[1], a[2]),
            102 => self.mkdir(a[0], a[1]),
            120 => Some(self.fchdir(a[0])),
            122 => self.writev(a),
            134 => self.rename(CWD, a[0], CWD, a[1]),
            209 => self.resolvepath(a),
            229 => Some(self.getcwd(a)),
            _ => return None,
        })
    }

    /// An absolute path out of a directory argument and a name.
    pub(super) fn path(&self, dir: u64, name: u64) -> Option<PathBuf> {
        let name = self.tracee.text(name)?;
        let name = Path::new(OsStr::from_bytes(&name));
        let from = match self.handles.get(dir) {
            Some(open) if !at_cwd(dir) => match &*open.handle.borrow() {
                Handle::Directory { path } => path.clone(),
                _ => return Some(PathBuf::from("/nowhere")),
            },
            _ => self.cwd.clone(),
        };
        Some(absolute(&from, name))
    }

    /// The machine's file behind a path, wherever it leads.
    pub(super) fn here(&self, path: &Path) -> Result<PathBuf, Reply> {
        match self.tree.place(path) {
            Place::Here(path) => Ok(path),
            Place::Made(_) => Err(Reply::Error(EINVAL)),
            Place::Nowhere(errno) => Err(Reply::Error(errno)),
        }
    }

    fn open(&mut self, dir: u64, name: u64, flags: u64, mode: u64) -> Option<Reply> {
        if flags & OPEN_YOUNG != 0 {
            say("open with flags that Solaris 10 and 11 need not know");
            return Some(Reply::Exit(ABSENT));
        }
        let path = self.path(dir, name)?;
        let handle = match self.tree.place(&path) {
            Place::Nowhere(errno) => return Some(Reply::Error(errno)),
            Place::Made(Made::Arp) => Handle::Stream {
                modules: Vec::new(),
                messages: [].into(),
            },
            Place::Made(Made::Kstat) => Handle::Kstat,
            Place::Made(Made::SelfDirectory | Made::Implied) => Handle::Directory { path },
            Place::Made(Made::SelfPsinfo) => Handle::Bytes(self.psinfo()),
            Place::Here(here) if here.is_dir() => match flags & 3 {
                0 => Handle::Directory { path },
                _ => return Some(Reply::Error(EISDIR)),
            },
            Place::Here(here) => {
                let opened = OpenOptions::new()
                    .read(flags & 3 != 1)
                    .write(flags & 3 != 0)
                    .mode(u32::try_from(mode & 0o7777).unwrap_or(0))
                    .custom_flags(open_flags(flags & !3) & !(libc::O_CREAT | libc::O_TRUNC))
                    .create(flags & 0x100 != 0)
                    .truncate(flags & 0x200 != 0)
                    .open(here);
                match opened {
                    Ok(file) => Handle::File(file),
                    Err(error) => return Some(Reply::Error(convert::error(&error))),
                }
            }
        };
        let flags = i32::try_from(flags & 0xff).unwrap_or(0);
        Some(Reply::Value(self.handles.insert(handle, flags).into()))
    }

    /// `psinfo` of the program itself, as the self-test of the runtime wants it, unless the tree
    /// has it otherwise.
    fn psinfo(&self) -> Vec<u8> {
        let (length, more, model) = match self.tree.lie().as_slice() {
            b"short" => (336, 0, 2),
            b"another" => (416, 1, 2),
            b"ilp32" => (416, 0, 1),
            _ => (416, 0, 2),
        };
        let mut bytes = vec![0; length];
        let fields: [(usize, &[u8]); 3] = [
            (4, &1u32.to_le_bytes()),
            (8, &(self.tracee.pid() + more).to_le_bytes()),
            (256, &[model]),
        ];
        for (at, field) in fields {
            if let Some(place) = bytes.get_mut(at..at + field.len()) {
                place.copy_from_slice(field);
            }
        }
        bytes
    }

    fn read(&self, a: [u64; 6]) -> Option<Reply> {
        let Some(open) = self.handles.get(a[0]) else {
            return Some(Reply::Error(EBADF));
        };
        let room = usize::try_from(a[2].min(1 << 20)).ok()?;
        let mut buffer = vec![0; room];
        let length = match &mut *open.handle.borrow_mut() {
            Handle::File(file) => file.read(&mut buffer),
            Handle::Socket(fd) => nix::unistd::read(&*fd, &mut buffer).map_err(io::Error::from),
            Handle::Bytes(bytes) => {
                let rest = bytes.get(open.at.get()..).unwrap_or_default();
                let length = rest.len().min(room);
                buffer
                    .get_mut(..length)?
                    .copy_from_slice(rest.get(..length)?);
                open.at.set(open.at.get() + length);
                Ok(length)
            }
            Handle::Directory { .. } => return Some(Reply::Error(EISDIR)),
            Handle::Stream { .. } | Handle::Kstat => return Some(Reply::Error(EINVAL)),
        };
        Some(match length {
            Ok(length) => self.put(a[1], buffer.get(..length)?, i64::try_from(length).ok()?),
            Err(error) => Reply::Error(convert::error(&error)),
        })
    }

    fn write(&self, a: [u64; 6]) -> Option<Reply> {
        let bytes = self.tracee.bytes(a[1], a[2])?;
        Some(self.write_bytes(a[0], &bytes))
    }

    fn writev(&self, a: [u64; 6]) -> Option<Reply> {
        let mut bytes = Vec::new();
        for number in 0..a[2].min(16) {
            let (at, length) = (a[1] + number * 16, a[1] + number * 16 + 8);
            let part = (self.tracee.word(at)?, self.tracee.word(length)?);
            bytes.extend(self.tracee.bytes(part.0, part.1)?);
        }
        Some(self.write_bytes(a[0], &bytes))
    }

    fn write_bytes(&self, fd: u64, bytes: &[u8]) -> Reply {
        let Some(open) = self.handles.get(fd) else {
            return Reply::Error(EBADF);
        };
        let length = match &mut *open.handle.borrow_mut() {
            Handle::File(file) => file.write(bytes),
            Handle::Socket(fd) => nix::unistd::write(&*fd, bytes).map_err(io::Error::from),
            Handle::Bytes(_) | Handle::Directory { .. } => return Reply::Error(EBADF),
            Handle::Stream { .. } | Handle::Kstat => return Reply::Error(EINVAL),
        };
        match length {
            Ok(length) => Reply::Value(i64::try_from(length).unwrap_or(i64::MAX)),
            Err(error) => Reply::Error(convert::error(&error)),
        }
    }

    pub(super) fn with_file(
        &self,
        fd: u64,
        act: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Reply {
        let Some(open) = self.handles.get(fd) else {
            return Reply::Error(EBADF);
        };
        match &mut *open.handle.borrow_mut() {
            Handle::File(file) => done(act(file)),
            _ => Reply::Error(EINVAL),
        }
    }

    fn lseek(&self, a: [u64; 6]) -> Reply {
        let Some(open) = self.handles.get(a[0]) else {
            return Reply::Error(EBADF);
        };
        let whence = match a[2] {
            0 => SeekFrom::Start(a[1]),
            1 => SeekFrom::Current(a[1].cast_signed()),
            2 => SeekFrom::End(a[1].cast_signed()),
            _ => return Reply::Error(EINVAL),
        };
        match &mut *open.handle.borrow_mut() {
            Handle::File(file) => match file.seek(whence) {
                Ok(at) => Reply::Value(at.cast_signed()),
                Err(error) => Reply::Error(convert::error(&error)),
            },
            // Our readers only ever begin anew.
            Handle::Directory { .. } | Handle::Bytes(_) if whence == SeekFrom::Start(0) => {
                open.at.set(0);
                Reply::Value(0)
            }
            _ => Reply::Error(EINVAL),
        }
    }

    fn getdents(&self, a: [u64; 6]) -> Option<Reply> {
        let Some(open) = self.handles.get(a[0]) else {
            return Some(Reply::Error(EBADF));
        };
        let path = match &*open.handle.borrow() {
            Handle::Directory { path } => path.clone(),
            _ => return Some(Reply::Error(ENOTDIR)),
        };
        let names = match self.tree.names(&path) {
            Ok(names) => names,
            Err(error) => return Some(Reply::Error(convert::error(&error))),
        };
        let dots = [b".".to_vec(), b"..".to_vec()];
        let room = usize::try_from(a[2]).ok()?;
        let mut bytes = Vec::new();
        for (number, name) in (1u64..).zip(dots.iter().chain(&names)).skip(open.at.get()) {
            let record = dirent(number, number, name);
            if bytes.len() + record.len() > room {
                break;
            }
            bytes.extend(record);
            open.at.set(open.at.get() + 1);
        }
        let length = i64::try_from(bytes.len()).ok()?;
        Some(self.put(a[1], &bytes, length))
    }

    fn stat(&self, dir: u64, name: u64, to: u64, flags: u64) -> Option<Reply> {
        let found = if name == 0 {
            match self.handles.get(dir) {
                Some(open) => self.stat_open(&open),
                None => Err(Reply::Error(EBADF)),
            }
        } else {
            self.stat_path(&self.path(dir, name)?, flags & NOFOLLOW == 0)
        };
        Some(match found {
            Ok(stat) => self.put(to, &stat.bytes(), 0),
            Err(reply) => reply,
        })
    }

    fn stat_open(&self, open: &Open) -> Result<Stat, Reply> {
        let failed = |error: io::Error| Reply::Error(convert::error(&error));
        match &*open.handle.borrow() {
            Handle::File(file) => Ok(Stat::from(&file.metadata().map_err(failed)?)),
            Handle::Directory { path } => self.stat_path(path, true),
            Handle::Bytes(bytes) => Ok(Stat {
                mode: 0x8000 | 0o444,
                size: match self.tree.lie().as_slice() {
                    b"size" => 0,
                    _ => bytes.len() as u64,
                },
                ..Stat::default()
            }),
            Handle::Socket(_) => Ok(Stat {
                mode: 0xc000,
                ..Stat::default()
            }),
            Handle::Stream { .. } | Handle::Kstat => Ok(Stat {
                mode: 0x2000 | 0o666,
                ..Stat::default()
            }),
        }
    }

    fn stat_path(&self, path: &Path, follow: bool) -> Result<Stat, Reply> {
        if let Some(stat) = self.tree.stat(path) {
            return Ok(stat);
        }
        if let Place::Made(_) = self.tree.place(path) {
            return Ok(Stat {
                mode: S_IFDIR | 0o511,
                ..Stat::default()
            });
        }
        let here = self.here(path)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the kernel's side of the door"
        )]
        let meta = match follow {
            true => fs::metadata(here),
            false => fs::symlink_metadata(here),
        };
        let failed = |error: io::Error| Reply::Error(convert::error(&error));
        meta.map(|meta| Stat::from(&meta)).map_err(failed)
    }

    fn readlink(&self, dir: u64, name: u64, to: u64, room: u64) -> Option<Reply> {
        let path = self.path(dir, name)?;
        let here = match self.here(&path) {
            Ok(here) => here,
            Err(reply) => return Some(reply),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the kernel's side of the door"
        )]
        let target = match fs::read_link(here) {
            Ok(target) => target,
            Err(error) => return Some(Reply::Error(convert::error(&error))),
        };
        let target = target.as_os_str().as_bytes();
        let room = usize::try_from(room).ok()?.min(target.len());
        Some(self.put(to, target.get(..room)?, i64::try_from(room).ok()?))
    }

    fn chdir(&mut self, a: [u64; 6]) -> Option<Reply> {
        let path = self.path(CWD, a[0])?;
        Some(match self.stat_path(&path, true) {
            Ok(stat) if stat.mode & 0xf000 == S_IFDIR => {
                self.cwd = path;
                Reply::Value(0)
            }
            Ok(_) => Reply::Error(ENOTDIR),
            Err(reply) => reply,
        })
    }

    fn fchdir(&mut self, fd: u64) -> Reply {
        let Some(open) = self.handles.get(fd) else {
            return Reply::Error(EBADF);
        };
        match &*open.handle.borrow() {
            Handle::Directory { path } => {
                self.cwd.clone_from(path);
                Reply::Value(0)
            }
            _ => Reply::Error(ENOTDIR),
        }
    }

    fn getcwd(&self, a: [u64; 6]) -> Reply {
        let mut bytes = self.cwd.as_os_str().as_bytes().to_owned();
        bytes.push(0);
        match usize::try_from(a[1]).is_ok_and(|room| room >= bytes.len()) {
            true => self.put(a[0], &bytes, 0),
            false => Reply::Error(ERANGE),
        }
    }

    fn resolvepath(&self, a: [u64; 6]) -> Option<Reply> {
        let path = self.path(CWD, a[0])?;
        let found = match self.here(&path) {
            Ok(here) => here.canonicalize(),
            Err(reply) => return Some(reply),
        };
        Some(match found {
            Ok(found) => {
                let bytes = found.as_os_str().as_bytes();
                self.put(a[1], bytes, i64::try_from(bytes.len()).ok()?)
            }
            Err(error) => Reply::Error(convert::error(&error)),
        })
    }

    fn fcntl(&mut self, a: [u64; 6]) -> Option<Reply> {
        const O_NONBLOCK: i32 = 0x80;
        let Some(open) = self.handles.get(a[0]) else {
            return Some(Reply::Error(EBADF));
        };
        Some(match a[1] {
            0 => Reply::Value(
                self.handles
                    .share(Rc::clone(&open), descriptor(a[2]))
                    .into(),
            ),
            1 => self.is_open(a[0]),
            2 => Reply::Value(0),
            3 => Reply::Value(open.flags.get().into()),
            4 => {
                open.flags.set(descriptor(a[2]));
                if let Some(fd) = open.handle.borrow().fd() {
                    let flags = match open.flags.get() & O_NONBLOCK {
                        0 => nix::fcntl::OFlag::empty(),
                        _ => nix::fcntl::OFlag::O_NONBLOCK,
                    };
                    let result = nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_SETFL(flags));
                    if let Err(error) = result {
                        return Some(Reply::Error(errno(error as i32)));
                    }
                }
                Reply::Value(0)
            }
            11 => {
                let length = self.tracee.word(a[2] + 8)?;
                self.with_file(a[0], |file| file.set_len(length))
            }
            _ => Reply::Error(EINVAL),
        })
    }
}
