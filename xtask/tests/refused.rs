//! `cargo xtask iso` where something is missing: one line that names it, exit code 2, and
//! no image under the final name.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test runs the chore, looks at what it left, and fails where it cannot"
)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Every tool the chore runs before it builds anything.
const TOOLS: [&str; 9] = [
    "apt-get",
    "dpkg-deb",
    "grub-mkimage",
    "mcopy",
    "mount",
    "sh",
    "timeout",
    "xorriso",
    "zstd",
];

/// A root and a PATH of our own, gone with this value.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let top = std::env::temp_dir().join(format!("concord-iso-{name}-{}", std::process::id()));
        for directory in ["bin", "dist", "xtask"] {
            fs::create_dir_all(top.join(directory)).unwrap();
        }
        let place = Place(top);
        for tool in TOOLS {
            place.tool(tool, "exit 0");
        }
        place
    }

    /// Puts a double of a tool into PATH.
    fn tool(&self, name: &str, body: &str) {
        let path = self.0.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The chore, for which this place is the workspace and holds all tools.
    fn iso(&self) -> Command {
        let mut chore = Command::new(env!("CARGO_BIN_EXE_xtask"));
        chore
            .arg("iso")
            .env("PATH", self.0.join("bin"))
            .env("CARGO_MANIFEST_DIR", self.0.join("xtask"));
        chore
    }

    /// The chore where `dist/` is a file system of its own.
    fn iso_on(&self, options: &str) -> Output {
        let script = "mount -t tmpfs -o \"$1\" none \"$2\" && exec env PATH=\"$3\" \"$0\" iso";
        let mut enter = Command::new("unshare");
        enter.args(["--mount", "sh", "-c", script]);
        enter.args([env!("CARGO_BIN_EXE_xtask"), options]);
        enter.args([self.0.join("dist"), self.0.join("bin")]);
        enter.env("CARGO_MANIFEST_DIR", self.0.join("xtask"));
        enter.output().unwrap()
    }

    fn image(&self) -> PathBuf {
        self.0.join("dist/concord.iso")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Fails unless the last line says this, and no image is there.
#[track_caller]
fn refused(place: &Place, told: &Output, expected: &str) {
    let said = String::from_utf8(told.stderr.clone()).unwrap();
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(told.status.code(), Some(2), "{said}");
    assert!(last.starts_with("xtask: "), "{said}");
    assert!(last.contains(expected), "{expected:?}: {said}");
    assert!(!place.image().exists());
}

fn is_root() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    // Past the harness, which keeps to itself what a passing test prints.
    let _ = std::io::stderr().write_all(b"SKIPPED: refused: needs root to mount\n");
    false
}

#[test]
fn a_missing_tool_is_named_with_its_package() {
    let place = Place::new("tool");
    for (tool, package) in [("xorriso", "xorriso"), ("grub-mkimage", "grub-common")] {
        fs::remove_file(place.0.join("bin").join(tool)).unwrap();
        let told = place.iso().output().unwrap();
        let line = format!("{tool} is not installed: apt-get install {package}");
        refused(&place, &told, &line);
        assert_eq!(told.stderr.iter().filter(|byte| **byte == b'\n').count(), 1);
        place.tool(tool, "exit 0");
    }
}

#[test]
fn a_package_that_cannot_be_had_is_named_with_the_way_out() {
    let place = Place::new("package");
    for tool in ["apt-get", "timeout"] {
        place.tool(tool, "exit 100");
    }
    // The workspace of the house, which has the list, and nothing fetched yet.
    let mut chore = place.iso();
    chore.env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
    chore.env("CARGO_TARGET_DIR", place.0.join("target"));
    symlink(rustc(), place.0.join("bin/rustc")).unwrap();
    let told = chore.output().unwrap();
    refused(&place, &told, "xtask: package base-files ");
    refused(&place, &told, "cargo xtask iso --repin");
}

/// The compiler, which cargo asks for what it is.
fn rustc() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap();
    Path::new(&cargo).with_file_name("rustc")
}

#[test]
fn too_little_room_is_told_before_anything_is_built() {
    if is_root() {
        let place = Place::new("room");
        let told = place.iso_on("size=1m");
        refused(&place, &told, "/dist: 1 MiB are free there, ");
    }
}

#[test]
fn a_dist_that_cannot_be_written_is_named() {
    let place = Place::new("dist");
    if is_root() {
        refused(
            &place,
            &place.iso_on("ro"),
            "/dist/.trial: Read-only file system",
        );
    }
    fs::remove_dir(place.0.join("dist")).unwrap();
    fs::write(place.0.join("dist"), b"").unwrap();
    let told = place.iso().output().unwrap();
    refused(&place, &told, "/dist: File exists");
}
