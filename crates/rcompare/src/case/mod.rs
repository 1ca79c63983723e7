//! A case: everything that was said, kept so that it can be judged again elsewhere.
//!
//! `case.json` says who asked what, when, with which programs; `facts.json` who looked;
//! `outputs/` holds each sibling's answer byte for byte; `records/` the bytes the kernel gave
//! them, as tar; `host-tools/` what the host's own tools printed; `remote/` and `import/`
//! statements made elsewhere;
//! `report.json` and `report.txt` what was concluded; `log.jsonl` what was done, each line
//! with the SHA-256 of the one before; `SHA256SUMS` names every other file.

pub(crate) mod clock;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod seal;
pub(crate) mod store;

pub(crate) use seal::{LOG, SUMS, sha256};

use crate::plan::Step;
use compare::foreign::Words;
use compare::statement::Ended;
use model::{Proto, Source};
use serde::{Deserialize, Serialize};

/// Version of the layout.
pub(crate) const LAYOUT: u32 = 1;

/// The names of files every case has.
pub(crate) const CASE: &str = "case.json";
/// Who looked.
pub(crate) const FACTS: &str = "facts.json";

/// `case.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    /// [`LAYOUT`].
    pub(crate) layout: u32,
    /// Version of rcompare.
    pub(crate) version: String,
    /// What was typed, made printable.
    pub(crate) argv: Vec<String>,
    /// Who asks, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<String>,
    /// The number of the case, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<String>,
    /// The host's name, made printable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// Its kernel's release, made printable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kernel: Option<String>,
    /// The host's clock and how it differs from its battery-backed one.
    pub(crate) clock: clock::Clock,
    /// The medium we were started from; none where there is no list of sums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) medium: Option<Medium>,
    /// The programs that were run.
    pub(crate) programs: Vec<Program>,
    /// The host's own tools that were run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool>,
    /// Those that should have been and are not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_gaps: model::Gaps,
    /// What others listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) imports: Vec<Import>,
    /// Their answers, in the order of asking.
    pub(crate) steps: Vec<Done>,
    /// Scans made elsewhere: the file, and what it was called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) remotes: Vec<Remote>,
}

/// A program and the sum of its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    /// Its name.
    pub(crate) name: String,
    /// SHA-256 of the file, in hexadecimal; none where it could not be read.
    pub(crate) sha256: Option<String>,
    /// Whether the medium's list of sums has it; none where there is no such list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on_medium: Option<bool>,
}

/// The medium we were started from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Medium {
    /// Its list of sums.
    pub(crate) file: String,
    /// SHA-256 of that list.
    pub(crate) sha256: String,
}

/// A tool of the host that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tool {
    /// Its name.
    pub(crate) name: String,
    /// In whose words it speaks.
    pub(crate) words: Words,
    /// Its file.
    pub(crate) path: String,
    /// SHA-256 of that file; none where it could not be read.
    pub(crate) sha256: Option<String>,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Ports it was asked for; none where it was asked for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ports: Option<Vec<(Proto, u16)>>,
    /// Ports it was not asked for, because there were too many.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) left_out: usize,
    /// The round.
    pub(crate) round: u32,
    /// How many steps came before.
    pub(crate) after: usize,
    /// The file of what it printed.
    pub(crate) file: String,
    /// The file of what it said on standard error.
    pub(crate) errors: String,
    /// When it was started, milliseconds since 1970 by the host's clock.
    pub(crate) began_ms: u64,
    /// How long it took, milliseconds.
    pub(crate) took_ms: u64,
    /// How it ended.
    pub(crate) ended: Ended,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_none(number: &usize) -> bool {
    *number == 0
}

/// What others listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    /// Its file in the case.
    pub(crate) file: String,
    /// What it was called when it was given, made printable.
    pub(crate) name: String,
}

/// A step that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// The answer's file.
    pub(crate) file: String,
    /// The round.
    pub(crate) round: u32,
    /// The way of asking.
    pub(crate) source: Source,
    /// The program.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// When it was started, milliseconds since 1970 by the host's clock.
    pub(crate) began_ms: u64,
    /// How long it took, milliseconds.
    pub(crate) took_ms: u64,
    /// How it ended.
    pub(crate) ended: Ended,
    /// The file of what it recorded, of the first answer by each way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<String>,
}

/// A scan made elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// Its file in the case.
    pub(crate) file: String,
    /// What it was called when it was given, made printable.
    pub(crate) name: String,
    /// Addresses as scanned, and which of the host's own they are.
    pub(crate) map: Vec<(std::net::IpAddr, std::net::IpAddr)>,
}

/// The file of a step's answer.
pub(crate) fn output_name(number: usize, step: &Step) -> String {
    format!(
        "outputs/{number:03}-r{}-{}.jsonl",
        step.round,
        step.source.name()
    )
}
