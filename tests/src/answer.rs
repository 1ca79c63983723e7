//! A `--json` answer read back through the published types.

use model::file::FileRow;
use model::probe::Tally;
use model::process::Holding;
use model::record::SocketRow;
use model::{Begin, End, Gap, Probe, Process, SCHEMA};
use serde::Deserialize;

/// One line; kinds that no test reads are let pass.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Begin(Begin),
    Socket(SocketRow),
    Process(Process),
    File(FileRow),
    Holding(Holding),
    Probe(Probe),
    Tally(Tally),
    Gap(Gap),
    End(End),
    #[serde(other)]
    Other,
}

/// A whole answer, sorted by what its lines are.
#[derive(Debug)]
pub struct Answer {
    /// The first line.
    pub begin: Begin,
    /// Sockets, in the order given.
    pub sockets: Vec<SocketRow>,
    /// Processes.
    pub processes: Vec<Process>,
    /// Open files.
    pub files: Vec<FileRow>,
    /// Finds of the owner walk.
    pub holdings: Vec<Holding>,
    /// Probed ports.
    pub probes: Vec<Probe>,
    /// Probed ports that were summed up.
    pub tallies: Vec<Tally>,
    /// How many rows of any other kind.
    pub others: u64,
    /// Places not seen.
    pub gaps: Vec<Gap>,
    /// The last line.
    pub end: End,
}

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// A line is no record, or the answer does not begin, end and count as it should.
    pub fn parse(bytes: &[u8]) -> Result<Answer, String> {
        let text = std::str::from_utf8(bytes).map_err(|why| format!("not UTF-8: {why}"))?;
        if !text.ends_with('\n') {
            return Err("the last line is not ended".into());
        }
        let mut lines = text.lines();
        let begin = match record(lines.next().unwrap_or_default())? {
            Line::Begin(begin) if begin.schema == SCHEMA => begin,
            other => return Err(format!("does not begin: {other:?}")),
        };
        let mut answer = Answer {
            begin,
            sockets: Vec::new(),
            processes: Vec::new(),
            files: Vec::new(),
            holdings: Vec::new(),
            probes: Vec::new(),
            tallies: Vec::new(),
            others: 0,
            gaps: Vec::new(),
            end: End {
                rows: 0,
                gaps: 0,
                coverage: model::Coverage::default(),
            },
        };
        let mut rows = 0;
        while let Some(line) = lines.next() {
            match record(line)? {
                Line::Begin(_) => return Err("begins twice".into()),
                Line::End(end) => {
                    answer.end = end;
                    return answer.counted(rows, lines.next());
                }
                Line::Gap(gap) => {
                    answer.gaps.push(gap);
                    continue;
                }
                Line::Socket(row) => answer.sockets.push(row),
                Line::Process(process) => answer.processes.push(process),
                Line::File(row) => answer.files.push(row),
                Line::Holding(holding) => answer.holdings.push(holding),
                Line::Probe(probe) => answer.probes.push(probe),
                Line::Tally(tally) => answer.tallies.push(tally),
                Line::Other => answer.others += 1,
            }
            rows += 1;
        }
        Err("cut short: no end".into())
    }

    fn counted(self, rows: u64, after: Option<&str>) -> Result<Answer, String> {
        let gaps = u64::try_from(self.gaps.len()).unwrap_or(u64::MAX);
        if let Some(line) = after {
            return Err(format!("goes on after its end: {line}"));
        }
        if (self.end.rows, self.end.gaps) != (rows, gaps) {
            return Err(format!(
                "{rows} rows and {gaps} gaps, but the end says {:?}",
                self.end
            ));
        }
        Ok(self)
    }
}

fn record(line: &str) -> Result<Line, String> {
    serde_json::from_str(line).map_err(|why| format!("{why}: {line:?}"))
}
