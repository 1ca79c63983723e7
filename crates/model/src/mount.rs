//! What is mounted where.

/// One mount, as `/proc/PID/mountinfo` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its number: the `mnt_id` of fdinfo and of `statx`.
    pub id: u64,
    /// Device of the file system, `major << 32 | minor`.
    pub device: u64,
    /// Where it is mounted, as seen from the root of the process asked about.
    pub point: Vec<u8>,
    /// Type of the file system.
    pub kind: Vec<u8>,
    /// What is mounted: a device, a server's path, or any word.
    pub source: Vec<u8>,
}

impl Mount {
    /// Whether a question about a file on it may wait for another machine or for a process:
    /// network file systems and those served from user space.
    #[must_use]
    pub fn may_hang(&self) -> bool {
        const FAR: &[&[u8]] = &[
            b"9p",
            b"afs",
            b"ceph",
            b"cifs",
            b"coda",
            b"davfs",
            b"gfs",
            b"gfs2",
            b"glusterfs",
            b"lustre",
            b"ncpfs",
            b"nfs",
            b"nfs4",
            b"ocfs2",
            b"orangefs",
            b"smb3",
            b"smbfs",
            b"virtiofs",
            b"autofs",
        ];
        // `fusectl` is the kernel's own list of such servers.
        let served = self.kind.starts_with(b"fuse") && self.kind != b"fusectl";
        served || FAR.contains(&self.kind.as_slice())
    }

    /// Whether it is one lsof's `-N` means.
    #[must_use]
    pub fn is_nfs(&self) -> bool {
        matches!(self.kind.as_slice(), b"nfs" | b"nfs4")
    }
}

/// Whether looking up a path may hang: what lies below such a mount is reached through it,
/// whatever else is mounted there.
#[must_use]
pub fn path_may_hang(mounts: &[Mount], path: &[u8]) -> bool {
    let mut far = mounts.iter().filter(|mount| mount.may_hang());
    far.any(|mount| lies_below(&mount.point, path))
}

/// Whether a path is a mount point or lies below it.
#[must_use]
pub fn lies_below(point: &[u8], path: &[u8]) -> bool {
    match path.strip_prefix(point) {
        Some(rest) => point == b"/" || rest.is_empty() || rest.starts_with(b"/"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(kind: &str, point: &str) -> Mount {
        Mount {
            id: 1,
            device: 1,
            point: point.into(),
            kind: kind.into(),
            source: Vec::new(),
        }
    }

    #[test]
    fn what_is_reached_through_another_machine_may_hang() {
        let mounts = [
            mount("ext4", "/"),
            mount("nfs4", "/far"),
            mount("tmpfs", "/far/near"),
            mount("fusectl", "/sys/fs/fuse/connections"),
            mount("fuse.sshfs", "/home/a"),
            mount("fuseblk", "/disk"),
        ];
        for (path, hangs) in [
            ("/", false),
            ("/far", true),
            ("/far/near/file", true),
            ("/farther", false),
            ("/sys/fs/fuse/connections/7", false),
            ("/home/a/b", true),
            ("/home/ab", false),
            ("/disk/c", true),
        ] {
            assert_eq!(path_may_hang(&mounts, path.as_bytes()), hangs, "{path}");
        }
        assert!(path_may_hang(&[mount("9p", "/")], b"/etc/passwd"));
    }
}
