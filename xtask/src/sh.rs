//! Runs a command: shows it, and fails loudly.

use std::io::{BufRead, BufReader, PipeReader};
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
pub(crate) fn lines(mut command: Command, each: impl FnMut(&str)) -> Outcome {
    let what = line(&command);
    let (reader, writer) = std::io::pipe().map_err(|why| format!("{what}: {why}"))?;
    command.stdout(writer);
    heard(command, reader, each)
}

/// As [`lines`], with standard error in between, in the order they were written.
///
/// # Errors
/// As [`lines`].
pub(crate) fn both(mut command: Command, each: impl FnMut(&str)) -> Outcome {
    let failed = |why: std::io::Error| format!("a pipe: {why}");
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    command.stdout(writer.try_clone().map_err(failed)?);
    command.stderr(writer);
    heard(command, reader, each)
}

fn heard(mut command: Command, reader: PipeReader, mut each: impl FnMut(&str)) -> Outcome {
    let what = line(&command);
    eprintln!("$ {what}");
    let mut child = command.spawn().map_err(|why| format!("{what}: {why}"))?;
    // The command holds our ends of the pipe: with it the child's is the last.
    drop(command);
    for text in BufReader::new(reader).split(b'\n') {
        each(&String::from_utf8_lossy(
            &text.map_err(|why| format!("{what}: {why}"))?,
        ));
    }
    let status = child.wait().map_err(|why| format!("{what}: {why}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{what}: {status}"))
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

/// Whether a program of this name is in PATH; of a path, whether the file is there.
pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .any(|dir| dir.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn lines_come_in_order_and_failure_is_told() {
        let mut told = Vec::new();
        both(shell("echo a; echo b >&2; echo c"), |line| {
            told.push(line.to_owned())
        })
        .unwrap();
        assert_eq!(told, ["a", "b", "c"]);
        let failed = lines(shell("echo a; exit 3"), |_| {});
        assert!(failed.unwrap_err().contains("exit status: 3"));
        assert_eq!(output(&mut shell("echo a")).unwrap(), "a\n");
    }

    #[test]
    fn a_program_is_looked_for_by_name() {
        assert!(installed("sh"));
        assert!(!installed("no-such-program-anywhere"));
    }
}
