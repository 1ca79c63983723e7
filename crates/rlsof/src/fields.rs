//! `-F`: a field a line, for programs. A process set, then a set for each of its files.

use crate::cells;
use crate::listing::{Print, Round};
use crate::name;
use crate::query::usage;
use crate::row::Row;
use cli::Error;
use model::{FileKind, Kind, Pid, ProcessId};
use render::Text;
use std::io;

/// Letters and what they stand for, in the order `-F?` lists them.
#[rustfmt::skip]
const LETTERS: &[(char, &str)] = &[
    ('a', "access: r = read; w = write; u = read/write"), ('c', "command name"),
    ('d', "device character code"), ('D', "major/minor device number as 0x<hex>"),
    ('f', "file descriptor"), ('g', "process group ID"), ('G', "file flags"),
    ('i', "inode number"), ('k', "link count"), ('K', "task ID (TID)"),
    ('l', "lock: r/R = read; w/W = write; blank = none"), ('L', "login name"),
    ('m', "marker between repeated output"), ('M', "task command name: accepted, not told"),
    ('n', "name"), ('o', "file offset as 0t<dec> or 0x<hex>"),
    ('p', "process ID (PID)"), ('P', "protocol name"), ('r', "raw device number as 0x<hex>"),
    ('R', "parent PID"), ('s', "file size"), ('S', "stream module: accepted, not told"),
    ('t', "file type"),
    ('T', "TCP/TPI information"), ('u', "user ID"), ('0', "(zero) NUL as terminator"),
];

/// What `-F?` says.
pub(crate) fn help() -> String {
    LETTERS
        .iter()
        .map(|(letter, help)| format!("\t{letter}    {help}\n"))
        .collect()
}

/// Fields under way.
pub(crate) struct Fields {
    letters: String,
    nul: bool,
    last: Option<(ProcessId, Option<Pid>)>,
    text: Text,
}

impl Fields {
    /// Reads the letters; none stands for all but `r`, the order of lsof.
    ///
    /// # Errors
    /// Usage: an unknown letter.
    pub(crate) fn new(letters: &str) -> Result<Fields, Error> {
        let known = |letter: &char| LETTERS.iter().any(|row| row.0 == *letter);
        if let Some(unknown) = letters.chars().find(|letter| !known(letter)) {
            return Err(usage(&format!("unknown field: {unknown} in -F {letters}")));
        }
        let nul = letters.contains('0');
        let mut letters = letters.replace('0', "");
        if letters.is_empty() {
            letters = "pgRcuLKfaltGdDosikPnT".to_owned();
        }
        Ok(Fields {
            letters,
            nul,
            last: None,
            text: Text::default(),
        })
    }

    /// Ends a field, and under NUL termination a set by a newline too.
    fn field(
        &mut self,
        letter: char,
        out: &mut dyn io::Write,
        fill: impl FnOnce(&mut Text),
    ) -> io::Result<()> {
        if !self.letters.contains(letter) && letter != 'p' {
            return Ok(());
        }
        self.text.clear();
        fill(&mut self.text);
        let mut utf8 = [0; 4];
        out.write_all(letter.encode_utf8(&mut utf8).as_bytes())?;
        out.write_all(self.text.as_bytes())?;
        out.write_all(if self.nul { b"\0" } else { b"\n" })
    }

    fn set(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.nul {
            out.write_all(b"\n")
        } else {
            Ok(())
        }
    }

    fn process(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let process = row.process;
        self.field('p', out, |text| text.number(process.id.pid.0.into()))?;
        if let Some(tid) = row.tid {
            self.field('K', out, |text| text.number(tid.0.into()))?;
        }
        if let Some(group) = process.pgid {
            self.field('g', out, |text| text.number(group.0.into()))?;
        }
        if let Some(parent) = process.ppid {
            self.field('R', out, |text| text.number(parent.0.into()))?;
        }
        self.field('c', out, |text| text.foreign(process.comm.as_bytes()))?;
        if let Some(uid) = process.uid {
            self.field('u', out, |text| text.number(uid.0.into()))?;
            if row.show.users.contains_key(&uid) {
                self.field('L', out, |text| cells::user(row, text))?;
            }
        }
        self.set(out)
    }

    fn file(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let file = row.file;
        self.field('f', out, |text| text.show(file.slot))?;
        let access = file.access.map_or(' ', |access| access.letter());
        self.field('a', out, |text| text.show(access))?;
        let lock = file.lock.map_or(' ', |lock| lock.letter());
        self.field('l', out, |text| text.show(lock))?;
        self.field('t', out, |text| text.word(row.type_word()))?;
        if let Some(flags) = file.flags {
            self.field('G', out, |text| text.show(format_args!("{flags:#x};0x0")))?;
        }
        self.device(row, out)?;
        if let Some(size) = row.size() {
            self.field('s', out, |text| text.number(size))?;
        } else if let Some(offset) = row.offset() {
            let word = cells::offset_word(offset, row.show.offset_digits);
            self.field('o', out, |text| text.word(&word))?;
        }
        // The inode of a socket with a protocol stands in its device field.
        let protocol = cells::protocol(row);
        if protocol.is_none()
            && let Some(inode) = file.inode
        {
            self.field('i', out, |text| text.number(inode.0))?;
        }
        if let Some(links) = file.links {
            self.field('k', out, |text| text.number(links))?;
        }
        if let Some(protocol) = protocol {
            self.field('P', out, |text| text.word(&protocol))?;
        }
        self.field('n', out, |text| {
            name::plain(row, text);
            if !row.ends.is_empty() {
                text.show(format_args!(" {}", row.ends));
            }
        })?;
        self.tcp(row, out)?;
        self.set(out)
    }

    fn device(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        match row.socket.map(|socket| &socket.kind) {
            Some(Kind::Inet(_) | Kind::Inet6(_)) if row.proto_word().is_none() => {}
            Some(Kind::Inet(_) | Kind::Inet6(_) | Kind::Packet(_)) => {
                if let Some(inode) = row.file.inode {
                    self.field('d', out, |text| text.number(inode.0))?;
                }
            }
            Some(Kind::Unix(_) | Kind::Netlink(_) | Kind::Vsock(_) | Kind::Xdp(_)) => {}
            None => {
                if let Some(device) = row.file.device {
                    let number = packed(device);
                    self.field('D', out, |text| text.show(format_args!("{number:#x}")))?;
                }
            }
        }
        if matches!(row.file.kind, FileKind::Character | FileKind::Block)
            && let Some(rdev) = row.file.rdev
        {
            let number = packed(rdev);
            self.field('r', out, |text| text.show(format_args!("{number:#x}")))?;
        }
        Ok(())
    }

    fn tcp(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(socket) = row.socket else {
            return Ok(());
        };
        match &socket.kind {
            Kind::Unix(unix) => {
                let state = name::unix_state(unix);
                self.field('T', out, |text| text.show(format_args!("ST={state}")))
            }
            Kind::Inet(inet) | Kind::Inet6(inet) if row.proto_word().is_some() => {
                if let Some(state) = name::state_word(inet) {
                    self.field('T', out, |text| text.show(format_args!("ST={state}")))?;
                }
                self.field('T', out, |text| {
                    text.show(format_args!("QR={}", socket.recv_queue));
                })?;
                self.field('T', out, |text| {
                    text.show(format_args!("QS={}", socket.send_queue));
                })
            }
            _ => Ok(()),
        }
    }
}

/// A device as the C library packs it into one number (`makedev(3)`).
fn packed(device: u64) -> u64 {
    let (major, minor) = (device >> 32, device & 0xffff_ffff);
    (major & 0xffff_f000) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | minor & 0xff
}

impl Print for Fields {
    fn row(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let now = Some((row.process.id, row.tid));
        if self.last != now {
            self.last = now;
            self.process(row, out)?;
        }
        self.file(row, out)
    }

    fn end(&mut self, _: &Round, _: &mut dyn io::Write) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_packed_as_in_c() {
        assert_eq!(packed(254 << 32), 0xfe00);
        assert_eq!(packed(8 << 32 | 1), 0x801);
        // As glibc's makedev(0x1234, 0x56789).
        assert_eq!(packed(0x1234 << 32 | 0x5_6789), 0x1000_5672_3489);
    }

    #[test]
    fn unknown_letters_are_refused() {
        assert!(Fields::new("pcn0").is_ok() && Fields::new("").is_ok());
        for bad in ["y", "/tmp", "pq"] {
            assert!(Fields::new(bad).is_err(), "{bad}");
        }
    }
}
