//! Asks what stands at `/proc` who it is.

use super::processes::LISTING;
use super::{order, private};
use crate::parse::proc_mounts::{self, Standing, hidepid, standing};
use crate::parse::text::decimal32;
use crate::parse::{stat, statmount};
use crate::sys;
use model::procfs::{ProcIdentity, ProcMount, ProcSign};
use model::{Foreign, Gap, Gaps, Pid};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use sysroot::Sysroot;

/// `PROC_SUPER_MAGIC` (`include/uapi/linux/magic.h`).
const PROCFS: u64 = 0x9fa0;

/// Places whose footing is looked at: whatever sockets and processes are read from.
const PLACES: &[&str] = &[
    "/proc",
    "/proc/net",
    "/proc/net/tcp",
    "/proc/net/tcp6",
    "/proc/net/udp",
    "/proc/net/udp6",
    "/proc/self",
    "/proc/self/fd",
    "/proc/self/net",
    "/proc/self/net/tcp",
    "/proc/thread-self/net/tcp",
];

/// Ways to one table. Through all of them it must be one file.
const WAYS: &[&str] = &[
    "/proc/thread-self/net/tcp",
    "/proc/self/net/tcp",
    "/proc/net/tcp",
];

/// A listing and a directory that differ once may have changed in between; a difference is
/// told only if it is found this often in a row.
const TRIES: usize = 3;

/// Mounts in one namespace, at most.
const MOUNTS_MAX: usize = 1 << 16;

/// Looks for signs that `/proc` is not the kernel's word. Places that cannot be asked become
/// gaps; what the kernel has no way to tell is left out.
#[must_use]
pub fn identity(root: &Sysroot) -> (ProcIdentity, Gaps) {
    let (mut identity, mut gaps) = (ProcIdentity::default(), Gaps::new());
    footing(root, &mut identity.signs, &mut gaps);
    ways(root, &mut identity.signs, &mut gaps);
    own(root, &mut identity.signs);
    let mut mounts = Vec::new();
    identity.by_statmount = by_statmount(root, &mut mounts, &mut gaps);
    let own_mounts = root.read("/proc/self/mountinfo").unwrap_or_default();
    identity.hidepid = hidden(&own_mounts);
    // A process that something stands before has its mounts all the same.
    let reader = private::private(root).map_or_else(|_| root.clone(), |private| private.root);
    identity.namespaces = by_mountinfo(&reader, &mut mounts, &mut gaps);
    mounts.sort_unstable();
    mounts.dedup();
    for mount in mounts {
        match &mount.reason {
            Some(_) => identity.benign.push(mount),
            None => identity.signs.push(ProcSign::Mounted(mount)),
        }
    }
    identity.processes = processes(root, &mut identity.signs, &mut gaps);
    identity.signs.sort_unstable();
    identity.signs.dedup();
    (identity, gaps)
}

fn footing(root: &Sysroot, signs: &mut Vec<ProcSign>, gaps: &mut Gaps) {
    for &place in PLACES {
        match root.footing(place) {
            Ok(footing) => {
                let place = place.to_owned();
                if footing.magic != PROCFS {
                    let magic = footing.magic;
                    signs.push(ProcSign::NotProcfs {
                        place: place.clone(),
                        magic,
                    });
                }
                if footing.crosses == Some(true) {
                    signs.push(ProcSign::Crossing { place });
                }
            }
            // A kernel without IPv6 has no such tables.
            Err(error) if error.kind() == io::ErrorKind::NotFound && place.ends_with('6') => {}
            Err(error) => gaps.push(Gap::io(place, &error)),
        }
    }
}

fn ways(root: &Sysroot, signs: &mut Vec<ProcSign>, gaps: &mut Gaps) {
    let mut first = None;
    for &place in WAYS {
        match root.stat(place) {
            Ok(stat) => {
                let file = (stat.device, stat.inode);
                let (other, known) = *first.get_or_insert((place, file));
                if known != file {
                    signs.push(ProcSign::NetDiffers {
                        place: place.to_owned(),
                        other: other.to_owned(),
                    });
                }
            }
            Err(error) => gaps.push(Gap::io(place, &error)),
        }
    }
}

/// `/proc/self` must lead to this process: it does not in the procfs of another pid namespace.
fn own(root: &Sysroot, signs: &mut Vec<ProcSign>) {
    let mut pid = None;
    let ask = |sink: &mut dyn FnMut(&[u8])| {
        sink(std::process::id().to_string().as_bytes());
        Ok(())
    };
    let asked = root.answer("getpid", ask, &mut |text| pid = decimal32(text));
    if let (Ok(()), Some(pid)) = (asked, pid) {
        let link = root.link("/proc/self").ok();
        if link.as_deref().and_then(decimal32) != Some(pid) {
            signs.push(ProcSign::SelfElsewhere {
                pid: Pid(pid),
                link: link.map(Foreign::from),
            });
        }
    }
}

fn mount(point: &[u8], kind: &[u8], root: &[u8], seen_by: Option<Pid>) -> Option<ProcMount> {
    let reason = match standing(point, kind)? {
        Standing::Suspicious => None,
        Standing::Benign(reason) => Some(reason.to_owned()),
    };
    Some(ProcMount {
        point: point.into(),
        kind: kind.into(),
        root: root.into(),
        seen_by,
        reason,
    })
}

/// The mounts of our own namespace, asked without any procfs; false before Linux 6.8.
fn by_statmount(root: &Sysroot, found: &mut Vec<ProcMount>, gaps: &mut Gaps) -> bool {
    const PLACE: &str = "statmount";
    let mut told = Vec::new();
    let asked = root.answer(PLACE, ask_mounts, &mut |chunk| {
        told.extend_from_slice(chunk);
    });
    match asked {
        Ok(()) => {
            let (mounts, bad) = statmount::mounts(&told, order(root), PLACE);
            found.extend(
                mounts
                    .iter()
                    .filter_map(|it| mount(&it.point, &it.kind, &it.root, None)),
            );
            gaps.extend(bad);
            true
        }
        Err(error) => {
            if error.raw_os_error() != Some(libc::ENOSYS) {
                gaps.push(Gap::io(PLACE, &error));
            }
            false
        }
    }
}

fn ask_mounts(sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut ids = [0u64; 512];
    let mut buffer = vec![0u8; 16 << 10];
    let (mut last, mut seen) = (0, 0);
    while seen < MOUNTS_MAX {
        let count = sys::listmount(last, &mut ids)?;
        let ids = ids.get(..count).unwrap_or_default();
        let Some(&newest) = ids.last() else { break };
        for &id in ids {
            match sys::statmount(id, statmount::MASK, &mut buffer) {
                Ok(()) => {
                    let length = buffer
                        .first_chunk()
                        .map_or(0, |word| u32::from_ne_bytes(*word));
                    let length = usize::try_from(length).unwrap_or(0);
                    sink(buffer.get(..length).unwrap_or_default());
                }
                // Unmounted meanwhile, or outside our root.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EPERM)) => {}
                Err(error) => return Err(error),
            }
        }
        (last, seen) = (newest, seen + count);
    }
    Ok(())
}

/// The mounts of every mount namespace a process is in; gives the number of namespaces.
/// What mountinfo shows ends at the process' root, so each root is looked at.
fn by_mountinfo(root: &Sysroot, found: &mut Vec<ProcMount>, gaps: &mut Gaps) -> u64 {
    let mut seen = BTreeSet::new();
    let mut namespaces = BTreeSet::new();
    let pids = super::processes::pids(root, gaps);
    for pid in pids {
        let namespace = root.link(format!("/proc/{pid}/ns/mnt"));
        let top = root.link(format!("/proc/{pid}/root"));
        // Threads of the kernel, and those we may not ask, have no links for us.
        let (Ok(namespace), Ok(top)) = (namespace, top) else {
            continue;
        };
        namespaces.insert(namespace.clone());
        if !seen.insert((namespace, top)) {
            continue;
        }
        let place = format!("/proc/{pid}/mountinfo");
        match root.read(&place) {
            Ok(text) => {
                let (mounts, bad) = proc_mounts::mountinfo(&text, &place);
                found.extend(
                    mounts
                        .iter()
                        .filter_map(|it| mount(&it.point, &it.kind, &it.root, Some(pid))),
                );
                gaps.extend(bad);
            }
            Err(error) if super::processes::is_gone(&error) => {}
            Err(error) => gaps.push(Gap::io(place, &error)),
        }
    }
    u64::try_from(namespaces.len()).unwrap_or(u64::MAX)
}

/// What the `/proc` we see hides; the last mount there is on top.
fn hidden(mountinfo: &[u8]) -> Option<Foreign> {
    let (mounts, _) = proc_mounts::mountinfo(mountinfo, "/proc/self/mountinfo");
    let top = mounts.iter().rev().find(|mount| mount.point == b"/proc")?;
    hidepid(&top.options).map(Foreign::from)
}

/// Compares each listed process with its directory; gives how many were compared.
fn processes(root: &Sysroot, signs: &mut Vec<ProcSign>, gaps: &mut Gaps) -> u64 {
    let mut found: Option<BTreeSet<ProcSign>> = None;
    let mut count = 0;
    for _ in 0..TRIES {
        let Some((now, compared)) = compare(root, gaps) else {
            return count;
        };
        count = compared;
        found = Some(match found {
            Some(before) => before.into_iter().filter(|it| again(it, &now)).collect(),
            None => now,
        });
        if found.as_ref().is_some_and(BTreeSet::is_empty) {
            break;
        }
    }
    signs.extend(found.into_iter().flatten());
    count
}

/// Whether a sign was found again. Inode numbers may change from one look to the next.
fn again(sign: &ProcSign, now: &BTreeSet<ProcSign>) -> bool {
    match sign {
        ProcSign::OtherInode { pid, .. } => now
            .iter()
            .any(|it| matches!(it, ProcSign::OtherInode { pid: other, .. } if other == pid)),
        sign => now.contains(sign),
    }
}

fn compare(root: &Sysroot, gaps: &mut Gaps) -> Option<(BTreeSet<ProcSign>, u64)> {
    let mut listed = BTreeMap::new();
    let read = root.dir("/proc").and_then(|proc| {
        proc.entries(&mut vec![0; LISTING], &mut |entry| {
            listed.extend(entry.number().map(|pid| (Pid(pid), entry.inode)));
        })
    });
    if let Err(error) = read {
        gaps.push(Gap::io("/proc", &error));
        return None;
    }
    let mut signs = BTreeSet::new();
    let mut directories = BTreeMap::new();
    let mut compared = 0;
    for (&pid, &inode) in &listed {
        let Ok(found) = root.stat(format!("/proc/{pid}")) else {
            continue;
        };
        compared += 1;
        // A recording does not keep the numbers of listings.
        if root.is_live() && found.inode != inode {
            signs.insert(ProcSign::OtherInode {
                pid,
                listed: inode,
                found: found.inode,
            });
        }
        if let Some(other) = directories.insert((found.device, found.inode), pid) {
            signs.insert(ProcSign::SameDirectory { pid, other });
        }
        let says = match root.read(format!("/proc/{pid}/stat")) {
            Ok(text) => stat::stat(&text).map(|stat| stat.id.pid),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => continue,
            // Without the file it is no process; one that has ended is not listed again.
            Err(_) => None,
        };
        if says != Some(pid) {
            signs.insert(ProcSign::OtherPid { pid, says });
        }
    }
    Some((signs, compared))
}
