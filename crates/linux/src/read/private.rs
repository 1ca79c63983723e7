//! A procfs of our own that is attached nowhere: what is mounted over `/proc`, or into it,
//! cannot stand before it.

use super::ask::Holdings;
use super::ask::{SocketAsk, Told, WalkAsk};
use super::walk::holdings as walk;
use super::{observer, tables};
use model::{Gap, Socket, Source};
use sysroot::Sysroot;

/// The place named in gaps about it.
const PLACE: &str = "private procfs";

/// The host as a procfs of our own shows it. Every reader works through `root` unchanged.
#[derive(Clone)]
pub struct Private {
    /// The root whose `/proc` is ours.
    pub root: Sysroot,
    /// The pid namespace it shows, by its inode: that of this process.
    pub pidns: Option<u64>,
}

/// Makes a procfs of our own.
///
/// # Errors
/// A gap that says why there is none: `EPERM` without `CAP_SYS_ADMIN`, `ENOSYS` before
/// Linux 5.2.
pub fn private(root: &Sysroot) -> Result<Private, Gap> {
    let root = root
        .private_procfs()
        .map_err(|error| Gap::io(PLACE, &error))?;
    let pidns = observer::namespace(&root, "pid");
    Ok(Private { root, pidns })
}

/// The text tables through a procfs of our own: as [`tables::sockets`]. Where none can be
/// made, the gap is all there is.
pub fn sockets(root: &Sysroot, ask: &SocketAsk, sink: &mut dyn FnMut(Socket)) -> Told {
    match private(root) {
        Ok(private) => tables::sockets(&private.root, Source::Procfs, ask, sink),
        Err(gap) => Told {
            gaps: vec![gap],
            ..Told::default()
        },
    }
}

/// The owner walk through a procfs of our own: as [`super::walk::holdings`].
#[must_use]
pub fn holdings(root: &Sysroot, ask: &WalkAsk) -> Holdings {
    match private(root) {
        Ok(private) => walk(&private.root, ask),
        Err(gap) => Holdings {
            told: Told {
                gaps: vec![gap],
                ..Told::default()
            },
            ..Holdings::default()
        },
    }
}
