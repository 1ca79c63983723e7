//! The answer of `utssys(2)` with `UTS_FUSERS` (`fu_data_t` of `sys/utssys.h`): who uses a
//! file or a mounted file system.

use super::Parsed;
use super::bytes::{Fields, records};
use crate::layout::{Abi, fuser as at};
use model::{Gap, Pid, Uid};

/// How a file is used, with fuser's letter.
pub const USES: &[(u32, char)] = &[
    (0x01, 'c'),
    (0x02, 'r'),
    (0x04, 't'),
    (0x10, 'o'),
    (0x08, 'm'),
    (0x40, 'y'),
    (0x20, 'a'),
    (0x80, 'n'),
];

/// The user is no process but a part of the kernel.
const KERNEL: u32 = 0x8000_0000;

/// One user of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// A process.
    Process {
        /// How it uses the file, as in [`USES`].
        uses: u32,
        /// Its number.
        pid: Pid,
        /// Its real user.
        uid: Uid,
    },
    /// A kernel module.
    Kernel {
        /// Module number.
        module: u32,
        /// Instance of the driver.
        instance: u32,
        /// Minor number of the device.
        minor: u32,
    },
}

/// Reads the buffer the kernel filled.
#[must_use]
pub fn users(bytes: &[u8], abi: Abi, place: &str) -> Parsed<User> {
    let mut parsed = Parsed::default();
    let Some(count) = Fields::new(bytes, abi).u32(at::COUNT) else {
        let reason = format!("{} bytes hold no count", bytes.len());
        parsed.lost.push(Gap::new(place, reason));
        return parsed;
    };
    let table = bytes.get(at::USERS..).unwrap_or_default();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for (number, record) in records(table, at::STRIDE).take(count).enumerate() {
        match user(Fields::new(record, abi)) {
            Some(user) => parsed.rows.push(user),
            None => {
                let place = format!("{place} user {number}");
                parsed.lost.push(Gap::new(place, "not a user of a file"));
            }
        }
    }
    let room = table.len().div_ceil(at::STRIDE);
    if count > room {
        let reason = format!("{count} users announced, {room} came");
        parsed.notes.push(Gap::new(place, reason));
    }
    parsed
}

fn user(fields: Fields<'_>) -> Option<User> {
    let flags = fields.u32(0)?;
    let (second, third, fourth) = (fields.u32(4)?, fields.u32(8)?, fields.u32(12)?);
    if flags & KERNEL != 0 {
        return Some(User::Kernel {
            module: second,
            instance: third,
            minor: fourth,
        });
    }
    (second <= u32::MAX / 2).then_some(User::Process {
        uses: flags,
        pid: Pid(second),
        uid: Uid(third),
    })
}

/// The name of a recorded answer: flags, and the path with all but plain bytes escaped.
#[must_use]
pub fn recorded_name(path: &[u8], flags: u32) -> String {
    let mut name = format!("users-{flags:x}-");
    for &byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
                name.push(byte.into());
            }
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name
}

/// The letters of a use, in fuser's order.
#[must_use]
pub fn letters(uses: u32) -> String {
    USES.iter()
        .filter(|(bit, _)| uses & bit != 0)
        .map(|(_, letter)| letter)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn processes_and_modules() {
        let answer = bytes(&[8, 3, 0x11, 512, 0, 0, KERNEL, 7, 1, 2, 4, u32::MAX, 0, 0]);
        let parsed = users(&answer, Abi::SPARCV9, "/var");
        assert_eq!(
            parsed.rows,
            [
                User::Process {
                    uses: 0x11,
                    pid: Pid(512),
                    uid: Uid(0)
                },
                User::Kernel {
                    module: 7,
                    instance: 1,
                    minor: 2
                }
            ]
        );
        assert_eq!(parsed.lost[0].place, "/var user 2");
        assert_eq!(letters(0x11), "co");
        assert_eq!(letters(0xff), "crtomyan");
    }

    #[test]
    fn names_of_recordings_are_plain_file_names() {
        assert_eq!(recorded_name(b"/var/x y", 2), "users-2-%2fvar%2fx%20y");
        assert_ne!(recorded_name(b"%2f", 0), recorded_name(b"/", 0));
    }

    #[test]
    fn more_announced_than_came() {
        let parsed = users(&bytes(&[8, 9, 1, 2, 3, 0]), Abi::SPARC, "/");
        assert_eq!((parsed.rows.len(), parsed.notes.len()), (1, 1));
        assert_eq!(users(&[1, 2], Abi::SPARC, "/").lost.len(), 1);
    }

    proptest! {
        #[test]
        fn never_more_than_announced(bytes in proptest::collection::vec(any::<u8>(), 8..200)) {
            let parsed = users(&bytes, Abi::X86_64, "x");
            let count = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
            let room = (bytes.len() - 8).div_ceil(16);
            prop_assert_eq!(parsed.rows.len() + parsed.lost.len(), count.min(room));
        }
    }
}
