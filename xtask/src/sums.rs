//! SHA-256 sums of a tree, in the form `sha256sum --check` reads.

use crate::sh::Outcome;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The name of the list of sums, at the top of what it sums up.
pub(crate) const NAME: &str = "SHA256SUMS";

/// The sum of some bytes, in hexadecimal.
pub(crate) fn of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 128 bits of the sum of some bytes, as eight words for a notebook.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    render::words(digest.get(..16).unwrap_or_default())
}

/// One line for each file of the list, by path from `top`.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn text(top: &Path, files: &[PathBuf]) -> Outcome<String> {
    let mut lines = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
        let name = file.strip_prefix(top).unwrap_or(file);
        lines.push((name.display().to_string(), of(&bytes)));
    }
    lines.sort();
    let line = |(name, sum): &(String, String)| format!("{sum}  {name}\n");
    Ok(lines.iter().map(line).collect())
}

/// Every file below a directory, in order; links are not followed.
///
/// # Errors
/// A directory cannot be read.
pub(crate) fn files(top: &Path) -> Outcome<Vec<PathBuf>> {
    let failed = |why: std::io::Error| format!("{}: {why}", top.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(top).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_fips_180_4() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(b"abc"), abc);
        assert_eq!(fingerprint(b"abc").split('-').count(), 8);
        assert!(
            fingerprint(b"abc").starts_with("ronum-"),
            "{}",
            fingerprint(b"abc")
        );
    }

    #[test]
    fn lines_are_in_order_and_relative() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = [top.join("src/sums.rs"), top.join("Cargo.toml")];
        let text = text(top, &files).unwrap();
        let names: Vec<&str> = text.lines().filter_map(|line| line.get(66..)).collect();
        assert_eq!(names, ["Cargo.toml", "src/sums.rs"]);
    }
}
