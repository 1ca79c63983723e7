//! The packages the medium is made from: fixed by version and sum, fetched, checked, and
//! unpacked.

use crate::sh::{self, Outcome};
use crate::sums;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package as `iso/packages.pin` fixes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    /// Its name.
    pub name: String,
    /// Its version, with Debian's epoch and revision.
    pub version: String,
    /// SHA-256 of the package file.
    pub sum: String,
}

/// Reads the list of pins.
///
/// # Errors
/// A line is not three words.
pub(crate) fn parse(list: &str) -> Outcome<Vec<Pin>> {
    let lines = list.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(
            |line| match line.split_whitespace().collect::<Vec<_>>()[..] {
                [name, version, sum] => Ok(Pin {
                    name: name.into(),
                    version: version.into(),
                    sum: sum.into(),
                }),
                _ => Err(format!(
                    "iso/packages.pin: {line}: not name, version and sum"
                )),
            },
        )
        .collect()
}

impl Pin {
    /// What `apt-get download` calls the file: a colon is written `%3a`.
    fn file(&self) -> String {
        format!(
            "{}_{}_amd64.deb",
            self.name,
            self.version.replace(':', "%3a")
        )
    }

    /// Fetches the package into `cache` unless it is there, and unpacks it there.
    ///
    /// # Errors
    /// It cannot be had, or is not the one that was pinned.
    pub(super) fn unpacked(&self, cache: &Path) -> Outcome<PathBuf> {
        let package = cache.join(self.file());
        if !package.is_file() {
            let mut fetch = Command::new("apt-get");
            fetch.args([
                "-qq",
                "download",
                &format!("{}={}", self.name, self.version),
            ]);
            sh::run(fetch.current_dir(cache)).map_err(|why| {
                format!(
                    "package {} {} cannot be had: {why}",
                    self.name, self.version
                )
            })?;
        }
        let bytes =
            std::fs::read(&package).map_err(|why| format!("{}: {why}", package.display()))?;
        let sum = sums::of(&bytes);
        if sum != self.sum {
            return Err(format!(
                "{}: has the sum {sum}, not the pinned one",
                package.display()
            ));
        }
        let place = cache.join(&self.name);
        if !place.is_dir() {
            let partial = cache.join(format!("{}.partial", self.name));
            sh::run(
                Command::new("dpkg-deb")
                    .arg("-x")
                    .args([&package, &partial]),
            )?;
            std::fs::rename(&partial, &place)
                .map_err(|why| format!("{}: {why}", place.display()))?;
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_house_is_read() {
        let list = std::fs::read_to_string(crate::workspace::root().join("iso/packages.pin"));
        let pins = parse(&list.unwrap()).unwrap();
        assert!(pins.iter().any(|pin| pin.name.starts_with("linux-image-")));
        assert!(pins.iter().all(|pin| pin.sum.len() == 64));
    }

    #[test]
    fn a_short_line_is_refused() {
        assert!(
            parse("busybox-static 1.35\n")
                .unwrap_err()
                .contains("busybox-static 1.35")
        );
        assert_eq!(parse("# nothing\n\n").unwrap(), []);
    }

    #[test]
    fn a_version_with_an_epoch_names_its_file() {
        let pin = &parse("busybox-static 1:1.35.0-4 00").unwrap()[0];
        assert_eq!(pin.file(), "busybox-static_1%3a1.35.0-4_amd64.deb");
    }
}
