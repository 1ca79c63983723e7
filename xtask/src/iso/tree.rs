//! What lies where on the medium.

use super::packages::{self, Package};
use super::system::{read, write};
use crate::inventory::Packaged;
use crate::sh::{self, Outcome};
use crate::targets::TARGETS;
use crate::{paper, sums, workspace};
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names people and scripts call, and the program that stands in.
const STAND_INS: &[(&str, &str)] = &[
    ("fuser", "rfuser"),
    ("lsof", "rlsof"),
    ("netstat", "rnetstat"),
    ("nmap", "rnmap"),
    ("ss", "rnetstat"),
];

/// Lays out everything but `boot/` below `top`.
///
/// # Errors
/// A part of `dist/` is missing, or `top` cannot be written.
pub(super) fn lay(top: &Path) -> Outcome {
    let root = workspace::root();
    let dist = root.join("dist");
    for file in sums::files(&dist)? {
        let inner = file.strip_prefix(&dist).unwrap_or(&file);
        // What lies in dist/ itself is about dist/, not about the medium.
        if inner.components().count() > 1 {
            copy(&file, &top.join(inner))?;
        }
    }
    copy(&root.join("iso/run"), &top.join("run"))?;
    copy(&root.join("iso/README.TXT"), &top.join("README.TXT"))?;
    for target in &TARGETS {
        if target.directory().is_dir() {
            let compat = top.join("compat").join(target.name);
            links(&compat, &format!("../../{}", target.name))?;
        }
    }
    links(
        &top.join("compat/bin"),
        &format!("../../{}", TARGETS[0].name),
    )
}

/// Of these packages only texts are on the medium: licences the others refer to.
const TEXTS: [&str; 2] = ["base-files", "grub-common"];

/// The general licences, in base-files.
const GENERAL: [&str; 5] = ["GPL-2", "GPL-3", "LGPL-2", "LGPL-2.1", "LGPL-3"];

/// The licences of what comes from Debian, and the SBOM with all of it: every program that
/// busybox holds, and the `modules` of the kernel.
///
/// # Errors
/// A package lacks its licence, or `top` cannot be written.
pub(super) fn inside(top: &Path, packages: &[Package], modules: Vec<String>) -> Outcome {
    let licences = top.join("licenses/debian");
    let common = packages::named(packages, TEXTS[0])?
        .place
        .join("usr/share/common-licenses");
    for text in GENERAL {
        write(&licences.join(text), &read(&common.join(text))?)?;
    }
    let mut told = Vec::new();
    let mut modules = Some(modules);
    for package in packages {
        let name = &package.pin.name;
        let documents = package.place.join("usr/share/doc").join(name);
        // Some packages have their documents in another one, as a link says.
        if !documents.is_symlink() {
            write(&licences.join(name), &read(&documents.join("copyright"))?)?;
        }
        if TEXTS.contains(&name.as_str()) {
            continue;
        }
        let holds = match name.as_str() {
            "busybox-static" => applets(&package.place)?,
            name if name.starts_with("linux-image-") => modules.take().unwrap_or_default(),
            _ => Vec::new(),
        };
        let pin = package.pin.clone();
        told.push(Packaged { pin, holds });
    }
    paper::bill(&top.join(paper::BILL), &told)
}

/// Every program busybox holds.
fn applets(busybox: &Path) -> Outcome<Vec<String>> {
    let mut ask = Command::new(busybox.join("bin/busybox"));
    let told = sh::output(ask.arg("--list"))?;
    Ok(told.lines().map(str::to_owned).collect())
}

fn links(directory: &Path, programs: &str) -> Outcome {
    let failed = |why: std::io::Error| format!("{}: {why}", directory.display());
    std::fs::create_dir_all(directory).map_err(failed)?;
    for (name, program) in STAND_INS {
        let target = format!("{programs}/{program}");
        std::os::unix::fs::symlink(target, directory.join(name)).map_err(failed)?;
    }
    Ok(())
}

/// Copies a file with its permissions.
fn copy(from: &Path, to: &Path) -> Outcome {
    let failed = |why: std::io::Error| format!("{}: {why}", from.display());
    write(to, &read(from)?)?;
    let mode = std::fs::metadata(from).map_err(failed)?.permissions();
    std::fs::set_permissions(to, mode).map_err(failed)
}

/// Writes the sums of all that lies below `top`, at its top.
///
/// # Errors
/// Something cannot be read or written.
pub(super) fn sum(top: &Path) -> Outcome {
    let mut files = sums::files(top)?;
    files.retain(|file| file.is_file() && !file.is_symlink() && !file.ends_with(sums::NAME));
    write(&top.join(sums::NAME), sums::text(top, &files)?.as_bytes())
}

/// Gives every file, directory and link one time: xorriso takes each from where it lies.
///
/// # Errors
/// A time cannot be set.
pub(super) fn stamp(top: &Path, time: u32) -> Outcome {
    let moment = TimeSpec::new(time.into(), 0);
    let mut all = sums::files(top)?;
    let above: BTreeSet<PathBuf> = all
        .iter()
        .flat_map(|file| file.ancestors().skip(1))
        .filter(|directory| directory.starts_with(top))
        .map(Path::to_owned)
        .collect();
    all.extend(above);
    for path in &all {
        utimensat(
            AT_FDCWD,
            path,
            &moment,
            &moment,
            UtimensatFlags::NoFollowSymlink,
        )
        .map_err(|why| format!("{}: {}", path.display(), std::io::Error::from(why)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn files_directories_and_links_bear_one_time() {
        let top = std::env::temp_dir().join(format!("concord-stamp-{}", std::process::id()));
        write(&top.join("a/b/file"), b"").unwrap();
        std::os::unix::fs::symlink("b/file", top.join("a/link")).unwrap();
        stamp(&top, 1_000_000_000).unwrap();
        for name in ["", "a", "a/b", "a/b/file", "a/link"] {
            let found = std::fs::symlink_metadata(top.join(name)).unwrap();
            assert_eq!(found.mtime(), 1_000_000_000, "{name:?}");
        }
        std::fs::remove_dir_all(&top).unwrap();
    }
}
