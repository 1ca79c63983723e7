//! The crates that hold on SPARC, checked for it. There is no std for that target to install, so
//! the nightly compiler builds it from source; nothing is linked and nothing can be run.

use crate::sh::{self, Outcome};
use crate::workspace;
use std::path::{Path, PathBuf};
use std::process::Command;

const TRIPLE: &str = "sparcv9-sun-solaris";
/// What depends on no system: nouns, questions, tables, judgement, and of the Solaris crate the
/// layouts, parsers and joins.
const CRATES: [&str; 5] = ["model", "select", "render", "compare", "solaris"];

/// Type-checks the portable crates for 64-bit SPARC.
///
/// # Errors
/// The inner one: something does not compile there. The outer one: why it cannot be checked here.
pub(crate) fn check() -> Result<Outcome, String> {
    sources()?;
    let told = workspace::metadata(&["--no-deps"])?;
    let target = PathBuf::from(workspace::text(&told, "target_directory")).join("sparc");
    let mut check = nightly("cargo");
    check.args(["+nightly", "check", "--quiet", "--locked"]);
    check.args(["-Zbuild-std=std,panic_abort", "--target", TRIPLE]);
    for package in CRATES {
        check.args(["--package", package]);
    }
    Ok(sh::run(check.env("CARGO_TARGET_DIR", target)))
}

/// Sees to it that the nightly compiler and the sources of std are there.
fn sources() -> Outcome {
    let mut ask = nightly("rustc");
    let told = sh::output(ask.args(["+nightly", "--print", "sysroot"]));
    let sysroot = told.map_err(|_| "no nightly compiler: rustup toolchain install nightly")?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    if library.join("std").is_dir() {
        return Ok(());
    }
    let mut add = nightly("rustup");
    sh::run(add.args(["component", "add", "--toolchain", "nightly", "rust-src"]))
        .map_err(|why| format!("no sources of std: {why}"))
}

/// A tool without the toolchain that runs this chore.
fn nightly(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    command
}
