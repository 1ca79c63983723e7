//! What goes into `dist/` beside the programs: manuals, guides, completions, the SBOM, and
//! licences.

use crate::inventory::{self, Crate, Packaged};
use crate::sh::{self, Outcome};
use crate::targets::HOST;
use crate::workspace::{self, PROGRAMS};
use crate::{completions, dist, manual, sums};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directories of `dist/` that are written here, each anew.
const OURS: [&str; 5] = ["completions", "doc", "docs", "licenses", "man"];

/// Where the SBOM is, in `dist/` and on the medium.
pub(crate) const BILL: &str = "doc/sbom.cdx.json";

/// The licences of Rust's standard library and what it is built from, below the sysroot.
const STANDARD: &str = "share/doc/rust/COPYRIGHT-library.html";

/// Writes all of it.
///
/// # Errors
/// A source is missing, or `dist/` cannot be written.
pub(crate) fn run() -> Outcome {
    let dist = workspace::root().join("dist");
    for name in OURS {
        // What an earlier build left is not what this one is made of.
        let _ = std::fs::remove_dir_all(dist.join(name));
    }
    let told = metadata()?;
    manuals(&dist, &version(&told))?;
    guides(&dist)?;
    complete(&dist)?;
    for one in &inventory::crates(&told) {
        licences(&dist, one)?;
    }
    standard(&dist)?;
    bill(&dist.join(BILL), &[])
}

fn metadata() -> Outcome<serde_json::Value> {
    workspace::metadata(&["--filter-platform", HOST.triple])
}

/// The version of the workspace.
fn version(metadata: &serde_json::Value) -> String {
    let packages = workspace::list(metadata, "packages");
    let ours = packages
        .iter()
        .find(|one| workspace::text(one, "name") == PROGRAMS[0]);
    ours.map(|one| workspace::text(one, "version"))
        .unwrap_or_default()
}

/// Each manual as a man page and as text, with what the program says of its options. One that is
/// not written yet is told of by tidy.
fn manuals(dist: &Path, version: &str) -> Outcome {
    for program in PROGRAMS {
        let source = workspace::root().join(format!("docs/man/{program}.md"));
        if !source.is_file() {
            continue;
        }
        let mut ask = Command::new(HOST.directory().join(program));
        let help = sh::output(ask.arg("--help"))?;
        let source = manual::with_options(&read(&source)?, &help);
        let page = manual::roff(&source, program, version);
        put(&dist.join(format!("man/man8/{program}.8")), page.as_bytes())?;
        let text = manual::plain(&source);
        put(&dist.join(format!("doc/{program}.txt")), text.as_bytes())?;
    }
    Ok(())
}

/// All of `docs/`, as it is: guides, manuals, JSON Schemas.
fn guides(dist: &Path) -> Outcome {
    let root = workspace::root();
    for file in sums::files(&root.join("docs"))? {
        let inner = file.strip_prefix(root).unwrap_or(&file);
        put(&dist.join(inner), &bytes(&file)?)?;
    }
    Ok(())
}

/// Completions for three shells, from what the programs say of themselves.
fn complete(dist: &Path) -> Outcome {
    for program in PROGRAMS {
        let mut ask = Command::new(HOST.directory().join(program));
        let choices = completions::read(&sh::output(ask.arg("--help"))?);
        for (name, text) in [
            (
                format!("bash/{program}.bash"),
                completions::bash(program, &choices),
            ),
            (
                format!("zsh/_{program}"),
                completions::zsh(program, &choices),
            ),
            (
                format!("fish/{program}.fish"),
                completions::fish(program, &choices),
            ),
        ] {
            put(&dist.join("completions").join(name), text.as_bytes())?;
        }
    }
    Ok(())
}

fn licences(dist: &Path, one: &Crate) -> Outcome {
    let place = dist.join(format!("licenses/{}-{}", one.name, one.version));
    let files = inventory::licences(one)?;
    if files.is_empty() {
        // Some crates name their licence and do not bring its text.
        let told = format!("{} {}: {}\n", one.name, one.version, one.license);
        return put(&place.join("LICENSE"), told.as_bytes());
    }
    for file in files {
        let name = file.file_name().unwrap_or_default();
        put(&place.join(name), &bytes(&file)?)?;
    }
    Ok(())
}

/// The licences of the standard library, where the toolchain brings them.
fn standard(dist: &Path) -> Outcome {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "sysroot"]);
    let sysroot = sh::output(ask.current_dir(workspace::root()))?;
    let file = PathBuf::from(sysroot.trim_end()).join(STANDARD);
    if !file.is_file() {
        eprintln!("LEFT OUT: the licences of Rust's standard library: this toolchain has them not");
        return Ok(());
    }
    let version = inventory::rust_version()?;
    let place = dist.join(format!("licenses/rust-std-{version}/COPYRIGHT.html"));
    put(&place, &bytes(&file)?)
}

/// The programs that were built, by their paths below `dist/`, and their sums.
fn programs(dist: &Path) -> Outcome<Vec<(String, String)>> {
    let mut found = Vec::new();
    for file in sums::files(dist)? {
        if PROGRAMS.iter().any(|program| file.ends_with(program)) {
            let inner = file.strip_prefix(dist).unwrap_or(&file);
            found.push((inner.display().to_string(), sums::of(&bytes(&file)?)));
        }
    }
    Ok(found)
}

/// Writes the SBOM of what lies in `dist/` and, on the medium, of what comes from Debian.
///
/// # Errors
/// Cargo fails, or it cannot be written.
pub(crate) fn bill(path: &Path, packages: &[Packaged]) -> Outcome {
    let told = metadata()?;
    let programs = programs(&workspace::root().join("dist"))?;
    let rust = inventory::rust_version()?;
    let crates = inventory::crates(&told);
    let bill = inventory::sbom(&version(&told), &rust, &crates, packages, &programs);
    put(path, format!("{bill:#}\n").as_bytes())
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}

fn bytes(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))
}

fn put(path: &Path, bytes: &[u8]) -> Outcome {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .map_err(|why| format!("{}: {why}", path.display()))?;
    dist::place(path, bytes, 0o644)
}
