//! Known sockets, and rnmap: exactly the ports that answer are open, exactly those that are
//! taken are in use, whatever else the kernel could be tricked into saying.

use e2e::{Answer, Stage, need_root};
use model::{PortState, Proto};
use std::collections::BTreeSet;

/// Ports in one state, as `tcp 127.0.0.1 4444`.
fn ports(answer: &Answer, state: PortState) -> BTreeSet<String> {
    answer
        .probes
        .iter()
        .filter(|probe| probe.state == state)
        .map(|probe| format!("{} {} {}", probe.proto, probe.addr, probe.port))
        .collect()
}

/// That every port of every address was asked, and each told of once.
#[track_caller]
fn whole(answer: &Answer, probed: u64) {
    let single = u64::try_from(answer.probes.len()).expect("a count");
    let summed: u64 = answer
        .tallies
        .iter()
        .map(|tally| u64::from(tally.count))
        .sum();
    assert_eq!(single + summed, probed, "probes told of");
    assert!(answer.gaps.is_empty(), "{:?}", answer.gaps);
}

fn set(rows: &[&str]) -> BTreeSet<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

fn furnished() -> Stage {
    let mut stage = Stage::new();
    for words in [
        "tcp 0.0.0.0:4444",
        "tcp [::]:4445",
        "tcp [::1]:4446 v6only",
        "tcp 127.0.0.9:4447",
        "bound 127.0.0.1:9996",
        "bound [::1]:9997",
        "udp 0.0.0.0:5353",
        "udp [::1]:5354",
        "timewait 127.0.0.1:5301 from=5401",
        "thread 127.0.0.1:5101",
        "uring direct 127.0.0.1:6667",
        "inflight 127.0.0.1:8888",
    ] {
        stage.add(words);
    }
    stage
}

#[test]
fn exactly_the_listeners_answer() {
    need_root!();
    let stage = furnished();
    let answer = stage
        .tool("rnmap", "-sT -p- --json 127.0.0.1")
        .expect(0)
        .answer();
    whole(&answer, 65_535);
    let open = set(&[
        "tcp 127.0.0.1 4444",
        "tcp 127.0.0.1 4445",
        "tcp 127.0.0.1 5101",
        "tcp 127.0.0.1 6667",
        "tcp 127.0.0.1 8888",
    ]);
    assert_eq!(ports(&answer, PortState::Open), open);
    assert_eq!(ports(&answer, PortState::Filtered), set(&[]));

    let answer = stage
        .tool("rnmap", "-6 -sT -p- --json ::1")
        .expect(0)
        .answer();
    whole(&answer, 65_535);
    let open = set(&["tcp ::1 4445", "tcp ::1 4446"]);
    assert_eq!(ports(&answer, PortState::Open), open);
}

#[test]
fn exactly_the_ports_taken_are_in_use() {
    need_root!();
    let stage = furnished();
    let answer = stage
        .tool("rnmap", "--bind-probe -p- --json")
        .expect(0)
        .answer();
    whole(&answer, 4 * 65_535);
    let taken = |proto: Proto| {
        let of = |row: &String| row.starts_with(&format!("{proto} "));
        let rows = ports(&answer, PortState::InUse).into_iter().filter(of);
        rows.collect::<BTreeSet<_>>()
    };
    let tcp = set(&[
        "tcp 0.0.0.0 4444",
        "tcp 0.0.0.0 4445",
        "tcp 0.0.0.0 4447",
        "tcp 0.0.0.0 5101",
        "tcp 0.0.0.0 5301",
        "tcp 0.0.0.0 6667",
        "tcp 0.0.0.0 8888",
        "tcp 0.0.0.0 9996",
        "tcp :: 4445",
        "tcp :: 4446",
        "tcp :: 9997",
    ]);
    assert_eq!(taken(Proto::Tcp), tcp);
    assert_eq!(taken(Proto::Udp), set(&["udp 0.0.0.0 5353", "udp :: 5354"]));
}

#[test]
fn an_empty_namespace_has_no_open_port() {
    need_root!();
    let stage = Stage::new();
    // Ports from which connections are made are among those asked for: a connection to
    // itself must not be told as an open port.
    for _ in 0..5 {
        let answer = stage.tool("rnmap", "-sT -p- --json 127.0.0.1").answer();
        whole(&answer, 65_535);
        assert_eq!(ports(&answer, PortState::Open), set(&[]));
    }
}

#[test]
fn a_scan_leaves_nothing_behind() {
    need_root!();
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444 backlog=100");
    let scan = stage.tool("rnmap", "-sT -p- --json 127.0.0.1").expect(0);
    assert_eq!(ports(&scan.answer(), PortState::Open).len(), 1);
    let after = stage.tool("rnetstat", "-ta --json").expect(0).answer();
    let mut states: Vec<String> = Vec::new();
    for row in &after.sockets {
        let inet = row.socket.kind.inet().expect("a TCP socket");
        // The accept queue keeps what nobody fetches; no end of ours may be left.
        assert_eq!(inet.port, 4444, "{inet:?}");
        states.push(inet.state.to_string());
    }
    states.sort();
    states.dedup();
    assert!(!states.contains(&"ESTABLISHED".to_owned()), "{states:?}");
}
