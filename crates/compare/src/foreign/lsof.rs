//! The table of `lsof -nP -i`.

use super::{Claim, Row, Taken, endpoint, numbered};
use model::{Family, Pid, Proto};

pub(super) fn rows(text: &[u8], taken: &mut Taken<'_>) {
    for (at, line) in numbered(text) {
        let Some(line) = line else {
            taken.bad(at);
            continue;
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if matches!(words.as_slice(), [] | ["COMMAND" | "lsof:", ..]) || line.starts_with(' ') {
            continue;
        }
        match of_internet(&words) {
            // Other files of a process, in a listing that was asked for them too.
            None if words.len() >= 5 => {}
            Some(words) => match row(words) {
                Told::Row(row) => taken.row(row),
                Told::Other => {}
                Told::Bad => taken.bad(at),
            },
            None => taken.bad(at),
        }
    }
}

/// The owner, the family, and what follows it.
type Cut<'w, 't> = (Option<Claim>, Family, &'w [&'t str]);

/// Finds the TYPE column: a command may hold blanks, and there may be a TID.
fn of_internet<'w, 't>(words: &'w [&'t str]) -> Option<Cut<'w, 't>> {
    let at = words
        .iter()
        .position(|word| matches!(*word, "IPv4" | "IPv6"))?;
    let family = match words.get(at) {
        Some(&"IPv4") => Family::Inet,
        _ => Family::Inet6,
    };
    let between = words.get(1..at)?.iter().enumerate();
    let pid = between
        .filter_map(|(at, word)| Some((at, word.parse().ok()?)))
        .next();
    let claim = pid.map(|(at, pid)| Claim {
        pid: Pid(pid),
        // What stands before the number is one word, or a name with blanks.
        program: words
            .first()
            .filter(|_| at == 0)
            .map(|&name| name.to_owned()),
    });
    Some((claim, family, words.get(at + 1..)?))
}

enum Told {
    Row(Row),
    Other,
    Bad,
}

/// `0xffff 0t0 TCP *:22 (LISTEN)`: DEVICE, SIZE/OFF, NODE, NAME.
fn row((claim, family, words): Cut<'_, '_>) -> Told {
    let at = words
        .iter()
        .position(|word| matches!(*word, "TCP" | "UDP" | "UDPLITE"));
    let Some([node, name, rest @ ..]) = at.and_then(|at| words.get(at..)) else {
        // Raw and SCTP sockets.
        return if at.is_none() { Told::Other } else { Told::Bad };
    };
    let proto = match *node {
        "TCP" => Proto::Tcp,
        "UDPLITE" => Proto::UdpLite,
        _ => Proto::Udp,
    };
    let (local, remote) = match name.split_once("->") {
        Some((local, remote)) => (local, Some(remote)),
        None => (*name, None),
    };
    let state = rest.first().copied().unwrap_or_default();
    let peer = remote.map(|remote| endpoint(remote, Some(family)));
    match (endpoint(local, Some(family)), peer) {
        (None, _) | (_, Some(None)) => Told::Bad,
        (Some((local, port)), peer) => Told::Row(Row {
            proto,
            local,
            port,
            listens: peer.is_none() && (proto != Proto::Tcp || state == "(LISTEN)"),
            peer: peer.flatten(),
            owners: claim.into_iter().collect(),
        }),
    }
}
