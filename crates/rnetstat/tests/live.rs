//! rnetstat in a namespace of known things, beside the real netstat where that has words for them.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "tests run programs, say what they skip, and fail where they cannot go on"
)]

mod stage;

use model::network::Fact;
use model::record::SocketRow;
use model::{Kind, NetNs, Record, State};
use stage::{have, on_stage};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Asked of both, between two answers of the original: counters go on meanwhile.
const QUESTIONS: &[&str] = &[
    "-r",
    "-rn",
    "-rne",
    "-rnee",
    "-rn6",
    "-r6",
    "-rn46",
    "-A inet6 -rn",
    "-i",
    "-ia",
    "-in",
    "-ie",
    "-iae",
    "-gn",
    "-g",
    "-s",
    "-s6",
    "-st",
    "-su",
    "-sw",
    "-s6u",
    "-anW",
    "-ltnW",
    "-anoee",
    "-ltn -A inet6 -W",
    "-tn stray words",
];

#[test]
fn the_originals_tables_byte_for_byte() {
    let questions: Vec<String> = QUESTIONS.iter().map(|it| format!("'{it}'")).collect();
    // The original looks names of networks and hosts up: nobody answers here, so it waits.
    let script = format!(
        "eval \"$NETWORK\" 2>/dev/null
        mount -t tmpfs none /mnt && : > /mnt/empty && mount --bind /mnt/empty /etc/resolv.conf
        sleep 2
        for q in {}; do
          for try in 1 2 3 4 5; do
            netstat $q > /mnt/before; $R $q > /mnt/ours 2>/mnt/said; netstat $q > /mnt/after
            cmp -s /mnt/ours /mnt/before || cmp -s /mnt/ours /mnt/after && break
            [ $try = 5 ] && echo \"DIFFERS $q\" && diff /mnt/before /mnt/ours
          done
        done; true",
        questions.join(" ")
    );
    if let Some(said) = on_stage("the originals' tables", &["netstat", "cmp"], &script) {
        assert_eq!(said, "");
    }
}

/// Runs rnetstat on a stage with the odd sockets and gives its records, and what the stage said.
fn records(test: &str, args: &str) -> Option<(Vec<Record>, String)> {
    let script = format!(
        "eval \"$NETWORK\" 2>/dev/null
        mount -t tmpfs none /run && mount -t tmpfs none /mnt
        ip netns add mounted || exit 9
        python3 -c \"$SOCKETS\" > /mnt/said & child=$!
        for try in 1 2 3 4 5 6 7 8 9 10; do [ -s /mnt/said ] || sleep 0.3; done
        cat /mnt/said; stat -c 'mounted %i' /run/netns/mounted; stat -L -c 'own %i' /proc/self/ns/net
        $R {args} --json; kill $child; true"
    );
    let said = on_stage(test, &["python3"], &script)?;
    let (json, words): (Vec<&str>, Vec<&str>) = said.lines().partition(|it| it.starts_with('{'));
    let records = json
        .iter()
        .map(|line| serde_json::from_str(line).expect("a record"));
    Some((records.collect(), words.join("\n")))
}

fn sockets(records: &[Record]) -> Vec<&SocketRow> {
    let rows = records.iter().filter_map(|record| match record {
        Record::Socket(row) => Some(row),
        _ => None,
    });
    rows.collect()
}

fn port(row: &SocketRow) -> u16 {
    row.socket.kind.inet().map_or(0, |inet| inet.port)
}

/// The number after a word the stage said.
fn number(said: &str, word: &str) -> NetNs {
    let line = said.lines().find_map(|line| line.strip_prefix(word));
    NetNs(line.unwrap_or_default().trim().parse().expect(word))
}

#[test]
fn every_namespace_is_found() {
    let Some((records, said)) = records("every namespace", "-i -a --all-netns") else {
        return;
    };
    let namespaces: BTreeSet<NetNs> = records
        .iter()
        .filter_map(|record| match record {
            Record::Network(row) if matches!(row.fact, Fact::Interface(_)) => row.netns,
            _ => None,
        })
        .collect();
    for word in ["own", "held", "mounted"] {
        let netns = number(&said, word);
        assert!(
            namespaces.contains(&netns),
            "{word} {netns}: {namespaces:?}"
        );
    }
}

#[test]
fn a_socket_in_a_namespace_of_nobody_is_told_with_its_owner() {
    let Some((records, said)) = records("a namespace of nobody", "-tanp --all-netns") else {
        return;
    };
    let found = sockets(&records);
    let orphan = found.iter().find(|row| port(row) == 7013).expect("7013");
    assert_ne!(orphan.socket.netns, Some(number(&said, "own")));
    let owners = orphan.owners.as_deref().unwrap_or_default();
    assert!(
        owners
            .iter()
            .any(|owner| owner.comm.as_bytes() == b"python3")
    );
    let bound = found.iter().find(|row| port(row) == 7001).expect("7001");
    let state = bound.socket.kind.inet().map(|inet| inet.state);
    // Kernels before Linux 6.8 do not tell it, and the row above would be missing.
    assert_eq!(state, Some(State::Bound));
}

#[test]
fn a_name_forges_no_row() {
    let Some((records, _)) = records("a name forges no row", "-xl") else {
        return;
    };
    let rows = sockets(&records);
    assert!(rows.iter().all(|row| row.socket.inode.0 != 424_242));
    let named = rows.iter().any(|row| {
        matches!(&row.socket.kind, Kind::Unix(unix)
            if unix.path.as_ref().is_some_and(|path| path.as_bytes().ends_with(b"fake.sock")))
    });
    assert!(named, "the whole name is shown");
    let told = records.iter().any(
        |record| matches!(record, Record::Gap(gap) if gap.reason.starts_with("name-injection:")),
    );
    assert!(told);
}

#[test]
fn one_socket_is_told_alone() {
    let six = "[2001:db8:1234:5678:9abc:def0:1234:5678]";
    let args = format!("--exact tcp/127.0.0.1:7004,tcp/{six}:443,tcp/127.0.0.1:7001,udp/[::1]:1");
    let Some((records, _)) = records("one socket alone", &args) else {
        return;
    };
    let told: Vec<(u16, Option<State>)> = records
        .iter()
        .filter_map(|record| match record {
            Record::Alone(alone) => {
                let inet = alone.socket.as_ref().and_then(|it| it.kind.inet());
                Some((alone.port, inet.map(|inet| inet.state)))
            }
            _ => None,
        })
        .collect();
    // One that is only bound gets no packets: it is in no table that they are looked up in.
    let listens = Some(State::Listen);
    assert_eq!(
        told,
        [(7004, listens), (443, listens), (7001, None), (1, None)]
    );
}

#[test]
fn packet_sockets_come_with_their_filter() {
    let Some((records, _)) = records("packet sockets", "-0p") else {
        return;
    };
    let rows = sockets(&records);
    let filter = rows.iter().find_map(|row| row.socket.filter.as_ref());
    let filter = filter.expect("a filter");
    assert_eq!(filter.ports, [53]);
    assert_eq!(filter.text.len(), 9);
}

#[test]
fn what_only_a_message_holds_has_a_probable_owner() {
    let script = "eval \"$NETWORK\" 2>/dev/null; mount -t tmpfs none /mnt
        python3 -c \"$SOCKETS\" > /mnt/said & child=$!
        for try in 1 2 3 4 5 6 7 8 9 10; do [ -s /mnt/said ] || sleep 0.3; done
        $R -ltnp; $R -ltn --narrow; kill $child; true";
    if let Some(said) = on_stage("a probable owner", &["python3"], script) {
        let row = said
            .lines()
            .find(|line| line.contains(":7004 "))
            .expect("7004");
        assert!(row.contains("?") && row.contains("[in_flight]"), "{row}");
        assert!(
            said.contains(" 2001:db8:1234:5678::443 "),
            "cut as the original cuts"
        );
        assert!(said.contains(" 2001:db8:1234:5678:9abc:def0:1234:5678:443 "));
    }
}

#[test]
fn rounds_end_with_their_reader() {
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rnetstat"));
        command
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let output = run(&["-tln", "--count", "2"]).wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("Active Internet connections").count(), 2);

    let mut child = run(&["-tlnc"]);
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "Active Internet connections (only servers)\n");
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn jc_reads_what_we_print() {
    if !have("jc") {
        println!("SKIPPED: jc_reads_what_we_print: jc is not installed");
        return;
    }
    let script = "eval \"$NETWORK\" 2>/dev/null
        for q in -tlnp -anpe -rn -rne -i; do $R $q | jc --netstat -q > /dev/null || echo $q; done";
    if let Some(said) = on_stage("jc", &["jc"], script) {
        assert_eq!(said, "");
    }
}

#[test]
fn bad_usage_is_one_line_and_2() {
    for args in [
        &["--columns", "colour"][..],
        &["-ri"],
        &["--via", "pigeon"],
        &["-A", "ipx"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rnetstat"));
        let output = command.args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.lines().count()),
            (Some(2), 1),
            "{said}"
        );
    }
}
