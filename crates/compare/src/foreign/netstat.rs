//! The table of Internet sockets that netstat prints, of net-tools or of busybox.

use super::{Claim, Local, Row, Taken, endpoint, numbered};
use model::{Family, Pid, Proto};

/// Width of netstat's address columns: a longer address is cut to it without `--wide`.
const COLUMN: usize = 23;

/// The words for states of a TCP socket that is no listener.
const STATES: &[&str] = &[
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "CLOSING",
    "UNKNOWN",
];

/// Whether a line with these two first words is a row.
pub(super) fn is_row(first: &str, second: &str) -> bool {
    proto(first).is_some() && second.bytes().all(|byte| byte.is_ascii_digit())
}

fn proto(word: &str) -> Option<(Proto, Family)> {
    let (name, family) = match word.strip_suffix('6') {
        Some(name) => (name, Family::Inet6),
        None => (word, Family::Inet),
    };
    match name {
        "tcp" => Some((Proto::Tcp, family)),
        "udp" => Some((Proto::Udp, family)),
        "udpl" | "udplite" => Some((Proto::UdpLite, family)),
        _ => None,
    }
}

pub(super) fn rows(text: &[u8], taken: &mut Taken<'_>) {
    for (at, line) in numbered(text) {
        let Some(line) = line else {
            taken.bad(at);
            continue;
        };
        let mut words = line.split_ascii_whitespace();
        let Some(first) = words.next() else { continue };
        if let Some((proto, family)) = proto(first) {
            match row(proto, family, words) {
                Some(row) => taken.row(row),
                None => taken.bad(at),
            }
        } else if !is_other(first) {
            taken.bad(at);
        }
    }
}

/// First words of lines that tell of no TCP or UDP socket.
fn is_other(first: &str) -> bool {
    let others = [
        "Active", "Proto", "raw", "raw6", "icmp", "icmp6", "unix", "sctp", "l2cap", "rfcomm", "l2",
        "rfc", "(Not", "will", "(No", "netstat:",
    ];
    others.contains(&first)
}

fn row<'t>(proto: Proto, family: Family, words: impl Iterator<Item = &'t str>) -> Option<Row> {
    let words: Vec<&str> = words.collect();
    let [recv, send, local, remote, rest @ ..] = words.as_slice() else {
        return None;
    };
    let _: (u64, u64) = (recv.parse().ok()?, send.parse().ok()?);
    let (remote, remote_port) = end(remote, family)?;
    let (local, port) = end(local, family)?;
    let state = rest.first().copied().unwrap_or_default();
    let listens = match proto {
        Proto::Tcp if state == "LISTEN" => true,
        Proto::Tcp if STATES.contains(&state) => false,
        Proto::Tcp => return None,
        _ => remote_port == 0,
    };
    Some(Row {
        proto,
        local,
        port,
        peer: (!listens).then_some((remote, remote_port)),
        listens,
        owners: rest
            .iter()
            .find_map(|word| claim(word))
            .into_iter()
            .collect(),
    })
}

fn end(text: &str, family: Family) -> Option<(Local, u16)> {
    // What fills its column may have been cut; what was cut may still look like an address.
    if family == Family::Inet6 && text.len() >= COLUMN {
        let (begin, port) = text.rsplit_once(':')?;
        let (_, port) = endpoint(&format!("*:{port}"), None)?;
        return Some((Local::Cut(begin.trim_end_matches(':').to_owned()), port));
    }
    endpoint(text, Some(family))
}

/// `4711/sshd`, `4711/sshd:`.
fn claim(word: &str) -> Option<Claim> {
    let (pid, program) = word.split_once('/')?;
    let program = program.trim_end_matches(':');
    Some(Claim {
        pid: Pid(pid.parse().ok()?),
        program: (!program.is_empty()).then(|| program.to_owned()),
    })
}
