//! Which mounts in `/proc` are of everyday use, and which stand before sockets or processes.

use super::mounts::{rows, unescape};
use super::text::{Words, split_once};
use model::Gaps;

/// A row of mountinfo, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What of the file system is mounted: a path in it.
    pub root: Vec<u8>,
    /// Where, as seen from the root of the process asked about.
    pub point: Vec<u8>,
    /// Type of the file system.
    pub kind: Vec<u8>,
    /// Options of the file system, between commas.
    pub options: Vec<u8>,
}

/// Reads a mountinfo. A bad row becomes a gap; the other rows stand.
#[must_use]
pub fn mountinfo(text: &[u8], place: &str) -> (Vec<Row>, Gaps) {
    rows(text, place, 0, "not a mount", row)
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn row(line: &[u8]) -> Option<Row> {
    let mut words = Words::new(line);
    let root = unescape(words.nth(3)?);
    let point = unescape(words.next()?);
    // Any number of optional fields, ended by a lone hyphen.
    words.by_ref().find(|word| word == b"-")?;
    let kind = unescape(words.next()?);
    let options = words.nth(1).unwrap_or_default().to_vec();
    Some(Row {
        root,
        point,
        kind,
        options,
    })
}

/// What a mount in `/proc` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It stands before the socket tables or a process.
    Suspicious,
    /// It is of everyday use, for this reason.
    Benign(&'static str),
}

/// A row: places below `/proc`, types of file systems (none is any), reason.
type Known = (
    &'static [&'static [u8]],
    &'static [&'static [u8]],
    &'static str,
);

/// Mounts people meet every day.
const BENIGN: &[Known] = &[
    (
        &[
            b"cpuinfo",
            b"meminfo",
            b"stat",
            b"uptime",
            b"swaps",
            b"loadavg",
            b"diskstats",
            b"slabinfo",
            b"pressure",
        ],
        &[b"fuse.lxcfs"],
        "lxcfs shows a container its own share of the machine",
    ),
    (
        &[
            b"acpi",
            b"asound",
            b"interrupts",
            b"kallsyms",
            b"kcore",
            b"keys",
            b"kmsg",
            b"latency_stats",
            b"sched_debug",
            b"scsi",
            b"timer_list",
            b"timer_stats",
        ],
        &[b"tmpfs", b"devtmpfs"],
        "container runtimes and systemd hide it from what they confine",
    ),
    (
        &[b"bus", b"fs", b"irq", b"sys", b"sysrq-trigger"],
        &[b"proc"],
        "container runtimes and systemd mount it again, read-only",
    ),
    (
        &[b"sys/fs/binfmt_misc"],
        &[b"binfmt_misc", b"autofs"],
        "the kernel's own file system for foreign binaries",
    ),
    (
        &[b"sys/kernel/random/boot_id"],
        &[],
        "containers have a boot id of their own",
    ),
    (
        &[b"fs/nfsd"],
        &[b"nfsd"],
        "the NFS server's own file system",
    ),
    (&[b"xen"], &[b"xenfs"], "Xen's own file system"),
    (
        &[b""],
        &[b"proc"],
        "a procfs, as on every system and in every container",
    ),
];

/// Judges a mount by its place and type; none where it is not in `/proc`.
#[must_use]
pub fn standing(point: &[u8], kind: &[u8]) -> Option<Standing> {
    let below = match point.strip_prefix(b"/proc") {
        Some([]) => &b""[..],
        Some([b'/', below @ ..]) => below,
        _ => return None,
    };
    let known = BENIGN
        .iter()
        .find(|row| row.0.contains(&below) && (row.1.is_empty() || row.1.contains(&kind)));
    let first = split_once(below, b'/').map_or(below, |(first, _)| first);
    Some(match known {
        Some(row) => Standing::Benign(row.2),
        None if stands_before(first) => Standing::Suspicious,
        None => Standing::Benign("no place that sockets or processes are read from"),
    })
}

/// Whether sockets or processes are read from below this name. The name of `/proc` itself is
/// empty, and only a procfs belongs there.
fn stands_before(first: &[u8]) -> bool {
    matches!(
        first,
        b"" | b"net" | b"self" | b"thread-self" | b"mounts" | b"modules" | b"kallsyms"
    ) || first.iter().all(u8::is_ascii_digit)
}

/// The value of `hidepid` among a procfs' options, where it hides anything.
#[must_use]
pub fn hidepid(options: &[u8]) -> Option<&[u8]> {
    options
        .split(|&byte| byte == b',')
        .find_map(|option| option.strip_prefix(b"hidepid="))
        .filter(|value| !matches!(*value, b"0" | b"off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(point: &str, kind: &str, suspicious: Option<bool>) {
        let standing = standing(point.as_bytes(), kind.as_bytes());
        let said = standing.map(|standing| standing == Standing::Suspicious);
        assert_eq!(said, suspicious, "{point} {kind}");
    }

    #[test]
    fn everyday_mounts_and_others() {
        for (point, kind) in [
            ("/proc", "proc"),
            ("/proc/cpuinfo", "fuse.lxcfs"),
            ("/proc/kcore", "devtmpfs"),
            ("/proc/sys", "proc"),
            ("/proc/sys/fs/binfmt_misc", "autofs"),
            ("/proc/sys/kernel/random/boot_id", "tmpfs"),
            ("/proc/uptime", "ext4"),
        ] {
            check(point, kind, Some(false));
        }
        for (point, kind) in [
            ("/proc", "tmpfs"),
            ("/proc/net", "ext4"),
            ("/proc/net/tcp", "tmpfs"),
            ("/proc/812", "tmpfs"),
            ("/proc/812", "proc"),
            ("/proc/812/net", "fuse.lxcfs"),
            ("/proc/self", "proc"),
        ] {
            check(point, kind, Some(true));
        }
        for point in ["/", "/procs", "/process/net", "/mnt/proc/net", ""] {
            check(point, "proc", None);
        }
    }

    #[test]
    fn rows_of_mountinfo() {
        let text = b"22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw,hidepid=2\nx\n";
        let (rows, gaps) = mountinfo(text, "mountinfo");
        assert_eq!((rows.len(), gaps.len()), (1, 1));
        let row = &rows[0];
        assert_eq!(
            (&row.point[..], &row.kind[..]),
            (&b"/proc"[..], &b"proc"[..])
        );
        assert_eq!(
            (&row.root[..], hidepid(&row.options)),
            (&b"/"[..], Some(&b"2"[..]))
        );
    }

    #[test]
    fn hidden_pids() {
        assert_eq!(
            hidepid(b"rw,gid=4,hidepid=invisible"),
            Some(&b"invisible"[..])
        );
        assert_eq!(hidepid(b"rw,hidepid=0"), None);
        assert_eq!(hidepid(b"rw"), None);
    }
}
