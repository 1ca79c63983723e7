//! Every command that README.md, the guides and the manuals show is run: on a stage that has
//! a medium, a stick and a port or two, as root. What cannot be run there is in a list, with
//! the reason.

use e2e::documents::{Shown, commands};
use e2e::{Output, Stage, need, need_root, programs};

/// Beginnings of commands that are not run, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (
        "/mnt/solaris-x86_64/",
        "a program for another system; the tests of tests/emu run it",
    ),
    ("bpftool ", "not among what the tests install"),
    (
        "cargo bench",
        "a measurement of minutes, which asserts nothing",
    ),
    (
        "cargo xtask",
        "chores build; `cargo xtask test` runs this test, and each chore has its own",
    ),
    ("cargo test", "tests do not start themselves"),
    ("dd ", "overwrites a device"),
    ("head -c", "needs a drive with the medium in it"),
    ("mount ", "needs a drive; cargo xtask vm mounts the image"),
    (
        "rcompare --verify-media",
        "needs a medium with its list of sums; tests/media.rs makes one",
    ),
    (
        "rfuser -k",
        "refused without --yes-kill; rfuser's own tests kill",
    ),
    (
        "rnetstat --sysroot /media/stick/solaris",
        "reads what a Solaris machine recorded",
    ),
    (
        "sha256sum -c",
        "the sums are those of the image; rcompare verify holds a case against its own",
    ),
    ("ssh", "needs keys of somebody's"),
    ("xorriso -as cdrecord", "needs a burner"),
];

/// Codes of ours that are answers.
const ANSWERS: [i32; 3] = [0, 1, 3];

fn reason(shown: &Shown) -> Option<String> {
    let listed = NOT_RUN
        .iter()
        .find(|(begin, _)| shown.line.starts_with(begin));
    let listed = listed.map(|(_, why)| (*why).to_owned());
    shown.left.clone().or(listed)
}

/// A stage like the one the documents speak of.
fn stage() -> Stage {
    let mut stage = Stage::new();
    for words in ["tcp 0.0.0.0:22", "tcp [::]:4445", "udp 0.0.0.0:5353"] {
        stage.add(words);
    }
    let dist = programs().display();
    let script = format!(
        "set -e; ip addr add 192.0.2.7/32 dev lo
        mount -t tmpfs none /mnt; mkdir /mnt/usb; ln -s {dist} /mnt/linux-x86_64
        mount -t tmpfs none /var/log; touch /var/log/syslog
        mount -t tmpfs none /media; ln -s /mnt /media/cdrom; mkdir /media/stick
        mkdir -p /run/work/dist; cd /run/work; ln -s {dist} dist/linux-x86_64
        ln -s /media/stick/case17.tar case17.tar"
    );
    stage
        .inside()
        .run("bash".as_ref(), ["-c", &script])
        .expect(0);
    stage
}

fn typed(stage: &Stage, line: &str) -> Output {
    let dist = programs().display();
    let script = format!("cd /run/work; export PATH={dist}:$PATH\n{line}");
    stage
        .inside()
        .within(60)
        .run("bash".as_ref(), ["-c", &script])
}

#[test]
fn every_command_that_is_shown_can_be_typed() {
    need_root!();
    need!("ip", "nft", "ss");
    let stage = stage();
    let mut wrong = Vec::new();
    let (mut run, mut left) = (0, Vec::new());
    for shown in commands().expect("documents are read") {
        if let Some(why) = reason(&shown) {
            left.push(format!("{}: {} ({why})", shown.place, shown.line));
            continue;
        }
        run += 1;
        let output = typed(&stage, &shown.line);
        if !ANSWERS.contains(&output.code) {
            wrong.push(format!("{}: {}\n{output}", shown.place, shown.line));
        }
    }
    println!("{run} commands run; not run:\n{}", left.join("\n"));
    assert!(
        wrong.is_empty(),
        "shown, and not to be typed so (or a row of NOT_RUN is missing):\n{}",
        wrong.join("\n")
    );
    assert!(run > 40, "{run} commands");
}

#[test]
fn no_reason_is_kept_in_store() {
    let shown = commands().expect("documents are read");
    for (begin, _) in NOT_RUN {
        let met = shown.iter().any(|shown| shown.line.starts_with(begin));
        assert!(
            met,
            "no document shows a command that begins with {begin:?}"
        );
    }
    for remark in shown.iter().filter_map(|shown| shown.left.as_deref()) {
        if let Some(file) = remark.strip_prefix("run by ") {
            assert!(
                e2e::documents::root().join(file).is_file(),
                "there is no {file}"
            );
        }
    }
}
