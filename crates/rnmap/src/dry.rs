//! `--dry-run` and `-sL`: what would be asked. Nothing is sent.

use crate::request::Request;
use cli::{Error, Exit};
use model::Technique;
use std::io::Write;

/// Says what would be sent and how long it takes at least.
///
/// # Errors
/// Those of writing.
pub(crate) fn run(request: &Request, out: &mut dyn Write) -> Result<Exit, Error> {
    if request.pings {
        let hosts = request.targets.len();
        writeln!(
            out,
            "host discovery: at most 3 probes to each of {hosts} hosts not local"
        )?;
    }
    for plan in request.plans(&request.targets) {
        let what = match plan.technique {
            Technique::Connect => "connections",
            Technique::Syn => "SYN packets",
            Technique::Udp => "datagrams",
            Technique::Bind => "binds, nothing sent",
        };
        let (hosts, ports) = (plan.targets.len(), plan.ports.len());
        let (size, list) = (plan.size(), &plan.ports);
        let tries = u64::from(plan.pace.retries_max) + 1;
        let most = u64::try_from(size)
            .unwrap_or(u64::MAX)
            .saturating_mul(tries);
        write!(
            out,
            "{}: {hosts} hosts x {ports} ports = {size} {what}",
            plan.proto
        )?;
        if plan.technique != Technique::Bind {
            write!(out, ", at most {most} with retries")?;
        }
        match plan.least_time() {
            Some(time) => writeln!(out, ", {:.1} s at least", time.as_secs_f64())?,
            None => writeln!(out, ", as fast as the way allows")?,
        }
        writeln!(out, "  ports {list}")?;
    }
    Ok(Exit::Good)
}

/// Lists the targets.
///
/// # Errors
/// Those of writing.
pub(crate) fn list(request: &Request, out: &mut dyn Write) -> Result<Exit, Error> {
    for addr in &request.targets {
        match request.names.get(addr) {
            Some(name) => writeln!(out, "Nmap scan report for {name} ({addr})")?,
            None => writeln!(out, "Nmap scan report for {addr}")?,
        }
    }
    let count = request.targets.len();
    writeln!(out, "rnmap done: {count} IP addresses (0 hosts up) listed")?;
    Ok(Exit::Good)
}
