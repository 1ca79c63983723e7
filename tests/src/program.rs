//! The programs under test, run with a deadline.

use crate::Answer;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// No program may take longer, unless a test says so.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a run left behind.
#[derive(Debug)]
pub struct Output {
    /// The command line, for messages.
    pub command: String,
    /// Exit code; 128 + the signal's number where one ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text, with what is not UTF-8 replaced; for messages and for
    /// answers that must be text.
    #[must_use]
    pub fn text(&self) -> String {
        self.stdout
            .utf8_chunks()
            .map(|chunk| chunk.valid())
            .collect()
    }

    /// Standard error, likewise.
    #[must_use]
    pub fn errors(&self) -> String {
        self.stderr
            .utf8_chunks()
            .map(|chunk| chunk.valid())
            .collect()
    }

    /// Standard output as a `--json` answer.
    ///
    /// # Panics
    /// It is none, or it was cut short.
    #[track_caller]
    #[must_use]
    pub fn answer(&self) -> Answer {
        match Answer::parse(&self.stdout) {
            Ok(answer) => answer,
            Err(why) => panic!("{why}\n{self}"),
        }
    }

    /// Fails unless it left with this code.
    ///
    /// # Panics
    /// It did not.
    #[track_caller]
    pub fn expect(self, code: i32) -> Output {
        assert_eq!(self.code, code, "exit code\n{self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "$ {}\nexit {}\n--- stdout\n{}--- stderr\n{}",
            self.command,
            self.code,
            head(&self.text()),
            head(&self.errors())
        )
    }
}

/// As much of an output as a message can bear.
fn head(text: &str) -> String {
    const LINES: usize = 60;
    let mut head: String = text.split_inclusive('\n').take(LINES).collect();
    if head.len() < text.len() {
        head.push_str("…\n");
    }
    head
}

/// The directory the programs are in: the shipped ones where `CONCORD_DIST` names them,
/// otherwise those cargo builds, once for the whole run.
///
/// # Panics
/// They do not build.
#[expect(
    clippy::disallowed_methods,
    reason = "a test asks its environment which programs to run, and cargo to build them"
)]
pub fn programs() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        if let Some(dir) = std::env::var_os("CONCORD_DIST") {
            let dir = Path::new(&dir);
            return dir.canonicalize().expect("CONCORD_DIST is a directory");
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet"])
            .args(["-p", "rnetstat", "-p", "rlsof", "-p", "rfuser"])
            .args(["-p", "rnmap", "-p", "rcompare"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.is_ok_and(|s| s.success()), "the programs build");
        own_directory()
    })
}

/// The directory cargo puts this package's binaries in: `target/<profile>`.
pub(crate) fn own_directory() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its path");
    let dir = test
        .ancestors()
        .nth(2)
        .expect("target/<profile>/deps/<test>");
    dir.to_owned()
}

/// A program under test, outside any stage.
#[expect(clippy::disallowed_methods, reason = "the programs are what is tested")]
#[must_use]
pub fn tool(name: &str) -> Command {
    Command::new(programs().join(name))
}

/// Runs a command to its end, at most a minute.
///
/// # Panics
/// It cannot be started, or is not done in time.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    run_within(command, DEADLINE)
}

#[track_caller]
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Output {
    let words = words(command);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => panic!("{words}: {error}"),
    };
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let code = wait(&mut child, limit, &words);
    Output {
        command: words,
        code,
        stdout: stdout.join().expect("the reader ends"),
        stderr: stderr.join().expect("the reader ends"),
    }
}

fn words(command: &Command) -> String {
    let program = command.get_program();
    let name = Path::new(program).file_name().unwrap_or(program);
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.display().to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

fn drain(from: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            from.read_to_end(&mut bytes).expect("a pipe is read");
        }
        bytes
    })
}

#[track_caller]
fn wait(child: &mut Child, limit: Duration, words: &str) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let signal = status.signal().map_or(-1, |signal| 128 + signal);
                return status.code().unwrap_or(signal);
            }
            Ok(None) if started.elapsed() < limit => thread::sleep(pause),
            Ok(None) => {
                // The report is the same whether or not it was still there to be killed.
                let _ = child.kill();
                panic!("{words}: not done after {limit:?}");
            }
            Err(error) => panic!("{words}: {error}"),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
