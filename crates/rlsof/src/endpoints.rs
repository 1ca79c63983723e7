//! `-E` and `+E`: who has the other end of a pipe, a unix socket, a terminal, an event
//! counter, a message queue or a connection.

use crate::row::Row;
use crate::sockets::Sockets;
use model::ask::Table;
use model::{FileKind, Inode, OpenFile, Process, Proto, Socket, Special};
use std::collections::HashMap;
use std::fmt::Write;
use std::net::IpAddr;

/// What the two ends of something meet by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A pipe or FIFO, by device and inode.
    Pipe(u64, u64),
    /// A POSIX message queue, by device and inode.
    Queue(u64, u64),
    Unix(Inode),
    /// A pseudo-terminal by its number: its master, its slave.
    Master(u64),
    Slave(u64),
    EventFd(u64),
    /// A connection as its own end sees it: protocol, local, remote.
    Inet(Proto, (IpAddr, u16), (IpAddr, u16)),
}

/// One end and who has it, as lsof writes it: `812,sshd,3u`.
struct End {
    at: (u32, String),
    word: String,
}

/// The first major number of the slaves of pseudo-terminals, and how many there are.
const SLAVES: std::ops::RangeInclusive<u64> = 136..=143;

/// Every end found.
#[derive(Default)]
pub(crate) struct Ends {
    by_key: HashMap<Key, Vec<End>>,
    queues: Vec<u64>,
}

impl Ends {
    /// Notes every end the processes have. `queues` are the devices of mqueue file systems.
    pub(crate) fn new(
        processes: &[(Process, Vec<Table>)],
        sockets: &Sockets,
        queues: Vec<u64>,
    ) -> Ends {
        let mut ends = Ends {
            by_key: HashMap::new(),
            queues,
        };
        for (process, tables) in processes {
            for table in tables {
                for file in &table.files {
                    let socket = sockets.of(file);
                    if let Some(key) = ends.own(file, socket) {
                        let end = End::new(process, file);
                        ends.by_key.entry(key).or_default().push(end);
                    }
                }
            }
        }
        ends
    }

    /// The key of an end itself.
    pub(crate) fn own(&self, file: &OpenFile, socket: Option<&Socket>) -> Option<Key> {
        if let Some(socket) = socket {
            let inet = match &socket.kind {
                model::Kind::Unix(_) => return Some(Key::Unix(socket.inode)),
                kind => kind.inet().filter(|inet| inet.remote_port != 0)?,
            };
            let local = (inet.local.to_canonical(), inet.port);
            return Some(Key::Inet(
                inet.proto,
                local,
                (inet.remote.to_canonical(), inet.remote_port),
            ));
        }
        match (file.kind, file.special.as_deref()) {
            (_, Some(Special::EventFd(id))) => Some(Key::EventFd(*id)),
            (_, Some(Special::Terminal(number))) => Some(Key::Master(*number)),
            (FileKind::Fifo, _) => Some(Key::Pipe(file.device?, file.inode?.0)),
            (FileKind::Regular, _) if self.queues.contains(&file.device?) => {
                Some(Key::Queue(file.device?, file.inode?.0))
            }
            (FileKind::Character, _) => {
                let (major, minor) = (file.rdev? >> 32, file.rdev? & 0xffff_ffff);
                let first = *SLAVES.start();
                let slave = major
                    .checked_sub(first)
                    .filter(|_| SLAVES.contains(&major))?;
                Some(Key::Slave(slave * 256 + minor))
            }
            _ => None,
        }
    }

    /// The key its other end has.
    pub(crate) fn other(&self, file: &OpenFile, socket: Option<&Socket>) -> Option<Key> {
        Some(match self.own(file, socket)? {
            Key::Unix(_) => match &socket?.kind {
                model::Kind::Unix(unix) => Key::Unix(unix.peer?),
                _ => return None,
            },
            Key::Master(number) => Key::Slave(number),
            Key::Slave(number) => Key::Master(number),
            Key::Inet(proto, local, remote) => Key::Inet(proto, remote, local),
            same => same,
        })
    }

    /// What stands behind the name of a row: the other ends, made harmless already.
    pub(crate) fn words(&self, row: &Row<'_>) -> String {
        let mut words = String::new();
        let Some(key) = self.other(row.file, row.socket) else {
            return words;
        };
        match &key {
            // One that nobody has accepted yet has no inode.
            Key::Unix(inode) if inode.0 == 0 => {}
            Key::Unix(inode) => words = format!("->INO={inode}"),
            Key::Slave(number) => words = format!("->/dev/pts/{number}"),
            _ => {}
        }
        let own = End::place(row.process, row.file);
        for end in self.by_key.get(&key).into_iter().flatten() {
            if end.at != own {
                let space = if words.is_empty() { "" } else { " " };
                // Writing into a string does not fail.
                let _ = write!(words, "{space}{}", end.word);
            }
        }
        words
    }
}

impl End {
    fn place(process: &Process, file: &OpenFile) -> (u32, String) {
        (process.id.pid.0, file.slot.to_string())
    }

    fn new(process: &Process, file: &OpenFile) -> End {
        let access = file.access.map_or(' ', |access| access.letter());
        let comm = render::safe::escaped(process.comm.as_bytes());
        let word = format!("{},{comm},{}{access}", process.id.pid, file.slot);
        End {
            at: End::place(process, file),
            word: word.trim_end().to_owned(),
        }
    }
}
