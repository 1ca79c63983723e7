//! What all five programs share: reading argv, opening the root, writing the answer,
//! and leaving with a code that scripts can trust.
#![forbid(unsafe_code)]

mod answer;
mod common;
mod error;
mod exit;

pub use answer::Answer;
pub use common::Common;
pub use error::Error;
pub use exit::Exit;

use clap::{ArgAction, Parser};
// Nothing is called by name: every program gets its symbols.
use memory as _;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// The body of a program's `main`: runs it with a buffered standard output, tells its
/// error in one line, and turns its outcome into an exit code. A reader that went away
/// (broken pipe) is no error.
#[expect(
    clippy::print_stderr,
    reason = "the last words of a program are said here"
)]
pub fn main(
    name: &str,
    body: impl FnOnce(Vec<OsString>, &mut dyn Write) -> Result<Exit, Error>,
) -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let outcome = body(argv, &mut out);
    let flushed = out.flush();
    let outcome = outcome.and_then(|exit| flushed.map(|()| exit).map_err(Error::from));
    match outcome {
        Ok(exit) => exit.into(),
        Err(Error::BrokenPipe) => Exit::Good.into(),
        Err(Error::Said(text)) => {
            // `--help` and `--version`: the answer is the text.
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Ok(()) => Exit::Good.into(),
                Err(why) => match Error::from(why) {
                    Error::BrokenPipe => Exit::Good.into(),
                    error => {
                        eprintln!("{name}: {error}");
                        Exit::Failed.into()
                    }
                },
            }
        }
        Err(error) => {
            eprintln!("{name}: {error}");
            Exit::Failed.into()
        }
    }
}

/// Tells a note on standard error: one line, already safe to print.
#[expect(
    clippy::print_stderr,
    reason = "the only other words on standard error"
)]
pub fn note(name: &str, text: &str) {
    eprintln!("{name}: {text}");
}

/// Writes on standard error what the original program writes there beside its answer: part
/// of a line, already safe to print.
pub fn aside(text: &[u8]) {
    // Nobody can be told that this went wrong.
    let _ = io::stderr().write_all(text);
}

/// Reads argv into options. A switch that is thrown twice is thrown, as in the originals: people
/// type `-nn` and `-vv`.
///
/// # Errors
/// [`Error::Usage`] in one line, or [`Error::Said`] for `--help` and `--version`.
pub fn parse<T: Parser>(argv: &[OsString]) -> Result<T, Error> {
    let command = T::command().mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => {
            let itself = arg.get_id().clone();
            arg.overrides_with(itself)
        }
        _ => arg,
    });
    let read = command.try_get_matches_from(argv);
    let read = read.and_then(|mut matches| T::from_arg_matches_mut(&mut matches));
    read.map_err(|error| match error.kind() {
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => {
            Error::Said(error.to_string())
        }
        _ => Error::Usage(one_line(&error.to_string())),
    })
}

/// The value of a long option before argv is understood: what words mean may hang on it.
#[must_use]
pub fn peek(argv: &[OsString], option: &str) -> Option<OsString> {
    let mut words = argv.iter().skip(1);
    while let Some(word) = words.next() {
        if word == option {
            return words.next().cloned();
        }
        let joined = word.to_str().and_then(|word| word.strip_prefix(option));
        if let Some(value) = joined.and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.into());
        }
    }
    None
}

/// The name of a file as typed. An empty one is the value of a variable that is not set, and no
/// name for the current directory.
///
/// # Errors
/// As the kernel says of it: there is no such file.
pub fn file_name(typed: &OsStr) -> io::Result<&OsStr> {
    if typed.is_empty() {
        return Err(io::Error::from_raw_os_error(NO_ENTRY));
    }
    Ok(typed)
}

/// `ENOENT`, which is the same number on Linux and on Solaris.
const NO_ENTRY: i32 = 2;

/// The first paragraph of a clap error, in one line, without its label.
fn one_line(text: &str) -> String {
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let line = words.join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    render::safe::escaped(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser, Debug)]
    #[command(name = "probe", version)]
    struct Options {
        #[arg(long)]
        port: Option<u16>,
        #[arg(short, long, conflicts_with = "loud")]
        quiet: bool,
        #[arg(short, long)]
        loud: bool,
    }

    fn read(argv: &[&str]) -> Result<Options, Error> {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        parse(&argv)
    }

    #[test]
    fn bad_usage_is_one_line() {
        for argv in [
            ["probe", "--nope"],
            ["probe", "--port=x"],
            ["probe", "st\x1bray"],
            ["probe", "--port"],
        ] {
            match read(&argv).unwrap_err() {
                Error::Usage(line) => {
                    assert!(
                        !line.is_empty() && !line.contains(['\n', '\x1b']),
                        "{line:?}"
                    );
                    assert!(!line.starts_with("error"), "{line:?}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn good_usage_is_read_and_help_is_said() {
        assert_eq!(read(&["probe", "--port", "7"]).unwrap().port, Some(7));
        for twice in ["-qq", "-q -q", "--quiet -q"] {
            let argv = std::iter::once("probe").chain(twice.split(' '));
            let options = read(&argv.collect::<Vec<_>>()).unwrap();
            assert!(options.quiet && !options.loud, "{twice}");
        }
        for bad in ["-ql", "--port=1 --port=2"] {
            let argv = std::iter::once("probe").chain(bad.split(' '));
            let read = read(&argv.collect::<Vec<_>>());
            assert!(matches!(read, Err(Error::Usage(_))), "{bad}");
        }
        assert!(matches!(read(&["probe", "--help"]), Err(Error::Said(_))));
        assert!(matches!(read(&["probe", "--version"]), Err(Error::Said(_))));
    }
}
