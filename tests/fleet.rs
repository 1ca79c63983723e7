//! docs/FLEET.md at work: the playbook against two hosts that are this stage, then the
//! queries over what it gathered, with an answer among it that was cut short.

use e2e::documents::root;
use e2e::{Inside, Output, Stage, need_root, programs, skipped};
use serde_json::Value;

/// Runs every question of a file of SQL and prints name and rows, a line of JSON each.
const ASK: &str = r#"
import json, sys, duckdb
view, *questions = open(sys.argv[1]).read().split("-- name: ")
duckdb.sql(view)
for question in questions:
    name, text = question.split("\n", 1)
    rows = duckdb.sql(text).fetchall()
    print(json.dumps({"name": name, "rows": rows}, default=str))
"#;

/// The answer of a host that has something to find.
const MADE: &str = r#"{"type":"begin","schema":1,"tool":"rcompare","version":"0"}
{"type":"port","protocol":"tcp","address":"0.0.0.0","port":31337,"verdict":"OWNER_UNKNOWN","weight":"finding","pid":66,"command":{"hex":"ff"},"next":"look","owners":[{"pid":66,"exe":"/tmp/x","flags":["EXE_DELETED"]}]}
{"type":"end","rows":1,"gaps":0}
"#;

/// Where `cargo xtask test` put Ansible and DuckDB.
#[expect(
    clippy::disallowed_methods,
    reason = "a test asks its environment what it may use"
)]
fn venv() -> Option<String> {
    std::env::var("CONCORD_VENV").ok()
}

#[track_caller]
fn bash(inside: &Inside<'_>, script: &str) -> Output {
    let script = format!("set -e; cd /run/work; {script}");
    inside.run("bash".as_ref(), ["-c", script.as_str()])
}

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.add("tcp 127.0.0.1:4444");
    stage.add("udp 127.0.0.1:5353");
    let (dist, top) = (programs().display(), root().display());
    // `/dev/shm` of its own: what stays behind is the playbook's.
    let script = format!(
        "mkdir -p /run/work/dist /run/work/cases; mount -t tmpfs none /dev/shm
        ln -s {dist} /run/work/dist/linux-x86_64; ln -s {top}/docs /run/work/docs
        printf '[suspects]\\none ansible_connection=local\\ntwo ansible_connection=local\\n' > /run/work/inventory"
    );
    stage
        .inside()
        .run("bash".as_ref(), ["-ec", script.as_str()])
        .expect(0);
    stage
}

#[test]
fn the_playbook_gathers_cases_and_the_queries_read_them() {
    need_root!();
    let Some(venv) = venv() else {
        skipped!("CONCORD_VENV names no environment with ansible-core and duckdb");
    };
    let stage = stage();
    let inside = stage.inside().within(180);
    let inside = inside
        .variable("ANSIBLE_PYTHON_INTERPRETER", &format!("{venv}/bin/python"))
        .variable("ANSIBLE_LOCAL_TEMP", "/run/work/ansible")
        .variable("ANSIBLE_HOME", "/run/work/ansible")
        .variable("PWD", "/run/work");
    let play = format!(
        "{venv}/bin/ansible-playbook -i inventory docs/fleet/collect.yml -e programs=/run/work/dist/linux-x86_64 -e number=17"
    );
    let told = bash(&inside, &play).expect(0);
    let summary = told.text();
    assert!(
        summary.contains("one ") && summary.contains("two "),
        "{told}"
    );
    assert_eq!(summary.matches("failed=0").count(), 2, "{told}");
    let left = bash(
        &inside,
        "ls -A /dev/shm | grep -v '^.concord-ansible$' || true",
    )
    .expect(0);
    assert_eq!(left.text(), "", "left behind in memory");

    let made = format!("cat > cases/made.ndjson <<'END'\n{MADE}END");
    bash(&inside, &made).expect(0);
    bash(&inside, "head -n 3 cases/one.ndjson > cases/cut.ndjson").expect(0);
    bash(&inside, &format!("cat > ask.py <<'END'\n{ASK}END")).expect(0);
    let told = bash(
        &inside,
        &format!("{venv}/bin/python ask.py docs/fleet/queries.sql"),
    )
    .expect(0);
    let rows = |name: &str| -> Value {
        let lines = told.text();
        let line = lines
            .lines()
            .find(|line| line.contains(&format!("\"name\": \"{name}\"")));
        let line = line.unwrap_or_else(|| panic!("no answer to {name}\n{told}"));
        let answer: Value = serde_json::from_str(line).expect("JSON");
        answer["rows"].clone()
    };
    let whole: Value =
        serde_json::json!([["cut", false], ["made", true], ["one", true], ["two", true]]);
    assert_eq!(rows("whole"), whole);
    assert_eq!(rows("outcomes").as_array().map(Vec::len), Some(2), "{told}");
    let found = serde_json::json!([["made", "OWNER_UNKNOWN", "tcp", "0.0.0.0", 31337, "look"]]);
    assert_eq!(rows("findings"), found, "{told}");
    let deleted = serde_json::json!([["made", 31337, "66", "/tmp/x"]]);
    assert_eq!(rows("deleted"), deleted, "{told}");
    let programs = rows("programs").to_string();
    assert!(programs.contains("\"tcp\",4444,"), "{programs}");
    assert!(programs.contains("\"udp\",5353,"), "{programs}");
    assert!(rows("blind").is_array());
}

#[test]
fn the_artifact_names_what_the_lines_have() {
    // No Velociraptor here: at least every member it reads is one our report writes.
    let artifact = read("docs/fleet/velociraptor.yaml");
    let members = artifact.split("line.").skip(1).map(|rest| {
        let end = rest
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(rest.len());
        rest.split_at(end).0.to_owned()
    });
    let printed = [
        "type", "verdict", "weight", "protocol", "address", "port", "pid", "command", "owners",
        "evidence", "causes", "next", "place", "reason",
    ];
    for member in members {
        assert!(printed.contains(&member.as_str()), "line.{member}");
    }
    assert!(artifact.contains("type: CLIENT"));
}

#[expect(clippy::disallowed_methods, reason = "a file of our own tree")]
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("it is there")
}
