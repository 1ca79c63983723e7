//! Files the user names: lists of targets, and the output of an earlier run.

use crate::netns;
use crate::options::Options;
use crate::resume::{self, Earlier};
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
/// The file cannot be read, does not begin as an answer of ours, or is of another network
/// namespace than ours, where none is named.
pub(crate) fn earlier(options: &Options) -> Result<Earlier, Error> {
    let Some(path) = &options.resume else {
        return Ok(Earlier::default());
    };
    let own = netns::own();
    let earlier = resume::settled(&read(path)?, own).ok_or_else(|| {
        let why = io::Error::new(io::ErrorKind::InvalidData, "not the JSON of an rnmap run");
        Error::io(path.display().to_string(), why)
    })?;
    match earlier.elsewhere(own) {
        Some(home) if options.netns.is_none() => {
            let why = format!("made in another network namespace ({home})");
            Err(Error::io(path.display().to_string(), io::Error::other(why)))
        }
        _ => Ok(earlier),
    }
}
