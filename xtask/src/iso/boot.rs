//! The boot loader: GRUB for BIOS and for UEFI, made from pinned modules.

use super::system::{read, write};
use crate::sh::{self, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Built into both: reads the medium, shows the menu, starts Linux.
const MODULES: &[&str] = &[
    "configfile",
    "echo",
    "iso9660",
    "linux",
    "ls",
    "minicmd",
    "normal",
    "part_gpt",
    "part_msdos",
    "reboot",
    "search",
    "search_label",
    "serial",
    "sleep",
    "terminal",
    "test",
];

/// Found by the name of the file system, wherever the firmware put the medium.
const FIRST: &str = "search --no-floppy --label CONCORD --set=root\n\
    set prefix=($root)/boot/grub\n\
    configfile ($root)/boot/grub/grub.cfg\n";

/// The three parts of the boot loader on the medium.
pub(super) struct Loader {
    /// What a BIOS loads from a CD (El Torito, no emulation).
    pub bios: PathBuf,
    /// The master boot record for a stick.
    pub record: PathBuf,
    /// A FAT image with the UEFI program.
    pub uefi: PathBuf,
}

/// Makes them in `work` from the unpacked packages.
///
/// # Errors
/// A tool or a package lacks something.
pub(super) fn loader(pc: &Path, efi: &Path, work: &Path, time: u32) -> Outcome<Loader> {
    let first = work.join("first.cfg");
    write(&first, FIRST.as_bytes())?;
    let pc = pc.join("usr/lib/grub/i386-pc");
    let bios = work.join("eltorito.img");
    image("i386-pc-eltorito", &pc, &["biosdisk"], &first, &bios)?;
    let program = work.join("bootx64.efi");
    let efi = efi.join("usr/lib/grub/x86_64-efi");
    image(
        "x86_64-efi",
        &efi,
        &["efi_gop", "fat", "all_video"],
        &first,
        &program,
    )?;
    let uefi = work.join("efi.img");
    fat(&uefi, &program, time)?;
    Ok(Loader {
        bios,
        record: pc.join("boot_hybrid.img"),
        uefi,
    })
}

fn image(format: &str, from: &Path, more: &[&str], first: &Path, to: &Path) -> Outcome {
    let mut make = Command::new("grub-mkimage");
    make.args(["-O", format, "-p", "/boot/grub", "-d"])
        .arg(from);
    make.arg("-c").arg(first).arg("-o").arg(to);
    sh::run(make.args(MODULES).args(more))
}

/// A FAT file system with the program where firmware looks for it. Its times come from
/// the environment and its serial number is fixed.
fn fat(image: &Path, program: &Path, time: u32) -> Outcome {
    let kib = read(program)?.len().div_ceil(1024).next_multiple_of(1024) + 1024;
    write(image, &vec![0; kib * 1024])?;
    let tool = |name: &str| {
        let mut tool = Command::new(name);
        tool.env("SOURCE_DATE_EPOCH", time.to_string())
            .env("TZ", "UTC");
        tool.arg("-i").arg(image);
        tool
    };
    let sectors = (kib * 2).to_string();
    sh::run(tool("mformat").args([
        "-T", &sectors, "-h", "2", "-s", "18", "-N", "C04C0BD1", "::",
    ]))?;
    sh::run(tool("mmd").args(["::/EFI", "::/EFI/BOOT"]))?;
    sh::run(tool("mcopy").arg(program).arg("::/EFI/BOOT/BOOTX64.EFI"))
}
