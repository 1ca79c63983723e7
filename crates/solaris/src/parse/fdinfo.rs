//! `/proc/PID/fdinfo/N` (`prfdinfo_t` of `sys/procfs.h`): what a descriptor is, and for a
//! socket its names and options. illumos since January 2020 and Solaris 11.4, byte for byte
//! the same by agreement (illumos IPD 12). It ends in items of size, type and data.

use super::bytes::Fields;
use crate::layout::{Abi, fdinfo as at};
use model::{Access, FdDetail, FileKind, Foreign, Gap, Gaps, Inode, OpenFile, Pid, Slot, SockName};
use std::net::{IpAddr, SocketAddr};

/// Type of the last item. The one capture there is, of a prototype, ends in type 0 and
/// size 0 instead, which no item can have.
const END: u32 = u32::MAX;
const ITEM_HEADER: usize = 8;
const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 26;

/// Reads the file.
///
/// # Errors
/// Too short for the fixed part.
pub fn fdinfo(bytes: &[u8], abi: Abi, place: &str) -> Result<(OpenFile, Gaps), String> {
    let fields = Fields::new(bytes, abi);
    let mut file = fixed(fields)
        .filter(|_| bytes.len() >= at::ITEMS)
        .ok_or_else(|| format!("{} bytes are no fdinfo", bytes.len()))?;
    let mut gaps = Vec::new();
    let mut detail = file.detail.take().unwrap_or_default();
    let mut rest = bytes.get(at::ITEMS..).unwrap_or_default();
    loop {
        let fields = Fields::new(rest, abi);
        let (Some(size), Some(kind)) = (fields.u32(0), fields.u32(4)) else {
            gaps.push(Gap::new(place, "the list of items has no end"));
            break;
        };
        if kind == END || (size == 0 && kind == 0) {
            break;
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let item = Some(size)
            .filter(|size| *size >= ITEM_HEADER && size.is_multiple_of(4))
            .and_then(|size| rest.split_at_checked(size));
        let Some((item, behind)) = item else {
            let reason = format!("an item of {size} bytes where {} are left", rest.len());
            gaps.push(Gap::new(place, reason));
            break;
        };
        rest = behind;
        let data = item.get(ITEM_HEADER..).unwrap_or_default();
        take(kind, Fields::new(data, abi), &mut file, &mut detail);
    }
    file.detail = Some(detail);
    Ok((file, gaps))
}

/// The first 196 bytes.
fn fixed(fields: Fields<'_>) -> Option<OpenFile> {
    let mode = fields.u32(at::MODE)?;
    let device = |at: usize| {
        let (major, minor) = (fields.u32(at)?, fields.u32(at + 4)?);
        Some(u64::from(major) << 32 | u64::from(minor))
    };
    let flags = fields.u32(at::FLAGS)?;
    let kind = kind(mode);
    let pid = |at: usize| {
        let pid = u32::try_from(fields.i32(at)?).ok()?;
        (pid != 0).then_some(Pid(pid))
    };
    let name = fields.text(at::PEER_NAME, 16)?;
    let lock = fields.u16(at::LOCK)?;
    let detail = FdDetail {
        mode,
        ids: (fields.u32(at::UID)?, fields.u32(at::GID)?),
        fd_flags: fields.u32(at::FD_FLAGS)?,
        peer_process: pid(at::PEER_PID).map(|pid| (pid, Foreign::from(name))),
        lock: pid(at::LOCK_PID)
            .filter(|_| lock == 1 || lock == 2)
            .map(|pid| (lock, pid)),
        ..FdDetail::default()
    };
    let is_device = matches!(kind, FileKind::Character | FileKind::Block);
    Some(OpenFile {
        slot: Slot::Fd(fields.u32(at::FD)?),
        access: Access::from_flags(flags),
        kind,
        device: device(at::DEVICE),
        rdev: device(at::RDEV).filter(|_| is_device),
        size: fields.u64(at::SIZE).filter(|_| kind == FileKind::Regular),
        offset: fields
            .u64(at::OFFSET)
            .and_then(|offset| (offset != u64::MAX).then_some(offset)),
        flags: Some(flags),
        inode: Some(Inode(fields.u64(at::INODE)?)),
        links: None,
        name: Foreign::default(),
        lock: None,
        special: None,
        detail: Some(Box::new(detail)),
    })
}

/// What `S_IFMT` says (`sys/stat.h`).
#[must_use]
pub fn kind(mode: u32) -> FileKind {
    match mode & 0xf000 {
        0x1000 => FileKind::Fifo,
        0x2000 => FileKind::Character,
        0x4000 => FileKind::Directory,
        0x6000 => FileKind::Block,
        0x8000 => FileKind::Regular,
        0xa000 => FileKind::Link,
        0xc000 => FileKind::Socket,
        0xd000 => FileKind::Door,
        0xe000 => FileKind::EventPort,
        _ => FileKind::Unknown,
    }
}

/// One item; the numbers are `PR_*` of `sys/procfs.h`. An unknown or empty one is nothing.
fn take(kind: u32, data: Fields<'_>, file: &mut OpenFile, detail: &mut FdDetail) {
    match kind {
        // A door may be attached to several paths; the first stands.
        0 if file.name.as_bytes().is_empty() => {
            let path = data.text(0, data.bytes.len()).unwrap_or_default();
            file.name = Foreign::from(path);
        }
        1 => detail.local = sockname(data),
        2 => detail.peer = sockname(data),
        3 => detail.options = data.u32(0),
        5 => {
            detail.buffers = data
                .u32(0)
                .map(|send| (send, detail.buffers.map_or(0, |b| b.1)))
        }
        6 => {
            detail.buffers = data
                .u32(0)
                .map(|room| (detail.buffers.map_or(0, |b| b.0), room))
        }
        9 => detail.socket_type = data.u32(0),
        11 => detail.congestion = data.text(0, data.bytes.len()).map(Foreign::from),
        _ => {}
    }
}

/// A `sockaddr`: the family in the machine's order, port and address in the network's.
fn sockname(data: Fields<'_>) -> Option<SockName> {
    let port = |at: usize| data.raw::<2>(at).map(u16::from_be_bytes);
    Some(match data.u16(0)? {
        AF_INET => {
            let addr = IpAddr::V4(data.v4(4)?);
            SockName::Inet(SocketAddr::new(addr, port(2)?))
        }
        AF_INET6 => {
            let addr = IpAddr::V6(data.v6(8)?);
            SockName::Inet(SocketAddr::new(addr, port(2)?))
        }
        AF_UNIX => {
            let length = data.bytes.len().saturating_sub(2);
            SockName::Unix(Foreign::from(data.text(2, length)?))
        }
        other => SockName::Other(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Real: 340 bytes of a TCP socket of an sshd on illumos, published in IPD 12. The
    /// prototype it came from numbered TCP_CONGESTION 10, which became 11.
    const REAL: &str = include_str!("../../tests/fixtures/real/fdinfo-socket.hex");

    fn real() -> Vec<u8> {
        let digits: String = REAL.split_whitespace().collect();
        digits
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_real_capture() {
        let (file, gaps) = fdinfo(&real(), Abi::X86_64, "fdinfo").unwrap();
        assert!(gaps.is_empty(), "{gaps:?}");
        assert_eq!(file.slot, Slot::Fd(5));
        assert_eq!(file.kind, FileKind::Socket);
        assert_eq!(file.inode, Some(Inode(63783)));
        assert_eq!(file.device, Some(559 << 32));
        assert_eq!(file.access, Some(Access::Update));
        assert_eq!(file.flags, Some(0x82), "O_RDWR|O_NONBLOCK");
        assert_eq!(file.offset, Some(28694));
        let detail = file.detail.unwrap();
        assert_eq!(detail.mode & 0o777, 0o666);
        assert_eq!(detail.fd_flags, 1, "FD_CLOEXEC");
        let name = |text: &str| Some(SockName::Inet(text.parse().unwrap()));
        assert_eq!(detail.local, name("172.27.10.9:22"));
        assert_eq!(detail.peer, name("172.27.10.79:38576"));
        assert_eq!(detail.socket_type, Some(2), "SOCK_STREAM");
        assert_eq!(detail.options, Some(0xa), "REUSEADDR, KEEPALIVE");
        assert_eq!(detail.buffers, Some((49152, 128_872)));
        assert_eq!(detail.peer_process, None);
        assert_eq!(detail.lock, None);
    }

    #[test]
    fn the_real_capture_cut_anywhere_is_told() {
        let bytes = real();
        for length in 0..bytes.len() - 4 {
            match fdinfo(&bytes[..length], Abi::X86_64, "f") {
                Ok((_, gaps)) => assert_eq!(gaps.len(), 1, "{length}"),
                Err(_) => assert!(length < 196, "{length}"),
            }
        }
    }

    #[test]
    fn big_endian_names() {
        let mut bytes = vec![0; 196];
        bytes[4..8].copy_from_slice(&0xc000u32.to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 40, 0, 0, 0, 1, 0, 26, 0, 22]);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&"::1".parse::<std::net::Ipv6Addr>().unwrap().octets());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&[0, 0, 0, 12, 0, 0, 0, 2, 0, 1, b'/', 0]);
        bytes.extend_from_slice(&[0, 0, 0, 0, 255, 255, 255, 255]);
        let (file, gaps) = fdinfo(&bytes, Abi::SPARCV9, "f").unwrap();
        assert!(gaps.is_empty());
        let detail = file.detail.unwrap();
        let expected = SockName::Inet("[::1]:22".parse().unwrap());
        assert_eq!(detail.local, Some(expected));
        assert_eq!(detail.peer, Some(SockName::Unix(Foreign::from("/"))));
    }

    #[test]
    fn items_that_overlap_or_run_past_the_end() {
        for size in [0u32, 4, 7, 13, 4096, u32::MAX] {
            let mut bytes = vec![0; 196];
            bytes.extend_from_slice(&size.to_le_bytes());
            bytes.extend_from_slice(&1u32.to_le_bytes());
            bytes.extend_from_slice(&[0; 16]);
            let (_, gaps) = fdinfo(&bytes, Abi::X86_64, "/proc/1/fdinfo/3").unwrap();
            assert_eq!(gaps.len(), 1, "{size}");
            assert_eq!(gaps[0].place, "/proc/1/fdinfo/3");
        }
    }

    proptest! {
        #[test]
        fn never_panics(tail in proptest::collection::vec(any::<u8>(), 0..300), big in any::<bool>()) {
            let mut bytes = real();
            bytes.truncate(196);
            bytes.extend(tail);
            let abi = if big { Abi::SPARC } else { Abi::X86_64 };
            prop_assert!(fdinfo(&bytes, abi, "f").is_ok());
        }

        #[test]
        fn one_bad_item_leaves_what_came_before(tail in proptest::collection::vec(any::<u8>(), 0..60)) {
            // 24 bytes of local and 24 of peer name, then noise.
            let mut bytes = real();
            bytes.truncate(196 + 48);
            bytes.extend(tail.iter().map(|byte| byte | 0x80));
            let (file, _) = fdinfo(&bytes, Abi::X86_64, "f").unwrap();
            prop_assert!(file.detail.unwrap().local.is_some());
        }
    }
}
