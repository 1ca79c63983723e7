//! Is there room, and may we write? Asked before an hour of building, not after.

use crate::dist;
use crate::sh::Outcome;
use nix::sys::statvfs::statvfs;
use std::path::Path;

/// Sees to it that a directory is there, can be written, and has so many bytes free.
///
/// # Errors
/// One line that names the directory.
pub(super) fn check(directory: &Path, needed: u64) -> Outcome {
    let failed = |why: std::io::Error| format!("{}: {why}", directory.display());
    std::fs::create_dir_all(directory).map_err(failed)?;
    let trial = directory.join(".trial");
    dist::place(&trial, b"", 0o644)?;
    std::fs::remove_file(&trial).map_err(failed)?;
    let told = statvfs(directory).map_err(|why| failed(why.into()))?;
    // Their width depends on the system.
    #[allow(clippy::unnecessary_cast, reason = "32 bits wide on some systems")]
    let free = (told.blocks_available() as u64).saturating_mul(told.fragment_size() as u64);
    if free < needed {
        return Err(format!(
            "{}: {} MiB are free there, {} are needed",
            directory.display(),
            free >> 20,
            needed >> 20
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_or_impossible_place_is_named() {
        let here = std::env::temp_dir().join(format!("concord-room-{}", std::process::id()));
        assert_eq!(check(&here, 1), Ok(()));
        let told = check(&here, u64::MAX).unwrap_err();
        assert!(told.contains("are needed"), "{told}");
        let file = here.join("file");
        std::fs::write(&file, b"").unwrap();
        let told = check(&file, 1).unwrap_err();
        assert!(told.starts_with(&file.display().to_string()), "{told}");
        std::fs::remove_dir_all(&here).unwrap();
    }
}
