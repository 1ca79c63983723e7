//! What is under way, on standard error, where that is a terminal.

use std::io::{IsTerminal, Write};

/// A line that is written over and over.
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    /// Shows itself only on a terminal.
    pub(crate) fn new() -> Progress {
        Progress {
            shown: std::io::stderr().is_terminal(),
        }
    }

    /// Tells what is under way; all words are ours.
    pub(crate) fn tell(&self, words: &str) {
        if self.shown {
            say(&format!("\r\x1b[Krcompare: {words}"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            say("\r\x1b[K");
        }
    }
}

fn say(words: &str) {
    // Nobody is worse off if this line is lost.
    let _ = std::io::stderr().write_all(words.as_bytes());
}
