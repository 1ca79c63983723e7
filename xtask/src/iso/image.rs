//! Writes the image with xorriso, and reads it back.

use super::boot::Loader;
use crate::sh::{self, Outcome};
use crate::sums;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the file system; the boot loader and the booted system look for it.
const LABEL: &str = "CONCORD";

/// Writes an image of `top`: ISO 9660 level 3 with Rock Ridge and Joliet, bootable as a CD
/// and as a disk, by BIOS and by UEFI.
///
/// # Errors
/// xorriso fails.
pub(super) fn write(top: &Path, loader: &Loader, image: &Path, time: u32) -> Outcome {
    let mut make = Command::new("xorriso");
    // xorriso takes all dates of its own, and the GUID of the disk, from here.
    make.env("SOURCE_DATE_EPOCH", time.to_string())
        .env("TZ", "UTC");
    make.args([
        "-as",
        "mkisofs",
        "-quiet",
        "-iso-level",
        "3",
        "-r",
        "-J",
        "-joliet-long",
    ]);
    make.args(["-V", LABEL, "--set_all_file_dates", "set_to_mtime"]);
    // The list of boot loaders a BIOS reads: no file, for it could have no sum.
    make.arg("--boot-catalog-hide");
    make.args([
        "-b",
        "boot/grub/eltorito.img",
        "-no-emul-boot",
        "-boot-load-size",
        "4",
    ]);
    make.args(["-boot-info-table", "--grub2-boot-info", "--grub2-mbr"])
        .arg(&loader.record);
    make.args(["--protective-msdos-label", "--efi-boot", "boot/efi.img"]);
    make.args(["-efi-boot-part", "--efi-boot-image", "-o"]);
    sh::run(make.arg(image).arg(top))
}

/// Takes a file out of an image.
///
/// # Errors
/// xorriso fails.
pub(super) fn extract(image: &Path, inner: &str, to: &Path) -> Outcome {
    let mut read = Command::new("xorriso");
    read.args(["-report_about", "SORRY", "-osirrox", "on", "-indev"])
        .arg(image);
    sh::run(read.args(["-extract", inner]).arg(to))
}

/// Reads the image back and compares it with what it was made from: every file's bytes,
/// permission to run, and every link.
///
/// # Errors
/// A difference, or xorriso fails.
pub(super) fn compare(image: &Path, top: &Path, work: &Path) -> Outcome {
    let back = work.join("back");
    extract(image, "/", &back)?;
    let found = inventory(&back)?;
    let told = differ(&inventory(top)?, &found);
    super::cleared(&back)?;
    told
}

/// Other people's readers list the image without complaint.
///
/// # Errors
/// One complains, or does not list the programs.
pub(super) fn listed(image: &Path) -> Outcome {
    let mut xorriso = Command::new("xorriso");
    xorriso.args(["-indev"]).arg(image);
    quiet(xorriso.args(["-find", "/", "-type", "f"]))?;
    if !sh::installed("isoinfo") {
        println!("SKIPPED: the image listed by isoinfo, which is not installed");
        return Ok(());
    }
    // Rock Ridge, then Joliet.
    for names in ["-R", "-J"] {
        let mut isoinfo = Command::new("isoinfo");
        isoinfo.args(["-f", names, "-i"]).arg(image);
        quiet(&mut isoinfo)?;
    }
    Ok(())
}

/// Runs a reader that must list the programs and complain of nothing.
fn quiet(reader: &mut Command) -> Outcome {
    let line = sh::line(reader);
    let told = reader.output().map_err(|why| format!("{line}: {why}"))?;
    let (said, listed) = (
        String::from_utf8_lossy(&told.stderr),
        String::from_utf8_lossy(&told.stdout),
    );
    let complaints = ["WARNING", "SORRY", "MISHAP", "FAILURE", "FATAL", "rror"];
    if let Some(word) = complaints.iter().find(|word| said.contains(**word)) {
        return Err(format!("{line}: says {word}: {said}"));
    }
    let program = format!("/{}/rcompare", crate::targets::HOST.name);
    if !told.status.success() || !listed.contains(&program) {
        return Err(format!("{line}: does not list {program}: {said}"));
    }
    Ok(())
}

/// A file as it must come back: its path, and its bytes' sum and mode, or its target.
type Entry = (PathBuf, String);

fn inventory(top: &Path) -> Outcome<Vec<Entry>> {
    let describe = |file: &PathBuf| -> std::io::Result<String> {
        let kind = std::fs::symlink_metadata(file)?;
        if kind.is_symlink() {
            return Ok(format!("-> {}", std::fs::read_link(file)?.display()));
        }
        let runs = kind.permissions().mode() & 0o111 != 0;
        Ok(format!("{} {runs}", sums::of(&std::fs::read(file)?)))
    };
    sums::files(top)?
        .iter()
        .map(|file| {
            let told = describe(file).map_err(|why| format!("{}: {why}", file.display()))?;
            Ok((file.strip_prefix(top).unwrap_or(file).into(), told))
        })
        .collect()
}

/// The first difference of two inventories.
fn differ(made: &[Entry], back: &[Entry]) -> Outcome {
    let other = |entry: &&Entry, list: &[Entry]| !list.contains(entry);
    let lost = made.iter().find(|entry| other(entry, back));
    let found = back.iter().find(|entry| other(entry, made));
    match lost.or(found) {
        Some((path, _)) => Err(format!(
            "the image differs from its source in {}",
            path.display()
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_difference_is_named() {
        let entry = |path: &str, told: &str| (PathBuf::from(path), told.to_owned());
        let made = [entry("a", "1 true"), entry("b", "-> a")];
        assert_eq!(differ(&made, &made), Ok(()));
        for back in [&made[..1], &[made[0].clone(), entry("b", "-> c")], &[]] {
            assert!(differ(&made, back).is_err());
        }
        let more = [made[0].clone(), made[1].clone(), entry("c", "2 false")];
        assert!(differ(&made, &more).unwrap_err().ends_with(" c"));
    }
}
