//! Numbers and structures of one kernel in terms of the other.

use std::net::{IpAddr, SocketAddr};

/// A Linux error number as Solaris counts.
pub(crate) fn errno(linux: i32) -> i32 {
    match linux {
        libc::EDEADLK => 45,
        libc::ENAMETOOLONG => 78,
        libc::ENOLCK => 46,
        libc::ENOSYS => 89,
        libc::ENOTEMPTY => 93,
        libc::ELOOP => 90,
        libc::EOVERFLOW => 79,
        88..=92 => linux + 7,
        93..=107 => linux + 27,
        108..=116 => linux + 35,
        _ => linux,
    }
}

/// The error number of a failed call here.
pub(crate) fn error(error: &std::io::Error) -> i32 {
    errno(error.raw_os_error().unwrap_or(libc::EIO))
}

/// Flags of `open(2)`: Solaris's bit, ours.
const OPEN: [(u64, i32); 9] = [
    (0x8, libc::O_APPEND),
    (0x10, libc::O_SYNC),
    (0x40, libc::O_DSYNC),
    (0x80, libc::O_NONBLOCK),
    (0x100, libc::O_CREAT),
    (0x200, libc::O_TRUNC),
    (0x400, libc::O_EXCL),
    (0x800, libc::O_NOCTTY),
    (0x2_0000, libc::O_NOFOLLOW),
];

/// Flags that are younger than Solaris 10: the runtime must not pass them.
pub(crate) const OPEN_YOUNG: u64 = 0x180_0000;

/// `open(2)` flags for the machine we run on.
pub(crate) fn open_flags(solaris: u64) -> i32 {
    let access = i32::try_from(solaris & 3).unwrap_or(0);
    OPEN.iter()
        .filter(|(bit, _)| solaris & bit != 0)
        .fold(access, |flags, (_, ours)| flags | ours)
}

/// What `struct stat` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) mode: u32,
    pub(crate) links: u64,
    pub(crate) rdev: u64,
    pub(crate) size: u64,
    pub(crate) uid: u32,
}

impl Stat {
    /// `struct stat` of a 64-bit process, 128 bytes.
    pub(crate) fn bytes(&self) -> [u8; 128] {
        let mut bytes = [0; 128];
        let links = u32::try_from(self.links).unwrap_or(u32::MAX);
        let fields: [(usize, &[u8]); 8] = [
            (0, &self.device.to_le_bytes()),
            (8, &self.inode.to_le_bytes()),
            (16, &self.mode.to_le_bytes()),
            (20, &links.to_le_bytes()),
            (24, &self.uid.to_le_bytes()),
            (32, &self.rdev.to_le_bytes()),
            (40, &self.size.to_le_bytes()),
            (112, b"tmpfs"),
        ];
        for (at, field) in fields {
            if let Some(place) = bytes.get_mut(at..at + field.len()) {
                place.copy_from_slice(field);
            }
        }
        bytes
    }

    /// A line of a recorded tree's `stats`.
    pub(crate) fn from_line(line: &str) -> Option<Stat> {
        let mut words = line.split(' ').map(str::parse::<u64>);
        let mut word = || words.next()?.ok();
        Some(Stat {
            device: word()?,
            inode: word()?,
            mode: u32::try_from(word()?).ok()?,
            links: word()?,
            rdev: word()?,
            size: word()?,
            uid: u32::try_from(word()?).ok()?,
        })
    }
}

impl From<&std::fs::Metadata> for Stat {
    fn from(meta: &std::fs::Metadata) -> Stat {
        use std::os::unix::fs::MetadataExt;
        let device = |dev: u64| nix::sys::stat::major(dev) << 32 | nix::sys::stat::minor(dev);
        Stat {
            device: device(meta.dev()),
            inode: meta.ino(),
            mode: meta.mode(),
            links: meta.nlink(),
            rdev: device(meta.rdev()),
            size: meta.size(),
            uid: meta.uid(),
        }
    }
}

/// One `struct dirent`: inode, offset, length, name; no type.
pub(crate) fn dirent(inode: u64, offset: u64, name: &[u8]) -> Vec<u8> {
    let length = (18 + name.len() + 1).next_multiple_of(8);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(&inode.to_le_bytes());
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend_from_slice(name);
    bytes.resize(length, 0);
    bytes
}

const AF_INET: u16 = 2;
const AF_INET6: u16 = 26;

/// A `sockaddr` of the program.
pub(crate) fn address(bytes: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_le_bytes(*bytes.first_chunk()?);
    let port = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
    let ip = match family {
        AF_INET => IpAddr::from(*bytes.get(4..)?.first_chunk::<4>()?),
        AF_INET6 => IpAddr::from(*bytes.get(8..)?.first_chunk::<16>()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// A `sockaddr` for the program: 16 bytes, or 32 for IPv6.
pub(crate) fn address_bytes(address: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::new();
    let family = match address {
        SocketAddr::V4(_) => AF_INET,
        SocketAddr::V6(_) => AF_INET6,
    };
    bytes.extend_from_slice(&family.to_le_bytes());
    bytes.extend_from_slice(&address.port().to_be_bytes());
    match address {
        SocketAddr::V4(v4) => {
            bytes.extend_from_slice(&v4.ip().octets());
            bytes.resize(16, 0);
        }
        SocketAddr::V6(v6) => {
            bytes.extend_from_slice(&v6.flowinfo().to_be_bytes());
            bytes.extend_from_slice(&v6.ip().octets());
            bytes.extend_from_slice(&v6.scope_id().to_le_bytes());
            bytes.resize(32, 0);
        }
    }
    bytes
}
