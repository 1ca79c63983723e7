//! Which questions are asked, in which order, and whom.

use super::*;
use cli::Error;
use model::IfIndex;

fn plan(argv: &[&str], addrs: &[&str]) -> Plan {
    let argv: Vec<std::ffi::OsString> = argv.iter().map(Into::into).collect();
    let facts = Facts {
        addrs: addrs
            .iter()
            .map(|addr| (addr.parse().unwrap(), IfIndex(1)))
            .collect(),
        ..Facts::default()
    };
    Plan::new(&cli::parse::<Options>(&argv).unwrap(), facts)
}

fn sources(steps: &[Step]) -> String {
    let names: Vec<&str> = steps.iter().map(|step| step.source.name()).collect();
    names.join(" ")
}

#[test]
fn every_question_stands_between_two_listings() {
    let plan = plan(&["rcompare"], &["127.0.0.1", "::1", "fe80::1"]);
    assert_eq!(
        sources(&plan.opening(1)),
        "private-procfs netlink-read netlink procfs netlink procfs walk"
    );
    let mut doubts = Doubts::default();
    assert_eq!(sources(&plan.copies(1, &doubts)), "pidfd");
    assert_eq!(sources(&plan.copies(2, &doubts)), "");
    doubts.owners = true;
    assert_eq!(sources(&plan.copies(2, &doubts)), "pidfd programs");
    assert_eq!(sources(&plan.copies(3, &doubts)), "pidfd");
    assert_eq!(sources(&plan.copies(4, &doubts)), "");
    let probes = plan.probes(&Snapshot::default());
    assert_eq!(sources(&probes), "bind connect");
    assert_eq!(
        probes[1].args.join(" "),
        "--json --connect --ports - 127.0.0.1 ::1"
    );
    assert_eq!(
        sources(&plan.closing(1)),
        "netlink procfs private-procfs netlink-read"
    );
}

#[test]
fn later_rounds_ask_only_what_is_in_doubt() {
    let plan = plan(&["rcompare"], &["127.0.0.1"]);
    let mut doubts = Doubts::default();
    assert_eq!(plan.again(2, &doubts), []);
    doubts.ports = [(Proto::Tcp, 22), (Proto::Tcp, 23), (Proto::Udp, 53)].into();
    let steps = plan.again(2, &doubts);
    assert_eq!(
        steps[0].args.join(" "),
        "--json --bind-probe --ports T:22-23,U:53"
    );
    assert_eq!(
        steps[1].args.join(" "),
        "--json --connect --ports 22-23 127.0.0.1"
    );
}

#[test]
fn ports_in_doubt_are_asked_for_alone() {
    let plan = plan(&["rcompare", "--passive"], &["127.0.0.1", "::1"]);
    let mut doubts = Doubts::default();
    assert_eq!(plan.exact(2, &doubts), []);
    doubts.ports = [(Proto::Tcp, 22), (Proto::Udp, 53), (Proto::Raw, 1)].into();
    assert_eq!(
        plan.exact(2, &doubts)[0].args.join(" "),
        "--json --exact tcp/127.0.0.1:22,tcp/[::1]:22,udp/127.0.0.1:53,udp/[::1]:53"
    );
    // The longest list still fits one argument.
    doubts.ports = (1..=u16::MAX).map(|port| (Proto::Tcp, port)).collect();
    let long = plan.exact(2, &doubts)[0].args[2].len();
    assert!((10_000..64 << 10).contains(&long), "{long}");
}

/// A listener may be bound to an address of another machine: asking there would tell it.
#[test]
fn nobody_but_this_host_is_contacted() {
    use model::record::SocketRow;
    let mut snapshot = Snapshot::default();
    let view = snapshot.begin(Source::Netlink, 1).unwrap();
    let local = [
        "203.0.113.9",
        "127.0.0.9",
        "::ffff:192.0.2.7",
        "2001:db8::9",
    ];
    for (inode, local) in (1..).zip(local) {
        let local: IpAddr = local.parse().unwrap();
        let inet = model::Inet {
            proto: Proto::Tcp,
            local,
            port: 80,
            remote: local,
            remote_port: 0,
            state: model::State::Listen,
            device: None,
            v6only: None,
            timer: None,
        };
        let socket = model::Socket::new(model::Kind::of(inet), model::Inode(inode));
        let owners = None;
        snapshot.add(view, model::Record::Socket(SocketRow { socket, owners }));
    }
    let mut plan = plan(&["rcompare"], &["127.0.0.1", "192.0.2.7"]);
    plan.addrs.truncate(1);
    let asked = |steps: &[Step]| {
        let words = steps.iter().flat_map(|step| &step.args);
        let addrs = words.filter_map(|word| word.parse::<IpAddr>().ok());
        addrs.map(|addr| addr.to_string()).collect::<Vec<_>>()
    };
    let all = ["127.0.0.1", "127.0.0.9", "192.0.2.7"];
    assert_eq!(asked(&plan.probes(&snapshot)), all);
    let doubts = Doubts {
        ports: [(Proto::Tcp, 80)].into(),
        addrs: local[..2].iter().map(|it| it.parse().unwrap()).collect(),
        ..Doubts::default()
    };
    assert_eq!(asked(&plan.again(2, &doubts)), all[..2]);
}

#[test]
fn an_older_kernel_is_played_by_leaving_a_question_out() {
    let plan = plan(&["rcompare", "--no-bound-inactive"], &["127.0.0.1"]);
    for step in plan.opening(1).iter().chain(&plan.closing(1)) {
        let netlink = matches!(step.source, Source::Netlink | Source::NetlinkRead);
        let left_out = step.args.iter().any(|word| word == "--no-bound-inactive");
        assert_eq!(left_out, netlink, "{step:?}");
    }
}

#[test]
fn passive_sends_nothing_and_addresses_are_bounded() {
    let passive = plan(&["rcompare", "--passive"], &["127.0.0.1"]);
    assert_eq!(passive.probes(&Snapshot::default()), []);
    let named = plan(&["rcompare", "--address", "127.0.0.2"], &["127.0.0.1"]);
    assert_eq!(named.addrs, ["127.0.0.2".parse::<IpAddr>().unwrap()]);
    let many: Vec<String> = (0..40).map(|at| format!("10.0.0.{at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let plan = plan(&["rcompare"], &many);
    assert_eq!(plan.addrs.len(), ADDRS_MAX);
    assert_eq!(plan.facts.gaps.len(), 1);
}

#[test]
fn bad_words_are_refused() {
    for argv in [
        ["rcompare", "--rounds", "0"],
        ["rcompare", "--rounds", "11"],
        ["rcompare", "--address", "localhost"],
        ["rcompare", "--deadline", "-1"],
        ["rcompare", "--frobnicate", "1"],
    ] {
        let argv: Vec<std::ffi::OsString> = argv.iter().map(Into::into).collect();
        assert!(matches!(cli::parse::<Options>(&argv), Err(Error::Usage(_))));
    }
}
