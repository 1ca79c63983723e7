//! One round: tables first, then the processes, a row at a time to whoever prints them.

use crate::elsewhere::Elsewhere;
use crate::endpoints::{Ends, Key};
use crate::query::{Class, Query};
use crate::row::{Row, Show};
use crate::sockets::{self, Sockets};
use model::ask::{FilesAsk, Table};
use model::{Coverage, Foreign, Gaps, Process};
use std::collections::HashSet;
use std::io;
use sysroot::Sysroot;

/// What becomes of rows.
pub(crate) trait Print {
    /// Takes one row. Rows of one process come together.
    ///
    /// # Errors
    /// Those of the writer.
    fn row(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()>;

    /// Ends the answer.
    ///
    /// # Errors
    /// Those of the writer.
    fn end(&mut self, told: &Round, out: &mut dyn io::Write) -> io::Result<()>;
}

/// What a round came to.
#[derive(Default)]
pub(crate) struct Round {
    /// Whether a row was printed.
    pub(crate) found: bool,
    pub(crate) gaps: Gaps,
    pub(crate) coverage: Coverage,
}

/// What more is to be read than the query itself needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// Flags of sockets.
    pub(crate) flags: bool,
    /// Threads with tables of their own.
    pub(crate) threads: bool,
    /// Mark the other ends.
    pub(crate) ends: bool,
    /// Also list them.
    pub(crate) end_rows: bool,
    /// Sockets of other network namespaces are meant too.
    pub(crate) all_netns: bool,
    /// Files below these directories are not asked about.
    pub(crate) exempt: Vec<Foreign>,
}

/// Where rows come from, and where they go.
struct Listing<'a> {
    query: &'a mut Query,
    show: &'a Show,
    sockets: &'a Sockets,
    elsewhere: Option<Elsewhere<'a>>,
    print: &'a mut dyn Print,
    out: &'a mut dyn io::Write,
    found: bool,
}

/// Reads everything once and prints what is meant.
///
/// # Errors
/// Those of the writer.
pub(crate) fn round(
    root: &Sysroot,
    query: &mut Query,
    show: &Show,
    extra: &Extra,
    print: &mut dyn Print,
    out: &mut dyn io::Write,
) -> io::Result<Round> {
    let with_ends = extra.ends || extra.end_rows;
    // Sockets of other namespaces need their names only where their rows can be printed.
    let sockets_only = !with_ends && query.only(&[Class::Inet, Class::Unix]);
    let elsewhere = extra.all_netns || !sockets_only;
    let (sockets, gaps) = sockets::read(root, elsewhere);
    let ask = ask(query, extra, with_ends, &sockets);
    let mut listing = Listing {
        query,
        show,
        sockets: &sockets,
        elsewhere: elsewhere.then(|| Elsewhere::new(root)),
        print,
        out,
        found: false,
    };
    let mut outcome = Ok(());
    let mut told = if with_ends {
        let mut processes = Vec::new();
        let told = host::files(root, &ask, &mut |process, tables| {
            processes.push((process, tables));
        });
        let (mounts, _) = host::mounts(root);
        let queues = mounts.iter().filter(|mount| mount.kind == b"mqueue");
        let ends = Ends::new(
            &processes,
            &sockets,
            queues.map(|mount| mount.device).collect(),
        );
        outcome = listing.with_ends(&processes, &ends, extra.end_rows);
        told
    } else {
        host::files(root, &ask, &mut |process, tables| {
            if outcome.is_ok() {
                outcome = listing.process(&process, &tables, None, None);
            }
        })
    };
    outcome?;
    let mut round = Round {
        found: listing.found,
        gaps,
        coverage: told.coverage,
    };
    round.gaps.append(&mut told.gaps);
    print.end(&round, out)?;
    Ok(round)
}

fn ask(query: &Query, extra: &Extra, with_ends: bool, sockets: &Sockets) -> FilesAsk {
    let sockets_only = !with_ends && query.only(&[Class::Inet, Class::Unix]);
    FilesAsk {
        pids: query.pids().filter(|_| !with_ends),
        sockets_only,
        threads: extra.threads,
        flags: extra.flags,
        exempt: extra.exempt.clone(),
        messages: if sockets_only {
            HashSet::new()
        } else {
            sockets.unix()
        },
    }
}

impl Listing<'_> {
    /// Prints the rows of one process that are meant, or that are the other end of such.
    fn process(
        &mut self,
        process: &Process,
        tables: &[Table],
        ends: Option<&Ends>,
        also: Option<&HashSet<Key>>,
    ) -> io::Result<()> {
        if !self.query.admits(process) {
            return Ok(());
        }
        for table in tables {
            for file in &table.files {
                let known = self.sockets.of(file);
                let asked = match (known, &mut self.elsewhere) {
                    (None, Some(elsewhere)) => elsewhere.ask(process, table.tid, file),
                    _ => None,
                };
                let mut row = Row {
                    process,
                    tid: table.tid,
                    file,
                    socket: known.or(asked.as_ref().and_then(|it| it.socket.as_ref())),
                    protocol: asked.as_ref().and_then(|it| it.protocol.as_deref()),
                    ends: "",
                    show: self.show,
                };
                let words;
                let meant = self.query.picks(&row)
                    || also.zip(ends).is_some_and(|(keys, ends)| {
                        ends.own(file, row.socket)
                            .is_some_and(|key| keys.contains(&key))
                    });
                if !meant {
                    continue;
                }
                if let Some(ends) = ends {
                    words = ends.words(&row);
                    row.ends = &words;
                }
                self.found = true;
                self.print.row(&row, self.out)?;
            }
        }
        Ok(())
    }

    /// The same over processes already read; under `end_rows` the other ends of what is
    /// meant are found first.
    fn with_ends(
        &mut self,
        processes: &[(Process, Vec<Table>)],
        ends: &Ends,
        end_rows: bool,
    ) -> io::Result<()> {
        let mut keys = HashSet::new();
        if end_rows {
            for (process, tables) in processes {
                if !self.query.admits(process) {
                    continue;
                }
                for (tid, file) in tables
                    .iter()
                    .flat_map(|table| table.files.iter().map(|file| (table.tid, file)))
                {
                    let row = Row {
                        process,
                        tid,
                        file,
                        socket: self.sockets.of(file),
                        protocol: None,
                        ends: "",
                        show: self.show,
                    };
                    if self.query.picks(&row) {
                        keys.extend(ends.other(file, row.socket));
                    }
                }
            }
        }
        for (process, tables) in processes {
            self.process(process, tables, Some(ends), Some(&keys))?;
        }
        Ok(())
    }
}
