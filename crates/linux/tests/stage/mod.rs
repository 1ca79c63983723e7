//! A stage for live tests: the test runs again, as a process of its own, in network, mount
//! and (where asked) pid namespaces that nobody else is in.
#![expect(
    clippy::disallowed_methods,
    reason = "the test starts itself anew and asks whether it is the second time"
)]

use std::process::Command;

/// Set where the test already stands on its stage.
const ON_STAGE: &str = "CONCORD_ON_STAGE";

/// Runs the test `name` of this binary on a stage, `extra` being more arguments for
/// `unshare(1)`. True to the one who is on it: `if !staged("name", &[]) { return; }`.
///
/// # Panics
/// Where the test fails on its stage.
#[must_use]
pub(crate) fn staged(name: &str, extra: &[&str]) -> bool {
    if std::env::var_os(ON_STAGE).is_some() {
        return true;
    }
    let unshare = |args: &[&std::ffi::OsStr]| {
        Command::new("unshare")
            .args(["--net", "--mount", "--propagation", "private"])
            .args(extra)
            .args(args)
            .env(ON_STAGE, "yes")
            .output()
    };
    if !unshare(&["true".as_ref()]).is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: {name}: no namespaces of our own (not root, or no unshare)");
        return false;
    }
    let test = std::env::current_exe().expect("a path");
    let line = [
        "sh",
        "-c",
        "ip link set lo up && exec \"$@\"",
        "stage",
        test.to_str().expect("a plain path"),
        "--exact",
        name,
        "--nocapture",
        "--test-threads=1",
    ];
    let line: Vec<&std::ffi::OsStr> = line.iter().map(|word| word.as_ref()).collect();
    let output = unshare(&line).expect("unshare runs");
    let said = [output.stdout, output.stderr].concat();
    println!("{}", said.escape_ascii().to_string().replace("\\n", "\n"));
    assert!(output.status.success(), "{name} failed on its stage");
    false
}
