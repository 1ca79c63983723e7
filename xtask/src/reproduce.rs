//! `cargo xtask reproduce`: the same sources in another place, at another time, give the
//! same bytes.

use crate::sh::{self, Outcome};
use crate::targets::HOST;
use crate::{dist, iso, sums, workspace};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the image here, and again from a copy of the sources in a directory of another
/// name and length; compares everything in `dist/`.
///
/// # Errors
/// The two differ, and in what; or a build fails.
pub(crate) fn run() -> Outcome {
    iso::run()?;
    let time = iso::time()?.to_string();
    let other = Other::new()?;
    share_packages(&other.target, &other.cache)?;
    let mut again = Command::new("cargo");
    again.args(["xtask", "iso"]).current_dir(&other.copy);
    again
        .env("CARGO_TARGET_DIR", &other.cache)
        .env("SOURCE_DATE_EPOCH", time);
    sh::run(&mut again)?;
    differ(&workspace::root().join("dist"), &other.copy.join("dist"))?;
    println!("reproduce: both builds are the same, byte for byte");
    Ok(())
}

/// The part of it that every test run can afford: the programs of one target, against those
/// `dist/` holds. (The image of a test is made twice by itself.)
///
/// # Errors
/// As [`run`].
pub(crate) fn programs() -> Outcome {
    let other = Other::new()?;
    // Built by this very program, which looks for the sources where it is told they are.
    let mut again = Command::new(dist::own_program()?);
    again.args(["dist", HOST.name]).current_dir(&other.copy);
    again
        .env("CARGO_TARGET_DIR", &other.cache)
        .env("CARGO_MANIFEST_DIR", other.copy.join("xtask"));
    sh::run(&mut again)?;
    let there = other.copy.join("dist").join(HOST.name);
    differ(&HOST.directory(), &there)?;
    println!(
        "reproduce: the programs of {} are the same, byte for byte",
        HOST.name
    );
    Ok(())
}

/// Another place to build in.
struct Other {
    /// The target directory of this place.
    target: PathBuf,
    /// A copy of the sources, in a directory of another name and length.
    copy: PathBuf,
    /// Its own target directory.
    cache: PathBuf,
}

impl Other {
    fn new() -> Outcome<Other> {
        let told = workspace::metadata(&["--no-deps"])?;
        let target = PathBuf::from(workspace::text(&told, "target_directory"));
        let copy = target.join("reproduce/another place, of another length");
        // What an earlier run left is no copy of these sources.
        let _ = std::fs::remove_dir_all(&copy);
        copy_tree(&copy)?;
        let cache = target.join("reproduce/target");
        Ok(Other {
            target,
            copy,
            cache,
        })
    }
}

/// The files git knows or would take.
fn copy_tree(to: &Path) -> Outcome {
    let mut list = Command::new("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let told = sh::output(list.current_dir(workspace::root()))?;
    for name in told.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (workspace::root().join(name), to.join(name));
        if from.is_file() || from.is_symlink() {
            let made = to.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.map_err(|why| format!("{}: {why}", to.display()))?;
            sh::output(Command::new("cp").arg("-P").arg(&from).arg(&to))?;
        }
    }
    Ok(())
}

/// The packages need not be fetched twice; they are checked twice.
fn share_packages(target: &Path, cache: &Path) -> Outcome {
    let from = target.join("media/packages");
    let to = cache.join("media/packages");
    std::fs::create_dir_all(&to).map_err(|why| format!("{}: {why}", to.display()))?;
    for file in std::fs::read_dir(&from).into_iter().flatten().flatten() {
        if file.path().extension().is_some_and(|end| end == "deb") {
            sh::output(Command::new("cp").arg(file.path()).arg(&to))?;
        }
    }
    Ok(())
}

/// Compares two trees by the sums of their files.
fn differ(here: &Path, there: &Path) -> Outcome {
    let here = sums::text(here, &sums::files(here)?)?;
    let there = sums::text(there, &sums::files(there)?)?;
    let lines = here.lines().filter(|line| !there.contains(line));
    let more = there.lines().filter(|line| !here.contains(line));
    let names: Vec<&str> = lines
        .chain(more)
        .filter_map(|line| line.get(66..))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(format!("two builds differ in {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        let here = workspace::root().join("iso");
        assert_eq!(differ(&here, &here), Ok(()));
        let told = differ(&here, &here.join("system")).unwrap_err();
        assert!(told.contains("grub.cfg"), "{told}");
    }
}
