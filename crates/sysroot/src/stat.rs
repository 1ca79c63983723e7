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

/// As a process that asks apart tells it.
#[cfg(not(target_os = "illumos"))]
impl Stat {
    /// How long the bytes of one are.
    pub(crate) const BYTES: usize = 64;

    /// What the process that asked says to the one that wanted to know: eight numbers.
    pub(crate) fn to_bytes(self) -> [u8; Stat::BYTES] {
        let numbers = [
            self.device,
            self.inode,
            self.mode.into(),
            self.links,
            self.rdev,
            self.size,
            self.uid.into(),
            self.mount,
        ];
        let mut bytes = [0; Stat::BYTES];
        for (place, number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
            *place = number.to_ne_bytes();
        }
        bytes
    }

    /// The same, read; what is too wide is not from us.
    pub(crate) fn from_bytes(bytes: &[u8; Stat::BYTES]) -> Option<Stat> {
        let mut numbers = bytes.as_chunks().0.iter().copied();
        let mut next = || numbers.next().map(u64::from_ne_bytes);
        Some(Stat {
            device: next()?,
            inode: next()?,
            mode: next()?.try_into().ok()?,
            links: next()?,
            rdev: next()?,
            size: next()?,
            uid: next()?.try_into().ok()?,
            mount: next()?,
        })
    }
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
