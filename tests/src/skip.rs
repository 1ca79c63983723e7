//! Tests that cannot run here say so where nobody can miss it.

use std::io::Write;
use std::path::Path;

/// Leaves a test that cannot run on this machine, saying so on the real standard error:
/// the harness keeps to itself what a passing test prints, so this is written past it.
/// With `CONCORD_NO_SKIP` set it is a failure, so that CI cannot lose a test unseen.
#[macro_export]
macro_rules! skipped {
    ($($reason:tt)*) => {{
        $crate::skip(std::module_path!(), std::line!(), &std::format!($($reason)*));
        return;
    }};
}

/// Returns from a test that needs root where there is none.
#[macro_export]
macro_rules! need_root {
    () => {
        if !$crate::is_root() {
            $crate::skipped!("needs root to make namespaces");
        }
    };
}

/// Returns from a test that needs a program of the machine's where it is not installed.
#[macro_export]
macro_rules! need {
    ($($program:literal),+) => {
        $(if !$crate::have($program) {
            $crate::skipped!("{} is not installed", $program);
        })+
    };
}

/// Returns from a test on what the programs do themselves where they are not the static ones:
/// a loader opens files, and listens to the environment.
#[macro_export]
macro_rules! need_static {
    () => {
        if !$crate::faults::is_static(&$crate::programs().join("rnetstat")) {
            $crate::skipped!("the programs are not the static ones (CONCORD_DIST)");
        }
    };
}

/// What [`skipped!`](crate::skipped) does before it returns.
///
/// # Panics
/// Where `CONCORD_NO_SKIP` is set.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment changes whether a test runs, never an answer"
)]
pub fn skip(module: &str, line: u32, reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(
        std::env::var_os("CONCORD_NO_SKIP").is_none(),
        "SKIPPED: {module}::{test}: {reason}"
    );
    note(&format!("SKIPPED: {module}::{test}:{line}: {reason}"));
}

/// Says something past the harness, on the real standard error.
pub fn note(text: &str) {
    // If even this cannot be written there is nowhere left to say it.
    let _ = std::io::stderr()
        .lock()
        .write_all(format!("{text}\n").as_bytes());
}

/// Whether this process may make namespaces.
#[must_use]
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether a program of the machine's is in one of the usual places.
#[must_use]
pub fn have(program: &str) -> bool {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
        .iter()
        .any(|dir| Path::new(dir).join(program).exists())
}
