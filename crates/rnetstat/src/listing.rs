//! The answer: tables as the original prints them, or JSON lines.

use crate::columns::{self, Interfaces, Row, Same};
use crate::facts;
use crate::owners::Owners;
use crate::query::{Mode, Query, Section};
use crate::sources;
use cli::{Answer, Error, Exit};
use host::read::netns::Namespace;
use host::read::tables::Stand;
use model::ask::Told;
use model::network::NetworkRow;
use model::record::SocketRow;
use model::{Gaps, Record, Socket};
use render::{Column, Text};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;
use sysroot::Sysroot;

/// Lines are handed on in pieces of about this size.
const PIECE: usize = 32 << 10;

/// Where is asked, and what for.
pub(crate) struct Asked<'a> {
    pub(crate) root: &'a Sysroot,
    pub(crate) query: &'a Query,
    /// Other network namespaces than our own.
    pub(crate) others: &'a [Namespace],
    /// Gaps met so far.
    pub(crate) gaps: Gaps,
}

/// What is left to say when the rows are out.
pub(crate) struct Outcome {
    pub(crate) exit: Exit,
    pub(crate) gaps: Gaps,
    /// Tables that were named and that this kernel does not have.
    pub(crate) missing: Vec<&'static str>,
}

impl Outcome {
    fn new(query: &Query, rows: u64, told: Told) -> Outcome {
        Outcome {
            exit: Exit::of_search(rows > 0, &told.gaps),
            missing: if query.mode == Mode::Sockets {
                sources::missing(query, &told)
            } else {
                Vec::new()
            },
            gaps: told.gaps,
        }
    }
}

/// Prints the tables.
pub(crate) fn tables(asked: Asked<'_>, out: &mut dyn Write) -> Result<Outcome, Error> {
    let query = asked.query;
    let mut told = Told {
        gaps: asked.gaps.clone(),
        ..Told::default()
    };
    let mut rows = 0;
    let found = asked.facts(&mut told.gaps);
    for (stand, facts) in found {
        let mut text = Text::default();
        if query.all_netns {
            let netns = stand.netns.map_or(0, |netns| netns.0);
            text.show(format_args!("Network namespace {netns}\n"));
        }
        facts.show(query, &mut text);
        out.write_all(text.as_bytes())?;
        // A heading alone is nothing found.
        rows += u64::try_from(facts.into_facts().len()).unwrap_or(u64::MAX);
    }
    if query.mode == Mode::Sockets {
        for &section in query.sections.iter().chain(&query.implied) {
            let mut table = Table::new(&asked, section, out);
            rows += asked.section(section, &mut told, &mut table)?;
        }
    }
    Ok(Outcome::new(query, rows, told))
}

/// Prints JSON lines.
pub(crate) fn json(asked: Asked<'_>, out: &mut dyn Write) -> Result<Outcome, Error> {
    let query = asked.query;
    let mut told = Told {
        gaps: asked.gaps.clone(),
        ..Told::default()
    };
    let mut lines = Json {
        answer: Answer::begin(out, "rnetstat", query.via)?,
        owners: None,
    };
    let mut rows = 0;
    for (stand, facts) in asked.facts(&mut told.gaps) {
        for fact in facts.into_facts() {
            let netns = stand.netns;
            lines
                .answer
                .row(&Record::Network(NetworkRow { netns, fact }))?;
            rows += 1;
        }
    }
    if query.mode == Mode::Sockets {
        for &section in query.sections.iter().chain(&query.implied) {
            rows += asked.section(section, &mut told, &mut lines)?;
        }
    }
    lines.answer.end(&told.gaps, told.coverage.clone())?;
    Ok(Outcome::new(query, rows, told))
}

impl Asked<'_> {
    /// What is no socket, of each namespace.
    fn facts(&self, gaps: &mut Gaps) -> Vec<(Stand, facts::Facts)> {
        let mut all = Vec::new();
        let own = Stand::own(self.root);
        let mut keep = |stand: Stand, told: Option<(facts::Facts, Gaps)>, gaps: &mut Gaps| {
            if let Some((facts, mut more)) = told {
                gaps.append(&mut more);
                all.push((stand, facts));
            }
        };
        keep(own, facts::read(self.root, &own, self.query), gaps);
        let (root, query) = (self.root, self.query);
        for other in self.others {
            match other.ask(|stand| (*stand, facts::read(root, stand, query))) {
                Ok((stand, told)) => keep(stand, told, gaps),
                Err(gap) => gaps.push(gap),
            }
        }
        all
    }

    /// Gives every socket of a section that is asked for, and with `-p` first the owners of
    /// all of them. Without it, those of our own namespace go out as the kernel tells them.
    fn section(&self, section: Section, told: &mut Told, lines: &mut dyn Lines) -> io::Result<u64> {
        let (root, query) = (self.root, self.query);
        let (mut rows, mut failed) = (0, None);
        let mut kept = Vec::new();
        let own = Stand::own(root);
        let named = matches!(section, Section::Packet | Section::Xdp)
            || query.columns.iter().any(|key| key == "device");
        if named {
            lines.interfaces(sources::interfaces(root, &own));
        }
        let mut more = sources::read(root, &own, section, query, &mut |socket| {
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
        for other in self.others {
            let asked = other.ask(|stand| {
                let mut sockets = Vec::new();
                let told = sources::read(root, stand, section, query, &mut |socket| {
                    if query.shows(&socket) {
                        sockets.push(socket);
                    }
                });
                let names = if named {
                    sources::interfaces(root, stand)
                } else {
                    Interfaces::new()
                };
                (sockets, told.gaps, names)
            });
            match asked {
                Ok((mut sockets, mut gaps, names)) => {
                    rows += u64::try_from(sockets.len()).unwrap_or(u64::MAX);
                    lines.interfaces(names);
                    kept.append(&mut sockets);
                    more.gaps.append(&mut gaps);
                }
                Err(gap) => more.gaps.push(gap),
            }
        }
        if query.program {
            let (owners, mut gaps) = Owners::find(root, &kept);
            more.gaps.append(&mut gaps);
            more.gaps.append(&mut owners.filters(root, &mut kept));
            lines.owners(owners);
        }
        kept.into_iter().try_for_each(|socket| lines.row(socket))?;
        lines.flush()?;
        told.gaps.append(&mut more.gaps);
        told.coverage.netns = more.coverage.netns;
        told.coverage.looked.append(&mut more.coverage.looked);
        Ok(rows)
    }
}

/// Where rows go.
trait Lines {
    fn owners(&mut self, owners: Owners);
    fn interfaces(&mut self, names: Interfaces);
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

    fn interfaces(&mut self, _: Interfaces) {}

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
    /// Only a heading so far, of a table nobody named: without rows it is not shown.
    idle: bool,
    out: &'w mut dyn Write,
}

impl<'w> Table<'w> {
    fn new(asked: &Asked<'_>, section: Section, out: &'w mut dyn Write) -> Table<'w> {
        let query = asked.query;
        let columns = columns::of(section, query);
        let mut text = Text::default();
        text.word(&query.title(section));
        render::header(&columns, &mut text);
        let names = !query.numeric.users && columns.iter().any(|column| column.key == "uid");
        let users = if names {
            host::users(asked.root)
        } else {
            BTreeMap::new()
        };
        let same = Rc::new(Same {
            numeric: query.numeric,
            narrow: query.narrow,
            owners: Owners::default(),
            users,
            interfaces: Interfaces::new(),
        });
        Table {
            columns,
            same,
            text,
            idle: query.implied.contains(&section),
            out,
        }
    }
}

impl Lines for Table<'_> {
    fn owners(&mut self, owners: Owners) {
        if let Some(same) = Rc::get_mut(&mut self.same) {
            same.owners = owners;
        }
    }

    fn interfaces(&mut self, mut names: Interfaces) {
        if let Some(same) = Rc::get_mut(&mut self.same) {
            same.interfaces.append(&mut names);
        }
    }

    fn row(&mut self, socket: Socket) -> io::Result<()> {
        self.idle = false;
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
        if self.idle {
            return Ok(());
        }
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}
