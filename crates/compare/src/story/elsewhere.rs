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

/// Who is named for port 8080, which a rule leads to `to`, where these listen in a namespace each.
fn led(to: &str, listeners: &[(u64, &str)]) -> (Option<Pid>, Vec<String>) {
    let mut snapshot =
        tell("tcp 10.0.0.2:8080 LISTEN 7 | T --- | N --- | O --- | B f.. | L c.. | R o");
    snapshot.facts.observer.netns = Some(NetNs(11));
    snapshot.facts.addrs = vec![("10.0.0.2".parse().unwrap(), IfIndex(2))];
    snapshot.facts.steers = vec![model::steering::Steer {
        action: model::steering::Action::Dnat,
        protocols: vec![6],
        ports: vec![(8080, 8080)],
        to: Some(to.to_owned()),
        device: None,
        hook: Some("prerouting".to_owned()),
        place: "nft ip nat pre handle 4".into(),
        note: None,
    }];
    for (at, &(netns, line)) in (0..).zip(listeners) {
        let view = snapshot.begin(Source::Netlink, 1).unwrap();
        let line = read(line);
        let mut socket = Socket::new(Kind::of(line.inet), line.inode);
        socket.netns = Some(NetNs(netns));
        let owners = None;
        snapshot.add(view, Record::Socket(SocketRow { socket, owners }));
        let owner = Owner {
            id: ProcessId {
                pid: Pid(900 + at),
                start: 1,
            },
            tid: None,
            comm: "web".into(),
            uid: None,
            held: Held::Fd { fd: 3 },
        };
        let inode = line.inode;
        snapshot.add(view, Record::Holding(Holding { inode, owner }));
    }
    let report = judge(&snapshot);
    let all = report.findings.iter();
    let found = all.clone().find(|it| it.verdict == Verdict::Steered);
    let found = found.expect("it is steered");
    let lines = found.evidence.iter();
    let lines = lines.filter_map(|it| it.strip_prefix("steering: there tcp "));
    (found.pid, lines.map(str::to_owned).collect())
}

#[test]
fn a_rule_leads_to_no_stranger_with_the_same_number() {
    let (wide, narrow) = ("tcp 0.0.0.0:80 LISTEN 21", "tcp 172.17.0.2:80 LISTEN 22");
    let other = "tcp 0.0.0.0:80 LISTEN 23";
    // Within the host a container's listener is nobody's.
    let (pid, lines) = led(":80", &[(11, wide), (33, other)]);
    assert_eq!(pid, Some(Pid(900)));
    assert_eq!(lines, ["0.0.0.0:80 is held by process 900"]);
    assert_eq!(led(":80", &[(33, other)]), (None, vec![]));
    assert_eq!(led("10.0.0.2:80", &[(33, other)]), (None, vec![]));
    // Nor is one of the host's at the address of a container.
    let (pid, lines) = led("172.17.0.2:80", &[(11, wide), (33, other)]);
    assert_eq!(pid, Some(Pid(901)));
    assert_eq!(
        lines,
        ["0.0.0.0:80 in network namespace 33 is held by process 901"]
    );
    // Of two containers nothing tells which has it, unless one says so itself.
    let (pid, lines) = led("172.17.0.2:80", &[(22, wide), (33, other)]);
    assert_eq!((pid, lines.len()), (None, 2));
    let may = "in network namespace 22 may be meant, which is held by process 900";
    assert!(lines[0].ends_with(may), "{lines:?}");
    let (pid, lines) = led("172.17.0.2:80", &[(22, narrow), (33, other)]);
    assert_eq!((pid, lines.len()), (Some(Pid(900)), 1));
}
