//! A whole run of the program: sinks opened, every namespace visited, the ending told.

use crate::clock::Moment;
use crate::host::Host;
use crate::input;
use crate::interrupt::Interrupt;
use crate::netns::{self, Place};
use crate::options::Options;
use crate::progress::Progress;
use crate::request::Request;
use crate::resume::Settled;
use crate::run::{self, Job, Outcome, Teller};
use crate::session::{Ending, Session, Tone, gap_count, gap_line};
use crate::sink::{Format, Sink};
use cli::{Error, Exit};
use model::{Gap, Gaps, Source};
use nix::sys::stat::stat;
use scan::{Answer, Plan, route};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Runs it all.
///
/// # Errors
/// Something asked for cannot be had, or the output cannot be written.
pub(crate) fn run(
    options: &Options,
    request: &Request,
    argv: &[OsString],
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    if options.list_only {
        return crate::dry::list(options, request, out);
    }
    if options.dry_run {
        return crate::dry::run(options, request, out);
    }
    let earlier = input::earlier(options)?;
    let places = netns::places(options.netns.as_deref())?;
    let interrupt = Interrupt::catch();
    let session = session(options, request, argv);
    let mut live = Live {
        session: &session,
        sinks: sinks(options, &earlier.settled, out)?,
        progress: Progress::new(!options.noninteractive && !options.json),
        failed: None,
    };
    // Nothing is sent before every output has taken its first line.
    let begun = live.each(|sink| sink.begin(&session));
    match live.failed.take() {
        Some(Error::BrokenPipe) if begun.is_ok() => {}
        Some(error) => return Err(error),
        None => {}
    }
    let from = Instant::now();
    let mut total = Outcome {
        gaps: request.gaps.clone(),
        ..Outcome::default()
    };
    let mut ran = Ok(());
    for place in &places {
        let job = Job {
            request,
            settled: &earlier.settled,
            versions: options.service_version,
            netns: place.netns(),
            stands: place.netns().or(session.netns),
            interrupt: &interrupt,
        };
        ran = visit(place, &job, &mut live, &mut total);
        if ran.is_err() || interrupt.is_asked() {
            break;
        }
    }
    live.progress.clear();
    let partial = interrupt.is_asked();
    if partial {
        total
            .gaps
            .push(Gap::new("scan", "interrupted; what was learned stands"));
    }
    let mut coverage = total.covered.coverage();
    // Of several none is the one looked at: each port names its own.
    coverage.netns = match places.as_slice() {
        [one] => one.netns().or(session.netns),
        _ => None,
    };
    let ending = Ending {
        up: total.up,
        hosts: total.hosts,
        took: from.elapsed(),
        partial,
        gaps: total.gaps,
        coverage,
    };
    let ended = live.each(|sink| sink.end(&ending));
    match live.failed {
        // Whoever read it went away; files were written to the end.
        Some(Error::BrokenPipe) if ended.is_ok() => {}
        Some(error) => return Err(error),
        None => ran.and(ended.map_err(Error::from))?,
    }
    Ok(finish(options, &ending.gaps))
}

/// Runs the job here, or in another namespace on a thread that ends there.
fn visit(
    place: &Place,
    job: &Job<'_>,
    live: &mut Live<'_, '_>,
    total: &mut Outcome,
) -> Result<(), Error> {
    let outcome = match place {
        Place::Here => {
            let targets = targets(job.request, &mut total.gaps);
            run::run(job, &targets, live)?
        }
        Place::Other { .. } => {
            let inside = netns::inside(place, || {
                let mut gaps = Gaps::new();
                let targets = targets(job.request, &mut gaps);
                let mut kept = Kept::default();
                let outcome = run::run(job, &targets, &mut kept);
                (kept.hosts, outcome, gaps)
            });
            match inside {
                Ok((hosts, outcome, mut gaps)) => {
                    total.gaps.append(&mut gaps);
                    for host in hosts {
                        live.host(host)?;
                    }
                    outcome?
                }
                Err(error) => {
                    total.gaps.push(Gap::io(place.to_string(), &error));
                    return Ok(());
                }
            }
        }
    };
    total.hosts += outcome.hosts;
    total.up += outcome.up;
    total.gaps.extend(outcome.gaps);
    total.covered.join(outcome.covered);
    Ok(())
}

/// The targets, which under `--local` are those of the namespace this thread is in.
pub(crate) fn targets(request: &Request, gaps: &mut Gaps) -> Vec<IpAddr> {
    if !request.is_local {
        return request.targets.clone();
    }
    let (all, more) = netns::local_addrs();
    gaps.extend(more);
    let needs_zone = |addr: &IpAddr| matches!(addr, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let (zoned, plain): (Vec<IpAddr>, Vec<IpAddr>) = all.into_iter().partition(needs_zone);
    gaps.extend(
        zoned
            .iter()
            .map(|addr| Gap::new(addr.to_string(), "link-local: not asked without its zone")),
    );
    plain
}

/// Writes everything to all sinks as it comes.
struct Live<'s, 'w> {
    session: &'s Session,
    sinks: Vec<Sink<'w>>,
    progress: Progress,
    /// Why the first sink that could not be written to is gone.
    failed: Option<Error>,
}

impl<'w> Live<'_, 'w> {
    /// Writes to every sink. One that fails is given up; the scan goes on for the others.
    ///
    /// # Errors
    /// None is left.
    fn each(&mut self, mut write: impl FnMut(&mut Sink<'w>) -> io::Result<()>) -> io::Result<()> {
        let failed = &mut self.failed;
        self.sinks.retain_mut(|sink| match write(sink) {
            Ok(()) => true,
            Err(why) => {
                let why = sink.failed(why);
                failed.get_or_insert(why);
                false
            }
        });
        if self.sinks.is_empty() {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe));
        }
        Ok(())
    }
}

impl Teller for Live<'_, '_> {
    fn initiating(&mut self, plan: &Plan) -> io::Result<()> {
        let session = self.session;
        self.each(|sink| sink.initiating(session, plan))
    }

    fn discovered(&mut self, plan: &Plan, found: (IpAddr, u16, Answer)) {
        self.progress.clear();
        for sink in &mut self.sinks {
            // A reader that went away is noticed when the host is written.
            let _ = sink.discovered(self.session, plan, found);
        }
    }

    fn progress(&mut self, plan: &Plan, settled: usize, all: usize) {
        self.progress.show(plan.proto.name(), settled, all);
    }

    fn completed(&mut self, plan: &Plan, took: Duration) -> io::Result<()> {
        self.progress.clear();
        let session = self.session;
        self.each(|sink| sink.completed(session, plan, took))
    }

    fn host(&mut self, host: Host) -> io::Result<()> {
        let session = self.session;
        self.each(|sink| sink.host(session, &host))
    }
}

/// Keeps the hosts found on another thread.
#[derive(Default)]
struct Kept {
    hosts: Vec<Host>,
}

impl Teller for Kept {
    fn initiating(&mut self, _plan: &Plan) -> io::Result<()> {
        Ok(())
    }

    fn discovered(&mut self, _plan: &Plan, _found: (IpAddr, u16, Answer)) {}

    fn progress(&mut self, _plan: &Plan, _settled: usize, _all: usize) {}

    fn completed(&mut self, _plan: &Plan, _took: Duration) -> io::Result<()> {
        Ok(())
    }

    fn host(&mut self, host: Host) -> io::Result<()> {
        self.hosts.push(host);
        Ok(())
    }
}

fn session(options: &Options, request: &Request, argv: &[OsString]) -> Session {
    let words: Vec<String> = argv
        .iter()
        .map(|word| render::safe::escaped(word.as_encoded_bytes()))
        .collect();
    let source = if request.is_bind() {
        Source::Bind
    } else if request.is_local || request.targets.iter().all(|&addr| route::is_local(addr)) {
        Source::Connect
    } else {
        Source::Remote
    };
    Session {
        command: words.join(" "),
        begun: Moment::now(),
        tone: Tone {
            verbose: options.verbose,
            debug: options.debug,
            only_open: options.open,
            reason: options.reason || options.verbose >= 2,
            versions: options.service_version,
        },
        asks: request
            .plans(&[])
            .into_iter()
            .map(|plan| (plan.technique, plan.proto, plan.ports))
            .collect(),
        source,
        netns: netns::own(),
    }
}

/// Whether two paths lead to the same file. Opens nothing.
fn is_same(one: &OsStr, other: &OsStr) -> bool {
    match (stat(one), stat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}

/// Opens every output asked for; standard output gets the normal one unless another was
/// sent there. Nothing is sent before all of them are open.
fn sinks<'w>(
    options: &Options,
    earlier: &'w Settled,
    out: &'w mut dyn Write,
) -> Result<Vec<Sink<'w>>, Error> {
    let normal = if options.style == "2005" {
        Format::Style2005
    } else {
        Format::Normal
    };
    let mut wanted: Vec<(Format, OsString)> = [
        (normal, &options.output_normal),
        (Format::Xml, &options.output_xml),
        (Format::Grepable, &options.output_grepable),
        (Format::Json, &options.output_json),
    ]
    .into_iter()
    .filter_map(|(format, path)| Some((format, path.clone()?)))
    .collect();
    if let Some(stem) = &options.output_all {
        let endings = [
            (normal, ".nmap"),
            (Format::Xml, ".xml"),
            (Format::Grepable, ".gnmap"),
            (Format::Json, ".json"),
        ];
        wanted.extend(endings.map(|(format, ending)| {
            let mut path = stem.clone();
            path.push(ending);
            (format, path)
        }));
    }
    let to_stdout: Vec<Format> = wanted
        .iter()
        .filter(|(_, path)| path == OsStr::new("-"))
        .map(|(format, _)| *format)
        .collect();
    let shown = match to_stdout.as_slice() {
        [] if options.json => Format::Json,
        [] => normal,
        [one] if !options.json => *one,
        _ => {
            let why = "only one output can go to standard output";
            return Err(Error::Usage(why.to_owned()));
        }
    };
    let mut sinks = vec![Sink::new(shown, Box::new(out))];
    for (format, path) in wanted {
        if path == OsStr::new("-") {
            continue;
        }
        let resumed = options.resume.as_deref();
        let is_resumed = resumed.is_some_and(|resumed| is_same(resumed, &path));
        sinks.push(match format {
            _ if !is_resumed => Sink::file(format, &path, options.append_output)?,
            Format::Json if options.append_output => Sink::file(format, &path, true)?,
            Format::Json => Sink::resumed(&path, earlier)?,
            Format::Normal | Format::Style2005 | Format::Xml | Format::Grepable => {
                let why = format!("{}: --resume needs it", path.display());
                return Err(crate::request::usage(&why));
            }
        });
    }
    Ok(sinks)
}

/// Tells of gaps and chooses the exit code.
pub(crate) fn finish(options: &Options, gaps: &[Gap]) -> Exit {
    if options.gaps {
        for gap in gaps {
            cli::note("rnmap", &gap_line(gap));
        }
    } else if !options.json {
        match gaps {
            [] => {}
            [one] => cli::note("rnmap", &gap_line(one)),
            many => {
                let count = gap_count(many.len());
                cli::note("rnmap", &format!("{count} (--gaps lists them)"));
            }
        }
    }
    if gaps.is_empty() {
        Exit::Good
    } else {
        Exit::Blind
    }
}
