//! The same questions to lsof and to rlsof: every process, every file, every field of `-F`,
//! but for the differences told.

use e2e::compat::all_met;
use e2e::{Crowd, Output, need, need_root};
use std::collections::{BTreeMap, BTreeSet};

/// Fields of one file or process, by letter.
type Fields = BTreeMap<char, String>;

/// What a question was answered: files by process, thread, descriptor and turn (mapped files
/// share one descriptor's name), and processes with an empty descriptor.
type Answer = BTreeMap<(u32, String, String, usize), Fields>;

const QUESTIONS: &[&str] = &[
    "-F",
    "-i -F",
    "-i4 -F",
    "-i6 -F",
    "-iTCP -sTCP:LISTEN -F",
    "-iUDP -F",
    "-i :5201 -F",
    "-i TCP@127.0.0.1:5000-5999 -F",
    "-U -F",
    "-d cwd,txt -F",
    "-d 3 -F",
    "-d ^mem -F",
    "-a -c stage -iTCP:4444 -F",
    "-u 65534 -F",
    "-u ^0 -F",
    "-p 2,3 -F",
    "+L1 -F",
    "-Fpcftni /run/read",
    "-N -F",
    "+Rl -p 2 -F",
    "+U -F",
    "-i :0 -F",
    "-g 1 -F",
    "-FM -p 2",
    "-i TCP:1 -F",
    "-p 99999 -F",
];

#[test]
fn every_field_is_the_originals() {
    need_root!();
    need!("lsof");
    let crowd = Crowd::new();
    let mut met = BTreeSet::new();
    let mut wrong = Vec::new();
    for args in QUESTIONS {
        let args = format!("-nP -w {args}");
        // Ours first: the original leaves a child behind that is still ending when it has ended.
        let ours = crowd.stage.tool("rlsof", &args);
        // Without `-K i` the original repeats every file of every thread.
        let theirs = crowd.stage.program("lsof", &format!("-K i {args}"));
        if theirs.code != ours.code {
            wrong.push(format!("{args}: exit {} and {}", theirs.code, ours.code));
        }
        compare(&args, &read(&theirs), &read(&ours), &mut met, &mut wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} differences\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    all_met("rlsof", &met);
}

/// Reads `-F` output. The asking program itself is left out.
fn read(output: &Output) -> Answer {
    let mut answer = Answer::new();
    let (mut pid, mut tid, mut fd, mut turn) = (0, String::new(), String::new(), 0);
    let mut seen = BTreeMap::new();
    for line in output.text().lines() {
        let mut chars = line.chars();
        let letter = chars.next().unwrap_or(' ');
        let value = chars.as_str();
        match letter {
            'p' => {
                pid = value.parse().unwrap_or(0);
                (tid, fd, turn) = (String::new(), String::new(), 0);
                seen.clear();
            }
            'K' => tid = value.to_owned(),
            'f' => {
                fd = value.to_owned();
                let count = seen.entry((tid.clone(), fd.clone())).or_insert(0);
                turn = *count;
                *count += 1;
            }
            _ => {}
        }
        let key = (pid, tid.clone(), fd.clone(), turn);
        let fields = answer.entry(key).or_default();
        // Of several T lines none may be lost.
        let old = fields.remove(&letter).filter(|_| letter == 'T');
        let old = old.map(|old| old + " ").unwrap_or_default();
        fields.insert(letter, old + value.trim_end());
    }
    let askers: BTreeSet<u32> = answer
        .iter()
        .filter(|(_, fields)| {
            fields
                .get(&'c')
                .is_some_and(|c| c == "lsof" || c == "rlsof")
        })
        .map(|(key, _)| key.0)
        .collect();
    answer.retain(|key, _| !askers.contains(&key.0));
    answer
}

fn compare(
    args: &str,
    theirs: &Answer,
    ours: &Answer,
    met: &mut BTreeSet<&'static str>,
    wrong: &mut Vec<String>,
) {
    let keys: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
    let empty = Fields::new();
    for key in keys {
        let their = theirs.get(key).unwrap_or(&empty);
        let our = ours.get(key).unwrap_or(&empty);
        if their == our {
            continue;
        }
        if let Some(name) = whole_file(!key.1.is_empty(), their, our) {
            met.insert(name);
            continue;
        }
        let letters: BTreeSet<_> = their.keys().chain(our.keys()).collect();
        for letter in letters {
            let (their_value, our_value) = (their.get(letter), our.get(letter));
            if their_value == our_value {
                continue;
            }
            match field(*letter, their, our) {
                Some(name) => drop(met.insert(name)),
                None => wrong.push(format!("{args}: {key:?} {letter}: {their:?} {our:?}")),
            }
        }
    }
}

/// A difference that touches all fields of a file or process.
fn whole_file(in_thread: bool, their: &Fields, our: &Fields) -> Option<&'static str> {
    let is = |fields: &Fields, letter, text: &str| {
        fields
            .get(&letter)
            .is_some_and(|value| value.starts_with(text))
    };
    if their.is_empty() {
        // A thread's rows come under a process line of their own.
        let elusive =
            in_thread || our.keys().eq([&'p']) || is(our, 'f', "3/") || is(our, 'f', "5>");
        let leaderless = is(our, 't', "unknown") || our.contains_key(&'R');
        return match (elusive, leaderless) {
            (true, _) => Some("elusive owners"),
            (_, true) => Some("zombie leaders"),
            _ => our.contains_key(&'T').then_some("elusive owners"),
        };
    }
    if is(their, 't', "sock") && is(our, 'T', "ST=BOUND") {
        return Some("bound sockets");
    }
    if is(their, 't', "sock") && is(our, 't', "IPv4") && is(our, 'n', "127.0.0.1:5310") {
        return Some("other namespaces");
    }
    let ring = is(their, 'n', "socket:[") && is(our, 't', "pack");
    ring.then_some("mapped rings")
}

/// A difference of one field.
fn field(letter: char, their: &Fields, our: &Fields) -> Option<&'static str> {
    let of = |fields: &Fields, letter| fields.get(&letter).cloned().unwrap_or_default();
    let (value, ours) = (of(their, letter), of(our, letter));
    match letter {
        'T' if value.replace("QS=0", "QS=5") == ours => Some("length of the accept queue"),
        'T' if ours == format!("ST=ESTABLISHED {value}") => Some("connected UDP"),
        'd' if value.starts_with("0x") && ours.is_empty() => Some("addresses in the kernel"),
        'a' if value == "u" && ours.is_empty() => Some("O_PATH"),
        'c' if value.contains("^[") && ours.contains("\\x1b") => Some("escapes"),
        _ => None,
    }
}
