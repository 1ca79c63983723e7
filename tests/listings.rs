//! What others list: the host's own tools, and files from elsewhere. And the report as a page,
//! and again and again.

#![expect(
    clippy::disallowed_methods,
    reason = "the test's own files, and the machine's programs as second readers of them"
)]

use e2e::{Inside, Output, Report, Stage, need, need_root, programs};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The path of a file of the stage's `/run`, seen from here.
fn outside(stage: &Stage, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root/run/{name}", stage.inner()))
}

/// Puts a file into the stage's `/run`.
fn put(stage: &Stage, name: &str, bytes: &[u8]) {
    let path = outside(stage, name);
    fs::create_dir_all(path.parent().expect("below /run")).expect("a directory");
    fs::write(&path, bytes).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

/// The listing of that name in a report: weight, ports it omits, ports it invents.
#[track_caller]
fn listing(report: &Report, name: &str) -> (String, Vec<u64>, Vec<u64>) {
    let all = report.others.get("listing").expect("listings");
    let is = |it: &&serde_json::Value| it["name"].as_str().is_some_and(|it| it.ends_with(name));
    let one = all.iter().find(is).expect("the listing");
    let ports = |key: &str| {
        let missed = one[key].as_array().expect("a list").iter();
        missed.filter_map(|it| it["port"].as_u64()).collect()
    };
    let weight = one["weight"].as_str().expect("a weight").to_owned();
    (weight, ports("omits"), ports("invents"))
}

#[track_caller]
fn report(inside: &Inside<'_>, args: &str, code: i32) -> (Output, Report) {
    let output = inside.tool("rcompare", &format!("--json {args}"));
    let report = Report::of(&output);
    assert_eq!(output.code, code, "exit code\n{output}");
    (output, report)
}

const TOOLS: [&str; 4] = ["netstat", "ss", "lsof", "fuser"];

#[test]
fn s10_a_netstat_that_drops_a_port_is_named_and_the_port_agrees() {
    need_root!();
    need!("netstat", "ss", "lsof", "fuser");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    stage.add("tcp 127.0.0.1:4445");
    let genuine = fs::read("/usr/bin/netstat").expect("netstat");
    put(&stage, "genuine", &genuine);
    let doctored = b"#!/bin/sh\n/run/genuine \"$@\" | grep -v ':4444 '\n";
    put(&stage, "doctored", doctored);
    let fooled = stage
        .inside()
        .within(240)
        .mounted("bind:/run/doctored:/usr/bin/netstat");
    let (_, told) = report(&fooled, "--passive --host-tools", 1);
    assert_eq!(told.port(4444).verdict, "AGREE");
    let evidence = &told.port(4444).evidence;
    assert!(
        told.port(4444).says("/usr/bin/netstat omits it"),
        "{evidence:?}"
    );
    assert!(!told.port(4445).says("omits"));
    let finding = ("finding".to_owned(), vec![4444], vec![]);
    assert_eq!(listing(&told, "netstat"), finding);
    for honest in ["ss", "lsof", "fuser"] {
        let fine = ("fine".to_owned(), vec![], vec![]);
        assert_eq!(listing(&told, honest), fine, "{honest}");
    }
    let table = fooled.tool("rcompare", "--passive --host-tools");
    assert!(
        table.text().contains("OMITS tcp 0.0.0.0 port 4444"),
        "{table}"
    );
}

#[test]
fn a_netstat_that_invents_a_port_is_named() {
    need_root!();
    need!("netstat");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let genuine = fs::read("/usr/bin/netstat").expect("netstat");
    put(&stage, "genuine", &genuine);
    let doctored = b"#!/bin/sh\n/run/genuine \"$@\"\n\
        echo 'tcp 0 0 0.0.0.0:31337 0.0.0.0:* LISTEN 1/init'\n";
    put(&stage, "doctored", doctored);
    let fooled = stage
        .inside()
        .within(240)
        .mounted("bind:/run/doctored:/usr/bin/netstat");
    let (_, told) = report(&fooled, "--passive --host-tools", 1);
    let finding = ("finding".to_owned(), vec![], vec![31337]);
    assert_eq!(listing(&told, "netstat"), finding);
}

#[test]
fn a_netstat_that_names_another_owner_is_named() {
    need_root!();
    need!("netstat", "ss", "lsof");
    let mut stage = Stage::new();
    let made = stage.add("tcp 0.0.0.0:4444");
    stage.add("tcp 127.0.0.1:4445");
    let genuine = fs::read("/usr/bin/netstat").expect("netstat");
    put(&stage, "genuine", &genuine);
    let doctored = b"#!/bin/sh\n/run/genuine \"$@\" | sed '/:4444 /s|[0-9]*/.*|1/init|'\n";
    put(&stage, "doctored", doctored);
    let fooled = stage
        .inside()
        .mounted("bind:/run/doctored:/usr/bin/netstat");
    let (_, told) = report(&fooled, "--passive --host-tools", 1);
    let port = told.port(4444);
    assert_eq!((port.verdict.as_str(), port.pid), ("AGREE", Some(made.pid)));
    assert!(
        port.says("/usr/bin/netstat names process 1 (init)"),
        "{port:#?}"
    );
    let honest = format!("/ss names process {} (stage)", made.pid);
    assert!(port.says(&honest), "{port:#?}");
    for (tool, lies) in [("netstat", 1), ("ss", 0), ("lsof", 0)] {
        let named = told.listings().find(|it| it["name"] == tool);
        let misnames = named.and_then(|it| it["misnames"].as_array());
        assert_eq!(misnames.map(Vec::len), Some(lies), "{tool}: {named:#?}");
    }
    let table = fooled.tool("rcompare", "--passive --host-tools");
    let words = format!(
        "MISNAMES tcp 0.0.0.0 port 4444, of process {}: it names process 1 (init)",
        made.pid
    );
    assert!(table.text().contains(&words), "{table}");
}

#[test]
fn honest_tools_omit_nothing_of_what_they_can_see() {
    need_root!();
    need!("netstat", "ss", "lsof", "fuser");
    let mut stage = Stage::new();
    for words in [
        "tcp 0.0.0.0:4444",
        "tcp [::]:4445",
        "tcp [::1]:4446 v6only",
        "udp 0.0.0.0:5353",
        "bound 127.0.0.1:9996",
        "thread 127.0.0.1:5101",
        "pair 127.0.0.1:5201 from=5202",
        "timewait 127.0.0.1:5301",
        "backlog 127.0.0.1:5303 2",
        "churn tcp 20 50",
        "churn udp 20 50",
    ] {
        stage.add(words);
    }
    let output = stage
        .inside()
        .tool("rcompare", "--json --passive --host-tools");
    let told = Report::of(&output);
    for tool in TOOLS {
        let fine = ("fine".to_owned(), vec![], vec![]);
        assert_eq!(listing(&told, tool), fine, "{tool}\n{output}");
    }
    assert!(matches!(output.code, 0 | 3), "{output}");
}

#[test]
fn a_tool_that_is_missing_late_or_speaks_in_tongues_is_a_gap() {
    need_root!();
    need!("netstat", "ss", "lsof");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    put(&stage, "late", b"#!/bin/sh\nexec sleep 60\n");
    put(
        &stage,
        "odd",
        b"#!/bin/sh\nprintf 'tcp \\033[31m \\377\\n'\n",
    );
    put(&stage, "dead", b"#!/bin/sh\nkill -9 $$\n");
    let inside = stage
        .inside()
        .mounted("bind:/run/late:/usr/bin/ss")
        .mounted("bind:/run/odd:/usr/bin/netstat")
        .mounted("bind:/run/dead:/usr/bin/lsof");
    let args = "--passive --host-tools --deadline 5 --rounds 3";
    let output = inside
        .within(120)
        .tool("rcompare", &format!("--json {args}"));
    let told = Report::of(&output);
    let gaps: Vec<String> = told.others["gap"]
        .iter()
        .map(|gap| format!("{}: {}", gap["place"], gap["reason"]))
        .collect();
    for (place, reason) in [
        ("/ss", "was killed at its deadline"),
        ("netstat", "line 1: not understood"),
        ("/lsof", "ended by signal 9"),
    ] {
        let named = |gap: &String| gap.contains(place) && gap.contains(reason);
        assert!(gaps.iter().any(named), "{place}: {gaps:?}");
    }
    // Nothing is said to be missing from what was not understood.
    assert_eq!(listing(&told, "netstat").1, Vec::<u64>::new());
    assert_eq!(told.port(4444).verdict, "AGREE");
}

#[test]
fn files_of_other_tools_are_held_against_what_is_here() {
    need_root!();
    need!("netstat", "ss", "lsof");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    stage.add("udp 127.0.0.1:5353");
    let gone = stage.add("tcp 127.0.0.1:4600").pid;
    for (file, tool, args) in [
        ("netstat.txt", "netstat", "-antup"),
        ("ss.txt", "ss", "-antup"),
        ("lsof.txt", "lsof", "-nP -i"),
    ] {
        let text = stage.program(tool, args).expect(0).stdout;
        put(&stage, file, &text);
    }
    let osquery = r#"[{"address":"0.0.0.0","family":"2","pid":"1","port":"4444","protocol":"6"}]"#;
    put(&stage, "osquery.json", osquery.as_bytes());
    for file in ["netstat_-an.txt", "netstat_-rn.txt"] {
        let text = stage.program("netstat", "-an").expect(0).stdout;
        put(&stage, &format!("uac/live_response/network/{file}"), &text);
    }
    stage
        .program("tar", "-cf /run/uac.tar -C /run/uac .")
        .expect(0);
    stage.program("gzip", "-k /run/uac.tar").expect(0);
    stage.kill(gone);
    let now = stage.add("tcp 127.0.0.1:4700").pid;
    let imports = [
        "netstat.txt",
        "ss.txt",
        "lsof.txt",
        "osquery.json",
        "uac",
        "uac.tar",
        "uac.tar.gz",
    ];
    let args: String = imports
        .iter()
        .map(|file| format!(" --import /run/{file}"))
        .collect();
    let (output, told) = report(&stage.inside(), &format!("--passive{args}"), 0);
    let note =
        |omits: &[u64], invents: &[u64]| ("note".to_owned(), omits.to_vec(), invents.to_vec());
    for file in ["netstat.txt", "ss.txt", "lsof.txt"] {
        assert_eq!(listing(&told, file), note(&[4700], &[4600]), "{output}");
    }
    assert_eq!(listing(&told, "osquery.json"), note(&[4700], &[]));
    for collection in [
        "/run/uac/live_response/network/",
        "uac.tar:./live_response/network/",
        "uac.tar.gz:./live_response/network/",
    ] {
        let name = format!("{collection}netstat_-an.txt");
        assert_eq!(listing(&told, &name), note(&[4700], &[4600]), "{output}");
    }
    assert!(told.port(4700).says("does not list it"), "process {now}");
}

#[test]
fn a_packed_collection_that_is_cut_or_changed_is_refused() {
    need_root!();
    need!("gzip", "tar");
    let stage = Stage::new();
    let text = stage.program("netstat", "-an").stdout;
    put(&stage, "uac/live_response/network/netstat_-an.txt", &text);
    stage
        .program("tar", "-czf /run/whole.tar.gz -C /run/uac .")
        .expect(0);
    let whole = fs::read(outside(&stage, "whole.tar.gz")).expect("the archive");
    let mut changed = whole.clone();
    let sum = changed.len() - 8;
    changed[sum] ^= 1;
    put(&stage, "changed.tar.gz", &changed);
    put(&stage, "cut.tar.gz", &whole[..whole.len() - 9]);
    for (file, why) in [("cut.tar.gz", "cut short"), ("changed.tar.gz", "checksum")] {
        let path = format!("--import /run/{file}");
        let refused = stage.tool("rcompare", &path).expect(2);
        let said = refused.errors();
        assert!(
            said.contains(file) && said.contains(why) && said.lines().count() == 1,
            "{refused}"
        );
    }
}

#[test]
fn what_is_none_of_it_is_refused_by_name() {
    need_root!();
    let stage = Stage::new();
    let cases: [(&str, &str, &[u8], &str); 9] = [
        ("--import", "empty.txt", b"", "no listing of netstat"),
        (
            "--import",
            "random.txt",
            b"\x00\x01\xff\xfe",
            "no listing of netstat",
        ),
        (
            "--import",
            "cut.json",
            b"[{\"port\":\"22\"",
            "listening_ports",
        ),
        ("--import", "uac.tar.gz", b"\x1f\x8b\x08\x00", "cut short"),
        (
            "--remote",
            "scan.txt",
            b"22/tcp open ssh\n",
            "neither our JSON nor",
        ),
        ("--remote", "cut.xml", b"<nmaprun><host>", "cut short"),
        ("--remote", "odd.xml", b"<nmaprun><a b=<", "not XML"),
        ("--remote", "cut.json", b"{\"type\":\"begin\"", "line 1"),
        ("--remote", "odd.gnmap", b"Host: nobody\n", "line 1"),
    ];
    for (option, file, bytes, reason) in cases {
        put(&stage, file, bytes);
        let path = format!("/run/{file}");
        let output = stage.tool("rcompare", &format!("{option} {path}"));
        let said = output.errors();
        assert_eq!((output.code, said.lines().count()), (2, 1), "{output}");
        assert!(said.contains(&path) && said.contains(reason), "{output}");
    }
    fs::create_dir(outside(&stage, "nothing")).expect("a directory");
    let output = stage.tool("rcompare", "--import /run/nothing").expect(2);
    assert!(output.errors().contains("no UAC collection"), "{output}");
}

/// What makes a page of a stage with something of everything.
fn page(stage: &mut Stage) -> Vec<u8> {
    stage.add("tcp 0.0.0.0:22");
    stage.add("tcp [::]:443");
    stage.add("udp 0.0.0.0:5353");
    stage.add("bound 127.0.0.1:9996");
    stage.add("thread 127.0.0.1:5101");
    let hostile = e2e::Spec::of("tcp 127.0.0.1:4502").comm(b"<b>&\x1b[1m\xff\"x");
    stage.add(hostile.argv0(b"<script>alert(1)</script>"));
    let args = "--passive --host-tools --html /run/page.html";
    let output = stage.inside().tool("rcompare", args);
    assert!(matches!(output.code, 0 | 3), "{output}");
    fs::read(outside(stage, "page.html")).expect("the page")
}

#[test]
fn the_page_needs_nothing_else_and_holds_no_foreign_markup() {
    need_root!();
    let mut stage = Stage::new();
    let bytes = page(&mut stage);
    let text = std::str::from_utf8(&bytes).expect("UTF-8");
    for word in [
        "<script", "src=", "http:", "https:", "url(", "@import", "<b>&\\", "\u{1b}",
    ] {
        assert!(!text.contains(word), "{word}");
    }
    for word in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;b&gt;&amp;\\x1b[1m\\xff&quot;x",
        "OWNER_THREAD",
        "tcp [::]:443",
        "What could not be looked at",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn the_page_is_drawn_by_a_browser() {
    need_root!();
    need!("chromium");
    let mut stage = Stage::new();
    let bytes = page(&mut stage);
    let dir = std::env::temp_dir().join(format!("concord-page-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a directory");
    fs::write(dir.join("page.html"), bytes).expect("the page");
    // A frame is as narrow as a phone; a window of a browser without a head is not.
    let frame = "<body style='margin:0'><iframe src=page.html width=390 height=2400 \
                 style='border:0'></iframe>";
    fs::write(dir.join("phone.html"), frame).expect("the frame");
    for (file, size) in [("page", "1280,1600"), ("phone", "500,2400")] {
        let picture = dir.join(format!("{file}.png"));
        draw(&dir.join(format!("{file}.html")), &picture, size);
        let drawn = fs::read(&picture).expect("a picture");
        assert!(drawn.starts_with(b"\x89PNG"), "{file}");
        // An empty page of this size is a few kilobytes.
        assert!(drawn.len() > 40_000, "{file}: {} bytes", drawn.len());
    }
    fs::remove_dir_all(dir).expect("it was ours");
}

fn draw(page: &Path, picture: &Path, size: &str) {
    let home = picture.with_extension("home");
    let mut command = std::process::Command::new("timeout");
    command
        .args([
            "-k",
            "5",
            "50",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
        ])
        .args([
            "--hide-scrollbars",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .arg(format!("--user-data-dir={}", home.display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("--window-size={size}"))
        .arg(format!("file://{}", page.display()));
    let output = e2e::run(&mut command);
    assert_eq!(output.code, 0, "{output}");
}

#[test]
fn watching_shows_what_comes_and_goes_and_ends_when_asked() {
    need_root!();
    need!("python3");
    let stage = Stage::new();
    let script = r#"
"$1" --watch 1 --passive --json > /run/out & watcher=$!
until grep -q '"type":"end"' /run/out; do sleep 0.1; done
python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 4545)); s.listen(); time.sleep(600)' & listener=$!
until grep -q '"happened":"new".*4545' /run/out; do sleep 0.1; done
kill $listener
until grep -q '"happened":"gone".*4545' /run/out; do sleep 0.1; done
kill -TERM $watcher; wait $watcher; echo "code $?"
"#;
    let program = programs().join("rcompare");
    let program = program.to_str().expect("a plain path");
    let inside = stage.inside().within(240);
    let output = inside.run("bash".as_ref(), ["-c", script, "bash", program]);
    assert!(
        matches!(output.text().as_str(), "code 0\n" | "code 3\n"),
        "{output}"
    );
    let told = fs::read(outside(&stage, "out")).expect("what it said");
    let text = std::str::from_utf8(&told).expect("UTF-8");
    let changes = text
        .lines()
        .filter(|line| line.contains("\"type\":\"change\""));
    assert_eq!(changes.count(), 2, "{text}");
}
