//! What the links under `/proc/PID` say, and the parts of fdinfo that name sockets.

use super::text::{decimal, decimal32, split_once};
use model::{Inode, NetNs};

/// The inode of `socket:[N]`.
#[must_use]
pub fn socket(link: &[u8]) -> Option<Inode> {
    bracketed(link, b"socket:[").map(Inode)
}

/// The inode of `pipe:[N]`: a pipe that has no name.
#[must_use]
pub fn pipe(link: &[u8]) -> Option<Inode> {
    bracketed(link, b"pipe:[").map(Inode)
}

/// The inode of `net:[N]`.
#[must_use]
pub fn netns(link: &[u8]) -> Option<NetNs> {
    bracketed(link, b"net:[").map(NetNs)
}

/// The number in `KIND:[N]`, where `opening` is `KIND:[`.
#[must_use]
pub fn bracketed(link: &[u8], opening: &[u8]) -> Option<u64> {
    decimal(link.strip_prefix(opening)?.strip_suffix(b"]")?)
}

/// Whether the link is that of an io_uring.
#[must_use]
pub fn is_io_uring(link: &[u8]) -> bool {
    link == b"anon_inode:[io_uring]"
}

/// The fixed files of an io_uring: index in its table, and what the link of a descriptor
/// would say (`io_uring/fdinfo.c`: `UserFiles:\t4`, then `    2: socket:[867682]` lines).
/// Kernels before 5.x print only names there: they yield no socket, and no error.
pub fn fixed_files(fdinfo: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    fdinfo
        .split(|&byte| byte == b'\n')
        .skip_while(|line| !line.starts_with(b"UserFiles:"))
        .skip(1)
        .map_while(|line| {
            let (index, target) = split_once(line, b':')?;
            let index = decimal32(index.trim_ascii_start())?;
            Some((index, target.strip_prefix(b" ").unwrap_or(target)))
        })
}

/// How many descriptors wait in messages not yet received on a unix socket
/// (`net/unix/af_unix.c`, `unix_show_fdinfo`: `scm_fds: N`).
#[must_use]
pub fn waiting_descriptors(fdinfo: &[u8]) -> Option<u64> {
    fdinfo
        .split(|&byte| byte == b'\n')
        .find_map(|line| decimal(line.strip_prefix(b"scm_fds:")?.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_whole_or_not() {
        assert_eq!(socket(b"socket:[4242]"), Some(Inode(4242)));
        assert_eq!(netns(b"net:[4026531833]"), Some(NetNs(4_026_531_833)));
        assert_eq!(pipe(b"pipe:[77]"), Some(Inode(77)));
        assert_eq!(pipe(b"/tmp/pipe:[77]"), None);
        for bad in [
            &b"socket:[4242"[..],
            b"socket:[]",
            b"socket:[-1]",
            b"/tmp/socket:[1]",
            b"socket:[1] (deleted)",
        ] {
            assert_eq!(socket(bad), None, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn fixed_files_of_a_ring() {
        let fdinfo = b"pos:\t0\nSqMask:\t0x3\nUserFiles:\t4\n    2: socket:[867682]\n    3: /tmp/a: b\nUserBufs:\t1\n    0: 0x7f/4096\n";
        let files: Vec<_> = fixed_files(fdinfo).collect();
        assert_eq!(files, [(2, &b"socket:[867682]"[..]), (3, b"/tmp/a: b")]);
        assert_eq!(fixed_files(b"pos:\t0\n").count(), 0);
        assert_eq!(fixed_files(b"UserFiles:\t1\nnonsense\n").count(), 0);
    }

    #[test]
    fn messages_in_flight() {
        assert_eq!(
            waiting_descriptors(b"pos:\t0\nflags:\t02\nscm_fds: 3\n"),
            Some(3)
        );
        assert_eq!(waiting_descriptors(b"pos:\t0\n"), None);
        assert_eq!(waiting_descriptors(b"scm_fds: many\n"), None);
    }
}
