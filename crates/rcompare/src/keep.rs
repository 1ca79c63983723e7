//! Makes a case while a plan is carried out.

use crate::case::log::Log;
use crate::case::store::Store;
use crate::case::{
    self, CASE, Case, Done, FACTS, Import, LAYOUT, LOG, Medium, Program, Remote, Tool, clock, load,
    sha256,
};
use crate::given::Given;
use crate::options::Options;
use crate::{host_tools, html, json, table};
use cli::Error;
use compare::{Facts, Report};
use model::{Foreign, Source};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The programs whose sums stand in a case.
const PROGRAMS: [&str; 4] = ["rcompare", "rnetstat", "rlsof", "rnmap"];

/// Largest program file, or list of sums, that is read.
const PROGRAM_MAX: usize = 64 << 20;

/// The medium's list of sums, from the directory of the programs.
const SUMS: &str = "../SHA256SUMS";

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

    /// Notes which host this is, and keeps the bytes it was learned from.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn host(&mut self, facts: &Facts, record: &[u8]) -> Result<(), Error> {
        let text = |name: &Foreign| render::safe::escaped(name.as_bytes());
        self.case.host = facts.observer.hostname.as_ref().map(text);
        self.case.kernel = facts.observer.kernel.as_ref().map(text);
        self.put("records/000-facts.tar", record)
    }

    /// Takes the sums of the programs in a directory, and holds them against the medium's.
    pub(crate) fn programs(&mut self, dir: &Path) {
        let path = dir.join(SUMS);
        let list = load::host_file(&path, PROGRAM_MAX).ok();
        self.case.medium = list.as_ref().map(|list| Medium {
            file: render::safe::escaped(path.as_os_str().as_bytes()),
            sha256: sha256(list),
        });
        for name in PROGRAMS {
            let bytes = load::host_file(&dir.join(name), PROGRAM_MAX).ok();
            let sum = bytes.map(|bytes| sha256(&bytes));
            let listed = |list: &Vec<u8>| {
                let sum = sum.as_deref().unwrap_or("-").as_bytes();
                let lines = list.split(|&byte| byte == b'\n');
                lines.into_iter().any(|line| line.starts_with(sum))
            };
            let program = Program {
                name: name.to_owned(),
                on_medium: list.as_ref().map(listed),
                sha256: sum,
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
    pub(crate) fn answer(
        &mut self,
        mut done: Done,
        raw: &[u8],
        record: Option<&[u8]>,
    ) -> Result<(), Error> {
        self.put(&done.file, raw)?;
        if let Some(record) = record {
            let name = done.file.replace("outputs/", "records/");
            let name = name.replace(".jsonl", ".tar");
            self.put(&name, record)?;
            done.record = Some(name);
        }
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

    /// Whether a program that answers in this way is to record what it reads: the first
    /// answer by each way is enough for a later reader of the bytes.
    pub(crate) fn wants_record(&self, source: Source) -> bool {
        !self.case.steps.iter().any(|done| done.source == source)
    }

    /// Keeps what a tool of the host said, and gives it its files.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn tool(
        &mut self,
        done: &mut Tool,
        answer: &[u8],
        errors: &[u8],
    ) -> Result<(), Error> {
        let number = self.case.tools.len() + 1;
        let stem = format!("host-tools/{number:03}-r{}-{}", done.round, done.name);
        (done.file, done.errors) = (format!("{stem}.txt"), format!("{stem}.stderr"));
        done.after = self.case.steps.len();
        self.put(&done.file, answer)?;
        self.put(&done.errors, errors)?;
        let what = format!(
            "ran {} of the host ({}) {} into {} {}",
            done.path,
            done.sha256.as_deref().unwrap_or("unreadable"),
            done.args.join(" "),
            done.file,
            sha256(answer)
        );
        self.log.add(clock::now_ms(), what);
        self.case.tools.push(done.clone());
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
        for (at, listing) in given.listings.iter().enumerate() {
            let file = format!("import/{:03}", at + 1);
            self.put(&file, &listing.bytes)?;
            self.case.imports.push(Import {
                file,
                name: listing.name.clone(),
            });
        }
        let mut lines = Vec::new();
        json::report(&mut lines, report)?;
        self.put("report.json", &lines)?;
        let mut text = Vec::new();
        table::report(&mut text, report, table::WHOLE)?;
        self.put("report.txt", &text)?;
        let mut page = Vec::new();
        html::report(&mut page, report, &html::Heading::of_case(&self.case))?;
        self.put("report.html", &page)?;
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
        tool_gaps: loaded.case.tool_gaps.clone(),
        ..compare::Snapshot::default()
    };
    let mut tools = loaded.case.tools.iter().peekable();
    let bytes = |file: &String| loaded.files.get(file).map_or(&b""[..], Vec::as_slice);
    for (at, done) in loaded.case.steps.iter().enumerate() {
        while let Some(tool) = tools.next_if(|tool| tool.after <= at) {
            host_tools::take(&mut snapshot, tool, bytes(&tool.file), bytes(&tool.errors));
        }
        let from = (done.program.as_str(), done.source, done.round);
        let answer = loaded.files.get(&done.file);
        crate::run::take(&mut snapshot, from, |sink| {
            sink(answer.map_or(&b""[..], Vec::as_slice));
            done.ended.clone()
        });
    }
    for tool in tools {
        host_tools::take(&mut snapshot, tool, bytes(&tool.file), bytes(&tool.errors));
    }
    snapshot
}
