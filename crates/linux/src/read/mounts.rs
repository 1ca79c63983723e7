//! What is mounted where, in the reader's mount namespace.

use crate::parse::mounts;
use model::{Gap, Gaps, Mount};
use sysroot::Sysroot;

/// The mounts, in the kernel's order: what hides another comes after it.
#[must_use]
pub fn mounts(root: &Sysroot) -> (Vec<Mount>, Gaps) {
    const PLACE: &str = "/proc/self/mountinfo";
    match root.read(PLACE) {
        Ok(text) => mounts::mountinfo(&text, PLACE),
        Err(error) => (Vec::new(), vec![Gap::io(PLACE, &error)]),
    }
}
