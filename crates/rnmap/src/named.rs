//! Whom to ask: targets as typed and listed, those that are names asked of the name server.

use crate::host::Name;
use crate::input;
use crate::options::Options;
use crate::request::usage;
use crate::session::counted;
use cli::Error;
use model::{Gap, Gaps};
use scan::dns;
use scan::target::{self, Spec, TARGETS_MAX};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Targets, and the names of those that were named.
#[derive(Default)]
pub(crate) struct Named {
    /// Whom to ask, each once, in the order typed.
    pub(crate) addrs: Vec<IpAddr>,
    /// The names some were asked for by, or have.
    pub(crate) names: BTreeMap<IpAddr, Name>,
    /// Names without an address, and addresses whose name could not be asked for.
    pub(crate) gaps: Gaps,
}

impl Named {
    /// What was typed names these.
    fn typed(&mut self, addrs: &[IpAddr], text: &str) {
        let name = Name {
            text: text.to_owned(),
            kind: "user",
        };
        self.names
            .extend(addrs.iter().map(|addr| (*addr, name.clone())));
    }
}

/// Reads the targets. A name that has no address is a gap, and the others are asked.
///
/// # Errors
/// What was typed makes no sense, or none of the names has an address.
pub(crate) fn targets(options: &Options) -> Result<Named, Error> {
    let mut named = Named::default();
    let mut server = Server::new(options);
    let mut failed = None;
    let listed = match &options.input_list {
        Some(path) => input::lines(path)?,
        None => Vec::new(),
    };
    for text in options.targets.iter().chain(&listed) {
        match target::parse(text, options.ipv6).map_err(|why| usage(&why))? {
            Spec::Addrs(addrs) => {
                if text == "localhost" {
                    named.typed(&addrs, text);
                }
                named.addrs.extend(addrs);
            }
            Spec::Name(name) => match resolve(options, server.as_mut(), &name)? {
                Ok(addrs) => {
                    named.typed(&addrs, &name);
                    // As nmap does: the first address of a name stands for it.
                    named.addrs.extend(addrs.first());
                }
                Err(why) => {
                    let place = format!("target {name}");
                    named.gaps.push(Gap::io(place.as_str(), &why));
                    failed.get_or_insert(Error::io(place, why));
                }
            },
        }
        if named.addrs.len() > TARGETS_MAX {
            return Err(usage(&format!("more than {TARGETS_MAX} targets")));
        }
    }
    if let Some(failed) = failed.filter(|_| named.addrs.is_empty()) {
        return Err(failed);
    }
    let not_wanted = excluded(options)?;
    let mut seen = HashSet::new();
    named
        .addrs
        .retain(|addr| !not_wanted.contains(addr) && seen.insert(*addr));
    if let Some(server) = server.filter(|_| options.reverse_names) {
        name(&mut named, server);
    }
    Ok(named)
}

fn excluded(options: &Options) -> Result<HashSet<IpAddr>, Error> {
    let mut not_wanted = HashSet::new();
    for text in &options.exclude {
        match target::parse(text, options.ipv6).map_err(|why| usage(&why))? {
            Spec::Addrs(addrs) => not_wanted.extend(addrs),
            Spec::Name(name) => return Err(usage(&format!("--exclude {name}: not an address"))),
        }
    }
    Ok(not_wanted)
}

/// Silences in a row after which a name server is asked no more: each costs seconds.
const SILENT_MAX: u8 = 3;

/// A name server, asked as long as it says anything.
struct Server {
    addr: SocketAddr,
    silent: u8,
}

impl Server {
    /// The one that was named. A dry run asks nobody.
    fn new(options: &Options) -> Option<Server> {
        let addr = options.dns_servers.filter(|_| !options.dry_run)?;
        Some(Server {
            addr: SocketAddr::new(addr, 53),
            silent: 0,
        })
    }

    fn is_given_up(&self) -> bool {
        self.silent >= SILENT_MAX
    }

    fn ask<T>(&mut self, ask: impl FnOnce(SocketAddr) -> io::Result<T>) -> io::Result<T> {
        if self.is_given_up() {
            let why = "not asked for: the name server does not answer";
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
        let said = ask(self.addr);
        let is_silent = matches!(&said, Err(why) if why.kind() == io::ErrorKind::TimedOut);
        self.silent = if is_silent { self.silent + 1 } else { 0 };
        said
    }
}

/// Asks for the names of targets that were typed as addresses.
fn name(named: &mut Named, mut server: Server) {
    let mut unasked = 0;
    for &addr in &named.addrs {
        let Entry::Vacant(place) = named.names.entry(addr) else {
            continue;
        };
        if server.is_given_up() {
            unasked += 1;
            continue;
        }
        match server.ask(|server| dns::name_of(server, addr)) {
            Ok(Some(text)) => {
                place.insert(Name { text, kind: "PTR" });
            }
            Ok(None) => {}
            Err(why) => named.gaps.push(Gap::io(format!("name of {addr}"), &why)),
        }
    }
    if unasked > 0 {
        let place = counted(unasked, "name", "names");
        let why = "not asked for: the name server does not answer";
        named.gaps.push(Gap::new(place, why));
    }
}

/// The addresses of a name, from the server given for it, without those that are nobody's.
///
/// # Errors
/// None was given, and nobody else is asked.
fn resolve(
    options: &Options,
    server: Option<&mut Server>,
    name: &str,
) -> Result<io::Result<Vec<IpAddr>>, Error> {
    let Some(server) = server else {
        let line = format!("target {name}: names are asked for only with --dns-servers");
        return Err(usage(&line));
    };
    let told = server.ask(|server| dns::resolve(server, name, options.ipv6));
    Ok(told.and_then(|addrs| {
        let addrs = addrs.iter().map(IpAddr::to_canonical);
        let addrs: Vec<IpAddr> = addrs.filter(|addr| !addr.is_unspecified()).collect();
        match addrs.is_empty() {
            true => Err(io::Error::other(target::NOBODYS)),
            false => Ok(addrs),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each silence costs seconds; a word of any kind begins the count anew.
    #[test]
    fn a_server_that_stays_silent_is_given_up() {
        let mut server = Server {
            addr: SocketAddr::from(([192, 0, 2, 53], 53)),
            silent: 0,
        };
        let mut asked = 0;
        let mut hear = |server: &mut Server, kind: Option<io::ErrorKind>| {
            let said = server.ask(|_| {
                asked += 1;
                kind.map_or(Ok(()), |kind| Err(io::Error::from(kind)))
            });
            (said.is_ok(), asked)
        };
        let silence = Some(io::ErrorKind::TimedOut);
        assert_eq!(hear(&mut server, silence), (false, 1));
        assert_eq!(hear(&mut server, silence), (false, 2));
        assert_eq!(hear(&mut server, Some(io::ErrorKind::NotFound)), (false, 3));
        for count in 4..=6 {
            assert!(!server.is_given_up());
            assert_eq!(hear(&mut server, silence), (false, count));
        }
        assert_eq!(hear(&mut server, None), (false, 6));
        assert!(server.is_given_up());
    }
}
