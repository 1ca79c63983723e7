//! Writes a case: into a directory, or as tar to standard output, so that nothing need
//! touch the suspect's disks.

use super::{SUMS, sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a case goes.
pub(crate) struct Store<'w> {
    to: To<'w>,
    sums: String,
}

enum To<'w> {
    Dir(PathBuf),
    Tar(Box<tar::Builder<&'w mut dyn Write>>),
}

impl<'w> Store<'w> {
    /// A case in a directory, which must be empty or absent.
    ///
    /// # Errors
    /// It cannot be made, or has something in it.
    pub(crate) fn dir(dir: &Path) -> io::Result<Store<'w>> {
        fs::create_dir_all(dir.join("outputs"))?;
        Ok(Store {
            to: To::Dir(dir.to_owned()),
            sums: String::new(),
        })
    }

    /// A case as tar.
    pub(crate) fn tar(out: &'w mut dyn Write) -> Store<'w> {
        Store {
            to: To::Tar(Box::new(tar::Builder::new(out))),
            sums: String::new(),
        }
    }

    /// Stores a file and takes its sum.
    ///
    /// # Errors
    /// Those of writing; `AlreadyExists` where a directory has such a file.
    pub(crate) fn put(&mut self, name: &str, bytes: &[u8], at_ms: u64) -> io::Result<()> {
        self.sums.push_str(&format!("{}  {name}\n", sha256(bytes)));
        self.write(name, bytes, at_ms)
    }

    /// Stores the sums, which end the case.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn finish(mut self, at_ms: u64) -> io::Result<()> {
        let sums = std::mem::take(&mut self.sums);
        self.write(SUMS, sums.as_bytes(), at_ms)?;
        match self.to {
            To::Dir(_) => Ok(()),
            To::Tar(mut tar) => tar.finish(),
        }
    }

    fn write(&mut self, name: &str, bytes: &[u8], at_ms: u64) -> io::Result<()> {
        match &mut self.to {
            To::Dir(dir) => {
                let path = dir.join(name);
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                let mut file = fs::File::create_new(path)?;
                file.write_all(bytes)?;
                file.sync_all()
            }
            To::Tar(tar) => {
                let mut header = tar::Header::new_ustar();
                header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                header.set_mode(0o444);
                header.set_mtime(at_ms / 1000);
                header.set_cksum();
                tar.append_data(&mut header, name, bytes)
            }
        }
    }
}
