//! Gets the packages of the medium: the pinned ones from Debian's mirror, else from its
//! archive of old ones. For a test, and only for that, what the mirror offers today will do.

use super::pins::{self, Pin, Pins};
use crate::sh::{self, Outcome};
use crate::sums;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Comes with apt; fetches a file and checks its sum.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// The package that depends on today's kernel.
const KERNEL: &str = "linux-image-amd64";

/// May something else stand in for a pinned package that cannot be had?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strict {
    /// No: this image is given to somebody.
    Pinned,
    /// What Debian offers today and apt verifies: this image is only tested.
    Offered,
}

/// A package, unpacked.
pub(crate) struct Package {
    /// What it is.
    pub pin: Pin,
    /// Where it lies, unpacked.
    pub place: PathBuf,
    /// It is not the pinned one.
    pub other: bool,
}

/// The package whose name begins so.
///
/// # Errors
/// There is none.
pub(super) fn named<'p>(packages: &'p [Package], start: &str) -> Outcome<&'p Package> {
    let found = packages.iter().find(|one| one.pin.name.starts_with(start));
    found.ok_or_else(|| format!("iso/packages.pin: no {start}"))
}

/// Gets and unpacks all of them below `cache`.
///
/// # Errors
/// One line that names the package that cannot be had.
pub(super) fn all(pins: &Pins, cache: &Path, strict: Strict) -> Outcome<Vec<Package>> {
    let get = |pin: &Pin| match pinned(pin, &pins.moment, cache) {
        Ok(()) => Ok(Package {
            place: unpacked(pin, cache)?,
            pin: pin.clone(),
            other: false,
        }),
        Err(why) if strict == Strict::Pinned => Err(why),
        Err(why) => {
            let pin = offered(&pin.name, cache)?;
            println!("NOT PINNED: {why}; {} stands in", pin.file());
            Ok(Package {
                place: unpacked(&pin, cache)?,
                pin,
                other: true,
            })
        }
    };
    pins.list.iter().map(get).collect()
}

/// Sees to it that a pinned package lies in `cache`.
fn pinned(pin: &Pin, moment: &str, cache: &Path) -> Outcome {
    let file = cache.join(pin.file());
    if !file.is_file() {
        let asked = format!("{}={}", pin.name, pin.version);
        let had = download(&asked, cache).or_else(|_| {
            // The lists may be old, or none.
            sh::run(Command::new("apt-get").args(["-qq", "update"]))?;
            download(&asked, cache)
        });
        if had.is_err() {
            archived(pin, moment, &file).map_err(|_| {
                format!(
                    "package {} {} cannot be had: Debian offers it no more, or cannot be \
                     reached; cargo xtask iso --repin takes what it offers today",
                    pin.name, pin.version
                )
            })?;
        }
    }
    let sum = sum(&file)?;
    if sum == pin.sum {
        return Ok(());
    }
    Err(format!(
        "{}: has the sum {sum}, not the pinned one",
        file.display()
    ))
}

fn download(package: &str, cache: &Path) -> Outcome {
    let mut fetch = Command::new("apt-get");
    fetch.args(["-qq", "download", package]);
    sh::run(fetch.current_dir(cache))
}

/// From the archive of all that Debian ever offered.
fn archived(pin: &Pin, moment: &str, file: &Path) -> Outcome {
    let mut fetch = Command::new("timeout");
    fetch.args(["120", HELPER, "download-file"]);
    fetch.arg(pin.url(moment)?).arg(file);
    sh::run(fetch.arg(format!("SHA256:{}", pin.sum)))
}

/// The package Debian offers today under this name, fetched: a pin for it. The kernel's name
/// has its version inside.
fn offered(name: &str, cache: &Path) -> Outcome<Pin> {
    let name = match name.strip_prefix("linux-image-") {
        Some(_) => kernel(&sh::output(
            Command::new("apt-cache").args(["depends", KERNEL]),
        )?)?,
        None => name.to_owned(),
    };
    let mut show = Command::new("apt-cache");
    let told = sh::output(show.args(["show", "--no-all-versions", &name]))?;
    let pin = described(&name, &told)?;
    let file = cache.join(pin.file());
    if !file.is_file() {
        download(&name, cache)?;
    }
    let sum = sum(&file)?;
    if sum == pin.sum {
        return Ok(pin);
    }
    Err(format!("{}: not what apt says it is", file.display()))
}

/// The kernel package the first dependency names.
fn kernel(depends: &str) -> Outcome<String> {
    let line = depends
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: linux-image-"));
    let rest = line.ok_or_else(|| format!("package {KERNEL}: it depends on no kernel"))?;
    Ok(format!("linux-image-{rest}"))
}

/// A pin from what apt knows of a package.
fn described(name: &str, told: &str) -> Outcome<Pin> {
    let field = |key: &str| {
        let value = told
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        value
            .map(str::to_owned)
            .ok_or_else(|| format!("package {name}: apt-cache tells no {key}"))
    };
    let place = field("Filename")?;
    let archive = if place.starts_with("pool/updates/") {
        "debian-security"
    } else {
        "debian"
    };
    Ok(Pin {
        name: name.to_owned(),
        version: field("Version")?,
        sum: field("SHA256")?,
        place: format!("{archive}/{place}"),
    })
}

fn sum(file: &Path) -> Outcome<String> {
    let bytes = std::fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
    Ok(sums::of(&bytes))
}

fn unpacked(pin: &Pin, cache: &Path) -> Outcome<PathBuf> {
    let name = pin.file();
    let place = cache.join(name.trim_end_matches(".deb"));
    if place.is_dir() {
        return Ok(place);
    }
    let partial = cache.join(format!("{name}.partial"));
    // What an interrupted run left is not whole.
    let _ = std::fs::remove_dir_all(&partial);
    let mut unpack = Command::new("dpkg-deb");
    sh::run(unpack.arg("-x").args([&cache.join(&name), &partial]))?;
    std::fs::rename(&partial, &place).map_err(|why| format!("{}: {why}", place.display()))?;
    Ok(place)
}

/// Writes `iso/packages.pin` anew, with what Debian offers today.
///
/// # Errors
/// A package cannot be had, or the list cannot be written.
pub(super) fn repin(cache: &Path) -> Outcome {
    let old = pins::read()?;
    sh::run(Command::new("apt-get").args(["-qq", "update"]))?;
    let list: Vec<Pin> = old
        .list
        .iter()
        .map(|pin| offered(&pin.name, cache))
        .collect::<Outcome<_>>()?;
    let moment = sh::output(Command::new("date").args(["-u", "+%Y%m%dT%H%M%SZ"]))?;
    for (old, new) in old.list.iter().zip(&list) {
        let told = if old == new { "stays" } else { "was" };
        println!("{} {} {told} {}", new.name, new.version, old.version);
    }
    let new = Pins {
        moment: moment.trim().to_owned(),
        list,
    };
    let path = pins::path();
    crate::dist::place(&path, pins::text(&new).as_bytes(), 0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_the_one_the_name_without_version_depends_on() {
        let told = "linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n";
        assert_eq!(kernel(told).unwrap(), "linux-image-6.1.0-56-amd64");
        let none = kernel("N: Unable to locate package\n").unwrap_err();
        assert!(none.contains(KERNEL), "{none}");
    }

    #[test]
    fn what_apt_knows_becomes_a_pin() {
        let told = "Package: x\nVersion: 1:2-3\nFilename: pool/updates/main/x/x.deb\nSHA256: ab\n";
        let pin = described("x", told).unwrap();
        assert_eq!(pin.version, "1:2-3");
        assert_eq!(pin.place, "debian-security/pool/updates/main/x/x.deb");
        let told = described("x", "Version: 1\n").unwrap_err();
        assert!(told.contains("package x"), "{told}");
    }

    #[test]
    fn a_package_with_another_sum_is_refused() {
        let cache = std::env::temp_dir().join(format!("concord-pins-{}", std::process::id()));
        std::fs::create_dir_all(&cache).unwrap();
        let pin = Pin {
            name: "no-such-package-concord".into(),
            version: "0".into(),
            sum: "00".into(),
            place: "debian/pool/none.deb".into(),
        };
        std::fs::write(cache.join(pin.file()), b"another").unwrap();
        let told = pinned(&pin, "20261126T000000Z", &cache).unwrap_err();
        assert!(told.contains("not the pinned one"), "{told}");
        std::fs::remove_dir_all(&cache).unwrap();
    }
}
