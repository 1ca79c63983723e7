//! A case: everything that was said, kept so that it can be judged again elsewhere.
//!
//! `case.json` says who asked what, when, with which programs; `facts.json` who looked;
//! `outputs/` holds each sibling's answer byte for byte; `records/` the bytes the kernel gave
//! them, as tar; `host-tools/` what the host's own tools printed; `remote/` and `import/`
//! statements made elsewhere;
//! `report.json` and `report.txt` what was concluded; `log.jsonl` what was done, each line
//! with the SHA-256 of the one before; `SHA256SUMS` names every other file.

pub(crate) mod clock;
pub(crate) mod kept;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod seal;
pub(crate) mod store;

pub(crate) use kept::{Case, Done, Import, Medium, Program, Remote, Tool};
pub(crate) use seal::{LOG, SUMS, sha256};

use crate::plan::Step;

/// Version of the layout.
pub(crate) const LAYOUT: u32 = 1;

/// The names of files every case has.
pub(crate) const CASE: &str = "case.json";
/// Who looked.
pub(crate) const FACTS: &str = "facts.json";

/// The file of a step's answer.
pub(crate) fn output_name(number: usize, step: &Step) -> String {
    format!(
        "outputs/{number:03}-r{}-{}.jsonl",
        step.round,
        step.source.name()
    )
}
