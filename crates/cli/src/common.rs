//! Options that mean the same in every program.

use crate::{Error, note};
use clap::Args;
use model::Gap;
use std::path::PathBuf;
use sysroot::Sysroot;

/// Options that mean the same in every program.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// One JSON object a line, as docs/OUTPUT.md tells
    #[arg(long)]
    pub json: bool,
    /// Read a recorded tree instead of this system
    #[arg(long, value_name = "DIR", conflicts_with = "record")]
    pub sysroot: Option<PathBuf>,
    /// Also write every byte read under DIR, which must be empty or absent
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
            (None, Some(dir)) => (dir.as_path(), Sysroot::recording(dir)),
            (None, None) => (std::path::Path::new("/"), Sysroot::live()),
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

fn line(gap: &Gap) -> String {
    render::safe::escaped(format!("{}: {}", gap.place, gap.reason).as_bytes())
}
