//! What leads packets elsewhere: the rules of `ipf` and `pf` are not read.

use model::steering::Steer;
use model::{Gap, Gaps};
use sysroot::Sysroot;

/// Nothing is read, and a gap says so.
#[must_use]
pub fn steering(_: &Sysroot) -> (Vec<Steer>, Gaps) {
    let gap = Gap::new("packet filter", "not read on Solaris and illumos");
    (Vec::new(), vec![gap])
}
