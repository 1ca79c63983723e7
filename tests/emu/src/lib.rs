//! A synthetic Solaris host, written as the tree a recording would be.
//!
//! Nobody could give us a recording yet. What is here is made from the compiler's offsets and
//! proves that reader and layouts agree, not that a kernel would answer so. Each tree says
//! that it is synthetic in its `ORIGIN`.

mod bytes;
mod story;
mod tables;

pub use story::{Release, write};
