//! Ansible and DuckDB for the tests of docs/FLEET.md, in a Python environment of their own.

use crate::sh::{self, Outcome};
use crate::workspace;
use std::path::PathBuf;
use std::process::Command;

/// What is installed there, from PyPI.
const PACKAGES: [&str; 2] = ["ansible-core", "duckdb"];

/// Makes the environment, once; gives its directory.
///
/// # Errors
/// Python has no `venv`, or the packages cannot be had.
pub(crate) fn ready() -> Outcome<PathBuf> {
    let told = workspace::metadata(&["--no-deps"])?;
    let dir = PathBuf::from(workspace::text(&told, "target_directory")).join("venv");
    let marks = ["bin/ansible-playbook", "bin/python"];
    if !marks.iter().all(|mark| dir.join(mark).exists()) {
        sh::run(Command::new("python3").args(["-m", "venv"]).arg(&dir))?;
        let mut pip = Command::new(dir.join("bin/pip"));
        sh::run(
            pip.args(["install", "--quiet", "--disable-pip-version-check"])
                .args(PACKAGES),
        )?;
    }
    Ok(dir)
}
