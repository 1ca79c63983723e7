//! What is wanted: options made into plans, or refused before anything is sent.

use crate::common;
use crate::host::Name;
use crate::named::{self, Named};
use crate::options::Options;
use cli::Error;
use model::{Gaps, Proto, Technique};
use scan::{Origin, Pace, Plan, PortSet, Ports, ports, route, shards};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is wanted.
pub(crate) struct Request {
    /// Whom to ask, in the order typed; empty for a bind probe.
    pub(crate) targets: Vec<IpAddr>,
    /// The names some were asked for by, or have.
    pub(crate) names: BTreeMap<IpAddr, Name>,
    /// Targets that have no address, and addresses whose name could not be asked for.
    pub(crate) gaps: Gaps,
    /// Whether the targets are every address of the namespace asked from.
    pub(crate) is_local: bool,
    /// What to ask them.
    pub(crate) ports: Ports,
    /// How, one after the other; none to only ask who is up.
    pub(crate) techniques: Vec<Technique>,
    /// How fast.
    pub(crate) pace: Pace,
    /// Threads at most.
    pub(crate) threads: usize,
    /// Whether to ask first who is up.
    pub(crate) pings: bool,
    /// What probes of other machines leave from.
    pub(crate) origin: Origin,
    /// Families of a bind probe.
    families: Vec<IpAddr>,
}

impl Request {
    /// Reads the options.
    ///
    /// # Errors
    /// The first thing that makes no sense, in one line.
    pub(crate) fn new(options: &Options) -> Result<Request, Error> {
        let Named { addrs, names, gaps } = named::targets(options)?;
        if options.local && !addrs.is_empty() {
            return Err(usage("--local names the targets; no others can be given"));
        }
        if addrs.is_empty() && !options.bind_probe && !options.local {
            return Err(usage("no target given"));
        }
        let near = addrs.iter().all(|&addr| route::is_local(addr));
        let mut ports = match &options.ports {
            Some(list) => ports::parse(list).map_err(|why| usage(&why))?,
            None if options.fast => common::top(100),
            None if options.top_ports.is_some() => {
                common::top(options.top_ports.map_or(0, usize::from))
            }
            None if near => Ports::both(PortSet::all()),
            None => common::default_ports(),
        };
        if let Some(list) = &options.exclude_ports {
            ports = ports.minus(&ports::parse(list).map_err(|why| usage(&why))?);
        }
        let origin = origin(options, &addrs)?;
        let techniques = if options.ping_only || options.list_only {
            Vec::new()
        } else {
            techniques(options, &ports)?
        };
        Ok(Request {
            targets: addrs,
            names,
            gaps,
            is_local: options.local,
            ports,
            techniques,
            pace: pace(options)?,
            threads: options
                .threads
                .map_or_else(shards::parallelism, usize::from),
            pings: !options.no_ping && !options.bind_probe && !options.list_only,
            origin,
            families: families(options),
        })
    }

    /// The plans for some of the targets, in the order they are run.
    pub(crate) fn plans(&self, targets: &[IpAddr]) -> Vec<Plan> {
        let mut plans = Vec::new();
        for &technique in &self.techniques {
            let protos: &[Proto] = match technique {
                Technique::Bind => &[Proto::Tcp, Proto::Udp],
                Technique::Udp => &[Proto::Udp],
                Technique::Connect | Technique::Syn => &[Proto::Tcp],
            };
            for &proto in protos {
                let ports = match proto {
                    Proto::Udp => &self.ports.udp,
                    _ => &self.ports.tcp,
                };
                if !ports.is_empty() {
                    plans.push(Plan {
                        technique,
                        proto,
                        targets: match technique {
                            Technique::Bind => self.families.clone(),
                            _ => targets.to_vec(),
                        },
                        ports: ports.clone(),
                        pace: self.pace.clone(),
                        threads: self.threads,
                        origin: self.origin.clone(),
                        spent: BTreeMap::new(),
                    });
                }
            }
        }
        plans
    }

    /// Whether it is a bind probe.
    pub(crate) fn is_bind(&self) -> bool {
        self.techniques == [Technique::Bind]
    }
}

/// What was asked for by letter, TCP first; without a letter nmap's own choice.
fn techniques(options: &Options, ports: &Ports) -> Result<Vec<Technique>, Error> {
    if options.bind_probe {
        return Ok(vec![Technique::Bind]);
    }
    let raw = !options.unprivileged && scan::can_send_raw();
    if options.syn && !raw {
        return Err(usage(
            "-sS needs the right to open raw sockets; -sT does not",
        ));
    }
    let mut techniques = Vec::new();
    if options.syn || (!options.connect && !options.udp && raw) {
        techniques.push(Technique::Syn);
    } else if options.connect || !options.udp {
        techniques.push(Technique::Connect);
    }
    if options.udp {
        techniques.push(Technique::Udp);
    }
    let asks_tcp = techniques
        .iter()
        .any(|technique| *technique != Technique::Udp);
    match (
        asks_tcp && !ports.tcp.is_empty(),
        options.udp && !ports.udp.is_empty(),
    ) {
        (false, false) => Err(usage(
            "the port list names no port of a protocol that is scanned",
        )),
        _ => Ok(techniques),
    }
}

fn families(options: &Options) -> Vec<IpAddr> {
    let v4 = (!options.ipv6).then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let v6 = (!options.ipv4).then_some(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    v4.into_iter().chain(v6).collect()
}

fn pace(options: &Options) -> Result<Pace, Error> {
    let mut pace = Pace::template(options.timing);
    pace.rate_max = options.max_rate;
    pace.rate_min = options.min_rate;
    if let (Some(least), Some(most)) = (options.min_rate, options.max_rate)
        && least > most
    {
        return Err(usage("--min-rate is above --max-rate"));
    }
    if options.host_timeout.is_some() {
        pace.host_timeout = options.host_timeout;
    }
    if let Some(delay) = options.scan_delay {
        pace.delay = delay;
    }
    if let Some(retries) = options.max_retries {
        pace.retries_max = retries;
    }
    Ok(pace)
}

/// What probes leave from, tried for every family asked before anything is sent.
fn origin(options: &Options, targets: &[IpAddr]) -> Result<Origin, Error> {
    let origin = Origin {
        addr: options.source_address,
        port: options.source_port,
        device: options.interface.clone(),
    };
    if origin == Origin::default() || options.list_only {
        return Ok(origin);
    }
    // In another namespace devices and addresses are others.
    if options.netns.is_some() {
        return Err(usage("-e, -S and -g are not for --netns"));
    }
    for is_v4 in [true, false] {
        if let Some(first) = targets.iter().find(|addr| addr.is_ipv4() == is_v4) {
            origin
                .check(*first)
                .map_err(|why| Error::io(wishes(options), why))?;
        }
    }
    Ok(origin)
}

/// The options that say what to send from, as typed.
fn wishes(options: &Options) -> String {
    let device = options.interface.as_ref().map(|name| format!("-e {name}"));
    let addr = options.source_address.map(|addr| format!("-S {addr}"));
    let port = options.source_port.map(|port| format!("-g {port}"));
    let words: Vec<String> = device.into_iter().chain(addr).chain(port).collect();
    render::safe::escaped(words.join(" ").as_bytes())
}

/// A line that names what was typed, made harmless.
pub(crate) fn usage(line: &str) -> Error {
    Error::Usage(render::safe::escaped(line.as_bytes()))
}
