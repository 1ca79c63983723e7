//! What cargo knows of this workspace: its root, its packages, and who uses whom.

use crate::sh::{self, Outcome};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The five programs, in the order they are told of.
pub(crate) const PROGRAMS: [&str; 5] = ["rnetstat", "rlsof", "rfuser", "rnmap", "rcompare"];

/// A package of ours.
pub(crate) struct Package {
    /// Its name.
    pub name: String,
    /// The names of what it is built from; not what only its tests use.
    pub uses: Vec<String>,
}

/// The directory of the workspace cargo started us from. Two clones may share a target
/// directory and so this very program: what it was built from may be the other one.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = std::env::var_os("CARGO_MANIFEST_DIR");
        let here = here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&here)
            .parent()
            .map_or_else(PathBuf::new, Path::to_owned)
    })
}

/// A cargo command in the root, with the toolchain that runs us. An empty
/// `CARGO_TARGET_DIR`, which cargo refuses, counts as none.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).arg(subcommand);
    if std::env::var_os("CARGO_TARGET_DIR").is_some_and(|dir| dir.is_empty()) {
        command.env_remove("CARGO_TARGET_DIR");
    }
    command
}

/// Everything `cargo metadata` tells, with or without other people's packages.
///
/// # Errors
/// Cargo fails, or prints what is not JSON.
pub(crate) fn metadata(arguments: &[&str]) -> Outcome<Value> {
    let text = sh::output(
        cargo("metadata")
            .args(["--format-version", "1"])
            .args(arguments),
    )?;
    serde_json::from_str(&text).map_err(|why| format!("cargo metadata: {why}"))
}

/// Our packages, by name.
///
/// # Errors
/// Cargo fails.
pub(crate) fn packages() -> Outcome<Vec<Package>> {
    let told = metadata(&["--no-deps"])?;
    let mut packages: Vec<Package> = list(&told, "packages").iter().map(package).collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

fn package(told: &Value) -> Package {
    let uses = list(told, "dependencies")
        .iter()
        .filter(|dependency| dependency.get("kind") != Some(&Value::from("dev")))
        .map(|dependency| text(dependency, "name"))
        .collect();
    Package {
        name: text(told, "name"),
        uses,
    }
}

/// A list inside an object; an absent one is empty.
pub(crate) fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A string inside an object; an absent one is empty.
pub(crate) fn text(object: &Value, key: &str) -> String {
    let text = object.get(key).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
