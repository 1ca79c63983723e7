//! Calls that change names: directories, links, modes.

use super::files::done;
use super::{Kernel, Reply};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

impl Kernel {
    fn change(&self, path: &Path, change: impl FnOnce(&Path) -> io::Result<()>) -> Reply {
        match self.here(path) {
            Ok(here) => done(change(&here)),
            Err(reply) => reply,
        }
    }

    pub(super) fn mkdir(&self, dir: u64, name: u64) -> Option<Reply> {
        let path = self.path(dir, name)?;
        Some(self.change(&path, |here| fs::create_dir(here)))
    }

    pub(super) fn unlink(&self, dir: u64, name: u64, flags: u64) -> Option<Reply> {
        let path = self.path(dir, name)?;
        Some(self.change(&path, |here| match flags & 1 {
            0 => fs::remove_file(here),
            _ => fs::remove_dir(here),
        }))
    }

    pub(super) fn symlink(&self, target: u64, dir: u64, name: u64) -> Option<Reply> {
        let target = self.tracee.text(target)?;
        let path = self.path(dir, name)?;
        let target = OsStr::from_bytes(&target);
        Some(self.change(&path, |here| std::os::unix::fs::symlink(target, here)))
    }

    pub(super) fn link(&self, dir: u64, name: u64, to_dir: u64, to: u64) -> Option<Reply> {
        let (from, to) = (self.path(dir, name)?, self.path(to_dir, to)?);
        Some(match self.here(&from) {
            Ok(from) => self.change(&to, |to| fs::hard_link(&from, to)),
            Err(reply) => reply,
        })
    }

    pub(super) fn rename(&self, dir: u64, name: u64, to_dir: u64, to: u64) -> Option<Reply> {
        let (from, to) = (self.path(dir, name)?, self.path(to_dir, to)?);
        Some(match self.here(&from) {
            Ok(from) => self.change(&to, |to| fs::rename(&from, to)),
            Err(reply) => reply,
        })
    }

    pub(super) fn chmod(&self, dir: u64, name: u64, mode: u64) -> Option<Reply> {
        let mode = fs::Permissions::from_mode(u32::try_from(mode & 0o7777).ok()?);
        if name == 0 {
            return Some(self.with_file(dir, |file| file.set_permissions(mode)));
        }
        let path = self.path(dir, name)?;
        Some(self.change(&path, |here| fs::set_permissions(here, mode)))
    }
}
