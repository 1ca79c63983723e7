//! What the booted machines are asked, and what their answers must hold.

use super::machine::Machine;
use super::mounted;
use crate::sh::{self, Outcome};
use crate::workspace::{self, PROGRAMS};

/// Every machine: the disk is held read-only, refuses a write and is not mounted; the medium
/// is mounted read-only and every file of it is as it should be.
const ALL: &[(&str, &str)] = &[
    ("cat /sys/class/block/vda/ro", "1"),
    ("dd if=/dev/zero of=/dev/vda count=1 2>&1", "not permitted"),
    ("cut -d' ' -f1 /proc/mounts | grep -c vda", "0"),
    ("wc -l < /proc/swaps", "1"),
    ("grep medium /proc/mounts", "iso9660 ro"),
    (
        "/medium/linux-x86_64/rcompare --verify-media; echo left $?",
        "left 0",
    ),
];

/// The trusted scanner: an address, and all five programs, from memory and from the medium.
const SCANNER: &[(&str, &str)] = &[
    ("cat /proc/cmdline", "ip=dhcp"),
    ("ip -4 address", "10.0.2.15"),
    ("/medium/run rnetstat --version", "rnetstat"),
    ("/medium/compat/bin/netstat -tan", "Proto"),
    ("rnetstat -tan", "Proto"),
    ("rlsof -nP -p 1", "COMMAND"),
    ("rfuser -v /init 2>&1; echo left $?", "left"),
    ("rnmap -sT -p 1-100 127.0.0.1", "closed"),
    (
        // Its siblings may be slow here, and what one could not see is then a gap, exit 3.
        "rcompare --deadline 900 --gaps; echo left $?",
        "no open port",
    ),
];

/// Looking at disks: no network; the disk can be mounted, and only read.
const DISKS: &[(&str, &str)] = &[
    ("grep -c ip= /proc/cmdline", "0"),
    ("ip -4 address | grep -c inet", "1"),
    ("look /dev/vda; ls /mnt", "lost+found"),
    ("grep /mnt /proc/mounts", "ro,nosuid,nodev,noexec"),
    ("umount /mnt; look /dev/tty 2>&1", "usage: look"),
    (
        "mount -t ext4 -o rw /dev/vda /mnt; grep -c '^/dev/vda .* rw' /proc/mounts; umount /mnt",
        "0",
    ),
    ("rnetstat -tan", "Proto"),
];

/// An address as `ip=` of the kernel's command line gives one. The line of a running kernel
/// cannot be changed: another is mounted over it.
const FIXED: &str = "echo ip=192.0.2.2::192.0.2.1:255.255.255.0::eth0 >/tmp/cmdline; \
    mount -o bind /tmp/cmdline /proc/cmdline; /etc/network; umount /proc/cmdline; \
    ip -4 address; ip route";

/// What is asked of every machine.
///
/// # Errors
/// An answer is not what it should be.
pub(super) fn all(machine: &mut Machine) -> Outcome {
    ask(machine, ALL)?;
    empty_root(machine, &["linux-x86_64", "linux-i686"], "")
}

/// The scanner's own; its shell began with its address, its disk and what to do.
///
/// # Errors
/// As [`all`].
pub(super) fn scanner(machine: &mut Machine, said: &str) -> Outcome {
    let words = [
        "eth0 10.0.2.15/24",
        "held read-only:   vda ",
        "rcompare judge",
    ];
    says(said, &words)?;
    ask(machine, SCANNER)
}

/// Of the one that looks at disks.
///
/// # Errors
/// As [`all`].
pub(super) fn disks(machine: &mut Machine, _: &str) -> Outcome {
    ask(machine, DISKS)
}

/// Of the one that checks its medium: it said so before its shell came.
///
/// # Errors
/// As [`all`].
pub(super) fn checked(_: &mut Machine, said: &str) -> Outcome {
    says(said, &["(read-only)", "all as they should be", "words "])
}

/// Whether all of this was said.
fn says(said: &str, words: &[&str]) -> Outcome {
    match words.iter().find(|word| !said.contains(**word)) {
        Some(word) => Err(format!("it does not say {word:?}, but:\n{said}")),
        None => Ok(()),
    }
}

/// Of the one without a screen: the kernel spoke, and the network is there.
///
/// # Errors
/// As [`all`].
pub(super) fn serial(machine: &mut Machine, said: &str) -> Outcome {
    if !said.contains("Linux version") {
        return Err(format!("the kernel did not speak:\n{said}"));
    }
    ask(machine, &[("ip -4 address", "10.0.2.15")])?;
    if !sh::installed(mounted::AARCH64) {
        println!("SKIPPED: aarch64 in a machine: {}", mounted::NO_AARCH64);
        return Ok(());
    }
    // Held read-only and mounted so, as whoever looks at a disk would; then copied into memory.
    ask(
        machine,
        &[(
            "look /dev/vda; cp /mnt/qemu /tmp/qemu; umount /mnt; ls /tmp",
            "qemu",
        )],
    )?;
    empty_root(machine, &["linux-aarch64"], "/tmp/qemu")
}

/// The scanner finds what listens on the other machine, and that machine knows who it is.
///
/// # Errors
/// As [`all`].
pub(super) fn wire(scanner: &mut Machine, other: &mut Machine) -> Outcome {
    let given = [
        (FIXED, "192.0.2.2/24"),
        ("ip route", "default via 192.0.2.1"),
        ("httpd -p 4444 -h /tmp; rnetstat -tlnp", ":4444"),
    ];
    ask(other, &given)?;
    let found = [
        (
            "ip address add 192.0.2.1/24 dev eth1; ip link set eth1 up; ip -4 address",
            "192.0.2.1/24",
        ),
        ("rnmap -sT -p 4443-4445 192.0.2.2", "4444/tcp open"),
        ("rnmap -sS -p 4443-4445 192.0.2.2", "4444/tcp open"),
    ];
    ask(scanner, &found)
}

/// The medium mounted again, read-only and by a loop device, in a root that holds nothing
/// else: every program of these systems runs there. What must stand before them is a file of
/// the machine, or nothing.
fn empty_root(machine: &mut Machine, systems: &[&str], runner: &str) -> Outcome {
    let (there, left_out): (Vec<&str>, Vec<&str>) = systems
        .iter()
        .copied()
        .partition(|name| workspace::root().join("dist").join(name).is_dir());
    for name in left_out {
        println!("SKIPPED: {name} in a machine: it is not on the medium");
    }
    let all = there.len() * PROGRAMS.len();
    let (systems, programs) = (there.join(" "), PROGRAMS.join(" "));
    let (copied, before) = match runner {
        "" => (String::new(), ""),
        file => (format!("cp {file} /tmp/e/run;"), "/run"),
    };
    let question = format!(
        "mkdir -p /tmp/e/m /tmp/e/proc /tmp/e/dev; mount -t proc proc /tmp/e/proc; \
         mount -o bind /dev /tmp/e/dev; modprobe loop; {copied} \
         losetup -r /dev/loop0 $(cat /run/medium); \
         mount -t iso9660 -o ro /dev/loop0 /tmp/e/m; n=0; \
         for s in {systems}; do for p in {programs}; do \
         chroot /tmp/e {before} /m/$s/$p --version && n=$((n+1)); done; done; \
         umount /tmp/e/m /tmp/e/dev /tmp/e/proc; losetup -d /dev/loop0; echo ran $n"
    );
    let expected = format!("ran {all}");
    ask(machine, &[(question.as_str(), expected.as_str())])
}

fn ask(machine: &mut Machine, questions: &[(&str, &str)]) -> Outcome {
    for (question, expected) in questions {
        let answer = machine.ask(question)?;
        if !answer.contains(expected) {
            return Err(format!(
                "`{question}` does not say {expected:?}, but:\n{answer}"
            ));
        }
    }
    Ok(())
}
