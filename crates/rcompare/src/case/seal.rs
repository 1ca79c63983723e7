//! What holds a case together: the sum of every file, and the log that follows from itself.

use super::log;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The sums.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// What was done, chained.
pub(crate) const LOG: &str = "log.jsonl";

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Holds every file against its sum, and the log against itself.
///
/// # Errors
/// The first file that does not fit, and why.
pub(crate) fn verify(files: &BTreeMap<String, Vec<u8>>) -> Result<(), (String, String)> {
    let fault = |name: &str, why: &str| Err((name.to_owned(), why.to_owned()));
    let Some(sums) = files.get(SUMS) else {
        return fault(SUMS, "it is missing");
    };
    let Ok(sums) = std::str::from_utf8(sums) else {
        return fault(SUMS, "it is no text");
    };
    let mut named = vec![SUMS];
    for (at, line) in sums.lines().enumerate() {
        let Some((sum, name)) = line.split_once("  ") else {
            return fault(SUMS, &format!("line {} is no sum", at + 1));
        };
        let Some(bytes) = files.get(name) else {
            return fault(name, "it is missing");
        };
        if sha256(bytes) != sum {
            return fault(name, "its SHA-256 does not fit");
        }
        named.push(name);
    }
    if let Some(stranger) = files.keys().find(|name| !named.contains(&name.as_str())) {
        return fault(stranger, "it has no sum");
    }
    match files.get(LOG).map(|log| log::verify(log)) {
        None => fault(LOG, "it is missing"),
        Some(Err(line)) => fault(LOG, &format!("line {line} does not follow")),
        Some(Ok(())) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        of.iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    fn whole_case() -> BTreeMap<String, Vec<u8>> {
        let mut log = log::Log::default();
        log.add(1, "began".to_owned());
        let text = std::str::from_utf8(log.as_bytes()).unwrap();
        let mut all = files(&[("outputs/001.jsonl", "{}\n"), (LOG, text)]);
        let sums: String = all
            .iter()
            .map(|(name, bytes)| format!("{}  {name}\n", sha256(bytes)))
            .collect();
        all.insert(SUMS.to_owned(), sums.into_bytes());
        all
    }

    #[track_caller]
    fn check(files: &BTreeMap<String, Vec<u8>>, expected: Result<(), (&str, &str)>) {
        let found = verify(files);
        let found = found
            .as_ref()
            .copied()
            .map_err(|(name, why)| (name.as_str(), why.as_str()));
        assert_eq!(found, expected);
    }

    #[test]
    fn one_flipped_byte_is_found_and_named() {
        check(&whole_case(), Ok(()));
        let mut damaged = whole_case();
        damaged.get_mut("outputs/001.jsonl").unwrap()[0] ^= 1;
        check(
            &damaged,
            Err(("outputs/001.jsonl", "its SHA-256 does not fit")),
        );
        let mut damaged = whole_case();
        damaged.remove("outputs/001.jsonl");
        check(&damaged, Err(("outputs/001.jsonl", "it is missing")));
        let mut damaged = whole_case();
        damaged.insert("more".to_owned(), Vec::new());
        check(&damaged, Err(("more", "it has no sum")));
        check(&files(&[]), Err((SUMS, "it is missing")));
        check(&files(&[(SUMS, "x")]), Err((SUMS, "line 1 is no sum")));
    }

    #[test]
    fn the_sum_of_nothing_is_known() {
        assert_eq!(
            sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
