//! Rules made by the usual programs are read back without them.

use crate::stage::staged;
use linux::read::steering::steering;
use model::steering::{Action, Steer};
use std::process::Command;
use sysroot::Sysroot;

/// Runs a line; false, and loudly, where its program is not there.
fn done(line: &str) -> bool {
    let program = line.split(' ').next().unwrap();
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .unwrap();
    if !found.status.success() {
        println!("SKIPPED: {line}: no {program} here");
        return false;
    }
    let status = Command::new("sh").args(["-c", line]).status().unwrap();
    assert!(status.success(), "{line}");
    true
}

fn told() -> Vec<Steer> {
    let (steers, gaps) = steering(&Sysroot::live().unwrap());
    assert_eq!(gaps, []);
    steers
}

#[track_caller]
fn expect(steers: &[Steer], action: Action, ports: &[(u16, u16)], to: Option<&str>, place: &str) {
    let found = steers.iter().any(|steer| {
        steer.action == action
            && steer.ports == ports
            && steer.to.as_deref() == to
            && steer.place.as_bytes().starts_with(place.as_bytes())
    });
    assert!(found, "{action:?} {ports:?} {to:?} {place}: {steers:#?}");
}

#[test]
fn an_empty_namespace_steers_nothing() {
    if !staged(&[]) {
        return;
    }
    let ours: Vec<Steer> = told()
        .into_iter()
        // Links of BPF are of the whole machine.
        .filter(|steer| !steer.place.as_bytes().starts_with(b"bpf link"))
        .collect();
    assert_eq!(ours, []);
}

#[test]
fn nft_rules() {
    if !staged(&[]) {
        return;
    }
    let lines = "add table ip n
        add chain ip n pre { type nat hook prerouting priority -100; policy accept; }
        add rule ip n pre tcp dport 8080 redirect to :3000
        add rule ip n pre tcp dport { 81, 90-99 } dnat to 10.0.0.1:80
        add table inet f
        add chain inet f in { type filter hook input priority 0; policy drop; }
        add chain inet f user
        add rule inet f in tcp dport 7000-7010 drop
        add rule inet f user udp dport 53 reject
        add rule inet f in tcp dport 22 accept
        add chain inet f mangle { type filter hook prerouting priority -150; }
        add rule inet f mangle tcp dport 7777 tproxy ip to 127.0.0.1:3001";
    let mut lines = lines.lines().map(str::trim);
    if !lines.all(|line| done(&format!("nft '{line}'"))) {
        return;
    }
    let steers = told();
    expect(
        &steers,
        Action::Redirect,
        &[(8080, 8080)],
        Some(":3000"),
        "nft ip n pre handle",
    );
    let dnat = Some("10.0.0.1:80");
    expect(
        &steers,
        Action::Dnat,
        &[(81, 81), (90, 99)],
        dnat,
        "nft ip n pre handle",
    );
    expect(
        &steers,
        Action::Drop,
        &[(7000, 7010)],
        None,
        "nft inet f in handle",
    );
    expect(&steers, Action::Drop, &[], None, "nft inet f in policy");
    expect(
        &steers,
        Action::Reject,
        &[(53, 53)],
        None,
        "nft inet f user handle",
    );
    let tproxy = Some("127.0.0.1:3001");
    expect(
        &steers,
        Action::Tproxy,
        &[(7777, 7777)],
        tproxy,
        "nft inet f mangle handle",
    );
    assert_eq!(steers.iter().filter(|it| it.ports == [(22, 22)]).count(), 0);
    let hooked = steers
        .iter()
        .find(|it| it.action == Action::Redirect)
        .unwrap();
    assert_eq!(hooked.hook.as_deref(), Some("prerouting"));
    assert_eq!(hooked.protocols, [6]);
}

#[test]
fn nft_maps_of_verdicts() {
    if !staged(&[]) {
        return;
    }
    let lines = "add table inet f
        add chain inet f in { type filter hook input priority 0; }
        add rule inet f in tcp dport vmap { 23 : accept, 6000-6010 : drop, 6011 : drop }
        add rule inet f in meta l4proto vmap { tcp : accept, udp : accept }";
    let mut lines = lines.lines().map(str::trim);
    if !lines.all(|line| done(&format!("nft '{line}'"))) {
        return;
    }
    let steers = told();
    let dropped = [(6000, 6010), (6011, 6011)];
    expect(
        &steers,
        Action::Drop,
        &dropped,
        None,
        "nft inet f in handle",
    );
    let drops = steers.iter().filter(|it| it.action == Action::Drop);
    assert_eq!(drops.count(), 1, "a map that only accepts drops nothing");
}

#[test]
fn nft_rules_that_are_not_one_port_each() {
    if !staged(&[]) {
        return;
    }
    let lines = "add table ip n
        add chain ip n pre { type nat hook prerouting priority -100; }
        add set ip n empty { type inet_service; }
        add set ip n near { type inet_service; flags interval; }
        add element ip n near { 80-90 }
        add element ip n near { 91-100 }
        add rule ip n pre tcp dport 8080 ct mark 0x5c11 redirect to :3001
        add rule ip n pre tcp dport & 0xfff0 == 4432 redirect to :3002
        add rule ip n pre tcp dport @near redirect to :3003
        add rule ip n pre tcp dport @empty redirect to :3004
        add rule ip n pre tcp dport != 22 redirect to :3005
        add rule ip n pre tcp dport . ip saddr { 443 . 10.0.0.1 } redirect to :3006
        add rule ip n pre ip saddr . tcp dport { 10.0.0.1 . 443 } redirect to :3007
        add rule ip n pre tcp sport 1024 tcp dport 25 redirect to :3008";
    let mut lines = lines.lines().map(str::trim);
    if !lines.all(|line| done(&format!("nft '{line}'"))) {
        return;
    }
    let steers = told();
    let of = |to: &str| steers.iter().find(|it| it.to.as_deref() == Some(to));
    let ports = |to| of(to).map(|it| it.ports.clone());
    assert_eq!(ports(":3001").unwrap(), [(8080, 8080)]);
    assert_eq!(ports(":3002").unwrap(), []);
    assert_eq!(ports(":3003").unwrap(), [(80, 90), (91, 100)]);
    assert_eq!(ports(":3004"), None);
    assert_eq!(ports(":3005").unwrap(), [(0, 21), (23, 65_535)]);
    assert_eq!(ports(":3006").unwrap(), [(443, 443)]);
    assert_eq!(ports(":3007").unwrap(), []);
    assert_eq!(ports(":3008").unwrap(), [(25, 25)]);
    for (to, words) in [(":3002", "ports by a mask"), (":3007", "ports by a key")] {
        let note = of(to).unwrap().note.clone().unwrap();
        assert!(note.as_bytes().ends_with(words.as_bytes()), "{note:?}");
    }
}

#[test]
fn iptables_of_both_kinds() {
    if !staged(&[]) {
        return;
    }
    let rules = [
        "-t nat -A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 3000",
        "-t nat -A PREROUTING -p tcp -m multiport --dports 81,90:99 -j DNAT --to-destination 10.0.0.1:80",
        "-N mine",
        "-A mine -p udp --dport 5000:5010 -j REJECT",
        "-t nat -A PREROUTING -p tcp ! --dport 22 -j REDIRECT --to-ports 3001",
        "-t nat -A PREROUTING -p tcp -m multiport ! --dports 81,90:99 -j REDIRECT --to-ports 3002",
        "-P INPUT DROP",
    ];
    for kind in ["iptables-legacy", "iptables-nft"] {
        if !rules.iter().all(|rule| done(&format!("{kind} {rule}"))) {
            return;
        }
    }
    let steers = told();
    let dnat = Some("10.0.0.1:80");
    let legacy = "iptables nat PREROUTING rule";
    expect(
        &steers,
        Action::Redirect,
        &[(8080, 8080)],
        Some(":3000"),
        legacy,
    );
    expect(&steers, Action::Dnat, &[(81, 81), (90, 99)], dnat, legacy);
    expect(
        &steers,
        Action::Reject,
        &[(5000, 5010)],
        None,
        "iptables filter mine rule 1",
    );
    expect(
        &steers,
        Action::Drop,
        &[],
        None,
        "iptables filter INPUT policy",
    );
    let by_nft = "nft ip nat PREROUTING handle";
    expect(
        &steers,
        Action::Redirect,
        &[(8080, 8080)],
        Some(":3000"),
        by_nft,
    );
    expect(&steers, Action::Dnat, &[(81, 81), (90, 99)], dnat, by_nft);
    for place in [legacy, by_nft] {
        let one = [(0, 21), (23, 65_535)];
        expect(&steers, Action::Redirect, &one, Some(":3001"), place);
        let several = [(0, 80), (82, 89), (100, 65_535)];
        expect(&steers, Action::Redirect, &several, Some(":3002"), place);
    }
    expect(
        &steers,
        Action::Reject,
        &[(5000, 5010)],
        None,
        "nft ip filter mine handle",
    );
}

#[test]
fn routing_and_classifiers() {
    if !staged(&[]) {
        return;
    }
    let lines = [
        "ip rule add fwmark 1 lookup 100 priority 50",
        "ip route add local 0.0.0.0/0 dev lo table 100",
        "ip route add local 203.0.113.0/24 dev lo",
        "ip -6 route add local 2001:db8::/64 dev lo",
        "tc qdisc add dev lo clsact",
        "tc filter add dev lo ingress bpf bytecode '1,6 0 0 0,' flowid 1:1",
    ];
    if !lines.iter().all(|line| done(line)) {
        return;
    }
    let steers = told();
    expect(&steers, Action::Rule, &[], None, "ip rule 50");
    expect(
        &steers,
        Action::LocalRoute,
        &[],
        Some("0.0.0.0/0"),
        "ip route table 100",
    );
    expect(
        &steers,
        Action::LocalRoute,
        &[],
        Some("203.0.113.0/24"),
        "ip route table 255",
    );
    expect(
        &steers,
        Action::LocalRoute,
        &[],
        Some("2001:db8::/64"),
        "ip route",
    );
    expect(
        &steers,
        Action::Tc,
        &[],
        None,
        "tc filter bpf on interface 1 ingress",
    );
}
