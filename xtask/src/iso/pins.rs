//! The packages the medium is made from, fixed by version and sum in `iso/packages.pin`.

use crate::sh::Outcome;
use crate::workspace;
use std::path::PathBuf;

/// A package as `iso/packages.pin` fixes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    /// Its name.
    pub name: String,
    /// Its version, with Debian's epoch and revision.
    pub version: String,
    /// SHA-256 of the package file.
    pub sum: String,
    /// Where an archive has it: `debian/pool/…` or `debian-security/pool/…`.
    pub place: String,
}

/// The whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pins {
    /// A time, as snapshot.debian.org writes one, at which Debian offered all of them.
    pub moment: String,
    /// The packages.
    pub list: Vec<Pin>,
}

/// What stands above the list.
const HEAD: &str = "\
# What the medium takes from Debian. The first line is a time at which Debian offered all of it; then package,
# version, SHA-256 of its .deb for amd64, and its place in the archive. `cargo xtask iso` takes exactly these,
# and nothing else; `cargo xtask iso --repin` writes this list anew with what Debian offers today.
";

/// The word before the time.
const MOMENT: &str = "snapshot";

/// Where the list is.
pub(crate) fn path() -> PathBuf {
    workspace::root().join("iso/packages.pin")
}

/// The list of the house.
///
/// # Errors
/// It cannot be read, or a line is not as it should be.
pub(crate) fn read() -> Outcome<Pins> {
    let path = path();
    let text =
        std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    parse(&text)
}

/// Reads a list of pins.
///
/// # Errors
/// A line is not as it should be, or there is no time.
pub(crate) fn parse(list: &str) -> Outcome<Pins> {
    let mut pins = Pins::default();
    let lines = list.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [MOMENT, moment] => pins.moment = moment.into(),
            [name, version, sum, place] => pins.list.push(Pin {
                name: name.into(),
                version: version.into(),
                sum: sum.into(),
                place: place.into(),
            }),
            _ => {
                return Err(format!(
                    "iso/packages.pin: {line}: not name, version, sum and place"
                ));
            }
        }
    }
    if pins.moment.is_empty() {
        return Err(format!("iso/packages.pin: no line `{MOMENT} TIME`"));
    }
    Ok(pins)
}

/// The list as it is written.
pub(super) fn text(pins: &Pins) -> String {
    let mut text = format!("{HEAD}{MOMENT} {}\n", pins.moment);
    for pin in &pins.list {
        let Pin {
            name,
            version,
            sum,
            place,
        } = pin;
        text.push_str(&format!("{name} {version} {sum} {place}\n"));
    }
    text
}

impl Pin {
    /// What `apt-get download` calls the file: a colon is written `%3a`.
    pub(super) fn file(&self) -> String {
        format!(
            "{}_{}_amd64.deb",
            self.name,
            self.version.replace(':', "%3a")
        )
    }

    /// Where Debian's archive of all it ever offered has it.
    pub(super) fn url(&self, moment: &str) -> Outcome<String> {
        let (archive, inner) = self
            .place
            .split_once('/')
            .ok_or_else(|| format!("iso/packages.pin: {}: {}: no place", self.name, self.place))?;
        Ok(format!(
            "https://snapshot.debian.org/archive/{archive}/{moment}/{inner}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_house_is_read_and_written_alike() {
        let pins = read().unwrap();
        let kernel = |pin: &Pin| pin.name.starts_with("linux-image-");
        assert!(pins.list.iter().any(kernel));
        assert!(pins.list.iter().all(|pin| pin.sum.len() == 64));
        assert_eq!(text(&pins), std::fs::read_to_string(path()).unwrap());
    }

    #[test]
    fn a_short_line_is_refused() {
        let told = parse("snapshot 1\nbusybox-static 1.35\n").unwrap_err();
        assert!(told.contains("busybox-static 1.35"));
        assert!(parse("# nothing\n\n").unwrap_err().contains("snapshot"));
    }

    #[test]
    fn a_pin_names_its_file_and_where_it_is_kept() {
        let line = "busybox-static 1:1.35.0-4 00 debian-security/pool/updates/main/b.deb";
        let pins = parse(&format!("snapshot 20261126T000000Z\n{line}\n")).unwrap();
        let pin = &pins.list[0];
        assert_eq!(pin.file(), "busybox-static_1%3a1.35.0-4_amd64.deb");
        assert_eq!(
            pin.url(&pins.moment).unwrap(),
            "https://snapshot.debian.org/archive/debian-security/20261126T000000Z/pool/updates/main/b.deb"
        );
    }
}
