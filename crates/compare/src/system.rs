//! Of which kind of system the views are: it decides what may have caused a thing, and which
//! commands are there to look further.

use crate::snapshot::Snapshot;
use model::Source;

/// A kind of system, as finely as causes and commands differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    /// Linux.
    #[default]
    Linux,
    /// Solaris 10.
    Solaris10,
    /// Oracle Solaris 11.0 to 11.3, and where the release is not told.
    Solaris11,
    /// Oracle Solaris 11.4.
    Solaris114,
    /// illumos in any distribution.
    Illumos,
}

/// Words of the catalogue that stand for a command, with what they are on Solaris 11.4, on
/// illumos, and before.
const COMMANDS: &[(&str, &str, &str, &str)] = &[
    ("{netstat}", "netstat -anu", "netstat -anu", "netstat -an"),
    ("{rules}", "pfctl -s rules", "ipfstat -io", "ipfstat -io"),
    ("{nat}", "pfctl -s rules", "ipnat -l", "ipnat -l"),
];

impl System {
    /// The kind of system whose views these are.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> System {
        let solaris = |source| matches!(source, Source::Mib2 | Source::Kstat);
        if !snapshot.views.iter().any(|view| solaris(view.source)) {
            return System::Linux;
        }
        // Release and version, as `uname` has them.
        let kernel = snapshot.facts.observer.kernel.as_ref();
        let kernel = kernel.map_or(&b""[..], |kernel| kernel.as_bytes());
        if kernel.starts_with(b"5.10") {
            System::Solaris10
        } else if kernel.starts_with(b"5.11 11.4") {
            System::Solaris114
        } else if kernel.is_empty() || kernel.starts_with(b"5.11 11.") {
            System::Solaris11
        } else {
            System::Illumos
        }
    }

    /// Whether it is Solaris or illumos.
    #[must_use]
    pub fn is_solaris(self) -> bool {
        self != System::Linux
    }

    /// The same text with commands in place of the words that stand for one.
    #[must_use]
    pub fn commands(self, text: &str) -> String {
        let mut text = text.to_owned();
        for (word, newest, illumos, before) in COMMANDS {
            let command = match self {
                System::Solaris114 => newest,
                System::Illumos => illumos,
                System::Linux | System::Solaris10 | System::Solaris11 => before,
            };
            text = text.replace(word, command);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kernel: Option<&str>, source: Source, expected: System) {
        let mut snapshot = Snapshot::default();
        snapshot.facts.observer.kernel = kernel.map(Into::into);
        snapshot.begin(source, 1).unwrap();
        assert_eq!(System::of(&snapshot), expected);
    }

    #[test]
    fn the_views_tell_the_system_and_its_name_the_release() {
        check(Some("6.1.0-40-amd64"), Source::Procfs, System::Linux);
        check(Some("5.11 omnios-r151054"), Source::Netlink, System::Linux);
        check(
            Some("5.10 Generic_147148-26"),
            Source::Mib2,
            System::Solaris10,
        );
        check(Some("5.11 11.0"), Source::Mib2, System::Solaris11);
        check(Some("5.11 11.4.86.201.2"), Source::Mib2, System::Solaris114);
        check(Some("5.11 omnios-r151054"), Source::Mib2, System::Illumos);
        check(None, Source::Kstat, System::Solaris11);
    }

    #[test]
    fn a_command_is_one_of_the_release() {
        assert_eq!(System::Illumos.commands("{netstat}"), "netstat -anu");
        assert_eq!(System::Solaris10.commands("{netstat}"), "netstat -an");
        assert_eq!(System::Solaris114.commands("{nat}"), "pfctl -s rules");
        assert_eq!(System::Solaris11.commands("{rules}"), "ipfstat -io");
    }
}
