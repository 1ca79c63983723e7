//! Listings that are not ours: what the host's own tools print, and what a file from
//! elsewhere holds. Their words are parsed here ([`read`]) and held against the tables in
//! [`told`]. Nobody has to believe them.

mod lsof;
mod missed;
mod netstat;
mod osquery;
pub mod owners;
mod ss;
pub mod told;
pub mod uac;

use crate::join;
use crate::snapshot::Snapshot;
use model::{Family, Gap, Gaps, Inet, Pid, Proto};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// Rows taken from one listing, at most.
pub const ROWS_MAX: usize = 2_000_000;

/// Longest line of a listing.
const LINE_MAX: usize = 64 << 10;

/// Lines looked at to tell whose words a file is in.
const HEAD: usize = 64;

/// In whose words a listing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// netstat of net-tools or busybox.
    Netstat,
    /// ss of iproute2.
    Ss,
    /// `lsof -i`, its table.
    Lsof,
    /// What fuser says on standard error when asked for ports.
    Fuser,
    /// osquery's `listening_ports`, as JSON.
    Osquery,
}

impl Words {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Words::Netstat => "netstat",
            Words::Ss => "ss",
            Words::Lsof => "lsof",
            Words::Fuser => "fuser",
            Words::Osquery => "osquery",
        }
    }

    /// Whether it finds sockets by the descriptors of processes, and so none that no
    /// process has a descriptor of.
    #[must_use]
    pub fn by_descriptor(self) -> bool {
        match self {
            Words::Lsof | Words::Fuser | Words::Osquery => true,
            Words::Netstat | Words::Ss => false,
        }
    }

    /// Whether it reads the text tables, and so loses what they lose.
    #[must_use]
    pub fn by_text(self) -> bool {
        self != Words::Ss
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An address in somebody else's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Local {
    /// Not told at all.
    Untold,
    /// Every address, of one family where that was told.
    Any(Option<Family>),
    /// This one.
    Is(IpAddr),
    /// One that begins like this: netstat cuts long addresses to its column.
    Cut(String),
}

impl Local {
    fn of(addr: IpAddr) -> Local {
        match addr {
            IpAddr::V4(four) if four.is_unspecified() => Local::Any(Some(Family::Inet)),
            IpAddr::V6(six) if six.is_unspecified() => Local::Any(Some(Family::Inet6)),
            IpAddr::V4(_) | IpAddr::V6(_) => Local::Is(join::plain(addr)),
        }
    }

    /// Whether a socket at this address can be the one that was meant.
    #[must_use]
    pub fn fits(&self, addr: IpAddr) -> bool {
        match self {
            Local::Untold => true,
            Local::Any(family) => {
                let plain = join::plain(addr);
                // `::ffff:0.0.0.0` is of either: netstat writes `0.0.0.0`, lsof an IPv6 `*`.
                let families = match (addr.is_ipv4(), plain.is_ipv4()) {
                    (true, _) => &[Family::Inet][..],
                    (false, false) => &[Family::Inet6],
                    (false, true) => &[Family::Inet, Family::Inet6],
                };
                plain.is_unspecified() && family.is_none_or(|family| families.contains(&family))
            }
            Local::Is(told) => *told == join::plain(addr),
            Local::Cut(begin) => addr.to_string().starts_with(begin.as_str()),
        }
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Local::Untold => f.write_str("?"),
            Local::Any(None) => f.write_str("*"),
            Local::Any(Some(Family::Inet6)) => f.write_str("[::]"),
            Local::Any(Some(_)) => f.write_str("0.0.0.0"),
            Local::Is(IpAddr::V6(six)) => write!(f, "[{six}]"),
            Local::Is(addr) => write!(f, "{addr}"),
            Local::Cut(begin) => write!(f, "{begin}…"),
        }
    }
}

/// One socket in somebody else's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Transport.
    pub proto: Proto,
    /// Local address.
    pub local: Local,
    /// Local port.
    pub port: u16,
    /// The peer.
    pub peer: Option<(Local, u16)>,
    /// Whether it would accept, or take what comes.
    pub listens: bool,
    /// Whom it names as owners.
    pub owners: Vec<Claim>,
}

/// An owner in somebody else's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Claim {
    /// The process.
    pub pid: Pid,
    /// What it is called there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.program {
            Some(program) => write!(f, "process {} ({program})", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

impl Row {
    /// Whether this can be that socket.
    #[must_use]
    pub fn fits(&self, inet: &Inet) -> bool {
        let peer = match &self.peer {
            None => true,
            Some((addr, port)) => *port == inet.remote_port && addr.fits(inet.remote),
        };
        join::same_ports(self.proto, inet.proto)
            && self.port == inet.port
            && self.local.fits(inet.local)
            && peer
    }
}

/// When a tool was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The program file.
    pub path: String,
    /// The round.
    pub round: u32,
    /// How many views were taken before.
    pub after: usize,
    /// Whether it ended by itself and told all.
    pub whole: bool,
    /// Ports it was asked for, where it was asked for some only.
    pub ports: Option<Vec<(Proto, u16)>>,
}

/// One listing.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The tool's or the file's name, made printable.
    pub name: String,
    /// In whose words.
    pub words: Words,
    /// When it was made, if by us.
    pub ran: Option<Ran>,
    /// What it lists.
    pub rows: Vec<Row>,
    /// What was not understood.
    pub gaps: Gaps,
}

/// Takes what a tool of the host printed.
///
/// Where a line of it was not understood nothing is said to be missing from it.
pub fn ran(snapshot: &mut Snapshot, name: &str, words: Words, text: &[u8], mut ran: Ran) {
    let mut listing = parsed(name, words, text);
    ran.whole &= listing.gaps.is_empty();
    listing.ran = Some(ran);
    snapshot.listings.push(listing);
}

/// Takes a file; tells what is wrong where it is none of those we know.
///
/// # Errors
/// Why it is no listing.
pub fn take(snapshot: &mut Snapshot, name: &str, text: &[u8]) -> Result<(), String> {
    snapshot.listings.push(read(name, text)?);
    Ok(())
}

/// Takes a file of a collection that is no listing, in whosever name it came: a gap.
pub fn unreadable(snapshot: &mut Snapshot, name: &str, why: &str) {
    snapshot.listings.push(Listing {
        name: name.to_owned(),
        words: Words::Netstat,
        ran: None,
        rows: Vec::new(),
        gaps: vec![Gap::new(name, why)],
    });
}

/// Reads a file in whichever words it is.
///
/// # Errors
/// Why it is no listing.
pub fn read(name: &str, text: &[u8]) -> Result<Listing, String> {
    let words = whose(text).ok_or("it is no listing of netstat, ss, lsof or osquery")?;
    if words == Words::Osquery {
        // JSON that breaks off is no JSON: nothing of it stands.
        osquery::rows(text, &mut Taken::new(name))?;
    }
    let mut listing = parsed(name, words, text);
    if words != Words::Osquery && !text.is_empty() && !text.ends_with(b"\n") {
        let reason = "its last line has no end: it may have been cut short";
        listing.gaps.push(Gap::new(name, reason));
    }
    Ok(listing)
}

fn parsed(name: &str, words: Words, text: &[u8]) -> Listing {
    let mut taken = Taken::new(name);
    match words {
        Words::Netstat => netstat::rows(text, &mut taken),
        Words::Ss => ss::rows(text, &mut taken),
        Words::Lsof => lsof::rows(text, &mut taken),
        Words::Fuser => fuser(text, &mut taken),
        Words::Osquery => {
            if let Err(why) = osquery::rows(text, &mut taken) {
                taken.gap(why);
            }
        }
    }
    Listing {
        name: name.to_owned(),
        words,
        ran: None,
        rows: taken.rows,
        gaps: taken.gaps,
    }
}

/// Whose words a file is in, by its first lines.
fn whose(text: &[u8]) -> Option<Words> {
    if matches!(text.trim_ascii_start().first(), Some(b'[' | b'{')) {
        return Some(Words::Osquery);
    }
    lines(text).take(HEAD).find_map(|(_, line)| {
        let mut words = line.split_ascii_whitespace();
        let (first, second) = (words.next()?, words.next()?);
        match (first, second) {
            ("Active", "Internet") | ("Proto", "Recv-Q") => Some(Words::Netstat),
            ("Netid", "State") | ("State", "Recv-Q") => Some(Words::Ss),
            ("COMMAND", _) if line.contains(" PID ") && line.contains(" NODE ") => {
                Some(Words::Lsof)
            }
            _ if ss::is_row(first, second) => Some(Words::Ss),
            _ if netstat::is_row(first, second) => Some(Words::Netstat),
            _ => None,
        }
    })
}

/// Lines that are text and not too long, with their numbers.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    numbered(text).filter_map(|(at, line)| Some((at, line?)))
}

/// All lines with their numbers; none for one that is no text or too long.
fn numbered(text: &[u8]) -> impl Iterator<Item = (usize, Option<&str>)> {
    text.split(|&byte| byte == b'\n')
        .enumerate()
        .map(|(at, line)| {
            let text = std::str::from_utf8(line).ok();
            (at + 1, text.filter(|line| line.len() <= LINE_MAX))
        })
}

/// Rows and gaps under way.
struct Taken<'n> {
    name: &'n str,
    rows: Vec<Row>,
    gaps: Gaps,
}

impl<'n> Taken<'n> {
    fn new(name: &'n str) -> Taken<'n> {
        Taken {
            name,
            rows: Vec::new(),
            gaps: Gaps::new(),
        }
    }

    /// One word on what is wrong is enough: a hostile file could hold a million faults.
    fn gap(&mut self, reason: String) {
        if self.gaps.is_empty() {
            self.gaps.push(Gap::new(self.name, reason));
        }
    }

    fn bad(&mut self, line: usize) {
        self.gap(format!("line {line}: not understood"));
    }

    fn row(&mut self, row: Row) {
        if self.rows.len() < ROWS_MAX {
            self.rows.push(row);
        } else {
            self.gap("more rows than are read".to_owned());
        }
    }
}

/// Cuts `ADDRESS:PORT`; the port is `*` for none. Scopes and interfaces are left out.
fn endpoint(text: &str, family: Option<Family>) -> Option<(Local, u16)> {
    let (addr, port) = text.rsplit_once(':')?;
    let port = match port {
        "*" => 0,
        number => number.parse().ok()?,
    };
    Some((address(addr, family)?, port))
}

fn address(text: &str, family: Option<Family>) -> Option<Local> {
    let text = text.trim_start_matches('[');
    let text = text.split('%').next().unwrap_or(text).trim_end_matches(']');
    if text == "*" {
        return Some(Local::Any(family));
    }
    text.parse().ok().map(Local::of)
}

/// Takes `4444/tcp:` as often as it comes.
fn fuser(text: &[u8], taken: &mut Taken<'_>) {
    for (at, line) in numbered(text) {
        let Some(line) = line else {
            taken.bad(at);
            continue;
        };
        for word in line.split_ascii_whitespace() {
            let found = word.strip_suffix(':').and_then(|word| word.split_once('/'));
            let Some((port, proto)) = found else { continue };
            let proto = match proto {
                "tcp" => Proto::Tcp,
                "udp" => Proto::Udp,
                _ => continue,
            };
            if let Ok(port) = port.parse() {
                taken.row(Row {
                    proto,
                    local: Local::Untold,
                    port,
                    peer: None,
                    listens: true,
                    owners: Vec::new(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
