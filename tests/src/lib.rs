//! Helpers of the end-to-end tests: the programs, the stages they are run on, what they said.
//!
//! A test builds a [`Stage`] of known sockets, files and processes, runs a program in its
//! namespaces, and compares what was said with what was made. Nothing outside these
//! namespaces is looked at or probed.
#![forbid(unsafe_code)]

mod answer;
pub mod compat;
mod crowd;
pub mod documents;
pub mod faults;
pub mod golden;
mod program;
pub mod recording;
pub mod report;
mod skip;
pub mod spec;
mod stage;

pub use answer::Answer;
pub use crowd::Crowd;
pub use program::{Output, programs, run, tool};
pub use report::Report;
pub use skip::{have, is_root, note, skip};
pub use spec::{Exe, Hold, Made, Spec};
pub use stage::{Inside, Stage};
