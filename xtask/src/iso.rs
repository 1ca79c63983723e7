//! `cargo xtask iso`: the medium, to mount on a suspect machine and to boot on another.

mod boot;
mod image;
mod modules;
mod newc;
pub(crate) mod pins;
mod system;
mod tree;

use crate::sh::{self, Outcome};
use crate::targets::HOST;
use crate::{dist, sums, workspace};
use pins::Pin;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The image may be at most this large, in bytes.
const SIZE_MAX: u64 = 64 << 20;

/// Tools of the builder's machine, and the Debian package of each.
const TOOLS: &[(&str, &str)] = &[
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("grub-mkimage", "grub-common"),
    ("gzip", "gzip"),
    ("mcopy", "mtools"),
    ("xorriso", "xorriso"),
];

/// Where the image is put.
pub(crate) fn path() -> PathBuf {
    workspace::root().join("dist/concord.iso")
}

/// Builds everything and writes the image.
///
/// # Errors
/// A tool or a package is missing, or a check fails. No half-written image is left.
pub(crate) fn run() -> Outcome {
    if let Some((tool, package)) = TOOLS.iter().find(|(tool, _)| !sh::installed(tool)) {
        return Err(format!(
            "{tool} is not installed: apt-get install {package}"
        ));
    }
    dist::all()?;
    let told = workspace::metadata(&["--no-deps"])?;
    let media = PathBuf::from(workspace::text(&told, "target_directory")).join("media");
    let cache = media.join("packages");
    let work = media.join("work");
    // What an earlier run left would get into the image.
    let _ = std::fs::remove_dir_all(&work);
    for directory in [&cache, &work] {
        std::fs::create_dir_all(directory)
            .map_err(|why| format!("{}: {why}", directory.display()))?;
    }
    let made = assemble(&cache, &work, time()?)?;
    let size = std::fs::metadata(&made).map_or(0, |made| made.len());
    if size > SIZE_MAX {
        return Err(format!("the image has {size} bytes, more than {SIZE_MAX}"));
    }
    let bytes = system::read(&made)?;
    dist::place(&path(), &bytes, 0o644)?;
    let sums = system::read(&work.join("top").join(sums::NAME))?;
    println!("{size:>9} bytes  {}", path().display());
    println!("sum of the image:    {}", sums::of(&bytes));
    println!("words for the notes: {}", sums::fingerprint(&sums));
    Ok(())
}

/// Takes all files out of an image into a directory, whatever is there now.
///
/// # Errors
/// xorriso fails.
pub(crate) fn taken_out(image: &Path, to: &Path) -> Outcome {
    cleared(to)?;
    image::extract(image, "/", to)
}

/// Removes what was taken out. xorriso gives directories the permissions of the image,
/// which has none to write.
fn cleared(place: &Path) -> Outcome {
    if !place.exists() {
        return Ok(());
    }
    sh::run(Command::new("chmod").args(["-R", "u+w"]).arg(place))?;
    std::fs::remove_dir_all(place).map_err(|why| format!("{}: {why}", place.display()))
}

/// Everything from packages to an image that was read back.
fn assemble(cache: &Path, work: &Path, time: u32) -> Outcome<PathBuf> {
    let list = system::read(&workspace::root().join("iso/packages.pin"))?;
    let pins = pins::parse(&String::from_utf8_lossy(&list))?;
    let [busybox, efi, pc, kernel] = ["busybox-static", "grub-efi", "grub-pc", "linux-image"]
        .map(|start| unpacked(&pins, start, cache));
    let (busybox, kernel) = (busybox?, kernel?);
    let top = work.join("top");
    tree::lay(&top)?;
    let parts = system::Parts {
        kernel: &kernel,
        busybox: &busybox,
        programs: &HOST.directory(),
        time,
        work: &work.join("system"),
    };
    let loader = boot::loader(&pc?, &efi?, work, time)?;
    let boot = top.join("boot");
    system::write(&boot.join("vmlinuz"), &system::kernel(&kernel)?)?;
    system::write(&boot.join("initrd.gz"), &system::initramfs(&parts)?)?;
    let menu = workspace::root().join("iso/grub.cfg");
    system::write(&boot.join("grub/grub.cfg"), &system::read(&menu)?)?;
    system::write(&boot.join("efi.img"), &system::read(&loader.uefi)?)?;
    let first = boot.join("grub/eltorito.img");
    system::write(&first, &system::read(&loader.bios)?)?;
    // xorriso writes into the BIOS loader where it lies. So the image is made twice: the
    // second time from the loader as the first image has it, and with its true sum.
    let image = work.join("concord.iso");
    for last in [false, true] {
        tree::sum(&top)?;
        tree::stamp(&top, time)?;
        image::write(&top, &loader, &image, time)?;
        if !last {
            std::fs::remove_file(&first).map_err(|why| format!("{}: {why}", first.display()))?;
            image::extract(&image, "/boot/grub/eltorito.img", &first)?;
            sh::run(Command::new("chmod").arg("644").arg(&first))?;
        }
    }
    image::compare(&image, &top, work)?;
    Ok(image)
}

fn unpacked(pins: &[Pin], start: &str, cache: &Path) -> Outcome<PathBuf> {
    let pin = pins.iter().find(|pin| pin.name.starts_with(start));
    pin.ok_or_else(|| format!("iso/packages.pin: no {start}"))?
        .unpacked(cache)
}

/// The one time everything on the medium bears: `SOURCE_DATE_EPOCH`, or the last commit's.
///
/// # Errors
/// It is not a number, or there is no commit to ask.
pub(crate) fn time() -> Outcome<u32> {
    let told = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(told) => told,
        Err(_) => {
            let mut ask = Command::new("git");
            ask.args(["log", "-1", "--format=%ct"]);
            sh::output(ask.current_dir(workspace::root()))?
        }
    };
    let told = told.trim();
    told.parse()
        .map_err(|_| format!("{told}: not a time in seconds of the epoch"))
}
