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
        self.kind.starts_with(b"fuse") || FAR.contains(&self.kind.as_slice())
    }

    /// Whether it is one lsof's `-N` means.
    #[must_use]
    pub fn is_nfs(&self) -> bool {
        matches!(self.kind.as_slice(), b"nfs" | b"nfs4")
    }
}
