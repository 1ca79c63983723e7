//! Stories in which somebody else has the same port number: in another network namespace, or
//! on another address.

use super::*;

/// Adds what `--all-netns` tells of a listener in another namespace.
fn listener_elsewhere(snapshot: &mut Snapshot, line: &str, device: Option<IfIndex>) {
    snapshot.facts.observer.netns = Some(NetNs(11));
    let view = snapshot.begin(Source::Netlink, 1).unwrap();
    let line = read(line);
    let mut socket = Socket::new(
        Kind::of(Inet {
            device,
            ..line.inet
        }),
        line.inode,
    );
    socket.netns = Some(NetNs(22));
    let owners = None;
    snapshot.add(view, Record::Socket(SocketRow { socket, owners }));
}

fn verdicts(snapshot: &Snapshot) -> Vec<(String, u16, Verdict)> {
    let report = judge(snapshot);
    let findings = report.findings.iter();
    findings
        .map(|it| (it.addr.to_string(), it.port, it.verdict))
        .collect()
}

#[test]
fn a_container_with_the_same_number_explains_no_hidden_port() {
    let mut snapshot =
        tell("tcp 0.0.0.0:4444 LISTEN 7 | T ------ | N ------ | O ------ | B uuuuuu | L oooooo");
    listener_elsewhere(&mut snapshot, "tcp 0.0.0.0:4444 LISTEN 9", None);
    let expected = [
        ("0.0.0.0".to_owned(), 4444, Verdict::HiddenFromTables),
        ("0.0.0.0".to_owned(), 4444, Verdict::OtherNetns),
    ];
    assert_eq!(verdicts(&snapshot), expected);
}

#[test]
fn a_container_with_the_same_number_explains_nothing_open_from_elsewhere() {
    let mut snapshot =
        tell("tcp 10.0.0.2:8080 LISTEN 7 | T --- | N --- | O --- | B f.. | L c.. | R o");
    listener_elsewhere(&mut snapshot, "tcp 0.0.0.0:8080 LISTEN 9", None);
    let expected = [
        ("10.0.0.2".to_owned(), 8080, Verdict::RemoteOnly),
        ("0.0.0.0".to_owned(), 8080, Verdict::OtherNetns),
    ];
    assert_eq!(verdicts(&snapshot), expected);
}

#[test]
fn a_listener_on_another_address_masks_nothing_open_from_elsewhere() {
    check(
        "tcp 127.0.0.1:8080 LISTEN 7 | T +++ | N +++ | O fff | B u.. | L o..
         tcp 10.0.0.2:8080  LISTEN 8 | T --- | N --- | O --- | B f.. | L c.. | R o",
        &[(8080, Verdict::RemoteOnly), (8080, Verdict::Agree)],
        Outcome::Finding,
    );
}

#[test]
fn a_hidden_port_that_is_open_from_elsewhere_too_is_one_finding() {
    let report = check(
        "tcp 10.0.0.2:8080 LISTEN 7 | T ------ | N ------ | O ------ | B uuuuuu | L oooooo | R o",
        &[(8080, Verdict::HiddenFromTables)],
        Outcome::Finding,
    );
    assert_eq!(report.findings[0].vector.to_string(), "nn.uYY..");
}

/// Interfaces are numbered anew in every namespace.
#[test]
fn a_device_of_another_namespace_has_no_name_of_ours() {
    let mut snapshot = tell("tcp 0.0.0.0:22 LISTEN 7 | T +++ | N +++ | O fff | B uuu | L o..");
    let ours = Foreign::from("eth0");
    snapshot.facts.interfaces.insert(IfIndex(2), ours);
    listener_elsewhere(&mut snapshot, "tcp 0.0.0.0:4444 LISTEN 9", Some(IfIndex(2)));
    let report = judge(&snapshot);
    let there = &report.findings[0];
    assert_eq!((there.verdict, &there.device), (Verdict::OtherNetns, &None));
    let evidence = there.evidence.join("; ");
    assert!(evidence.contains("only by interface 2"), "{evidence}");
}
