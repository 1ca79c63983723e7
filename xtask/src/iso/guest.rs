//! A small system to try programs in: Debian's kernel with modules of it, busybox, and files.

use super::newc::Archive;
use super::packages::{self, Strict};
use super::{cache, pins, ready, system};
use crate::sh::Outcome;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is put into it, by its path there: executable, all of it.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Writes the kernel and the initramfs below the directory the medium is made in.
///
/// # Errors
/// A package cannot be had, or has no such module.
pub(crate) fn made(modules: &[&str], files: &Files) -> Outcome<(PathBuf, PathBuf)> {
    let media = ready()?;
    let packages = packages::all(&pins::read()?, &cache(&media)?, Strict::Offered)?;
    let place = |start: &str| Ok::<_, String>(packages::named(&packages, start)?.place.as_path());
    let (kernel, busybox) = (place("linux-image-")?, place("busybox-static")?);
    let work = media.join("guest");
    // What an earlier run left would get into the system.
    let _ = std::fs::remove_dir_all(&work);
    let names: Vec<String> = modules.iter().map(|name| (*name).to_owned()).collect();
    let (tree, _) = system::modules_of(kernel, busybox, &work, &names)?;
    let image = work.join("vmlinuz");
    system::write(&image, &system::kernel(kernel)?)?;
    let initramfs = work.join("initramfs");
    system::write(&initramfs, &archive(busybox, &tree, files)?)?;
    Ok((image, initramfs))
}

fn archive(busybox: &Path, modules: &Path, files: &Files) -> Outcome<Vec<u8>> {
    let failed = |why: std::io::Error| format!("the initramfs: {why}");
    let mut archive = Archive::new(Vec::new(), 0);
    let mut directories: BTreeSet<&str> =
        BTreeSet::from(["bin", "dev", "lib", "proc", "run", "sbin", "sys"]);
    for (path, _) in files {
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        directories.extend(above);
    }
    for directory in directories {
        archive.directory(directory).map_err(failed)?;
    }
    archive.device("dev/console", (5, 1)).map_err(failed)?;
    let shell = system::read(&busybox.join("bin/busybox"))?;
    archive.file("bin/busybox", 0o755, &shell).map_err(failed)?;
    archive.link("bin/sh", "busybox").map_err(failed)?;
    archive
        .link("sbin/modprobe", "../bin/busybox")
        .map_err(failed)?;
    for (path, bytes) in files {
        archive.file(path, 0o755, bytes).map_err(failed)?;
    }
    system::below(&mut archive, modules, "lib/modules")?;
    archive.finish().map_err(failed)
}
