//! `cargo xtask dist`: the programs as we ship them. Static, small, the same bytes from
//! any directory.

use crate::elf;
use crate::sh::{self, Outcome};
use crate::targets::{self, Target};
use crate::workspace::{self, PROGRAMS};
use crate::{paper, sign, sums, workspace::cargo};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// No program may be larger than this, in bytes.
const SIZE_MAX: usize = 2 << 20;

/// A section's name, as it stands in the table of such names.
const SYMBOLS: &[u8] = b"\0.symtab\0";

/// For either linker: leaves out the tables for unwinding. The path is relative, from the
/// workspace, where cargo starts the compiler: an absolute one would show in every symbol.
const UNWIND: &str = "-Clink-arg=-Txtask/src/dist/unwind.ld";

/// For the linker that comes with the compiler. The places a program corrects when it is
/// loaded are a bitmap of a kilobyte instead of a table of eighty; musl reads both. And what
/// would lead to the tables left out is left out too.
const LINKED: [&str; 2] = [
    "-Clink-arg=-zpack-relative-relocs",
    "-Clink-arg=--no-eh-frame-hdr",
];

/// Builds for every target, writes what is read beside the programs, and the sums.
///
/// # Errors
/// As [`every`]; or a document cannot be written.
pub(crate) fn all() -> Outcome {
    let left_out = every()?;
    paper::run()?;
    summed()?;
    for line in left_out {
        eprintln!("{line}");
    }
    Ok(())
}

/// Builds the programs for every target this toolchain has. A target it has not is left
/// out, and told in what is given back; the first one must not be.
///
/// # Errors
/// A program does not build or breaks a promise, or `dist/` cannot be written.
pub(crate) fn every() -> Outcome<Vec<String>> {
    let mut left_out = Vec::new();
    for target in &targets::TARGETS {
        match targets::ready(target) {
            Ok(()) => programs(target)?,
            Err(why) if target == targets::HOST => return Err(why),
            Err(why) => {
                // Programs of an earlier build are not what the sums would say.
                let _ = std::fs::remove_dir_all(target.directory());
                left_out.push(format!("LEFT OUT: {}: {why}", target.name));
            }
        }
    }
    summed()?;
    Ok(left_out)
}

/// Builds for the system the chores run on, and nothing else; gives the directory.
///
/// # Errors
/// As [`all`].
pub(crate) fn host() -> Outcome<PathBuf> {
    one(targets::HOST.name)
}

/// Builds for one target by its name, and nothing else; gives the directory.
///
/// # Errors
/// As [`all`]; there is no such target.
pub(crate) fn one(name: &str) -> Outcome<PathBuf> {
    let target = targets::TARGETS.iter().find(|target| target.name == name);
    let target = target.ok_or_else(|| format!("there is no target {name}"))?;
    targets::ready(target)?;
    programs(target)?;
    summed()?;
    Ok(target.directory())
}

/// Writes `dist/SHA256SUMS` for what now lies in `dist/`.
fn summed() -> Outcome {
    let top = workspace::root().join("dist");
    let mut files = sums::files(&top)?;
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default();
        let beside = file.parent() == Some(&top);
        // The list does not sum itself or its signature; the image is made from this directory.
        let end = file.extension().unwrap_or_default();
        !(beside && (name == sums::NAME || end == "sig" || end == "iso"))
    });
    let list = top.join(sums::NAME);
    sign::outdated(&list);
    place(&list, sums::text(&top, &files)?.as_bytes(), 0o644)
}

/// Builds, checks and places the five programs of one target.
fn programs(target: &Target) -> Outcome {
    let built = build(target)?;
    let hidden = prefixes()?;
    let directory = target.directory();
    std::fs::create_dir_all(&directory).map_err(|why| format!("{}: {why}", directory.display()))?;
    for program in PROGRAMS {
        let found = built.iter().find(|path| path.ends_with(program));
        let path = found.ok_or_else(|| format!("cargo did not build {program}"))?;
        let bytes = std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let froms: Vec<&Path> = hidden.iter().map(|(from, _)| from.as_path()).collect();
        promised(&bytes, target, &froms)
            .map_err(|why| format!("{}/{program}: {why}", target.name))?;
        place(&directory.join(program), &bytes, 0o755)?;
        println!("{:>9} bytes  {}/{program}", bytes.len(), target.name);
    }
    Ok(())
}

/// Whether a program keeps what we say of it: static, for its machine, small, and free of
/// the paths of the machine it was built on.
fn promised(bytes: &[u8], target: &Target, hidden: &[&Path]) -> Outcome {
    let elf = elf::parse(bytes)?;
    if !elf.is_static() {
        return Err(format!("not static: {elf:?}"));
    }
    let complaints = target.solaris.then(|| sunrt::recipe::complaints(bytes));
    if let Some(complaint) = complaints.and_then(|mut all| all.next()) {
        return Err(complaint.into());
    }
    if elf.machine != target.machine {
        return Err(format!("built for machine {}", elf.machine));
    }
    if bytes.windows(SYMBOLS.len()).any(|window| window == SYMBOLS) {
        return Err("not stripped: it has a table of symbols".into());
    }
    if bytes.len() > SIZE_MAX {
        return Err(format!("{} bytes are more than {SIZE_MAX}", bytes.len()));
    }
    for path in hidden {
        let path = path.as_os_str().as_encoded_bytes();
        // `/` or the like would be found in every program.
        if path.len() > 4 && bytes.windows(path.len()).any(|window| window == path) {
            let path = String::from_utf8_lossy(path);
            return Err(format!("holds the build path {path}"));
        }
    }
    Ok(())
}

/// The stage of the tests, static: for a guest that has nothing but it.
///
/// # Errors
/// It does not build.
pub(crate) fn stage() -> Outcome<PathBuf> {
    targets::ready(targets::HOST)?;
    let built = built(targets::HOST, &["--package", "e2e", "--bin", "stage"])?;
    let stage = built.into_iter().find(|path| path.ends_with("stage"));
    stage.ok_or_else(|| "the stage was not built".to_owned())
}

/// Runs cargo for one target; gives the paths of the programs.
fn build(target: &Target) -> Outcome<Vec<PathBuf>> {
    let packages: Vec<&str> = PROGRAMS
        .iter()
        .flat_map(|name| ["--package", *name])
        .collect();
    built(target, &packages)
}

/// Runs cargo for what is selected; gives the paths of the programs.
fn built(target: &Target, selected: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut command = cargo("build");
    command.args(["--locked", "--release", "--target", target.triple]);
    command.arg("--message-format=json-render-diagnostics");
    command.args(selected);
    command.env("CARGO_ENCODED_RUSTFLAGS", flags(target)?);
    let mut built = Vec::new();
    sh::lines(command, |line| {
        let told: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let path = workspace::text(&told, "executable");
        if !path.is_empty() {
            built.push(PathBuf::from(path));
        }
    })?;
    Ok(built)
}

/// The compiler's flags, in cargo's encoding. The linker that comes with the compiler is
/// used for every target but Solaris: no foreign tool chain is needed, and none can leave
/// its mark. Solaris is linked by the machine's own `ld`, for a reason `sunrt::recipe` tells.
fn flags(target: &Target) -> Outcome<OsString> {
    let mut flags = OsString::from("-Clinker=");
    if target.solaris {
        flags.push(sunrt::recipe::LINKER);
        for (flag, _) in sunrt::recipe::RUSTFLAGS {
            flags.push("\x1f");
            flags.push(flag);
        }
    } else {
        flags.push("rust-lld");
        for flag in LINKED {
            flags.push("\x1f");
            flags.push(flag);
        }
    }
    flags.push("\x1f");
    flags.push(UNWIND);
    for (from, to) in prefixes()? {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    Ok(flags)
}

/// The directories of this machine a program must not name, and what stands for each.
/// The compiler takes the last that fits, so the source directory comes last.
fn prefixes() -> Outcome<Vec<(PathBuf, &'static str)>> {
    let home = std::env::var_os("HOME").map_or_else(|| "/root".into(), PathBuf::from);
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let mut ask = Command::new("rustc");
    let ask = ask.args(["--print", "sysroot"]);
    let rust = sh::output(ask.current_dir(workspace::root()))?;
    Ok(vec![
        (cargo, "/cargo"),
        (rust.trim_end().into(), "/rust"),
        (workspace::root().into(), "/concord"),
    ])
}

/// A copy of this program to start it from: cargo replaces the file we run from while it
/// builds our own tests, and then nothing can be started by its name.
///
/// # Errors
/// It cannot be read, or not be written beside what is built.
pub(crate) fn own_program() -> Outcome<PathBuf> {
    let own = Path::new("/proc/self/exe");
    let bytes = std::fs::read(own).map_err(|why| format!("{}: {why}", own.display()))?;
    let told = workspace::metadata(&["--no-deps"])?;
    let copy = PathBuf::from(workspace::text(&told, "target_directory")).join("xtask-itself");
    place(&copy, &bytes, 0o755)?;
    Ok(copy)
}

/// Writes a file under another name and moves it into place: a program that runs is not
/// disturbed, and nothing half-written bears the name.
///
/// # Errors
/// One line naming the path.
pub(crate) fn place(path: &Path, bytes: &[u8], mode: u32) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::set_permissions(&partial, PermissionsExt::from_mode(mode)))
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|why| {
            // No room, perhaps: what was written so far only takes more of it.
            let _ = std::fs::remove_file(&partial);
            format!("{}: {why}", path.display())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program without segments.
    fn program() -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(64, 0);
        bytes[18] = 62;
        bytes
    }

    #[test]
    fn a_program_keeps_its_promises_or_is_refused() {
        let secret = Path::new("/secret/place");
        let check = |bytes: &[u8]| promised(bytes, targets::HOST, &[Path::new("/"), secret]);
        assert_eq!(check(&program()), Ok(()));
        let mut other = program();
        other[18] = 183;
        assert!(check(&other).unwrap_err().contains("machine 183"));
        let mut large = program();
        large.resize(SIZE_MAX + 1, 0);
        assert!(check(&large).unwrap_err().contains("more than"));
        let told = [program(), b"at /secret/place/src/lib.rs".to_vec()].concat();
        assert!(check(&told).unwrap_err().contains("build path"));
        assert!(check(b"#!/bin/sh").is_err());
        let named = [program().as_slice(), SYMBOLS].concat();
        assert!(check(&named).unwrap_err().contains("not stripped"));
        let solaris = promised(&program(), targets::SOLARIS, &[]);
        assert!(solaris.unwrap_err().contains("ET_EXEC"));
    }

    /// `/dev/full` has no room: what was begun is taken away, and nothing bears the name.
    #[test]
    fn no_room_leaves_nothing_half_written() {
        let here = std::env::temp_dir().join(format!("concord-place-{}", std::process::id()));
        std::fs::create_dir_all(&here).unwrap();
        let (path, partial) = (here.join("concord.iso"), here.join("concord.iso.partial"));
        std::os::unix::fs::symlink("/dev/full", &partial).unwrap();
        let told = place(&path, &[0; 4096], 0o644).unwrap_err();
        assert!(told.contains("concord.iso: No space left"), "{told}");
        assert!(!path.exists() && !partial.is_symlink());
        std::fs::remove_dir_all(&here).unwrap();
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let path = Path::new("/nonexistent/dist/x");
        assert!(
            place(path, b"", 0o644)
                .unwrap_err()
                .contains("/nonexistent/dist/x")
        );
    }
}
