//! Processes that end while somebody looks: who has ended holds nothing, so "nothing matched"
//! stays as sure as if they had never been.

use e2e::{Stage, need_root};
use std::path::Path;

/// Each question is put so often: the ends fall into every part of a walk.
const TIMES: usize = 8;

/// A stage where processes begin and end all the time, some in network namespaces of their own.
fn restless() -> Stage {
    let mut stage = Stage::new();
    for _ in 0..3 {
        stage.add("churn process 12 300");
    }
    stage
}

/// Whether a thing is there is asked again and again; the answer must be this code each time.
#[track_caller]
fn always(stage: &Stage, tool: &str, args: &str, code: i32) {
    for _ in 0..TIMES {
        let output = stage.tool(tool, args).expect(code);
        let said = output.errors();
        // What is told at all is that they ended.
        let told = said.lines().filter(|line| line.starts_with("rlsof: "));
        for line in told {
            assert!(line.ends_with("ended while it was read"), "{output}");
        }
    }
}

#[test]
fn who_ended_weakens_no_answer_of_rlsof() {
    need_root!();
    let mut stage = restless();
    let idle = stage.add("idle").pid;
    for args in [
        "-p 99999999",
        "-c no-such-command",
        "-g 99999999",
        "-u 4242",
        "-iTCP:4999",
        "-U -a -u 4242",
        "-E -p 99999999",
        "+E -c no-such-command",
        "-d 4242",
        "/dev/full",
        "-t /dev/full",
        "--json -p 99999999",
        "--json -iTCP:4999",
    ] {
        always(&stage, "rlsof", &format!("--gaps {args}"), 1);
    }
    always(&stage, "rlsof", &format!("--gaps -a -p {idle} -i"), 1);
    always(&stage, "rlsof", &format!("--gaps -p {idle}"), 0);
}

#[test]
fn who_ended_weakens_no_answer_of_rfuser_and_rnetstat() {
    need_root!();
    let stage = restless();
    always(&stage, "rfuser", "4999/tcp", 1);
    always(&stage, "rfuser", "/dev/full", 1);
    always(&stage, "rnetstat", "-tlnp", 1);
    always(&stage, "rnetstat", "-tlnp --all-netns", 1);
}

#[test]
fn other_processes_are_not_read_for_a_named_one() {
    need_root!();
    let mut stage = Stage::new();
    let named = stage.add("idle").pid;
    let other = stage.add("tcp 127.0.0.1:4444").pid;
    let record = |args: &str, tree: &str| {
        let line = format!("--record /run/{tree} {args}");
        stage.tool("rlsof", &line).expect(0);
        let host = format!("/proc/{}/root/run/{tree}/proc", stage.inner());
        move |pid: u32, name: &str| Path::new(&host).join(format!("{pid}/{name}")).exists()
    };
    let read = record(&format!("-p {named}"), "by-pid");
    assert!(read(named, "fd") && read(named, "maps"));
    for name in ["stat", "ns", "fd", "maps"] {
        assert!(!read(other, name), "{name} of another process was read");
    }
    // To tell who it is takes no look at what it holds open.
    let read = record(&format!("-u 0 -p ^{other}"), "by-user");
    assert!(read(named, "fd") && read(other, "stat"));
    for name in ["fd", "maps"] {
        assert!(!read(other, name), "{name} of a refused process was read");
    }
}

#[test]
fn a_refused_place_weakens_only_what_it_may_hold() {
    need_root!();
    let mut stage = Stage::new();
    let other = stage.add("tcp 127.0.0.1:4444").pid;
    let nobody = stage.inside().user(65534);
    for (args, code) in [
        // Every process tells who it is.
        ("-p 99999999", 1),
        ("-c no-such-command", 1),
        ("-u 4242", 1),
        ("-a -u 4242 -i", 1),
        // What the others hold is refused.
        ("-iTCP:4444", 3),
        ("/dev/full", 3),
        ("-a -u 0 -i", 3),
        ("-i -a -u ^0", 1),
    ] {
        let output = nobody.tool("rlsof", &format!("-w {args}"));
        assert_eq!(output.code, code, "{output}");
    }
    let one = nobody.tool("rlsof", &format!("-w -a -p {other} -i"));
    assert_eq!(one.code, 3, "{one}");
}
