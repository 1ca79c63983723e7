//! netstat as Solaris and illumos have it: its letters and its tables, release by release.
//!
//! Taken where the host is one of these, live or recorded; `--json` and everything that is
//! not in these words is the same on every system.

mod layout;
mod options;
mod owners;
mod table;

use crate::listing::Outcome;
use cli::{Error, Exit};
use layout::Layout;
use model::ask::{SocketAsk, States, Told};
use model::{Family, Proto, Socket, Source, State};
use options::{FamilyName, Options};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use sysroot::Sysroot;

/// Whether these words are for this dialect. `--style` decides, else the host that is asked.
pub(crate) fn speaks(argv: &[OsString]) -> bool {
    if argv.iter().any(|word| word == "--json") {
        return false;
    }
    match cli::peek(argv, "--style") {
        Some(style) => style == "solaris",
        None => host::is_solaris(cli::peek(argv, "--sysroot").as_deref().map(Path::new)),
    }
}

/// Answers, and gives the exit code.
pub(crate) fn run(argv: &[OsString], out: &mut dyn Write) -> Result<Exit, Error> {
    let options = cli::parse::<Options>(argv)?;
    let root = options.common.root()?;
    let outcome = answer(&root, &options, out)?;
    out.flush()?;
    options.common.finish("rnetstat", &root, &outcome.gaps)?;
    Ok(outcome.exit)
}

/// The tables in the original's order.
const TABLES: [(Family, Proto); 6] = [
    (Family::Inet, Proto::Udp),
    (Family::Inet6, Proto::Udp),
    (Family::Inet, Proto::Tcp),
    (Family::Inet6, Proto::Tcp),
    (Family::Inet, Proto::Sctp),
    (Family::Inet6, Proto::Sctp),
];

fn answer(root: &Sysroot, options: &Options, out: &mut dyn Write) -> Result<Outcome, Error> {
    let (kernel, mut gaps) = host::solaris::kernel(root);
    let layout = Layout::of(kernel.as_bytes());
    let mut told = Told::default();
    let mut sockets: Vec<Socket> = Vec::new();
    let ask = SocketAsk {
        tables: asked(options),
        states: States::ALL,
        port: None,
    };
    if !ask.tables.is_empty() {
        told = host::sockets(root, Source::Mib2, &ask, &mut |socket| {
            if options.all || connected(&socket) {
                sockets.push(socket);
            }
        });
    }
    gaps.append(&mut told.gaps);
    let owners = options.users.then(|| {
        let (owners, mut more) = owners::Owners::find(root, &sockets);
        gaps.append(&mut more);
        owners
    });
    let rows = table::show(&layout, options, &sockets, owners.as_ref(), out)?;
    Ok(Outcome {
        exit: Exit::of_search(rows > 0, &gaps),
        gaps,
        missing: Vec::new(),
    })
}

/// Which tables the options name.
fn asked(options: &Options) -> Vec<(Family, Option<Proto>)> {
    let family = |family| match (options.family, family) {
        (None, _)
        | (Some(FamilyName::Inet), Family::Inet)
        | (Some(FamilyName::Inet6), Family::Inet6)
        | (Some(FamilyName::Unix), Family::Unix) => true,
        (Some(_), _) => false,
    };
    let proto = |proto| options.proto.is_none_or(|only| only.proto() == proto);
    let mut tables: Vec<_> = TABLES
        .into_iter()
        .filter(|&(of, transport)| family(of) && proto(transport))
        .map(|(of, transport)| (of, Some(transport)))
        .collect();
    if family(Family::Unix) && options.proto.is_none() {
        tables.push((Family::Unix, None));
    }
    tables
}

/// What is shown without `-a`: TCP from ESTABLISHED on, UDP with a peer.
fn connected(socket: &Socket) -> bool {
    socket.kind.inet().is_none_or(|inet| match inet.proto {
        Proto::Udp => inet.state == State::Established,
        _ => !matches!(
            inet.state,
            State::Close
                | State::Idle
                | State::Bound
                | State::Listen
                | State::SynSent
                | State::SynRecv
        ),
    })
}
