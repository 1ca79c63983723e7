//! JSON lines: one object a line.

use serde::Serialize;
use std::io;

/// Writes one value and a newline.
///
/// # Errors
/// Those of the writer.
pub fn line(out: &mut dyn io::Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
