//! Tar files from elsewhere: a case, and a collection of UAC. Both may be anybody's: nothing in
//! them is read without bound, and no name leads out of them.

use compare::foreign::uac;
use std::collections::BTreeMap;
use std::io::{self, Read};

/// Most bytes of one file.
pub(crate) const FILE_MAX: usize = 1 << 30;

/// Most bytes of all files: what an address space of 32 bits can tell, too.
pub(crate) const ALL_MAX: usize = 2 << 30;

/// Most files of a case.
pub(crate) const FILES_MAX: usize = 1024;

/// Most files taken from one collection.
pub(crate) const LISTINGS_MAX: usize = 64;

/// Every file of a case by its name.
///
/// # Errors
/// It is cut short, or holds something else than plain files with plain names.
pub(crate) fn case(bytes: &[u8]) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut left = ALL_MAX;
    for entry in tar::Archive::new(bytes).entries()? {
        let entry = entry?;
        if files.len() >= FILES_MAX {
            return Err(many(FILES_MAX));
        }
        let name = std::str::from_utf8(&entry.path_bytes())
            .unwrap_or_default()
            .to_owned();
        if !is_plain(&name) || !entry.header().entry_type().is_file() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut content = Vec::new();
        let room = u64::try_from(left.min(FILE_MAX)).unwrap_or(u64::MAX);
        if entry.size() > room {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        entry.take(room).read_to_end(&mut content)?;
        left -= content.len();
        files.insert(name, content);
    }
    Ok(files)
}

/// The listings of sockets in a collection, by the name each has there, in order.
///
/// # Errors
/// The archive is damaged.
pub(crate) fn listings(bytes: &mut dyn Read) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut left = u64::try_from(FILE_MAX).unwrap_or(u64::MAX);
    for entry in tar::Archive::new(bytes).entries()? {
        let entry = entry?;
        let path = entry.path_bytes().into_owned();
        let Ok(file) = std::str::from_utf8(&path) else {
            continue;
        };
        if !uac::is_listing(file) || !entry.header().entry_type().is_file() {
            continue;
        }
        if found.len() >= LISTINGS_MAX {
            return Err(many(LISTINGS_MAX));
        }
        if entry.size() > left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::new();
        let size = entry.take(left).read_to_end(&mut bytes)?;
        left = left.saturating_sub(u64::try_from(size).unwrap_or(u64::MAX));
        found.push((file.to_owned(), bytes));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// There are more than are read: a part of them would look like all.
pub(crate) fn many(max: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("more than {max} files"))
}

/// Whether a name stays inside the case.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        assert!(is_plain("outputs/001-r1-netlink.jsonl"));
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }

    #[test]
    fn more_than_are_read_are_refused() {
        let packed = |count: usize, name: &dyn Fn(usize) -> String| {
            let mut tar = tar::Builder::new(Vec::new());
            for at in 0..count {
                let mut header = tar::Header::new_ustar();
                header.set_size(1);
                tar.append_data(&mut header, name(at), &b"x"[..]).unwrap();
            }
            tar.into_inner().unwrap()
        };
        let plain = |at: usize| format!("outputs/{at}");
        assert_eq!(case(&packed(FILES_MAX, &plain)).unwrap().len(), FILES_MAX);
        assert!(case(&packed(FILES_MAX + 1, &plain)).is_err());
        let listed = |at: usize| format!("{at}/live_response/network/netstat_-an.txt");
        let read = |count| listings(&mut &packed(count, &listed)[..]);
        assert_eq!(read(LISTINGS_MAX).unwrap().len(), LISTINGS_MAX);
        assert!(read(LISTINGS_MAX + 1).is_err());
    }

    #[test]
    fn a_bad_archive_is_refused() {
        let mut short = vec![0u8; 700];
        short[..5].copy_from_slice(b"a.txt");
        assert!(case(&short).is_err());
        assert!(case(b"no archive").is_err());
    }
}
