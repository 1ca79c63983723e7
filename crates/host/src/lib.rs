//! The system we run on. The only file that asks which system this is.
#![forbid(unsafe_code)]

pub use linux::*;
