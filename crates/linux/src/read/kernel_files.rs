//! Files the kernel itself uses: mounted, swapped on, under a loop device.

use super::mounts::mounts;
use super::processes::LISTING;
use crate::parse;
use model::ask::KernelFiles;
use model::{Gap, Gaps};
use std::io;
use std::os::unix::ffi::OsStrExt;
use sysroot::Sysroot;

/// The files the kernel itself uses, as seen from the reader's mount namespace.
#[must_use]
pub fn kernel_files(root: &Sysroot) -> (KernelFiles, Gaps) {
    const SWAPS: &str = "/proc/swaps";
    let (mounts, mut gaps) = mounts(root);
    let swaps = match root.read(SWAPS) {
        Ok(text) => {
            let (swaps, mut bad) = parse::mounts::swaps(&text, SWAPS);
            gaps.append(&mut bad);
            swaps
        }
        // A kernel without swapping has no such file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            gaps.push(Gap::io(SWAPS, &error));
            Vec::new()
        }
    };
    let files = KernelFiles {
        mounts,
        swaps,
        loops: loops(root, &mut gaps),
    };
    (files, gaps)
}

/// Loop devices with a file under them (`Documentation/ABI/testing/sysfs-block-loop`).
fn loops(root: &Sysroot, gaps: &mut Gaps) -> Vec<(Vec<u8>, Vec<u8>)> {
    const BLOCKS: &str = "/sys/block";
    let mut names = Vec::new();
    let mut buffer = vec![0; LISTING];
    let listed = root.dir(BLOCKS).and_then(|blocks| {
        blocks.entries(&mut buffer, &mut |entry| {
            if entry.name.starts_with(b"loop") {
                names.push(entry.name.to_vec());
            }
        })
    });
    match listed {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => gaps.push(Gap::io(BLOCKS, &error)),
    }
    names.sort();
    let backing = |name: &Vec<u8>| {
        let path = [b"/sys/block/", name.as_slice(), b"/loop/backing_file"].concat();
        let path = std::ffi::OsStr::from_bytes(&path);
        // A loop device without a file has no such name.
        let file = root.read(path).ok()?;
        let device = [b"/dev/", name.as_slice()].concat();
        Some((device, file.strip_suffix(b"\n").unwrap_or(&file).to_vec()))
    };
    names.iter().filter_map(backing).collect()
}
