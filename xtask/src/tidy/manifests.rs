//! Rules for manifests: a dependency has its reason beside it.

use crate::sh::Outcome;
use std::path::{Path, PathBuf};

/// Every dependency on other people's code without a comment above it. One that a crate
/// takes from the workspace has its reason there.
pub(super) fn broken(files: &[PathBuf]) -> Outcome<Vec<String>> {
    let mut broken = Vec::new();
    for file in files {
        broken.extend(unreasoned(file, &super::read(file)?));
    }
    Ok(broken)
}

fn unreasoned(file: &Path, manifest: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut inside = false;
    let mut before = "";
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.trim_end_matches(']').ends_with("dependencies");
        } else if inside
            && let Some((name, what)) = line.split_once('=')
            && !line.starts_with('#')
            && !what.contains("path =")
            && !name.trim_end().ends_with(".workspace")
            && !what.contains("workspace = true")
            && !before.starts_with('#')
        {
            broken.push(format!(
                "{}: {} has no reason above it",
                file.display(),
                name.trim()
            ));
        }
        before = line;
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_told() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nmodel.workspace = true\n\
            nix = { workspace = true }\n# Why.\nlibc = \"0.2\"\nattic = \"1\"\n\
            model = { path = \"x\" }\n[lints]\nworkspace = true\n";
        let told = unreasoned(Path::new("Cargo.toml"), manifest);
        assert_eq!(told, ["Cargo.toml: attic has no reason above it"]);
    }
}
