//! Bytes in, nouns out: no I/O, no clock, any system.
