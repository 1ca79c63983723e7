//! Joins what the sources said and judges it.
//!
//! A [`Snapshot`] holds every view of a run in the order of asking; [`judge`] makes a
//! [`Report`] of it. Reading order: [`sandwich`] (when is a difference one), [`join`] (when
//! are two statements about one thing), [`snapshot`], [`owner`], [`listed`], [`ports`],
//! [`explain`], [`judge()`].
//!
//! A pure function of recorded views: nothing here reads, sends or asks a clock.
#![forbid(unsafe_code)]

mod blanks;
pub mod copies;
pub mod evidence;
mod exact;
pub mod explain;
pub mod facts;
pub mod finding;
pub mod foreign;
pub mod join;
mod judge;
pub mod listed;
pub mod named;
pub mod owner;
pub mod ports;
pub mod probes;
pub mod remote;
pub mod report;
pub mod sandwich;
pub mod signs;
pub mod snapshot;
mod sniffers;
pub mod statement;
pub mod steer;
mod story;
pub mod system;
mod unlisted;
pub mod verdict;

pub use facts::Facts;
pub use finding::Finding;
pub use judge::judge;
pub use report::{Outcome, Report};
pub use snapshot::Snapshot;
pub use statement::Statement;
pub use system::System;
pub use verdict::{Verdict, Weight};
