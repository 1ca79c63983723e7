//! The system we run on. The only file that asks which system this is.
//!
//! A tree recorded on Solaris is read as such wherever we are.
#![forbid(unsafe_code)]

#[cfg(target_os = "illumos")]
pub use solaris::*;

#[cfg(not(target_os = "illumos"))]
mod either;
#[cfg(not(target_os = "illumos"))]
pub use either::*;
