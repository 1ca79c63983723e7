//! Writes a newc archive, the form of an initramfs. Source: the kernel's
//! Documentation/driver-api/early-userspace/buffer-format.rst.

use std::io::{self, Write};

/// An archive being written. Every entry has the same time and belongs to root, so the
/// same entries in the same order are the same bytes.
pub(crate) struct Archive<W> {
    out: W,
    time: u32,
    inode: u32,
}

const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const CHARACTER: u32 = 0o020_000;

impl<W: Write> Archive<W> {
    /// Starts one; `time` is in seconds of the epoch.
    pub(crate) fn new(out: W, time: u32) -> Archive<W> {
        Archive {
            out,
            time,
            inode: 0,
        }
    }

    /// A directory; its parents come before it.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn directory(&mut self, path: &str) -> io::Result<()> {
        self.entry(path, DIRECTORY | 0o755, (0, 0), &[])
    }

    /// A file with its permissions.
    ///
    /// # Errors
    /// The writer's, or a file of 4 GiB.
    pub(crate) fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
        self.entry(path, REGULAR | mode, (0, 0), bytes)
    }

    /// A symbolic link to `target`.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        self.entry(path, LINK | 0o777, (0, 0), target.as_bytes())
    }

    /// A character device, by major and minor number.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn device(&mut self, path: &str, numbers: (u32, u32)) -> io::Result<()> {
        self.entry(path, CHARACTER | 0o600, numbers, &[])
    }

    /// Ends the archive and gives the writer back.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.inode = 0;
        self.time = 0;
        self.write("TRAILER!!!", 0, 0, (0, 0), &[])?;
        Ok(self.out)
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), data: &[u8]) -> io::Result<()> {
        self.inode += 1;
        self.write(path, self.inode, mode, device, data)
    }

    fn write(
        &mut self,
        path: &str,
        inode: u32,
        mode: u32,
        (major, minor): (u32, u32),
        data: &[u8],
    ) -> io::Result<()> {
        let large = |_| io::Error::new(io::ErrorKind::FileTooLarge, path.to_owned());
        let size = u32::try_from(data.len()).map_err(large)?;
        let name = u32::try_from(path.len() + 1).map_err(large)?;
        let links = if mode & DIRECTORY == DIRECTORY { 2 } else { 1 };
        // ino mode uid gid nlink mtime filesize, device of the file, device it is,
        // size of the name with its NUL, and a sum that is unused.
        let fields = [
            inode, mode, 0, 0, links, self.time, size, 0, 0, major, minor, name, 0,
        ];
        self.out.write_all(b"070701")?;
        for field in fields {
            write!(self.out, "{field:08X}")?;
        }
        self.out.write_all(path.as_bytes())?;
        self.out.write_all(&[0])?;
        self.pad(110 + path.len() + 1)?;
        self.out.write_all(data)?;
        self.pad(data.len())
    }

    /// Up to a multiple of four; the header is 110 bytes.
    fn pad(&mut self, written: usize) -> io::Result<()> {
        for _ in written..written.next_multiple_of(4) {
            self.out.write_all(&[0])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_laid_out_as_the_kernel_reads_it() {
        let mut archive = Archive::new(Vec::new(), 7);
        archive.file("init", 0o755, b"hello").unwrap();
        let bytes = archive.finish().unwrap();
        let expected = b"070701\
            00000001000081ED00000000000000000000000100000007\
            0000000500000000000000000000000000000000\
            0000000500000000init\0\0hello\0\0\0";
        // 110 bytes of header and 5 of name are padded by one, not two.
        let (head, rest) = bytes.split_at(110);
        assert_eq!(head, &expected[..110]);
        assert!(rest.starts_with(b"init\0\0hello\0\0\0"));
        assert_eq!(bytes.len() % 4, 0);
        assert!(bytes.ends_with(b"TRAILER!!!\0\0\0\0"));
    }

    #[test]
    fn kinds_are_told_by_their_mode() {
        let mut archive = Archive::new(Vec::new(), 0);
        archive.directory("dev").unwrap();
        archive.device("dev/console", (5, 1)).unwrap();
        archive.link("sh", "busybox").unwrap();
        let text = String::from_utf8(archive.finish().unwrap()).unwrap();
        assert!(text.contains("000041ED"), "a directory");
        assert!(text.contains("00002180"), "a device");
        assert!(text.contains("0000A1FF"), "a link");
        assert!(text.contains("busybox"));
    }

    #[test]
    fn the_same_entries_are_the_same_bytes() {
        let write = || {
            let mut archive = Archive::new(Vec::new(), 1_700_000_000);
            archive.file("a", 0o644, &[1; 4097]).unwrap();
            archive.finish().unwrap()
        };
        assert_eq!(write(), write());
    }
}
