//! Carries out a plan: round after round, until nothing is in doubt.

use crate::plan::{Plan, Step};
use crate::progress::Progress;
use crate::sibling;
use cli::Error;
use compare::statement::Ended;
use compare::{Snapshot, Statement};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// Between two listings: what lives shorter than this is seen by one side at most.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs everything and gives what was said.
///
/// # Errors
/// The directory we were started from cannot be told.
pub(crate) fn run(plan: &Plan) -> Result<Snapshot, Error> {
    let mut run = Run {
        plan,
        dir: sibling::directory().map_err(|why| Error::io("/proc/self/exe", why))?,
        snapshot: Snapshot {
            facts: plan.facts.clone(),
            ..Snapshot::default()
        },
        progress: Progress::new(),
    };
    for round in 1..=plan.rounds {
        run.steps(&plan.opening(round));
        let probes = match round {
            1 => plan.probes(&run.snapshot),
            _ => plan.again(round, &compare::judge(&run.snapshot).doubts),
        };
        run.steps(&probes);
        run.steps(&plan.closing(round));
        if compare::judge(&run.snapshot).doubts.count == 0 {
            break;
        }
    }
    Ok(run.snapshot)
}

struct Run<'p> {
    plan: &'p Plan,
    dir: PathBuf,
    snapshot: Snapshot,
    progress: Progress,
}

impl Run<'_> {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            let (round, rounds) = (step.round, self.plan.rounds);
            self.progress.tell(&format!(
                "round {round} of at most {rounds}: {}",
                step.source
            ));
            let dir = self.dir.clone();
            take(&mut self.snapshot, step, |line| {
                sibling::run(&dir, step.program, &step.args, self.plan.deadline, line)
            });
            thread::sleep(PAUSE);
        }
    }
}

/// Takes one step's answer, line by line, into the snapshot.
fn take(snapshot: &mut Snapshot, step: &Step, answer: impl FnOnce(&mut dyn FnMut(&[u8])) -> Ended) {
    let Some(mut statement) = Statement::open(snapshot, step.program, step.source, step.round)
    else {
        return;
    };
    let ended = answer(&mut |line| statement.line(snapshot, line));
    statement.close(snapshot, &ended);
}
