//! Which kernel this is, so how its records are written.

use super::answer;
use crate::layout::Abi;
use crate::parse::uname::{Kernel, uname};
use crate::sys;
use model::{Foreign, Gap, Gaps};
use sysroot::Sysroot;

const UNAME: &str = "uname";

/// What a kernel calls itself, and what follows from it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Which family of kernels.
    pub kernel: Kernel,
    /// How it writes records for a 64-bit reader.
    pub abi: Abi,
    /// Release and version.
    pub version: Foreign,
    /// The host's name.
    pub hostname: Foreign,
}

/// Asks the kernel its name. Where it does not tell, x86 is assumed and a gap says so.
#[must_use]
pub fn named(root: &Sysroot) -> (Named, Gaps) {
    let (bytes, gaps) = match answer(root, UNAME, sys::uname) {
        Ok(bytes) => (bytes, Gaps::new()),
        Err(error) => (Vec::new(), vec![Gap::io(UNAME, &error)]),
    };
    let names = uname(&bytes);
    let mut version = names.release.to_owned();
    version.push(b' ');
    version.extend_from_slice(names.version);
    let named = Named {
        kernel: names.kernel(),
        abi: names.abi(),
        version: Foreign::from(version),
        hostname: Foreign::from(names.nodename),
    };
    (named, gaps)
}

/// Whether a recorded tree was made on Solaris or illumos: only there is the kernel's name
/// an answer.
#[must_use]
pub fn is_recording(root: &Sysroot) -> bool {
    let answered = || answer(root, UNAME, sys::uname).unwrap_or_default();
    !root.is_live() && uname(&answered()).kernel() != Kernel::Other
}
