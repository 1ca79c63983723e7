//! `cargo xtask iso`: the medium, to mount on a suspect machine and to boot on another.

mod boot;
pub(crate) mod guest;
mod image;
mod modules;
mod newc;
pub(crate) mod packages;
pub(crate) mod pins;
mod room;
mod system;
mod tree;

use crate::sh::{self, Outcome};
use crate::targets::HOST;
use crate::{dist, sign, sums, workspace};
use packages::{Package, Strict};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The image may be at most this large, in bytes.
const SIZE_MAX: u64 = 64 << 20;

/// Room that must be free in `dist/` for the programs and an image beside an older one.
const DIST_ROOM: u64 = 192 << 20;

/// Room that must be free for the packages, unpacked, and all that is made of them.
const MEDIA_ROOM: u64 = 1 << 30;

/// Tools of the builder's machine, and the Debian package of each.
const TOOLS: &[(&str, &str)] = &[
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("grub-mkimage", "grub-common"),
    ("mcopy", "mtools"),
    ("xorriso", "xorriso"),
    ("zstd", "zstd"),
];

/// An image that was made and read back.
pub(crate) struct Made {
    /// Where it is.
    pub image: PathBuf,
    /// Its SHA-256.
    pub sum: String,
    /// The list of sums on it.
    list: Vec<u8>,
    /// It is not made of the pinned packages.
    other: bool,
}

/// Where the image is put.
pub(crate) fn path() -> PathBuf {
    workspace::root().join("dist/concord.iso")
}

/// Builds everything and writes the image.
///
/// # Errors
/// A tool, a package or room is missing, or a check fails. No half-written image is left.
pub(crate) fn run() -> Outcome {
    let media = ready()?;
    // What cannot be had is told before an hour of building.
    let packages = packages::all(&pins::read()?, &cache(&media)?, Strict::Pinned)?;
    dist::all()?;
    let made = made(&packages, &media.join("work"), time()?)?;
    let bytes = system::read(&made.image)?;
    sign::outdated(&path());
    dist::place(&path(), &bytes, 0o644)?;
    println!("{:>9} bytes  {}", bytes.len(), path().display());
    println!("sum of the image:    {}", made.sum);
    println!("words for the notes: {}", sums::fingerprint(&made.list));
    Ok(())
}

/// Makes an image of what lies in `dist/` now, to be tested and not to be given away: twice,
/// in two places, which must not show. What Debian offers today stands in for a pinned
/// package that cannot be had, loudly.
///
/// # Errors
/// As [`run`]; or the two images differ.
pub(crate) fn trial() -> Outcome<PathBuf> {
    let media = ready()?;
    let packages = packages::all(&pins::read()?, &cache(&media)?, Strict::Offered)?;
    let time = time()?;
    let first = made(&packages, &media.join("trial"), time)?;
    let second = media.join("another trial, of another length");
    let second = made(&packages, &second, time)?;
    if first.sum != second.sum {
        return Err(format!(
            "two images of the same programs differ: {} and {}",
            first.image.display(),
            second.image.display()
        ));
    }
    println!("iso: made twice, the same both times: {}", first.sum);
    if first.other {
        println!("NOT PINNED: the image that is tested is not the one iso/packages.pin describes");
    }
    Ok(first.image)
}

/// Sees to it that an image can be made for a test: tools, room and packages are there.
///
/// # Errors
/// One line on what is missing.
pub(crate) fn prepared() -> Outcome {
    let media = ready()?;
    packages::all(&pins::read()?, &cache(&media)?, Strict::Offered).map(|_| ())
}

/// Takes what Debian offers today into the list of pins.
///
/// # Errors
/// A package cannot be had.
pub(crate) fn repin() -> Outcome {
    let media = ready()?;
    packages::repin(&cache(&media)?)
}

/// Sees to it that the tools and the room are there; gives the directory to work in.
fn ready() -> Outcome<PathBuf> {
    missing(TOOLS, sh::installed)?;
    room::check(&workspace::root().join("dist"), DIST_ROOM)?;
    let told = workspace::metadata(&["--no-deps"])?;
    let media = PathBuf::from(workspace::text(&told, "target_directory")).join("media");
    room::check(&media, MEDIA_ROOM)?;
    Ok(media)
}

/// The first tool that is not there, and where to get it.
fn missing(tools: &[(&str, &str)], installed: impl Fn(&str) -> bool) -> Outcome {
    match tools.iter().find(|(tool, _)| !installed(tool)) {
        Some((tool, package)) => Err(format!(
            "{tool} is not installed: apt-get install {package}"
        )),
        None => Ok(()),
    }
}

/// Where packages are kept between runs.
fn cache(media: &Path) -> Outcome<PathBuf> {
    let cache = media.join("packages");
    std::fs::create_dir_all(&cache).map_err(|why| format!("{}: {why}", cache.display()))?;
    Ok(cache)
}

/// Makes an image in a directory of its own, and checks it.
fn made(packages: &[Package], work: &Path, time: u32) -> Outcome<Made> {
    // What an earlier run left would get into the image.
    let _ = std::fs::remove_dir_all(work);
    std::fs::create_dir_all(work).map_err(|why| format!("{}: {why}", work.display()))?;
    let image = assemble(packages, work, time)?;
    let bytes = system::read(&image)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(format!(
            "the image has {} bytes, more than {SIZE_MAX}",
            bytes.len()
        ));
    }
    Ok(Made {
        sum: sums::of(&bytes),
        list: system::read(&work.join("top").join(sums::NAME))?,
        other: packages.iter().any(|one| one.other),
        image,
    })
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
fn assemble(packages: &[Package], work: &Path, time: u32) -> Outcome<PathBuf> {
    let place = |start: &str| Ok::<_, String>(packages::named(packages, start)?.place.as_path());
    let kernel = place("linux-image-")?;
    let top = work.join("top");
    tree::lay(&top)?;
    let parts = system::Parts {
        kernel,
        busybox: place("busybox-static")?,
        programs: &HOST.directory(),
        time,
        work: &work.join("system"),
    };
    let loader = boot::loader(place("grub-pc")?, place("grub-efi")?, work, time)?;
    let boot = top.join("boot");
    system::write(&boot.join("vmlinuz"), &system::kernel(kernel)?)?;
    let (initramfs, modules) = system::initramfs(&parts)?;
    system::write(&boot.join("initrd.zst"), &initramfs)?;
    tree::inside(&top, packages, modules)?;
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
    image::listed(&image)?;
    Ok(image)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_its_package() {
        for (tool, package) in TOOLS {
            let told = missing(TOOLS, |name| name != *tool).unwrap_err();
            let way = format!("{tool} is not installed: apt-get install {package}");
            assert_eq!(told, way);
        }
        assert_eq!(missing(TOOLS, |_| true), Ok(()));
    }
}
