//! What a place in `/proc` stands on: which file system, and over which mounts it is reached.

use crate::{Sysroot, sys};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

/// What a place stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footing {
    /// Number of the file system's type (`f_type` of `statfs(2)`); 0x9fa0 is procfs.
    pub magic: u64,
    /// Whether the way from `/proc` leads over another mount (`RESOLVE_NO_XDEV` of
    /// `openat2(2)`, Linux 5.6); none where the kernel cannot tell.
    pub crosses: Option<bool>,
}

impl Footing {
    fn to_line(self) -> String {
        let crosses = match self.crosses {
            Some(true) => "1",
            Some(false) => "0",
            None => "-",
        };
        format!("{} {crosses}", self.magic)
    }

    fn from_line(line: &[u8]) -> Option<Footing> {
        let (magic, crosses) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let crosses = match crosses {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        };
        Some(Footing {
            magic: magic.parse().ok()?,
            crosses,
        })
    }
}

impl Sysroot {
    /// What a place below `/proc` stands on: links are followed, nothing is opened for reading.
    ///
    /// # Errors
    /// As `open(2)` and `statfs(2)`; of a recorded tree where it was not asked.
    pub fn footing(&self, path: impl AsRef<Path>) -> io::Result<Footing> {
        let path = path.as_ref();
        let name = format!(
            "footing/{}",
            path.display()
                .to_string()
                .trim_matches('/')
                .replace('/', ".")
        );
        let ask = |sink: &mut dyn FnMut(&[u8])| {
            let (top, inside) = self.inside(path);
            let magic = sys::magic(top, inside)?;
            let (proc, below) = match path.strip_prefix("/proc") {
                Ok(below) => (self.dir("/proc")?.into_fd(), crate::below(below)),
                Err(_) => return Err(io::ErrorKind::InvalidInput.into()),
            };
            let crosses = sys::crosses(proc.as_fd(), below)?;
            sink(Footing { magic, crosses }.to_line().as_bytes());
            Ok(())
        };
        let mut footing = None;
        self.answer(&name, ask, &mut |line| footing = Footing::from_line(line))?;
        footing.ok_or_else(|| io::Error::other("not in the form we write"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_back() {
        for crosses in [None, Some(true), Some(false)] {
            let footing = Footing {
                magic: 0x9fa0,
                crosses,
            };
            let line = footing.to_line();
            assert_eq!(Footing::from_line(line.as_bytes()), Some(footing));
        }
        assert_eq!(Footing::from_line(b"x 1"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn procfs_stands_on_itself() {
        let root = Sysroot::live().unwrap();
        for place in ["/proc", "/proc/net/tcp", "/proc/thread-self/net/tcp"] {
            let footing = root.footing(place).unwrap();
            assert_eq!(footing.magic, 0x9fa0, "{place}");
            assert_ne!(footing.crosses, Some(true), "{place}");
        }
        assert!(root.footing("/etc").is_err());
    }
}
