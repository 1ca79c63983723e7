//! A stage for live tests: the test runs again, as a process of its own, in network, mount
//! and (where asked) pid namespaces that nobody else is in.

use std::ffi::OsStr;
use std::process::{Command, Output};

/// Set where the test already stands on its stage.
const ON_STAGE: &str = "CONCORD_ON_STAGE";

/// Runs the calling test once more, on a stage; `extra` are more arguments for `unshare(1)`.
/// True to the one who is on it: `if !staged(&[]) { return; }`.
///
/// # Panics
/// Where the test fails on its stage.
#[must_use]
pub(crate) fn staged(extra: &[&str]) -> bool {
    if std::env::var_os(ON_STAGE).is_some() {
        return true;
    }
    // The test harness names the thread after the test.
    let name = std::thread::current().name().expect("a name").to_owned();
    if !unshare(extra, &["true".as_ref()]).is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: {name}: no namespaces of our own (not root, or no unshare)");
        return false;
    }
    let test = std::env::current_exe().expect("a path");
    let line: [&OsStr; 9] = [
        "sh".as_ref(),
        "-c".as_ref(),
        "ip link set lo up && exec \"$@\"".as_ref(),
        "stage".as_ref(),
        test.as_ref(),
        "--exact".as_ref(),
        name.as_ref(),
        "--nocapture".as_ref(),
        "--test-threads=1".as_ref(),
    ];
    let output = unshare(extra, &line).expect("unshare runs");
    let said = [output.stdout, output.stderr].concat();
    println!("{}", said.escape_ascii().to_string().replace("\\n", "\n"));
    let ran = said.windows(8).any(|text| text == b"1 passed");
    assert!(output.status.success() && ran, "{name} failed on its stage");
    false
}

fn unshare(extra: &[&str], line: &[&OsStr]) -> std::io::Result<Output> {
    Command::new("unshare")
        .args(["--net", "--mount", "--propagation", "private"])
        .args(extra)
        .args(line)
        .env(ON_STAGE, "yes")
        .output()
}
