//! What a file is.

/// What `statx(2)` tells of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Device of the file system, `major << 32 | minor`.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Type and permissions, as `st_mode`.
    pub mode: u32,
    /// Number of links.
    pub links: u64,
    /// Device a device file stands for, `major << 32 | minor`.
    pub rdev: u64,
    /// Size in bytes.
    pub size: u64,
    /// Owner.
    pub uid: u32,
    /// Mount it was reached by; 0 where the kernel does not tell (before 5.8).
    pub mount: u64,
}

impl Stat {
    /// One line of a recording's `stats`: eight numbers.
    pub(crate) fn to_line(self) -> String {
        let Stat {
            device,
            inode,
            mode,
            links,
            rdev,
            size,
            uid,
            mount,
        } = self;
        format!("{device} {inode} {mode} {links} {rdev} {size} {uid} {mount}")
    }

    pub(crate) fn from_line(line: &str) -> Option<Stat> {
        let mut words = line.split(' ');
        let stat = Stat {
            device: words.next()?.parse().ok()?,
            inode: words.next()?.parse().ok()?,
            mode: words.next()?.parse().ok()?,
            links: words.next()?.parse().ok()?,
            rdev: words.next()?.parse().ok()?,
            size: words.next()?.parse().ok()?,
            uid: words.next()?.parse().ok()?,
            mount: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(stat)
    }
}
