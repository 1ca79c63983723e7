//! Runs one sibling: from our own directory, with nothing of the host's, against a deadline,
//! its answer read as it comes and never without bound.

use compare::statement::Ended;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes that are read of one answer.
const BYTES_MAX: u64 = 4 << 30;

/// Most bytes that are kept of what it says on standard error.
const WORDS_MAX: usize = 64 << 10;

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
    let mut heard = Heard {
        sink,
        bytes: 0,
        words: Vec::new(),
    };
    let (answer, words) = (child.stdout.take(), child.stderr.take());
    let stop = pour(answer, words, until, &mut heard);
    let words = last_line(&heard.words);
    let mut ended = wait(&mut child, until, &stop);
    ended.failed = match stop {
        Stop::End | Stop::Late => None,
        Stop::Long => Some("its answer has no end".to_owned()),
        Stop::Broken(error) => Some(reason(&error)),
    };
    ended.words = words;
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

/// Where pieces of both pipes go.
struct Heard<'a> {
    sink: &'a mut dyn FnMut(&[u8]),
    /// Bytes of the answer so far.
    bytes: u64,
    /// What was said on standard error, as far as it is kept.
    words: Vec<u8>,
}

impl Heard<'_> {
    fn answer(&mut self, piece: &[u8]) {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        (self.sink)(piece);
    }

    /// All is read, so that the speaker is never held up; not all is kept.
    fn word(&mut self, piece: &[u8]) {
        let room = WORDS_MAX.saturating_sub(self.words.len());
        self.words
            .extend_from_slice(piece.get(..room).unwrap_or(piece));
    }
}

/// Reads both pipes as they have something, on this one thread: not every system we run on
/// gives another.
fn pour(
    mut answer: Option<ChildStdout>,
    mut words: Option<ChildStderr>,
    until: Instant,
    heard: &mut Heard<'_>,
) -> Stop {
    let mut buffer = vec![0; 64 << 10];
    while answer.is_some() || words.is_some() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Stop::Late;
        }
        let (hears_answer, hears_words) = match ready(answer.as_ref(), words.as_ref(), left) {
            Ok(ready) => ready,
            Err(error) => return Stop::Broken(error),
        };
        if hears_answer {
            match piece(&mut answer, &mut buffer) {
                Ok(piece) => heard.answer(piece),
                Err(error) => return Stop::Broken(error),
            }
            if heard.bytes > BYTES_MAX {
                return Stop::Long;
            }
        }
        if hears_words {
            // A pipe that breaks has nothing more to say.
            let piece = piece(&mut words, &mut buffer).unwrap_or_default();
            heard.word(piece);
        }
    }
    Stop::End
}

/// Which of the pipes has something, or its end; waited for at most this long.
fn ready(
    answer: Option<&ChildStdout>,
    words: Option<&ChildStderr>,
    left: Duration,
) -> io::Result<(bool, bool)> {
    let answer = answer.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
    let words = words.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
    let first = answer.is_some();
    let mut both: Vec<PollFd<'_>> = answer.into_iter().chain(words).collect();
    // In pieces, so that the longest patience fits.
    let left = u16::try_from(left.as_millis().max(1)).unwrap_or(u16::MAX);
    match poll(&mut both, PollTimeout::from(left)) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut told = both.iter().map(|fd| fd.any() == Some(true));
    let hears_answer = first && told.next() == Some(true);
    Ok((hears_answer, told.next() == Some(true)))
}

/// Reads once. At the end, and where it breaks, the pipe is given up.
fn piece<'b>(pipe: &mut Option<impl Read>, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
    let Some(open) = pipe else {
        return Ok(&[]);
    };
    match open.read(buffer) {
        Ok(0) => {
            *pipe = None;
            Ok(&[])
        }
        Ok(length) => Ok(buffer.get(..length).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(&[]),
        Err(error) => {
            *pipe = None;
            Err(error)
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

/// The last line somebody said on standard error, made printable.
fn last_line(words: &[u8]) -> String {
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
