//! Runs one program: a sibling from our own directory, or a tool of the host, with nothing of
//! the host's environment, against a deadline, its answer read as it comes and never without
//! bound.

use compare::statement::Ended;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::ffi::OsStr;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes that are read of one sibling's answer.
pub(crate) const BYTES_MAX: u64 = 4 << 30;

/// Most bytes that are kept of what it says on standard error.
const WORDS_MAX: usize = 64 << 10;

/// Most bytes that are kept of what it records.
const RECORD_MAX: usize = 1 << 30;

/// How often a program that has said all is looked after.
const PATIENCE: Duration = Duration::from_millis(2);

/// How long one that was killed is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// The directory our siblings stand in: that of the program file we run from, or, where no
/// `/proc` tells it, of the path we were called by.
///
/// # Errors
/// Neither is told.
pub(crate) fn directory() -> io::Result<PathBuf> {
    let exe = std::env::current_exe().or_else(|error| called_by().ok_or(error))?;
    Ok(exe.parent().map(Path::to_owned).unwrap_or_default())
}

/// The path we were called by; a name that was looked up in PATH is none.
fn called_by() -> Option<PathBuf> {
    let word = PathBuf::from(std::env::args_os().next()?);
    let is_path = word.parent().is_some_and(|dir| !dir.as_os_str().is_empty());
    is_path.then(|| std::path::absolute(word).ok()).flatten()
}

/// One program to run.
pub(crate) struct Call<'c> {
    /// The program file.
    pub(crate) program: &'c Path,
    /// Its arguments.
    pub(crate) args: &'c [String],
    /// Patience with it.
    pub(crate) deadline: Duration,
    /// Most bytes that are read of its answer.
    pub(crate) bytes_max: u64,
    /// Whether it begins a session, which must end with it.
    pub(crate) session: bool,
    /// Whether it records what it reads to its descriptor 0.
    pub(crate) record: bool,
}

/// What became of it, beside its answer.
#[derive(Default)]
pub(crate) struct Said {
    /// How it ended.
    pub(crate) ended: Ended,
    /// What it said on standard error, the first part.
    pub(crate) errors: Vec<u8>,
    /// What it recorded; none where nothing was asked for, or there was too much.
    pub(crate) record: Option<Vec<u8>>,
}

/// Runs a program and gives its answer, piece by piece.
pub(crate) fn run(call: &Call<'_>, sink: &mut dyn FnMut(&[u8])) -> Said {
    let until = Instant::now() + call.deadline;
    let (mut child, recorded) = match start(call) {
        Ok(started) => started,
        Err(error) => {
            return Said {
                ended: Ended {
                    failed: Some(reason(&error)),
                    ..Ended::default()
                },
                ..Said::default()
            };
        }
    };
    let mut heard = Heard {
        sink,
        bytes: 0,
        words: Vec::new(),
        record: recorded.as_ref().map(|_| Vec::new()),
    };
    let pipes = Pipes {
        answer: child.stdout.take(),
        words: child.stderr.take(),
        record: recorded,
    };
    let stop = pour(pipes, until, call.bytes_max, &mut heard);
    let mut ended = wait(&mut child, until, &stop);
    if call.session {
        // What it started goes with it; where nothing is left there is nothing to end.
        let _ = host::session::end(child.id());
    }
    ended.failed = match stop {
        Stop::End | Stop::Late => None,
        Stop::Long => Some("its answer has no end".to_owned()),
        Stop::Broken(error) => Some(reason(&error)),
    };
    ended.words = last_line(&heard.words);
    if call.record && heard.record.is_none() {
        ended.words = format!("recorded more than {RECORD_MAX} bytes, which are not kept");
    }
    Said {
        ended,
        errors: heard.words,
        record: heard.record,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "our own siblings are run here, and nothing else anywhere"
)]
fn start(call: &Call<'_>) -> io::Result<(Child, Option<PipeReader>)> {
    let mut command = Command::new(call.program);
    command.args(call.args);
    let mut recorded = None;
    if call.record {
        let (from, to) = io::pipe()?;
        command.args(["--record", "fd:0"]).stdin(to);
        recorded = Some(from);
    } else {
        command.stdin(Stdio::null());
    }
    let child = command
        .env_clear()
        .current_dir("/")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Our own end of the pipe goes with the command: its end is then the child's.
    drop(command);
    Ok((child, recorded))
}

/// Becomes a tool of the host, in a session of its own: without a terminal, and killed with
/// all it starts. Comes back only with the reason why not.
#[expect(
    clippy::disallowed_methods,
    reason = "the host's own tools are run where --host-tools asks for them"
)]
pub(crate) fn become_tool(program: &OsStr, args: &[std::ffi::OsString]) -> io::Error {
    use std::os::unix::process::CommandExt;
    match host::session::begin() {
        Ok(()) => Command::new(program).args(args).env_clear().exec(),
        Err(error) => error,
    }
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

/// Where pieces of the pipes go.
struct Heard<'a> {
    sink: &'a mut dyn FnMut(&[u8]),
    /// Bytes of the answer so far.
    bytes: u64,
    /// What was said on standard error, as far as it is kept.
    words: Vec<u8>,
    /// What was recorded so far; none where nobody asked, or there was too much.
    record: Option<Vec<u8>>,
}

/// What a program speaks into.
struct Pipes {
    answer: Option<ChildStdout>,
    words: Option<ChildStderr>,
    record: Option<PipeReader>,
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

    /// Half a recording is none; all of it is read all the same.
    fn recorded(&mut self, piece: &[u8]) {
        if let Some(record) = &mut self.record {
            record.extend_from_slice(piece);
        }
        self.record.take_if(|record| record.len() > RECORD_MAX);
    }
}

/// Reads the pipes as they have something, on this one thread: not every system we run on
/// gives another.
fn pour(mut pipes: Pipes, until: Instant, bytes_max: u64, heard: &mut Heard<'_>) -> Stop {
    let mut buffer = vec![0; 64 << 10];
    while pipes.answer.is_some() || pipes.words.is_some() || pipes.record.is_some() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Stop::Late;
        }
        let [hears_answer, hears_words, hears_record] = match ready(&pipes, left) {
            Ok(ready) => ready,
            Err(error) => return Stop::Broken(error),
        };
        if hears_answer {
            match piece(&mut pipes.answer, &mut buffer) {
                Ok(piece) => heard.answer(piece),
                Err(error) => return Stop::Broken(error),
            }
            if heard.bytes > bytes_max {
                return Stop::Long;
            }
        }
        // A pipe that breaks has nothing more to say.
        if hears_words {
            heard.word(piece(&mut pipes.words, &mut buffer).unwrap_or_default());
        }
        if hears_record {
            heard.recorded(piece(&mut pipes.record, &mut buffer).unwrap_or_default());
        }
    }
    Stop::End
}

/// Which of the pipes has something, or its end; waited for at most this long.
fn ready(pipes: &Pipes, left: Duration) -> io::Result<[bool; 3]> {
    let open = [
        pipes.answer.as_ref().map(AsFd::as_fd),
        pipes.words.as_ref().map(AsFd::as_fd),
        pipes.record.as_ref().map(AsFd::as_fd),
    ];
    let mut all: Vec<PollFd<'_>> = open
        .into_iter()
        .flatten()
        .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
        .collect();
    // In pieces, so that the longest patience fits.
    let left = u16::try_from(left.as_millis().max(1)).unwrap_or(u16::MAX);
    match poll(&mut all, PollTimeout::from(left)) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut told = all.iter().map(|fd| fd.any() == Some(true));
    Ok(open.map(|fd| fd.is_some() && told.next() == Some(true)))
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
            break reaped(child);
        }
        thread::sleep(PATIENCE);
    };
    ended.code = status.and_then(|status| status.code());
    ended.signal = status.and_then(|status| status.signal());
    ended
}

/// How one ended that was killed. What the kernel does not let go (a read of a dead server) is
/// left to it.
fn reaped(child: &mut Child) -> Option<ExitStatus> {
    let until = Instant::now() + GRACE;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < until => thread::sleep(PATIENCE),
            Ok(status) => return status,
            Err(_) => return None,
        }
    }
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
        let call = call("/bin/sh", &args, deadline);
        let said = run(&call, &mut |piece| answer.extend_from_slice(piece));
        (answer.escape_ascii().to_string(), said.ended)
    }

    fn call<'c>(program: &'c str, args: &'c [String], deadline: Duration) -> Call<'c> {
        Call {
            program: Path::new(program),
            args,
            deadline,
            bytes_max: 1 << 20,
            session: false,
            record: false,
        }
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
        let nowhere = call("/nowhere/x", &[], Duration::from_secs(1));
        let ended = run(&nowhere, &mut |_| {}).ended;
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
    fn what_it_records_is_read_beside_its_answer() {
        let script = [
            "-c".to_owned(),
            "echo tape >&0; echo answer; echo $@ >&2".to_owned(),
        ];
        let mut call = call("/bin/sh", &script, Duration::from_secs(9));
        call.record = true;
        let mut answer = Vec::new();
        let said = run(&call, &mut |piece| answer.extend_from_slice(piece));
        assert_eq!(answer, b"answer\n");
        assert_eq!(said.record.as_deref(), Some(&b"tape\n"[..]));
        assert_eq!(said.errors, b"fd:0\n");
    }

    #[test]
    fn nothing_of_the_environment_is_handed_on() {
        let (answer, _) = say("printf \"$HOME$USER$CARGO_TARGET_DIR:$PWD\"", 9000);
        assert_eq!(answer, ":/");
    }
}
