//! Not Solaris: only recordings can be read.

use super::Sink;
use std::io;

fn absent() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn uname(_: Sink<'_>) -> io::Result<()> {
    absent()
}

pub(crate) fn mib2(_: Sink<'_>) -> io::Result<()> {
    absent()
}

pub(crate) fn kstat_chain(_: Sink<'_>) -> io::Result<()> {
    absent()
}

pub(crate) fn kstat(_: (&str, i32, &str), _: Sink<'_>) -> io::Result<()> {
    absent()
}

pub(crate) fn fusers(_: &[u8], _: u32, _: Sink<'_>) -> io::Result<()> {
    absent()
}
