//! The list of sums at the top of a medium, in the form `sha256sum --check` reads. It may be
//! anybody's: what is not such a list is refused, with its line.

use std::collections::BTreeMap;

/// Most bytes of a list.
pub(crate) const BYTES_MAX: usize = 16 << 20;

/// Most files of a list.
const FILES_MAX: usize = 100_000;

/// Digits of a SHA-256.
const DIGITS: usize = 64;

/// Reads a list: the sum of each file by its name.
///
/// # Errors
/// One line that says what is wrong, and where.
pub(crate) fn parse(bytes: &[u8]) -> Result<BTreeMap<&[u8], &[u8]>, String> {
    let mut sums = BTreeMap::new();
    let body = bytes
        .strip_suffix(b"\n")
        .ok_or("it does not end with a line")?;
    for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let at = at + 1;
        let (sum, name) = cut(line).ok_or_else(|| format!("line {at} is no sum"))?;
        if !is_inside(name) {
            return Err(format!("line {at} names nothing on the medium"));
        }
        if sums.insert(name, sum).is_some() {
            return Err(format!("line {at} names a file again"));
        }
        if sums.len() > FILES_MAX {
            return Err(format!("it names more than {FILES_MAX} files"));
        }
    }
    Ok(sums)
}

/// The sum of a line in lower-case hexadecimal, and the name after it: in text mode two
/// spaces stand between them, in binary mode a space and an asterisk.
fn cut(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sum, rest) = line.split_at_checked(DIGITS)?;
    let name = rest
        .strip_prefix(b"  ")
        .or_else(|| rest.strip_prefix(b" *"))?;
    let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    sum.iter().all(digit).then_some((sum, name))
}

/// Whether a name stays on the medium.
pub(crate) fn is_inside(name: &[u8]) -> bool {
    name.split(|byte| *byte == b'/')
        .all(|part| !matches!(part, b"" | b"." | b".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[track_caller]
    fn refused(list: &str, why: &str) {
        assert_eq!(parse(list.as_bytes()).unwrap_err(), why, "{list:?}");
    }

    #[test]
    fn both_modes_are_read_and_names_keep_their_bytes() {
        let list = [SUM.as_bytes(), b"  a/b\n", SUM.as_bytes(), b" *c  d\xff\n"].concat();
        let sums = parse(&list).unwrap();
        let names: Vec<&[u8]> = sums.keys().copied().collect();
        assert_eq!(names, [&b"a/b"[..], b"c  d\xff"]);
        assert!(sums.values().all(|sum| *sum == SUM.as_bytes()));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        refused("", "it does not end with a line");
        refused(&format!("{SUM}  a"), "it does not end with a line");
        refused("\n", "line 1 is no sum");
        refused(&format!("{SUM}  a\n{SUM} b\n"), "line 2 is no sum");
        refused(&format!("{}  a\n", SUM.to_uppercase()), "line 1 is no sum");
        refused(
            &format!("{SUM}  a\n{SUM}  a\n"),
            "line 2 names a file again",
        );
        for name in ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/"] {
            refused(
                &format!("{SUM}  {name}\n"),
                "line 1 names nothing on the medium",
            );
        }
        assert!(parse(&[0xff; 4096]).is_err());
    }

    #[test]
    fn a_list_without_end_is_refused() {
        let line = |at: usize| format!("{SUM}  {at}\n");
        let list: String = (0..=FILES_MAX).map(line).collect();
        refused(&list, "it names more than 100000 files");
    }
}
