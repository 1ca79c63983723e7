//! Solaris and illumos, as STREAMS, kstat and `/proc` tell them.
//!
//! `parse` turns bytes into nouns: pure, on every system, for both byte orders and both
//! data models, never failing as a whole. [`layout`] holds every offset with its source.
//! Nothing is cast: a field is read by its offset or it is not there.
#![deny(unsafe_code)]

pub mod layout;
pub mod parse;
