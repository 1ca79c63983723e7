//! Programs that read nmap's output read ours: ndiff, python-libnmap, python-nmap, jc.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test runs the program, and fails by panicking"
)]

mod lab;

use lab::{Lab, cannot_run};
use socket2::Type;

/// The system's Python, which Debian's packages are for.
const PYTHON: &str = "/usr/bin/python3";

/// Runs a script, unless a module it needs is not installed.
fn python(lab: &Lab, module: &str, script: &str) -> Option<String> {
    let there = lab.run(&lab.suspect, &[PYTHON, "-c", &format!("import {module}")]);
    if !there.status.success() {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default().to_owned();
        eprintln!("SKIPPED: {name}: python has no {module}");
        return None;
    }
    let read = lab.run(&lab.suspect, &[PYTHON, "-c", script]);
    let why = String::from_utf8_lossy(&read.stderr).into_owned();
    assert!(read.status.success(), "{why}");
    Some(String::from_utf8(read.stdout).unwrap())
}

/// A directory in which our program is called nmap, as on the medium.
struct Called {
    dir: String,
}

impl Called {
    fn nmap(lab: &Lab) -> Called {
        let dir = format!("/tmp/called-{}", lab.suspect);
        std::fs::create_dir(&dir).unwrap();
        let link = format!("{dir}/nmap");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rnmap"), link).unwrap();
        Called { dir }
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// What changed between two scans, told by nmap's own ndiff; and jc makes JSON of one.
#[test]
fn ndiff_and_jc_read_the_xml() {
    if cannot_run(&["ip", "ndiff", "jc"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:22");
    let [before, after] = ["a", "b"].map(|which| format!("/tmp/{}-{which}.xml", lab.suspect));
    lab.rnmap(
        &lab.suspect,
        &format!("-sT -p 20-99 -oX {before} 127.0.0.1"),
    );
    lab.hold(Type::STREAM, "127.0.0.1:80");
    lab.rnmap(&lab.suspect, &format!("-sT -p 20-99 -oX {after} 127.0.0.1"));
    let same = lab.run(&lab.suspect, &["ndiff", &before, &before]);
    assert_eq!(
        same.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&same.stderr)
    );
    let told = lab.run(&lab.suspect, &["ndiff", &before, &after]);
    assert_eq!(
        told.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let words = String::from_utf8(told.stdout).unwrap();
    assert!(words.contains("+80/tcp open  http"), "{words}");
    assert!(
        words.contains("-Not shown: 79 closed") && words.contains("+Not shown: 78 closed"),
        "{words}"
    );
    let script = format!("jc --xml < {after}");
    let json = lab.run(&lab.suspect, &["sh", "-c", &script]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let ports = value.pointer("/nmaprun/host/ports/port").unwrap();
    let numbers: Vec<&str> = ports
        .as_array()
        .unwrap()
        .iter()
        .map(|port| port["@portid"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["22", "80"]);
    for path in [before, after] {
        std::fs::remove_file(path).unwrap();
    }
}

/// python-libnmap reads a file, and runs us in nmap's place.
#[test]
fn libnmap_reads_the_xml_and_runs_us() {
    if cannot_run(&["ip", PYTHON]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:22");
    let called = Called::nmap(&lab);
    let path = format!("{}/scan.xml", called.dir);
    lab.rnmap(&lab.suspect, &format!("-sT -p 20-80 -oX {path} localhost"));
    let dir = &called.dir;
    let script = format!(
        "from libnmap.parser import NmapParser\n\
         from libnmap.process import NmapProcess\n\
         p = NmapProcess('127.0.0.1', options='-sT -p 20-80', fqp='{dir}/nmap')\n\
         p.run()\n\
         for r in (NmapParser.parse_fromfile('{path}'), NmapParser.parse(p.stdout)):\n\
         \x20   print([(h.address, h.status, h.get_open_ports()) for h in r.hosts], r.hosts_up)"
    );
    if let Some(said) = python(&lab, "libnmap", &script) {
        let line = "[('127.0.0.1', 'up', [(22, 'tcp')])] 1\n";
        assert_eq!(said, line.repeat(2));
    }
}

/// python-nmap looks for its version line, runs us and reads.
#[test]
fn python_nmap_runs_us() {
    if cannot_run(&["ip", PYTHON]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:22");
    let called = Called::nmap(&lab);
    let dir = &called.dir;
    let script = format!(
        "import nmap\n\
         s = nmap.PortScanner(nmap_search_path=('{dir}/nmap',))\n\
         s.scan('127.0.0.1', '20-80', arguments='-sT')\n\
         print(s.nmap_version(), s['127.0.0.1']['tcp'][22]['state'], s['127.0.0.1'].state())"
    );
    if let Some(said) = python(&lab, "nmap", &script) {
        assert_eq!(said, "(7, 93) open up\n");
    }
}
