//! What `case.json` holds, and how a file of a case is read as JSON. Pure.

use super::clock::Clock;
use compare::foreign::Words;
use compare::statement::Ended;
use model::{Proto, Source};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// `case.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    /// Version of the layout.
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
    pub(crate) clock: Clock,
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

/// Reads a file of a case.
///
/// # Errors
/// It is not JSON, or not of this shape; in words of serde's.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    /// Read as the fields of what an answer holds are, by the same code: a reader of its
    /// own for each would make the program a tenth larger.
    #[derive(Deserialize)]
    #[serde(bound = "T: DeserializeOwned")]
    struct Whole<T> {
        #[serde(flatten)]
        all: T,
    }
    let whole = serde_json::from_slice::<Whole<T>>(bytes);
    whole.map(|whole| whole.all).map_err(|why| why.to_string())
}
