//! What a person types at a program: the words are spelled out and understood, or refused in one
//! line that steers no terminal.

use crate::programs::{fuser_argv, fuser_options, fuser_target, lsof_argv, lsof_options};
use crate::programs::{netstat_options, nmap_argv, nmap_options};
use cli::Error;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Blanks part the words, as a shell would.
fn words(program: &str, bytes: &[u8]) -> Vec<OsString> {
    let words = bytes.split(|&byte| byte == b' ');
    let words = words.map(|word| OsString::from_vec(word.to_vec()));
    std::iter::once(program.into()).chain(words).collect()
}

fn refused(line: &str) {
    assert!(
        !line.is_empty() && !line.contains(char::is_control),
        "{line:?}"
    );
}

fn parsed<T: clap::Parser>(argv: &[OsString]) -> Option<T> {
    match cli::parse(argv) {
        Ok(options) => Some(options),
        Err(Error::Said(_)) => None,
        Err(why) => {
            refused(&why.to_string());
            None
        }
    }
}

/// At rfuser: its options, then each name.
pub(crate) fn rfuser(bytes: &[u8]) {
    let long = fuser_argv::spell_out(&words("rfuser", bytes));
    let Some(options) = parsed::<fuser_options::Options>(&long) else {
        return;
    };
    for name in options.name.iter().filter_map(|name| name.to_str()) {
        let (space, name) = name.split_once(':').unwrap_or(("auto", name));
        let _ = fuser_target::Target::parse(space.as_bytes(), name.as_ref());
    }
}

/// At rlsof.
pub(crate) fn rlsof(bytes: &[u8]) {
    let long = lsof_argv::spell_out(&words("rlsof", bytes));
    let _ = parsed::<lsof_options::Options>(&long);
}

/// At rnetstat.
pub(crate) fn rnetstat(bytes: &[u8]) {
    let _ = parsed::<netstat_options::Options>(&words("rnetstat", bytes));
}

/// At rnmap.
pub(crate) fn rnmap(bytes: &[u8]) {
    match nmap_argv::long_options(&words("rnmap", bytes)) {
        Ok(long) => drop(parsed::<nmap_options::Options>(&long)),
        Err(line) => refused(&line),
    }
}
