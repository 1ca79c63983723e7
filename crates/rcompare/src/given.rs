//! Statements from elsewhere, as they are given on the command line: scans and listings. What
//! is none of those we know is refused before anything is run.

use crate::archive::{self, FILE_MAX, LISTINGS_MAX};
use crate::case::load::{self, Loaded};
use crate::gzip::{self, Gunzip};
use crate::options::Elsewhere;
use cli::Error;
use compare::{Snapshot, foreign, remote};
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sysroot::Sysroot;

/// Most bytes a packed collection may unpack to; they are not held all at once.
const UNPACKED_MAX: u64 = 8 << 30;

/// Where a UAC collection keeps what it asked of the network.
const NETWORK: &str = "/live_response/network";

/// Everything that was given.
#[derive(Default)]
pub(crate) struct Given {
    /// Scans, in the order given.
    pub(crate) scans: Vec<Scan>,
    /// Listings, in the order given; those of a collection by name.
    pub(crate) listings: Vec<Listing>,
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

/// What another tool listed.
pub(crate) struct Listing {
    /// What it is called, made printable.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Given {
    /// Reads the files the options name.
    ///
    /// # Errors
    /// One of them cannot be read, or is not what it should be.
    pub(crate) fn read(options: &Elsewhere) -> Result<Given, Error> {
        let mut given = Given::default();
        for path in &options.remote {
            let name = render::safe::escaped(path.as_os_str().as_bytes());
            let bytes = load::host_file(path, FILE_MAX).map_err(|why| Error::io(&name, why))?;
            if let Some(fault) = remote::fault(&bytes) {
                return Err(bad(&name, &fault));
            }
            given.scans.push(Scan {
                name,
                bytes,
                map: options.map.clone(),
            });
        }
        for path in &options.import {
            let name = render::safe::escaped(path.as_os_str().as_bytes());
            given.listings.extend(listings(path, &name)?);
        }
        Ok(given)
    }

    /// Those a case holds, before those given now.
    pub(crate) fn of_case(loaded: &Loaded, more: Given) -> Given {
        let bytes = |file: &String| loaded.files.get(file).cloned().unwrap_or_default();
        let remotes = loaded.case.remotes.iter();
        let mut scans: Vec<Scan> = remotes
            .map(|remote| Scan {
                name: remote.name.clone(),
                bytes: bytes(&remote.file),
                map: remote.map.clone(),
            })
            .collect();
        let imports = loaded.case.imports.iter();
        let mut listings: Vec<Listing> = imports
            .map(|import| Listing {
                name: import.name.clone(),
                bytes: bytes(&import.file),
            })
            .collect();
        scans.extend(more.scans);
        listings.extend(more.listings);
        Given { scans, listings }
    }

    /// Whether nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.scans.is_empty() && self.listings.is_empty()
    }

    /// Adds them to what was said.
    pub(crate) fn add_to(&self, snapshot: &mut Snapshot) {
        for scan in &self.scans {
            remote::take(snapshot, &scan.name, &scan.bytes, &scan.map);
        }
        for listing in &self.listings {
            if let Err(why) = foreign::take(snapshot, &listing.name, &listing.bytes) {
                foreign::unreadable(snapshot, &listing.name, &why);
            }
        }
    }
}

fn bad(name: &str, why: &str) -> Error {
    Error::io(name, io::Error::new(io::ErrorKind::InvalidData, why))
}

/// The listings a file, an archive or a directory holds.
fn listings(path: &Path, name: &str) -> Result<Vec<Listing>, Error> {
    let failed = |why| Error::io(name, why);
    let found = match Sysroot::at(path) {
        Ok(root) => of_directory(&root, name).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            let bytes = load::host_file(path, FILE_MAX).map_err(failed)?;
            if gzip::is_gzip(&bytes) {
                return packed(&bytes, name).and_then(|found| some(found, name));
            }
            if bytes.get(257..262) != Some(b"ustar") {
                // A file that is given by itself must be what it was given as.
                foreign::read(name, &bytes).map_err(|why| bad(name, &why))?;
                return Ok(vec![Listing {
                    name: name.to_owned(),
                    bytes,
                }]);
            }
            of_archive(&mut bytes.as_slice(), name)
                .map_err(|_| bad(name, "the archive is damaged"))?
        }
        Err(error) => return Err(failed(error)),
    };
    some(found, name)
}

fn some(found: Vec<Listing>, name: &str) -> Result<Vec<Listing>, Error> {
    if found.is_empty() {
        let why = "no UAC collection: nothing of netstat, ss or lsof in live_response/network";
        return Err(bad(name, why));
    }
    Ok(found)
}

/// The listings a packed archive holds.
fn packed(bytes: &[u8], name: &str) -> Result<Vec<Listing>, Error> {
    let mut gunzip = Gunzip::new(bytes, UNPACKED_MAX).map_err(|why| bad(name, why))?;
    let found = of_archive(&mut gunzip, name);
    // What is wrong with the packing is why the archive is damaged.
    gunzip.drain().map_err(|why| bad(name, why))?;
    found.map_err(|_| bad(name, "what is packed in it is no archive, or a damaged one"))
}

fn of_directory(root: &Sysroot, name: &str) -> io::Result<Vec<Listing>> {
    let mut files = Vec::new();
    let dir = match root.dir(NETWORK) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        dir => dir?,
    };
    let mut buffer = vec![0; 32 << 10];
    dir.entries(&mut buffer, &mut |entry| {
        if let Ok(file) = std::str::from_utf8(entry.name) {
            files.push(format!("{NETWORK}/{file}"));
        }
    })?;
    files.retain(|file| foreign::uac::is_listing(file));
    files.sort_unstable();
    if files.len() > LISTINGS_MAX {
        return Err(archive::many(LISTINGS_MAX));
    }
    let mut found = Vec::new();
    for file in files {
        found.push(Listing {
            bytes: load::whole(root, Path::new(&file), FILE_MAX)?,
            name: render::safe::escaped(format!("{name}{file}").as_bytes()),
        });
    }
    Ok(found)
}

fn of_archive(bytes: &mut dyn Read, name: &str) -> io::Result<Vec<Listing>> {
    let found = archive::listings(bytes)?;
    let named = found.into_iter().map(|(file, bytes)| Listing {
        name: render::safe::escaped(format!("{name}:{file}").as_bytes()),
        bytes,
    });
    Ok(named.collect())
}
