//! One sibling's answer, line by line into the snapshot, with everything that is wrong with
//! it as gaps that name the sibling.

use crate::snapshot::Snapshot;
use model::{Begin, Coverage, End, Gap, Record, SCHEMA, Source};
use serde::{Deserialize, Serialize};

/// Longest line that is read.
pub const LINE_MAX: usize = 1 << 20;

/// Most lines that are read of one answer.
pub const LINES_MAX: u64 = 8_000_000;

/// How a sibling ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Whether it was killed at its deadline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Why it could not be started, or its answer not be read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Its last line on standard error, made printable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

/// One sibling's answer under way.
pub struct Statement {
    view: usize,
    program: String,
    source: Source,
    begun: bool,
    end: Option<End>,
    lines: u64,
    rows: u64,
    gaps: u64,
    wrong: Option<String>,
}

impl Statement {
    /// Opens the view an answer goes to; none when the snapshot has no room for another.
    pub fn open(
        snapshot: &mut Snapshot,
        program: &str,
        source: Source,
        round: u32,
    ) -> Option<Statement> {
        Some(Statement {
            view: snapshot.begin(source, round)?,
            program: program.to_owned(),
            source,
            begun: false,
            end: None,
            lines: 0,
            rows: 0,
            gaps: 0,
            wrong: None,
        })
    }

    /// Takes one line, without its newline.
    pub fn line(&mut self, snapshot: &mut Snapshot, line: &[u8]) {
        self.lines += 1;
        if self.lines > LINES_MAX || line.len() > LINE_MAX {
            self.wrong(if line.len() > LINE_MAX {
                "is too long"
            } else {
                "is one too many"
            });
            return;
        }
        let record = match serde_json::from_slice::<Record>(line) {
            Ok(record) => record,
            Err(_) => return self.wrong("is no record of ours"),
        };
        if self.end.is_some() {
            return self.wrong("comes after the end");
        }
        match record {
            Record::Begin(begin) => self.begin(&begin),
            _ if !self.begun => self.wrong("comes before the beginning"),
            Record::End(end) => self.end = Some(end),
            Record::Gap(gap) => {
                self.gaps += 1;
                snapshot.gap(self.view, gap);
            }
            record => {
                self.rows += 1;
                snapshot.add(self.view, record);
            }
        }
    }

    /// Closes the view. Only a whole answer looked anywhere to the end.
    pub fn close(mut self, snapshot: &mut Snapshot, ended: &Ended) {
        let coverage = self.verify(ended);
        if let Some(reason) = self.wrong.take() {
            snapshot.gap(self.view, Gap::new(self.program.clone(), reason));
        }
        snapshot.end(self.view, coverage);
    }

    fn begin(&mut self, begin: &Begin) {
        let (tool, program) = (begin.tool.as_str(), self.program.as_str());
        if self.begun {
            self.wrong("begins again");
        } else if begin.schema != SCHEMA {
            self.wrong("is in a version we do not know");
        } else if !program.starts_with(tool) || begin.source.is_some_and(|it| it != self.source) {
            self.wrong("is not from whom we asked");
        }
        self.begun = true;
    }

    fn verify(&mut self, ended: &Ended) -> Coverage {
        let end = self.end.take();
        let how = ended_badly(ended);
        let reason = match (&end, how) {
            (_, Some(how)) => Some(how),
            (None, None) if !self.begun => Some("gave no answer".to_owned()),
            (None, None) => Some("its answer was cut short".to_owned()),
            (Some(end), None) if end.rows != self.rows || end.gaps != self.gaps => Some(format!(
                "its counts do not fit: {} rows and {} gaps told, {} and {} given",
                end.rows, end.gaps, self.rows, self.gaps
            )),
            (Some(_), None) => None,
        };
        // What is wrong with a line comes first: a killed or lying sibling is one gap.
        self.wrong = self.wrong.take().or(reason);
        match (end, &self.wrong) {
            (Some(end), None) => end.coverage,
            _ => Coverage::default(),
        }
    }

    fn wrong(&mut self, what: &str) {
        if self.wrong.is_none() {
            self.wrong = Some(format!("line {} {what}", self.lines));
        }
    }
}

fn ended_badly(ended: &Ended) -> Option<String> {
    let words = |text: String| match ended.words.as_str() {
        "" => text,
        words => format!("{text}: {words}"),
    };
    if let Some(failed) = &ended.failed {
        return Some(failed.clone());
    }
    if ended.late {
        return Some("was killed at its deadline".to_owned());
    }
    match (ended.code, ended.signal) {
        // Nothing matched, or something could not be looked at: the answer says so itself.
        (Some(0 | 1 | 3), _) => None,
        (Some(code), _) => Some(words(format!("ended with code {code}"))),
        (None, Some(signal)) => Some(words(format!("ended by signal {signal}"))),
        (None, None) => Some(words("ended nobody knows how".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str =
        r#"{"type":"begin","schema":1,"tool":"rnetstat","version":"0","source":"netlink"}"#;
    const GAP: &str = r#"{"type":"gap","place":"/proc/1/fd","reason":"Permission denied"}"#;
    const END: &str = r#"{"type":"end","rows":0,"gaps":1,"coverage":{"processes":7}}"#;

    #[track_caller]
    fn check(lines: &[&str], ended: &Ended, wrong: Option<&str>) {
        let mut snapshot = Snapshot::default();
        let mut statement = Statement::open(&mut snapshot, "rnetstat", Source::Netlink, 1).unwrap();
        for line in lines {
            statement.line(&mut snapshot, line.as_bytes());
        }
        statement.close(&mut snapshot, ended);
        let view = &snapshot.views[0];
        let found = view.gaps.iter().find(|gap| gap.place == "rnetstat");
        assert_eq!(found.map(|gap| gap.reason.as_str()), wrong);
        assert_eq!(view.coverage.processes.is_some(), wrong.is_none());
    }

    #[test]
    fn a_whole_answer_has_its_coverage() {
        let good = Ended {
            code: Some(0),
            ..Ended::default()
        };
        check(&[BEGIN, GAP, END], &good, None);
    }

    #[test]
    fn what_is_wrong_is_told_and_looked_nowhere() {
        let good = Ended {
            code: Some(3),
            ..Ended::default()
        };
        check(&[BEGIN, GAP], &good, Some("its answer was cut short"));
        check(&[], &good, Some("gave no answer"));
        check(
            &[BEGIN, END],
            &good,
            Some("its counts do not fit: 0 rows and 1 gaps told, 0 and 0 given"),
        );
        check(
            &[BEGIN, "{", GAP, END],
            &good,
            Some("line 2 is no record of ours"),
        );
        check(
            &[GAP, END],
            &good,
            Some("line 1 comes before the beginning"),
        );
        check(
            &[BEGIN, GAP, END, GAP],
            &good,
            Some("line 4 comes after the end"),
        );
        check(
            &[BEGIN, BEGIN, GAP, END],
            &good,
            Some("line 2 begins again"),
        );
        let other = BEGIN.replace("rnetstat", "rlsof");
        check(
            &[&other, GAP, END],
            &good,
            Some("line 1 is not from whom we asked"),
        );
        let later = BEGIN.replace("\"schema\":1", "\"schema\":2");
        check(
            &[&later, GAP, END],
            &good,
            Some("line 1 is in a version we do not know"),
        );
    }

    #[test]
    fn a_dead_sibling_is_a_gap() {
        let late = Ended {
            signal: Some(9),
            late: true,
            ..Ended::default()
        };
        check(&[BEGIN], &late, Some("was killed at its deadline"));
        let crashed = Ended {
            signal: Some(11),
            ..Ended::default()
        };
        check(&[BEGIN, GAP, END], &crashed, Some("ended by signal 11"));
        let refused = Ended {
            code: Some(2),
            words: "rnetstat: no".to_owned(),
            ..Ended::default()
        };
        check(&[], &refused, Some("ended with code 2: rnetstat: no"));
        let missing = Ended {
            failed: Some("No such file or directory".to_owned()),
            ..Ended::default()
        };
        check(&[], &missing, Some("No such file or directory"));
    }
}
