//! `cargo xtask vm`: mounts the medium as a machine in doubt would, boots it in QEMU in
//! each way a machine may, and does there what an investigator does.

mod machine;
mod mounted;

use crate::sh::{self, Outcome};
use crate::{iso, sums, workspace};
use machine::Machine;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A way to boot.
pub(crate) struct Way {
    /// What we call it.
    pub name: &'static str,
    /// What QEMU is given besides the image.
    pub firmware: &'static [&'static str],
    /// The image is a CD, not a stick.
    pub cd: bool,
}

/// UEFI firmware of the package `ovmf`.
pub(crate) const UEFI: &str = "/usr/share/ovmf/OVMF.fd";

const WAYS: &[Way] = &[
    Way {
        name: "BIOS, CD",
        firmware: &[],
        cd: true,
    },
    Way {
        name: "UEFI, CD",
        firmware: &["-bios", UEFI],
        cd: true,
    },
    Way {
        name: "BIOS, stick",
        firmware: &[],
        cd: false,
    },
];

/// Where something listens for the guest to find; QEMU shows our loopback as 10.0.2.2.
const PORT: u16 = 7777;

/// Makes the image and boots it in every way.
///
/// # Errors
/// The first thing that is not as it should be.
pub(crate) fn run() -> Outcome {
    iso::run()?;
    boot()
}

/// Boots the image that is there.
///
/// # Errors
/// As [`run`].
pub(crate) fn boot() -> Outcome {
    for (needed, package) in [("qemu-system-x86_64", "qemu-system-x86"), (UEFI, "ovmf")] {
        if !sh::installed(needed) {
            return Err(format!(
                "{needed} is not installed: apt-get install {package}"
            ));
        }
    }
    let own = std::env::current_exe().map_err(|why| format!("this program: {why}"))?;
    // A network of its own: the guest reaches what we listen on there, and nothing else.
    let mut stage = Command::new("unshare");
    stage.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    sh::run(stage.arg(own).args(["vm", "staged"]))
}

/// Boots, inside the namespaces.
///
/// # Errors
/// As [`run`].
#[expect(
    clippy::disallowed_types,
    reason = "something must listen for the guest to find; the network is ours alone"
)]
pub(crate) fn staged() -> Outcome {
    sh::run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let _listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, PORT))
        .map_err(|why| format!("port {PORT}: {why}"))?;
    let told = workspace::metadata(&["--no-deps"])?;
    let media = PathBuf::from(workspace::text(&told, "target_directory")).join("media");
    mounted::check(&iso::path(), &media)?;
    let disk = disk(&media)?;
    let before = sum(&disk)?;
    for way in WAYS {
        eprintln!("==== {} ====", way.name);
        let log = media.join(format!("serial-{}.log", way.name.replace(", ", "-")));
        let mut machine = Machine::start(way, &iso::path(), &disk, log)?;
        investigate(&mut machine).map_err(|why| format!("{}: {why}", way.name))?;
        if sum(&disk)? != before {
            return Err(format!("{}: the disk was written", way.name));
        }
        println!("vm: {}: good; the disk is untouched", way.name);
    }
    Ok(())
}

/// What is done on the booted machine: each question, and what the answer must hold.
const QUESTIONS: &[(&str, &str)] = &[
    ("cat /sys/class/block/vda/ro", "1"),
    ("dd if=/dev/zero of=/dev/vda count=1 2>&1", "not permitted"),
    ("cut -d' ' -f1 /proc/mounts | grep -c vda", "0"),
    ("grep medium /proc/mounts", "iso9660 ro"),
    (
        "cd /medium && sha256sum -c SHA256SUMS >/tmp/sums && echo all good",
        "all good",
    ),
    ("cd /; ip -4 address", "10.0.2.15"),
    ("/medium/run rnetstat --version", "rnetstat"),
    (
        "for p in /medium/linux-x86_64/*; do $p --version || echo BAD; done",
        "rcompare",
    ),
    ("/medium/compat/bin/netstat -tan", "Proto"),
    ("rnetstat -tan", "Proto"),
    ("rlsof -nP -p 1", "COMMAND"),
    ("rfuser -v /init 2>&1; echo left $?", "left"),
    ("rnmap -sT -p 7776-7778 10.0.2.2", "7777/tcp open"),
    (
        "rcompare >/tmp/report 2>&1; echo left $?; cat /tmp/report",
        "left",
    ),
];

fn investigate(machine: &mut Machine) -> Outcome {
    machine.expect("concord# ")?;
    machine.take_over()?;
    for (question, expected) in QUESTIONS {
        let answer = machine.ask(question)?;
        if !answer.contains(expected) {
            return Err(format!(
                "`{question}` does not say {expected:?}, but:\n{answer}"
            ));
        }
    }
    machine.power_off()
}

/// A disk a careless system would mount, and write to.
fn disk(media: &Path) -> Outcome<PathBuf> {
    let disk = media.join("disk.img");
    let pattern: Vec<u8> = (0..=250).cycle().take(16 << 20).collect();
    std::fs::write(&disk, pattern).map_err(|why| format!("{}: {why}", disk.display()))?;
    sh::run(
        Command::new("mke2fs")
            .args(["-q", "-F", "-t", "ext4"])
            .arg(&disk),
    )?;
    Ok(disk)
}

fn sum(file: &Path) -> Outcome<String> {
    let bytes = std::fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
    Ok(sums::of(&bytes))
}
