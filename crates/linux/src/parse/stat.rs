//! `/proc/PID/stat` and `/proc/PID/status` (`fs/proc/array.c`).

use super::text::{Words, decimal, decimal32, hex};
use model::{Foreign, Pid, ProcessId, Uid};

/// Flag of a thread of the kernel itself (`PF_KTHREAD`, `include/linux/sched.h`).
const KERNEL_THREAD: u64 = 0x20_0000;

/// What `/proc/PID/stat` tells that we use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Pid and start time.
    pub id: ProcessId,
    /// The kernel's name for the task; it may hold any byte, `)` and newline included.
    pub comm: Foreign,
    /// One-letter state; `Z` is a zombie.
    pub state: u8,
    /// Parent.
    pub ppid: Pid,
    /// Process group.
    pub pgid: Pid,
    /// Whether it is a thread of the kernel.
    pub kernel_thread: bool,
}

/// Reads `/proc/PID/stat`: the name ends at the *last* `)`.
#[must_use]
pub fn stat(text: &[u8]) -> Option<Stat> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    let pid = decimal32(text.get(..open)?.trim_ascii())?;
    let comm = text.get(open + 1..close)?;
    // After the name: state ppid pgrp session tty tpgid flags … the 20th is the start time.
    let mut words = Words::new(text.get(close + 1..)?.trim_ascii_end());
    let state = *words.next()?.first()?;
    let ppid = decimal32(words.next()?)?;
    let pgid = decimal32(words.next()?)?;
    let flags = decimal(words.nth(3)?)?;
    let start = decimal(words.nth(12)?)?;
    Some(Stat {
        id: ProcessId {
            pid: Pid(pid),
            start,
        },
        comm: Foreign::from(comm),
        state,
        ppid: Pid(ppid),
        pgid: Pid(pgid),
        kernel_thread: flags & KERNEL_THREAD != 0,
    })
}

/// The real user in `/proc/PID/status`.
#[must_use]
pub fn uid(status: &[u8]) -> Option<Uid> {
    decimal32(Words::new(field(status, b"Uid:")?).next()?).map(Uid)
}

/// The effective user in `/proc/PID/status`.
#[must_use]
pub fn effective_uid(status: &[u8]) -> Option<Uid> {
    decimal32(Words::new(field(status, b"Uid:")?).nth(1)?).map(Uid)
}

/// The effective capabilities in `/proc/PID/status`.
#[must_use]
pub fn capabilities(status: &[u8]) -> Option<u64> {
    hex(field(status, b"CapEff:")?.trim_ascii())
}

/// The process' number in each pid namespace it is in, the reader's first (`NSpid`).
#[must_use]
pub fn ns_pids(status: &[u8]) -> Vec<Pid> {
    Words::new(field(status, b"NSpid:").unwrap_or_default())
        .map_while(decimal32)
        .map(Pid)
        .collect()
}

/// The rest of the line that begins with `name`. `Name:` comes first and the kernel escapes
/// newlines in it, so no name can forge a field.
fn field<'a>(status: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    status
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(name))
}

/// When the host began, in seconds since 1970: `btime` of `/proc/stat`.
#[must_use]
pub fn boot(text: &[u8]) -> Option<u64> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let digits = lines.find_map(|line| line.strip_prefix(b"btime "))?;
    super::text::decimal(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAIL: &str = "S 1 812 812 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 98765 12345 77";

    #[test]
    fn the_name_ends_at_the_last_bracket() {
        for comm in [
            "sshd",
            "a b",
            "x) S 1",
            "(",
            ")",
            "",
            "new\nline",
            "1 (2) 3",
        ] {
            let text = format!("812 ({comm}) {TAIL}\n");
            let stat = stat(text.as_bytes()).expect(comm);
            assert_eq!(stat.comm, Foreign::from(comm));
            assert_eq!(
                stat.id,
                ProcessId {
                    pid: Pid(812),
                    start: 98_765
                }
            );
            assert_eq!((stat.ppid, stat.pgid, stat.state), (Pid(1), Pid(812), b'S'));
            assert!(!stat.kernel_thread);
        }
    }

    #[test]
    fn kernel_threads_are_known_by_their_flag() {
        let text = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0";
        assert!(stat(text).unwrap().kernel_thread);
    }

    #[test]
    fn text_that_is_no_stat() {
        for bad in [
            &b""[..],
            b"812",
            b"812 (sshd",
            b"(sshd) S 1 1",
            b"x (sshd) S 1 1",
            b"812 (a) S 1 2 3",
        ] {
            assert_eq!(stat(bad), None, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn fields_of_status() {
        let status = b"Name:\tx\\nUid:\t7\nUid:\t1000\t0\t0\t0\nCapEff:\t000001ffffffffff\n";
        assert_eq!(
            (uid(status), effective_uid(status)),
            (Some(Uid(1000)), Some(Uid(0)))
        );
        assert_eq!(capabilities(status), Some(0x1ff_ffff_ffff));
        assert_eq!(uid(b"Name:\tx\n"), None);
        assert_eq!(ns_pids(b"NSpid:\t812\t7\n"), [Pid(812), Pid(7)]);
        assert_eq!(ns_pids(b"Pid:\t812\n"), []);
    }

    #[test]
    fn when_the_host_began() {
        let text = b"cpu  1 2 3\nintr 5\nbtime 1795728056\nprocesses 7\n";
        assert_eq!(boot(text), Some(1_795_728_056));
        assert_eq!(boot(b"btime x\n"), None);
        assert_eq!(boot(b""), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (stat(&text), uid(&text), capabilities(&text));
        }
    }
}
