//! fuser's command line, spelled out: `-n tcp 22 -n file /x`, `-9`, `-HUP` and bundles like
//! `-vm` become long options, which clap can read. A name carries its space with it.

use super::signals;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Letter and long option.
const LETTERS: &[(u8, &str)] = &[
    (b'4', "ipv4"),
    (b'6', "ipv6"),
    (b'a', "all"),
    (b'c', "mount"),
    (b'f', "posix"),
    (b'h', "help"),
    (b'i', "interactive"),
    (b'I', "inode"),
    (b'k', "kill"),
    (b'l', "list-signals"),
    (b'm', "mount"),
    (b'M', "ismountpoint"),
    (b's', "silent"),
    (b'u', "user"),
    (b'v', "verbose"),
    (b'V', "version"),
    (b'w', "writeonly"),
];

/// Options that take the next word, when they do not have it behind a `=`.
const LONG_WITH_VALUE: &[&[u8]] = &[b"--sysroot", b"--record", b"--signal"];

/// Spells a command line out.
#[must_use]
pub(crate) fn spell_out(argv: &[OsString]) -> Vec<OsString> {
    let mut words = argv.iter();
    let mut out: Vec<OsString> = words.by_ref().take(1).cloned().collect();
    let mut space = OsString::from("auto");
    let mut names_only = false;
    while let Some(word) = words.next() {
        let bytes = word.as_bytes();
        if names_only || !bytes.starts_with(b"-") {
            out.push(name(&space, word));
        } else if bytes == b"--" {
            names_only = true;
        } else if bytes == b"-" {
            // psmisc: forget the space given before.
            space = "auto".into();
        } else if let Some(given) = bytes.strip_prefix(b"--namespace") {
            space = match given.strip_prefix(b"=") {
                Some(given) => OsStr::from_bytes(given).to_owned(),
                None => words.next().cloned().unwrap_or_default(),
            };
        } else if bytes.starts_with(b"--") {
            out.push(word.clone());
            if LONG_WITH_VALUE.contains(&bytes) {
                out.extend(words.next().cloned());
            }
        } else if let Some(given) = bundle(bytes.get(1..).unwrap_or_default(), &mut out) {
            space = if given.is_empty() {
                words.next().cloned().unwrap_or_default()
            } else {
                given
            };
        }
    }
    out
}

fn name(space: &OsStr, word: &OsStr) -> OsString {
    let mut name = OsString::from("--name=");
    name.push(space);
    name.push(":");
    name.push(word);
    name
}

/// Spells out letters; gives what followed an `n`, which names a space.
fn bundle(word: &[u8], out: &mut Vec<OsString>) -> Option<OsString> {
    let mut rest = word;
    while let Some((&letter, after)) = rest.split_first() {
        // A letter of ours before a signal: -6 is IPv6, -46 both, -9 and -HUP are signals.
        if !rest.iter().all(|byte| b"46".contains(byte))
            && let Some(signal) = signals::signal(rest)
            && (rest.len() > 1 || letter.is_ascii_digit())
        {
            out.push(format!("--signal={}", signal.as_str()).into());
            return None;
        }
        rest = after;
        if letter == b'n' {
            return Some(OsStr::from_bytes(rest).to_owned());
        }
        match LETTERS.iter().find(|row| row.0 == letter) {
            Some((_, long)) => out.push(format!("--{long}").into()),
            None => {
                let mut unknown = OsString::from("-");
                unknown.push(OsStr::from_bytes(&[letter]));
                out.push(unknown);
                return None;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(typed: &str, long: &str) {
        let words = |text: &str| -> Vec<OsString> {
            std::iter::once("rfuser")
                .chain(text.split_whitespace())
                .map(OsString::from)
                .collect()
        };
        assert_eq!(spell_out(&words(typed)), words(long), "{typed}");
    }

    #[test]
    fn what_people_type() {
        check("-v -n tcp 22", "--verbose --name=tcp:22");
        check("-ntcp 22 23", "--name=tcp:22 --name=tcp:23");
        check("-vntcp 22", "--verbose --name=tcp:22");
        check("-n tcp 22 - /x", "--name=tcp:22 --name=auto:/x");
        check("-n udp 53 -n file /x", "--name=udp:53 --name=file:/x");
        check("22/tcp /tmp", "--name=auto:22/tcp --name=auto:/tmp");
        check("-vm /", "--verbose --mount --name=auto:/");
        check("-k -HUP /x", "--kill --signal=SIGHUP --name=auto:/x");
        check("-k9 /x", "--kill --signal=SIGKILL --name=auto:/x");
        check("-15", "--signal=SIGTERM");
        check("-46 -4", "--ipv4 --ipv6 --ipv4");
        check("-INT -SIGUSR1", "--signal=SIGINT --signal=SIGUSR1");
        check("-I -M", "--inode --ismountpoint");
        check("--sysroot d -- -x", "--sysroot d --name=auto:-x");
        check(
            "--namespace=tcp 1 --namespace udp 2",
            "--name=tcp:1 --name=udp:2",
        );
        check("-y", "-y");
    }

    proptest! {
        #[test]
        fn nothing_panics(words: Vec<String>) {
            let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
            let _ = spell_out(&argv);
        }
    }
}
