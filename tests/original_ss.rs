//! The same sockets told by ss and by `rnetstat --json`: field by field, for every socket of a
//! stage whose owners both can find.
//!
//! ss asks sock_diag as well, so state, queues, addresses, device, user, inode, v6only and
//! every owner must be the same; nothing is excused.

use e2e::{Crowd, Output, need, need_root};
use model::record::SocketRow;
use model::{Held, Inet, Kind, State, Unix, UnixType};
use std::collections::BTreeMap;

/// One socket's fields, by name.
type Fields = BTreeMap<&'static str, String>;

#[test]
fn tcp_is_told_alike() {
    compare("-Htanpe", "-tap", inet_of_ss, inet_of_ours);
}

#[test]
fn udp_is_told_alike() {
    compare("-Huanpe", "-uap", inet_of_ss, inet_of_ours);
}

#[test]
fn unix_is_told_alike() {
    compare("-Hxanp", "-xap", unix_of_ss, unix_of_ours);
}

/// Compares two answers socket by socket.
#[track_caller]
fn compare(
    theirs: &str,
    ours: &str,
    read_their: fn(&str) -> Fields,
    read_our: fn(&SocketRow) -> Option<Fields>,
) {
    need_root!();
    need!("ss");
    let crowd = Crowd::of_plain_sockets();
    let their_told = crowd.stage.program("ss", theirs).expect(0);
    let our_told = crowd
        .stage
        .tool("rnetstat", &format!("{ours} --via netlink --json"));
    let theirs: Vec<Fields> = their_told.text().lines().map(read_their).collect();
    let ours: Vec<Fields> = our_told
        .answer()
        .sockets
        .iter()
        .filter_map(read_our)
        .collect();
    assert!(theirs.len() > 3, "ss tells of too little\n{their_told}");
    same(theirs, ours, &their_told);
}

fn same(mut theirs: Vec<Fields>, mut ours: Vec<Fields>, told: &Output) {
    theirs.sort();
    ours.sort();
    let only = |some: &[Fields], others: &[Fields]| -> String {
        let rest = some.iter().filter(|fields| !others.contains(fields));
        rest.map(|fields| format!("  {fields:?}\n")).collect()
    };
    let (only_theirs, only_ours) = (only(&theirs, &ours), only(&ours, &theirs));
    assert!(
        theirs == ours,
        "only ss:\n{only_theirs}only ours:\n{only_ours}{told}"
    );
}

/// What stands after `name:` among the words of a row, in brackets or not.
fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words
        .iter()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix(':'))
}

/// `users:(("stage",pid=2,fd=3),…)` as `2:3` and so on, in order.
fn users(text: Option<&str>) -> String {
    let mut owners: Vec<String> = text
        .unwrap_or_default()
        .split("pid=")
        .skip(1)
        .filter_map(|part| {
            let (pid, rest) = part.split_once(",fd=")?;
            let fd: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Some(format!("{pid}:{fd}"))
        })
        .collect();
    owners.sort();
    owners.join(" ")
}

fn inet_of_ss(line: &str) -> Fields {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [state, received, sent, local, peer, rest @ ..] = words.as_slice() else {
        panic!("not a row of ss: {line}");
    };
    Fields::from([
        ("state", (*state).to_owned()),
        ("recv_queue", (*received).to_owned()),
        ("send_queue", (*sent).to_owned()),
        ("local", (*local).to_owned()),
        ("peer", (*peer).to_owned()),
        ("inode", value(rest, "ino").unwrap_or("0").to_owned()),
        ("uid", value(rest, "uid").unwrap_or("0").to_owned()),
        ("users", users(value(rest, "users"))),
    ])
}

/// The dashed words of ss.
fn state(inet: &Inet) -> String {
    match (inet.state, inet.proto) {
        (State::Established, _) => "ESTAB".to_owned(),
        (State::Close, _) => "UNCONN".to_owned(),
        (State::NewSynRecv, _) => "SYN-RECV".to_owned(),
        (state, _) => {
            let text = state.to_string().replace('_', "-");
            text.replace("WAIT1", "WAIT-1").replace("WAIT2", "WAIT-2")
        }
    }
}

fn inet_of_ours(row: &SocketRow) -> Option<Fields> {
    let inet = row.socket.kind.inet()?;
    // This ss was made before there was a way to ask for sockets that only hold a port.
    if inet.state == State::Bound {
        return None;
    }
    let device = inet.device.map_or(String::new(), |_| "%lo".to_owned());
    let (local, peer) = match &row.socket.kind {
        Kind::Inet(_) => (inet.local.to_string(), inet.remote.to_string()),
        // ss writes an unspecified address as a star where the socket serves IPv4 too.
        _ if inet.local.is_unspecified() && inet.v6only == Some(false) => {
            ("*".to_owned(), "*".to_owned())
        }
        _ => (format!("[{}]", inet.local), format!("[{}]", inet.remote)),
    };
    let port = |port: u16| match port {
        0 => "*".to_owned(),
        port => port.to_string(),
    };
    Some(Fields::from([
        ("state", state(inet)),
        ("recv_queue", row.socket.recv_queue.to_string()),
        ("send_queue", row.socket.send_queue.to_string()),
        ("local", format!("{local}{device}:{}", port(inet.port))),
        ("peer", format!("{peer}:{}", port(inet.remote_port))),
        ("inode", row.socket.inode.to_string()),
        ("uid", row.socket.uid.map_or(0, |uid| uid.0).to_string()),
        ("users", owners(row)),
    ]))
}

fn owners(row: &SocketRow) -> String {
    let mut owners: Vec<String> = row
        .owners
        .iter()
        .flatten()
        .map(|owner| match owner.held {
            Held::Fd { fd } => format!("{}:{fd}", owner.id.pid),
            other => format!("{other:?}"),
        })
        .collect();
    owners.sort();
    owners.join(" ")
}

fn unix_of_ss(line: &str) -> Fields {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [kind, state, received, sent, name, inode, _, peer, rest @ ..] = words.as_slice() else {
        panic!("not a row of ss: {line}");
    };
    Fields::from([
        ("kind", (*kind).to_owned()),
        ("state", (*state).to_owned()),
        ("recv_queue", (*received).to_owned()),
        ("send_queue", (*sent).to_owned()),
        ("name", (*name).to_owned()),
        ("inode", (*inode).to_owned()),
        ("peer", (*peer).to_owned()),
        ("users", users(value(rest, "users"))),
    ])
}

fn unix_of_ours(row: &SocketRow) -> Option<Fields> {
    let Kind::Unix(unix) = &row.socket.kind else {
        return None;
    };
    Some(Fields::from([
        ("kind", kind(unix).to_owned()),
        ("state", unix_state(unix).to_owned()),
        ("recv_queue", row.socket.recv_queue.to_string()),
        ("send_queue", row.socket.send_queue.to_string()),
        ("name", name(unix)),
        ("inode", row.socket.inode.to_string()),
        ("peer", unix.peer.map_or(0, |peer| peer.0).to_string()),
        ("users", owners(row)),
    ]))
}

fn kind(unix: &Unix) -> &'static str {
    match unix.unix_type {
        UnixType::Stream => "u_str",
        UnixType::Dgram => "u_dgr",
        UnixType::Seqpacket => "u_seq",
        UnixType::Other(_) => "?",
    }
}

fn unix_state(unix: &Unix) -> &'static str {
    match (unix.listening, unix.peer) {
        (true, _) => "LISTEN",
        (false, Some(_)) => "ESTAB",
        (false, None) => "UNCONN",
    }
}

fn name(unix: &Unix) -> String {
    let Some(path) = &unix.path else {
        return "*".to_owned();
    };
    match path.as_bytes() {
        [0, rest @ ..] => format!("@{}", rest.escape_ascii()),
        bytes => bytes.escape_ascii().to_string(),
    }
}
