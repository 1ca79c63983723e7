//! Who uses a file or a mounted file system, by `utssys(2)`: fuser's own question. It takes
//! the locks of every process, so it is the most intrusive of our questions.

use super::answer;
use super::kernel::named;
use crate::parse::Parsed;
use crate::parse::fuser::{self, User};
use crate::sys;
use std::io;
use sysroot::Sysroot;

const FILE_ONLY: u32 = 1;
const CONTAINED: u32 = 2;

/// Who uses this file, and nothing else on its file system (`fuser -f`).
///
/// # Errors
/// As utssys(2); `NotFound` in a recording where it was not asked.
pub fn file_users(root: &Sysroot, path: &[u8]) -> io::Result<Parsed<User>> {
    asked(root, path, FILE_ONLY)
}

/// Who uses any file of the file system mounted here (`fuser -c`).
///
/// # Errors
/// As [`file_users`]; `EINVAL` where nothing is mounted.
pub fn mount_users(root: &Sysroot, path: &[u8]) -> io::Result<Parsed<User>> {
    asked(root, path, CONTAINED)
}

fn asked(root: &Sysroot, path: &[u8], flags: u32) -> io::Result<Parsed<User>> {
    let name = fuser::recorded_name(path, flags);
    let bytes = answer(root, &name, |sink| sys::fusers(path, flags, sink))?;
    let (named, gaps) = named(root);
    let place = String::from_utf8(path.escape_ascii().collect()).unwrap_or_default();
    let mut parsed = fuser::users(&bytes, named.abi, &place);
    parsed.notes.extend(gaps);
    Ok(parsed)
}
