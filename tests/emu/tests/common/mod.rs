//! Builds programs for Solaris as `sunrt::recipe` says, and runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3);
    target.expect("target/debug/deps/test").to_owned()
}

/// A build of a program, named as cargo wants it.
pub(crate) fn cargo(program: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--target-dir"]);
    cargo.arg(target()).args(program);
    cargo
}

/// Builds a program for Solaris, named as cargo wants it; none, loudly, where its std is not
/// installed.
pub(crate) fn solaris(program: &[&str], below: &str) -> Option<PathBuf> {
    let rustc = Command::new("rustc").args(["--print", "sysroot"]).output();
    let sysroot = String::from_utf8(rustc.expect("rustc runs").stdout).expect("a path");
    let name = sunrt::recipe::TARGET;
    let std = Path::new(sysroot.trim()).join("lib/rustlib").join(name);
    if !std.is_dir() {
        eprintln!("SKIPPED: rustup target add {name}, then this is tested");
        return None;
    }
    let flags: Vec<&str> = sunrt::recipe::RUSTFLAGS
        .iter()
        .map(|(flag, _)| *flag)
        .collect();
    let built = cargo(program)
        .args(["--target", name])
        .env(
            "CARGO_TARGET_X86_64_UNKNOWN_ILLUMOS_LINKER",
            sunrt::recipe::LINKER,
        )
        .env(
            "CARGO_TARGET_X86_64_UNKNOWN_ILLUMOS_RUSTFLAGS",
            flags.join(" "),
        )
        .status();
    assert!(built.is_ok_and(|status| status.success()), "it links");
    Some(target().join(name).join("debug").join(below))
}

/// The stand-in, for a release.
pub(crate) fn emu(release: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emu"));
    command.args(["--os", release]);
    command
}
