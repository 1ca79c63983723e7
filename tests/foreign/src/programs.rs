//! Parsers that stand in programs. No program is a library for another, so their files, which
//! read nothing themselves, are compiled here once more.
#![expect(dead_code, reason = "a part of each file serves its program alone")]

#[path = "../../../crates/rcompare/src/archive.rs"]
pub(crate) mod archive;
#[path = "../../../crates/rcompare/src/case/clock.rs"]
pub(crate) mod clock;
#[path = "../../../crates/rfuser/src/argv.rs"]
pub(crate) mod fuser_argv;
#[path = "../../../crates/rfuser/src/options.rs"]
pub(crate) mod fuser_options;
#[path = "../../../crates/rfuser/src/target.rs"]
pub(crate) mod fuser_target;
#[path = "../../../crates/rcompare/src/gzip.rs"]
pub(crate) mod gzip;
#[path = "../../../crates/rcompare/src/case/kept.rs"]
pub(crate) mod kept;
#[path = "../../../crates/rcompare/src/media/list.rs"]
pub(crate) mod list;
#[path = "../../../crates/rcompare/src/case/log.rs"]
pub(crate) mod log;
#[path = "../../../crates/rlsof/src/argv.rs"]
pub(crate) mod lsof_argv;
#[path = "../../../crates/rlsof/src/options.rs"]
pub(crate) mod lsof_options;
#[path = "../../../crates/rnetstat/src/options.rs"]
pub(crate) mod netstat_options;
#[path = "../../../crates/rnmap/src/argv.rs"]
pub(crate) mod nmap_argv;
#[path = "../../../crates/rnmap/src/options.rs"]
pub(crate) mod nmap_options;
#[path = "../../../crates/rnmap/src/resume.rs"]
pub(crate) mod resume;
#[path = "../../../crates/rcompare/src/case/seal.rs"]
pub(crate) mod seal;
#[path = "../../../crates/rfuser/src/signals.rs"]
pub(crate) mod signals;
