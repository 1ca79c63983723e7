//! Signals by name and by number. Pure.

use nix::sys::signal::Signal;

/// A signal by name, with or without `SIG`, or by number.
pub(crate) fn signal(word: &[u8]) -> Option<Signal> {
    let word = std::str::from_utf8(word).ok()?;
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Signal::try_from(word.parse::<i32>().ok()?).ok();
    }
    // Names of others.
    let word = match word.trim_start_matches("SIG") {
        "POLL" => "IO",
        "CLD" => "CHLD",
        "IOT" => "ABRT",
        _ => word,
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_by_any_name() {
        assert_eq!(signal(b"HUP"), Some(Signal::SIGHUP));
        assert_eq!(signal(b"SIGUSR1"), Some(Signal::SIGUSR1));
        assert_eq!(signal(b"9"), Some(Signal::SIGKILL));
        assert_eq!(signal(b"SIGPOLL"), Some(Signal::SIGIO));
        assert_eq!(signal(b"CLD"), Some(Signal::SIGCHLD));
        for bad in [&b""[..], b"0", b"999", b"FOO", b"hup", b"\xff"] {
            assert_eq!(signal(bad), None);
        }
        assert!(names().starts_with("HUP INT QUIT ILL"));
    }
}
