//! `rcompare --verify-media`: what is changed, lost or added on a medium is named.
#![expect(
    clippy::disallowed_methods,
    reason = "a test lays out a medium of its own, damages it, and runs what lies on it"
)]

use e2e::{Output, need, need_root, programs, run};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

/// A directory laid out like a medium, gone with this value.
struct Medium(PathBuf);

impl Medium {
    /// One whose list fits.
    fn new(name: &str) -> Medium {
        let top = std::env::temp_dir().join(format!("concord-{name}-{}", std::process::id()));
        let medium = Medium(top);
        for directory in ["linux-x86_64", "docs/man", "compat/bin"] {
            fs::create_dir_all(medium.0.join(directory)).expect("a directory");
        }
        fs::copy(programs().join("rcompare"), medium.program()).expect("a copy");
        medium.put("README.TXT", b"read me\n");
        medium.put("docs/man/rcompare.md", &[7; 200_000]);
        symlink(
            "../../linux-x86_64/rcompare",
            medium.0.join("compat/bin/ss"),
        )
        .expect("a link");
        medium.sum();
        medium
    }

    fn program(&self) -> PathBuf {
        self.0.join("linux-x86_64/rcompare")
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).expect("a file");
    }

    /// Writes the list, as the program does that everybody has.
    fn sum(&self) {
        let script = "find . -type f ! -name SHA256SUMS | sed 's,^./,,' | sort |
            xargs sha256sum > SHA256SUMS";
        let mut shell = Command::new("sh");
        run(shell.args(["-c", script]).current_dir(&self.0)).expect(0);
    }

    fn verify(&self) -> Output {
        run(Command::new(self.program()).arg("--verify-media"))
    }

    /// Fails unless this, and nothing else, is found wrong.
    #[track_caller]
    fn is_wrong(&self, code: i32, expected: &[&str]) -> Output {
        let told = self.verify().expect(code);
        let text = told.text();
        let found: Vec<&str> = text
            .lines()
            .take_while(|line| !line.starts_with("medium"))
            .collect();
        let fits = found.len() == expected.len()
            && (found.iter().zip(expected)).all(|(line, start)| line.starts_with(start));
        assert!(fits, "expected {expected:?}\n{told}");
        told
    }
}

impl Drop for Medium {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_whole_medium_is_told_with_its_words() {
    need!("sha256sum");
    let medium = Medium::new("whole");
    let told = medium.is_wrong(0, &[]);
    let text = told.text();
    let list = run(Command::new("sha256sum").arg(medium.0.join("SHA256SUMS"))).text();
    let sum = list.split(' ').next().expect("a sum");
    assert!(text.contains(&format!("sum      {sum}\n")), "{told}");
    let words = text.lines().find_map(|line| line.strip_prefix("words    "));
    assert_eq!(words.map(|words| words.split('-').count()), Some(8));
    assert!(text.contains("WRITABLE"), "{told}");
    let answer = run(Command::new(medium.program()).args(["--verify-media", "--json"]));
    assert!(answer.text().contains(&format!("\"sum\":\"{sum}\"")));
    assert!(
        answer
            .text()
            .lines()
            .last()
            .is_some_and(|end| end.contains("\"rows\":1"))
    );
}

#[test]
fn a_flipped_byte_is_found_and_named() {
    need!("sha256sum");
    let medium = Medium::new("flipped");
    let name = "docs/man/rcompare.md";
    let mut bytes = fs::read(medium.0.join(name)).expect("a file");
    for at in [0, 100_000, bytes.len() - 1] {
        bytes[at] ^= 1;
        medium.put(name, &bytes);
        medium.is_wrong(1, &["CHANGED  docs/man/rcompare.md: its SHA-256 is "]);
        bytes[at] ^= 1;
    }
    medium.put(name, &bytes);
    medium.is_wrong(0, &[]);
}

#[test]
fn a_missing_and_an_extra_file_are_named() {
    need!("sha256sum");
    let medium = Medium::new("missing");
    fs::remove_file(medium.0.join("README.TXT")).expect("it is there");
    medium.is_wrong(1, &["MISSING  README.TXT: "]);
    medium.put("linux-x86_64/rlsof\n\x1b[2J", b"#!/bin/sh\n");
    symlink("/bin/sh", medium.0.join("compat/bin/lsof")).expect("a link");
    medium.put("SHA256SUMS.sig", b"a signature has no sum\n");
    let told = medium.is_wrong(
        1,
        &[
            "MISSING  README.TXT: ",
            "EXTRA    compat/bin/lsof: a link to no file of the list: /bin/sh",
            "EXTRA    linux-x86_64/rlsof\\n\\x1b[2J: ",
        ],
    );
    assert!(told.text().contains("NOT as they should be"), "{told}");
    let json = run(Command::new(medium.program()).args(["--verify-media", "--json"])).expect(1);
    let faults: Vec<String> = json
        .text()
        .lines()
        .filter(|line| line.contains("\"type\":\"fault\""))
        .map(str::to_owned)
        .collect();
    assert_eq!(faults.len(), 3, "{json}");
    assert!(faults[0].contains("\"fault\":\"missing\""), "{json}");
}

#[test]
fn what_has_no_end_is_not_read() {
    need_root!();
    need!("sha256sum", "mknod");
    let medium = Medium::new("endless");
    let make = |words: &[&str]| {
        let mut make = Command::new("mknod");
        run(make.args(words).current_dir(&medium.0)).expect(0);
    };
    make(&["pipe", "p"]);
    make(&["zero", "c", "1", "5"]);
    fs::remove_file(medium.0.join("README.TXT")).expect("it is there");
    make(&["README.TXT", "c", "1", "5"]);
    let no_file = "No such device or address";
    medium.is_wrong(
        1,
        &[
            &format!("UNREAD   README.TXT: {no_file}"),
            "EXTRA    pipe: the list has it not",
            "EXTRA    zero: the list has it not",
        ],
    );
    for name in ["pipe", "zero"] {
        fs::remove_file(medium.0.join(name)).expect("it is there");
    }
    medium.is_wrong(3, &[&format!("UNREAD   README.TXT: {no_file}")]);
    fs::remove_file(medium.0.join("README.TXT")).expect("it is there");
    let long = fs::File::create(medium.0.join("README.TXT")).expect("a file");
    long.set_len(1 << 40).expect("a sparse file");
    medium.is_wrong(3, &["UNREAD   README.TXT: file too large"]);
}

#[test]
fn a_list_that_is_none_is_refused_in_one_line() {
    need!("sha256sum");
    let medium = Medium::new("refused");
    let refused = |why: &str| {
        let told = medium.verify().expect(2);
        assert_eq!(told.text(), "", "{told}");
        let said = told.errors();
        assert_eq!(said.lines().count(), 1, "{told}");
        assert!(said.trim_end().ends_with(why), "{told}");
    };
    medium.put("SHA256SUMS", b"\xff\x00\n");
    refused("SHA256SUMS: line 1 is no sum");
    let line = format!("{}  ../../etc/passwd\n", "0".repeat(64));
    medium.put("SHA256SUMS", line.as_bytes());
    refused("SHA256SUMS: line 1 names nothing on the medium");
    let long = fs::File::create(medium.0.join("SHA256SUMS")).expect("a file");
    long.set_len(1 << 40).expect("a sparse file");
    refused("SHA256SUMS: file too large");
    fs::remove_file(medium.0.join("SHA256SUMS")).expect("it is there");
    refused("SHA256SUMS: No such file or directory");
    symlink("/etc/passwd", medium.0.join("SHA256SUMS")).expect("a link");
    // Said in other words by other C libraries.
    let told = medium.verify().expect(2);
    let said = told.errors();
    assert!(said.lines().count() == 1 && said.contains("link"), "{told}");
    let absent = run(Command::new(medium.program()).arg("--verify-media=/no/such/place"));
    assert_eq!(absent.expect(2).errors().lines().count(), 1);
    let mixed = run(Command::new(medium.program()).args(["--verify-media", "--passive"]));
    assert_eq!(mixed.expect(2).errors().lines().count(), 1);
}

/// A mount namespace of its own shows the medium read-only at another place.
#[test]
fn a_read_only_medium_is_told_to_be_one() {
    need_root!();
    need!("sha256sum", "unshare");
    let medium = Medium::new("mounted");
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" &&
        exec \"$1\" --verify-media=\"$0\"";
    let mut enter = Command::new("unshare");
    enter.args(["--mount", "sh", "-c", script]);
    let told = run(enter.arg(&medium.0).arg(programs().join("rcompare"))).expect(0);
    assert!(told.text().contains("(read-only)"), "{told}");
}

/// `/run` with machines of every system around it: another `uname` stands first in PATH, and
/// each program says its own path and its arguments.
#[test]
fn the_chooser_takes_the_directory_of_the_machine() {
    let medium = Medium::new("chooser");
    let chooser = e2e::golden::repository("iso/run");
    let text = fs::read_to_string(&chooser).expect("the chooser");
    // The shell of Solaris 10 knows neither.
    let newer = ["$(", "%", "#}"].map(|word| text.lines().skip(4).any(|it| it.contains(word)));
    assert_eq!(newer, [false; 3], "{text}");
    let script = "mkdir tools
        for name in linux-x86_64 linux-i686 linux-aarch64 solaris-x86_64; do
            mkdir -p $name
            printf '#!/bin/sh\necho \"$0\" $# \"$@\"\n' > $name/rlsof
            chmod 755 $name/rlsof
        done
        printf '#!/bin/sh\n[ $1 = -s ] && echo $SYSTEM || echo $MACHINE\n' > tools/uname
        chmod 755 tools/uname
        cp \"$0\" run";
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", script]).arg(&chooser);
    run(shell.current_dir(&medium.0)).expect(0);
    let choose = |system: &str, machine: &str, called: &str, words: &[&str]| {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut sh = Command::new("sh");
        sh.arg(called).args(words).current_dir(&medium.0);
        sh.env("SYSTEM", system).env("MACHINE", machine);
        run(sh.env("PATH", format!("{}/tools:{path}", medium.0.display())))
    };
    let whole = medium.0.join("run").display().to_string();
    for (system, machine, name) in [
        ("Linux", "x86_64", "linux-x86_64"),
        ("Linux", "i686", "linux-i686"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("SunOS", "i86pc", "solaris-x86_64"),
    ] {
        let told = choose(system, machine, &whole, &["rlsof", "-c", "a b"]).expect(0);
        let top = medium.0.display();
        assert_eq!(told.text(), format!("{top}/{name}/rlsof 2 -c a b\n"));
        let told = choose(system, machine, "run", &["rlsof"]).expect(0);
        assert_eq!(told.text(), format!("./{name}/rlsof 0\n"));
    }
    for (machine, words) in [
        ("sparc64", &["rlsof"][..]),
        ("x86_64", &[]),
        ("x86_64", &["x"]),
    ] {
        let told = choose("Linux", machine, &whole, words).expect(2);
        let said = told.errors();
        assert!(said.contains("/solaris-x86_64/rlsof\n"), "{told}");
        assert!(said.starts_with("usage: "), "{told}");
    }
}
