//! `/etc/mnttab` (mnttab(5)): special, mount point, type, options and time, apart by tabs.

use super::Parsed;
use model::{Gap, Mount};

/// Reads the table. A mount's number is its row, which names it in one listing only.
#[must_use]
pub fn table(text: &[u8], place: &str) -> Parsed<Mount> {
    let mut parsed = Parsed::default();
    let lines = text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    for (number, line) in (1u64..).zip(lines) {
        match row(line, number) {
            Some(mount) => parsed.rows.push(mount),
            None => parsed
                .lost
                .push(Gap::new(format!("{place}:{number}"), "not a mount")),
        }
    }
    parsed
}

fn row(line: &[u8], number: u64) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b'\t');
    let source = fields.next()?.to_owned();
    let point = fields.next().filter(|point| point.starts_with(b"/"))?;
    let kind = fields.next()?.to_owned();
    let options = fields.next()?;
    Some(Mount {
        id: number,
        device: device(options).unwrap_or(0),
        point: point.to_owned(),
        kind,
        source,
    })
}

/// `dev=` is the 32-bit device number in hexadecimal: 14 bits of major, 18 of minor.
fn device(options: &[u8]) -> Option<u64> {
    let digits = options
        .split(|&byte| byte == b',')
        .find_map(|option| option.strip_prefix(b"dev="))?;
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(u64::from(number >> 18) << 32 | u64::from(number & 0x3_ffff))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mounts_and_what_is_none() {
        let text = b"rpool/var\t/var\tzfs\tdevices,dev=4010005\t1600000000\nbad\n/proc\t/proc\tproc\tro\t1\n";
        let parsed = table(text, "/etc/mnttab");
        let [var, proc] = &parsed.rows[..] else {
            panic!("two mounts")
        };
        assert_eq!(var.point, b"/var");
        assert_eq!(var.device, 0x100 << 32 | 0x1_0005);
        assert_eq!((proc.kind.as_slice(), proc.device), (&b"proc"[..], 0));
        assert_eq!(parsed.lost[0].place, "/etc/mnttab:2");
    }

    proptest! {
        #[test]
        fn rows_and_gaps_are_the_lines(text in "[a-z/\t\n=,0-9]{0,80}") {
            let parsed = table(text.as_bytes(), "x");
            let lines = text.lines().filter(|line| !line.is_empty()).count();
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), lines);
        }
    }
}
