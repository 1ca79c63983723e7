//! The image mounted, as on a machine in doubt: every program runs from it in a root that
//! holds nothing else.

use crate::iso;
use crate::sh::{self, Outcome};
use crate::targets::{TARGETS, Target};
use crate::workspace::PROGRAMS;
use std::path::Path;
use std::process::Command;

/// Where the image is mounted in the empty root.
const MEDIUM: &str = "/medium";

/// Runs programs for aarch64 on any machine this package is for; static itself.
pub(super) const AARCH64: &str = "/usr/bin/qemu-aarch64-static";

/// Why none are run.
pub(super) const NO_AARCH64: &str = "qemu-user-static is not installed";

/// Mounts the image read-only in an empty root with /proc and /dev, and runs every program
/// of every system on it. We are in a mount namespace of our own: it all goes with us.
///
/// # Errors
/// Something cannot be mounted, or a program does not run.
pub(super) fn check(image: &Path, work: &Path) -> Outcome {
    let root = work.join("empty");
    for directory in ["medium", "proc", "dev"] {
        std::fs::create_dir_all(root.join(directory))
            .map_err(|why| format!("{}: {why}", root.display()))?;
    }
    let mount = |words: &[&str], from: &Path, to: &str| {
        sh::run(
            Command::new("mount")
                .args(words)
                .arg(from)
                .arg(root.join(to)),
        )
    };
    if mountable()? {
        mount(&["-o", "loop,ro"], image, "medium")?;
    } else {
        println!(
            "vm: this kernel has no iso9660: files taken out here, the image is mounted by the machines"
        );
        let taken = work.join("taken");
        iso::taken_out(image, &taken)?;
        mount(&["--bind", "-o", "ro"], &taken, "medium")?;
    }
    mount(&["-t", "proc"], Path::new("proc"), "proc")?;
    mount(&["--bind"], Path::new("/dev"), "dev")?;
    for target in &TARGETS {
        let programs = format!("{MEDIUM}/{}", target.name);
        if !root.join(programs.trim_start_matches('/')).is_dir() {
            println!("SKIPPED: {} mounted: it is not on the medium", target.name);
            continue;
        }
        let runner = match runner(target, &root)? {
            Ok(runner) => runner,
            Err(why) => {
                println!("SKIPPED: {} mounted: {why}", target.name);
                continue;
            }
        };
        for program in PROGRAMS {
            let mut run = Command::new("chroot");
            run.arg(&root)
                .args(&runner)
                .arg(format!("{programs}/{program}"));
            let told = sh::output(run.arg("--version"))?;
            if !told.starts_with(program) {
                return Err(format!("{programs}/{program} --version says {told:?}"));
            }
        }
        println!(
            "vm: mounted: all programs of {} run in an empty root",
            target.name
        );
    }
    Ok(())
}

/// Whether this kernel knows the file system of a CD, or can be taught.
fn mountable() -> Outcome<bool> {
    let mut teach = Command::new("modprobe");
    // A kernel without modules has no modprobe either, and may know it all the same.
    let _ = sh::output(teach.args(["-q", "isofs"]));
    let known = std::fs::read_to_string("/proc/filesystems");
    let known = known.map_err(|why| format!("/proc/filesystems: {why}"))?;
    Ok(known.contains("iso9660"))
}

/// What must stand before a program of this system: nothing where this processor runs it,
/// a copy of qemu in the root where not. Otherwise: why it cannot be run.
fn runner(target: &Target, root: &Path) -> Outcome<Result<Vec<String>, &'static str>> {
    match target.name {
        "linux-x86_64" | "linux-i686" => Ok(Ok(Vec::new())),
        "linux-aarch64" => {
            let qemu = Path::new(AARCH64);
            if !qemu.is_file() {
                return Ok(Err(NO_AARCH64));
            }
            std::fs::copy(qemu, root.join("qemu"))
                .map_err(|why| format!("{}: {why}", qemu.display()))?;
            Ok(Ok(vec!["/qemu".into()]))
        }
        _ => Ok(Err("this machine cannot run it")),
    }
}
