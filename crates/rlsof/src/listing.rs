//! One round: tables first, then the processes, a row at a time to whoever prints them.

use crate::query::{Class, Query};
use crate::row::{Row, Show};
use crate::sockets;
use model::ask::FilesAsk;
use model::{Coverage, Gaps};
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
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extra {
    /// Flags of sockets.
    pub(crate) flags: bool,
    /// Threads with tables of their own.
    pub(crate) threads: bool,
}

/// Reads everything once and prints what is meant.
///
/// # Errors
/// Those of the writer.
pub(crate) fn round(
    root: &Sysroot,
    query: &mut Query,
    show: &Show,
    extra: Extra,
    print: &mut dyn Print,
    out: &mut dyn io::Write,
) -> io::Result<Round> {
    let (sockets, gaps) = sockets::read(root, query);
    let sockets_only = query.only(&[Class::Inet, Class::Unix]);
    let ask = FilesAsk {
        pids: query.pids(),
        sockets_only,
        threads: extra.threads,
        flags: extra.flags,
        messages: if sockets_only {
            Default::default()
        } else {
            sockets.unix()
        },
    };
    let mut round = Round {
        gaps,
        ..Round::default()
    };
    let mut outcome = Ok(());
    let mut told = host::files(root, &ask, &mut |process, tables| {
        if outcome.is_err() || !query.admits(&process) {
            return;
        }
        for table in &tables {
            for file in &table.files {
                let row = Row {
                    process: &process,
                    tid: table.tid,
                    file,
                    socket: file.inode.and_then(|inode| {
                        (file.kind == model::FileKind::Socket)
                            .then(|| sockets.get(inode))
                            .flatten()
                    }),
                    ends: "",
                    show,
                };
                if query.picks(&row) {
                    round.found = true;
                    outcome = print.row(&row, out);
                    if outcome.is_err() {
                        return;
                    }
                }
            }
        }
    });
    outcome?;
    round.gaps.append(&mut told.gaps);
    round.coverage = told.coverage;
    print.end(&round, out)?;
    Ok(round)
}
