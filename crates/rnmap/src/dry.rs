//! `--dry-run` and `-sL`: what would be asked. Nothing is sent.

use crate::input;
use crate::netns::{self, Place};
use crate::options::Options;
use crate::request::Request;
use crate::resume::Settled;
use crate::run::parts;
use crate::session::counted;
use crate::whole;
use cli::{Error, Exit};
use model::{Gap, Gaps, NetNs, Technique};
use scan::{Plan, route};
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

/// Says what would be sent, where to, and how long it takes.
///
/// # Errors
/// What was asked for cannot be had, or those of writing.
pub(crate) fn run(
    options: &Options,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let settled = input::earlier(options)?.settled;
    let own = netns::own();
    let mut gaps = request.gaps.clone();
    for place in netns::places(options.netns.as_deref())? {
        from(out, &place)?;
        let mut more = Gaps::new();
        let told = netns::inside(&place, || {
            let targets = whole::targets(request, &mut more);
            let mut text = Vec::new();
            tell(
                &mut text,
                request,
                (&settled, place.netns().or(own)),
                &targets,
            )
            .map(|()| text)
        });
        match told.and_then(|text| text) {
            Ok(text) => out.write_all(&text)?,
            Err(error) => more.push(Gap::io(place.to_string(), &error)),
        }
        gaps.append(&mut more);
    }
    if options.service_version {
        writeln!(out, "versions: at most 3 connections to each open TCP port")?;
    }
    writeln!(out, "nothing was sent")?;
    Ok(whole::finish(options, &gaps))
}

/// What would be sent from one namespace.
fn tell(
    out: &mut dyn Write,
    request: &Request,
    (settled, netns): (&Settled, Option<NetNs>),
    targets: &[IpAddr],
) -> io::Result<()> {
    let far = targets.iter().filter(|addr| !route::is_local(**addr));
    let far = far.count();
    if request.pings && far > 0 {
        let hosts = counted(far, "host", "hosts");
        writeln!(
            out,
            "discovery: {hosts}, at most 2 echo requests and 2 connections each"
        )?;
    }
    for whole in request.plans(targets) {
        let left = parts(settled, netns, &whole);
        let probes: usize = left.iter().map(Plan::size).sum();
        plan(out, &whole, probes)?;
        if far > 0 && whole.technique != Technique::Bind {
            let silent: Duration = left.iter().map(Plan::silent_time).sum();
            writeln!(out, "  {} if nothing answers", spell(silent))?;
        }
        let named: Vec<String> = whole.targets.iter().map(IpAddr::to_string).collect();
        match named.as_slice() {
            [first, .., last] if named.len() > 8 => writeln!(out, "  hosts {first} to {last}")?,
            few => writeln!(out, "  hosts {}", few.join(" "))?,
        }
        writeln!(out, "  ports {}", whole.ports)?;
    }
    Ok(())
}

/// One technique: how much, and what it takes at least.
fn plan(out: &mut dyn Write, plan: &Plan, probes: usize) -> io::Result<()> {
    let what = match plan.technique {
        Technique::Connect => "connections",
        Technique::Syn => "SYN packets",
        Technique::Udp => "datagrams",
        Technique::Bind => "binds, nothing sent",
    };
    let (hosts, ports) = (plan.targets.len(), plan.ports.len());
    write!(
        out,
        "{}: {} x {}",
        plan.proto,
        counted(hosts, "host", "hosts"),
        counted(ports, "port", "ports")
    )?;
    if probes != plan.size() {
        let known = plan.size() - probes;
        write!(out, " - {known} settled before")?;
    }
    write!(out, " = {probes} {what}")?;
    if plan.technique != Technique::Bind {
        let tries = usize::from(plan.pace.retries_max) + 1;
        let most = probes.saturating_mul(tries);
        write!(out, ", at most {most} with retries")?;
    }
    match plan.least_time(probes) {
        Some(time) => writeln!(out, ", {} at least", spell(time)),
        None => writeln!(out, ", as fast as the way allows"),
    }
}

/// A time in the unit that suits it.
fn spell(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        short if short < 120.0 => format!("{short:.1} s"),
        some if some < 7_200.0 => format!("{:.1} min", some / 60.0),
        long => format!("{:.1} h", long / 3_600.0),
    }
}

/// Lists the targets.
///
/// # Errors
/// What was asked for cannot be had, or those of writing.
pub(crate) fn list(
    options: &Options,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let mut gaps = request.gaps.clone();
    let mut count = 0;
    for place in netns::places(options.netns.as_deref())? {
        from(out, &place)?;
        let mut more = Gaps::new();
        match netns::inside(&place, || whole::targets(request, &mut more)) {
            Ok(targets) => {
                count += targets.len();
                for addr in &targets {
                    match request.names.get(addr) {
                        Some(name) => writeln!(out, "Nmap scan report for {} ({addr})", name.text)?,
                        None => writeln!(out, "Nmap scan report for {addr}")?,
                    }
                }
            }
            Err(error) => more.push(Gap::io(place.to_string(), &error)),
        }
        gaps.append(&mut more);
    }
    let count = counted(count, "IP address", "IP addresses");
    writeln!(out, "rnmap done: {count} (0 hosts up) listed")?;
    Ok(whole::finish(options, &gaps))
}

/// Which namespace the next lines are of, where it is not our own.
fn from(out: &mut dyn Write, place: &Place) -> io::Result<()> {
    if *place != Place::Here {
        let name = render::safe::escaped(place.to_string().as_bytes());
        writeln!(out, "from {name}:")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_in_their_unit() {
        let spelled = |seconds| spell(Duration::from_secs(seconds));
        assert_eq!(spelled(8), "8.0 s");
        assert_eq!(spelled(600), "10.0 min");
        assert_eq!(spelled(36_000), "10.0 h");
    }
}
