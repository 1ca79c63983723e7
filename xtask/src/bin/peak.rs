//! Runs one program with its output thrown away, and tells on standard error how long it
//! took and what it took of the processors, in nanoseconds, its peak resident memory, in
//! KiB, and its exit code.
//!
//! A process of its own, because the kernel tells the peak of children only as the largest
//! of all that ended; and a small one, because a child starts with its parent's peak.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a developer's stop-watch"
)]

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let start = Instant::now();
    let status = command.stderr(Stdio::null()).status();
    let took = start.elapsed().as_nanos();
    match (status, getrusage(UsageWho::RUSAGE_CHILDREN)) {
        (Ok(status), Ok(usage)) => {
            let processors = (usage.user_time() + usage.system_time()).num_nanoseconds();
            let code = status.code().unwrap_or(-1);
            eprintln!("{took} {processors} {} {code}", usage.max_rss());
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(2),
    }
}
