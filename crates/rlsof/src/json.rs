//! `--json`: processes and files as records.

use crate::listing::{Print, Round};
use crate::row::Row;
use model::file::FileRow;
use model::{Begin, End, ProcessId, Record, SCHEMA};
use std::io;

/// Records, a process before its files.
#[derive(Default)]
pub(crate) struct Json {
    begun: bool,
    last: Option<ProcessId>,
    rows: u64,
}

impl Json {
    fn begin(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let begin = Begin {
            schema: SCHEMA,
            tool: "rlsof".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: None,
            netns: None,
        };
        render::json::line(out, &Record::Begin(begin))
    }

    fn record(&mut self, record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
        self.rows += 1;
        render::json::line(out, record)
    }
}

impl Print for Json {
    fn row(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        self.begin(out)?;
        if self.last != Some(row.process.id) {
            self.last = Some(row.process.id);
            self.record(&Record::Process(row.process.clone()), out)?;
        }
        let file = FileRow {
            id: row.process.id,
            tid: row.tid,
            comm: row.process.comm.clone(),
            uid: row.process.uid,
            file: row.file.clone(),
            socket: row.socket.cloned(),
        };
        self.record(&Record::File(file), out)
    }

    fn end(&mut self, round: &Round, out: &mut dyn io::Write) -> io::Result<()> {
        self.begin(out)?;
        for gap in &round.gaps {
            render::json::line(out, &Record::Gap(gap.clone()))?;
        }
        let end = End {
            rows: self.rows,
            gaps: u64::try_from(round.gaps.len()).unwrap_or(u64::MAX),
            coverage: round.coverage.clone(),
        };
        render::json::line(out, &Record::End(end))
    }
}
