//! The table that ss of iproute2 prints.

use super::{Claim, Row, Taken, endpoint, numbered};
use model::{Pid, Proto};

/// The words for states. A socket without a peer is UNCONN.
const STATES: &[&str] = &[
    "LISTEN",
    "UNCONN",
    "ESTAB",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSE-WAIT",
    "LAST-ACK",
    "CLOSING",
    "CLOSED",
    "UNKNOWN",
];

/// The first column of sockets that are of no interest here.
const OTHERS: &[&str] = &[
    "u_str", "u_seq", "u_dgr", "nl", "p_raw", "p_dgr", "raw", "icmp6", "mptcp", "sctp", "dccp",
    "v_str", "v_dgr", "xdp", "ti_rd", "ti_sq", "ti_st", "ti_dg", "???",
];

/// Whether a line with these two first words is a row.
pub(super) fn is_row(first: &str, second: &str) -> bool {
    let known = proto(first).is_some() || OTHERS.contains(&first);
    (known && STATES.contains(&second))
        || (STATES.contains(&first) && second.bytes().all(|byte| byte.is_ascii_digit()))
}

fn proto(word: &str) -> Option<Proto> {
    match word {
        "tcp" => Some(Proto::Tcp),
        "udp" => Some(Proto::Udp),
        _ => None,
    }
}

pub(super) fn rows(text: &[u8], taken: &mut Taken<'_>) {
    let plain = unnamed(text);
    for (at, line) in numbered(text) {
        let Some(line) = line else {
            taken.bad(at);
            continue;
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (proto, rest) = match words.as_slice() {
            [] | ["Netid" | "State", ..] => continue,
            [first, rest @ ..] if OTHERS.contains(first) && !rest.is_empty() => continue,
            [first, rest @ ..] if proto(first).is_some() => {
                (proto(first).unwrap_or(Proto::Tcp), rest)
            }
            // What ss tells of a socket on lines of their own (-i, -m) is indented.
            _ if line.starts_with([' ', '\t']) => continue,
            rest => (plain, rest),
        };
        match row(proto, rest) {
            Some(row) => taken.row(row),
            None => taken.bad(at),
        }
    }
}

/// The transport of rows that do not name it: ss leaves the column out where it was asked for
/// one only. Only datagram sockets are UNCONN, only stream sockets listen.
fn unnamed(text: &[u8]) -> Proto {
    let has = |state: &str| super::lines(text).any(|(_, line)| line.starts_with(state));
    if has("UNCONN") && !has("LISTEN") {
        Proto::Udp
    } else {
        Proto::Tcp
    }
}

fn row(proto: Proto, words: &[&str]) -> Option<Row> {
    let [state, recv, send, local, remote, rest @ ..] = words else {
        return None;
    };
    let _: (u64, u64) = (recv.parse().ok()?, send.parse().ok()?);
    if !STATES.contains(state) {
        return None;
    }
    let (local, port) = endpoint(local, None)?;
    let (remote, remote_port) = endpoint(remote, None)?;
    let listens = matches!(*state, "LISTEN" | "UNCONN");
    Some(Row {
        proto,
        local,
        port,
        peer: (!listens).then_some((remote, remote_port)),
        listens,
        owners: claims(rest)?,
    })
}

/// `users:(("sshd",pid=812,fd=3),("sshd",pid=813,fd=3))`; none where a name was made to look
/// like more than a name.
fn claims(words: &[&str]) -> Option<Vec<Claim>> {
    let text = words.join(" ");
    let mut parts = text.split("pid=");
    let mut before = parts.next().unwrap_or_default();
    let mut all = Vec::new();
    for part in parts {
        let (pid, _) = part.split_once(",fd=")?;
        let name = before.rsplit_once("(\"")?.1.strip_suffix("\",")?;
        all.push(Claim {
            pid: Pid(pid.parse().ok()?),
            program: Some(name.to_owned()),
        });
        before = part;
    }
    let quotes = text.bytes().filter(|byte| *byte == b'"').count();
    (all.is_empty() || quotes == 2 * all.len()).then_some(all)
}
