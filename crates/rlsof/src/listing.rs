//! One round: tables first, then the processes, a row at a time to whoever prints them.

use crate::elsewhere::Elsewhere;
use crate::endpoints::{Ends, Key};
use crate::flight;
use crate::query::{Class, Query};
use crate::row::{Row, Show};
use crate::sockets::{self, Sockets};
use model::ask::{FilesAsk, Meant, Table, Told};
use model::{Coverage, Foreign, Gaps, Inode, Pid, Process};
use std::collections::HashSet;
use std::io;
use std::sync::OnceLock;
use std::thread::{self, Builder};
use sysroot::Sysroot;

/// What becomes of rows.
pub(crate) trait Print {
    /// Takes one row. Rows of one process come together.
    ///
    /// # Errors
    /// Those of the writer.
    fn row(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()>;

    /// Ends the answer.
    ///
    /// # Errors
    /// Those of the writer.
    fn end(&mut self, told: &Round, out: &mut dyn io::Write) -> io::Result<()>;
}

/// What a round came to.
#[derive(Default)]
pub(crate) struct Round {
    /// Whether a row was printed.
    pub(crate) found: bool,
    pub(crate) gaps: Gaps,
    /// Those in the way of finding what was asked for.
    pub(crate) bearing: Gaps,
    pub(crate) coverage: Coverage,
}

/// What more is to be read than the query itself needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// Flags of sockets.
    pub(crate) flags: bool,
    /// Everything about pipes, not only which end a descriptor is.
    pub(crate) pipes: bool,
    /// Threads with tables of their own.
    pub(crate) threads: bool,
    /// Mark the other ends.
    pub(crate) ends: bool,
    /// Also list them.
    pub(crate) end_rows: bool,
    /// Only sockets of the reader's own network namespace are meant.
    pub(crate) own_netns: bool,
    /// Files below these directories are not asked about.
    pub(crate) exempt: Vec<Foreign>,
}

/// Where rows come from, and where they go.
struct Listing<'a> {
    query: &'a mut Query,
    show: &'a Show,
    /// Gives the tables, and waits for them if they are still being read.
    sockets: &'a dyn Fn() -> &'a Sockets,
    elsewhere: Option<Elsewhere<'a>>,
    print: &'a mut dyn Print,
    out: &'a mut dyn io::Write,
    /// Which sockets hang on a descriptor.
    seen: Vec<bool>,
    /// Whether there was a process whose rows could be meant.
    met: bool,
    found: bool,
}

/// Reads everything once and prints what is meant.
///
/// # Errors
/// Those of the writer.
pub(crate) fn round(
    root: &Sysroot,
    query: &mut Query,
    show: &Show,
    extra: &Extra,
    print: &mut dyn Print,
    out: &mut dyn io::Write,
) -> io::Result<Round> {
    let with_ends = extra.ends || extra.end_rows;
    // Sockets of other namespaces need their names only where their rows can be printed.
    let sockets_only = !with_ends && query.only(&[Class::Inet, Class::Unix]);
    let elsewhere = !(extra.own_netns && sockets_only);
    // The other ends of what is meant may hang anywhere.
    let pids = query.pids().filter(|_| !with_ends);
    let known = OnceLock::new();
    let read = || known.get_or_init(|| sockets::read(root, elsewhere, pids.as_ref()));
    let unix = || sockets::unix(root, elsewhere, pids.as_ref());
    let ask = ask(query, extra, with_ends, pids.clone(), unix);
    let source = Source {
        root,
        ask: &ask,
        read: &read,
        elsewhere,
    };
    // The walk needs no tables but that of unix sockets, only the rows do: all are read at once.
    // Where there is no thread to be had the tables are read for the first row.
    thread::scope(|scope| {
        // Said, since otherwise a variable of the environment would (`RUST_MIN_STACK`).
        let thread = Builder::new().stack_size(2 << 20);
        let _ = thread.spawn_scoped(scope, read);
        walk(&source, query, show, extra, print, out)
    })
}

/// What is read.
struct Source<'a> {
    root: &'a Sysroot,
    ask: &'a FilesAsk,
    /// The sockets, and what could not be read of them.
    read: &'a dyn Fn() -> &'a (Sockets, Gaps),
    /// Whether sockets that are in no table are asked themselves.
    elsewhere: bool,
}

fn walk(
    source: &Source<'_>,
    query: &mut Query,
    show: &Show,
    extra: &Extra,
    print: &mut dyn Print,
    out: &mut dyn io::Write,
) -> io::Result<Round> {
    let Source { root, ask, .. } = *source;
    let sockets = || &(source.read)().0;
    let with_ends = extra.ends || extra.end_rows;
    let needs_addresses = query.needs_addresses();
    let who = query.who();
    let may_mean = |process: &Process| who.as_ref().is_none_or(|who| who.may_mean(process));
    let meant: Meant<'_> = who.is_some().then_some(&may_mean);
    let mut listing = Listing {
        query,
        show,
        sockets: &sockets,
        elsewhere: source.elsewhere.then(|| Elsewhere::new(root)),
        print,
        out,
        seen: Vec::new(),
        met: false,
        found: false,
    };
    let mut outcome = Ok(());
    let (told, mut bearing) = if with_ends {
        let (told, all) = everybody(root, ask);
        let ends = Ends::new(&all, sockets(), queues(root));
        outcome = listing.with_ends(&all, &ends, extra.end_rows);
        // Nothing was found: who was only read for the other ends bears no blame for it.
        let bearing = match meant {
            Some(_) if !listing.found => host::files(root, ask, meant, &mut |_, _| {}).gaps,
            _ => told.gaps.clone(),
        };
        (told, bearing)
    } else {
        let mut told = host::files(root, ask, meant, &mut |process, tables| {
            if outcome.is_ok() {
                outcome = listing.process(&process, &tables, None, None);
            }
        });
        outcome?;
        outcome = listing.in_flight(root).map(|mut gaps| {
            // That one of those who are meant has it in flight shows in what was read of them.
            if meant.is_none() {
                told.gaps.append(&mut gaps);
            }
        });
        let bearing = told.gaps.clone();
        (told, bearing)
    };
    outcome?;
    let gaps = &(source.read)().1;
    if needs_addresses && listing.met {
        bearing.extend_from_slice(gaps);
    }
    let round = Round {
        found: listing.found,
        gaps: [gaps.as_slice(), &told.gaps].concat(),
        bearing,
        coverage: told.coverage,
    };
    print.end(&round, out)?;
    Ok(round)
}

/// Every process with what it holds open, kept.
fn everybody(root: &Sysroot, ask: &FilesAsk) -> (Told, Vec<(Process, Vec<Table>)>) {
    let mut all = Vec::new();
    let told = host::files(root, ask, None, &mut |process, tables| {
        all.push((process, tables));
    });
    (told, all)
}

/// The file systems of message queues.
pub(crate) fn queues(root: &Sysroot) -> Vec<u64> {
    let (mounts, _) = host::mounts(root);
    let queues = mounts.iter().filter(|mount| mount.kind == b"mqueue");
    queues.map(|mount| mount.device).collect()
}

fn ask(
    query: &Query,
    extra: &Extra,
    with_ends: bool,
    pids: Option<HashSet<Pid>>,
    unix: impl FnOnce() -> HashSet<Inode>,
) -> FilesAsk {
    let sockets_only = !with_ends && query.only(&[Class::Inet, Class::Unix]);
    FilesAsk {
        pids,
        sockets_only,
        threads: extra.threads,
        flags: extra.flags,
        brief_pipes: !extra.pipes,
        exempt: extra.exempt.clone(),
        messages: if sockets_only { HashSet::new() } else { unix() },
    }
}

impl Listing<'_> {
    /// Prints the rows of one process that are meant, or that are the other end of such.
    fn process(
        &mut self,
        process: &Process,
        tables: &[Table],
        ends: Option<&Ends>,
        also: Option<&HashSet<Key>>,
    ) -> io::Result<()> {
        if !self.query.admits(process) {
            return Ok(());
        }
        self.met = true;
        let sockets = (self.sockets)();
        self.seen.resize(sockets.len(), false);
        for table in tables {
            for file in &table.files {
                let at = sockets.at(file);
                let known = at.and_then(|at| sockets.get(at));
                if let Some(seen) = at.and_then(|at| self.seen.get_mut(at)) {
                    *seen = true;
                }
                let asked = match (known, &mut self.elsewhere) {
                    (None, Some(elsewhere)) => elsewhere.ask(process, table.tid, file),
                    _ => None,
                };
                let mut row = Row {
                    process,
                    tid: table.tid,
                    file,
                    socket: known.or(asked.as_ref().and_then(|it| it.socket.as_ref())),
                    protocol: asked.as_ref().and_then(|it| it.protocol.as_deref()),
                    ends: "",
                    show: self.show,
                };
                let words;
                let meant = self.query.picks(&row)
                    || also.zip(ends).is_some_and(|(keys, ends)| {
                        ends.own(file, row.socket)
                            .is_some_and(|key| keys.contains(&key))
                    });
                if !meant {
                    continue;
                }
                if let Some(ends) = ends {
                    words = ends.words(&row);
                    row.ends = &words;
                }
                self.found = true;
                self.print.row(&row, self.out)?;
            }
        }
        Ok(())
    }

    /// Prints who may have in flight what was asked for and hangs on no descriptor.
    fn in_flight(&mut self, root: &Sysroot) -> io::Result<Gaps> {
        let sockets = (self.sockets)();
        self.seen.resize(sockets.len(), false);
        let missed = sockets.iter().zip(&self.seen).enumerate();
        let missed: HashSet<usize> = missed
            // What has no inode is held by no descriptor, or by one that cannot be told.
            .filter(|(_, (socket, seen))| {
                !**seen && socket.inode.0 != 0 && self.query.asks_for(socket)
            })
            .map(|(at, _)| at)
            .collect();
        if missed.is_empty() || !self.met {
            return Ok(Gaps::new());
        }
        let (guesses, told) = flight::guesses(root, sockets, &missed);
        for guess in &guesses {
            let row = Row {
                process: &guess.process,
                tid: guess.tid,
                file: &guess.file,
                socket: Some(guess.socket),
                protocol: None,
                ends: "",
                show: self.show,
            };
            if self.query.admits(&guess.process) && self.query.picks(&row) {
                self.found = true;
                self.print.row(&row, self.out)?;
            }
        }
        Ok(told.gaps)
    }

    /// The same over processes already read; under `end_rows` the other ends of what is
    /// meant are found first.
    fn with_ends(
        &mut self,
        processes: &[(Process, Vec<Table>)],
        ends: &Ends,
        end_rows: bool,
    ) -> io::Result<()> {
        let mut keys = HashSet::new();
        if end_rows {
            for (process, tables) in processes {
                if !self.query.admits(process) {
                    continue;
                }
                for (tid, file) in tables
                    .iter()
                    .flat_map(|table| table.files.iter().map(|file| (table.tid, file)))
                {
                    let row = Row {
                        process,
                        tid,
                        file,
                        socket: (self.sockets)().of(file),
                        protocol: None,
                        ends: "",
                        show: self.show,
                    };
                    if self.query.picks(&row) {
                        keys.extend(ends.other(file, row.socket));
                    }
                }
            }
        }
        for (process, tables) in processes {
            self.process(process, tables, Some(ends), Some(&keys))?;
        }
        Ok(())
    }
}
