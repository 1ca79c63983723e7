//! The systems concord is built for.

use crate::sh::{self, Outcome};
use crate::workspace;
use std::path::PathBuf;
use std::process::Command;

/// A system the programs are built for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Rust's name of it.
    pub triple: &'static str,
    /// Our name of it: a directory of `dist/` and of the medium.
    pub name: &'static str,
    /// The `e_machine` of its ELF files.
    pub machine: u16,
    /// Whether it is linked as `sunrt` says: static programs of Solaris and illumos.
    pub solaris: bool,
}

/// All of them. The first is what `compare` and `test` run on.
pub(crate) const TARGETS: [Target; 4] = [
    Target {
        triple: "x86_64-unknown-linux-musl",
        name: "linux-x86_64",
        machine: 62,
        solaris: false,
    },
    Target {
        triple: "i686-unknown-linux-musl",
        name: "linux-i686",
        machine: 3,
        solaris: false,
    },
    Target {
        triple: "aarch64-unknown-linux-musl",
        name: "linux-aarch64",
        machine: 183,
        solaris: false,
    },
    Target {
        triple: sunrt::recipe::TARGET,
        name: "solaris-x86_64",
        machine: 62,
        solaris: true,
    },
];

/// Solaris 10, 11 and illumos.
pub(crate) const SOLARIS: &Target = &TARGETS[3];

/// The target the chores themselves run programs of.
pub(crate) const HOST: &Target = &TARGETS[0];

impl Target {
    /// Where its programs are put.
    pub(crate) fn directory(&self) -> PathBuf {
        workspace::root().join("dist").join(self.name)
    }
}

/// Sees to it that the standard library of a target is there: asks rustup for it, and
/// goes on with what is there if that cannot be had.
///
/// # Errors
/// It is not there and could not be added, or the linker is missing.
pub(crate) fn ready(target: &Target) -> Outcome {
    if target.solaris && !sh::installed(sunrt::recipe::LINKER) {
        let linker = sunrt::recipe::LINKER;
        return Err(format!(
            "{linker} is not installed: apt-get install binutils"
        ));
    }
    if present(target)? {
        return Ok(());
    }
    let mut add = Command::new("rustup");
    add.args(["target", "add", target.triple]);
    let added = sh::run(add.current_dir(workspace::root()));
    if present(target)? {
        return Ok(());
    }
    let why = added.err().unwrap_or_else(|| "it is still missing".into());
    Err(format!(
        "the Rust standard library for {} is not installed and could not be added ({why}); \
         with a network: rustup target add {}",
        target.triple, target.triple
    ))
}

/// Whether rustc has the standard library of a target.
fn present(target: &Target) -> Outcome<bool> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir", "--target", target.triple]);
    let directory = sh::output(ask.current_dir(workspace::root()))?;
    Ok(std::fs::read_dir(directory.trim_end()).is_ok_and(|mut files| files.next().is_some()))
}
