//! What lies where on the medium.

use super::system::{read, write};
use crate::sh::Outcome;
use crate::targets::TARGETS;
use crate::{sums, workspace};
use std::path::Path;
use std::time::{Duration, SystemTime};

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
    for file in sums::files(&root.join("docs"))? {
        let inner = file.strip_prefix(root).unwrap_or(&file);
        copy(&file, &top.join(inner))?;
    }
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

/// Gives every file one time.
///
/// # Errors
/// A file cannot be opened.
pub(super) fn stamp(top: &Path, time: u32) -> Outcome {
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(time.into());
    for file in sums::files(top)?.iter().filter(|file| !file.is_symlink()) {
        std::fs::File::options()
            .append(true)
            .open(file)
            .and_then(|open| open.set_modified(moment))
            .map_err(|why| format!("{}: {why}", file.display()))?;
    }
    Ok(())
}
