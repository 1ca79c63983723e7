//! The chores of the house: `cargo xtask CHORE`.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "chores run tools, read the tree they stand in, and talk to a developer"
)]

mod bench;
mod compare;
mod completions;
mod dist;
mod elf;
#[cfg(test)]
mod example;
mod fuzz;
mod inventory;
mod iso;
mod load;
mod manual;
mod packages;
mod paper;
mod proofs;
mod reproduce;
mod sh;
mod sign;
mod sparc;
mod sums;
mod targets;
mod test;
mod tidy;
mod trust;
mod venv;
mod vm;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask CHORE

  dist [TARGET]     build the static programs into dist/, check and sum them
  iso [--repin]     dist, then the bootable image dist/concord.iso; --repin: write
                    iso/packages.pin anew with what Debian offers today
  vm [boot|trial]   iso, then boot it in QEMU by BIOS and UEFI, as a CD and as a stick;
                    boot: the image that is there; trial: one made of what dist/ holds now
  vm kernel         the programs of dist/ on Debian's kernel: vsock, SCTP, a file system that hangs
  compare [-- ARG]  dist, then run rcompare on this host
  reproduce         build the image twice, in two places: are they the same?
  sign KEY          sign dist/SHA256SUMS, and the image if there is one, with an SSH key
  test              all checks and tests; installs the tools they compare against
  tidy              the rules of the house
  fuzz [SECONDS [TARGET]]
                    every parser of foreign bytes, or one, under a fuzzer, so long each (60);
                    writes its rows of docs/TRUST.md
  faults [PROGRAM]  every error at every system call of every program, or of one; writes too
  miri [all]        every parser once under Miri, or with all tests beside it
  sparc             do the portable crates compile for 64-bit SPARC? (part of test)
  bigendian         the parsers on a big-endian machine, by qemu
  bench [growth]    our programs beside their peers; writes docs/BENCHMARKS.md (growth: and docs/growth.svg)
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["dist"] => dist::all(),
        ["dist", name] => dist::one(name).map(|_| ()),
        ["compare", "--", rest @ ..] | ["compare", rest @ ..] => match compare::run(rest) {
            Ok(code) => return code,
            Err(why) => Err(why),
        },
        ["iso"] => iso::run(),
        ["iso", "--repin"] => iso::repin(),
        ["reproduce"] => reproduce::run(),
        ["sign", key] => sign::run(key),
        ["vm"] => vm::run(),
        ["vm", "kernel"] => vm::kernel::run(),
        ["vm", "boot"] => vm::boot(&iso::path()),
        ["vm", "trial"] => iso::trial().and_then(|image| vm::boot(&image)),
        // How `vm` starts itself inside its namespaces.
        ["vm", "staged", image] => vm::staged(image),
        ["test"] => test::run(),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["faults", only @ ..] => proofs::faults(only),
        ["miri", words @ ..] => proofs::miri(words),
        ["sparc"] => sparc::check().and_then(|checked| checked),
        ["bigendian"] => proofs::bigendian(),
        ["tidy"] => tidy::with_own_build(),
        ["bench", rest @ ..] => bench::run(rest),
        // How a bench starts a process of its load.
        ["load-holder", index] => load::holder(index),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        [] => Err(format!("name a chore\n{USAGE}")),
        [other, ..] => Err(format!("there is no chore {other}\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::from(2)
        }
    }
}
