//! `cargo xtask tidy`: the rules of the house, kept by a program and not by memory. Each
//! rule gives the places that break it, a line each.

mod documents;
mod layers;
mod manifests;
mod manuals;
mod sources;
mod supply;

use crate::sh::{self, Outcome};
use crate::workspace::{self, PROGRAMS, cargo};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Checks every rule, with the programs found in a directory.
///
/// # Errors
/// A rule is broken, or something cannot be read.
pub(crate) fn run(programs: &Path) -> Outcome {
    let rules: [(&str, Vec<String>); 7] = [
        ("who may use whom", layers::broken(&workspace::packages()?)),
        ("sources", sources::broken(&tracked(".rs")?)?),
        ("manifests", manifests::broken(&tracked("Cargo.toml")?)?),
        ("manuals", manuals::broken(programs)?),
        ("supply", supply::broken()?),
        ("cargo-deny", supply::denied()),
        ("documents", documents::broken(&tracked(".md")?)?),
    ];
    let mut count = 0;
    for (rule, places) in &rules {
        for place in places {
            eprintln!("tidy: {rule}: {place}");
        }
        count += places.len();
    }
    match count {
        0 => {
            println!("tidy: the house is in order");
            Ok(())
        }
        _ => Err(format!("{count} rules of the house are broken")),
    }
}

/// Builds the programs to ask them for their help, and checks every rule.
///
/// # Errors
/// As [`run`].
pub(crate) fn with_own_build() -> Outcome {
    let mut build = cargo("build");
    build.arg("--quiet");
    for program in PROGRAMS {
        build.args(["--package", program]);
    }
    sh::run(&mut build)?;
    let told = workspace::metadata(&["--no-deps"])?;
    run(&PathBuf::from(workspace::text(&told, "target_directory")).join("debug"))
}

/// The files git knows or would take, whose names end so, from the root, in order.
fn tracked(end: &str) -> Outcome<Vec<PathBuf>> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let told = sh::output(list.current_dir(workspace::root()))?;
    let mut files: Vec<PathBuf> = told
        .lines()
        .filter(|line| line.ends_with(end))
        .map(PathBuf::from)
        // A file may be gone and git not told yet.
        .filter(|file| workspace::root().join(file).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Reads a file by its path from the root.
fn read(file: &Path) -> Outcome<String> {
    let path = workspace::root().join(file);
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules that ask no program.
    #[test]
    fn the_house_is_in_order() {
        let mut broken = layers::broken(&workspace::packages().unwrap());
        broken.extend(sources::broken(&tracked(".rs").unwrap()).unwrap());
        broken.extend(manifests::broken(&tracked("Cargo.toml").unwrap()).unwrap());
        broken.extend(documents::broken(&tracked(".md").unwrap()).unwrap());
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    #[test]
    fn this_file_is_tracked() {
        let own = Path::new("xtask/src/tidy.rs");
        assert!(tracked(".rs").unwrap().iter().any(|file| file == own));
    }
}
