//! What is inside: the crates the programs are built from and the packages of the medium,
//! as an SBOM (CycloneDX 1.5) and with their licences.

use crate::iso::pins::Pin;
use crate::sh::{self, Outcome};
use crate::workspace::{self, PROGRAMS, list, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate of somebody else that is part of a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licences, as an SPDX expression.
    pub license: String,
    /// Where its sources are on this machine.
    pub directory: PathBuf,
}

/// A Debian package on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packaged {
    /// Which it is.
    pub pin: Pin,
    /// The programs or modules of it that are on the medium.
    pub holds: Vec<String>,
}

/// The version of the compiler, whose standard library is part of every program.
///
/// # Errors
/// rustc fails, or does not tell it.
pub(crate) fn rust_version() -> Outcome<String> {
    let mut ask = Command::new("rustc");
    let told = sh::output(ask.arg("--version").current_dir(workspace::root()))?;
    let version = told.split(' ').nth(1);
    version
        .map(str::to_owned)
        .ok_or_else(|| format!("rustc --version says {told:?}"))
}

/// Other people's crates below the programs, in order, from `cargo metadata`. What only
/// tests or builds use is not inside.
pub(crate) fn crates(metadata: &Value) -> Vec<Crate> {
    crates_below(metadata, &PROGRAMS)
}

/// The same below these packages of ours.
pub(crate) fn crates_below(metadata: &Value, tops: &[&str]) -> Vec<Crate> {
    let packages = list(metadata, "packages");
    let ids = |package: &&Value| tops.contains(&text(package, "name").as_str());
    let mut next: Vec<String> = packages
        .iter()
        .filter(ids)
        .map(|one| text(one, "id"))
        .collect();
    let nodes: BTreeMap<String, &Value> = metadata
        .get("resolve")
        .map_or(&[][..], |resolve| list(resolve, "nodes"))
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let mut inside = BTreeSet::new();
    while let Some(id) = next.pop() {
        if let Some(node) = nodes.get(&id)
            && inside.insert(id)
        {
            let built_in = list(node, "deps").iter().filter(|dep| is_normal(dep));
            next.extend(built_in.map(|dep| text(dep, "pkg")));
        }
    }
    let mut found: Vec<Crate> = packages
        .iter()
        // Ours have no source: they are this tree.
        .filter(|package| {
            package
                .get("source")
                .is_some_and(|source| !source.is_null())
        })
        .filter(|package| inside.contains(&text(package, "id")))
        .map(described)
        .collect();
    found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    found
}

/// A dependency that ends up in the program.
fn is_normal(dependency: &Value) -> bool {
    list(dependency, "dep_kinds")
        .iter()
        .any(|kind| kind.get("kind").is_some_and(Value::is_null))
}

fn described(package: &Value) -> Crate {
    let manifest = PathBuf::from(text(package, "manifest_path"));
    Crate {
        name: text(package, "name"),
        version: text(package, "version"),
        // What SPDX writes as OR was once written as a slash.
        license: text(package, "license").replace('/', " OR "),
        directory: manifest.parent().unwrap_or(Path::new("")).to_owned(),
    }
}

/// The SBOM. `programs` are paths below `dist/` and their sums.
pub(crate) fn sbom(
    version: &str,
    rust: &str,
    crates: &[Crate],
    packages: &[Packaged],
    programs: &[(String, String)],
) -> Value {
    let ours = programs.iter().map(|(path, sum)| {
        json!({
            "type": "application", "name": path, "version": version,
            "hashes": [{ "alg": "SHA-256", "content": sum }],
        })
    });
    let theirs = crates.iter().map(|one| {
        json!({
            "type": "library", "name": one.name, "version": one.version,
            "purl": format!("pkg:cargo/{}@{}", one.name, one.version),
            "licenses": [{ "expression": one.license }],
        })
    });
    let standard = json!({
        "type": "library", "name": "rust-std", "version": rust,
        "description": "Rust's standard library, with musl where the program is for Linux",
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
    });
    let debian = packages.iter().map(packaged);
    let components: Vec<Value> = ours.chain(theirs).chain([standard]).chain(debian).collect();
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": { "component": { "type": "application", "name": "concord", "version": version } },
        "components": components,
    })
}

/// A package of the bootable medium, with what of it is there.
fn packaged(one: &Packaged) -> Value {
    let inside: Vec<Value> = one
        .holds
        .iter()
        .map(|name| json!({ "type": "application", "name": name }))
        .collect();
    let Pin {
        name, version, sum, ..
    } = &one.pin;
    json!({
        "type": "application", "name": name, "version": version,
        "purl": format!("pkg:deb/debian/{name}@{version}?arch=amd64"),
        "description": "On the bootable medium only; its licences are in licenses/debian",
        "hashes": [{ "alg": "SHA-256", "content": sum }],
        "components": inside,
    })
}

/// The licence texts of a crate: the files at its top that are called so.
///
/// # Errors
/// Its directory cannot be read.
pub(crate) fn licences(one: &Crate) -> Outcome<Vec<PathBuf>> {
    let failed = |why: std::io::Error| format!("{}: {why}", one.directory.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&one.directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_uppercase();
        let called = ["LICEN", "COPYING", "COPYRIGHT", "UNLICENSE"];
        if path.is_file() && called.iter().any(|start| name.starts_with(start)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Value {
        let dep = |pkg: &str, kind: Value| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] });
        let package = |name: &str, source: Value| {
            json!({
                "name": name, "id": name, "version": "1.0.0", "license": "MIT",
                "source": source, "manifest_path": format!("/src/{name}/Cargo.toml"),
            })
        };
        json!({
            "packages": [
                package("rlsof", Value::Null), package("model", Value::Null),
                package("serde", json!("registry")), package("proptest", json!("registry")),
                package("cc", json!("registry")), package("anyhow", json!("registry")),
            ],
            "resolve": { "nodes": [
                { "id": "rlsof", "deps": [dep("model", Value::Null), dep("proptest", json!("dev"))] },
                { "id": "model", "deps": [dep("serde", Value::Null), dep("cc", json!("build"))] },
                { "id": "serde", "deps": [] }, { "id": "proptest", "deps": [] },
                { "id": "cc", "deps": [] }, { "id": "anyhow", "deps": [] },
            ]},
        })
    }

    #[test]
    fn only_what_is_built_in_is_inside() {
        let found = crates(&metadata());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "serde");
        assert_eq!(found[0].directory, Path::new("/src/serde"));
    }

    #[test]
    fn the_sbom_names_programs_crates_and_packages() {
        let line = "busybox-static 1:1.35.0-4 00 debian/pool/busybox.deb";
        let pins = crate::iso::pins::parse(&format!("snapshot 0\n{line}")).unwrap();
        let busybox = Packaged {
            pin: pins.list[0].clone(),
            holds: vec!["ls".into(), "sh".into()],
        };
        let programs = [("linux-x86_64/rlsof".to_owned(), "ab".to_owned())];
        let told = sbom(
            "0.1.0",
            "1.95.0",
            &crates(&metadata()),
            &[busybox],
            &programs,
        );
        let names = |told: &Value| -> Vec<String> {
            let components = list(told, "components").iter();
            components.map(|one| text(one, "name")).collect()
        };
        let all = ["linux-x86_64/rlsof", "serde", "rust-std", "busybox-static"];
        assert_eq!(names(&told), all);
        assert_eq!(names(&list(&told, "components")[3]), ["ls", "sh"]);
    }
}
