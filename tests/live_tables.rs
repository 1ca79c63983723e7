//! Known sockets, and rnetstat: it must list exactly these, with every owner and no other row.

use e2e::{Hold, Spec, Stage, need_root};
use model::record::SocketRow;
use model::{Foreign, Held, Kind, Owner, Unix};

/// Socket and owners as one line that a failing test can show.
fn told(row: &SocketRow) -> String {
    let owners: Vec<String> = row.owners.iter().flatten().map(owner).collect();
    let owners = match owners.as_slice() {
        [] => "-".to_owned(),
        some => some.join(","),
    };
    let inode = row.socket.inode;
    match &row.socket.kind {
        Kind::Inet(inet) | Kind::Inet6(inet) => {
            let local = std::net::SocketAddr::new(inet.local, inet.port);
            let remote = std::net::SocketAddr::new(inet.remote, inet.remote_port);
            format!(
                "{} {local} {remote} {} {inode} {owners}",
                inet.proto, inet.state
            )
        }
        Kind::Unix(unix) => format!("{} {inode} {owners}", named(unix)),
        other => format!("{other:?} {inode} {owners}"),
    }
}

fn named(unix: &Unix) -> String {
    let path = unix.path.as_ref().map_or(&b"-"[..], Foreign::as_bytes);
    let listens = if unix.listening { "listens" } else { "-" };
    format!("{:?} {} {listens}", unix.unix_type, path.escape_ascii())
}

fn owner(owner: &Owner) -> String {
    let place = match owner.held {
        Held::Fd { fd } => format!("fd{fd}"),
        Held::IoUring { ring, slot } => format!("ring{ring}/{slot}"),
        Held::InFlight { via, count } => format!("via{via}x{count}"),
        Held::Mapped => "mapped".to_owned(),
    };
    let pid = owner.id.pid;
    match owner.tid {
        Some(tid) => format!("{pid}/{tid}:{place}"),
        None => format!("{pid}:{place}"),
    }
}

/// What must be told of a TCP or UDP socket held by descriptors.
fn expected(proto: &str, state: &str, holds: &[&Hold]) -> String {
    let mut owners: Vec<String> = holds
        .iter()
        .map(|hold| {
            let tid = hold.tid.map(|tid| format!("/{tid}")).unwrap_or_default();
            let fd = hold.fd.expect("a descriptor");
            format!("{}{tid}:fd{fd}", hold.pid)
        })
        .collect();
    owners.sort();
    let first = holds.first().expect("a holder");
    let local = first.local.expect("an address");
    let none = if local.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let peer = first.peer.map_or(none.to_owned(), |peer| peer.to_string());
    format!(
        "{proto} {local} {peer} {state} {} {}",
        first.inode,
        owners.join(",")
    )
}

fn listener(hold: &Hold) -> String {
    expected("tcp", "LISTEN", &[hold])
}

#[track_caller]
fn check(stage: &Stage, args: &str, mut expected: Vec<String>) {
    let output = stage.tool("rnetstat", &format!("{args} --json"));
    let answer = output.answer();
    assert!(answer.gaps.is_empty(), "{args}: {output}");
    let code = i32::from(expected.is_empty());
    assert_eq!(output.code, code, "{args}: {output}");
    let mut found: Vec<String> = answer.sockets.iter().map(told).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "rnetstat {args}");
}

/// The two sources by themselves, and both together.
const SOURCES: [&str; 3] = ["--via procfs", "--via netlink", ""];

#[test]
fn nothing_is_found_where_nothing_is() {
    need_root!();
    let stage = Stage::new();
    for source in SOURCES {
        check(&stage, &format!("-atuxp {source}"), Vec::new());
    }
}

#[test]
fn listeners_are_found_with_their_owners() {
    need_root!();
    let mut stage = Stage::new();
    let mut rows = Vec::new();
    for words in [
        "tcp 0.0.0.0:4444",
        "tcp [::]:4445",
        "tcp [::1]:4446 v6only",
        "tcp 127.0.0.9:4448",
        "tcp 127.0.0.10:4448",
        "tcp 0.0.0.0:4600 reuseport",
        "tcp 0.0.0.0:4600 reuseport",
        "tcp 127.0.0.1:4603 device=lo",
        "mptcp 127.0.0.1:5309",
        "thread 127.0.0.1:5101",
        "zombieleader 127.0.0.1:5102",
        "deaf filter 127.0.0.1:5103",
    ] {
        rows.push(listener(stage.add(words).the("listener")));
    }
    rows.push(listener(
        stage
            .add(Spec::of("tcp 127.0.0.1:4503").uid(65534))
            .the("listener"),
    ));
    let shared = stage.add("shared 127.0.0.1:5308 2");
    let holders: Vec<&Hold> = shared.all("listener").collect();
    rows.push(expected("tcp", "LISTEN", &holders));
    let many = stage.add("many 127.0.0.1:6000 300");
    rows.extend(many.all("listener").map(listener));
    for source in SOURCES {
        check(&stage, &format!("-tlp {source}"), rows.clone());
        check(&stage, &format!("-tap {source}"), rows.clone());
        check(&stage, &format!("-tp {source}"), Vec::new());
    }
}

#[test]
fn listeners_in_an_io_uring_have_their_owner_named() {
    need_root!();
    let mut stage = Stage::new();
    let mut rows = Vec::new();
    let registered = stage.add("uring reg 127.0.0.1:6666");
    let inode = registered.the("listener").inode;
    rows.push(format!(
        "tcp 127.0.0.1:6666 0.0.0.0:0 LISTEN {inode} {}:ring3/2",
        registered.pid
    ));
    for source in SOURCES {
        check(&stage, &format!("-tlp {source}"), rows.clone());
    }
    // Made by the ring itself: its inode nobody has told us, its owner must be told to us.
    let direct = stage.add("uring direct 127.0.0.1:6667");
    let answer = stage.tool("rnetstat", "-tlp --json").expect(0).answer();
    let found: Vec<String> = answer
        .sockets
        .iter()
        .filter(|row| row.socket.kind.inet().is_some_and(|inet| inet.port == 6667))
        .flat_map(|row| row.owners.iter().flatten().map(owner))
        .collect();
    assert_eq!(found, [format!("{}:ring3/2", direct.pid)]);
}

#[test]
fn filters_of_raw_sockets_are_read_from_the_socket_itself() {
    need_root!();
    let mut stage = Stage::new();
    let filtered = stage.add("raw 6 filter").the("raw").inode;
    let plain = stage.add("raw 1").the("raw").inode;
    let answer = stage.tool("rnetstat", "-wap --json").expect(0).answer();
    let ports = |inode: u64| {
        let row = answer
            .sockets
            .iter()
            .find(|row| row.socket.inode.0 == inode);
        let filter = row.expect("a row").socket.filter.as_ref();
        filter.map(|filter| filter.ports.clone())
    };
    assert_eq!((ports(filtered), ports(plain)), (Some(vec![53]), None));
    let table = stage
        .tool("rnetstat", "-wanp --columns inode,filter")
        .expect(0);
    assert!(table.text().contains("ports 53: "), "{table}");
    let table = stage.tool("rnetstat", "-wanp").expect(0);
    assert!(!table.text().contains("ports 53"), "{table}");
}

#[test]
fn connections_are_found_in_every_state() {
    need_root!();
    for source in SOURCES {
        every_state_is_found_by(source);
    }
}

/// On a stage of its own: half of these states last a minute and no more.
fn every_state_is_found_by(source: &str) {
    let mut stage = Stage::new();
    let pair = stage.add("pair 127.0.0.1:5201 from=5202");
    let half = stage.add("halfopen 127.0.0.1:5302 from=5402");
    let orphan = stage.add("orphan 127.0.0.1:5304 from=5404");
    stage.add("timewait 127.0.0.1:5301 from=5401");
    let full = stage.add("full 127.0.0.1:5305");
    let made = |hold: &Hold, state| expected("tcp", state, &[hold]);
    let client = full.the("client").local.expect("an address");
    let waiting = full.the("waiting");
    let rows = vec![
        made(pair.the("client"), "ESTABLISHED"),
        made(pair.the("accepted"), "ESTABLISHED"),
        made(half.the("client"), "ESTABLISHED"),
        "tcp 127.0.0.1:5302 127.0.0.1:5402 SYN_RECV 0 -".to_owned(),
        made(orphan.the("accepted"), "CLOSE_WAIT"),
        "tcp 127.0.0.1:5404 127.0.0.1:5304 FIN_WAIT2 0 -".to_owned(),
        "tcp 127.0.0.1:5301 127.0.0.1:5401 TIME_WAIT 0 -".to_owned(),
        made(full.the("client"), "ESTABLISHED"),
        format!("tcp 127.0.0.1:5305 {client} ESTABLISHED 0 -"),
        format!(
            "tcp {} 127.0.0.1:5305 SYN_SENT {} {}:fd{}",
            waiting.local.expect("an address"),
            waiting.inode,
            waiting.pid,
            waiting.fd.expect("a descriptor")
        ),
    ];
    check(&stage, &format!("-tp {source}"), rows);
}

#[test]
fn a_port_that_is_only_held_is_told_by_netlink() {
    need_root!();
    let mut stage = Stage::new();
    let rows: Vec<String> = [
        "bound 0.0.0.0:9999",
        "bound 127.0.0.1:9996",
        "bound 0.0.0.0:9998 reuseaddr",
        "bound [::1]:9997",
    ]
    .iter()
    .map(|words| expected("tcp", "BOUND", &[stage.add(*words).the("bound")]))
    .collect();
    check(&stage, "-tap --via netlink", rows.clone());
    check(&stage, "-tap", rows);
    check(&stage, "-tap --via procfs", Vec::new());
    check(&stage, "-tlp", Vec::new());
}

#[test]
fn udp_is_found_bound_and_connected() {
    need_root!();
    let mut stage = Stage::new();
    let mut bound = Vec::new();
    for words in ["udp 0.0.0.0:5353", "udp [::]:5357", "udp [::1]:5358 v6only"] {
        bound.push(expected("udp", "CLOSE", &[stage.add(words).the("bound")]));
    }
    let pair = stage.add("udppair 127.0.0.1:5354 127.0.0.1:5355");
    bound.push(expected("udp", "CLOSE", &[pair.the("bound")]));
    let client = expected("udp", "ESTABLISHED", &[pair.the("client")]);
    for source in SOURCES {
        check(&stage, &format!("-ulp {source}"), bound.clone());
        check(&stage, &format!("-up {source}"), vec![client.clone()]);
    }
    let lite = stage.add("udplite 127.0.0.1:5356");
    let row = expected("udplite", "CLOSE", &[lite.the("bound")]);
    for source in ["--via procfs", ""] {
        check(&stage, &format!("-lpU {source}"), vec![row.clone()]);
    }
}

#[test]
fn unix_sockets_are_found_by_their_bytes() {
    need_root!();
    let mut stage = Stage::new();
    let mut listening = Vec::new();
    let mut others = Vec::new();
    for (words, told, listens) in [
        ("stream /run/a.sock", "Stream /run/a.sock listens", true),
        ("dgram @hello", "Dgram \\x00hello -", false),
        (
            "seqpacket /run/b.sock gone",
            "Seqpacket /run/b.sock listens",
            true,
        ),
        (
            "stream hex:00ff1b5b41",
            "Stream \\x00\\xff\\x1b[A listens",
            true,
        ),
        (
            "stream hex:2f72756e2f6120622e736f636b",
            "Stream /run/a b.sock listens",
            true,
        ),
    ] {
        let made = stage.add(Spec::of(&format!("unix {words}")));
        let hold = made.the("bound");
        let row = format!("{told} {} {}:fd3", hold.inode, hold.pid);
        if listens { &mut listening } else { &mut others }.push(row);
    }
    let pair = stage.add("unixpair dgram");
    for hold in &pair.holds {
        let fd = hold.fd.expect("a descriptor");
        others.push(format!("Dgram - - {} {}:fd{fd}", hold.inode, hold.pid));
    }
    let all: Vec<String> = listening.iter().chain(&others).cloned().collect();
    for source in SOURCES {
        check(&stage, &format!("-xlp {source}"), listening.clone());
        check(&stage, &format!("-xp {source}"), others.clone());
        check(&stage, &format!("-xap {source}"), all.clone());
    }
}

#[test]
fn other_network_namespaces_are_not_mixed_in() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("otherns 127.0.0.1:7005");
    stage.add("stray 127.0.0.1:7013");
    stage.add("threadnet 127.0.0.1:5103");
    let here = stage.add("tcp 127.0.0.1:7005");
    for source in SOURCES {
        check(
            &stage,
            &format!("-tap {source}"),
            vec![listener(here.the("listener"))],
        );
    }
}
