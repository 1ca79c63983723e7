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
    assert_eq!(steer.note.unwrap().as_bytes(), b"hook prerouting");
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
    let sets = Sets::from([(name, vec![(81, 81), (90, 99)])]);
    let steer = run(&rule, &sets).unwrap();
    assert_eq!(
        (steer.action, steer.to.as_deref()),
        (Action::Dnat, Some("10.0.0.1:80"))
    );
    assert_eq!(steer.ports, [(81, 81), (90, 99)]);
    // A set that was not read is said to be there.
    let steer = run(&rule, &Sets::new()).unwrap();
    let note = steer.note.unwrap();
    assert_eq!(
        note.as_bytes(),
        b"hook prerouting, a set of ports that was not read"
    );
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

#[test]
fn elements_of_sets() {
    let element = |port: u16, end: bool| {
        let mut parts = attribute(1, &attribute(1, &port.to_be_bytes()));
        if end {
            parts.extend_from_slice(&word(3, 1));
        }
        attribute(1, &parts)
    };
    // As nft lists { 81, 90-99 }: each end is one past the last.
    let elements: Vec<u8> = [(100, true), (90, false), (82, true), (81, false), (0, true)]
        .iter()
        .flat_map(|&(port, end)| element(port, end))
        .collect();
    let body = [vec![2, 0, 0, 0], attribute(3, &elements)].concat();
    let mut found = Vec::new();
    set_elements(&body, Order::Little, &mut found).unwrap();
    assert_eq!(intervals(found), [(81, 81), (90, 99)]);
    assert_eq!(
        intervals(vec![(443, false), (80, false)]),
        [(80, 80), (443, 443)]
    );
    assert_eq!(
        intervals(vec![(0, true), (60000, false)]),
        [(60000, u16::MAX)]
    );
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
        let _ = set_elements(&body, order, &mut Vec::new());
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
