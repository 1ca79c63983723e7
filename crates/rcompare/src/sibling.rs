//! Runs one sibling: from our own directory, with nothing of the host's, against a deadline,
//! its answer read as it comes and never without bound.

use compare::statement::Ended;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes that are read of one answer.
const BYTES_MAX: u64 = 4 << 30;

/// Most bytes that are kept of what it says on standard error.
const WORDS_MAX: u64 = 64 << 10;

/// Pieces of an answer that may wait to be taken.
const PIECES: usize = 16;

/// How often a sibling that has said all is looked after.
const PATIENCE: Duration = Duration::from_millis(2);

/// The directory our siblings stand in: that of the program file we run from.
///
/// # Errors
/// The program file is not told (`/proc/self/exe` on Linux).
pub(crate) fn directory() -> io::Result<PathBuf> {
    let exe = std::env::current_exe()?;
    Ok(exe.parent().map(Path::to_owned).unwrap_or_default())
}

/// Runs a sibling and gives its answer, piece by piece.
pub(crate) fn run(
    dir: &Path,
    program: &str,
    args: &[String],
    deadline: Duration,
    sink: &mut dyn FnMut(&[u8]),
) -> Ended {
    let until = Instant::now() + deadline;
    let mut child = match start(dir, program, args) {
        Ok(child) => child,
        Err(error) => {
            return Ended {
                failed: Some(reason(&error)),
                ..Ended::default()
            };
        }
    };
    let words = child
        .stderr
        .take()
        .map(|pipe| thread::spawn(move || last_line(pipe)));
    let stop = match child.stdout.take() {
        None => Stop::End,
        Some(pipe) => pour(&pieces(pipe), until, sink),
    };
    let mut ended = wait(&mut child, until, &stop);
    ended.failed = match stop {
        Stop::End | Stop::Late => None,
        Stop::Long => Some("its answer has no end".to_owned()),
        Stop::Broken(error) => Some(reason(&error)),
    };
    ended.words = words
        .and_then(|words| words.join().ok())
        .unwrap_or_default();
    ended
}

#[expect(
    clippy::disallowed_methods,
    reason = "our own siblings are run here, and nothing else anywhere"
)]
fn start(dir: &Path, program: &str, args: &[String]) -> io::Result<Child> {
    Command::new(dir.join(program))
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn reason(error: &io::Error) -> String {
    model::Gap::io("", error).reason
}

/// Why reading an answer stopped.
enum Stop {
    /// All was said.
    End,
    /// The deadline passed.
    Late,
    /// More was said than is read.
    Long,
    /// Reading failed.
    Broken(io::Error),
}

/// Reads a pipe on a thread of its own, so that a silent sibling cannot hold us.
fn pieces(mut pipe: ChildStdout) -> Receiver<io::Result<Vec<u8>>> {
    let (give, take) = mpsc::sync_channel(PIECES);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let piece = match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => Ok(buffer.get(..length).unwrap_or_default().to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = piece.is_err();
            if give.send(piece).is_err() || failed {
                return;
            }
        }
    });
    take
}

fn pour(
    pieces: &Receiver<io::Result<Vec<u8>>>,
    until: Instant,
    sink: &mut dyn FnMut(&[u8]),
) -> Stop {
    let mut bytes: u64 = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Stop::Late;
        }
        match pieces.recv_timeout(left) {
            Ok(Ok(piece)) => {
                bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                if bytes > BYTES_MAX {
                    return Stop::Long;
                }
                sink(&piece);
            }
            Ok(Err(error)) => return Stop::Broken(error),
            Err(RecvTimeoutError::Timeout) => return Stop::Late,
            Err(RecvTimeoutError::Disconnected) => return Stop::End,
        }
    }
}

/// Waits for the end of a sibling, and brings it about at the deadline.
fn wait(child: &mut Child, until: Instant, stop: &Stop) -> Ended {
    let mut ended = Ended {
        late: matches!(stop, Stop::Late),
        ..Ended::default()
    };
    let patient = matches!(stop, Stop::End);
    let status = loop {
        if let Ok(Some(status)) = child.try_wait() {
            break Some(status);
        }
        if !patient || Instant::now() >= until {
            ended.late = ended.late || patient;
            // It may have ended by itself just now: then there is nothing to kill.
            let _ = child.kill();
            break child.wait().ok();
        }
        thread::sleep(PATIENCE);
    };
    ended.code = status.and_then(|status| status.code());
    ended.signal = status.and_then(|status| status.signal());
    ended
}

/// The last line somebody said on standard error, made printable. All is read, so that the
/// speaker is never held up.
fn last_line(mut pipe: ChildStderr) -> String {
    let mut words = Vec::new();
    let kept = Read::by_ref(&mut pipe)
        .take(WORDS_MAX)
        .read_to_end(&mut words);
    if kept.is_ok() {
        // What comes beyond is not kept; a pipe that breaks has nothing more to say.
        let _ = io::copy(&mut pipe, &mut io::sink());
    }
    let last = words
        .split(|&byte| byte == b'\n')
        .rfind(|line| !line.is_empty());
    render::safe::escaped(last.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(script: &str, deadline_ms: u64) -> (String, Ended) {
        let mut answer = Vec::new();
        let args = ["-c".to_owned(), script.to_owned()];
        let deadline = Duration::from_millis(deadline_ms);
        let ended = run(Path::new("/bin"), "sh", &args, deadline, &mut |piece| {
            answer.extend_from_slice(piece);
        });
        (answer.escape_ascii().to_string(), ended)
    }

    #[test]
    fn the_whole_answer_is_given() {
        let (answer, ended) = say("printf 'one\\ntwo'; sleep 0.05; printf end", 9000);
        assert_eq!(answer, "one\\ntwoend");
        assert_eq!(ended.code, Some(0));
    }

    #[test]
    fn its_ways_of_ending_are_told_apart() {
        let (_, ended) = say("echo first >&2; printf 'bad\\033\\n' >&2; exit 2", 9000);
        assert_eq!((ended.code, ended.words.as_str()), (Some(2), "bad\\x1b"));
        let (_, ended) = say("kill -SEGV $$", 9000);
        assert_eq!((ended.code, ended.signal), (None, Some(11)));
        let ended = run(
            Path::new("/nowhere"),
            "x",
            &[],
            Duration::from_secs(1),
            &mut |_| {},
        );
        assert_eq!(ended.failed.as_deref(), Some("No such file or directory"));
    }

    #[test]
    fn the_deadline_holds() {
        let from = Instant::now();
        let (answer, ended) = say("printf begin; exec sleep 60", 200);
        assert_eq!(answer, "begin");
        assert!(ended.late && ended.signal == Some(9));
        // One that closes its mouth and stays is not waited for either.
        let (_, ended) = say("exec >&-; exec sleep 60", 200);
        assert!(ended.late);
        let (_, ended) = say("while :; do echo x; done", 200);
        assert!(ended.late);
        assert!(from.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn nothing_of_the_environment_is_handed_on() {
        let (answer, _) = say("printf \"$HOME$USER$CARGO_TARGET_DIR:$PWD\"", 9000);
        assert_eq!(answer, ":/");
    }
}
