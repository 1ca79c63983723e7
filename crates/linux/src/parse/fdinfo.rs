//! `/proc/PID/fdinfo/N` (`fs/proc/fd.c`, and `show_fdinfo` of whatever the file is).

use super::text::{Words, decimal, decimal32, split_once};
use model::{Lock, Pid, Special};

/// What an fdinfo tells that we use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fdinfo {
    /// File position.
    pub offset: Option<u64>,
    /// Flags of `open(2)`, `O_CLOEXEC` included.
    pub flags: Option<u32>,
    /// The mount the file was opened through.
    pub mount: Option<u64>,
    /// The widest lock held through this descriptor.
    pub lock: Option<Lock>,
    /// What belongs to one kind of file only.
    pub special: Option<Special>,
}

/// The most descriptors of an epoll that are kept.
const WATCHED_MAX: usize = 4096;

/// Reads a whole fdinfo. Lines we have no use for are passed over: every driver may add its own.
#[must_use]
pub fn fdinfo(text: &[u8]) -> Fdinfo {
    let mut info = Fdinfo::default();
    for line in text.split(|&byte| byte == b'\n') {
        let Some((key, rest)) = split_once(line, b':') else {
            continue;
        };
        match key {
            b"pos" => info.offset = decimal(rest.trim_ascii()),
            b"flags" => info.flags = octal(rest.trim_ascii()),
            b"mnt_id" => info.mount = decimal(rest.trim_ascii()),
            b"lock" => info.lock = lock(rest).max(info.lock),
            b"eventfd-id" => info.special = decimal(rest.trim_ascii()).map(Special::EventFd),
            b"tty-index" => info.special = decimal(rest.trim_ascii()).map(Special::Terminal),
            b"Pid" => info.special = Some(Special::PidFd(decimal32(rest.trim_ascii()).map(Pid))),
            b"tfd" => watch(rest, &mut info.special),
            _ => {}
        }
    }
    info
}

/// `fs/locks.c`, `lock_get_status`: `1: POSIX  ADVISORY  WRITE 812 fe:00:4242 0 EOF`.
fn lock(rest: &[u8]) -> Option<Lock> {
    let mut words = Words::new(rest).skip(3);
    let exclusive = match words.next()? {
        b"WRITE" => true,
        b"READ" => false,
        _ => return None,
    };
    let mut range = words.skip(2);
    let whole = (range.next()?, range.next()?) == (b"0", b"EOF");
    Some(Lock { exclusive, whole })
}

fn watch(rest: &[u8], special: &mut Option<Special>) {
    let Some(fd) = Words::new(rest).next().and_then(decimal32) else {
        return;
    };
    match special {
        Some(Special::Epoll(watched)) if watched.len() < WATCHED_MAX => watched.push(fd),
        Some(Special::Epoll(_)) => {}
        other => *other = Some(Special::Epoll(vec![fd])),
    }
}

fn octal(word: &[u8]) -> Option<u32> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0u32, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 7 {
            return None;
        }
        sum.checked_mul(8)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_locked_file() {
        let text = b"pos:\t100\nflags:\t02100002\nmnt_id:\t27\nino:\t1\n\
            lock:\t1: POSIX  ADVISORY  READ 11770 fe:00:10043406 5 14\n\
            lock:\t2: POSIX  ADVISORY  WRITE 11770 fe:00:10043406 0 EOF\n";
        let info = fdinfo(text);
        assert_eq!(
            (info.offset, info.flags, info.mount),
            (Some(100), Some(0o2_100_002), Some(27))
        );
        assert_eq!(info.lock.unwrap().letter(), 'W');
        let part = fdinfo(b"lock:\t1: FLOCK  ADVISORY  READ 1 fe:00:2 5 14\n");
        assert_eq!(part.lock.unwrap().letter(), 'r');
    }

    #[test]
    fn what_belongs_to_one_kind() {
        let special = |text: &[u8]| fdinfo(text).special;
        assert_eq!(
            special(b"eventfd-count:  3\neventfd-id: 7\n"),
            Some(Special::EventFd(7))
        );
        assert_eq!(
            special(b"tfd:        3 events:       19 data: 3\ntfd:        4 events: 1\n"),
            Some(Special::Epoll(vec![3, 4]))
        );
        assert_eq!(
            special(b"Pid:\t812\n"),
            Some(Special::PidFd(Some(Pid(812))))
        );
        assert_eq!(special(b"Pid:\t-1\n"), Some(Special::PidFd(None)));
        assert_eq!(special(b"tty-index:\t5\n"), Some(Special::Terminal(5)));
    }

    #[test]
    fn nonsense_tells_nothing() {
        for text in [
            &b""[..],
            b"pos",
            b"pos:\t-1\nflags:\t9\n",
            b"flags:\t77777777777777\n",
            b"lock:\t1: POSIX  ADVISORY\nlock:\t1: LEASE  ACTIVE  UNLCK 1 2 0 EOF\n",
            b"tfd: x\n",
        ] {
            assert_eq!(fdinfo(text), Fdinfo::default(), "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = fdinfo(&text);
        }
    }
}
