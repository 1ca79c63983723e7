//! `/proc/PID/mountinfo` (`fs/proc_namespace.c`, `show_mountinfo`) and `/proc/swaps`.

use super::text::{Words, decimal, split_once};
use model::{Gap, Gaps, Mount};

/// Reads a mountinfo. A bad row becomes a gap; the other rows stand.
#[must_use]
pub fn mountinfo(text: &[u8], place: &str) -> (Vec<Mount>, Gaps) {
    rows(text, place, 0, "not a mount", mount)
}

/// Reads the files and devices of `/proc/swaps`, whose first line is a heading.
#[must_use]
pub fn swaps(text: &[u8], place: &str) -> (Vec<Vec<u8>>, Gaps) {
    rows(text, place, 1, "not a swap area", |line| {
        Words::new(line).next().map(unescape)
    })
}

pub(super) fn rows<T>(
    text: &[u8],
    place: &str,
    headings: usize,
    what: &str,
    row: impl Fn(&[u8]) -> Option<T>,
) -> (Vec<T>, Gaps) {
    let (mut rows, mut gaps) = (Vec::new(), Vec::new());
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate().skip(headings) {
        if line.is_empty() {
            continue;
        }
        match row(line) {
            Some(row) => rows.push(row),
            None => gaps.push(Gap::new(place, format!("line {}: {what}", number + 1))),
        }
    }
    (rows, gaps)
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn mount(line: &[u8]) -> Option<Mount> {
    let mut words = Words::new(line);
    let id = decimal(words.next()?)?;
    let (major, minor) = split_once(words.nth(1)?, b':')?;
    let device = decimal(major)? << 32 | decimal(minor)?;
    let point = unescape(words.nth(1)?);
    // Any number of optional fields, ended by a lone hyphen.
    words.by_ref().find(|word| word == b"-")?;
    let kind = unescape(words.next()?);
    let source = unescape(words.next().unwrap_or_default());
    Some(Mount {
        id,
        device,
        point,
        kind,
        source,
    })
}

/// Undoes `\ooo`, by which the kernel writes blanks, newlines and backslashes.
pub(super) fn unescape(word: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [first, more @ ..] = rest {
        match (first, more) {
            (
                b'\\',
                [
                    a @ b'0'..=b'3',
                    b @ b'0'..=b'7',
                    c @ b'0'..=b'7',
                    after @ ..,
                ],
            ) => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = more;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mounts_with_and_without_optional_fields() {
        let text = b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
            40 27 0:52 / /mnt/a\\040b rw shared:7 master:1 - nfs4 srv:/x rw\n\
            41 27 0:53 / /fuse rw - fuse.sshfs me@host: rw\n";
        let (mounts, gaps) = mountinfo(text, "mountinfo");
        assert!(gaps.is_empty());
        assert_eq!((mounts[0].id, mounts[0].device), (27, 254 << 32));
        assert_eq!(mounts[1].point, b"/mnt/a b");
        let hang: Vec<bool> = mounts.iter().map(Mount::may_hang).collect();
        assert_eq!(hang, [false, true, true]);
        assert!(mounts[1].is_nfs() && !mounts[2].is_nfs());
    }

    #[test]
    fn a_bad_line_costs_no_other() {
        let text = b"x\n27 1 254:0 / / rw - ext4 /dev/vda rw\n27 1 254 / / rw - a b c\n27 1 0:1 / / rw ext4\n";
        let (mounts, gaps) = mountinfo(text, "mountinfo");
        assert_eq!((mounts.len(), gaps.len()), (1, 3));
    }

    #[test]
    fn swap_areas() {
        let text =
            b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swap\\040file file\t\t1\t0\t-2\n";
        assert_eq!(swaps(text, "swaps").0, [b"/swap file"]);
    }

    proptest! {
        #[test]
        fn rows_and_gaps_are_lines(text: Vec<u8>) {
            let (mounts, gaps) = mountinfo(&text, "mountinfo");
            let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
            prop_assert_eq!(mounts.len() + gaps.len(), lines);
        }
    }
}
