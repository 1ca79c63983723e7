//! lsof's command line, spelled out: `-i4TCP:22`, `+c 0`, `+D DIR`, `-r1c2` and bundles
//! like `-nPi` become long options, which clap can read.
//!
//! The rules are those lsof's users know: an option that may have a value takes the rest of
//! its word, or the next word unless that begins with `-` or `+`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Whether a letter has a value.
#[derive(Clone, Copy)]
enum Value {
    /// Never.
    No,
    /// Always.
    Must,
    /// If what follows looks like one.
    May(fn(&[u8]) -> bool),
}

/// Sign, letter, long option, value.
type Letter = (u8, u8, &'static str, Value);

#[rustfmt::skip]
const LETTERS: &[Letter] = &[
    (b'-', b'?', "help", Value::No),
    (b'-', b'h', "help", Value::No),
    (b'-', b'v', "version", Value::No),
    (b'-', b'a', "and", Value::No),
    (b'-', b'b', "no-blocking", Value::No),
    (b'-', b'c', "command", Value::Must),
    (b'+', b'c', "command-width", Value::Must),
    (b'-', b'C', "no-name-cache", Value::No),
    (b'-', b'd', "fd", Value::Must),
    (b'+', b'd', "dir", Value::Must),
    (b'-', b'D', "device-cache", Value::Must),
    (b'+', b'D', "tree", Value::Must),
    (b'-', b'e', "exempt", Value::Must),
    (b'+', b'e', "exempt", Value::Must),
    (b'-', b'E', "endpoints", Value::No),
    (b'+', b'E', "endpoint-files", Value::No),
    (b'-', b'f', "as-files", Value::May(is_struct)),
    (b'+', b'f', "as-mounts", Value::May(is_struct)),
    (b'-', b'F', "fields", Value::May(is_any)),
    (b'-', b'g', "pgid", Value::May(is_numbers)),
    (b'-', b'H', "human", Value::No),
    (b'-', b'i', "inet", Value::May(is_any)),
    (b'-', b'j', "json-lines", Value::No),
    (b'-', b'J', "json-tree", Value::No),
    (b'-', b'K', "tasks", Value::May(is_i)),
    (b'-', b'l', "uids", Value::No),
    (b'-', b'L', "no-links", Value::No),
    (b'+', b'L', "links", Value::May(is_digits)),
    (b'-', b'M', "no-portmap", Value::No),
    (b'-', b'n', "no-host-names", Value::No),
    (b'-', b'N', "nfs", Value::No),
    (b'-', b'o', "offset", Value::May(is_digits)),
    (b'-', b'O', "no-overhead", Value::No),
    (b'-', b'p', "pid", Value::Must),
    (b'-', b'P', "no-port-names", Value::No),
    (b'-', b'Q', "quiet-misses", Value::No),
    (b'-', b'r', "repeat", Value::May(is_repeat)),
    (b'+', b'r', "repeat-while-found", Value::May(is_repeat)),
    (b'-', b'R', "ppid", Value::No),
    (b'-', b's', "size", Value::May(is_state)),
    (b'-', b'S', "timeout", Value::May(is_digits)),
    (b'-', b't', "terse", Value::No),
    (b'-', b'T', "tcp-info", Value::May(is_tcp_info)),
    (b'-', b'u', "user", Value::Must),
    (b'-', b'U', "unix", Value::No),
    (b'-', b'V', "misses", Value::No),
    (b'-', b'w', "no-warnings", Value::No),
    (b'+', b'w', "warnings", Value::No),
    (b'-', b'x', "cross", Value::May(is_cross)),
    (b'-', b'X', "no-exclusions", Value::No),
];

fn is_any(word: &[u8]) -> bool {
    !word.is_empty()
}

fn is_digits(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

fn is_numbers(word: &[u8]) -> bool {
    word.first()
        .is_some_and(|&byte| byte.is_ascii_digit() || byte == b'^')
}

fn is_repeat(word: &[u8]) -> bool {
    word.first()
        .is_some_and(|&byte| byte.is_ascii_digit() || byte == b'c' || byte == b'm')
}

fn is_state(word: &[u8]) -> bool {
    word.contains(&b':')
}

fn is_i(word: &[u8]) -> bool {
    word == b"i"
}

fn all_of(word: &[u8], letters: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|byte| letters.contains(byte))
}

fn is_struct(word: &[u8]) -> bool {
    all_of(word, b"cfgGn")
}

fn is_tcp_info(word: &[u8]) -> bool {
    all_of(word, b"fqsw")
}

fn is_cross(word: &[u8]) -> bool {
    all_of(word, b"fl")
}

/// Spells a command line out. Long options, operands and everything after `--` stay as they
/// are; so does a letter lsof does not have, for clap to refuse.
#[must_use]
pub(crate) fn spell_out(argv: &[OsString]) -> Vec<OsString> {
    let mut words = argv.iter();
    let mut out: Vec<OsString> = words.by_ref().take(1).cloned().collect();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let bytes = word.as_bytes();
        if bytes == b"--" {
            out.push(word.clone());
            out.extend(words.by_ref().cloned());
        } else if bytes.starts_with(b"--") || bytes.len() < 2 || !is_option(bytes) {
            out.push(word.clone());
        } else {
            let next = words.peek().map(|next| next.as_bytes());
            if bundle(bytes, next, &mut out) {
                words.next();
            }
        }
    }
    out
}

fn is_option(word: &[u8]) -> bool {
    word.starts_with(b"-") || word.starts_with(b"+")
}

/// Spells out one word of letters; whether it took the next word as a value.
fn bundle(word: &[u8], next: Option<&[u8]>, out: &mut Vec<OsString>) -> bool {
    let Some((&sign, mut rest)) = word.split_first() else {
        return false;
    };
    while let Some((&letter, after)) = rest.split_first() {
        rest = after;
        let Some((_, _, long, value)) = find(sign, letter) else {
            // As typed, so that the complaint names what was typed.
            let mut unknown = vec![b'-', letter];
            // A sign among letters: a lone `--` would end the options.
            if sign == b'+' || letter == b'-' {
                unknown = [b"--+", word.get(1..).unwrap_or_default()].concat();
            }
            out.push(OsString::from_vec(unknown));
            return false;
        };
        let free = next.filter(|next| !is_option(next));
        match value {
            Value::No => push(out, long, None),
            Value::Must if rest.is_empty() => {
                push(out, long, next);
                return next.is_some();
            }
            Value::Must => {
                push(out, long, Some(rest));
                return false;
            }
            Value::May(fits) if fits(rest) => {
                push(out, long, Some(rest));
                return false;
            }
            Value::May(fits) if rest.is_empty() && free.is_some_and(fits) => {
                push(out, long, free);
                return true;
            }
            Value::May(_) => push(out, long, None),
        }
    }
    false
}

/// With `+`, letters that have no meaning of their own mean the same as with `-`.
fn find(sign: u8, letter: u8) -> Option<&'static Letter> {
    let find = |sign| LETTERS.iter().find(|row| row.0 == sign && row.1 == letter);
    // `+M` would ask the port mapper.
    let same = sign == b'+' && letter != b'M';
    find(sign).or_else(|| same.then(|| find(b'-')).flatten())
}

fn push(out: &mut Vec<OsString>, long: &str, value: Option<&[u8]>) {
    let mut word = OsString::from(format!("--{long}"));
    if let Some(value) = value {
        word.push("=");
        word.push(OsStr::from_bytes(value));
    }
    out.push(word);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(typed: &str, long: &str) {
        let words = |text: &str| -> Vec<OsString> {
            std::iter::once("rlsof")
                .chain(text.split_whitespace())
                .map(OsString::from)
                .collect()
        };
        assert_eq!(spell_out(&words(typed)), words(long), "{typed}");
    }

    #[test]
    fn what_people_type() {
        check("-nPi", "--no-host-names --no-port-names --inet");
        check("-i -n -P", "--inet --no-host-names --no-port-names");
        check("-i4TCP@1.2.3.4:22", "--inet=4TCP@1.2.3.4:22");
        check("-i :22 -p1", "--inet=:22 --pid=1");
        check(
            "-nPi tcp:22",
            "--no-host-names --no-port-names --inet=tcp:22",
        );
        check("+c 0 -M -R", "--command-width=0 --no-portmap --ppid");
        check("+c0 +L1", "--command-width=0 --links=1");
        check("+L /tmp", "--links /tmp");
        check(
            "-wnlP -F nf",
            "--no-warnings --no-host-names --uids --no-port-names --fields=nf",
        );
        check("-F0pc x", "--fields=0pc x");
        check("-r1c2", "--repeat=1c2");
        check("+r -t", "--repeat-while-found --terse");
        check("-sTCP:LISTEN -s", "--size=TCP:LISTEN --size");
        check("-s udp:idle", "--size=udp:idle");
        check("-g -R", "--pgid --ppid");
        check("-g12,13", "--pgid=12,13");
        check("-gR", "--pgid --ppid");
        check("-d ^mem,0-2 -u ^root", "--fd=^mem,0-2 --user=^root");
        check("-c /x/i", "--command=/x/i");
        check("+fg -Tqs", "--as-mounts=g --tcp-info=qs");
        check("+D /tmp +d /x", "--tree=/tmp --dir=/x");
        check("-t /a", "--terse /a");
        check(
            "+XL -F nf +p 1",
            "--no-exclusions --links --fields=nf --pid=1",
        );
        check("+nPt", "--no-host-names --no-port-names --terse");
        check("-K i -K", "--tasks=i --tasks");
        check("-o3 -o", "--offset=3 --offset");
        check("--json --sysroot d -- -x", "--json --sysroot d -- -x");
        check("- + file", "- + file");
        check("-p", "--pid");
        check("-p -1", "--pid=-1");
    }

    #[test]
    fn unknown_letters_are_left_to_be_refused() {
        check("-y", "-y");
        check("-ny", "--no-host-names -y");
        check("+y", "--+y");
        check("+M", "--+M");
    }

    proptest! {
        #[test]
        fn nothing_panics_and_operands_stay(words: Vec<String>) {
            let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
            let out = spell_out(&argv);
            prop_assert!(out.len() <= words.iter().map(|word| word.len().max(1)).sum());
        }
    }
}
