//! What only rcompare asks, through its siblings: witnesses beside the tables and the walk.

use super::ask::States;
use super::{counters, pidfd};
use crate::parse::stat;
use model::asked::{Copies, Used};
use model::receipt::{Receipt, Receive};
use model::{Family, Inet, NetNs, Proto, Socket};
use std::io;
use sysroot::Sysroot;

pub use super::behind::behind;
pub use super::rings::rings;

/// When the host began, in milliseconds since 1970.
#[must_use]
pub fn boot_ms(root: &Sysroot) -> Option<u64> {
    stat::boot(&root.read("/proc/stat").ok()?)?.checked_mul(1000)
}

/// One table of sock_diag, received by the call named.
#[must_use]
pub fn receipt(
    root: &Sysroot,
    family: Family,
    proto: Option<Proto>,
    states: States,
    by: Receive,
) -> Receipt {
    super::receipt::receipt(root, family, proto, states, by)
}

/// One socket asked for alone; none where the kernel knows none.
///
/// # Errors
/// The call failed, or what came is no socket.
pub fn exact(root: &Sysroot, inet: &Inet) -> io::Result<Option<Socket>> {
    super::receipt::exact(root, inet)
}

/// The owner walk without procfs, between two readings of the counter of all sockets.
#[must_use]
pub fn copies(root: &Sysroot) -> Copies {
    let before = used(root);
    let (census, asked) = pidfd::census_and_walk(root, pidfd::Bounds::default());
    let still = before.filter(|before| used(root).as_ref() == Some(before));
    // What a process that refused itself holds is in a table too, and so is what is of a namespace
    // that was not told: without them nothing follows from the difference.
    let still = still.filter(|_| asked.whole);
    let sockets: Vec<_> = asked.sockets.into_values().collect();
    let used = still.map(|(netns, used)| {
        let here = sockets.iter().filter(|it| it.netns == Some(netns));
        Used {
            netns,
            used,
            in_tables: u64::try_from(here.count()).unwrap_or(u64::MAX),
        }
    });
    Copies {
        census,
        copied: asked.copied,
        sockets,
        walked: asked.walked,
        used,
        gaps: asked.gaps,
    }
}

/// The namespace we are in and the sockets it counts.
fn used(root: &Sysroot) -> Option<(NetNs, u64)> {
    let (counters, _) = counters::counters(root, "/proc/net");
    Some((counters.netns?, counters.used?))
}
