//! nmap's command line told in long options: `-sT -p- -oX out -vv` has letters glued
//! together after one hyphen in ways no option parser knows. Pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Options of one hyphen that take a value, which may be glued on, and their long form.
const WITH_VALUE: &[(&str, &str)] = &[
    ("-iL", "--input-list"),
    ("-oN", "--output-normal"),
    ("-oX", "--output-xml"),
    ("-oG", "--output-grepable"),
    ("-oA", "--output-all"),
    ("-oJ", "--output-json"),
    ("-p", "--ports"),
    ("-T", "--timing"),
    ("-e", "--interface"),
    ("-S", "--source-address"),
    ("-g", "--source-port"),
];

/// Options of one hyphen without a value, and their long form.
const PLAIN: &[(&str, &str)] = &[
    ("-Pn", "--no-ping"),
    ("-P0", "--no-ping"),
    ("-PN", "--no-ping"),
    ("-n", "--numeric"),
    ("-R", "--reverse-names"),
    ("-F", "--fast"),
    ("-r", "--in-order"),
    ("-4", "--ipv4"),
    ("-6", "--ipv6"),
    ("-V", "--version"),
    ("-h", "--help"),
];

/// Scans of `-s`, a letter each.
const SCANS: &[(u8, &str)] = &[
    (b'T', "--connect"),
    (b'S', "--syn"),
    (b'U', "--udp"),
    (b'n', "--ping-only"),
    (b'P', "--ping-only"),
    (b'L', "--list-only"),
    (b'V', "--service-version"),
];

/// Rewrites argv, the program's name first. What begins with two hyphens, or with none, is
/// left as it is, and so is everything after `--`.
///
/// # Errors
/// An option of one hyphen that is none of ours, in one line.
pub(crate) fn long_options(argv: &[OsString]) -> Result<Vec<OsString>, String> {
    let mut out = Vec::with_capacity(argv.len() + 4);
    let mut rest = argv.iter();
    out.extend(rest.next().cloned());
    while let Some(word) = rest.next() {
        let bytes = word.as_bytes();
        if bytes == b"--" {
            out.push(word.clone());
            out.extend(rest.by_ref().cloned());
        } else if !bytes.starts_with(b"-") || bytes.starts_with(b"--") || bytes == b"-" {
            out.push(word.clone());
        } else if let Some((option, value)) = split(bytes) {
            let value = if value.is_empty() {
                rest.next()
                    .map(|next| next.as_bytes())
                    .ok_or_else(|| format!("{} needs a value", shown(word)))?
            } else {
                value
            };
            out.push(joined(option, value));
        } else if let Some(row) = PLAIN.iter().find(|row| row.0.as_bytes() == bytes) {
            out.push(row.1.into());
        } else {
            letters(word, &mut out)?;
        }
    }
    Ok(out)
}

/// Called by the name nmap and asked for its version, the line clients look for. It says who
/// answers: evidence names what made it.
///
/// # Errors
/// That line, which is the whole answer.
pub(crate) fn version_of_nmap(long: &[OsString]) -> Result<(), cli::Error> {
    let name = long.first().map(Path::new).and_then(Path::file_name);
    let asked = long.iter().any(|word| word == "--version");
    if asked && name == Some(OsStr::new("nmap")) {
        let own = env!("CARGO_PKG_VERSION");
        let line = format!("Nmap version 7.93-rnmap-{own} ( https://nmap.org )\n");
        return Err(cli::Error::Said(line));
    }
    Ok(())
}

fn split(bytes: &[u8]) -> Option<(&'static str, &[u8])> {
    WITH_VALUE.iter().find_map(|(short, long)| {
        let value = bytes.strip_prefix(short.as_bytes())?;
        Some((*long, value))
    })
}

/// `--option=value`, so that a value may begin with a hyphen.
fn joined(option: &str, value: &[u8]) -> OsString {
    let mut word = option.as_bytes().to_vec();
    word.push(b'=');
    word.extend_from_slice(value);
    OsString::from_vec(word)
}

/// `-sTU`, `-vvv`, `-v3`, `-d2`.
fn letters(word: &OsString, out: &mut Vec<OsString>) -> Result<(), String> {
    let bytes = word.as_bytes();
    if let Some(scans) = bytes.strip_prefix(b"-s").filter(|scans| !scans.is_empty()) {
        for letter in scans {
            match SCANS.iter().find(|row| row.0 == *letter) {
                Some(row) => out.push(row.1.into()),
                None => return Err(format!("{}: no such scan here", shown(word))),
            }
        }
        return Ok(());
    }
    for (letter, long) in [(b'v', "--verbose"), (b'd', "--debug")] {
        let Some(tail) = bytes.strip_prefix(&[b'-', letter]) else {
            continue;
        };
        let count = match tail {
            [] => 1,
            [digit @ b'0'..=b'9'] => usize::from(digit - b'0'),
            more if more.iter().all(|byte| *byte == letter) => more.len() + 1,
            _ => break,
        };
        out.extend((0..count).map(|_| OsString::from(long)));
        return Ok(());
    }
    Err(format!("{}: no such option here", shown(word)))
}

fn shown(word: &OsStr) -> String {
    render::safe::escaped(word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, read: &str) {
        let argv: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
        let words = long_options(&argv).unwrap();
        let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(words.join(" "), read);
    }

    #[test]
    fn nmap_options_become_long_ones() {
        check("rnmap -sT -p- h", "rnmap --connect --ports=- h");
        check("rnmap -p 1-1023 h", "rnmap --ports=1-1023 h");
        check("rnmap -p22,80 h", "rnmap --ports=22,80 h");
        check(
            "rnmap -sSU -Pn -n h",
            "rnmap --syn --udp --no-ping --numeric h",
        );
        check(
            "rnmap -vvv -d2 h",
            "rnmap --verbose --verbose --verbose --debug --debug h",
        );
        check("rnmap -v0 h", "rnmap h");
        check(
            "rnmap -oX - -oN out h",
            "rnmap --output-xml=- --output-normal=out h",
        );
        check("rnmap -oX- -T4 h", "rnmap --output-xml=- --timing=4 h");
        check(
            "rnmap --top-ports 10 -6 ::1",
            "rnmap --top-ports 10 --ipv6 ::1",
        );
        check("rnmap -- -sT", "rnmap -- -sT");
        check("rnmap -iL - -F", "rnmap --input-list=- --fast");
        check(
            "rnmap -e eth0 -g53 -S 10.0.0.1 h",
            "rnmap --interface=eth0 --source-port=53 --source-address=10.0.0.1 h",
        );
        check("rnmap", "rnmap");
    }

    #[test]
    fn the_name_of_nmap_tells_its_version_and_ours() {
        let said = |name: &str| version_of_nmap(&[name.into(), "--version".into()]);
        assert!(said("/run/media/rnmap").is_ok());
        let Err(cli::Error::Said(line)) = said("/compat/bin/nmap") else {
            panic!("nothing said");
        };
        assert!(line.starts_with("Nmap version 7.93-rnmap-") && line.contains(" ( http"));
        assert!(version_of_nmap(&["nmap".into()]).is_ok());
    }

    #[test]
    fn unknown_letters_are_one_line() {
        for bad in ["-sQ", "-sTQ", "-x", "-vx", "-p", "-oX", "-A", "-\x1b[1m"] {
            let line = long_options(&["rnmap".into(), bad.into()]).unwrap_err();
            assert!(!line.contains(['\n', '\x1b']), "{line}");
        }
    }
}
