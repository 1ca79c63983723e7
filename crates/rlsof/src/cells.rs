//! The columns of the table, each told once.

use crate::name;
use crate::row::Row;
use model::{FileKind, Foreign, Kind, Slot};
use render::{Align, Text};

/// One column.
pub(crate) struct Column {
    pub(crate) key: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) help: &'static str,
    pub(crate) align: Align,
    /// Left out of the table when no row has anything in it.
    pub(crate) optional: bool,
    pub(crate) cell: fn(&Row<'_>, &mut Text),
}

const fn column(
    key: &'static str,
    heading: &'static str,
    align: Align,
    help: &'static str,
    cell: fn(&Row<'_>, &mut Text),
) -> Column {
    Column {
        key,
        heading,
        help,
        align,
        optional: false,
        cell,
    }
}

use Align::{Left, Right};

/// Every column, in the order of the table.
#[rustfmt::skip]
pub(crate) static COLUMNS: &[Column] = &[
    column("comm", "COMMAND", Left, "the kernel's name for the process", comm),
    column("pid", "PID", Right, "process", |row, out| out.number(row.process.id.pid.0.into())),
    Column { optional: true, ..column("tid", "TID", Right, "thread, where the table is its own", tid) },
    column("ppid", "PPID", Right, "parent", |row, out| if let Some(pid) = row.process.ppid { out.number(pid.0.into()) }),
    column("pgid", "PGID", Right, "process group", |row, out| if let Some(pid) = row.process.pgid { out.number(pid.0.into()) }),
    column("user", "USER", Right, "real user", user),
    column("fd", "FD", Right, "where the file hangs, access, lock", fd),
    column("type", "TYPE", Right, "kind of file", |row, out| out.word(row.type_word())),
    column("flags", "FILE-FLAG", Right, "flags of open(2)", flags),
    column("device", "DEVICE", Right, "device, or inode of a socket", device),
    column("size_off", "SIZE/OFF", Right, "size, or offset", extent),
    column("nlink", "NLINK", Right, "links to the file", |row, out| if let Some(links) = row.file.links { out.number(links) }),
    column("node", "NODE", Right, "inode, or protocol of a socket", node),
    column("name", "NAME", Left, "path, addresses, state", name::full),
    column("netns", "NETNS", Right, "network namespace of the process", |row, out| if let Some(netns) = row.process.netns { out.number(netns.0) }),
    column("exe", "EXE", Left, "program file", |row, out| foreign(row.process.exe.as_ref(), out)),
    column("start", "START", Right, "start time, in ticks since boot", |row, out| out.number(row.process.id.start)),
    column("inode", "INODE", Right, "inode, of sockets too", |row, out| if let Some(inode) = row.file.inode { out.number(inode.0) }),
];

fn foreign(bytes: Option<&Foreign>, out: &mut Text) {
    if let Some(bytes) = bytes {
        out.foreign(bytes.as_bytes());
    }
}

fn comm(row: &Row<'_>, out: &mut Text) {
    let from = out.len();
    out.foreign(row.process.comm.as_bytes());
    if row.show.command_width > 0 {
        out.truncate(from, row.show.command_width);
    }
}

fn tid(row: &Row<'_>, out: &mut Text) {
    if let Some(tid) = row.tid {
        out.number(tid.0.into());
    }
}

/// The user's name as the host's own file has it, or the number.
pub(crate) fn user(row: &Row<'_>, out: &mut Text) {
    let Some(uid) = row.process.uid else { return };
    match row.show.users.get(&uid) {
        Some(name) => out.foreign(name.as_bytes()),
        None => out.number(uid.0.into()),
    }
}

/// Slot, access letter, lock letter; both letters keep their place when blank.
fn fd(row: &Row<'_>, out: &mut Text) {
    match row.file.slot {
        Slot::Fd(fd) => out.number(fd.into()),
        other => out.show(other),
    }
    let lock = row.file.lock.map(|lock| lock.letter());
    // A locked file whose access is not known has a hyphen there.
    let access = match row.file.access {
        None if lock.is_some() => Some('-'),
        access => access.map(|access| access.letter()),
    };
    for letter in [access, lock] {
        let letter = letter.unwrap_or(' ');
        out.word(letter.encode_utf8(&mut [0; 4]));
    }
}

/// Device, or inode of an internet or packet socket.
pub(crate) fn device(row: &Row<'_>, out: &mut Text) {
    match row.socket.map(|socket| (&socket.kind, socket.inode)) {
        Some((Kind::Inet(_) | Kind::Inet6(_), inode)) if row.proto_word().is_some() => {
            // Solaris 11.4 tells a socket's inode by its descriptor alone.
            let own = row.file.inode.filter(|_| inode.0 == 0);
            out.number(own.unwrap_or(inode).0);
        }
        Some((Kind::Packet(_), inode)) => out.number(inode.0),
        Some(_) => {}
        None => {
            if let Some(device) = own_device(row) {
                out.number(device >> 32);
                out.word(",");
                out.number(device & 0xffff_ffff);
            }
        }
    }
}

/// Of a device file the device it stands for, of others the one they live on.
fn own_device(row: &Row<'_>) -> Option<u64> {
    match row.file.kind {
        FileKind::Character | FileKind::Block => row.file.rdev,
        _ => row.file.device,
    }
}

fn extent(row: &Row<'_>, out: &mut Text) {
    if let Some(size) = row.size() {
        if row.show.human {
            human(size, out);
        } else {
            out.number(size);
        }
    } else if let Some(offset) = row.offset() {
        // Pipes, terminals and sockets have none.
        if offset == 0 {
            out.word("0t0");
        } else {
            out.word(&offset_word(offset, row.show.offset_digits));
        }
    }
}

/// `0t` decimal, or `0x` hexadecimal when that has too many digits.
pub(crate) fn offset_word(offset: u64, digits: usize) -> String {
    let decimal = offset.to_string();
    if digits > 0 && decimal.len() > digits {
        format!("{offset:#x}")
    } else {
        format!("0t{decimal}")
    }
}

/// With one digit after the point below ten of a unit of 1024.
fn human(size: u64, out: &mut Text) {
    let (mut unit, mut rest) = ("", size);
    let mut tenths = 0;
    for next in ["K", "M", "G", "T", "P", "E"] {
        if rest < 1024 {
            break;
        }
        tenths = (rest % 1024) * 10 / 1024;
        rest /= 1024;
        unit = next;
    }
    if unit.is_empty() {
        out.number(rest);
    } else {
        out.show(format_args!("{rest}.{tenths}{unit}"));
    }
}

fn node(row: &Row<'_>, out: &mut Text) {
    match (protocol(row), row.file.inode) {
        (Some(word), _) => out.word(&word),
        (None, Some(inode)) => out.number(inode.0),
        (None, None) => {}
    }
}

/// The protocol of a socket whose inode stands in the device column.
pub(crate) fn protocol(row: &Row<'_>) -> Option<String> {
    match row.socket.map(|socket| &socket.kind) {
        Some(Kind::Packet(packet)) => Some(match ethertype(packet.ethertype) {
            Some(word) => word.to_owned(),
            None => packet.ethertype.to_string(),
        }),
        _ => row.proto_word().map(str::to_owned),
    }
}

/// Names of what packet sockets read (include/uapi/linux/if_ether.h).
fn ethertype(number: u16) -> Option<&'static str> {
    const WORDS: &[(u16, &str)] = &[
        (0x0003, "ALL"),
        (0x0800, "IP"),
        (0x0806, "ARP"),
        (0x8100, "8021Q"),
        (0x86dd, "IPV6"),
        (0x888e, "PAE"),
        (0x88cc, "LLDP"),
    ];
    WORDS.iter().find(|row| row.0 == number).map(|row| row.1)
}

/// Bits of `open(2)` (include/uapi/asm-generic/fcntl.h) and lsof's words for them; a
/// directory flag that is another on arm is told by number there.
#[rustfmt::skip]
const FLAGS: &[(u32, &str)] = &[
    (0o2000, "AP"), (0o20000, "ASYN"), (0o40000, "DIR"), (0o200_000, "DTY"),
    (0o400_000, "NFLK"), (0o100_000, "LG"), (0o4000, "ND"), (0o4_010_000, "SYN"),
    (0o1_000_000, "NATM"), (0o10_000_000, "PATH"), (0o20_200_000, "TMPF"), (0o2_000_000, "CX"),
];

/// Writes flags as lsof's `+fg` or `+fG` does.
pub(crate) fn flags(row: &Row<'_>, out: &mut Text) {
    let Some(flags) = row.file.flags else { return };
    if row.show.flags_hex {
        return out.show(format_args!("{flags:#x};0x0"));
    }
    let mut sep = "";
    let mut word = |word: &str| {
        out.word(sep);
        out.word(word);
        sep = ",";
    };
    match flags & 3 {
        1 => word("W"),
        2 => word("RW"),
        _ => {}
    }
    for (bits, name) in FLAGS {
        if flags & bits == *bits {
            word(name);
        }
    }
}
