//! Every port's state, asked over a cable through a firewall, is the one nmap finds.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test runs the program, and fails by panicking"
)]

mod lab;

use lab::{Lab, SUSPECT_V4, SUSPECT_V6, cannot_run, differences};
use model::{PortState, Record};
use socket2::Type;

/// Scans of each kind; nmap is asked once. The test `agree` makes twenty.
const RUNS: usize = 2;

fn compare(technique: &str, ports: &str, runs: usize) {
    if cannot_run(&["ip", "nft", "nmap"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    for (addr, family) in [(SUSPECT_V4, ""), (SUSPECT_V6, "-6 ")] {
        let theirs = lab.nmap(&lab.trusted, &format!("{family}{technique} {ports} {addr}"));
        for run in 0..runs {
            let ours = lab.states(&lab.trusted, &format!("-Pn {technique} {ports} {addr}"));
            let unlike = staying(differences(&ours, &theirs), |ports| {
                let ours = format!("-Pn {technique} -p {ports} {addr}");
                let theirs = format!("{family}{technique} -p {ports} {addr}");
                differences(
                    &lab.states(&lab.trusted, &ours),
                    &lab.nmap(&lab.trusted, &theirs),
                )
            });
            assert!(
                unlike.is_empty(),
                "{technique} {addr}, run {run}: {unlike:?}"
            );
        }
        assert_eq!(theirs.get(&1_000).copied(), Some(silence(technique)));
    }
}

/// The differences that are still there when both are asked again, of these ports alone. A
/// refusal by ICMPv6 that arrives while connect(2) is under way is another error to the caller
/// than one that arrives after it: now and then either scanner meets the rarer of the two.
fn staying(mut unlike: Vec<String>, again: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    for _ in 0..3 {
        if unlike.is_empty() {
            break;
        }
        let ports: Vec<&str> = unlike
            .iter()
            .filter_map(|it| it.split(':').next())
            .collect();
        unlike = again(&ports.join(","));
    }
    unlike
}

fn silence(technique: &str) -> PortState {
    if technique == "-sU" {
        PortState::OpenFiltered
    } else {
        PortState::Filtered
    }
}

#[test]
fn connect_scans_agree_with_nmap() {
    compare("-sT", "-p-", RUNS);
}

#[test]
fn half_open_scans_agree_with_nmap() {
    compare("-sS", "-p-", RUNS);
}

#[test]
fn udp_scans_agree_with_nmap() {
    compare("-sU", "-p 1-60,100-130,990-1110", 3);
}

/// Linux limits ICMP errors to one a second for each asker after a burst of six; who does
/// not slow down calls closed ports open|filtered.
#[test]
fn a_host_that_limits_its_refusals_is_believed() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let set = lab.run(
        &lab.suspect,
        &["sysctl", "-qw", "net.ipv4.icmp_ratelimit=100"],
    );
    assert!(set.status.success());
    let states = lab.states(&lab.trusted, &format!("-Pn -sU -p 100-220 {SUSPECT_V4}"));
    for (port, state) in states {
        let wanted = if port == 123 {
            PortState::OpenFiltered
        } else {
            PortState::Closed
        };
        assert_eq!(state, wanted, "{port}");
    }
}

/// From inside, a UDP port is settled at once: refused, or held by somebody.
#[test]
fn udp_on_this_machine_is_settled_at_once() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let ask = format!("-Pn -sU -p 1-900,1100 --json {SUSPECT_V4}");
    let out = lab.rnmap(&lab.suspect, &ask);
    let told: Vec<(u16, String)> = lab::records(&out.stdout)
        .into_iter()
        .filter_map(|record| match record {
            Record::Probe(probe) => Some((probe.port, probe.reason)),
            _ => None,
        })
        .collect();
    let bound = |port| (port, "bound".to_owned());
    assert_eq!(told, [bound(53), bound(123), bound(1100)]);
    let states = lab::states(&out.stdout);
    let closed = states.values().filter(|state| **state == PortState::Closed);
    assert_eq!(closed.count(), 901 - 3);
}

/// A second address of a network is this machine's too; whoever else is on it is not, even
/// where any address can be bound.
#[test]
fn a_further_address_of_a_network_is_our_own() {
    if cannot_run(&["ip", "nft", "sysctl"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.hold(Type::DGRAM, "0.0.0.0:5000");
    let add = ["ip", "addr", "add", "10.77.0.8/24", "dev", "c0"];
    assert!(lab.run(&lab.suspect, &add).status.success());
    let any = ["sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=1"];
    for is_any in [false, true] {
        if is_any {
            assert!(lab.run(&lab.suspect, &any).status.success());
        }
        for own in [SUSPECT_V4, "10.77.0.8"] {
            let states = lab.states(&lab.suspect, &format!("-Pn -sU -p 5000 {own}"));
            let open = lab::States::from([(5000, PortState::Open)]);
            assert_eq!(states, open, "{own}");
        }
        for (who, ports) in [("10.77.0.8", "x 65535 ports"), ("10.77.0.2", "x 1")] {
            let out = lab.rnmap(&lab.suspect, &format!("--dry-run -Pn -sT {who}"));
            let said = String::from_utf8(out.stdout).unwrap();
            assert!(said.contains(ports), "{who}: {said}");
        }
    }
}

/// UDP needs no right; half-open does, and says so.
#[test]
fn without_rights_udp_works_and_half_open_is_refused() {
    if cannot_run(&["ip", "nft", "setpriv"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    // Whoever has no right may not enter the directory the program was built in either.
    let copy = format!("/tmp/rnmap-{}", lab.suspect);
    std::fs::copy(env!("CARGO_BIN_EXE_rnmap"), &copy).unwrap();
    let plain = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        copy.as_str(),
    ];
    let mut words = plain.to_vec();
    words.extend(["-sU", "-Pn", "-p", "123,124,1040", "--json", SUSPECT_V4]);
    let out = lab.run(&lab.trusted, &words);
    let states = lab::states(&out.stdout);
    let wanted = [
        PortState::OpenFiltered,
        PortState::Closed,
        PortState::Filtered,
    ];
    assert_eq!(states.into_values().collect::<Vec<_>>(), wanted);
    let mut words = plain.to_vec();
    words.extend(["-sS", "-p", "1", SUSPECT_V4]);
    let out = lab.run(&lab.trusted, &words);
    std::fs::remove_file(&copy).unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert_eq!(out.stderr.iter().filter(|byte| **byte == b'\n').count(), 1);
}
