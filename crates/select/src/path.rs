//! Which files are meant: a file, everything on a file system, or what lies below a directory.

use model::{Foreign, OpenFile};

/// One place on the command line, looked up by the program beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file itself, by device and inode.
    File {
        /// `major << 32 | minor`.
        device: u64,
        /// Inode.
        inode: u64,
    },
    /// A device file: whoever has that device open.
    Device {
        /// `major << 32 | minor`.
        rdev: u64,
    },
    /// Everything on a file system, by its device.
    Mount {
        /// `major << 32 | minor`.
        device: u64,
    },
    /// A unix socket, by the path it is bound to.
    Socket {
        /// The path as it is known to the kernel.
        path: Foreign,
    },
    /// Everything below a directory: directly in it, or at any depth.
    Below {
        /// The directory, without a slash at its end.
        dir: Foreign,
        /// Not only directly.
        deep: bool,
    },
}

impl Place {
    /// Whether an open file is meant. `unix` is the path of the unix socket it is.
    #[must_use]
    pub fn matches(&self, file: &OpenFile, unix: Option<&[u8]>) -> bool {
        match self {
            Place::File { device, inode } => {
                file.device == Some(*device) && file.inode.is_some_and(|own| own.0 == *inode)
            }
            Place::Device { rdev } => file.rdev == Some(*rdev),
            Place::Mount { device } => file.device == Some(*device),
            Place::Socket { path } => unix == Some(path.as_bytes()),
            Place::Below { dir, deep } => {
                within(file.name.as_bytes(), dir.as_bytes(), *deep)
                    || unix.is_some_and(|path| within(path, dir.as_bytes(), *deep))
            }
        }
    }
}

/// Whether a path is the directory itself or lies in it; only directly unless `deep`.
#[must_use]
pub fn within(path: &[u8], dir: &[u8], deep: bool) -> bool {
    let Some(rest) = path.strip_prefix(dir) else {
        return false;
    };
    match rest.strip_prefix(b"/") {
        _ if rest.is_empty() => true,
        // The root directory is the empty prefix; everything else goes on with a slash.
        Some(below) => deep || !below.contains(&b'/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_is_by_whole_names() {
        for (path, dir, shallow, deep) in [
            ("/tmp", "/tmp", true, true),
            ("/tmp/a", "/tmp", true, true),
            ("/tmp/a/b", "/tmp", false, true),
            ("/tmpfile", "/tmp", false, false),
            ("/usr", "/tmp", false, false),
            ("/etc", "", true, true),
            ("/etc/passwd", "", false, true),
            ("socket:[1]", "", false, false),
        ] {
            assert_eq!(
                within(path.as_bytes(), dir.as_bytes(), false),
                shallow,
                "{path} {dir}"
            );
            assert_eq!(
                within(path.as_bytes(), dir.as_bytes(), true),
                deep,
                "{path} {dir}"
            );
        }
    }
}
