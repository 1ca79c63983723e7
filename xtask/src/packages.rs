//! The Debian packages whose programs the tests compare ours against, and stage with.

use crate::sh::{self, Outcome};
use std::process::Command;

/// Modules of Python that read what nmap writes.
const LIBNMAP: &str = "/usr/lib/python3/dist-packages/libnmap/__init__.py";
const PYTHON_NMAP: &str = "/usr/lib/python3/dist-packages/nmap/nmap.py";

/// A program (or a path), and the package it comes in.
pub(crate) const NEEDED: &[(&str, &str)] = &[
    (LIBNMAP, "python3-libnmap"),
    (PYTHON_NMAP, "python3-nmap"),
    (crate::vm::UEFI, "ovmf"),
    ("chromium", "chromium"),
    ("fuser", "psmisc"),
    ("grub-mkimage", "grub-common"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("isoinfo", "genisoimage"),
    ("jc", "jc"),
    ("jsonschema", "python3-jsonschema"),
    ("ld", "binutils"),
    ("lsfd", "util-linux-extra"),
    ("lsof", "lsof"),
    ("mcopy", "mtools"),
    ("mke2fs", "e2fsprogs"),
    ("ndiff", "ndiff"),
    ("netstat", "net-tools"),
    ("nft", "nftables"),
    ("nmap", "nmap"),
    ("python3", "python3-minimal"),
    ("qemu-aarch64-static", "qemu-user-static"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("ss", "iproute2"),
    ("ssh-keygen", "openssh-client"),
    ("strace", "strace"),
    ("unhide-tcp", "unhide"),
    ("unshare", "util-linux"),
    ("xmllint", "libxml2-utils"),
    ("xorriso", "xorriso"),
    ("zstd", "zstd"),
];

/// Installs what is missing, where that is possible; gives the programs still missing.
pub(crate) fn install() -> Vec<&'static str> {
    let missing = missing();
    if missing.is_empty() {
        return missing;
    }
    if let Err(why) = apt(&packages(&missing)) {
        eprintln!("NOT INSTALLED: {why}");
    }
    self::missing()
}

/// Installs the package of one program that only a chore needs.
///
/// # Errors
/// It is still not there.
pub(crate) fn install_for(program: &str, package: &str) -> Outcome {
    if sh::installed(program) {
        return Ok(());
    }
    apt(&[package])
}

fn missing() -> Vec<&'static str> {
    let programs = NEEDED.iter().map(|(program, _)| *program);
    programs.filter(|program| !sh::installed(program)).collect()
}

/// The packages of some programs, each once.
fn packages(programs: &[&str]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| programs.contains(program))
        .map(|(_, package)| *package)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Installs packages one by one: one that this release lacks does not keep away the rest.
fn apt(packages: &[&str]) -> Outcome {
    if !nix::unistd::geteuid().is_root() || !sh::installed("apt-get") {
        return Err(format!("{} (needs root and apt-get)", packages.join(" ")));
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        sh::run(command.arg("-qq").args(arguments))
    };
    apt(&["update"])?;
    let mut failed = Vec::new();
    for package in packages {
        if apt(&["install", "-y", "--no-install-recommends", package]).is_err() {
            failed.push(*package);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(failed.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_asked_for_once() {
        assert_eq!(packages(&["ss", "ip", "nmap"]), ["iproute2", "nmap"]);
        assert!(packages(&[]).is_empty());
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(NEEDED.is_sorted());
    }
}
