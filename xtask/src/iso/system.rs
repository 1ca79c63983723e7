//! The system the medium boots: Debian's kernel, and an initramfs of busybox, the kit and
//! the drivers of common machines.

use super::modules;
use super::newc::Archive;
use crate::sh::{self, Outcome};
use crate::sums;
use crate::workspace::{self, PROGRAMS};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the parts come from.
pub(super) struct Parts<'a> {
    /// The unpacked kernel package.
    pub kernel: &'a Path,
    /// The unpacked busybox package.
    pub busybox: &'a Path,
    /// The static programs.
    pub programs: &'a Path,
    /// Seconds of the epoch every entry bears.
    pub time: u32,
    /// A directory of our own to work in.
    pub work: &'a Path,
}

/// The kernel itself.
///
/// # Errors
/// The package does not hold exactly one.
pub(super) fn kernel(package: &Path) -> Outcome<Vec<u8>> {
    let boot = sums::files(&package.join("boot"))?;
    let found = boot.iter().find(|file| named(file).starts_with("vmlinuz-"));
    read(found.ok_or("the kernel package holds no vmlinuz")?)
}

/// The initramfs, compressed; and the names of the kernel modules in it.
///
/// # Errors
/// A part is missing, or zstd fails.
pub(super) fn initramfs(parts: &Parts<'_>) -> Outcome<(Vec<u8>, Vec<String>)> {
    let (tree, modules) = drivers(parts)?;
    let failed = |why: std::io::Error| format!("the initramfs: {why}");
    let mut archive = Archive::new(Vec::new(), parts.time);
    for directory in [
        "bin", "dev", "etc", "kit", "lib", "medium", "mnt", "proc", "run", "sbin",
    ] {
        archive.directory(directory).map_err(failed)?;
    }
    for directory in ["sys", "tmp"] {
        archive.directory(directory).map_err(failed)?;
    }
    archive.device("dev/console", (5, 1)).map_err(failed)?;
    let busybox = read(&parts.busybox.join("bin/busybox"))?;
    archive
        .file("bin/busybox", 0o755, &busybox)
        .map_err(failed)?;
    archive.link("bin/sh", "busybox").map_err(failed)?;
    // What the kernel calls when it wants a driver.
    archive
        .link("sbin/modprobe", "../bin/busybox")
        .map_err(failed)?;
    for program in PROGRAMS {
        let bytes = read(&parts.programs.join(program))?;
        archive
            .file(&format!("kit/{program}"), 0o755, &bytes)
            .map_err(failed)?;
    }
    let own = workspace::root().join("iso/system");
    for file in sums::files(&own)? {
        let name = file
            .strip_prefix(&own)
            .unwrap_or(&file)
            .display()
            .to_string();
        archive.file(&name, 0o755, &read(&file)?).map_err(failed)?;
    }
    below(&mut archive, &tree, "lib/modules")?;
    let plain = archive.finish().map_err(failed)?;
    Ok((compressed(&plain, parts.work)?, modules))
}

/// Everything below a directory of the host, under a name in the archive.
pub(super) fn below(archive: &mut Archive<Vec<u8>>, top: &Path, name: &str) -> Outcome {
    let failed = |why: std::io::Error| format!("{}: {why}", top.display());
    archive.directory(name).map_err(failed)?;
    let mut entries: Vec<PathBuf> = std::fs::read_dir(top)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    for entry in entries {
        let inner = format!("{name}/{}", named(&entry));
        if entry.is_dir() {
            below(archive, &entry, &inner)?;
        } else {
            archive
                .file(&inner, 0o644, &read(&entry)?)
                .map_err(failed)?;
        }
    }
    Ok(())
}

/// A tree of the wanted modules as modprobe reads it; gives its `lib/modules`, and their names.
fn drivers(parts: &Parts<'_>) -> Outcome<(PathBuf, Vec<String>)> {
    let list = read(&workspace::root().join("iso/modules"))?;
    let names = modules::names(&String::from_utf8_lossy(&list));
    modules_of(parts.kernel, parts.busybox, parts.work, &names)
}

/// The same of these modules: `kernel` and `busybox` are unpacked packages.
///
/// # Errors
/// The kernel has no such module, or `work` cannot be written.
pub(super) fn modules_of(
    kernel: &Path,
    busybox: &Path,
    work: &Path,
    names: &[String],
) -> Outcome<(PathBuf, Vec<String>)> {
    let from = kernel.join("lib/modules");
    let release = std::fs::read_dir(&from)
        .ok()
        .and_then(|mut entries| entries.next()?.ok())
        .ok_or("the kernel package holds no modules")?;
    let from = release.path();
    let to = work.join("lib/modules").join(release.file_name());
    let files = present(&from)?;
    let wanted = wanted(&files, names, &read(&from.join("modules.builtin"))?)?;
    for name in &wanted {
        if let Some((file, bytes)) = files.get(name) {
            let place = to.join(file.strip_prefix(&from).unwrap_or(file));
            write(&place, bytes)?;
        }
    }
    for list in ["modules.builtin", "modules.order"] {
        write(&to.join(list), &read(&from.join(list))?)?;
    }
    let mut index = Command::new(busybox.join("bin/busybox"));
    index.arg("depmod").arg("-b").arg(work);
    sh::run(index.arg(release.file_name()))?;
    Ok((work.join("lib/modules"), wanted))
}

/// Every module below a directory, by name: its file and its bytes.
fn present(top: &Path) -> Outcome<BTreeMap<String, (PathBuf, Vec<u8>)>> {
    let mut found = BTreeMap::new();
    for file in sums::files(top)? {
        if let Some(name) = named(&file).strip_suffix(".ko") {
            let bytes = read(&file)?;
            found.insert(modules::canonical(name), (file, bytes));
        }
    }
    Ok(found)
}

/// The named modules and what is below them.
fn wanted(
    files: &BTreeMap<String, (PathBuf, Vec<u8>)>,
    names: &[String],
    builtin: &[u8],
) -> Outcome<Vec<String>> {
    let known = files
        .iter()
        .map(|(name, (_, bytes))| (name.clone(), modules::depends(bytes)))
        .collect();
    let (found, unknown) = modules::closure(names, &known);
    let builtin = String::from_utf8_lossy(builtin);
    let builtin: Vec<String> = builtin
        .lines()
        .filter_map(|line| line.rsplit('/').next()?.strip_suffix(".ko"))
        .map(modules::canonical)
        .collect();
    match unknown.iter().find(|name| !builtin.contains(name)) {
        Some(name) => Err(format!("this kernel has no module {name}")),
        None => Ok(found.into_iter().collect()),
    }
}

/// Compresses; this form keeps neither a name nor a time.
fn compressed(plain: &[u8], work: &Path) -> Outcome<Vec<u8>> {
    let file = work.join("initrd");
    write(&file, plain)?;
    // One thread: how the work is divided must not show.
    let mut pack = Command::new("zstd");
    pack.args(["-q", "-f", "-12", "--single-thread"]);
    sh::run(pack.arg(&file))?;
    read(&work.join("initrd.zst"))
}

/// The last part of a path.
fn named(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Reads a file.
///
/// # Errors
/// One line naming it.
pub(super) fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))
}

/// Writes a file, and makes the directories above it.
///
/// # Errors
/// One line naming it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Outcome {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, bytes))
        .map_err(|why| format!("{}: {why}", path.display()))
}
