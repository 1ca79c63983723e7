//! A `--json` answer: opened, filled, and closed with its count, so that a reader can tell
//! a whole answer from one cut short.

use model::{Begin, Coverage, End, Gap, Record, SCHEMA, Source};
use std::io::{self, Write};

/// An answer under way.
pub struct Answer<'w> {
    out: &'w mut dyn Write,
    rows: u64,
}

impl<'w> Answer<'w> {
    /// Opens an answer with its first line.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn begin(
        out: &'w mut dyn Write,
        tool: &str,
        source: Option<Source>,
    ) -> io::Result<Answer<'w>> {
        let begin = Begin {
            schema: SCHEMA,
            tool: tool.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source,
            netns: None,
        };
        render::json::line(out, &Record::Begin(begin))?;
        Ok(Answer { out, rows: 0 })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn row(&mut self, record: &Record) -> io::Result<()> {
        self.rows += 1;
        render::json::line(self.out, record)
    }

    /// Writes the gaps and the last line.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(self, gaps: &[Gap], coverage: Coverage) -> io::Result<()> {
        let gaps = model::gap::distinct(gaps);
        for gap in &gaps {
            render::json::line(self.out, &Record::Gap((*gap).clone()))?;
        }
        let gaps = u64::try_from(gaps.len()).unwrap_or(u64::MAX);
        render::json::line(
            self.out,
            &Record::End(End {
                rows: self.rows,
                gaps,
                coverage,
            }),
        )
    }
}
