//! `cargo xtask test`: everything that must hold before a change is taken.

use crate::sh::{self, Outcome};
use crate::workspace::{PROGRAMS, cargo};
use crate::{dist, iso, packages, reproduce, sparc, targets, tidy, venv, vm};
use std::process::Command;

/// Installs what the tests compare against, builds what they run, and runs them all.
/// Whatever was skipped is told again at the end.
///
/// # Errors
/// The first step that fails.
pub(crate) fn run() -> Outcome {
    let missing = packages::install();
    sh::run(cargo("fmt").args(["--all", "--check"]))?;
    let mut skipped = dist::every()?;
    let programs = targets::HOST.directory();
    lints(targets::SOLARIS.directory().is_dir())?;
    match sparc::check() {
        Ok(checked) => checked?,
        Err(why) => skipped.push(format!("SKIPPED: the portable crates for SPARC: {why}")),
    }
    let mut hear = |line: &str| {
        println!("{line}");
        skipped.extend(skip(line).map(str::to_owned));
    };
    let mut test = cargo("test");
    test.args(["--workspace", "--no-fail-fast"]);
    test.env("CONCORD_DIST", &programs);
    let solaris = targets::SOLARIS.directory();
    if solaris.is_dir() {
        test.env("CONCORD_SOLARIS", solaris);
    }
    match venv::ready() {
        Ok(dir) => drop(test.env("CONCORD_VENV", dir)),
        Err(why) => eprintln!("NOT INSTALLED: {why}"),
    }
    if let Err(why) = venv::deny_ready() {
        eprintln!("NOT INSTALLED: {why}");
    }
    // A test that cannot run says so on standard error, past the harness.
    let passed = sh::both(test, &mut hear)
        .and_then(|()| reproduce::programs())
        .and_then(|()| media(&missing, &mut hear));
    for program in &missing {
        skipped.push(format!(
            "SKIPPED: all that asks {program}, which is not installed"
        ));
    }
    skipped.sort();
    skipped.dedup();
    summed_up(&skipped);
    passed?;
    tidy::run(&programs)
}

/// Everything as it is compiled here, and what of the programs is compiled for Solaris only.
fn lints(solaris: bool) -> Outcome {
    let refused = ["--", "-D", "warnings"];
    sh::run(
        cargo("clippy")
            .args(["--workspace", "--all-targets"])
            .args(refused),
    )?;
    if !solaris {
        return Ok(());
    }
    let mut there = cargo("clippy");
    there.args(["--target", targets::SOLARIS.triple]);
    for program in PROGRAMS {
        there.args(["--package", program]);
    }
    sh::run(there.args(refused))
}

/// The programs that were built, on Debian's kernel; and the medium made of them: mounted, and
/// booted in every way.
fn media(missing: &[&str], hear: &mut impl FnMut(&str)) -> Outcome {
    let needed = [
        "ip",
        "mke2fs",
        "qemu-system-x86_64",
        "ss",
        "unshare",
        vm::UEFI,
    ];
    if let Some(tool) = needed.iter().find(|tool| missing.contains(tool)) {
        hear(&format!("SKIPPED: the medium: needs {tool}"));
        return Ok(());
    }
    if !nix::unistd::geteuid().is_root() {
        hear("SKIPPED: the medium: needs root");
        return Ok(());
    }
    if let Err(why) = iso::prepared() {
        hear(&format!("SKIPPED: the medium: {why}"));
        return Ok(());
    }
    let own = dist::own_program()?;
    for trial in ["kernel", "trial"] {
        let mut boot = Command::new(&own);
        boot.args(["vm", trial]);
        sh::both(boot, &mut *hear)?;
    }
    Ok(())
}

/// What a line says was not done, from that word on.
fn skip(line: &str) -> Option<&str> {
    let words = ["SKIPPED: ", "LEFT OUT: ", "NOT PINNED: "];
    let at = words.iter().find_map(|word| line.find(word))?;
    line.get(at..)
}

/// Says that a test of ours cannot run here. Written past the harness, which keeps to
/// itself what a passing test prints.
#[cfg(test)]
pub(crate) fn skipped(what: &str) {
    use std::io::Write;
    let text = format!("SKIPPED: {what}\n");
    // If even this cannot be written there is nowhere left to say it.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn summed_up(skipped: &[String]) {
    if skipped.is_empty() {
        println!("\nnothing was skipped");
        return;
    }
    println!("\n==== {} THINGS WERE NOT TESTED HERE ====", skipped.len());
    for line in skipped {
        println!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_heard_wherever_it_stands() {
        assert_eq!(
            skip("LEFT OUT: linux-i686: no"),
            Some("LEFT OUT: linux-i686: no")
        );
        let told = skip("test live ... SKIPPED: needs root");
        assert_eq!(told, Some("SKIPPED: needs root"));
        assert_eq!(skip("test live ... ok"), None);
    }
}
