//! What goes into `dist/` beside the programs: manuals, the SBOM, and licences.

use crate::inventory::{self, Crate};
use crate::iso::pins::{self, Pin};
use crate::sh::Outcome;
use crate::targets::HOST;
use crate::workspace::{self, PROGRAMS};
use crate::{dist, manual, sums};
use std::path::Path;

/// Writes `dist/man`, `dist/licenses` and `dist/doc`.
///
/// # Errors
/// A source is missing, or `dist/` cannot be written.
pub(crate) fn run() -> Outcome {
    let dist = workspace::root().join("dist");
    let told = workspace::metadata(&["--filter-platform", HOST.triple])?;
    let version = version(&told);
    let list = read(&workspace::root().join("iso/packages.pin"))?;
    let pins = pins::parse(&list)?;
    let crates = inventory::crates(&told);
    manuals(&dist, &version)?;
    for one in &crates {
        licences(&dist, one)?;
    }
    let programs = programs(&dist)?;
    bill(&dist, &version, &crates, &pins, &programs)
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

/// Each manual as a man page and as text. One that is not written yet is told of by tidy.
fn manuals(dist: &Path, version: &str) -> Outcome {
    for program in PROGRAMS {
        let source = workspace::root().join(format!("docs/man/{program}.md"));
        if !source.is_file() {
            continue;
        }
        let source = read(&source)?;
        let page = manual::roff(&source, program, version);
        put(&dist.join(format!("man/man8/{program}.8")), page.as_bytes())?;
        let text = manual::plain(&source);
        put(&dist.join(format!("doc/{program}.txt")), text.as_bytes())?;
    }
    Ok(())
}

fn licences(dist: &Path, one: &Crate) -> Outcome {
    let place = dist.join(format!("licenses/{}-{}", one.name, one.version));
    for file in inventory::licences(one)? {
        let name = file.file_name().unwrap_or_default();
        put(&place.join(name), read(&file)?.as_bytes())?;
    }
    Ok(())
}

/// The programs that were built, by their paths below `dist/`, and their sums.
fn programs(dist: &Path) -> Outcome<Vec<(String, String)>> {
    let mut found = Vec::new();
    for file in sums::files(dist)? {
        if PROGRAMS.iter().any(|program| file.ends_with(program)) {
            let bytes = std::fs::read(&file).map_err(|why| format!("{}: {why}", file.display()))?;
            let inner = file.strip_prefix(dist).unwrap_or(&file);
            found.push((inner.display().to_string(), sums::of(&bytes)));
        }
    }
    Ok(found)
}

fn bill(
    dist: &Path,
    version: &str,
    crates: &[Crate],
    pins: &[Pin],
    programs: &[(String, String)],
) -> Outcome {
    let bill = inventory::sbom(version, crates, pins, programs);
    put(
        &dist.join("doc/sbom.cdx.json"),
        format!("{bill:#}\n").as_bytes(),
    )
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}

fn put(path: &Path, bytes: &[u8]) -> Outcome {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .map_err(|why| format!("{}: {why}", path.display()))?;
    dist::place(path, bytes, 0o644)
}
