//! Whether `/proc` is the kernel's: what can be told without a Linux procfs.

use model::procfs::ProcIdentity;
use model::{Gap, Gaps};
use sysroot::Sysroot;

/// Nothing is checked yet, and a gap says so.
#[must_use]
pub fn identity(_: &Sysroot) -> (ProcIdentity, Gaps) {
    let gap = Gap::new(
        "/proc",
        "its identity is not checked on Solaris and illumos",
    );
    (ProcIdentity::default(), vec![gap])
}
