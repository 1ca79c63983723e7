//! What rnmap says: bad input in one line, outputs others can read.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test runs the program, and fails by panicking"
)]

mod lab;

use lab::{Lab, cannot_run};
use socket2::Type;
use std::process::Command;

fn rnmap(words: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_rnmap"))
        .args(words)
        .output()
        .unwrap();
    (
        out.status.code(),
        String::from_utf8(out.stdout).unwrap(),
        String::from_utf8(out.stderr).unwrap(),
    )
}

/// One line, exit 2, nothing on standard output: nothing was sent.
#[test]
fn bad_input_is_one_line() {
    for words in [
        &["-sT"][..],
        &["-sT", "300.1.1.1"],
        &["-sT", "10.0.0.1/33"],
        &["-sT", "no.such.name"],
        &["-sT", "-p", "1", "0.0.0.0"],
        &["-sT", "-p", "1", "::"],
        &["-sT", "a\x1b[1mb"],
        &["-sT", "-p", "0", "127.0.0.1"],
        &["-sT", "-p", "70000", "127.0.0.1"],
        &["-sT", "-p", "5-1", "127.0.0.1"],
        &["-sT", "-p", "U:53", "127.0.0.1"],
        &["-sT", "-p", "nosuchservice", "127.0.0.1"],
        &["-sT", "-sS", "127.0.0.1"],
        &["-sQ", "127.0.0.1"],
        &["-T9", "127.0.0.1"],
        &["--max-rate", "0", "127.0.0.1"],
        &["--max-rate", "1e-19", "127.0.0.1"],
        &["--scan-delay", "9300000000000000000s", "127.0.0.1"],
        &["--host-timeout", "9000h", "127.0.0.1"],
        &["--min-rate", "9", "--max-rate", "8", "127.0.0.1"],
        &["-p", "1", "-oX", "/no/such/dir/x", "127.0.0.1"],
        &["-p", "1", "-oX", "-", "-oG", "-", "127.0.0.1"],
        &["-iL", "/no/such/file"],
        &["--resume", "/dev/null", "127.0.0.1"],
        &["--netns", "no-such-namespace", "127.0.0.1"],
        &["--bind-probe", "127.0.0.1"],
        &["--nonsense"],
    ] {
        let (code, out, err) = rnmap(words);
        assert_eq!(code, Some(2), "{words:?}: {err}");
        assert_eq!(out, "", "{words:?}");
        assert_eq!(err.lines().count(), 1, "{words:?}: {err}");
        assert!(
            err.starts_with("rnmap: ") && !err.contains('\x1b'),
            "{words:?}: {err}"
        );
    }
}

/// What would be sent, and how long it takes.
#[test]
fn a_dry_run_sends_nothing_and_counts_right() {
    let (code, out, _) = rnmap(&[
        "--dry-run",
        "-Pn",
        "-sT",
        "-p",
        "1-100",
        "--max-rate",
        "50",
        "192.0.2.0/30",
    ]);
    assert_eq!(code, Some(0));
    assert!(
        out.starts_with("tcp: 4 hosts x 100 ports = 400 connections"),
        "{out}"
    );
    assert!(out.contains("8.0 s at least"), "{out}");
    let slow = "--dry-run -Pn -sT -p 1-100 --scan-delay 500ms 192.0.2.1";
    let (_, out, _) = rnmap(&slow.split(' ').collect::<Vec<_>>());
    assert!(out.contains("50.0 s at least"), "{out}");
}

/// A name is asked of the server given, and of nobody else.
#[test]
fn a_name_is_asked_of_the_server_named() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.7:22");
    lab.name_server("127.0.0.1:53", [127, 0, 0, 7]);
    let out = lab.rnmap(
        &lab.suspect,
        "-sT -p 22 --dns-servers 127.0.0.1 web.example",
    );
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(
        said.contains("Nmap scan report for web.example (127.0.0.7)\n"),
        "{said}"
    );
    assert!(said.contains("22/tcp open  ssh\n"), "{said}");
    let out = lab.rnmap(&lab.suspect, "-sT -p 22 web.example");
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
}

/// The name of an address is the server's word, and told as such.
#[test]
fn the_name_of_an_address_is_asked_when_wanted() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.name_server("127.0.0.1:53", [127, 0, 0, 7]);
    let said = |words: &str| {
        let out = lab.rnmap(&lab.suspect, &format!("-sT -p 22 127.0.0.7 {words}"));
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let (code, xml) = said("-R --dns-servers 127.0.0.1 -oX -");
    assert_eq!(code, Some(0));
    assert!(
        xml.contains("<hostname name=\"pointed.example\" type=\"PTR\"/>"),
        "{xml}"
    );
    let (_, text) = said("--dns-servers 127.0.0.1");
    assert!(text.contains("report for 127.0.0.7\n"), "{text}");
    assert_eq!(said("-R").0, Some(2));
    // Nobody is there to answer, or one answer is none: told, and all the same asked.
    for (words, place) in [
        ("-R --dns-servers 127.0.0.9", "name of 127.0.0.7"),
        ("-R --dns-servers 127.0.0.1 127.0.0.8", "name of 127.0.0.8"),
    ] {
        let (code, json) = said(&format!("{words} --json"));
        assert_eq!(code, Some(3), "{words}");
        let gaps = lab::gaps(json.as_bytes());
        assert!(gaps.len() == 1 && gaps[0].0 == place, "{words}: {gaps:?}");
        assert_eq!(lab::states(json.as_bytes()).len(), 1, "{words}");
    }
}

/// One name that cannot be found keeps no other target from being asked.
#[test]
fn a_name_without_an_address_is_a_gap_of_its_own() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.7:22");
    lab.name_server("127.0.0.1:53", [127, 0, 0, 7]);
    let ask = "-sT -p 22 --dns-servers 127.0.0.1 bad.example --gaps";
    let out = lab.rnmap(&lab.suspect, &format!("{ask} web.example 127.0.0.9 --json"));
    assert_eq!(out.status.code(), Some(3));
    let gap = ("target bad.example".to_owned(), None);
    assert_eq!(lab::gaps(&out.stdout), [gap]);
    let json = str::from_utf8(&out.stdout).unwrap();
    for addr in ["127.0.0.7", "127.0.0.9"] {
        assert!(json.contains(&format!("\"addr\":\"{addr}\"")), "{json}");
    }
    for more in ["-sL web.example", "-oX - web.example"] {
        let out = lab.rnmap(&lab.suspect, &format!("{ask} {more}"));
        let told = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(3), "{more}");
        assert_eq!(
            told,
            "rnmap: target bad.example: the name server could not find out\n"
        );
    }
    // Nobody is left to ask.
    let out = lab.rnmap(&lab.suspect, ask);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    let lines = out.stderr.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines, 1);
}

/// The list is that of the namespace named, and what is not in it is told.
#[test]
fn the_targets_of_another_namespace_are_listed_from_inside() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let lab = Lab::joined();
    let ask = format!("-sL --local --gaps --netns {}", lab.suspect);
    let out = lab.rnmap(&lab.trusted, &ask);
    let said = String::from_utf8(out.stdout).unwrap();
    for addr in ["127.0.0.1", "::1", "10.77.0.1", "fd77::1"] {
        assert!(said.contains(&format!("report for {addr}\n")), "{said}");
    }
    assert!(!said.contains("10.77.0.2"), "{said}");
    assert!(
        said.ends_with("rnmap done: 4 IP addresses (0 hosts up) listed\n"),
        "{said}"
    );
    let told = String::from_utf8(out.stderr).unwrap();
    assert!(
        told.contains("link-local: not asked without its zone"),
        "{told}"
    );
    assert_eq!(out.status.code(), Some(3));
}

/// The course text's words, line by line.
#[test]
fn both_styles_say_what_nmap_said() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:22");
    let said = |words: &str| {
        let out = lab.rnmap(&lab.suspect, words);
        String::from_utf8(out.stdout).unwrap()
    };
    let modern = said("-sT -vv -p 1-100 localhost");
    for line in [
        "Initiating Connect Scan at ",
        "Scanning 127.0.0.1 [100 ports]\n",
        "Discovered open port 22/tcp on 127.0.0.1\n",
        "Completed Connect Scan at ",
        "Nmap scan report for localhost (127.0.0.1)\nHost is up, received localhost-response.\n",
        "Not shown: 99 closed tcp ports (conn-refused)\n\
         PORT   STATE SERVICE REASON\n22/tcp open  ssh     syn-ack\n\nrnmap done: 1 IP address (1 host up)",
    ] {
        assert!(modern.contains(line), "{line}\n{modern}");
    }
    let old = said("-sT -v --style 2005 -p 1-100 localhost");
    for line in [
        "Initiating Connect() Scan against 127.0.0.1 [100 ports] at ",
        "Discovered open port 22/tcp on 127.0.0.1\nThe Connect() Scan took ",
        "Interesting ports on localhost (127.0.0.1):\n\
         (The 99 ports scanned but not shown below are in state: closed)\n\
         PORT   STATE SERVICE\n22/tcp open  ssh\n\nrnmap finished: 1 IP address (1 host up) scanned in ",
    ] {
        assert!(old.contains(line), "{line}\n{old}");
    }
}

/// Ports without an answer are told in the words of 2005 too.
#[test]
fn what_is_not_settled_is_told_in_both_styles() {
    if cannot_run(&["ip"]) {
        return;
    }
    let lab = Lab::empty();
    for style in ["modern", "2005"] {
        let ask = format!("-sT -Pn -p 22,23 --style {style} 192.0.2.9");
        let out = lab.rnmap(&lab.suspect, &ask);
        let said = String::from_utf8(out.stdout).unwrap();
        assert!(said.contains("\nNot settled: 2 tcp ports\n"), "{said}");
        assert!(!said.contains("All 0 "), "{said}");
    }
}

/// A peer that speaks control characters and markup, in every output.
#[test]
fn xml_is_valid_and_hostile_words_stay_words() {
    if cannot_run(&["ip", "xmllint"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.speak(
        "127.0.0.1:2222",
        b"SSH-2.0-<evil>&\"\x1b[31m\x00\xff--\xe2\x80\xae\r\n",
    );
    let stem = format!("/tmp/{}", lab.suspect);
    let out = lab.rnmap(
        &lab.suspect,
        &format!("-sT -sV -sU --reason -p T:2200-2300,U:1-40 -oA {stem} 127.0.0.1"),
    );
    assert_eq!(out.status.code(), Some(0));
    assert!(!out.stdout.contains(&0x1b));
    let xml = format!("{stem}.xml");
    let words = lab::validates(&xml);
    let checked = lab.run(&lab.suspect, &words);
    assert!(
        checked.status.success(),
        "{}",
        str::from_utf8(&checked.stderr).unwrap()
    );
    let json = std::fs::read_to_string(format!("{stem}.json")).unwrap();
    assert!(
        json.contains("\"hex\":\"5353482d322e302d3c6576696c3e"),
        "{json}"
    );
    for ending in ["nmap", "xml", "gnmap", "json"] {
        let bytes = std::fs::read(format!("{stem}.{ending}")).unwrap();
        assert!(!bytes.is_empty() && !bytes.contains(&0x1b), "{ending}");
        std::fs::remove_file(format!("{stem}.{ending}")).unwrap();
    }
}

/// Ports without an answer are told in outputs that have no place for them, too.
#[test]
fn what_could_not_be_asked_is_no_success() {
    let (code, xml, _) = rnmap(&["-sT", "-Pn", "-p", "22,23", "-oX", "-", "fe80::1"]);
    assert_eq!(code, Some(3));
    assert!(
        xml.contains("exit=\"error\" errormsg=\"tcp fe80::1: 2 ports "),
        "{xml}"
    );
    assert!(!xml.contains("success"), "{xml}");
    let (code, lines, _) = rnmap(&["-sT", "-Pn", "-p", "22,23", "-oG", "-", "fe80::1"]);
    assert_eq!(code, Some(3));
    assert!(lines.contains("\n# gap: tcp fe80::1: 2 ports "), "{lines}");
    let (_, xml, _) = rnmap(&["-sT", "-p", "1", "-oX", "-", "127.0.0.1"]);
    assert!(xml.contains("exit=\"success\""), "{xml}");
}
