//! The words that say what a double shall be.

use std::io;
use std::net::SocketAddr;

/// The words after `stage double`: a kind, then values, flags and `name=value` in any order.
pub(crate) struct Words<'a> {
    words: &'a [String],
}

impl<'a> Words<'a> {
    pub(crate) fn new(words: &'a [String]) -> Words<'a> {
        Words { words }
    }

    fn plain(&self) -> impl Iterator<Item = &'a str> {
        let settings = |word: &&String| !word.starts_with("comm=") && !word.starts_with("uid=");
        self.words.iter().filter(settings).map(String::as_str)
    }

    /// The first word.
    pub(crate) fn kind(&self) -> &'a str {
        self.plain().next().unwrap_or_default()
    }

    /// The words after it.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &'a str> {
        self.plain().skip(1)
    }

    /// The word at this place after the first.
    pub(crate) fn at(&self, place: usize) -> io::Result<&'a str> {
        let missing = || io::Error::other(format!("word {place} is missing"));
        self.rest().nth(place).ok_or_else(missing)
    }

    /// The number at this place after the first word.
    pub(crate) fn number<T: std::str::FromStr>(&self, place: usize) -> io::Result<T> {
        let word = self.at(place)?;
        let wrong = |_| io::Error::other(format!("not a number: {word}"));
        word.parse().map_err(wrong)
    }

    /// The address and port at this place after the first word.
    pub(crate) fn addr(&self, place: usize) -> io::Result<SocketAddr> {
        let word = self.at(place)?;
        let wrong = |_| io::Error::other(format!("not an address with a port: {word}"));
        word.parse().map_err(wrong)
    }

    /// Whether a flag is among them.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.words.iter().any(|word| word == flag)
    }

    /// What stands after `name=`.
    pub(crate) fn value(&self, name: &str) -> Option<&'a str> {
        self.words
            .iter()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Bytes from their digits, for names no argument can hold.
pub(crate) fn unhex(text: &str) -> io::Result<Vec<u8>> {
    let pair = |at: usize| {
        let digits = text.get(at..at + 2)?;
        u8::from_str_radix(digits, 16).ok()
    };
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
    bytes.ok_or_else(|| io::Error::other(format!("not hex: {text}")))
}
