//! Rules put together by hand, as the kernel dumps them.

use super::*;
use proptest::prelude::*;

fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap();
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn word(kind: u16, number: u32) -> Vec<u8> {
    attribute(kind, &number.to_be_bytes())
}

fn value(kind: u16, bytes: &[u8]) -> Vec<u8> {
    attribute(kind, &attribute(1, bytes))
}

fn run(expressions: &[(&str, Vec<Vec<u8>>)], sets: &Sets) -> Option<Steer> {
    let elements: Vec<u8> = expressions
        .iter()
        .flat_map(|(name, parts)| {
            let name = attribute(1, format!("{name}\0").as_bytes());
            let data = attribute(2 | 0x8000, &parts.concat());
            attribute(1, &[name, data].concat())
        })
        .collect();
    let body = [
        vec![2, 0, 0, 0],
        attribute(1, b"nat\0"),
        attribute(2, b"pre\0"),
        attribute(3, &4u64.to_be_bytes()),
        attribute(4, &elements),
    ]
    .concat();
    let rule = rule(&body, Order::Little).unwrap();
    steer(&rule, sets, Some("prerouting"), Order::Little)
}

/// `tcp dport`, loaded into register 1.
fn tcp_port() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        ("meta", vec![word(1, 1), word(2, 16)]),
        ("cmp", vec![word(1, 1), word(2, 0), value(3, &[6])]),
        (
            "payload",
            vec![word(1, 1), word(2, 2), word(3, 2), word(4, 2)],
        ),
    ]
}

#[test]
fn a_redirect() {
    let mut rule = tcp_port();
    rule.extend([
        (
            "cmp",
            vec![word(1, 1), word(2, 0), value(3, &8080u16.to_be_bytes())],
        ),
        (
            "immediate",
            vec![word(1, 1), value(2, &3000u16.to_be_bytes())],
        ),
        ("redir", vec![word(1, 1), word(2, 1)]),
    ]);
    let steer = run(&rule, &Sets::new()).unwrap();
    assert_eq!(
        (steer.action, steer.to.as_deref()),
        (Action::Redirect, Some(":3000"))
    );
    assert_eq!(
        (steer.protocols, steer.ports),
        (vec![6], vec![(8080, 8080)])
    );
    assert_eq!(steer.place.as_bytes(), b"nft ip nat pre handle 4");
    assert_eq!(
        (steer.hook.as_deref(), steer.note),
        (Some("prerouting"), None)
    );
}

#[test]
fn a_set_of_ports_led_to_another_address() {
    let name = SetName {
        family: 2,
        table: b"nat".to_vec(),
        name: b"s".to_vec(),
    };
    let mut rule = tcp_port();
    rule.extend([
        ("lookup", vec![attribute(1, b"s\0"), word(2, 1)]),
        ("immediate", vec![word(1, 1), value(2, &[10, 0, 0, 1])]),
        (
            "immediate",
            vec![word(1, 2), value(2, &80u16.to_be_bytes())],
        ),
        ("nat", vec![word(1, 1), word(2, 2), word(3, 1), word(5, 2)]),
    ]);
    let sets = Sets::from([(name, set(&[(81, 0), (82, 1), (90, 0), (100, 1)]))]);
    let steer = run(&rule, &sets).unwrap();
    assert_eq!(
        (steer.action, steer.to.as_deref()),
        (Action::Dnat, Some("10.0.0.1:80"))
    );
    assert_eq!(steer.ports, [(81, 81), (90, 99)]);
    // A set that was not read is said to be there.
    let steer = run(&rule, &Sets::new()).unwrap();
    let note = steer.note.unwrap();
    assert_eq!(note.as_bytes(), b"a set of ports that was not read");
}

#[test]
fn a_range_dropped_and_one_accepted() {
    let mut rule = tcp_port();
    rule.extend([
        (
            "cmp",
            vec![word(1, 1), word(2, 5), value(3, &7000u16.to_be_bytes())],
        ),
        (
            "cmp",
            vec![word(1, 1), word(2, 3), value(3, &7010u16.to_be_bytes())],
        ),
    ]);
    let verdict = |code: i32| {
        let verdict = attribute(2, &attribute(1, &code.to_be_bytes()));
        ("immediate", vec![word(1, 0), attribute(2, &verdict)])
    };
    let with = |code| {
        let mut rule = rule.clone();
        rule.push(verdict(code));
        run(&rule, &Sets::new())
    };
    assert_eq!(with(0).unwrap().ports, [(7000, 7010)]);
    assert_eq!(with(1), None, "accepting steers nothing");
    assert_eq!(run(&rule, &Sets::new()), None);
}

/// A message of a set's elements, each by its key and the attributes beside it.
fn elements(all: &[(&[u8], Vec<u8>)]) -> Set {
    let elements: Vec<u8> = all
        .iter()
        .flat_map(|(key, more)| {
            let key = match key {
                [] => Vec::new(),
                key => attribute(1, &attribute(1, key)),
            };
            attribute(1, &[&key[..], more].concat())
        })
        .collect();
    let mut set = Set::default();
    set.add(
        &[vec![2, 0, 0, 0], attribute(3, &elements)].concat(),
        Order::Little,
    );
    set
}

/// Ports with their flags.
fn set(all: &[(u16, u32)]) -> Set {
    let keys: Vec<_> = all.iter().map(|it| it.0.to_be_bytes()).collect();
    let flags = all.iter().map(|it| word(3, it.1));
    let all: Vec<_> = keys.iter().map(|it| &it[..]).zip(flags).collect();
    elements(&all)
}

/// A rule that looks its port up in the set, after more; with the flags of the lookup.
fn looked_up(set: Set, flags: u32) -> Option<Steer> {
    let mut rule = tcp_port();
    rule.push((
        "lookup",
        vec![attribute(1, b"s\0"), word(2, 1), word(5, flags)],
    ));
    rule.push(("redir", vec![]));
    let name = SetName {
        family: 2,
        table: b"nat".to_vec(),
        name: b"s".to_vec(),
    };
    run(&rule, &Sets::from([(name, set)]))
}

fn told(steer: Steer) -> (Vec<(u16, u16)>, String) {
    let note = steer.note.unwrap_or_default();
    (steer.ports, note.as_bytes().escape_ascii().to_string())
}

#[test]
fn elements_of_sets() {
    // As nft lists { 81, 90-99 }: each end is one past the last.
    let ranges = [(100, 1), (90, 0), (82, 1), (81, 0), (0, 1)];
    let ports = |set: Set, flags| looked_up(set, flags).map(|it| it.ports);
    assert_eq!(ports(set(&ranges), 0).unwrap(), [(81, 81), (90, 99)]);
    assert_eq!(
        ports(set(&ranges), 1).unwrap(),
        [(0, 80), (82, 89), (100, 65_535)]
    );
    // A set without elements lets nothing through; all but those of none is everything.
    assert_eq!(ports(set(&[]), 0), None);
    assert_eq!(ports(set(&[]), 1).unwrap(), []);
    // The one that stands for all the others.
    let all = elements(&[(&[1, 44], Vec::new()), (&[], word(3, 2))]);
    assert_eq!(ports(all, 0).unwrap(), []);
}

#[test]
fn keys_of_several_parts() {
    let key = [31, 144, 0, 0, 10, 0, 0, 1];
    let end = attribute(10, &attribute(1, &[31, 154, 0, 0, 10, 0, 0, 1]));
    let one = || elements(&[(&key, Vec::new())]);
    let ports = |ports| (vec![ports], String::new());
    assert_eq!(told(looked_up(one(), 0).unwrap()), ports((8080, 8080)));
    let range = elements(&[(&key, end)]);
    assert_eq!(told(looked_up(range, 0).unwrap()), ports((8080, 8090)));
    // From another address that port may be led too.
    let note = |words: &str| (vec![], words.to_owned());
    assert_eq!(told(looked_up(one(), 1).unwrap()), note("ports by a key"));
    // The port comes second: payload ip saddr => 1, tcp dport => 9.
    let rule = [
        (
            "payload",
            vec![word(1, 1), word(2, 1), word(3, 12), word(4, 4)],
        ),
        (
            "payload",
            vec![word(1, 9), word(2, 2), word(3, 2), word(4, 2)],
        ),
        ("lookup", vec![attribute(1, b"s\0"), word(2, 1)]),
        ("redir", vec![]),
    ];
    let both = note("other matches, ports by a key");
    assert_eq!(told(run(&rule, &Sets::new()).unwrap()), both);
}

/// Ports and note of a rule for port 8080 that goes on with more.
fn more(more: Vec<(&'static str, Vec<Vec<u8>>)>) -> (Vec<(u16, u16)>, String) {
    let mut rule = tcp_port();
    rule.push(("cmp", vec![word(1, 1), word(2, 0), value(3, &[0x1f, 0x90])]));
    rule.extend(more);
    rule.push(("redir", vec![]));
    told(run(&rule, &Sets::new()).unwrap())
}

#[test]
fn a_register_used_again_is_no_port() {
    let other = (vec![(8080, 8080)], "other matches".to_owned());
    let mark = (
        "cmp",
        vec![word(1, 1), word(2, 0), value(3, &[0x11, 0x5c, 0, 0])],
    );
    for first in [
        ("ct", vec![word(1, 1), word(2, 3)]),
        ("fib", vec![word(1, 1), word(2, 3), word(3, 4)]),
        ("socket", vec![word(1, 0), word(2, 1)]),
        ("invented", vec![]),
        ("lookup", vec![attribute(1, b"s\0"), word(2, 9), word(3, 1)]),
    ] {
        let told = more(vec![first.clone(), mark.clone()]);
        assert_eq!(told, other, "{}", first.0);
    }
    // One that writes no register leaves the port there.
    let below = ("cmp", vec![word(1, 1), word(2, 2), value(3, &[0, 80])]);
    let mut rule = tcp_port();
    rule.extend([("counter", vec![]), below, ("redir", vec![])]);
    assert_eq!(run(&rule, &Sets::new()).unwrap().ports, [(0, 79)]);
}

#[test]
fn what_is_written_over_is_no_port() {
    // A long load into register 1 covers 8 to 11.
    let port = (
        "payload",
        vec![word(1, 9), word(2, 2), word(3, 2), word(4, 2)],
    );
    let address = (
        "payload",
        vec![word(1, 1), word(2, 1), word(3, 8), word(4, 16)],
    );
    let equal = ("cmp", vec![word(1, 9), word(2, 0), value(3, &[0x1f, 0x90])]);
    let redirect = ("redir", vec![]);
    let rule = [port.clone(), address, equal.clone(), redirect.clone()];
    let other = (vec![], "other matches".to_owned());
    assert_eq!(told(run(&rule, &Sets::new()).unwrap()), other);
    // One of four bytes does not, and 1 begins where 8 does.
    let short = (
        "payload",
        vec![word(1, 1), word(2, 1), word(3, 12), word(4, 4)],
    );
    let rule = [port, short, equal, redirect.clone()];
    let ports = (vec![(8080, 8080)], String::new());
    assert_eq!(told(run(&rule, &Sets::new()).unwrap()), ports);
    let port = (
        "payload",
        vec![word(1, 8), word(2, 2), word(3, 2), word(4, 2)],
    );
    let equal = ("cmp", vec![word(1, 1), word(2, 0), value(3, &[0x1f, 0x90])]);
    assert_eq!(
        told(run(&[port, equal, redirect], &Sets::new()).unwrap()),
        ports
    );
}

/// `tcp dport vmap @s`
fn decided(set: Set) -> Option<Steer> {
    let mut rule = tcp_port();
    rule.push(("lookup", vec![attribute(1, b"s\0"), word(2, 1), word(3, 0)]));
    let name = SetName {
        family: 2,
        table: b"nat".to_vec(),
        name: b"s".to_vec(),
    };
    run(&rule, &Sets::from([(name, set)]))
}

#[test]
fn a_map_of_verdicts_drops_what_it_says() {
    let verdict = |code: i32| attribute(2, &attribute(2, &attribute(1, &code.to_be_bytes())));
    let (drop, accept) = (verdict(0), verdict(1));
    let (ssh, web) = (22u16.to_be_bytes(), 8080u16.to_be_bytes());
    let set = elements(&[(&ssh, accept.clone()), (&web, drop.clone())]);
    let steer = decided(set).unwrap();
    assert_eq!(
        (steer.action, steer.protocols.as_slice()),
        (Action::Drop, &[6][..])
    );
    assert_eq!(told(steer), (vec![(8080, 8080)], String::new()));
    assert_eq!(decided(elements(&[(&ssh, accept.clone())])), None);
    // 22-79 accepted, 80-8079 dropped, and the end of both.
    let end = [word(3, 1), Vec::new()].concat();
    let http = 80u16.to_be_bytes();
    let set = elements(&[
        (&ssh, accept),
        (&http, end.clone()),
        (&http, drop.clone()),
        (&web, end),
    ]);
    assert_eq!(told(decided(set).unwrap()).0, [(80, 8079)]);
    // The one that stands for all the others.
    let set = elements(&[(&[], [word(3, 2), drop].concat())]);
    assert_eq!(told(decided(set).unwrap()), (vec![], String::new()));
}

#[test]
fn ports_that_are_not_told_in_ports() {
    let run = |first: (&'static str, Vec<Vec<u8>>)| {
        let mut rule = tcp_port();
        rule.push(first);
        rule.push(("cmp", vec![word(1, 1), word(2, 0), value(3, &[0x11, 0x50])]));
        rule.push(("redir", vec![]));
        told(run(&rule, &Sets::new()).unwrap())
    };
    let told = |words: &str| (vec![], words.to_owned());
    let mask = vec![word(1, 1), word(2, 1), word(3, 2), value(4, &[255, 240])];
    assert_eq!(run(("bitwise", mask)), told("ports by a mask"));
    let hash = vec![word(1, 1), word(2, 1), word(3, 2), word(4, 4)];
    assert_eq!(run(("hash", hash)), told("ports by a key"));
    let original = vec![word(1, 1), word(2, 12)];
    assert_eq!(run(("ct", original)), told("ports of the connection"));
}

#[test]
fn both_ports_at_once() {
    let both = (
        "payload",
        vec![word(1, 1), word(2, 2), word(3, 0), word(4, 4)],
    );
    let equal = (
        "cmp",
        vec![word(1, 1), word(2, 0), value(3, &[4, 0, 0, 22])],
    );
    let rule = [both, equal, ("redir", vec![])];
    assert_eq!(run(&rule, &Sets::new()).unwrap().ports, [(22, 22)]);
}

#[test]
fn all_but_one() {
    let mut rule = tcp_port();
    rule.push(("cmp", vec![word(1, 1), word(2, 1), value(3, &[0, 22])]));
    rule.push(("redir", vec![]));
    let steer = run(&rule, &Sets::new()).unwrap();
    assert_eq!(steer.ports, [(0, 21), (23, 65_535)]);
    let rule = [
        ("meta", vec![word(1, 1), word(2, 16)]),
        ("cmp", vec![word(1, 1), word(2, 1), value(3, &[6])]),
        ("redir", vec![]),
    ];
    let steer = run(&rule, &Sets::new()).unwrap();
    assert_eq!(steer.protocols, [17, 33, 132, 136]);
}

#[test]
fn a_policy_that_drops() {
    let hook = [word(1, 1), word(2, 0)].concat();
    let parts = [
        vec![1, 0, 0, 0],
        attribute(1, b"filter\0"),
        attribute(3, b"in\0"),
        attribute(4, &hook),
        word(5, 0),
    ];
    let chain = chain(&parts.concat(), Order::Little).unwrap();
    assert_eq!((chain.hook, chain.drops), (Some("input"), true));
    let steer = policy(&chain).unwrap();
    assert_eq!(steer.place.as_bytes(), b"nft inet filter in policy drop");
}

proptest! {
    #[test]
    fn nothing_panics(body: Vec<u8>, name in "[a-z]{3,9}") {
        let order = Order::Little;
        let _ = chain(&body, order);
        let mut set = Set::default();
        set.add(&body, order);
        let _ = (set.ranges(), set.protocols());
        if let Some(rule) = rule(&body, order) {
            let _ = steer(&rule, &Sets::new(), None, order);
        }
        let rule = Rule {
            family: 2,
            table: Vec::new(),
            chain: Vec::new(),
            handle: 0,
            expressions: vec![(name.into_bytes(), body)],
        };
        let _ = (steer(&rule, &Sets::new(), None, order), sets(&rule, order));
    }
}
