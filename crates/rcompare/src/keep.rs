//! Makes a case while a plan is carried out.

use crate::case::log::Log;
use crate::case::store::Store;
use crate::case::{
    self, CASE, Case, Done, FACTS, LAYOUT, LOG, Program, Remote, clock, load, sha256,
};
use crate::given::Given;
use crate::options::Options;
use crate::{json, table};
use cli::Error;
use compare::Report;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The programs whose sums stand in a case.
const PROGRAMS: [&str; 4] = ["rcompare", "rnetstat", "rlsof", "rnmap"];

/// A case under way.
pub(crate) struct Keep<'w> {
    /// What was asked so far.
    pub(crate) case: Case,
    store: Store<'w>,
    log: Log,
    place: String,
}

impl<'w> Keep<'w> {
    /// Begins a case where the options ask for one; `-` streams tar to `out`.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub(crate) fn begin(
        options: &Options,
        argv: &[OsString],
        out: &'w mut dyn Write,
    ) -> Result<Option<Keep<'w>>, Error> {
        let Some(place) = &options.case else {
            return Ok(None);
        };
        let name = place.display().to_string();
        let store = if is_stream(place) {
            Store::tar(out)
        } else {
            Store::dir(place).map_err(|why| Error::io(&name, why))?
        };
        let mut keep = Keep {
            case: Case {
                layout: LAYOUT,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                argv: argv
                    .iter()
                    .map(|word| render::safe::escaped(word.as_bytes()))
                    .collect(),
                operator: options.operator.clone(),
                number: options.number.clone(),
                clock: clock::begin(),
                ..Case::default()
            },
            store,
            log: Log::default(),
            place: name,
        };
        let version = keep.case.version.clone();
        keep.log
            .add(clock::now_ms(), format!("rcompare {version} began"));
        Ok(Some(keep))
    }

    /// Takes the sums of the programs in a directory.
    pub(crate) fn programs(&mut self, dir: &Path) {
        for name in PROGRAMS {
            let sum = load::host_file(&dir.join(name)).ok();
            let program = Program {
                name: name.to_owned(),
                sha256: sum.map(|bytes| sha256(&bytes)),
            };
            let sum = program.sha256.as_deref().unwrap_or("unreadable");
            self.log
                .add(clock::now_ms(), format!("program {name} {sum}"));
            self.case.programs.push(program);
        }
    }

    /// Keeps one answer.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn answer(&mut self, done: Done, raw: &[u8]) -> Result<(), Error> {
        self.put(&done.file, raw)?;
        let what = format!(
            "ran {} {} into {} {}",
            done.program,
            done.args.join(" "),
            done.file,
            sha256(raw)
        );
        self.log.add(clock::now_ms(), what);
        self.case.steps.push(done);
        Ok(())
    }

    /// Keeps what was given and concluded, and ends the case.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn finish(mut self, given: &Given, report: &Report) -> Result<(), Error> {
        for (at, scan) in given.scans.iter().enumerate() {
            let file = format!("remote/{:03}", at + 1);
            self.put(&file, &scan.bytes)?;
            self.case.remotes.push(Remote {
                file,
                name: scan.name.clone(),
                map: scan.map.clone(),
            });
        }
        let mut lines = Vec::new();
        json::report(&mut lines, report)?;
        self.put("report.json", &lines)?;
        let mut text = Vec::new();
        table::report(&mut text, report, true)?;
        self.put("report.txt", &text)?;
        let facts = serde_json::to_vec(&report.facts).map_err(std::io::Error::from)?;
        self.put(FACTS, &facts)?;
        self.case.clock.ended_ms = clock::now_ms();
        let case = serde_json::to_vec(&self.case).map_err(std::io::Error::from)?;
        self.put(CASE, &case)?;
        let words = format!("rcompare ended: {:?}", report.outcome);
        self.log.add(clock::now_ms(), words);
        let log = self.log.as_bytes().to_vec();
        self.put(LOG, &log)?;
        let place = self.place;
        self.store
            .finish(clock::now_ms())
            .map_err(|why| Error::io(place, why))
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.store
            .put(name, bytes, clock::now_ms())
            .map_err(|why| Error::io(format!("{}: {name}", self.place), why))
    }
}

/// Whether the case is streamed to standard output.
pub(crate) fn is_stream(place: &Path) -> bool {
    place == Path::new("-")
}

/// Puts the answers of a case back together.
pub(crate) fn replay(loaded: &case::load::Loaded) -> compare::Snapshot {
    let mut snapshot = compare::Snapshot {
        facts: loaded.facts.clone(),
        ..compare::Snapshot::default()
    };
    for done in &loaded.case.steps {
        let from = (done.program.as_str(), done.source, done.round);
        let answer = loaded.files.get(&done.file);
        crate::run::take(&mut snapshot, from, |sink| {
            sink(answer.map_or(&b""[..], Vec::as_slice));
            done.ended.clone()
        });
    }
    snapshot
}
