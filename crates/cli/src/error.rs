//! Why a request could not be met.

use std::fmt;
use std::io;

/// Why a program ends without an answer.
#[derive(Debug)]
pub enum Error {
    /// The command line was not understood; one line.
    Usage(String),
    /// Something needed for the request failed.
    Io {
        /// What it was done to.
        what: String,
        /// The system's reason.
        why: io::Error,
    },
    /// Not an error: what `--help` and `--version` say.
    Said(String),
    /// Whoever read the output went away.
    BrokenPipe,
}

impl Error {
    /// A failed call and what it was made on.
    #[must_use]
    pub fn io(what: impl Into<String>, why: io::Error) -> Error {
        Error::Io {
            what: what.into(),
            why,
        }
    }
}

/// Errors of writing the answer: `?` on a write is enough.
impl From<io::Error> for Error {
    fn from(why: io::Error) -> Error {
        if why.kind() == io::ErrorKind::BrokenPipe {
            Error::BrokenPipe
        } else {
            Error::io("standard output", why)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(line) => write!(f, "{line} (--help shows the usage)"),
            Error::Io { what, why } => {
                let what = render::safe::escaped(what.as_bytes());
                write!(f, "{what}: {}", model::Gap::io("", why).reason)
            }
            Error::Said(text) => f.write_str(text),
            Error::BrokenPipe => f.write_str("broken pipe"),
        }
    }
}
