//! What is mounted where, from `/etc/mnttab`, which the kernel writes.

use crate::parse::mnttab;
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
