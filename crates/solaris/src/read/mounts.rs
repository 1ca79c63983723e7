//! What is mounted where, from `/etc/mnttab`, which the kernel writes.

use crate::parse::mnttab;
use model::ask::KernelFiles;
use model::{Gap, Gaps, Mount};
use sysroot::Sysroot;

/// The mounts of the reader's zone, in the kernel's order.
#[must_use]
pub fn mounts(root: &Sysroot) -> (Vec<Mount>, Gaps) {
    const PLACE: &str = "/etc/mnttab";
    match root.read(PLACE) {
        Ok(text) => mnttab::table(&text, PLACE).into_parts(),
        Err(error) => (Vec::new(), vec![Gap::io(PLACE, &error)]),
    }
}

/// The files the kernel itself uses: mounts. Swap is asked for by system calls only, and
/// `fuser` gets the kernel's other users from `utssys(2)`.
#[must_use]
pub fn kernel_files(root: &Sysroot) -> (KernelFiles, Gaps) {
    let (mounts, gaps) = mounts(root);
    let files = KernelFiles {
        mounts,
        ..KernelFiles::default()
    };
    (files, gaps)
}
