//! Cases: kept, verified, judged again elsewhere; what siblings can do wrong; and what a look
//! at a host leaves untouched there.

#![expect(
    clippy::disallowed_methods,
    reason = "the test's own files, and the machine's programs as second readers of them"
)]

use e2e::{Output, Report, Stage, need, need_root, programs, run, tool};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A directory of the test's own, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("concord-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a directory");
        Scratch(dir)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is in a directory for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A case streamed out of the stage.
#[track_caller]
fn made(stage: &Stage, args: &str, to: &Path) -> Output {
    let output = stage.tool("rcompare", &format!("--case - {args}"));
    assert!(matches!(output.code, 0 | 1 | 3), "{output}");
    fs::write(to, &output.stdout).expect("the case");
    output
}

/// Runs rcompare here, away from any stage.
fn here(args: &[&str]) -> Output {
    run(tool("rcompare").args(args))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Unpacks a tar file with the machine's tar.
fn unpack(tar: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    let mut command = std::process::Command::new("tar");
    run(command.args(["-xf", text(tar), "-C", text(to)])).expect(0);
}

/// Every file below a directory.
fn files(dir: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path
                    .strip_prefix(dir)
                    .expect("below it")
                    .display()
                    .to_string();
                found.insert(name, path);
            }
        }
    }
    found
}

#[test]
fn a_case_is_judged_again_elsewhere_to_the_same_bytes() {
    need_root!();
    need!("tar");
    let scratch = Scratch::new("again");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    stage.add("thread 127.0.0.1:5101");
    let case = scratch.at("case.tar");
    let args = "--passive --host-tools --operator Ada --number 17/a";
    made(&stage, args, &case);
    drop(stage);
    let verified = here(&["verify", text(&case)]).expect(0);
    assert!(
        verified.text().contains("all as they were stored"),
        "{verified}"
    );
    let dir = scratch.at("case");
    unpack(&case, &dir);
    here(&["verify", text(&dir)]).expect(0);
    // What nobody took a sum of is named, wherever it lies, and so is what is gone.
    for stranger in ["more.txt", "outputs/more.jsonl", "new/deep"] {
        let path = dir.join(stranger);
        fs::create_dir_all(path.parent().expect("inside")).expect("a directory");
        fs::write(&path, "x").expect("a stranger");
        let output = here(&["verify", text(&dir)]).expect(2);
        assert!(output.errors().contains("it has no sum"), "{output}");
        assert!(output.errors().contains(stranger), "{output}");
        fs::remove_file(&path).expect("it was there");
    }
    fs::rename(dir.join("facts.json"), scratch.at("facts")).expect("a file of the case");
    let said = here(&["verify", text(&dir)]).expect(2).errors();
    assert!(said.contains("facts.json: it is missing"), "{said}");
    fs::rename(scratch.at("facts"), dir.join("facts.json")).expect("and back");
    for case in [&case, &dir] {
        let page = scratch.at("page.html");
        let again = here(&["judge", text(case), "--json", "--html", text(&page)]);
        let kept = |name: &str| fs::read(dir.join(name)).expect("a file of the case");
        assert_eq!(again.stdout, kept("report.json"), "{again}");
        assert_eq!(fs::read(&page).expect("a page"), kept("report.html"));
        let again = here(&["judge", text(case), "--gaps", "--verbose"]);
        assert_eq!(again.stdout, kept("report.txt"), "{again}");
    }
    let bytes = fs::read(dir.join("case.json")).expect("case.json");
    let told: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(told["operator"], "Ada");
    assert_eq!(told["number"], "17/a");
    assert_eq!(told["host"], "stage");
    for key in ["kernel", "argv", "clock", "programs", "steps", "tools"] {
        assert!(!told[key].is_null(), "{key}");
    }
    assert!(
        told["clock"]["boot_id"]
            .as_str()
            .is_some_and(|id| id.len() == 36)
    );
    for program in told["programs"].as_array().expect("programs") {
        assert_eq!(
            program["sha256"].as_str().map(str::len),
            Some(64),
            "{program}"
        );
    }
    let sums = run(std_command("sha256sum")
        .args(["-c", "--quiet", "SHA256SUMS"])
        .current_dir(&dir));
    assert_eq!(sums.code, 0, "{sums}");
}

fn std_command(name: &str) -> std::process::Command {
    std::process::Command::new(name)
}

#[test]
fn one_flipped_byte_anywhere_is_found_and_named() {
    need_root!();
    need!("tar");
    let scratch = Scratch::new("flipped");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let case = scratch.at("case.tar");
    made(&stage, "--passive --rounds 1", &case);
    let dir = scratch.at("case");
    unpack(&case, &dir);
    let all = files(&dir);
    assert!(all.len() >= 12, "{all:?}");
    for (name, path) in &all {
        let bytes = fs::read(path).expect("a file");
        if bytes.is_empty() {
            continue;
        }
        let mut damaged = bytes.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("its mode");
        fs::write(path, &damaged).expect("damage");
        for question in ["verify", "judge"] {
            let output = here(&[question, text(&dir)]).expect(2);
            // A damaged sum is met at the file it was of.
            let named = name == "SHA256SUMS" || output.errors().contains(name.as_str());
            assert!(named && output.stdout.is_empty(), "{name}: {output}");
        }
        fs::write(path, &bytes).expect("the right bytes");
    }
    here(&["verify", text(&dir)]).expect(0);
}

#[test]
fn what_the_kernel_told_is_in_the_case_and_is_read_again() {
    need_root!();
    need!("tar");
    let scratch = Scratch::new("records");
    let mut stage = Stage::new();
    let double = stage.add("tcp 127.0.0.1:4444").pid;
    let case = scratch.at("case.tar");
    made(&stage, "--passive --rounds 1", &case);
    drop(stage);
    let dir = scratch.at("case");
    unpack(&case, &dir);
    let records: Vec<PathBuf> = files(&dir.join("records")).into_values().collect();
    assert!(records.len() >= 4, "{records:?}");
    let mut seen = Vec::new();
    for record in records {
        let tree = record.with_extension("tree");
        unpack(&record, &tree);
        let name = record.display().to_string();
        let (program, args): (&str, &[&str]) = if name.ends_with("-netlink.tar") {
            ("rnetstat", &["-tan", "--via", "netlink"])
        } else if name.ends_with("-private-procfs.tar") {
            ("rnetstat", &["-tan", "--via", "private"])
        } else if name.ends_with("-procfs.tar") {
            ("rnetstat", &["-tan", "--via", "procfs"])
        } else if name.ends_with("-walk.tar") {
            ("rlsof", &["--json", "--sockets"])
        } else {
            continue;
        };
        let output = run(tool(program).args(args).args(["--sysroot", text(&tree)]));
        let expected = if program == "rlsof" {
            format!("\"pid\":{double}")
        } else {
            "127.0.0.1:4444".to_owned()
        };
        assert!(output.text().contains(&expected), "{name}\n{output}");
        seen.push(program);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn a_case_and_a_scan_made_elsewhere_give_the_verdicts_of_a_live_look() {
    need_root!();
    let scratch = Scratch::new("remote");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    stage.add("tcp 127.0.0.1:4445");
    let scan = stage
        .tool("rnmap", "-sT -p 4000-5000 --json 127.0.0.1")
        .expect(0);
    // As another machine would see it: one port shut on the way, one that nobody has.
    let mut seen = scan.text().replace(
        "\"port\":4445,\"state\":\"open\"",
        "\"port\":4445,\"state\":\"filtered\"",
    );
    seen = seen.replace(
        "\"port\":4444,\"state\":\"open\"",
        "\"port\":4666,\"state\":\"open\"",
    );
    assert_ne!(seen, scan.text());
    let file = scratch.at("scan.json");
    fs::write(&file, &seen).expect("the scan");
    let inside = PathBuf::from(format!("/proc/{}/root/run/scan.json", stage.inner()));
    fs::write(inside, &seen).expect("the scan");
    let live = stage.tool("rcompare", "--json --passive --remote /run/scan.json");
    let case = scratch.at("case.tar");
    made(&stage, "--passive", &case);
    drop(stage);
    let judged = here(&["judge", text(&case), "--json", "--remote", text(&file)]);
    assert_eq!(live.code, judged.code, "{judged}");
    let (live, judged) = (Report::of(&live), Report::of(&judged));
    assert_eq!(live.lines(), judged.lines());
    assert_eq!(judged.port(4445).verdict, "FILTERED_REMOTE");
    assert_eq!(judged.port(4666).verdict, "REMOTE_ONLY");
}

#[test]
fn a_damaged_or_hostile_case_is_refused() {
    need_root!();
    let scratch = Scratch::new("hostile");
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let case = scratch.at("case.tar");
    made(&stage, "--passive --rounds 1", &case);
    let whole = fs::read(&case).expect("the case");
    let bad = scratch.at("bad.tar");
    let cuts = [
        0,
        1,
        511,
        512,
        700,
        whole.len() / 3,
        whole.len() / 2,
        whole.len() - 1025,
    ];
    for cut in cuts {
        fs::write(&bad, &whole[..cut]).expect("a cut case");
        let output = here(&["verify", text(&bad)]).expect(2);
        assert_eq!(output.errors().lines().count(), 1, "{output}");
        assert!(output.errors().contains("bad.tar"), "{output}");
    }
    let mut climbing = whole.clone();
    climbing[..8].copy_from_slice(b"../../x\0");
    let mut endless = whole.clone();
    endless[124..136].copy_from_slice(b"77777777777\0");
    for bytes in [climbing, endless, b"<html>".to_vec(), vec![0xff; 4096]] {
        fs::write(&bad, bytes).expect("a hostile case");
        for question in ["verify", "judge"] {
            let output = here(&[question, text(&bad)]).expect(2);
            assert!(output.errors().contains("bad.tar"), "{output}");
        }
    }
    here(&["verify", "/no/such/case"]).expect(2);
}

/// Runs rcompare from a directory where one sibling is another program, or none.
#[track_caller]
fn with_sibling(name: &str, script: Option<&str>) -> (Output, Report) {
    let mut stage = Stage::new();
    stage.add("tcp 0.0.0.0:4444");
    let dir = PathBuf::from(format!("/proc/{}/root/run/concord", stage.inner()));
    fs::create_dir(&dir).expect("a directory");
    for program in ["rcompare", "rnetstat", "rlsof", "rnmap"] {
        if program == name {
            continue;
        }
        fs::copy(programs().join(program), dir.join(program)).expect("a copy");
    }
    if let Some(script) = script {
        fs::write(dir.join(name), format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o755)).expect("mode");
    }
    let words = ["--json", "--passive", "--rounds", "1", "--deadline", "6"];
    let inside = stage.inside().within(120);
    let output = inside.run("/run/concord/rcompare".as_ref(), words);
    let report = Report::of(&output);
    (output, report)
}

#[track_caller]
fn named((output, report): (Output, Report), name: &str, reason: &str) {
    let gaps = report.others.get("gap").expect("gaps");
    let is = |gap: &&serde_json::Value| {
        gap["place"] == name && gap["reason"].as_str().is_some_and(|it| it.contains(reason))
    };
    assert!(
        gaps.iter().any(|gap| is(&gap)),
        "{name}: {reason}\n{output}"
    );
    assert_eq!(output.code, 3, "{output}");
}

#[test]
fn a_missing_sibling_is_a_gap_that_names_it() {
    need_root!();
    named(
        with_sibling("rlsof", None),
        "rlsof",
        "No such file or directory",
    );
}

#[test]
fn a_killed_sibling_is_a_gap_that_names_it() {
    need_root!();
    let killed = with_sibling("rlsof", Some("kill -9 $$"));
    named(killed, "rlsof", "ended by signal 9");
}

#[test]
fn a_silent_sibling_is_a_gap_that_names_it() {
    need_root!();
    let silent = with_sibling("rlsof", Some("exec sleep 60"));
    named(silent, "rlsof", "was killed at its deadline");
}

#[test]
fn a_sibling_that_lies_in_its_json_is_a_gap_that_names_it() {
    need_root!();
    let begin = r#"{"type":"begin","schema":1,"tool":"rlsof","version":"0","source":"walk"}"#;
    let end = r#"{"type":"end","rows":7,"gaps":0,"coverage":{"processes":9}}"#;
    let lying = with_sibling("rlsof", Some(&format!("echo '{begin}'; echo '{end}'")));
    named(lying, "rlsof", "its counts do not fit: 7 rows");
    let babble = with_sibling(
        "rlsof",
        Some(&format!("echo '{begin}'; echo '{{\"type\":'")),
    );
    named(babble, "rlsof", "line 2 is no record of ours");
    let other = with_sibling(
        "rlsof",
        Some(&format!("echo '{}'", begin.replace("rlsof", "x"))),
    );
    named(other, "rlsof", "line 1 is not from whom we asked");
}

/// Calls that change something, or reach somebody.
const CALLS: &str = "open,openat,openat2,creat,execve,execveat,connect,sendto,sendmsg,sendmmsg,\
    unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,\
    mknod,mknodat,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,\
    utimensat,setxattr,mount,umount2,move_mount,swapon,reboot,kexec_load,ptrace";

/// What a run did that a look must not do, by its trace.
fn deeds(trace: &str, programs: &Path) -> Vec<String> {
    let ours = format!("\"{}/", programs.display());
    let forbidden = |line: &&str| {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let name = call.split('(').next().unwrap_or_default();
        let writes = [
            "O_WRONLY",
            "O_RDWR",
            "O_CREAT",
            "O_TRUNC",
            "O_APPEND",
            "O_TMPFILE",
        ];
        match name {
            "open" | "openat" | "openat2" => {
                writes.iter().any(|flag| call.contains(flag)) && !call.contains("\"/dev/null\"")
            }
            "execve" => !call.contains(&ours),
            "connect" | "sendto" | "sendmsg" | "sendmmsg" => {
                let local = [
                    "\"127.0.0.1\"",
                    "\"::1\"",
                    "AF_NETLINK",
                    "sa_family=AF_UNSPEC",
                ];
                let says = call.contains("sin_addr")
                    || call.contains("sin6_addr")
                    || call.contains("sun_path");
                says && !local.iter().any(|it| call.contains(it))
            }
            // statmount and listmount, which this strace does not know by name: they only tell.
            "syscall_0x1c9" | "syscall_0x1ca" => false,
            // A line that is not the beginning of a call.
            _ if !call.contains('(')
                || call.starts_with("<...")
                || call.starts_with("+++")
                || call.starts_with("---") =>
            {
                false
            }
            _ => true,
        }
    };
    trace.lines().filter(forbidden).map(str::to_owned).collect()
}

#[track_caller]
fn touches_nothing(args: &str) {
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    let dir = programs().display();
    let traced = format!("-f -qq -s 128 -o /run/trace -e trace={CALLS} {dir}/{args}");
    let output = stage.inside().within(240).program("strace", &traced);
    assert!(matches!(output.code, 0 | 1 | 3), "{output}");
    let trace = fs::read(format!("/proc/{}/root/run/trace", stage.inner())).expect("a trace");
    let trace: String = trace.utf8_chunks().map(|chunk| chunk.valid()).collect();
    assert!(trace.lines().count() > 5, "{trace}");
    assert_eq!(deeds(&trace, programs()), Vec::<String>::new(), "{args}");
}

#[test]
fn a_look_leaves_the_host_as_it_was() {
    need_root!();
    need!("strace");
    touches_nothing("rcompare --rounds 1 --address 127.0.0.1");
}

#[test]
fn the_other_four_leave_the_host_as_it_was() {
    need_root!();
    need!("strace");
    for args in [
        "rnetstat -anp",
        "rlsof -nP",
        "rfuser -v 4444/tcp",
        "rnmap -sT -p 4000-5000 127.0.0.1",
    ] {
        touches_nothing(args);
    }
}

#[test]
fn a_trace_of_a_deed_is_understood() {
    let ours = Path::new("/opt/concord");
    for deed in [
        "7 openat(AT_FDCWD, \"/tmp/x\", O_WRONLY|O_CREAT, 0666) = 3",
        "7 execve(\"/usr/bin/ss\", [\"ss\"], 0x7ff) = 0",
        "7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"192.0.2.1\")}, 16) = 0",
        "7 unlink(\"/tmp/x\") = 0",
        "mkdir(\"/tmp/y\", 0777) = 0",
    ] {
        assert_eq!(deeds(deed, ours), [deed]);
    }
    for harmless in [
        "7 openat(AT_FDCWD, \"/proc/net/tcp\", O_RDONLY|O_CLOEXEC) = 3",
        "7 openat(AT_FDCWD, \"/dev/null\", O_RDWR) = 3",
        "7 execve(\"/opt/concord/rlsof\", [\"rlsof\"], 0x7ff) = 0",
        "7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0",
        "7 <... connect resumed>) = 0",
        "7 +++ exited with 0 +++",
    ] {
        assert_eq!(deeds(harmless, ours), Vec::<String>::new(), "{harmless}");
    }
}
