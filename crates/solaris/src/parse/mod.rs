//! Bytes in, nouns out. A record that is not understood becomes a gap; its neighbours stand.

pub mod addresses;
pub mod bytes;
pub mod fdinfo;
pub mod fuser;
pub mod kstat;
pub mod map;
pub mod mib;
pub mod mnttab;
pub mod optmgmt;
pub mod psinfo;
pub mod sctp;
pub mod sockinfo;
pub mod tcp;
pub mod udp;
pub mod uname;
pub mod unix;

use model::Gaps;

/// What a table of records gave: `rows.len() + lost.len()` is the number of records in it.
#[derive(Debug)]
pub struct Parsed<T> {
    /// Records understood.
    pub rows: Vec<T>,
    /// Records not understood, one gap each.
    pub lost: Gaps,
    /// What is to be said of the table as a whole; no record is missing for it.
    pub notes: Gaps,
}

impl<T> Default for Parsed<T> {
    fn default() -> Parsed<T> {
        Parsed {
            rows: Vec::new(),
            lost: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<T> Parsed<T> {
    /// Rows, and all gaps in one list.
    #[must_use]
    pub fn into_parts(self) -> (Vec<T>, Gaps) {
        let mut gaps = self.lost;
        gaps.extend(self.notes);
        (self.rows, gaps)
    }
}
