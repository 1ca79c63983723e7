//! `/proc/PID/maps` (`fs/proc/task_mmu.c`, `show_map_vma`).

use super::links;
use super::text::{Words, decimal, hex, split_once};
use model::{Gap, Gaps, Inode};
use std::borrow::Cow;

/// A mapped file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// First address and the one after the last: the name of its link under `map_files`.
    pub range: (u64, u64),
    /// Device of its file system, `major << 32 | minor`.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
    /// Path, without the kernel's ` (deleted)`.
    pub path: Cow<'a, [u8]>,
    /// Whether that stood there.
    pub deleted: bool,
}

/// Reads the mapped files of a process, in the order of their addresses. Memory that is no
/// file is passed over; a line that is no mapping becomes a gap.
pub fn files<'a>(text: &'a [u8], place: &str, gaps: &mut Gaps, each: &mut dyn FnMut(Mapping<'a>)) {
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        match row(line) {
            Some(mapping) if mapping.inode != 0 => each(mapping),
            Some(_) => {}
            None => gaps.push(Gap::new(
                place,
                format!("line {}: not a mapping", number + 1),
            )),
        }
    }
}

/// The sockets that are mapped, as the ring of a packet socket is.
pub fn sockets(text: &[u8]) -> impl Iterator<Item = Inode> + '_ {
    names(text).filter_map(links::socket)
}

/// Whether an io_uring is mapped.
#[must_use]
pub fn has_io_uring(text: &[u8]) -> bool {
    names(text).any(links::is_io_uring)
}

/// What each line ends with, whole: the path of a file begins with a slash and may have spaces
/// and any name behind them, the kernel's own names do not.
fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut words = Words::new(line);
        words.nth(4)?;
        Some(words.rest().trim_ascii_start())
    })
}

/// `7f12-7f34 r-xp 00001000 fe:00 4242      /usr/bin/x`
fn row(line: &[u8]) -> Option<Mapping<'_>> {
    let mut words = Words::new(line);
    let (start, end) = split_once(words.next()?, b'-')?;
    let range = (hex(start)?, hex(end)?);
    words.nth(1)?;
    let (major, minor) = split_once(words.next()?, b':')?;
    let device = hex(major)? << 32 | hex(minor)?;
    let inode = decimal(words.next()?)?;
    let name = words.rest().trim_ascii_start();
    let (path, deleted) = match name.strip_suffix(b" (deleted)") {
        Some(path) => (path, true),
        None => (name, false),
    };
    Some(Mapping {
        range,
        device,
        inode,
        path: unescape(path),
        deleted,
    })
}

/// The kernel writes a newline in a path as `\012`, and nothing else so; a path that has
/// these four letters itself cannot be told from it.
fn unescape(path: &[u8]) -> Cow<'_, [u8]> {
    const NEWLINE: &[u8] = b"\\012";
    if !path.windows(NEWLINE.len()).any(|part| part == NEWLINE) {
        return Cow::Borrowed(path);
    }
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, more @ ..] = rest {
        if let Some(after) = rest.strip_prefix(NEWLINE) {
            plain.push(b'\n');
            rest = after;
        } else {
            plain.push(*first);
            rest = more;
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> (Vec<Mapping<'_>>, Gaps) {
        let (mut rows, mut gaps) = (Vec::new(), Vec::new());
        files(text, "maps", &mut gaps, &mut |row| rows.push(row));
        (rows, gaps)
    }

    #[test]
    fn files_and_what_is_none() {
        let text = b"00400000-00452000 r-xp 00000000 fe:0a 173521      /usr/bin/a b\n\
            00e03000-00e24000 rw-p 00000000 00:00 0           [heap]\n\
            7f00-7f10 rw-s 00000000 00:01 1046      /memfd:x (deleted)\n\
            7f10-7f20 rw-s 00000000 00:09 25       socket:[25]\n\
            7f20-7f30 r--p 00000000 fe:00 7      /a\\012b\n";
        let (rows, gaps) = read(text);
        assert!(gaps.is_empty());
        let paths: Vec<&[u8]> = rows.iter().map(|row| row.path.as_ref()).collect();
        assert_eq!(
            paths,
            [&b"/usr/bin/a b"[..], b"/memfd:x", b"socket:[25]", b"/a\nb"]
        );
        assert_eq!(rows[0].device, 0xfe << 32 | 0x0a);
        assert_eq!(rows[0].range, (0x40_0000, 0x45_2000));
        assert!(rows[1].deleted && !rows[0].deleted);
    }

    #[test]
    fn a_bad_line_costs_no_other() {
        let (rows, gaps) = read(b"garbage\n00-01 r 0 fe:0a 1 /a\n00-01 r 0 fe 1 /a\n");
        assert_eq!((rows.len(), gaps.len()), (1, 2));
    }

    #[test]
    fn a_file_is_not_what_its_name_says() {
        let text = b"7f10-7f20 rw-s 00000000 00:2e 77      /tmp/x socket:[5]\n\
            7f20-7f30 rw-s 00000000 00:2e 78      /tmp/anon_inode:[io_uring]\n\
            7f30-7f40 rw-s 00000000 00:2e 79      /tmp/x anon_inode:[io_uring]\n";
        assert_eq!(sockets(text).count(), 0);
        assert!(!has_io_uring(text));
        let text = b"7f10-7f20 rw-s 00000000 00:09 5       socket:[5]\n\
            7f20-7f30 rw-s 00000000 00:10 1046      anon_inode:[io_uring]\n";
        assert!(sockets(text).eq([Inode(5)]));
        assert!(has_io_uring(text));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (sockets(&text).count(), has_io_uring(&text));
            let (rows, gaps) = read(&text);
            let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
            prop_assert!(rows.len() + gaps.len() <= lines);
        }
    }
}
