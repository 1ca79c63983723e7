//! A recording as a tar stream: for a host whose disks must not be touched.
//!
//! The form is ustar, with GNU's entries for names and links that are too long for it. Times,
//! users and modes are left out: nobody has any need of them, and the same bytes give the
//! same tape.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Size of tar's blocks.
const BLOCK: usize = 512;

/// Room for a name or a link in a header.
const NAME_MAX: usize = 100;

/// A tape being written.
pub(crate) struct Tape {
    out: Box<dyn Write + Send>,
    /// How often each place was written.
    seen: BTreeMap<PathBuf, u32>,
    /// Directories something was written below: whoever unpacks the tape makes them.
    above: BTreeSet<PathBuf>,
}

impl Tape {
    pub(crate) fn new(out: Box<dyn Write + Send>) -> Tape {
        Tape {
            out,
            seen: BTreeMap::new(),
            above: BTreeSet::new(),
        }
    }

    /// Keeps a file's bytes. A later reading is kept as `NAME~2`, `NAME~3`, …
    pub(crate) fn file(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let turn = self.turn(path);
        let mut name = name(path);
        if turn > 1 {
            name.extend_from_slice(format!("~{turn}").as_bytes());
        }
        self.entry(b'0', &name, b"", bytes)
    }

    /// Keeps what a link said, the first time; where it was read through before, it is a
    /// directory on the tape.
    pub(crate) fn link(&mut self, path: &Path, target: &[u8]) -> io::Result<()> {
        if self.turn(path) > 1 || self.above.contains(path) {
            return Ok(());
        }
        self.entry(b'2', &name(path), target, b"")
    }

    /// Keeps that a directory was listed, the first time.
    pub(crate) fn directory(&mut self, path: &Path) -> io::Result<()> {
        let name = name(path);
        if name.is_empty() || self.turn(path) > 1 {
            return Ok(());
        }
        self.entry(b'5', &[name.as_slice(), b"/"].concat(), b"", b"")
    }

    /// Ends the tape.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.flush()
    }

    fn turn(&mut self, path: &Path) -> u32 {
        for above in path.ancestors().skip(1) {
            if !self.above.insert(above.to_owned()) {
                break;
            }
        }
        let turn = self.seen.entry(path.to_owned()).or_default();
        *turn += 1;
        *turn
    }

    fn entry(&mut self, kind: u8, name: &[u8], link: &[u8], bytes: &[u8]) -> io::Result<()> {
        if link.len() > NAME_MAX {
            self.block(b'K', b"././@LongLink", b"", &[link, b"\0"].concat())?;
        }
        if name.len() > NAME_MAX {
            self.block(b'L', b"././@LongLink", b"", &[name, b"\0"].concat())?;
        }
        self.block(kind, name, link, bytes)
    }

    fn block(&mut self, kind: u8, name: &[u8], link: &[u8], bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(&header(kind, name, link, bytes.len()))?;
        self.out.write_all(bytes)?;
        let rest = bytes.len() % BLOCK;
        if rest > 0 {
            self.out.write_all(&vec![0; BLOCK - rest])?;
        }
        Ok(())
    }
}

/// The name in the tape: below its top.
fn name(path: &Path) -> Vec<u8> {
    let path = path.strip_prefix("/").unwrap_or(path);
    path.as_os_str().as_bytes().to_vec()
}

fn header(kind: u8, name: &[u8], link: &[u8], size: usize) -> Vec<u8> {
    let cut = |bytes: &[u8]| bytes.get(..NAME_MAX).unwrap_or(bytes).to_vec();
    let mode = if kind == b'5' { 0o555 } else { 0o444 };
    let fields: [(Vec<u8>, usize); 9] = [
        (cut(name), 100),
        (format!("{mode:07o}").into_bytes(), 8),
        (b"0000000".to_vec(), 8),
        (b"0000000".to_vec(), 8),
        (format!("{size:011o}").into_bytes(), 12),
        (b"00000000000".to_vec(), 12),
        (b"        ".to_vec(), 8),
        (vec![kind], 1),
        (cut(link), 100),
    ];
    let mut block = Vec::with_capacity(BLOCK);
    for (bytes, width) in fields {
        let end = block.len() + width;
        block.extend_from_slice(&bytes);
        block.resize(end, 0);
    }
    block.extend_from_slice(b"ustar\x0000");
    block.resize(BLOCK, 0);
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    for (to, from) in block.iter_mut().skip(148).zip(sum.bytes()) {
        *to = from;
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_tape_has_whole_blocks_and_right_sums() {
        let out = Shared::default();
        let mut tape = Tape::new(Box::new(out.clone()));
        tape.directory(Path::new("/proc")).unwrap();
        tape.directory(Path::new("/proc")).unwrap();
        tape.file(Path::new("/proc/net/tcp"), b"one").unwrap();
        tape.file(Path::new("/proc/net/tcp"), b"two").unwrap();
        tape.file(Path::new("/proc/self/stat"), b"").unwrap();
        tape.link(Path::new("/proc/self"), b"7").unwrap();
        let long = vec![b'x'; 300];
        tape.link(Path::new("/proc/7/exe"), &long).unwrap();
        tape.end().unwrap();
        let bytes = out.0.lock().unwrap().clone();
        // Directory, twice a file, an empty one, a long link in two blocks of its own, the
        // link, the end.
        assert_eq!(bytes.len(), BLOCK * (1 + 2 + 2 + 1 + 2 + 1 + 2));
        let names: Vec<&[u8]> = bytes
            .chunks(BLOCK)
            .filter(|block| &block[257..262] == b"ustar")
            .map(|block| block[..100].split(|byte| *byte == 0).next().unwrap())
            .collect();
        let expected: [&[u8]; 6] = [
            b"proc/",
            b"proc/net/tcp",
            b"proc/net/tcp~2",
            b"proc/self/stat",
            b"././@LongLink",
            b"proc/7/exe",
        ];
        assert_eq!(names, expected);
        for block in bytes.chunks(BLOCK).filter(|it| &it[257..262] == b"ustar") {
            let told = std::str::from_utf8(&block[148..154]).unwrap();
            let mut blank = block.to_vec();
            blank[148..156].fill(b' ');
            let sum: u32 = blank.iter().map(|byte| u32::from(*byte)).sum();
            assert_eq!(u32::from_str_radix(told, 8), Ok(sum));
        }
    }
}
