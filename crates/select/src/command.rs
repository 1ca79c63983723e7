//! Which commands are meant: lsof's `-c WORD`, `-c ^WORD` and `-c /REGEX/[bix]`.

use regex_lite::{Regex, RegexBuilder};

/// One `-c`.
#[derive(Clone, Debug)]
pub enum Command {
    /// Names that begin so.
    Begins(Vec<u8>),
    /// Names that do not begin so; goes before every other selection.
    Not(Vec<u8>),
    /// Names a regular expression finds something in.
    Found(Regex),
}

/// Longest expression taken, in bytes; what it compiles to is bounded too.
const REGEX_MAX: usize = 1024;

impl Command {
    /// Reads one `-c`.
    ///
    /// # Errors
    /// One sentence: an empty word, an expression not closed or not understood.
    pub fn parse(word: &str) -> Result<Command, String> {
        match (word.strip_prefix('/'), word.strip_prefix('^')) {
            (Some(rest), _) => {
                let (regex, flags) = rest
                    .rsplit_once('/')
                    .ok_or_else(|| format!("no slash at the end of {word}"))?;
                expression(regex, flags).map(Command::Found)
            }
            (_, Some("")) => Err("no command after ^".to_owned()),
            (_, Some(rest)) => Ok(Command::Not(rest.as_bytes().into())),
            _ if word.is_empty() => Err("an empty command".to_owned()),
            _ => Ok(Command::Begins(word.as_bytes().into())),
        }
    }

    /// Whether a name is meant; for an exclusion, whether it is refused.
    #[must_use]
    pub fn matches(&self, comm: &[u8]) -> bool {
        match self {
            Command::Begins(word) | Command::Not(word) => comm.starts_with(word),
            // A name is at most 15 bytes; what is no UTF-8 is searched up to its first flaw
            // and from there on, as separate texts.
            Command::Found(regex) => comm
                .utf8_chunks()
                .any(|chunk| regex.is_match(chunk.valid())),
        }
    }
}

fn expression(regex: &str, flags: &str) -> Result<Regex, String> {
    let (mut basic, mut blind) = (false, false);
    for flag in flags.chars() {
        match flag {
            'b' => basic = true,
            'x' => basic = false,
            'i' => blind = true,
            other => return Err(format!("unknown letter after the expression: {other}")),
        }
    }
    if regex.is_empty() || regex.len() > REGEX_MAX {
        return Err("an expression that is empty or too long".to_owned());
    }
    let extended = if basic {
        from_basic(regex)
    } else {
        regex.to_owned()
    };
    RegexBuilder::new(&extended)
        .case_insensitive(blind)
        .build()
        .map_err(|error| format!("expression not understood: {error}").replace('\n', " "))
}

/// A basic regular expression in extended form: the two differ in which of `(){}+?|` need a
/// backslash to be special (POSIX.1 XBD 9.3 and 9.4).
fn from_basic(basic: &str) -> String {
    let mut extended = String::new();
    let mut letters = basic.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(special @ ('(' | ')' | '{' | '}' | '+' | '?' | '|')) => extended.push(special),
                Some(other) => extended.extend(['\\', other]),
                None => extended.push('\\'),
            },
            '(' | ')' | '{' | '}' | '+' | '?' | '|' => extended.extend(['\\', letter]),
            other => extended.push(other),
        }
    }
    extended
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(word: &str, comm: &[u8], meant: bool) {
        assert_eq!(Command::parse(word).unwrap().matches(comm), meant, "{word}");
    }

    #[test]
    fn words_and_expressions() {
        check("ss", b"sshd", true);
        check("hd", b"sshd", false);
        check("^ss", b"sshd", true);
        check("/^ss.d$/", b"sshd", true);
        check("/SSHD/", b"sshd", false);
        check("/SSHD/i", b"sshd", true);
        check("/s+h/", b"sshd", true);
        check("/s+h/b", b"sshd", false);
        check("/s\\+h/b", b"sshd", true);
        check("/hd/", b"\xffsshd", true);
    }

    #[test]
    fn nonsense_is_one_sentence() {
        for bad in ["", "^", "/abc", "//", "/(/", "/a/q"] {
            let error = Command::parse(bad).unwrap_err();
            assert!(!error.contains('\n'), "{bad}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(word: String, comm: Vec<u8>) {
            if let Ok(command) = Command::parse(&word) {
                let _ = command.matches(&comm);
            }
        }
    }
}
