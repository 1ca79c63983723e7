//! `cargo xtask vm`: mounts the medium as a machine in doubt would, boots it in QEMU in
//! each way a machine may, by each entry of its menu, and does there what an investigator
//! does. Two machines run at a time, with a wire between them.

pub(crate) mod kernel;
mod machine;
mod mounted;
mod questions;

use crate::sh::{self, Outcome};
use crate::{dist, iso, sums, workspace};
use machine::Machine;
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
    /// The key that chooses an entry of the menu.
    pub key: &'static str,
    /// Its network cards.
    pub cards: &'static [&'static str],
}

/// UEFI firmware of the package `ovmf`.
pub(crate) const UEFI: &str = "/usr/share/ovmf/OVMF.fd";

/// A network with a DHCP server, which leads nowhere.
const NETWORK: &str = "user,restrict=on,model=virtio-net-pci";

/// Bytes of a disk.
const DISK: usize = 40 << 20;

/// The two ends of the wire. Our loopback is that of a namespace of our own.
const WIRE: [&str; 2] = [
    "socket,listen=127.0.0.1:7777,model=virtio-net-pci",
    "socket,connect=127.0.0.1:7777,model=virtio-net-pci",
];

/// The trusted scanner.
const SCANNER: Way = Way {
    name: "BIOS, CD",
    firmware: &[],
    cd: true,
    key: "t",
    cards: &[NETWORK, WIRE[0]],
};

/// The machine it scans, booted to look at its disks.
const OTHER: Way = Way {
    name: "BIOS, stick",
    firmware: &[],
    cd: false,
    key: "d",
    cards: &[WIRE[1]],
};

/// One that checks its medium.
const CHECKED: Way = Way {
    name: "UEFI, CD",
    firmware: &["-bios", UEFI],
    cd: true,
    key: "m",
    cards: &[NETWORK],
};

/// One without a screen.
const SERIAL: Way = Way {
    name: "UEFI, stick",
    firmware: &["-bios", UEFI],
    cd: false,
    key: "s",
    cards: &[NETWORK],
};

/// Makes the image and boots it in every way.
///
/// # Errors
/// The first thing that is not as it should be.
pub(crate) fn run() -> Outcome {
    iso::run()?;
    boot(&iso::path())
}

/// Boots an image.
///
/// # Errors
/// As [`run`].
pub(crate) fn boot(image: &Path) -> Outcome {
    for (needed, package) in [("qemu-system-x86_64", "qemu-system-x86"), (UEFI, "ovmf")] {
        if !sh::installed(needed) {
            return Err(format!(
                "{needed} is not installed: apt-get install {package}"
            ));
        }
    }
    let own = dist::own_program()?;
    // A network of its own: the machines reach each other there, and nothing else.
    let mut stage = Command::new("unshare");
    stage.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    sh::run(stage.arg(own).args(["vm", "staged"]).arg(image))
}

/// Boots, inside the namespaces.
///
/// # Errors
/// As [`run`].
pub(crate) fn staged(image: &str) -> Outcome {
    sh::run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let image = Path::new(image);
    let told = workspace::metadata(&["--no-deps"])?;
    let media = PathBuf::from(workspace::text(&told, "target_directory")).join("media");
    mounted::check(image, &media)?;
    let start = |way: &'static Way| Booted::start(way, image, &media);

    let mut scanner = start(&SCANNER)?;
    let mut other = start(&OTHER)?;
    scanner.ready(questions::scanner)?;
    other.ready(questions::disks)?;
    questions::wire(&mut scanner.machine, &mut other.machine)?;
    scanner.off()?;
    other.off()?;

    let mut checked = start(&CHECKED)?;
    let mut serial = start(&SERIAL)?;
    checked.ready(questions::checked)?;
    serial.ready(questions::serial)?;
    checked.off()?;
    serial.off()
}

/// A machine with a disk that must not be written.
struct Booted {
    way: &'static Way,
    machine: Machine,
    disk: PathBuf,
    before: String,
}

impl Booted {
    fn start(way: &'static Way, image: &Path, media: &Path) -> Outcome<Booted> {
        let name = way.name.replace(", ", "-");
        let disk = disk(&media.join(format!("disk-{name}.img")))?;
        let log = media.join(format!("serial-{name}.log"));
        let before = sum(&disk)?;
        // The menu waits ten seconds: it is answered before another machine is started.
        let mut machine = Machine::start(way, image, &disk, log)?;
        machine
            .choose(way.key)
            .map_err(|why| format!("{}: {why}", way.name))?;
        Ok(Booted {
            machine,
            before,
            disk,
            way,
        })
    }

    /// Waits for the shell, and asks what every machine is
    /// asked; then what this one is asked, which is given what it said until its shell came.
    fn ready(&mut self, own: impl FnOnce(&mut Machine, &str) -> Outcome) -> Outcome {
        eprintln!("==== {} ====", self.way.name);
        let machine = &mut self.machine;
        let asked = machine.expect("concord# ").and_then(|said| {
            machine.take_over()?;
            questions::all(machine)?;
            own(machine, &said)
        });
        asked.map_err(|why| format!("{}: {why}", self.way.name))
    }

    /// Switches off, and looks at the disk.
    fn off(mut self) -> Outcome {
        let named = |why: String| format!("{}: {why}", self.way.name);
        self.machine.power_off().map_err(named)?;
        if sum(&self.disk)? != self.before {
            return Err(named("the disk was written".into()));
        }
        println!("vm: {}: good; the disk is untouched", self.way.name);
        Ok(())
    }
}

/// A disk a careless system would mount, and write to. What runs programs for aarch64 lies
/// on it, where there is such a thing: no machine has it of itself.
fn disk(disk: &Path) -> Outcome<PathBuf> {
    let failed = |why: std::io::Error| format!("{}: {why}", disk.display());
    let pattern: Vec<u8> = (0..=250).cycle().take(DISK).collect();
    std::fs::write(disk, pattern).map_err(failed)?;
    let files = disk.with_extension("files");
    std::fs::create_dir_all(&files).map_err(failed)?;
    if sh::installed(mounted::AARCH64) {
        std::fs::copy(mounted::AARCH64, files.join("qemu")).map_err(failed)?;
    }
    let mut make = Command::new("mke2fs");
    make.args(["-q", "-F", "-t", "ext4", "-d"]).arg(&files);
    sh::run(make.arg(disk))?;
    Ok(disk.to_owned())
}

fn sum(file: &Path) -> Outcome<String> {
    let bytes = std::fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
    Ok(sums::of(&bytes))
}
