//! fuser as Solaris and illumos have it: `-c`, `-f`, `-u` and paths, answered by utssys(2).
//!
//! Taken where the host is one of these, live or recorded, and no other words stand beside;
//! ports, tables and JSON are the same on every system.

use cli::{Common, Error, Exit};
use host::solaris::{User, file_users, mount_users};
use model::{Foreign, Gaps, Uid};
use render::Text;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sysroot::Sysroot;

/// What was typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// `-c`: everything on the file system mounted there.
    mount: bool,
    /// `-u`: users behind the pids.
    user: bool,
    paths: Vec<PathBuf>,
}

/// The words, where they are all of this dialect and the host speaks it.
pub(crate) fn words(argv: &[OsString]) -> Option<Words> {
    let recorded = cli::peek(argv, "--sysroot");
    if !host::is_solaris(recorded.as_deref().map(Path::new)) {
        return None;
    }
    understand(argv)
}

fn understand(argv: &[OsString]) -> Option<Words> {
    let mut words = Words::default();
    let mut rest = argv.iter().skip(1);
    while let Some(word) = rest.next() {
        match word.as_bytes() {
            b"--sysroot" | b"--record" => {
                rest.next();
            }
            b"--gaps" => {}
            long if long.starts_with(b"--sysroot=") || long.starts_with(b"--record=") => {}
            [b'-', letters @ ..] if !letters.is_empty() => {
                for letter in letters {
                    match letter {
                        b'c' => words.mount = true,
                        b'f' => words.mount = false,
                        b'u' => words.user = true,
                        _ => return None,
                    }
                }
            }
            path if path.starts_with(b"/") => words.paths.push(PathBuf::from(word)),
            _ => return None,
        }
    }
    (!words.paths.is_empty()).then_some(words)
}

/// Answers path by path; the exit code is 2 where one could not be asked.
///
/// # Errors
/// The root cannot be opened.
pub(crate) fn run(words: &Words, argv: &[OsString], out: &mut dyn Write) -> Result<Exit, Error> {
    let common = Common {
        json: false,
        sysroot: cli::peek(argv, "--sysroot").map(PathBuf::from),
        record: cli::peek(argv, "--record").map(PathBuf::from),
        gaps: argv.iter().any(|word| word == "--gaps"),
    };
    let root = common.root()?;
    let users = host::users(&root);
    let mut gaps = Gaps::new();
    let mut failed = None;
    let mut found = false;
    for path in &words.paths {
        match one(&root, words, path, &users, &mut gaps, out) {
            Ok(some) => found |= some,
            Err(why) => failed = Some((path, why)),
        }
    }
    common.finish("rfuser", &root, &gaps)?;
    match failed {
        Some((path, why)) => Err(Error::io(path.display().to_string(), why)),
        None => Ok(Exit::of_search(found, &gaps)),
    }
}

/// `NAME: ` on standard error, a number a process on standard output, the letters of its uses
/// and its user on standard error again: as the original, so that scripts get numbers alone.
fn one(
    root: &Sysroot,
    words: &Words,
    path: &Path,
    users: &BTreeMap<Uid, Foreign>,
    gaps: &mut Gaps,
    out: &mut dyn Write,
) -> std::io::Result<bool> {
    let bytes = path.as_os_str().as_bytes();
    let (rows, more) = match words.mount {
        true => mount_users(root, bytes)?,
        false => file_users(root, bytes)?,
    }
    .into_parts();
    gaps.extend(more);
    let mut name = Text::default();
    name.foreign(bytes);
    name.word(": ");
    cli::aside(name.as_bytes());
    for user in &rows {
        let mut aside = Text::default();
        match user {
            User::Process { uses, pid, uid } => {
                write!(out, " {:7}", pid.0)?;
                out.flush()?;
                aside.word(&letters(*uses));
                if words.user {
                    aside.word("(");
                    match users.get(uid) {
                        Some(name) => aside.foreign(name.as_bytes()),
                        None => aside.number(uid.0.into()),
                    }
                    aside.word(")");
                }
            }
            User::Kernel {
                module,
                instance,
                minor,
            } => aside.show(format_args!(" [module {module},dev=({instance},{minor})]")),
        }
        cli::aside(aside.as_bytes());
    }
    cli::aside(b"\n");
    Ok(!rows.is_empty())
}

fn letters(uses: u32) -> String {
    let used = host::solaris::USES.iter();
    used.filter(|(bit, _)| uses & bit != 0)
        .map(|(_, letter)| *letter)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_words_are_understood() {
        let read = |line: &str| {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            understand(&argv)
        };
        let words = read("rfuser -cu --sysroot x /var /").unwrap_or_default();
        assert!(words.mount && words.user);
        assert_eq!(words.paths, [Path::new("/var"), Path::new("/")]);
        assert_eq!(read("rfuser /etc/passwd").map(|it| it.mount), Some(false));
        for other in [
            "rfuser -v /var",
            "rfuser 22/tcp",
            "rfuser -n tcp 22",
            "rfuser -c",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(letters(0x11), "co");
    }
}
