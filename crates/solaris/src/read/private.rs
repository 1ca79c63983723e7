//! A procfs of our own: Solaris cannot mount one that is attached nowhere.

use model::Gap;
use sysroot::Sysroot;

/// The same host through a procfs of our own.
pub struct Private {
    /// The root to read.
    pub root: Sysroot,
    /// The pid namespace it shows.
    pub pidns: Option<u64>,
}

/// Never there.
///
/// # Errors
/// Always: there is no such thing.
pub fn private(_: &Sysroot) -> Result<Private, Gap> {
    Err(Gap::new("private procfs", "not a source of this system"))
}
