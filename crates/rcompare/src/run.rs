//! Carries out a plan: round after round, until nothing is in doubt.

use crate::case::{self, Done, clock};
use crate::host_tools::{self, Found};
use crate::keep::Keep;
use crate::lines::Lines;
use crate::plan::{Plan, Step};
use crate::progress::Progress;
use crate::sibling::{self, BYTES_MAX, Call, Said};
use cli::Error;
use compare::report::Doubts;
use compare::statement::Ended;
use compare::{Report, Snapshot, Statement};
use model::Source;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// Between two listings: what lives shorter than this is seen by one side at most.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs everything, keeps the answers where a case is made, and gives what was said and what
/// it amounts to.
///
/// # Errors
/// The directory we were started from cannot be told, or the case not be written.
pub(crate) fn run(plan: &Plan, keep: Option<&mut Keep<'_>>) -> Result<(Snapshot, Report), Error> {
    let mut run = Run {
        plan,
        dir: sibling::directory().map_err(|why| Error::io("/proc/self/exe", why))?,
        snapshot: Snapshot {
            facts: plan.facts.clone(),
            ..Snapshot::default()
        },
        progress: Progress::new(),
        tools: Vec::new(),
        keep,
    };
    if plan.host_tools {
        run.tools = host_tools::find(&mut run.snapshot.tool_gaps);
        if let Some(keep) = &mut run.keep {
            keep.case.tool_gaps.clone_from(&run.snapshot.tool_gaps);
        }
    }
    if let Some(keep) = &mut run.keep {
        keep.programs(&run.dir);
    }
    // Of owners a round that is under way says nothing yet.
    let mut doubts = Doubts::default();
    let mut round = 1;
    loop {
        run.steps(&plan.opening(round))?;
        run.steps(&plan.copies(round, &doubts))?;
        run.steps(&plan.exact(round, &doubts))?;
        run.tools(round)?;
        let probes = match round {
            1 => plan.probes(&run.snapshot),
            _ => plan.again(round, &compare::judge(&run.snapshot).doubts),
        };
        run.steps(&probes)?;
        run.steps(&plan.closing(round))?;
        if round == 1 {
            let once = plan.once(&run.snapshot);
            run.steps(&once)?;
        }
        let report = compare::judge(&run.snapshot);
        if report.doubts.count == 0 || round >= plan.rounds {
            return Ok((run.snapshot, report));
        }
        doubts = report.doubts;
        round += 1;
    }
}

struct Run<'p, 'k, 'w> {
    plan: &'p Plan,
    dir: PathBuf,
    snapshot: Snapshot,
    progress: Progress,
    tools: Vec<Found>,
    keep: Option<&'k mut Keep<'w>>,
}

impl Run<'_, '_, '_> {
    fn steps(&mut self, steps: &[Step]) -> Result<(), Error> {
        for step in steps {
            let (round, rounds) = (step.round, self.plan.rounds);
            self.progress.tell(&format!(
                "round {round} of at most {rounds}: {}",
                step.source
            ));
            self.step(step)?;
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn tools(&mut self, round: u32) -> Result<(), Error> {
        if self.tools.is_empty() {
            return Ok(());
        }
        self.progress.tell("the host's own tools");
        let keep = self.keep.as_deref_mut();
        let deadline = self.plan.deadline;
        host_tools::run(&self.tools, round, deadline, &mut self.snapshot, keep)
    }

    fn step(&mut self, step: &Step) -> Result<(), Error> {
        let began_ms = clock::now_ms();
        let keeps = self.keep.is_some();
        let record = step.program != "rnmap"
            && self
                .keep
                .as_ref()
                .is_some_and(|keep| keep.wants_record(step.source));
        let mut raw = Vec::new();
        let mut tape = None;
        let from = (step.program, step.source, step.round);
        let ended = take(&mut self.snapshot, from, |sink| {
            let keeping = &mut |piece: &[u8]| {
                if keeps {
                    raw.extend_from_slice(piece);
                }
                sink(piece);
            };
            let call = Call {
                program: &self.dir.join(step.program),
                args: &step.args,
                deadline: self.plan.deadline,
                bytes_max: BYTES_MAX,
                session: false,
                record,
            };
            let Said { ended, record, .. } = sibling::run(&call, keeping);
            tape = record;
            ended
        });
        let Some(keep) = &mut self.keep else {
            return Ok(());
        };
        let done = Done {
            file: case::output_name(keep.case.steps.len() + 1, step),
            round: step.round,
            source: step.source,
            program: step.program.to_owned(),
            args: step.args.clone(),
            began_ms,
            took_ms: clock::now_ms().saturating_sub(began_ms),
            ended,
            record: None,
        };
        keep.answer(done, &raw, tape.as_deref())
    }
}

/// Takes one answer, as it comes, into the snapshot: from whom, by which way, in which round.
pub(crate) fn take(
    snapshot: &mut Snapshot,
    (program, source, round): (&str, Source, u32),
    answer: impl FnOnce(&mut dyn FnMut(&[u8])) -> Ended,
) -> Ended {
    let statement = Statement::open(snapshot, program, source, round);
    let Some(mut statement) = statement else {
        return answer(&mut |_| {});
    };
    let mut lines = Lines::default();
    let ended = answer(&mut |piece| {
        lines.push(piece, &mut |line| statement.line(snapshot, line));
    });
    lines.end(&mut |line| statement.line(snapshot, line));
    statement.close(snapshot, &ended);
    ended
}
