//! Witnesses that Solaris and illumos do not have: each answer is a gap that says so.

use model::ask::States;
use model::asked::{Copies, Ring};
use model::behind::Behind;
use model::receipt::{Receipt, Receive};
use model::{Family, Gap, Gaps, Inet, Pid, Proto, Socket};
use std::io;
use sysroot::Sysroot;

fn none(place: &str) -> Gaps {
    vec![Gap::new(place, "not a source of this system")]
}

/// When the host began: not read here, since starts of processes are moments by themselves.
#[must_use]
pub fn boot_ms(_: &Sysroot) -> Option<u64> {
    None
}

/// The program behind a process: not looked at.
#[must_use]
pub fn behind(_: &Sysroot, _: Pid) -> (Option<Behind>, Gaps) {
    (None, none("programs"))
}

/// There is no io_uring.
#[must_use]
pub fn rings(_: &Sysroot) -> (Vec<Ring>, Gaps) {
    (Vec::new(), Gaps::new())
}

/// There is no sock_diag.
#[must_use]
pub fn receipt(_: &Sysroot, _: Family, _: Option<Proto>, _: States, _: Receive) -> Receipt {
    Receipt {
        gaps: none("netlink-read"),
        ..Receipt::default()
    }
}

/// There is no sock_diag.
///
/// # Errors
/// Always.
pub fn exact(_: &Sysroot, _: &Inet) -> io::Result<Option<Socket>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Descriptors cannot be copied out of a process.
#[must_use]
pub fn copies(_: &Sysroot) -> Copies {
    Copies {
        gaps: none("pidfd"),
        ..Copies::default()
    }
}
