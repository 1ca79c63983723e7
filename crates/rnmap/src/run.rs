//! Runs a request: groups of hosts, the techniques over each group, the hosts told as they
//! are done.

use crate::clock::Moment;
use crate::host::Host;
use crate::interrupt::Interrupt;
use crate::json::Covered;
use crate::request::Request;
use crate::resume::Settled;
use crate::session::counted;
use model::{Gap, Gaps, NetNs};
use scan::version::Manner;
use scan::{Answer, Listener, Plan, PortSet, Report, discover, route};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Whom a run is told to while it runs.
pub(crate) trait Teller {
    /// A plan begins.
    fn initiating(&mut self, plan: &Plan) -> io::Result<()>;
    /// A port answers.
    fn discovered(&mut self, plan: &Plan, found: (IpAddr, u16, Answer));
    /// How far a plan is.
    fn progress(&mut self, plan: &Plan, settled: usize, all: usize);
    /// A plan is done.
    fn completed(&mut self, plan: &Plan, took: Duration) -> io::Result<()>;
    /// A host is done.
    fn host(&mut self, host: Host) -> io::Result<()>;
}

/// What a run comes to, beside its hosts.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Hosts asked, and how many of them were up.
    pub(crate) hosts: usize,
    /// How many of them were up.
    pub(crate) up: usize,
    /// What could not be asked.
    pub(crate) gaps: Gaps,
    /// What was asked to the end.
    pub(crate) covered: Covered,
}

/// What a run needs to know.
pub(crate) struct Job<'j> {
    /// What is wanted.
    pub(crate) request: &'j Request,
    /// What an earlier run settled.
    pub(crate) settled: &'j Settled,
    /// Whether to read what open ports say.
    pub(crate) versions: bool,
    /// The namespace asked from, where it is not our own.
    pub(crate) netns: Option<NetNs>,
    /// The namespace asked from, our own too.
    pub(crate) stands: Option<NetNs>,
    /// Whether the user wants an end.
    pub(crate) interrupt: &'j Interrupt,
}

/// Hosts written out together.
const GROUP: usize = 256;

/// Runs it all, for these targets.
///
/// # Errors
/// Those of telling.
pub(crate) fn run(
    job: &Job<'_>,
    targets: &[IpAddr],
    teller: &mut dyn Teller,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    if job.request.is_bind() {
        group(job, &[], teller, &mut outcome)?;
        return Ok(outcome);
    }
    for targets in targets.chunks(GROUP) {
        group(job, targets, teller, &mut outcome)?;
        if job.interrupt.is_asked() {
            break;
        }
    }
    Ok(outcome)
}

/// One group of hosts through all techniques.
fn group(
    job: &Job<'_>,
    targets: &[IpAddr],
    teller: &mut dyn Teller,
    outcome: &mut Outcome,
) -> io::Result<()> {
    let begun = Moment::now();
    let up = who_is_up(job, targets, outcome);
    let asked: Vec<IpAddr> = targets
        .iter()
        .copied()
        .filter(|addr| up.contains_key(addr))
        .collect();
    let mut reports: HashMap<IpAddr, Vec<Report>> = HashMap::new();
    let mut order: Vec<IpAddr> = targets.to_vec();
    // A host has its time once, for all techniques and what its ports say.
    let pinged = asked
        .iter()
        .filter(|&&addr| job.request.pings && !route::is_local(addr));
    let mut spent: BTreeMap<IpAddr, Duration> =
        pinged.map(|&addr| (addr, Duration::ZERO)).collect();
    for plan in job.request.plans(&asked) {
        let plan = Plan {
            spent: spent.clone(),
            ..plan
        };
        for report in one_plan(job, &plan, teller, outcome)? {
            *spent.entry(report.addr).or_default() += report.took;
            outcome.covered.report(&plan, &report);
            if !order.contains(&report.addr) {
                order.push(report.addr);
            }
            reports.entry(report.addr).or_default().push(report);
        }
    }
    for addr in order {
        let mut host = Host {
            addr,
            name: job.request.names.get(&addr).cloned(),
            netns: job.netns,
            up: up
                .get(&addr)
                .copied()
                .or(job.request.is_bind().then_some("localhost-response")),
            reports: reports.remove(&addr).unwrap_or_default(),
            banners: BTreeMap::new(),
            begun,
            ended: Moment::now(),
        };
        if job.versions {
            let manner = Manner {
                pace: &job.request.pace,
                origin: &job.request.origin,
                stop: &|| job.interrupt.is_asked(),
                until: left(job, spent.get(&addr)).map(|left| Instant::now() + left),
            };
            outcome
                .gaps
                .extend(crate::versions::read(&mut host, &manner));
            host.ended = Moment::now();
        }
        outcome.hosts += 1;
        outcome.up += usize::from(host.up.is_some());
        teller.host(host)?;
    }
    Ok(())
}

/// What is left of a host's time, where that is limited.
fn left(job: &Job<'_>, spent: Option<&Duration>) -> Option<Duration> {
    let limit = job.request.pace.host_timeout?;
    Some(limit.saturating_sub(spent.copied().unwrap_or_default()))
}

/// Which targets are up, and what said so.
fn who_is_up(
    job: &Job<'_>,
    targets: &[IpAddr],
    outcome: &mut Outcome,
) -> HashMap<IpAddr, &'static str> {
    if !job.request.pings {
        return targets.iter().map(|&addr| (addr, "user-set")).collect();
    }
    let (near, far): (Vec<IpAddr>, Vec<IpAddr>) = targets
        .iter()
        .copied()
        .partition(|&addr| route::is_local(addr));
    let mut up: HashMap<IpAddr, &'static str> = near
        .into_iter()
        .map(|addr| (addr, "localhost-response"))
        .collect();
    if !far.is_empty() {
        let stop = || job.interrupt.is_asked();
        match discover::up(&far, &job.request.pace, &job.request.origin, &stop) {
            Ok((found, mut gaps)) => {
                up.extend(found);
                outcome.gaps.append(&mut gaps);
            }
            Err(error) => outcome.gaps.push(Gap::io("host discovery", &error)),
        }
    }
    up
}

/// One technique over a group. What an earlier run settled is not asked again.
fn one_plan(
    job: &Job<'_>,
    plan: &Plan,
    teller: &mut dyn Teller,
    outcome: &mut Outcome,
) -> io::Result<Vec<Report>> {
    let from = Instant::now();
    teller.initiating(plan)?;
    let mut reports = Vec::new();
    for part in parts(job.settled, job.stands, plan) {
        let mut relay = Relay {
            plan: &part,
            teller: &mut *teller,
            reports: Vec::new(),
        };
        let stop = || job.interrupt.is_asked();
        outcome
            .gaps
            .append(&mut scan::scan(&part, &mut relay, &stop)?);
        reports.append(&mut relay.reports);
    }
    for report in &mut reports {
        let key = (job.stands, plan.technique, plan.proto, report.addr);
        let before = job.settled.get(&key);
        if let Some(before) = before {
            let wanted = before
                .iter()
                .filter(|(port, _)| plan.ports.contains(**port));
            report
                .answers
                .extend(wanted.map(|(port, answer)| (*port, *answer)));
            report.answers.sort_unstable_by_key(|(port, _)| *port);
        }
        outcome.gaps.extend(not_settled(report));
    }
    teller.completed(plan, from.elapsed())?;
    Ok(reports)
}

/// How many ports have no answer, and why where that is known.
fn not_settled(report: &Report) -> Vec<Gap> {
    let host = format!("{} {}", report.proto, report.addr);
    let mut gaps: Vec<Gap> = report
        .refused
        .iter()
        .map(|(errno, count)| {
            let ports = counted_ports(*count);
            let place = format!("{host}: {ports} that this system would not ask");
            Gap::io(place, &io::Error::from_raw_os_error(*errno))
        })
        .collect();
    let others = report.missed.len() - report.refused.values().sum::<usize>();
    if others > 0 {
        let why = if report.lost {
            ": it answered, and then was heard no more"
        } else {
            ""
        };
        let ports = counted_ports(others);
        gaps.push(Gap::new(host, format!("{ports} not settled{why}")));
    }
    gaps
}

/// `1 port`, `2 ports`
fn counted_ports(count: usize) -> String {
    counted(count, "port", "ports")
}

/// A plan without what is settled: one part for the hosts of which nothing is, one for each
/// of the others.
pub(crate) fn parts(settled: &Settled, netns: Option<NetNs>, plan: &Plan) -> Vec<Plan> {
    let known = |addr: &IpAddr| settled.get(&(netns, plan.technique, plan.proto, *addr));
    let (old, fresh): (Vec<IpAddr>, Vec<IpAddr>) = plan
        .targets
        .iter()
        .copied()
        .partition(|addr| known(addr).is_some());
    let mut parts = Vec::new();
    if !fresh.is_empty() {
        parts.push(Plan {
            targets: fresh,
            ..plan.clone()
        });
    }
    for addr in old {
        let done = PortSet::of(
            known(&addr)
                .into_iter()
                .flat_map(|answers| answers.keys().copied()),
        );
        parts.push(Plan {
            targets: vec![addr],
            ports: plan.ports.minus(&done),
            ..plan.clone()
        });
    }
    parts
}

/// Passes on what a scan tells, and keeps the reports.
struct Relay<'a> {
    plan: &'a Plan,
    teller: &'a mut dyn Teller,
    reports: Vec<Report>,
}

impl Listener for Relay<'_> {
    fn open(&mut self, addr: IpAddr, port: u16, answer: Answer) {
        self.teller.discovered(self.plan, (addr, port, answer));
    }

    fn progress(&mut self, settled: usize, all: usize) {
        self.teller.progress(self.plan, settled, all);
    }

    fn report(&mut self, report: Report) -> io::Result<()> {
        self.reports.push(report);
        Ok(())
    }
}
