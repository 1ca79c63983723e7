//! Who lives on the synthetic host, and the tree that tells it.
//!
//! sshd (502) listens on port 22 and its child (771) holds one connection; ntpd (600) has
//! UDP port 123; rpcbind (310) holds UDP port 111 as a TLI endpoint; nc (900) is bound to
//! port 4444 and does not listen; nobody holds the listener on port 31337. Process 0 is the
//! kernel, 950 a zombie.

use crate::bytes::Record;
use crate::tables;
use solaris::layout::{PRMAP_LP64, PSINFO_LP64, fdinfo, psinfo};
use std::fmt::Write;
use std::net::SocketAddrV4;
use std::path::Path;
use std::{fs, io};

/// Kernels whose tables differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// OmniOS of 2025: upstream illumos.
    Illumos,
    /// SmartOS, whose TCP entries have one field more.
    SmartOs,
    /// Oracle Solaris 11.4; its UDP layout is made up, since it is not public.
    Solaris114,
    /// Oracle Solaris 11.0.
    Solaris110,
    /// Solaris 10.
    Solaris10,
}

impl Release {
    /// All of them.
    pub const ALL: [Release; 5] = [
        Release::Illumos,
        Release::SmartOs,
        Release::Solaris114,
        Release::Solaris110,
        Release::Solaris10,
    ];

    /// What the stand-in calls its set of system calls.
    #[must_use]
    pub fn calls(self) -> &'static str {
        match self {
            Release::Illumos | Release::SmartOs => "illumos",
            Release::Solaris114 | Release::Solaris110 => "s11",
            Release::Solaris10 => "s10",
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Release::Illumos => ("5.11", "omnios-r151054-0123456789"),
            Release::SmartOs => ("5.11", "joyent_20210701T000000Z"),
            Release::Solaris114 => ("5.11", "11.4.86.201.2"),
            Release::Solaris110 => ("5.11", "11.0"),
            Release::Solaris10 => ("5.10", "Generic_147148-26"),
        }
    }

    /// Whether the socket tables tell inodes.
    #[must_use]
    pub fn tells_inodes(self) -> bool {
        matches!(self, Release::Illumos | Release::SmartOs)
    }

    /// Whether `/proc/PID/fdinfo` is there.
    #[must_use]
    pub fn has_fdinfo(self) -> bool {
        self.tells_inodes() || self == Release::Solaris114
    }
}

/// An IPv4 socket.
pub(crate) struct Sock {
    pub(crate) udp: bool,
    pub(crate) local: SocketAddrV4,
    pub(crate) remote: Option<SocketAddrV4>,
    /// State as the MIB and as TCP itself count.
    pub(crate) state: (u32, i32),
    pub(crate) inode: u64,
    pub(crate) creator: u32,
    /// Device of a TLI endpoint.
    pub(crate) endpoint: Option<u64>,
    /// The process and descriptor that hold it.
    pub(crate) holder: Option<(u32, u32)>,
}

const LISTEN: (u32, i32) = (2, -3);
const BOUND: (u32, i32) = (1, -4);
const ESTABLISHED: (u32, i32) = (5, 0);
const UDP_DEVICE: u64 = 42 << 32 | 7;

fn sock(udp: bool, local: &str, state: (u32, i32), inode: u64, holder: Option<(u32, u32)>) -> Sock {
    let Ok(local) = local.parse() else {
        unreachable!("addresses of the story are addresses")
    };
    Sock {
        udp,
        local,
        remote: None,
        state,
        inode,
        creator: holder.map_or(0, |(pid, _)| pid),
        endpoint: None,
        holder,
    }
}

fn sockets() -> Vec<Sock> {
    let mut connection = sock(false, "172.27.10.9:22", ESTABLISHED, 63783, Some((771, 5)));
    connection.remote = "172.27.10.79:38576".parse().ok();
    connection.creator = 502;
    let mut endpoint = sock(true, "0.0.0.0:111", (0, 0), 511, Some((310, 4)));
    endpoint.endpoint = Some(UDP_DEVICE);
    vec![
        endpoint,
        // The same inode as the listener below: they are cut from addresses.
        sock(true, "0.0.0.0:123", (0, 0), 22, Some((600, 6))),
        sock(false, "0.0.0.0:22", LISTEN, 22, Some((502, 3))),
        connection,
        sock(false, "0.0.0.0:4444", BOUND, 900, Some((900, 3))),
        sock(false, "0.0.0.0:31337", LISTEN, 31337, None),
    ]
}

const UNIX_PATH: &[u8] = b"/var/run/.sshd";
const UNIX_INODE: u64 = 77;

/// Pid, name, arguments, user, zone; whether a part of the kernel, whether a zombie.
type Person = (u32, &'static str, &'static str, u32, u32, bool, bool);

const PEOPLE: &[Person] = &[
    (0, "sched", "sched", 0, 0, true, false),
    (310, "rpcbind", "/usr/sbin/rpcbind", 1, 0, false, false),
    (502, "sshd", "/usr/lib/ssh/sshd", 0, 0, false, false),
    (
        600,
        "ntpd",
        "/usr/lib/inet/ntpd -p /var/run/ntp.pid",
        0,
        0,
        false,
        false,
    ),
    (771, "sshd", "/usr/lib/ssh/sshd -R", 60001, 0, false, false),
    (900, "nc", "nc -v 4444", 60001, 0, false, false),
    (950, "gone", "", 60001, 0, false, true),
];

/// Writes the host of a release below a directory.
///
/// # Errors
/// A file or link cannot be made.
pub fn write(top: &Path, release: Release) -> io::Result<()> {
    let origin = format!(
        "synthetic: made by tests/emu from compiled offsets, as {release:?}; no kernel said this\n"
    );
    put(top, "ORIGIN", origin.as_bytes())?;
    let sockets = sockets();
    answers(top, release, &sockets)?;
    let passwd = b"root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:\nuser:x:60001:1::/:/bin/sh\n";
    put(top, "etc/passwd", passwd)?;
    put(
        top,
        "etc/mnttab",
        b"rpool/var\t/var\tzfs\tdev=4010005\t1600000000\n",
    )?;
    let mut stats = String::new();
    for person in PEOPLE {
        process(top, release, person, &sockets, &mut stats)?;
    }
    put(top, "stats", stats.as_bytes())
}

fn put(top: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = top.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

fn answers(top: &Path, release: Release, sockets: &[Sock]) -> io::Result<()> {
    let (number, version) = release.names();
    let mut names = Vec::new();
    for text in ["SunOS", "story", number, version, "i86pc"] {
        let end = names.len() + 257;
        names.extend_from_slice(text.as_bytes());
        names.resize(end, 0);
    }
    put(top, "answers/uname", &names)?;
    put(top, "answers/mib2", &tables::mib2(release, sockets))?;
    let unix = tables::unix_list(release, UNIX_PATH, UNIX_INODE);
    let tcp = tables::numbers(&[("currEstab", 1), ("activeOpens", 12), ("inErrs", 0)]);
    let chain = tables::chain(&[
        (7, "tcp", "tcp", "mib2", 1, 3, tcp.len()),
        // Of a list that grows and shrinks the kernel does not know the size beforehand.
        (9, "sockfs", "sock_unix_list", "misc", 0, 1, 0),
    ]);
    put(top, "answers/kstat-chain", &chain)?;
    put(top, "answers/kstat-sockfs.0.sock_unix_list", &unix)?;
    put(top, "answers/kstat-tcp.0.tcp", &tcp)?;
    let users = Record::new(8 + 32)
        .u32(0, 4096)
        .u32(4, 2)
        .u32(8, 0x10)
        .u32(12, 502)
        .u32(24, 0x11)
        .u32(28, 900)
        .u32(32, 60001);
    put(top, "answers/users-2-%2fvar", &users.0)
}

fn process(
    top: &Path,
    release: Release,
    person: &Person,
    sockets: &[Sock],
    stats: &mut String,
) -> io::Result<()> {
    let (pid, name, arguments, uid, zone, kernel, zombie) = *person;
    let home = format!("proc/{pid}");
    let info = Record::new(PSINFO_LP64.size)
        .u32(psinfo::FLAG, u32::from(kernel))
        .u32(psinfo::NLWP, u32::from(!zombie))
        .u32(psinfo::PID, pid)
        .u32(psinfo::PPID, 1)
        .u32(psinfo::UID, uid)
        .u64(PSINFO_LP64.start, 1_600_000_000 + u64::from(pid))
        .bytes(PSINFO_LP64.fname, name.as_bytes())
        .bytes(PSINFO_LP64.psargs, arguments.as_bytes())
        .bytes(PSINFO_LP64.dmodel, &[2])
        .u32(PSINFO_LP64.zoneid, zone);
    put(top, &format!("{home}/psinfo"), &info.0)?;
    if kernel || zombie {
        return put(top, &format!("answers/fds-{pid}"), b"");
    }
    let program = arguments.split(' ').next().unwrap_or_default();
    let mut home = Home {
        top,
        release,
        place: home,
        stats,
        listed: String::new(),
    };
    home.associations(program)?;
    home.hold(0, 8, 0x2000, 13 << 32 | 2, &item(0, b"/dev/null\0\0\0"))?;
    home.link("0", "/dev/null")?;
    for socket in sockets {
        let Some((_, number)) = socket.holder.filter(|(holder, _)| *holder == pid) else {
            continue;
        };
        match socket.endpoint {
            Some(device) => {
                let path = "/devices/pseudo/udp@0:udp";
                home.hold(number, socket.inode, 0x2000, device, &item(0, &text(path)))?;
                home.link(&number.to_string(), path)?;
            }
            None => home.hold(number, socket.inode, 0xc000, 0, &items(socket))?,
        }
    }
    if pid == 502 {
        home.hold(4, UNIX_INODE, 0xc000, 0, &unix_items())?;
    }
    put(top, &format!("answers/fds-{pid}"), home.listed.as_bytes())
}

/// A process's directory while it is written.
struct Home<'a> {
    top: &'a Path,
    release: Release,
    place: String,
    stats: &'a mut String,
    listed: String,
}

impl Home<'_> {
    fn stat(&mut self, name: &str, inode: u64, mode: u32, rdev: u64) {
        let device = 559u64 << 32;
        let place = &self.place;
        // A string takes any text.
        let _ = writeln!(
            self.stats,
            "{device} {inode} {mode} 1 {rdev} 0 0 0\t/{place}/{name}"
        );
    }

    fn link(&self, name: &str, target: &str) -> io::Result<()> {
        let path = self.top.join(&self.place).join("path");
        fs::create_dir_all(&path)?;
        std::os::unix::fs::symlink(target, path.join(name))
    }

    /// Directories, program, and one mapped library.
    fn associations(&mut self, program: &str) -> io::Result<()> {
        const LIBRARY: &str = "zfs.256.65541.34";
        let map = Record::new(PRMAP_LP64.stride)
            .u64(0, 0x40_0000)
            .u64(PRMAP_LP64.size, 0x8000)
            .bytes(PRMAP_LP64.name, LIBRARY.as_bytes());
        put(self.top, &format!("{}/map", self.place), &map.0)?;
        for (name, target) in [("cwd", "/"), ("root", "/"), ("a.out", program)] {
            self.link(name, target)?;
        }
        self.link(LIBRARY, "/lib/libc.so.1")?;
        self.stat("cwd", 4, 0x41ed, 0);
        self.stat("root", 4, 0x41ed, 0);
        self.stat("object/a.out", 1000, 0x81ed, 0);
        self.stat(&format!("object/{LIBRARY}"), 34, 0x81ed, 0);
        Ok(())
    }

    fn hold(
        &mut self,
        number: u32,
        inode: u64,
        mode: u32,
        rdev: u64,
        items: &[u8],
    ) -> io::Result<()> {
        self.stat(&format!("fd/{number}"), inode, mode, rdev);
        // A string takes any text.
        let _ = writeln!(self.listed, "{number}");
        if !self.release.has_fdinfo() {
            return Ok(());
        }
        let bytes = info_file(number, inode, mode, rdev, items);
        put(self.top, &format!("{}/fdinfo/{number}", self.place), &bytes)
    }
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_owned();
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn item(kind: u32, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(8 + data.len()).unwrap_or(u32::MAX);
    [&size.to_le_bytes()[..], &kind.to_le_bytes(), data].concat()
}

fn name(kind: u32, address: SocketAddrV4) -> Vec<u8> {
    let port = address.port().to_be_bytes();
    let data = [
        &2u16.to_le_bytes()[..],
        &port,
        &address.ip().octets(),
        &[0; 8],
    ]
    .concat();
    item(kind, &data)
}

fn items(socket: &Sock) -> Vec<u8> {
    let kind: u32 = if socket.udp { 1 } else { 2 };
    let mut items = name(1, socket.local);
    items.extend(socket.remote.map(|peer| name(2, peer)).unwrap_or_default());
    items.extend(item(9, &kind.to_le_bytes()));
    items
}

fn unix_items() -> Vec<u8> {
    let mut address = 1u16.to_le_bytes().to_vec();
    address.extend_from_slice(UNIX_PATH);
    address.resize(112, 0);
    [item(1, &address), item(9, &2u32.to_le_bytes())].concat()
}

fn info_file(number: u32, inode: u64, mode: u32, rdev: u64, items: &[u8]) -> Vec<u8> {
    let half = |word: u64| u32::try_from(word & 0xffff_ffff).unwrap_or(0);
    let mut bytes = Record::new(fdinfo::ITEMS)
        .u32(fdinfo::FD, number)
        .u32(fdinfo::MODE, mode)
        .u64(fdinfo::INODE, inode)
        .u64(fdinfo::OFFSET, u64::MAX)
        .u32(fdinfo::DEVICE, 559)
        .u32(fdinfo::RDEV, half(rdev >> 32))
        .u32(fdinfo::RDEV + 4, half(rdev))
        .u32(fdinfo::FLAGS, 2)
        .i32(fdinfo::PEER_PID, -1)
        .0;
    bytes.extend_from_slice(items);
    bytes.extend_from_slice(&[0, 0, 0, 0, 255, 255, 255, 255]);
    bytes
}
