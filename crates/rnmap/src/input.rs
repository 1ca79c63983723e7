//! Files the user names: lists of targets, and the output of an earlier run.

use crate::resume::{self, Settled};
use cli::Error;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Read};

/// Bytes read of one file at most.
const BYTES_MAX: u64 = 256 << 20;

fn read(path: &OsStr) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let outcome = if path == "-" {
        io::stdin().lock().take(BYTES_MAX).read_to_end(&mut bytes)
    } else {
        OpenOptions::new()
            .read(true)
            .open(path)
            .and_then(|file| file.take(BYTES_MAX).read_to_end(&mut bytes))
    };
    match outcome {
        Ok(_) => Ok(bytes),
        Err(why) => Err(Error::io(path.display().to_string(), why)),
    }
}

/// The words of a list of targets; `#` begins a remark.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn lines(path: &OsStr) -> Result<Vec<String>, Error> {
    let bytes = read(path)?;
    let text = str::from_utf8(&bytes).map_err(|_| {
        let why = io::Error::new(io::ErrorKind::InvalidData, "not UTF-8");
        Error::io(path.display().to_string(), why)
    })?;
    Ok(resume::words(text))
}

/// Reads the JSON of an earlier run, whole or cut short.
///
/// # Errors
/// The file cannot be read, or does not begin as an answer of ours.
pub(crate) fn settled(path: &OsStr) -> Result<Settled, Error> {
    resume::settled(&read(path)?).ok_or_else(|| {
        let why = io::Error::new(io::ErrorKind::InvalidData, "not the JSON of an rnmap run");
        Error::io(path.display().to_string(), why)
    })
}
