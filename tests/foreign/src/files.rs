//! Files from elsewhere: cases, collections, listings, sums, and the output of an earlier run.

use crate::choice;
use crate::programs::{archive, gzip, kept, list, log, resume, seal};
use compare::foreign::{self, Ran, Words};
use compare::{Facts, Snapshot, judge};

/// A case or a collection as tar: what is not refused is held against its sums, and read.
pub(crate) fn tape(bytes: &[u8]) {
    let (number, tar) = choice(bytes);
    if number & 2 == 2 {
        let Ok(mut packed) = gzip::Gunzip::new(tar, 1 << 20) else {
            return;
        };
        let _ = archive::listings(&mut packed);
        let _ = packed.drain();
        return;
    }
    if number & 1 == 1 {
        let Ok(found) = archive::listings(&mut &*tar) else {
            return;
        };
        assert!(found.len() <= archive::LISTINGS_MAX);
        for (name, text) in found {
            let _ = foreign::read(&name, &text);
        }
        return;
    }
    let Ok(files) = archive::case(tar) else {
        return;
    };
    assert!(files.keys().all(|name| archive::is_plain(name)));
    let held: usize = files.values().map(Vec::len).sum();
    assert!(held <= tar.len(), "{held} bytes out of {}", tar.len());
    if seal::verify(&files).is_ok()
        && let Some(facts) = files.get("facts.json")
    {
        let _ = serde_json::from_slice::<Facts>(facts);
    }
}

/// What a case says of itself, and who looked: printed and read again it is the same.
pub(crate) fn facts(bytes: &[u8]) {
    if let Ok(case) = kept::read::<kept::Case>(bytes) {
        let text = serde_json::to_vec(&case).unwrap();
        assert_eq!(kept::read(&text), Ok(case));
    }
    if let Ok(facts) = kept::read::<Facts>(bytes) {
        let text = serde_json::to_string(&facts).unwrap();
        let again: Facts = kept::read(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}

/// The files of a case, parted by a byte that no text has: sealed as rcompare does it they
/// hold, and with any byte changed they do not.
pub(crate) fn sealed(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let mut parts = rest.split(|&byte| byte == 0xff);
    let facts = parts.next().unwrap_or_default();
    let _ = serde_json::from_slice::<Facts>(facts);
    let lines = parts.next().unwrap_or_default();
    let _ = log::verify(lines);
    let mut log = log::Log::default();
    for line in std::str::from_utf8(lines).unwrap_or("no text").lines() {
        log.add(u64::try_from(number).unwrap(), line.to_owned());
    }
    let mut files: std::collections::BTreeMap<String, Vec<u8>> = parts
        .enumerate()
        .map(|(at, part)| (format!("outputs/{at:03}.jsonl"), part.to_vec()))
        .collect();
    files.insert("facts.json".to_owned(), facts.to_vec());
    files.insert(seal::LOG.to_owned(), log.as_bytes().to_vec());
    let sum = |(name, bytes): (&String, &Vec<u8>)| format!("{}  {name}\n", seal::sha256(bytes));
    let sums: String = files.iter().map(sum).collect();
    files.insert(seal::SUMS.to_owned(), sums.into_bytes());
    assert_eq!(seal::verify(&files), Ok(()));
    let place = number % files.len();
    let changed = files.values_mut().nth(place).unwrap();
    match changed.get_mut(number % rest.len().max(1)) {
        Some(byte) => *byte ^= 0x01,
        None => changed.push(0),
    }
    assert!(seal::verify(&files).is_err());
}

const WORDS: [Words; 5] = [
    Words::Netstat,
    Words::Ss,
    Words::Lsof,
    Words::Fuser,
    Words::Osquery,
];

/// A listing of another tool, found out by its words and as one of each; then the judgement.
pub(crate) fn listing(bytes: &[u8]) {
    let (number, text) = choice(bytes);
    let mut snapshot = Snapshot::default();
    if let Err(why) = foreign::take(&mut snapshot, "t", text) {
        foreign::unreadable(&mut snapshot, "t", &why);
    }
    let words = *WORDS.iter().cycle().nth(number).unwrap();
    let ran = Ran {
        path: "/bin/t".to_owned(),
        round: 1,
        after: 0,
        whole: true,
        ports: None,
    };
    foreign::ran(&mut snapshot, "t", words, text, ran);
    for listing in &snapshot.listings {
        // A row takes six bytes at least, but osquery's and fuser's fewer than the words do.
        assert!(listing.rows.len() <= text.len());
    }
    let _ = judge(&snapshot);
}

/// The list of sums of a medium: printed and read again it is the same.
pub(crate) fn sums(bytes: &[u8]) {
    let Ok(sums) = list::parse(bytes) else {
        return;
    };
    let mut again = Vec::new();
    for (name, sum) in &sums {
        assert!(list::is_inside(name));
        again.extend_from_slice(&[sum, &b"  "[..], name, b"\n"].concat());
    }
    assert_eq!(list::parse(&again), Ok(sums));
}

/// A list of targets, and the JSON of an earlier run.
pub(crate) fn earlier(bytes: &[u8]) {
    let _ = resume::settled(bytes, None);
    // A list of targets that is no UTF-8 is refused where the file is read.
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(resume::words(text).iter().all(|word| !word.is_empty()));
    }
}
