//! Rules for source files: a sentence at the top, a readable length, and few places for
//! what is dangerous.

use crate::sh::Outcome;
use std::path::{Path, PathBuf};

/// A file is at most this long, in lines.
const LINES_MAX: usize = 500;

/// Longer files, each with its reason. Only a pure table is one.
const LONG: &[(&str, &str)] = &[(
    "crates/rnetstat/src/facts/words.rs",
    "the words of every counter, and no function",
)];

/// Files and directories that may hold unsafe code, each with its reason.
const UNSAFE: &[(&str, &str)] = &[
    (
        "crates/sysroot/src/sys/linux.rs",
        "getdents64, statx and fsmount have no safe wrapper",
    ),
    (
        "crates/sysroot/src/sys/apart.rs",
        "fork has no safe wrapper, nor what may be called after it",
    ),
    (
        "crates/linux/src/sys.rs",
        "system calls nix has not wrapped",
    ),
    (
        "crates/sunrt/src/",
        "it is the C library of a program that has none",
    ),
    (
        "crates/memory/src/x86_64.rs",
        "memcpy and its like are functions of C",
    ),
    (
        "crates/memory/src/unwind.rs",
        "what std wants of an unwinder are functions of C",
    ),
    (
        "tests/emu/src/emulator/tracee.rs",
        "a program is traced from between fork and exec",
    ),
    (
        "tests/stage/sys.rs",
        "a stage forks, clones and maps what no safe wrapper makes",
    ),
];

/// Where a path below `/proc` may stand, each with its reason.
const NAMES_PROC: &[(&str, &str)] = &[
    ("crates/sysroot/", "it is the door"),
    ("crates/linux/", "it asks the door for them"),
    ("crates/solaris/", "it asks the door for them"),
    ("crates/sunrt/", "it makes the calls the door is built on"),
    (
        "crates/compare/",
        "it opens nothing, and tells a reader where to look",
    ),
    ("crates/rcompare/", "it asks the door for them"),
    ("crates/rnmap/", "it asks the door for them"),
    ("tests/", "tests stage and forge them"),
    ("xtask/", "no program that is shipped"),
];

/// Every broken rule in some source files.
pub(super) fn broken(files: &[PathBuf]) -> Outcome<Vec<String>> {
    let mut broken = Vec::new();
    for file in files {
        let text = super::read(file)?;
        broken.extend(in_file(file, &text));
    }
    Ok(broken)
}

fn in_file(file: &Path, text: &str) -> Vec<String> {
    let name = file.display().to_string();
    let listed = |table: &[(&str, &str)]| table.iter().any(|(listed, _)| name.starts_with(listed));
    let mut broken = Vec::new();
    if !text.starts_with("//! ") {
        broken.push(format!("{name}: does not begin with `//!` and a sentence"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !listed(LONG) {
        broken.push(format!("{name}: {lines} lines are more than {LINES_MAX}"));
    }
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    for (number, line) in code.lines().enumerate() {
        let line = line.trim_start();
        let place = format!("{name}:{}", number + 1);
        if line.starts_with("//") {
            continue;
        }
        if opens_unsafe(line) && !listed(UNSAFE) {
            broken.push(format!("{place}: unsafe code in a file not listed for it"));
        }
        if line.contains("\"/proc") && !listed(NAMES_PROC) && !name.contains("/tests/") {
            broken.push(format!("{place}: a path below /proc outside the door"));
        }
    }
    if name.starts_with("crates/") && !name.contains("/tests/") {
        broken.extend(small_stacks(&name, code));
    }
    for (number, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", number + 1);
        if left_open(line) {
            broken.push(format!("{place}: something was left open"));
        }
        if line.trim_start().starts_with("#[ignore") && !line.contains("issue ") {
            broken.push(format!("{place}: an ignored test names no issue"));
        }
    }
    broken
}

/// Threads whose stack we do not say: then `RUST_MIN_STACK` does, and a variable of the
/// suspect's decides whether we run.
fn small_stacks(name: &str, code: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let lines: Vec<&str> = code.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let next = lines.get(number + 1).copied().unwrap_or_default();
        let is_bare = line.contains("thread::spawn(") || line.contains("scope.spawn(");
        let is_built = line.contains("Builder::new()");
        let is_said = line.contains("stack_size(") || next.contains("stack_size(");
        if is_bare || is_built && !is_said {
            broken.push(format!(
                "{name}:{}: a thread whose stack is not said",
                number + 1
            ));
        }
    }
    broken
}

/// A line of code that begins unsafe code. The word alone also stands in lints.
fn opens_unsafe(line: &str) -> bool {
    let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
    words.iter().any(|word| line.contains(word)) && !line.contains('"')
}

/// A mark that says: not done yet. Written in pieces, as this file is checked too.
fn left_open(line: &str) -> bool {
    let marks = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("FIX", "ME"),
    ];
    marks.iter().any(|mark| line.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, text: &str) -> Vec<String> {
        in_file(Path::new(name), text)
    }

    #[test]
    fn a_good_file_is_left_alone() {
        let text = "//! A file.\n\n// unsafe { } is not for us.\nfn main() {}\n";
        assert!(told("crates/x/src/lib.rs", text).is_empty());
    }

    #[test]
    fn each_rule_bites() {
        let first = |text: &str| told("crates/x/src/lib.rs", text).join(";");
        assert!(first("fn main() {}\n").contains("does not begin"));
        assert!(first(&format!("//! A.\n{}", "\n".repeat(500))).contains("501 lines"));
        assert!(first("//! A.\nlet x = unsafe { y };\n").contains(":2: unsafe"));
        assert!(first("//! A.\nread(\"/proc/1/stat\");\n").contains(":2: a path"));
        assert!(first("//! A.\nthread::spawn(work);\n").contains(":2: a thread"));
        assert!(first(concat!("//! A.\n// FIX", "ME\n")).contains(":2: something"));
        assert!(first("//! A.\n#[ignore]\n").contains(":2: an ignored"));
    }

    #[test]
    fn tables_and_tests_are_exempt_where_they_say_so() {
        let text = "//! A.\nlet x = unsafe { y };\n";
        assert!(told("crates/sysroot/src/sys/linux.rs", text).is_empty());
        let text = "//! A.\n#[cfg(test)]\nmod tests {\n    read(\"/proc/1/stat\");\n}\n";
        assert!(told("crates/x/src/lib.rs", text).is_empty());
    }

    #[test]
    fn no_table_keeps_a_file_that_is_gone() {
        for (file, _) in LONG.iter().chain(UNSAFE).chain(NAMES_PROC) {
            let path = crate::workspace::root().join(file);
            assert!(path.exists(), "{file} is listed, but is not there");
        }
    }
}
