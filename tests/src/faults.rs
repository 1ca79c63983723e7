//! Faults injected by strace, and what is an honest answer to one.

use crate::{Output, Stage, programs};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// A question put to one program.
pub struct Question<'q> {
    /// The program.
    pub name: &'q str,
    /// Its arguments, separated by blanks; they ask for JSON.
    pub args: &'q str,
}

impl Question<'_> {
    /// Runs it on a stage, as it is.
    #[track_caller]
    #[must_use]
    pub fn quiet(&self, stage: &Stage) -> Output {
        stage.tool(self.name, self.args)
    }

    /// Runs it on a stage by these words of strace's, and ends it after so many seconds.
    #[track_caller]
    fn traced(&self, stage: &Stage, strace: &[&str], seconds: u64) -> Output {
        let program = programs().join(self.name);
        let program = program.to_str().expect("a plain path");
        let limit = seconds.to_string();
        let words = [
            "-k",
            "1",
            &limit,
            "strace",
            "-f",
            "-qq",
            "-e",
            "signal=none",
        ];
        let words = words.iter().chain(strace).copied();
        let words = words.chain([program]).chain(self.args.split_whitespace());
        let inside = stage.inside().within(3 * seconds);
        inside.run("timeout".as_ref(), words)
    }
}

/// One call that does not work.
pub struct Fault {
    /// The system call.
    pub call: String,
    /// The error it gives.
    pub error: &'static str,
    /// Which one of its occurrences, from 1; each thread counts for itself, and in each it fails.
    pub when: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} number {}", self.error, self.call, self.when)
    }
}

/// Seconds in which a program must have taken a fault.
const TAKEN: u64 = 20;

/// Seconds for counting the calls: each of them stops, and rcompare asks for every number a
/// process may have.
const COUNTED: u64 = 200;

/// How a program took a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer is what it is without the fault.
    Whole,
    /// Something is missing, and there are gaps.
    Gaps,
    /// Exit code 2 and a line on why.
    Refused,
    /// It got no memory, or could not start, and was ended by a signal.
    Died,
}

/// Calls that no program of ours makes itself: the runtime asks for memory by them, or sets
/// itself up before `main`. Where these fail it ends itself by a signal, which no exit code
/// of ours can be taken for.
const RUNTIME: &[&str] = &[
    "arch_prctl",
    "brk",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "poll",
    "rt_sigaction",
    "rt_sigprocmask",
    "set_tid_address",
    "sigaltstack",
    "clone",
    "clone3",
];

impl Verdict {
    /// Judges an answer by the one given without a fault.
    ///
    /// # Errors
    /// It is not honest, and why.
    pub fn of(quiet: &Output, output: &Output, fault: &Fault) -> Result<Verdict, String> {
        let is_runtime = RUNTIME.contains(&fault.call.as_str());
        match output.code {
            2 if output.stderr.is_empty() => Err("refused without a word".into()),
            2 => Ok(Verdict::Refused),
            0 | 1 | 3 => Verdict::answered(quiet, output),
            124 | 137 => Err("not done in 20 seconds".into()),
            code if code >= 128 && is_runtime && !ends(output) => Ok(Verdict::Died),
            code => Err(format!("exit code {code}")),
        }
    }

    fn answered(quiet: &Output, output: &Output) -> Result<Verdict, String> {
        let (before, now) = (lines(quiet), lines(output));
        if !ends(output) {
            return Err(
                "an answer without its end, and an exit code that says nothing of it".into(),
            );
        }
        if before == now && output.code == quiet.code {
            return Ok(Verdict::Whole);
        }
        let (gaps, gaps_before) = (missing(output), missing(quiet));
        if gaps > gaps_before {
            return Ok(Verdict::Gaps);
        }
        let lost: Vec<_> = before.difference(&now).collect();
        let new: Vec<_> = now.difference(&before).collect();
        Err(format!("{gaps} gaps, without: {lost:?}, instead: {new:?}"))
    }
}

/// How much an answer says it lacks.
fn missing(output: &Output) -> usize {
    let is_gap = |line: &&str| line.starts_with("{\"type\":\"gap\"");
    output.text().lines().filter(is_gap).count()
}

/// Whether an answer has its last line.
fn ends(output: &Output) -> bool {
    let text = output.text();
    text.lines()
        .last()
        .is_some_and(|line| line.starts_with("{\"type\":\"end\""))
}

/// What an answer tells of ports: each socket, file, probe or port, by what does not change
/// from one asking to the next.
fn lines(output: &Output) -> BTreeSet<String> {
    let keep = |line: &str| -> Option<String> {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        let kind = value.get("type")?.as_str()?;
        let keys: &[&str] = match kind {
            "socket" => &["proto", "local", "port", "state", "owners"],
            "file" => &["pid", "fd", "slot", "kind", "name"],
            "probe" => &["addr", "proto", "port", "state"],
            "tally" => &["state", "count"],
            "port" => &["protocol", "address", "port", "verdict", "pid", "command"],
            "sign" => &["sign", "what", "place"],
            _ => return None,
        };
        // A socket by what every source tells of it; cookies and queue lengths come from one.
        let socket = value.get("socket");
        let known = ["proto", "local", "port", "state", "inode"];
        let known = known.iter().filter_map(|key| socket?.get(key));
        let known: Vec<String> = known.map(ToString::to_string).collect();
        let told: Vec<String> = keys
            .iter()
            .map(|key| {
                format!(
                    "{key}={}",
                    value.get(key).unwrap_or(&serde_json::Value::Null)
                )
            })
            .collect();
        Some(format!("{kind} {} {}", told.join(" "), known.join(" ")))
    };
    output.text().lines().filter_map(keep).collect()
}

/// The calls a question makes, in order of their names, and how often the thread makes each
/// that makes it most: further occurrences are in no thread.
///
/// # Panics
/// strace does not tell.
#[must_use]
pub fn calls(stage: &Stage, question: &Question<'_>) -> Vec<(String, usize)> {
    let place = "/run/concord-calls";
    let traced = question.traced(stage, &["-o", place], COUNTED);
    assert!(traced.code <= 3, "{traced}");
    let told = stage.program("cat", place).expect(0).text();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for made in told.lines().filter_map(row) {
        *counts.entry(made).or_default() += 1;
    }
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, call), count) in counts {
        let known = most.entry(call).or_default();
        *known = count.max(*known);
    }
    let calls = most.into_iter();
    calls
        .map(|(call, count)| (call.to_owned(), count))
        .collect()
}

/// `4711  openat(AT_FDCWD, …`: the thread and the call. Where one is resumed it was begun before.
fn row(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (call, _) = rest.trim_start().split_once('(')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!call.is_empty() && call.bytes().all(is_name)).then_some((thread, call))
}

/// What is tried at a call: four errors, where the kernel has no fewer; none where it has none.
#[must_use]
pub fn errors(call: &str) -> &'static [&'static str] {
    if INFALLIBLE.contains(&call) || is_nameless(call) {
        &[]
    } else if WAITING.contains(&call) {
        &["EINTR"]
    } else {
        &["EIO", "EMFILE", "ENOMEM", "EINTR"]
    }
}

/// Whether this strace has no name for a call, and so cannot make it fail.
#[must_use]
pub fn is_nameless(call: &str) -> bool {
    call.starts_with("syscall_")
}

/// Calls that wait, or need nothing: of the errors injected the kernel gives one here.
const WAITING: &[&str] = &["clock_nanosleep", "getrandom", "nanosleep"];

/// Calls that the kernel lets fail with none of the errors injected: those that begin and end
/// a program and that tell a number; `restart_syscall`, which no program makes: by it the kernel
/// goes on with a call that a stop of strace's interrupted; and `futex`, by which threads wake
/// each other: a call that is made to fail is not made at all, and the kernel swallows no waking.
const INFALLIBLE: &[&str] = &[
    "clock_gettime",
    "execve",
    "exit",
    "exit_group",
    "futex",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "restart_syscall",
    "rt_sigreturn",
    "sched_yield",
    "umask",
];

/// Puts a question while one call does not work; none if the call was not made so often this
/// time, and so did not fail.
///
/// # Panics
/// strace does not tell.
#[must_use]
pub fn inject(stage: &Stage, question: &Question<'_>, fault: &Fault) -> Option<Output> {
    let Fault { call, error, when } = fault;
    let place = format!("/run/injected-{call}-{error}-{when}");
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:error={error}:when={when}");
    let words = ["--seccomp-bpf", "-o", &place, "-e", &trace, "-e", &inject];
    let output = question.traced(stage, &words, TAKEN);
    let told = stage.program("cat", &place).expect(0).text();
    told.contains("(INJECTED)").then_some(output)
}

/// Whether a program is one whose every system call is its own: no loader in it.
///
/// # Panics
/// It cannot be read.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the program it runs"
)]
#[must_use]
pub fn is_static(program: &Path) -> bool {
    let bytes = std::fs::read(program).expect("the program is there");
    let loader = b"/ld-linux";
    !bytes.windows(loader.len()).any(|window| window == loader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_where_it_begins() {
        assert_eq!(row("47  read(3, \"x\", 1) = 1"), Some(("47", "read")));
        assert_eq!(row("5 wait4(-1,  <unfinished ...>"), Some(("5", "wait4")));
        for other in [
            "47 <... read resumed>) = 1",
            "47 +++ exited with 0 +++",
            "strace: Process 48 attached",
            "",
        ] {
            assert_eq!(row(other), None, "{other}");
        }
    }
}
