//! Runs a command: shows it, and fails loudly.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};

/// What a chore comes to: a value, or one line that says why not.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs it, whatever comes out.
///
/// # Errors
/// It could not be started.
pub(crate) fn status(command: &mut Command) -> Outcome<ExitStatus> {
    eprintln!("$ {}", line(command));
    command
        .status()
        .map_err(|why| format!("{}: {why}", line(command)))
}

/// Runs it; anything but success is an error.
///
/// # Errors
/// It could not be started, or did not succeed.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = status(command)?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{}: {status}", line(command)))
}

/// Runs it, and hands every line of its standard output to `each` as it comes.
///
/// # Errors
/// It could not be started, or did not succeed.
pub(crate) fn lines(command: &mut Command, mut each: impl FnMut(&str)) -> Outcome {
    eprintln!("$ {}", line(command));
    let failed = |why: std::io::Error| format!("cannot run: {why}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(out) = child.stdout.take() {
        for text in BufReader::new(out).split(b'\n') {
            each(&String::from_utf8_lossy(&text.map_err(failed)?));
        }
    }
    let status = child.wait().map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{}: {status}", line(command)))
}

/// Runs it quietly and gives what it printed.
///
/// # Errors
/// It could not be started, or did not succeed.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let told = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| format!("{}: {why}", line(command)))?;
    if !told.status.success() {
        return Err(format!("{}: {}", line(command), told.status));
    }
    Ok(String::from_utf8_lossy(&told.stdout).into_owned())
}

/// Whether a program of this name is in PATH.
pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .any(|dir| dir.join(program).is_file())
}
