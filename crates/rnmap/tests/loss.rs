//! What was learned is kept: when the network goes away in mid-scan, when a reader does.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test runs the program, and fails by panicking"
)]

mod lab;

use lab::{Lab, SUSPECT_V4, cannot_run, records};
use model::{PortState, Record};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A scan under way, which the test hears say that it found port 22: from then on the rate
/// leaves it five more seconds at the least.
struct UnderWay {
    child: Child,
    file: String,
}

const ASK: &str = "-sT -Pn -v --max-rate 200 -p 1-1200";

fn under_way(lab: &Lab) -> UnderWay {
    let file = format!("/tmp/{}.json", lab.trusted);
    let mut child = Command::new("ip")
        .args(["netns", "exec", &lab.trusted, env!("CARGO_BIN_EXE_rnmap")])
        .args(ASK.split(' '))
        .args([SUSPECT_V4, "-oJ", &file])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        said.any(|line| line.unwrap() == format!("Discovered open port 22/tcp on {SUSPECT_V4}"))
    );
    // Read on, or it would notice that nobody does.
    std::thread::spawn(move || said.count());
    UnderWay { child, file }
}

impl UnderWay {
    /// How it ended, every port's state, and whether it says that it lost the host.
    fn end(mut self) -> (ExitStatus, lab::States, bool) {
        let status = self.child.wait().unwrap();
        let json = std::fs::read(&self.file).unwrap();
        std::fs::remove_file(&self.file).unwrap();
        let lost = records(&json).into_iter().any(
            |record| matches!(record, Record::Gap(gap) if gap.reason.contains("heard no more")),
        );
        (status, lab::states(&json), lost)
    }
}

fn link(netns: &str, state: &str) {
    let status = Command::new("ip")
        .args(["-n", netns, "link", "set", "c0", state])
        .status();
    assert!(status.unwrap().success());
}

/// Every state told is the true one; what is not known is not told.
#[track_caller]
fn all_true(states: &lab::States) {
    for (port, state) in states {
        assert_eq!(*state, lab::truth("-sT", SUSPECT_V4, *port), "{port}");
    }
}

/// One end of the cable goes for good: what was learned stays, the rest is not called filtered.
#[track_caller]
fn keeps_what_it_learned(end: impl Fn(&Lab) -> &str) {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let scan = under_way(&lab);
    link(end(&lab), "down");
    let (status, states, lost) = scan.end();
    assert_eq!(status.code(), Some(3));
    assert!(lost && states.len() < 1_200, "{}", states.len());
    assert_eq!(states.get(&22), Some(&PortState::Open));
    all_true(&states);
}

#[test]
fn a_host_that_goes_away_leaves_what_it_said() {
    keeps_what_it_learned(|lab| &lab.suspect);
}

#[test]
fn a_network_that_goes_away_leaves_what_was_learned() {
    keeps_what_it_learned(|lab| &lab.trusted);
}

/// Our own firewall lets no probe of three ports out: nothing is known of them.
#[test]
fn ports_our_own_system_will_not_ask_are_gaps() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let rule = "table inet own { chain out { type filter hook output priority 0
        tcp dport 21-23 drop
        udp dport 21-23 drop
    }; }";
    let done = lab.run(&lab.trusted, &["nft", rule]);
    assert!(done.status.success(), "{done:?}");
    for technique in ["-sS", "-sU"] {
        let out = lab.rnmap(
            &lab.trusted,
            &format!("{technique} -Pn -p 20-24 {SUSPECT_V4} --json"),
        );
        let told: Vec<u16> = lab::states(&out.stdout).into_keys().collect();
        assert_eq!(
            (out.status.code(), told),
            (Some(3), vec![20, 24]),
            "{technique}"
        );
        let proto = if technique == "-sU" { "udp" } else { "tcp" };
        let place = format!("{proto} {SUSPECT_V4}: 3 ports that this system would not ask");
        assert_eq!(lab::gaps(&out.stdout), [(place, Some(1))]);
    }
}

/// Nobody asked a host our own system knows no way to, whether it was first asked for or not.
#[test]
fn a_host_without_a_way_is_a_gap() {
    if cannot_run(&["ip"]) {
        return;
    }
    let lab = Lab::empty();
    for technique in ["-sT", "-sS", "-sU"] {
        let ask = format!("{technique} -Pn -p 22,23 192.0.2.9 --json");
        let out = lab.rnmap(&lab.suspect, &ask);
        assert_eq!(out.status.code(), Some(3), "{technique}");
        assert!(lab::states(&out.stdout).is_empty(), "{technique}");
        let proto = if technique == "-sU" { "udp" } else { "tcp" };
        let place = format!("{proto} 192.0.2.9: 2 ports that this system would not ask");
        let gap = (place, Some(101));
        assert_eq!(lab::gaps(&out.stdout), [gap], "{technique}");
    }
    let out = lab.rnmap(&lab.suspect, "-sn 192.0.2.9 --json");
    let gap = ("host discovery 192.0.2.9".to_owned(), Some(101));
    assert_eq!(
        (out.status.code(), lab::gaps(&out.stdout)),
        (Some(3), vec![gap])
    );
}

/// One connection from the port asked for is there already: that port is a gap, all others are
/// asked.
#[test]
fn a_connection_that_is_there_already_costs_its_own_port_only() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    lab.connect(777, &format!("{SUSPECT_V4}:22"));
    let ask = format!("-sT -Pn -g 777 -p 20-130 {SUSPECT_V4} --json");
    let out = lab.rnmap(&lab.trusted, &ask);
    let states = lab::states(&out.stdout);
    all_true(&states);
    assert_eq!((out.status.code(), states.len()), (Some(3), 110));
    assert!(!states.contains_key(&22));
    let place = format!("tcp {SUSPECT_V4}: 1 port that this system would not ask");
    assert_eq!(lab::gaps(&out.stdout), [(place, Some(99))]);
}

/// Our own end goes and comes back at once: nothing is missing.
#[test]
fn a_network_that_comes_back_costs_nothing() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let scan = under_way(&lab);
    link(&lab.trusted, "down");
    link(&lab.trusted, "up");
    let (status, states, lost) = scan.end();
    assert_eq!((status.code(), lost), (Some(0), false));
    assert_eq!(states.len(), 1_200);
    all_true(&states);
}

/// Whoever read standard output went away; the file is written to its end.
#[test]
fn a_reader_that_goes_away_takes_no_file_along() {
    if cannot_run(&["ip"]) {
        return;
    }
    let lab = Lab::empty();
    let file = format!("/tmp/{}.json", lab.suspect);
    let mut child = Command::new("ip")
        .args(["netns", "exec", &lab.suspect, env!("CARGO_BIN_EXE_rnmap")])
        .args(["-sT", "-v", "-p-", "127.0.0.1", "-oJ", &file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    let json = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(str::from_utf8(&out.stderr).unwrap(), "");
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(lab::states(&json).len(), 65_535);
}
