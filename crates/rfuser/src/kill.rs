//! `-k`: signals to those found. A process is killed only while it is still the one found.

use crate::options::Options;
use crate::users::{User, Users};
use cli::Error;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use sysroot::Sysroot;

/// A signal by name, with or without `SIG`, or by number.
pub(crate) fn signal(word: &[u8]) -> Option<Signal> {
    let word = std::str::from_utf8(word).ok()?;
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Signal::try_from(word.parse::<i32>().ok()?).ok();
    }
    Signal::iterator().find(|signal| {
        let name = signal.as_str();
        name == word || name.strip_prefix("SIG") == Some(word)
    })
}

/// The names of all signals, in the order of their numbers, without `SIG`.
pub(crate) fn names() -> String {
    let words: Vec<&str> = Signal::iterator()
        .map(|signal| signal.as_str().trim_start_matches("SIG"))
        .collect();
    words.chunks(16).map(|line| line.join(" ") + "\n").collect()
}

/// Signals everybody found, once each; never ourselves. How many were signalled.
///
/// # Errors
/// Those of the writer.
pub(crate) fn all(
    root: &Sysroot,
    options: &Options,
    found: &[Users],
    out: &mut dyn Write,
) -> Result<usize, Error> {
    let name = options.signal.as_deref().unwrap_or("SIGKILL");
    let signal =
        signal(name.as_bytes()).ok_or_else(|| Error::Usage(format!("unknown signal: {name}")))?;
    let mut everybody: BTreeMap<_, &User> = BTreeMap::new();
    for user in found.iter().flat_map(|users| users.processes.values()) {
        if !options.writeonly || user.uses.write {
            everybody.insert(user.id, user);
        }
    }
    let mut signalled = 0;
    for (id, _) in everybody {
        let pid = id.pid.0;
        if pid == std::process::id() || (options.interactive && !asked(pid, out)?) {
            continue;
        }
        let still = host::process(root, id.pid).is_some_and(|process| process.id == id);
        let target = i32::try_from(pid).ok().filter(|_| still);
        match target.map(|pid| nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal)) {
            Some(Ok(())) => signalled += 1,
            Some(Err(why)) => cli::note("rfuser", &format!("{pid}: {}", why.desc())),
            None => cli::note(
                "rfuser",
                &format!("{pid}: ended, or is another process now"),
            ),
        }
    }
    Ok(signalled)
}

fn asked(pid: u32, out: &mut dyn Write) -> Result<bool, Error> {
    write!(out, "Kill process {pid} ? (y/N) ")?;
    out.flush()?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    Ok(read.is_ok() && line.trim_start().starts_with(['y', 'Y']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_by_any_name() {
        assert_eq!(signal(b"HUP"), Some(Signal::SIGHUP));
        assert_eq!(signal(b"SIGUSR1"), Some(Signal::SIGUSR1));
        assert_eq!(signal(b"9"), Some(Signal::SIGKILL));
        for bad in [&b""[..], b"0", b"999", b"FOO", b"hup", b"\xff"] {
            assert_eq!(signal(bad), None);
        }
        assert!(names().starts_with("HUP INT QUIT ILL"));
    }
}
