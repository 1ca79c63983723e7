//! How answers look: columns to a table, values to JSON lines.
//!
//! Everything foreign (names, command lines, paths, banners) goes through [`safe`], on a
//! terminal and in a pipe alike, because evidence is pasted into reports. Output does not
//! depend on where it goes: no colour, no guess at a width.
#![forbid(unsafe_code)]

mod column;
mod grid;
pub mod json;
mod moment;
pub mod safe;
mod text;
mod words;

pub use column::{Align, Column, find, fitted, header, row};
pub use grid::{Grid, Head};
pub use moment::{civil, moment};
pub use text::Text;
pub use words::words;
