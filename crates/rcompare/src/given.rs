//! Scans made elsewhere, as they are given on the command line.

use crate::case::load::{self, Loaded};
use crate::options::Elsewhere;
use cli::Error;
use compare::Snapshot;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

/// Everything that was given.
#[derive(Default)]
pub(crate) struct Given {
    /// Scans, in the order given.
    pub(crate) scans: Vec<Scan>,
}

/// One scan.
pub(crate) struct Scan {
    /// What it is called, made printable.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Addresses as scanned, and which of the host's own they are.
    pub(crate) map: Vec<(IpAddr, IpAddr)>,
}

impl Given {
    /// Reads the files the options name.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(crate) fn read(options: &Elsewhere) -> Result<Given, Error> {
        let mut given = Given::default();
        for path in &options.remote {
            let name = render::safe::escaped(path.as_os_str().as_bytes());
            let bytes =
                load::host_file(path).map_err(|why| Error::io(path.display().to_string(), why))?;
            given.scans.push(Scan {
                name,
                bytes,
                map: options.map.clone(),
            });
        }
        Ok(given)
    }

    /// Those a case holds, before those given now.
    pub(crate) fn of_case(loaded: &Loaded, more: Given) -> Given {
        let mut scans: Vec<Scan> = loaded
            .case
            .remotes
            .iter()
            .map(|remote| Scan {
                name: remote.name.clone(),
                bytes: loaded.files.get(&remote.file).cloned().unwrap_or_default(),
                map: remote.map.clone(),
            })
            .collect();
        scans.extend(more.scans);
        Given { scans }
    }

    /// Adds them to what was said.
    pub(crate) fn add_to(&self, snapshot: &mut Snapshot) {
        for scan in &self.scans {
            compare::remote::take(snapshot, &scan.name, &scan.bytes, &scan.map);
        }
    }
}
