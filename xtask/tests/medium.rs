//! `cargo xtask iso` where it cannot be done: one line that names what is missing, exit 2,
//! and no half-written image under the final name.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts a chore in a place of its own"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// What the chore needs before it looks for packages.
const TOOLS: [&str; 6] = [
    "dpkg-deb",
    "grub-mkimage",
    "mcopy",
    "unshare",
    "xorriso",
    "zstd",
];

/// A kernel nobody offers.
const PINS: &str = "snapshot 20260101T000000Z\nlinux-image-0-none 1 00 debian/pool/none.deb\n";

/// What is done to the place, in a mount namespace of its own; and what must be said.
const CASES: &[(&str, &str)] = &[
    (
        "mount --bind /dev/null \"$(command -v xorriso)\"",
        "xtask: xorriso is not installed: apt-get install xorriso",
    ),
    (
        "mount --bind /dev/null \"$(command -v grub-mkimage)\"",
        "xtask: grub-mkimage is not installed: apt-get install grub-common",
    ),
    (
        "mount -t tmpfs -o ro none dist",
        "dist/.trial: Read-only file system (os error 30)",
    ),
    (
        "mount -t tmpfs -o size=1m none dist",
        "dist: 1 MiB are free there, 192 are needed",
    ),
    (
        "mkdir -p target/media; mount -t tmpfs -o size=1m none target/media",
        "media: 1 MiB are free there, 1024 are needed",
    ),
    // Nothing answers here, so the archive cannot have it either.
    ("", "xtask: package linux-image-0-none 1 cannot be had"),
];

#[test]
fn what_is_missing_is_named_and_nothing_half_done_is_left() {
    if let Some(why) = cannot() {
        // Past the harness, which keeps to itself what a passing test prints.
        let told = format!("SKIPPED: the medium where it cannot be made: {why}\n");
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        return;
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-medium");
    let _ = fs::remove_dir_all(&place);
    for directory in ["bin", "dist", "iso", "xtask"] {
        fs::create_dir_all(place.join(directory)).unwrap();
    }
    fs::write(place.join("Cargo.toml"), "[workspace]\n").unwrap();
    fs::write(place.join("iso/packages.pin"), PINS).unwrap();
    // An older image: it stays what it is.
    fs::write(place.join("dist/concord.iso"), "an older one").unwrap();
    // An apt that has nothing, whatever the machine's own has.
    let apt = place.join("bin/apt-get");
    fs::write(&apt, "#!/bin/sh\nexit 100\n").unwrap();
    let made = Command::new("chmod").arg("755").arg(&apt).status();
    assert!(made.unwrap().success());
    for (before, expected) in CASES {
        let script = format!("set -e\n{before}\nPATH=$PWD/bin:$PATH exec \"$0\" iso");
        let mut run = Command::new("unshare");
        run.args(["--mount", "--net", "sh", "-c", &script]);
        run.arg(env!("CARGO_BIN_EXE_xtask")).current_dir(&place);
        run.env("CARGO_MANIFEST_DIR", place.join("xtask"));
        run.env("CARGO_TARGET_DIR", place.join("target"));
        let told = run.output().unwrap();
        let said = String::from_utf8(told.stderr).unwrap();
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains(expected), "{before}: {said}");
        assert!(last.starts_with("xtask: "), "{before}: {said}");
        assert_eq!(told.status.code(), Some(2), "{before}: {said}");
        let lines = said.lines().filter(|line| line.starts_with("xtask: "));
        assert_eq!(lines.count(), 1, "{before}: {said}");
        let left: Vec<_> = fs::read_dir(place.join("dist")).unwrap().collect();
        assert_eq!(left.len(), 1, "{before}: {left:?}");
        let image = fs::read(place.join("dist/concord.iso")).unwrap();
        assert_eq!(image, b"an older one", "{before}");
    }
}

/// Why this machine cannot show it.
fn cannot() -> Option<String> {
    let asked = Command::new("id").arg("-u").output();
    if asked.is_ok_and(|told| told.stdout != b"0\n") {
        return Some("needs root".into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there =
        |tool: &&str| std::env::split_paths(&path).any(|directory| directory.join(tool).is_file());
    let missing = TOOLS.iter().find(|tool| !there(tool))?;
    Some(format!("{missing} is not installed"))
}
