//! `--pfiles`: a process and its descriptors, as pfiles of Solaris and illumos shows them.
//!
//! pfiles stops its target to ask it for the names of its sockets; here they come from
//! `fdinfo`, or are not there.

use crate::options::Options;
use cli::{Error, Exit};
use model::ask::FilesAsk;
use model::{Access, FdDetail, FileKind, Foreign, OpenFile, Pid, Process, Slot, SockName};
use render::Text;
use std::collections::HashSet;
use std::io::{self, Write};
use sysroot::Sysroot;

/// Kinds of files by `st_mode`, as Solaris has them.
const KINDS: &[(u32, &str)] = &[
    (0x1000, "S_IFIFO"),
    (0x2000, "S_IFCHR"),
    (0x4000, "S_IFDIR"),
    (0x6000, "S_IFBLK"),
    (0x8000, "S_IFREG"),
    (0xa000, "S_IFLNK"),
    (0xc000, "S_IFSOCK"),
    (0xd000, "S_IFDOOR"),
    (0xe000, "S_IFPORT"),
];

/// Flags of `fcntl.h` beyond the access mode.
const FLAGS: &[(u32, &str)] = &[
    (0x4, "O_NDELAY"),
    (0x8, "O_APPEND"),
    (0x10, "O_SYNC"),
    (0x40, "O_DSYNC"),
    (0x80, "O_NONBLOCK"),
    (0x2000, "O_LARGEFILE"),
    (0x8000, "O_RSYNC"),
    (0x10000, "O_XATTR"),
];

/// Options of sockets that are on or off.
const OPTIONS: &[(u32, &str)] = &[
    (0x1, "SO_DEBUG"),
    (0x2, "SO_REUSEADDR"),
    (0x4, "SO_REUSEPORT"),
    (0x8, "SO_KEEPALIVE"),
    (0x10, "SO_DONTROUTE"),
    (0x20, "SO_BROADCAST"),
    (0x80, "SO_OOBINLINE"),
    (0x100, "SO_DGRAM_ERRIND"),
    (0x200, "SO_ALLZONES"),
    (0x400, "SO_MAC_EXEMPT"),
    (0x800, "SO_EXCLBIND"),
];

/// Answers.
///
/// # Errors
/// A pid that is none, or the writer's.
pub(crate) fn run(options: &Options, root: &Sysroot, out: &mut dyn Write) -> Result<Exit, Error> {
    let ask = FilesAsk {
        pids: pids(&options.pid)?,
        flags: true,
        ..FilesAsk::default()
    };
    let mut shown = 0u64;
    let mut failed: Option<io::Error> = None;
    let told = host::files(root, &ask, None, &mut |process, tables| {
        let mut text = Text::default();
        head(&process, &mut text);
        for file in tables.iter().flat_map(|table| &table.files) {
            descriptor(file, &mut text);
        }
        shown += 1;
        if failed.is_none() {
            failed = out.write_all(text.as_bytes()).err();
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.flush()?;
    options.common.finish("rlsof", root, &told.gaps)?;
    Ok(Exit::of_search(shown > 0, &told.gaps))
}

/// Only these processes, where some are named.
fn pids(lists: &[String]) -> Result<Option<HashSet<Pid>>, Error> {
    let mut pids = HashSet::new();
    for word in lists.iter().flat_map(|list| list.split(',')) {
        let word = word.trim();
        let pid = word.parse().map_err(|_| {
            let word = render::safe::escaped(word.as_bytes());
            Error::Usage(format!("--pfiles: {word} is no pid"))
        })?;
        pids.insert(Pid(pid));
    }
    Ok((!pids.is_empty()).then_some(pids))
}

fn head(process: &Process, out: &mut Text) {
    const ROOM: usize = 70;
    out.number(process.id.pid.0.into());
    out.word(":\t");
    let from = out.len();
    let command = process.cmdline.as_ref().unwrap_or(&process.comm);
    // Linux ends each argument with NUL, where Solaris has blanks between them.
    let command = command.as_bytes();
    let words = command.strip_suffix(b"\0").unwrap_or(command);
    out.foreign(
        &words
            .iter()
            .map(|&b| if b == 0 { b' ' } else { b })
            .collect::<Vec<u8>>(),
    );
    out.truncate(from, ROOM);
    out.word("\n");
    if process.kernel_thread {
        out.word("  [system process]\n");
    }
}

fn descriptor(file: &OpenFile, out: &mut Text) {
    let Slot::Fd(number) = file.slot else { return };
    let detail = file.detail.as_deref();
    let mode = detail.map(|detail| detail.mode);
    out.show(format_args!("{number:4}: {}", kind(file, mode)));
    if let Some(mode) = mode {
        out.show(format_args!(" mode:0{:03o}", mode & 0o7777));
    }
    let pair = |device: u64| (device >> 32, device & 0xffff_ffff);
    if let Some(device) = file.device {
        let (major, minor) = pair(device);
        out.show(format_args!(" dev:{major},{minor}"));
    }
    if let Some(inode) = file.inode {
        // What sockets with one inode are told apart by stands above these bits.
        let bits = if file.kind == FileKind::Socket {
            32
        } else {
            64
        };
        out.show(format_args!(" ino:{}", inode.0 & (u64::MAX >> (64 - bits))));
    }
    if let Some((uid, gid)) = detail.map(|detail| detail.ids) {
        out.show(format_args!(" uid:{uid} gid:{gid}"));
    }
    match (file.rdev, file.size) {
        (Some(device), _) => {
            let (major, minor) = pair(device);
            out.show(format_args!(" rdev:{major},{minor}"));
        }
        (None, Some(size)) => out.show(format_args!(" size:{size}")),
        (None, None) => {}
    }
    out.word("\n");
    flags(file, detail, out);
    if let Some(detail) = detail {
        socket(detail, out);
    }
    if !file.name.as_bytes().is_empty() {
        line("      ", &file.name, out);
    }
    if let Some(offset) = file.offset {
        out.show(format_args!("      offset:{offset}\n"));
    }
}

fn kind(file: &OpenFile, mode: Option<u32>) -> &'static str {
    let of_mode = |mode: u32| KINDS.iter().find(|kind| kind.0 == mode & 0xf000);
    let named = mode.and_then(of_mode).map(|kind| kind.1);
    named.unwrap_or(match file.kind {
        FileKind::Socket => "S_IFSOCK",
        FileKind::Regular => "S_IFREG",
        FileKind::Directory => "S_IFDIR",
        FileKind::Character => "S_IFCHR",
        FileKind::Block => "S_IFBLK",
        _ => "S_IF?",
    })
}

fn flags(file: &OpenFile, detail: Option<&FdDetail>, out: &mut Text) {
    let access = match file.access {
        Some(Access::Read) => "O_RDONLY",
        Some(Access::Write) => "O_WRONLY",
        Some(Access::Update) => "O_RDWR",
        None => return,
    };
    out.word("      ");
    out.word(access);
    for (_, word) in on(FLAGS, file.flags.unwrap_or(0)) {
        out.word("|");
        out.word(word);
    }
    if detail.is_some_and(|detail| detail.fd_flags & 1 != 0) {
        out.word(" FD_CLOEXEC");
    }
    out.word("\n");
}

fn on(
    table: &'static [(u32, &'static str)],
    bits: u32,
) -> impl Iterator<Item = &'static (u32, &'static str)> {
    table.iter().filter(move |(bit, _)| bits & bit != 0)
}

fn socket(detail: &FdDetail, out: &mut Text) {
    match detail.socket_type {
        Some(1) => out.word("\tSOCK_DGRAM\n"),
        Some(2) => out.word("\tSOCK_STREAM\n"),
        Some(4) => out.word("\tSOCK_RAW\n"),
        Some(6) => out.word("\tSOCK_SEQPACKET\n"),
        Some(other) => out.show(format_args!("\tsocket type {other}\n")),
        None => {}
    }
    let mut options: Vec<String> = on(OPTIONS, detail.options.unwrap_or(0))
        .map(|(_, word)| (*word).to_owned())
        .collect();
    if let Some((send, receive)) = detail.buffers {
        options.push(format!("SO_SNDBUF({send})"));
        options.push(format!("SO_RCVBUF({receive})"));
    }
    if !options.is_empty() {
        out.show(format_args!("\t{}\n", options.join(",")));
    }
    for (what, name) in [("sockname", &detail.local), ("peername", &detail.peer)] {
        match name {
            Some(SockName::Inet(at)) => {
                let family = if at.is_ipv4() { "AF_INET" } else { "AF_INET6" };
                out.show(format_args!(
                    "\t{what}: {family} {}  port: {}\n",
                    at.ip(),
                    at.port()
                ));
            }
            Some(SockName::Unix(path)) => line(&format!("\t{what}: AF_UNIX "), path, out),
            Some(SockName::Other(family)) => {
                out.show(format_args!("\t{what}: family {family}\n"));
            }
            None => {}
        }
    }
    if let Some(algorithm) = &detail.congestion {
        line("\tcongestion control: ", algorithm, out);
    }
    if let Some((pid, name)) = &detail.peer_process {
        out.word("\tpeer: ");
        out.foreign(name.as_bytes());
        out.show(format_args!("[{pid}]\n"));
    }
}

fn line(head: &str, text: &Foreign, out: &mut Text) {
    out.word(head);
    out.foreign(text.as_bytes());
    out.word("\n");
}
