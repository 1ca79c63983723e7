//! The answer: tables as the original prints them, or JSON lines.

use crate::columns::{self, Row, Same};
use crate::options::{Query, Which};
use crate::owners::Owners;
use cli::{Answer, Error, Exit};
use model::ask::{SocketAsk, States, Told, WalkAsk};
use model::record::SocketRow;
use model::{Family, Gaps, Record, Socket, Source};
use render::{Column, Text};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;
use sysroot::Sysroot;

/// Lines are handed on in pieces of about this size.
const PIECE: usize = 32 << 10;

/// Prints the tables.
pub(crate) fn tables(
    root: &Sysroot,
    query: &Query,
    out: &mut dyn Write,
) -> Result<(Exit, Gaps), Error> {
    let mut told = Told::default();
    let mut rows = 0;
    if !query.inet.is_empty() {
        let title = format!("Active Internet connections ({})\n", query.words());
        let mut table = Table::new(root, query, &title, columns::inet(query), out)?;
        rows += each(root, query, inet, &mut told, &mut table)?;
    }
    if query.unix {
        let title = format!("Active UNIX domain sockets ({})\n", query.words());
        let mut table = Table::new(root, query, &title, columns::unix(query), out)?;
        rows += each(root, query, unix, &mut told, &mut table)?;
    }
    Ok((Exit::of_search(rows > 0, !told.gaps.is_empty()), told.gaps))
}

/// Prints JSON lines.
pub(crate) fn json(
    root: &Sysroot,
    query: &Query,
    out: &mut dyn Write,
) -> Result<(Exit, Gaps), Error> {
    let mut told = Told::default();
    let mut lines = Json {
        answer: Answer::begin(out, "rnetstat", query.via)?,
        owners: None,
    };
    let mut rows = 0;
    if !query.inet.is_empty() {
        rows += each(root, query, inet, &mut told, &mut lines)?;
    }
    if query.unix {
        rows += each(root, query, unix, &mut told, &mut lines)?;
    }
    lines.answer.end(&told.gaps, told.coverage)?;
    Ok((Exit::of_search(rows > 0, !told.gaps.is_empty()), told.gaps))
}

/// Reads one section's sockets.
type Read = fn(&Sysroot, &Query, &mut dyn FnMut(Socket)) -> Told;

/// The internet sockets: by the one source asked for, or by the text tables and then, of all
/// sockets, those that only sock_diag tells.
fn inet(root: &Sysroot, query: &Query, sink: &mut dyn FnMut(Socket)) -> Told {
    let source = query.via.unwrap_or(Source::Procfs);
    let mut told = host::sockets(root, source, &query.inet_ask(), sink);
    if query.via.is_none() && query.which == Which::All {
        let bound = host::sockets(root, Source::Netlink, &query.bound_ask(), sink);
        told.gaps.extend(bound.gaps);
    }
    told
}

fn unix(root: &Sysroot, query: &Query, sink: &mut dyn FnMut(Socket)) -> Told {
    let ask = SocketAsk {
        tables: vec![(Family::Unix, None)],
        states: States::ALL,
    };
    host::sockets(root, query.via.unwrap_or(Source::Procfs), &ask, sink)
}

/// Gives every socket of a section that is asked for, and with `-p` first the owners of all
/// of them. Without it nothing is kept: rows go out as the kernel tells them.
fn each(
    root: &Sysroot,
    query: &Query,
    read: Read,
    told: &mut Told,
    lines: &mut dyn Lines,
) -> io::Result<u64> {
    let (mut rows, mut failed) = (0, None);
    let mut kept = Vec::new();
    let mut more = read(root, query, &mut |socket| {
        if !query.shows(&socket) {
            return;
        }
        rows += 1;
        if query.program {
            kept.push(socket);
        } else if failed.is_none() {
            failed = lines.row(socket).err();
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if query.program {
        let inodes = kept
            .iter()
            .map(|socket| socket.inode)
            .filter(|inode| inode.0 != 0)
            .collect();
        let mut found = host::holdings(
            root,
            &WalkAsk {
                inodes: Some(inodes),
                deep: false,
            },
        );
        more.gaps.append(&mut found.told.gaps);
        lines.owners(Owners::new(found));
        kept.into_iter().try_for_each(|socket| lines.row(socket))?;
    }
    lines.flush()?;
    told.gaps.append(&mut more.gaps);
    told.coverage.netns = more.coverage.netns;
    told.coverage.looked.append(&mut more.coverage.looked);
    Ok(rows)
}

/// Where rows go.
trait Lines {
    fn owners(&mut self, owners: Owners);
    fn row(&mut self, socket: Socket) -> io::Result<()>;
    fn flush(&mut self) -> io::Result<()>;
}

struct Json<'w> {
    answer: Answer<'w>,
    owners: Option<Owners>,
}

impl Lines for Json<'_> {
    fn owners(&mut self, owners: Owners) {
        self.owners = Some(owners);
    }

    fn row(&mut self, socket: Socket) -> io::Result<()> {
        let owners = self
            .owners
            .as_ref()
            .map(|owners| owners.of(socket.inode).to_vec());
        self.answer
            .row(&Record::Socket(SocketRow { socket, owners }))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Table<'w> {
    columns: Vec<&'static Column<Row>>,
    same: Rc<Same>,
    text: Text,
    out: &'w mut dyn Write,
}

impl<'w> Table<'w> {
    fn new(
        root: &Sysroot,
        query: &Query,
        title: &str,
        columns: Vec<&'static Column<Row>>,
        out: &'w mut dyn Write,
    ) -> io::Result<Table<'w>> {
        out.write_all(title.as_bytes())?;
        let mut text = Text::default();
        render::header(&columns, &mut text);
        let names = query.extend && !query.numeric;
        let users = if names {
            host::users(root)
        } else {
            BTreeMap::new()
        };
        let same = Rc::new(Same {
            numeric: query.numeric,
            owners: Owners::default(),
            users,
        });
        Ok(Table {
            columns,
            same,
            text,
            out,
        })
    }
}

impl Lines for Table<'_> {
    fn owners(&mut self, owners: Owners) {
        if let Some(same) = Rc::get_mut(&mut self.same) {
            same.owners = owners;
        }
    }

    fn row(&mut self, socket: Socket) -> io::Result<()> {
        let row = Row {
            socket,
            same: Rc::clone(&self.same),
        };
        render::row(&self.columns, &row, &mut self.text);
        if self.text.len() < PIECE {
            Ok(())
        } else {
            self.flush()
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}
