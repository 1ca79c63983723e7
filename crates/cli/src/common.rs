//! Options that mean the same in every program.

use crate::{Error, note};
use clap::Args;
use model::Gap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use sysroot::Sysroot;

/// What `--record` calls the pipe that whoever started us reads.
const TAPE: &str = "fd:0";

/// Options that mean the same in every program.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// One JSON object a line, as docs/OUTPUT.md tells
    #[arg(long)]
    pub json: bool,
    /// Read a recorded tree instead of this system
    #[arg(long, value_name = "DIR", conflicts_with = "record")]
    pub sysroot: Option<PathBuf>,
    /// Also write every byte read under DIR, which must be empty or absent; fd:0 writes it as
    /// tar to descriptor 0
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// List on standard error every place that could not be read, instead of their number
    #[arg(long)]
    pub gaps: bool,
}

impl Common {
    /// Opens the root these options name.
    ///
    /// # Errors
    /// The recorded tree or the directory to record in cannot be used.
    pub fn root(&self) -> Result<Sysroot, Error> {
        let (what, root) = match (&self.sysroot, &self.record) {
            (Some(dir), _) => (dir.as_path(), Sysroot::at(dir)),
            (None, Some(dir)) if dir == Path::new(TAPE) => (dir.as_path(), tape()),
            (None, Some(dir)) => (dir.as_path(), Sysroot::recording(dir)),
            (None, None) => (Path::new("/"), Sysroot::live()),
        };
        root.map_err(|why| Error::io(what.display().to_string(), why))
    }

    /// Ends the recording, if one was made, and tells of gaps: all of them under `--gaps`,
    /// one line with their number otherwise. In JSON they stand in the answer itself.
    ///
    /// # Errors
    /// The recording is incomplete.
    pub fn finish(&self, name: &str, root: &Sysroot, gaps: &[Gap]) -> Result<(), Error> {
        if let Some(dir) = &self.record {
            root.finish()
                .map_err(|why| Error::io(dir.display().to_string(), why))?;
        }
        let gaps = model::gap::distinct(gaps);
        if self.gaps {
            for gap in gaps {
                note(name, &line(gap));
            }
        } else if !self.json {
            match gaps.as_slice() {
                [] => {}
                [one] => note(name, &line(one)),
                many => note(
                    name,
                    &format!(
                        "{} places could not be read (--gaps lists them)",
                        many.len()
                    ),
                ),
            }
        }
        Ok(())
    }
}

/// Records to descriptor 0: whoever started us gave a pipe there, and reads it.
fn tape() -> io::Result<Sysroot> {
    let pipe = io::stdin().as_fd().try_clone_to_owned()?;
    let out = BufWriter::with_capacity(64 << 10, File::from(pipe));
    Sysroot::recording_to(Box::new(out))
}

fn line(gap: &Gap) -> String {
    render::safe::escaped(format!("{}: {}", gap.place, gap.reason).as_bytes())
}
