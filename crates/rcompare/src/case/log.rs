//! What was done, a line each, every line with the SHA-256 of the one before: none can be
//! changed or taken out without all later ones.

use super::seal::sha256;
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Milliseconds since 1970, by the host's clock.
    pub(crate) at_ms: u64,
    /// What was done.
    pub(crate) what: String,
    /// SHA-256 of the line before, without its newline; of nothing for the first.
    pub(crate) before: String,
}

/// A log under way.
#[derive(Default)]
pub(crate) struct Log {
    text: String,
    last: String,
}

impl Log {
    /// Adds a line.
    pub(crate) fn add(&mut self, at_ms: u64, what: String) {
        let entry = Entry {
            at_ms,
            what,
            before: sha256(self.last.as_bytes()),
        };
        // A struct of two strings and a number always has a JSON form.
        self.last = serde_json::to_string(&entry).unwrap_or_default();
        self.text.push_str(&self.last);
        self.text.push('\n');
    }

    /// The log as it is stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// Checks a stored log.
///
/// # Errors
/// The number of the first line that does not follow from the one before.
pub(crate) fn verify(bytes: &[u8]) -> Result<(), usize> {
    let mut last: &[u8] = b"";
    for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let follows =
            serde_json::from_slice::<Entry>(line).is_ok_and(|entry| entry.before == sha256(last));
        if !follows {
            return Err(at + 1);
        }
        last = line;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_can_be_changed_or_taken_out() {
        let mut log = Log::default();
        for what in ["one", "two", "three"] {
            log.add(7, what.to_owned());
        }
        let text = std::str::from_utf8(log.as_bytes()).unwrap().to_owned();
        assert_eq!(verify(text.as_bytes()), Ok(()));
        assert_eq!(verify(b""), Ok(()));
        assert_eq!(verify(text.replace("two", "TWO").as_bytes()), Err(3));
        let lines: Vec<&str> = text.lines().collect();
        let without = format!("{}\n{}\n", lines[0], lines[2]);
        assert_eq!(verify(without.as_bytes()), Err(2));
        assert_eq!(verify(b"nonsense\n"), Err(1));
    }
}
