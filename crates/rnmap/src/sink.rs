//! Where a run is written to: one format a sink, several at once.

use crate::host::Host;
use crate::resume::Settled;
use crate::session::{Ending, Session};
use crate::{grepable, json, text, xml};
use cli::Error;
use scan::{Answer, Plan};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A format of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for people, as nmap 7.93 has them.
    Normal,
    /// Lines for people, as nmap had them in 2005.
    Style2005,
    /// `-oX`
    Xml,
    /// `-oG`
    Grepable,
    /// `--json` and `-oJ`
    Json,
}

/// One format going to one place.
pub(crate) struct Sink<'w> {
    /// What is written.
    pub(crate) format: Format,
    /// The file it is written to; none for standard output.
    path: Option<String>,
    /// Where to.
    out: Box<dyn Write + 'w>,
    json: json::Answer<'w>,
    /// The file of an earlier run that its own takes the place of, once it holds as much.
    replaces: Option<Replaced>,
}

/// A file written beside another that it is to replace.
struct Replaced {
    part: PathBuf,
    whole: PathBuf,
    file: File,
}

impl<'w> Sink<'w> {
    /// A sink on standard output.
    pub(crate) fn new(format: Format, out: Box<dyn Write + 'w>) -> Sink<'w> {
        Sink {
            format,
            path: None,
            out,
            json: json::Answer::default(),
            replaces: None,
        }
    }

    /// A JSON sink on the very file of the earlier run that is gone on with. It is replaced by
    /// one that begins with all that was settled there: at no moment less is in it.
    ///
    /// # Errors
    /// None can be made beside it.
    pub(crate) fn resumed(path: &OsStr, earlier: &'w Settled) -> Result<Sink<'w>, Error> {
        let name = path.display().to_string();
        let failed = |why| Error::io(name.as_str(), why);
        let whole = std::fs::canonicalize(path).map_err(failed)?;
        let mut part = whole.clone().into_os_string();
        part.push(".part");
        let mut how = OpenOptions::new();
        how.create(true).write(true).truncate(true);
        let file = how.open(&part).map_err(failed)?;
        let out = file.try_clone().map_err(failed)?;
        Ok(Sink {
            path: Some(name.clone()),
            json: json::Answer::after(earlier),
            replaces: Some(Replaced {
                part: part.into(),
                whole,
                file,
            }),
            ..Sink::new(Format::Json, Box::new(BufWriter::new(out)))
        })
    }

    /// A sink on a file, made or emptied; with `append`, added to.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn file(format: Format, path: &OsStr, append: bool) -> Result<Sink<'w>, Error> {
        let mut how = OpenOptions::new();
        how.create(true)
            .write(true)
            .append(append)
            .truncate(!append);
        let name = path.display().to_string();
        let file = how
            .open(path)
            .map_err(|why| Error::io(name.as_str(), why))?;
        Ok(Sink {
            path: Some(name),
            ..Sink::new(format, Box::new(BufWriter::new(file)))
        })
    }

    /// What it means that it cannot be written.
    pub(crate) fn failed(&self, why: io::Error) -> Error {
        match &self.path {
            Some(path) => Error::io(path.as_str(), why),
            None => Error::from(why),
        }
    }

    /// The run begins.
    pub(crate) fn begin(&mut self, session: &Session) -> io::Result<()> {
        let out = &mut *self.out;
        match self.format {
            Format::Normal => text::begin(out, session),
            Format::Style2005 => crate::style2005::begin(out, session),
            Format::Xml => xml::begin(out, session),
            Format::Grepable => grepable::begin(out, session),
            Format::Json => self.json.begin(out, session),
        }?;
        self.out.flush()?;
        if let Some(Replaced { part, whole, file }) = self.replaces.take() {
            file.sync_all()?;
            std::fs::rename(part, whole)?;
        }
        Ok(())
    }

    /// `-v`: a plan begins.
    pub(crate) fn initiating(&mut self, session: &Session, plan: &Plan) -> io::Result<()> {
        if session.tone.verbose == 0 {
            return Ok(());
        }
        match self.format {
            Format::Normal => text::initiating(&mut *self.out, plan),
            Format::Style2005 => crate::style2005::initiating(&mut *self.out, plan),
            Format::Xml | Format::Grepable | Format::Json => Ok(()),
        }?;
        self.out.flush()
    }

    /// `-v`: a port answers.
    pub(crate) fn discovered(
        &mut self,
        session: &Session,
        plan: &Plan,
        found: (IpAddr, u16, Answer),
    ) -> io::Result<()> {
        let (addr, port, _) = found;
        match self.format {
            Format::Normal | Format::Style2005 if session.tone.verbose > 0 => {
                let proto = plan.proto;
                writeln!(self.out, "Discovered open port {port}/{proto} on {addr}")?;
                self.out.flush()
            }
            _ => Ok(()),
        }
    }

    /// `-v`: a plan is done.
    pub(crate) fn completed(
        &mut self,
        session: &Session,
        plan: &Plan,
        took: Duration,
    ) -> io::Result<()> {
        if session.tone.verbose == 0 {
            return Ok(());
        }
        match self.format {
            Format::Normal => text::completed(&mut *self.out, plan, took),
            Format::Style2005 => crate::style2005::completed(&mut *self.out, plan, took),
            Format::Xml | Format::Grepable | Format::Json => Ok(()),
        }
    }

    /// A host is done.
    pub(crate) fn host(&mut self, session: &Session, host: &Host) -> io::Result<()> {
        let out = &mut *self.out;
        match self.format {
            Format::Normal => text::host(out, session, host),
            Format::Style2005 => crate::style2005::host(out, session, host),
            Format::Xml => xml::host(out, session, host),
            Format::Grepable => grepable::host(out, session, host),
            Format::Json => self.json.host(out, session, host),
        }?;
        self.out.flush()
    }

    /// The run is over.
    pub(crate) fn end(&mut self, ending: &Ending) -> io::Result<()> {
        let out = &mut *self.out;
        match self.format {
            Format::Normal => text::end(out, ending),
            Format::Style2005 => crate::style2005::end(out, ending),
            Format::Xml => xml::end(out, ending),
            Format::Grepable => grepable::end(out, ending),
            Format::Json => {
                self.json.gaps(out, &ending.gaps)?;
                self.json.end(out, ending.coverage.clone())
            }
        }?;
        self.out.flush()
    }
}
