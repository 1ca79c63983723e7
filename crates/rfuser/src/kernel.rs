//! How the kernel itself uses a file: mounted there, swapping on it, a loop device over it.

use crate::users::KernelUse;
use model::ask::KernelFiles;
use std::os::unix::ffi::OsStrExt;
use sysroot::{Stat, Sysroot};

/// A directory in `st_mode`.
const DIRECTORY: u32 = 0o040_000;
/// A block device in `st_mode`.
const BLOCK: u32 = 0o060_000;

/// The uses the kernel makes of a file, in order.
pub(crate) fn uses(
    root: &Sysroot,
    path: &[u8],
    stat: &Stat,
    whole_mount: bool,
    kernel: &KernelFiles,
) -> Vec<KernelUse> {
    let mut uses = Vec::new();
    let kind = stat.mode & 0o170_000;
    for mount in &kernel.mounts {
        let here = kind == DIRECTORY && mount.point == path;
        let from = kind == BLOCK && (mount.device == stat.rdev || mount.source == path);
        if here || from || (whole_mount && mount.device == stat.device && kind != BLOCK) {
            uses.push(KernelUse {
                how: "mount",
                what: mount.point.as_slice().into(),
            });
        }
    }
    let same = |other: &[u8]| {
        let other = root.stat(std::path::Path::new(std::ffi::OsStr::from_bytes(other)));
        other.is_ok_and(|other| other.device == stat.device && other.inode == stat.inode)
    };
    for swap in &kernel.swaps {
        if swap == path || same(swap) {
            uses.push(KernelUse {
                how: "swap",
                what: swap.as_slice().into(),
            });
        }
    }
    for (device, backing) in &kernel.loops {
        if backing == path || same(backing) {
            uses.push(KernelUse {
                how: "loop",
                what: device.as_slice().into(),
            });
        }
    }
    uses.sort();
    uses.dedup();
    uses
}
