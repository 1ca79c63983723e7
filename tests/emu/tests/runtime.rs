//! The runtime under the stand-in: an ordinary std program prints on each release what it
//! prints on Linux, and refuses to run on a kernel that is something else.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "programs are built and run here, their files read, and what is skipped is told"
)]

mod common;

use common::emu;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

const RELEASES: [&str; 3] = ["illumos", "s11", "s10"];
const WIDE: [&str; 4] = ["-p", "sunrt", "--example", "wide"];

fn solaris() -> Option<&'static PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT
        .get_or_init(|| common::solaris(&WIDE, "examples/wide"))
        .as_ref()
}

/// The same program for the machine we are on.
fn native() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = common::cargo(&WIDE).status();
        assert!(built.is_ok_and(|status| status.success()), "it builds");
        common::target().join("debug/examples/wide")
    })
}

/// Runs with one line of input, in an empty directory.
fn run(command: &mut Command) -> Output {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let mut child = command
        .arg(scratch.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("it has an input");
    // A program that refuses does not read it.
    let _ = input.write_all(b"a line\n");
    drop(input);
    child.wait_with_output().expect("it ends")
}

#[test]
fn prints_on_each_release_what_it_prints_on_linux() {
    let Some(program) = solaris() else { return };
    let expected = run(&mut Command::new(native()));
    assert!(expected.status.success());
    for release in RELEASES {
        let found = run(emu(release).arg(program));
        let stderr = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(found.status.success(), "{release}: {stderr}");
        assert_eq!(stderr, "", "{release}: no call was missing");
        let text = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(text(&found), text(&expected), "{release}");
    }
}

#[test]
fn the_file_is_one_a_solaris_kernel_runs_alone() {
    let Some(program) = solaris() else { return };
    let file = std::fs::read(program).expect("it was built");
    let complaints: Vec<_> = sunrt::recipe::complaints(&file).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    let native = std::fs::read(native()).expect("it was built");
    assert!(
        sunrt::recipe::complaints(&native).count() > 0,
        "the check can fail"
    );
}

/// What the kernel calls itself, as a tree for the stand-in.
fn tree(names: [&str; 5]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("a scratch directory");
    let mut bytes = Vec::new();
    for name in names {
        let end = bytes.len() + 257;
        bytes.extend_from_slice(name.as_bytes());
        bytes.resize(end, 0);
    }
    std::fs::create_dir(tree.path().join("answers")).expect("a new directory");
    std::fs::write(tree.path().join("answers/uname"), bytes).expect("a new file");
    tree
}

#[test]
fn refuses_a_kernel_it_does_not_know() {
    let Some(program) = solaris() else { return };
    for (names, reason) in [
        (["Linux", "h", "6.18", "1", "x86_64"], "uname is not SunOS"),
        (
            ["SunOS", "h", "5.9", "Generic", "i86pc"],
            "release is neither 5.10 nor 5.11",
        ),
    ] {
        let tree = tree(names);
        let found = run(emu("illumos").arg("--root").arg(tree.path()).arg(program));
        assert_eq!(found.status.code(), Some(2));
        assert!(found.stdout.is_empty());
        let stderr = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(stderr.trim_end().ends_with(reason), "{stderr}");
        assert_eq!(stderr.lines().count(), 1);
    }
}

/// A kernel that says 5.10 but answers as Solaris 11: the old numbers are not there, SIGSYS is
/// ignored, and the self-test refuses.
#[test]
fn a_call_the_release_lacks_is_refused() {
    let Some(program) = solaris() else { return };
    let tree = tree(["SunOS", "h", "5.10", "Generic", "i86pc"]);
    let found = run(emu("s11").arg("--root").arg(tree.path()).arg(program));
    assert_eq!(found.status.code(), Some(2));
    assert!(found.stdout.is_empty());
    let stderr = String::from_utf8_lossy(&found.stderr).into_owned();
    let [told, refused] = stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines: {stderr}")
    };
    assert_eq!(told, "[emu] Solaris11 has no call 5");
    assert!(refused.ends_with("/proc/self/psinfo cannot be opened"));
}

/// And the other way round, where a number of the `*at` calls may be any other call.
#[test]
fn a_number_that_means_another_call_is_not_carried_out() {
    let Some(program) = solaris() else { return };
    let tree = tree(["SunOS", "h", "5.11", "11.4.0", "i86pc"]);
    let found = run(emu("s10").arg("--root").arg(tree.path()).arg(program));
    assert_eq!(found.status.code(), Some(99));
    let stderr = String::from_utf8_lossy(&found.stderr).into_owned();
    assert_eq!(stderr, "[emu] Solaris10 means another call by 68\n");
}

/// Each thing the self-test asks, answered as no kernel of ours would.
#[test]
fn every_mismatch_of_the_self_test_is_refused() {
    let Some(program) = solaris() else { return };
    for (lie, reason) in [
        ("absent", "/proc/self/psinfo cannot be opened"),
        ("short", "psinfo is not 416 bytes long"),
        ("size", "fstat of psinfo is not 416 bytes"),
        ("another", "psinfo is of another process"),
        ("ilp32", "psinfo is not LP64"),
        ("unlisted", "/proc/self lists no psinfo"),
    ] {
        for (release, number, version) in [
            ("illumos", "5.11", "omnios-r151054"),
            ("s11", "5.11", "11.4.0"),
            ("s10", "5.10", "Generic"),
        ] {
            let tree = tree(["SunOS", "h", number, version, "i86pc"]);
            std::fs::write(tree.path().join("answers/self-lies"), lie).expect("a new file");
            let found = run(emu(release).arg("--root").arg(tree.path()).arg(program));
            let stderr = String::from_utf8_lossy(&found.stderr).into_owned();
            assert_eq!(found.status.code(), Some(2), "{release} {lie}: {stderr}");
            assert!(found.stdout.is_empty(), "{release} {lie}");
            let text =
                format!("this kernel does not answer as Solaris or illumos would: {reason}\n");
            assert!(stderr.ends_with(&text), "{release} {lie}: {stderr}");
            assert_eq!(stderr.lines().count(), 1, "{release} {lie}");
        }
    }
}
