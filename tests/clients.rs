//! What other people's programs make of our output: validators of the published schema, and jc,
//! which reads the originals' tables.

use e2e::golden::repository;
use e2e::{Crowd, Output, Stage, need, need_root};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Holds every line of the files against the definition of its type, and of its fact where it
/// has one; says how many lines of which type there were.
const VALIDATE: &str = r#"
import json, sys
from collections import Counter
from jsonschema import Draft202012Validator as Validator
schema = json.load(open(sys.argv[1]))
Validator.check_schema(schema)
kinds = {}
for one in schema["oneOf"]:
    properties = schema["$defs"][one["$ref"].rsplit("/", 1)[1]]["properties"]
    key = properties["type"]["const"], properties.get("fact", {}).get("const")
    assert key not in kinds, key
    kinds[key] = Validator({"$ref": one["$ref"], "$defs": schema["$defs"]})
counts = Counter()
for path in sys.argv[2:]:
    for line in open(path, encoding="utf-8"):
        value = json.loads(line)
        key = value["type"], value.get("fact")
        if key not in kinds:
            sys.exit(f"{path}: no schema of {key}: {line}")
        for error in kinds[key].iter_errors(value):
            sys.exit(f"{path}: {list(error.path)}: {error.message}\n{line}")
        counts[" ".join(filter(None, key))] += 1
print(json.dumps(counts))
"#;

/// A directory of our own that goes with its value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("concord-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a scratch directory");
        Scratch(dir)
    }

    fn keep(&self, name: &str, output: &Output) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, &output.stdout).expect("it can be written");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How many lines of each type there were; all fit the schema.
#[expect(
    clippy::disallowed_methods,
    reason = "the validator is a program of the machine's"
)]
#[track_caller]
fn valid(schema: &str, files: &[PathBuf]) -> Value {
    let mut command = Command::new("/usr/bin/python3");
    command
        .args(["-c", VALIDATE])
        .arg(repository(schema))
        .args(files);
    let told = e2e::run(&mut command);
    assert_eq!(told.code, 0, "{}", told.errors());
    serde_json::from_str(&told.text()).expect("it counts")
}

const QUESTIONS: &[(&str, &str)] = &[
    ("rnetstat", "-anp"),
    ("rnetstat", "-an --via netlink"),
    ("rnetstat", "-anpx -w -0 --netlink --all-netns"),
    ("rnetstat", "-r"),
    ("rnetstat", "-i"),
    ("rnetstat", "-g"),
    ("rnetstat", "-s"),
    ("rlsof", ""),
    ("rlsof", "-i"),
    ("rlsof", "--sockets"),
    ("rlsof", "--sockets --via pidfd"),
    ("rlsof", "--rings"),
    ("rlsof", "--behind --pid 1,2,3"),
    ("rnetstat", "-an --via netlink-read"),
    (
        "rnetstat",
        "--exact tcp/127.0.0.1:4444,tcp/127.0.0.1:1,udp/127.0.0.1:5353",
    ),
    ("rfuser", "4444/tcp 5353/udp 5310/tcp 8888/tcp"),
    ("rfuser", "/run/read /run/cwd"),
    ("rnmap", "-sT -p 4444,4445,1 127.0.0.1"),
    ("rnmap", "-sU -p 5353,1 127.0.0.1"),
];

#[test]
fn every_line_of_the_programs_fits_the_published_schema() {
    need_root!();
    need!("jsonschema", "ip");
    let crowd = Crowd::new();
    let route = "route add 10.9.0.0/16 dev lo";
    crowd.stage.program("ip", route).expect(0);
    let scratch = Scratch::new("schema");
    let files: Vec<PathBuf> = QUESTIONS
        .iter()
        .enumerate()
        .map(|(at, (tool, args))| {
            let output = crowd.stage.tool(tool, &format!("--json {args}"));
            // Nobody in the crowd has a ring without a descriptor.
            let none = *args == "--rings" && output.code == 1;
            assert!(none || matches!(output.code, 0 | 3), "{output}");
            scratch.keep(&format!("{at}-{tool}"), &output)
        })
        .collect();
    let counts = valid("docs/schema/answer.json", &files);
    for kind in [
        "begin",
        "end",
        "socket",
        "process",
        "file",
        "holding",
        "asked",
        "copied",
        "census",
        "behind",
        "received",
        "alone",
        "network route",
        "network interface",
        "network group",
        "network counter",
        "probe",
    ] {
        assert!(counts[kind].as_u64() > Some(0), "no {kind}: {counts}");
    }
}

#[test]
fn every_line_of_a_report_fits_the_published_schema() {
    need_root!();
    need!("jsonschema");
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    stage.add("udp 127.0.0.1:5353");
    stage.add("otherns 0.0.0.0:7005");
    stage.add("packet raw");
    let scratch = Scratch::new("report");
    let output = stage.inside().within(180).tool("rcompare", "--json");
    assert!(matches!(output.code, 0 | 1 | 3), "{output}");
    let counts = valid(
        "docs/schema/report.json",
        &[scratch.keep("report", &output)],
    );
    for kind in ["begin", "observer", "port", "summary", "transient", "end"] {
        assert!(counts[kind].as_u64() > Some(0), "no {kind}: {counts}");
    }
}

/// What jc reads in an output.
#[expect(
    clippy::disallowed_methods,
    reason = "jc is a program of the machine's"
)]
#[track_caller]
fn jc(parser: &str, output: &Output) -> Vec<Value> {
    let scratch = Scratch::new(parser.trim_start_matches('-'));
    let path = scratch.keep("table", output);
    let script = format!("/usr/bin/jc {parser} < {}", path.display());
    let told = e2e::run(Command::new("/bin/sh").args(["-c", &script]));
    assert_eq!(told.code, 0, "{told}");
    serde_json::from_slice(&told.stdout).expect("jc writes JSON")
}

#[test]
fn jc_reads_the_tables_of_rnetstat() {
    need_root!();
    need!("jc", "ip");
    let mut stage = Stage::new();
    let made = stage.add("tcp 127.0.0.1:4444");
    let long = "2001:db8:1234:5678:9abc:def0:1234:5678";
    let address = format!("-6 address add {long}/128 dev lo nodad");
    stage.program("ip", &address).expect(0);
    let spec = format!("tcp [{long}]:443");
    stage.add(spec.as_str());
    stage.add("udp 0.0.0.0:5353");
    stage.add("unix stream /run/some.sock");
    let output = stage.tool("rnetstat", "-anp").expect(0);
    let rows = jc("--netstat", &output);
    let titles = output
        .text()
        .lines()
        .filter(|line| line.starts_with("Active"))
        .count();
    // Each table has a title and a heading.
    assert_eq!(
        rows.len(),
        output.text().lines().count() - 2 * titles,
        "{output}"
    );
    let local = |port: u64| rows.iter().find(|row| row["local_port_num"] == port);
    let tcp = local(4444).expect("the listener");
    assert_eq!(tcp["local_address"], "127.0.0.1");
    assert_eq!(
        (&tcp["state"], &tcp["proto"]),
        (&"LISTEN".into(), &"tcp".into())
    );
    assert_eq!(tcp["pid"], made.pid);
    // The original prints another address here, and jc hands it on.
    let six = local(443).expect("the listener");
    assert_eq!(six["local_address"], long);
    assert_eq!(
        local(5353).expect("the UDP socket")["transport_protocol"],
        "udp"
    );
    // jc finds the columns of this table by their width, and a long inode moves them: it must
    // read the same here as in the original's.
    let named = |rows: &[Value]| {
        let mut rows = rows.iter();
        rows.find(|row| row.to_string().contains("some.sock"))
            .cloned()
    };
    let unix = named(&rows).expect("the unix socket");
    assert_eq!(unix["state"], "LISTENING");
    let original = stage.program("netstat", "-anp").expect(0);
    assert_eq!(Some(unix), named(&jc("--netstat", &original)));
}

#[test]
fn jc_and_python_read_the_answers_of_rlsof() {
    need_root!();
    need!("jc", "python3");
    let mut stage = Stage::new();
    let made = stage.add("tcp 127.0.0.1:4444");
    let pid = made.pid;
    let output = stage.tool("rlsof", &format!("-nP -p {pid}")).expect(0);
    let rows = jc("--lsof", &output);
    assert_eq!(rows.len(), output.text().lines().count() - 1, "{output}");
    let listener = |row: &&Value| row["fd"] == "3u";
    let row = rows.iter().find(listener).expect("the listener");
    assert_eq!((&row["pid"], &row["type"]), (&pid.into(), &"IPv4".into()));
    assert_eq!(row["name"], "127.0.0.1:4444 (LISTEN)");
    for args in ["-J", "-j", "--json"] {
        let output = stage
            .tool("rlsof", &format!("{args} -nP -p {pid}"))
            .expect(0);
        let ports = python_ports(&output);
        assert_eq!(ports, [4444], "{args}");
    }
}

/// Every local port python's json finds in an answer, at whatever depth.
#[expect(
    clippy::disallowed_methods,
    reason = "python is a program of the machine's"
)]
#[track_caller]
fn python_ports(output: &Output) -> Vec<u64> {
    const SCRIPT: &str = "
import json, sys
ports = []
def walk(value):
    if isinstance(value, dict):
        if isinstance(value.get('local'), dict): ports.append(value['local']['port'])
        elif 'port' in value and 'remote_port' in value: ports.append(value['port'])
        for inner in value.values(): walk(inner)
    elif isinstance(value, list):
        for inner in value: walk(inner)
for line in open(sys.argv[1], encoding='utf-8'): walk(json.loads(line))
print(json.dumps(ports))";
    let scratch = Scratch::new("python");
    let path = scratch.keep("answer", output);
    let mut command = Command::new("python3");
    let told = e2e::run(command.args(["-c", SCRIPT]).arg(path));
    assert_eq!(told.code, 0, "{told}");
    serde_json::from_slice(&told.stdout).expect("python writes JSON")
}
