//! The long proofs, each a chore: faults at every system call, the parsers under Miri, and
//! the parsers on a big-endian machine.

use crate::sh::{self, Outcome};
use crate::workspace::cargo;
use crate::{dist, packages, trust, workspace};
use std::process::Command;

/// `cargo xtask faults [PROGRAM]`: every error at every occurrence of every system call; of
/// rcompare's at three of them. The rows it prints are written into docs/TRUST.md.
///
/// # Errors
/// A program does not build, or one of them answers dishonestly.
pub(crate) fn faults(only: &[&str]) -> Outcome {
    if let Some(other) = only.iter().find(|word| !workspace::PROGRAMS.contains(word)) {
        return Err(format!("there is no program {other}"));
    }
    let programs = dist::host()?;
    let mut test = cargo("test");
    test.args(["--package", "e2e", "--test", "faults", "--", "every"]);
    test.args(only).env("CONCORD_DIST", programs);
    let commit = trust::commit();
    let mut told = Ok(());
    sh::lines(test, |line| {
        println!("{line}");
        let mut row = trust::cells(line);
        if told.is_ok() && !row.is_empty() {
            let name = row.remove(0).replace('`', "");
            for cell in &mut row {
                *cell = cell.parse().map_or(cell.clone(), trust::grouped);
            }
            row.push(commit.clone());
            told = trust::figures("faults", &name, &row);
        }
    })
    .and(told)
}

/// What Miri runs: every target of `tests/foreign` once, and so each parser and the unsafe code
/// of the crates they use. Our own makes system calls, of which Miri has no model.
const ONCE: [(&str, &[&str]); 1] = [("foreign", &["--test", "replay", "every_parser_once"])];

/// What it runs beside them when asked for all: the tests that stand beside the parsers.
const BESIDE: [(&str, &[&str]); 3] = [
    ("render", &["--lib"]),
    ("solaris", &["--lib"]),
    ("linux", &["--lib", "parse::"]),
];

/// `cargo xtask miri [all]`: undefined behaviour in what feeds on foreign bytes.
///
/// # Errors
/// Miri finds some, or cannot be installed.
pub(crate) fn miri(words: &[&str]) -> Outcome {
    let beside = match words {
        [] => &[][..],
        ["all"] => &BESIDE,
        _ => return Err("miri takes nothing, or `all`".to_owned()),
    };
    let components = [
        "component",
        "add",
        "--toolchain",
        "nightly",
        "miri",
        "rust-src",
    ];
    nightly("rustup", &components)?;
    for (package, words) in ONCE.iter().chain(beside) {
        let mut arguments = vec!["+nightly", "miri", "test", "--package", package];
        arguments.extend(*words);
        nightly("cargo", &arguments)?;
    }
    Ok(())
}

const BIG: &str = "s390x-unknown-linux-gnu";

/// What is run there. Of `linux` the parsers alone: what reads asks the kernel for more than
/// the emulator passes on.
const ELSEWHERE: [&str; 2] = [
    "--package model --package solaris --package foreign --lib --test replay",
    "--package linux --lib parse::",
];

/// `cargo xtask bigendian`: the parsers' tests and the replay of all recorded files, on a
/// machine whose numbers begin with the most significant byte, run by qemu-user.
///
/// # Errors
/// The compiler, the linker or the emulator is missing, or a test fails.
pub(crate) fn bigendian() -> Outcome {
    packages::install_for("s390x-linux-gnu-gcc", "gcc-s390x-linux-gnu")?;
    packages::install_for("qemu-s390x-static", "qemu-user-static")?;
    sh::run(
        Command::new("rustup")
            .args(["target", "add", BIG])
            .current_dir(workspace::root()),
    )?;
    for words in ELSEWHERE {
        let mut test = cargo("test");
        test.args(["--target", BIG]).args(words.split(' '));
        test.env(
            "CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_LINKER",
            "s390x-linux-gnu-gcc",
        );
        let runner = "qemu-s390x-static -L /usr/s390x-linux-gnu";
        sh::run(test.env("CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_RUNNER", runner))?;
    }
    Ok(())
}

/// A tool run by the nightly toolchain, whatever runs us.
fn nightly(program: &str, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace::root());
    // Miri is some hundred times slower than the processor: a few cases of each property.
    command.env("PROPTEST_CASES", "2");
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    sh::run(command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO"))
}
