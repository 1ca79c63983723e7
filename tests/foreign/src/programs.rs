//! Parsers that stand in programs. No program is a library for another, so their files, which
//! read nothing themselves, are compiled here once more.
#![expect(dead_code, reason = "a part of each file serves its program alone")]

#[path = "../../../crates/rcompare/src/archive.rs"]
pub(crate) mod archive;
#[path = "../../../crates/rcompare/src/gzip.rs"]
pub(crate) mod gzip;
#[path = "../../../crates/rcompare/src/media/list.rs"]
pub(crate) mod list;
#[path = "../../../crates/rcompare/src/case/log.rs"]
pub(crate) mod log;
#[path = "../../../crates/rlsof/src/argv.rs"]
pub(crate) mod lsof_argv;
#[path = "../../../crates/rnmap/src/resume.rs"]
pub(crate) mod resume;
#[path = "../../../crates/rcompare/src/case/seal.rs"]
pub(crate) mod seal;
