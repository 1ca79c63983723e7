//! Which processes are meant: lsof's `-p`, `-g` and `-u`, with `^` for exclusion.

use crate::{items, number};
use model::{Foreign, Uid};
use std::collections::BTreeMap;

/// Pids or process groups: those wanted, and those not wanted whatever else is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Wanted.
    pub only: Vec<u32>,
    /// Refused.
    pub not: Vec<u32>,
}

impl Numbers {
    /// Adds `1,2,^3`.
    ///
    /// # Errors
    /// One sentence: an item is no number, or is both wanted and refused.
    pub fn add(&mut self, list: &str) -> Result<(), String> {
        for item in items(list) {
            let item = item?;
            let (to, word) = match item.strip_prefix('^') {
                Some(word) => (&mut self.not, word),
                None => (&mut self.only, item),
            };
            let number = number(word).ok_or_else(|| format!("no number: {item}"))?;
            if !to.contains(&number) {
                to.push(number);
            }
        }
        clash(&self.only, &self.not).map_or(Ok(()), |both| Err(both_ways(both)))
    }
}

/// Users, by number or by a name that is looked up later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// Wanted, as given.
    pub only: Vec<String>,
    /// Refused, as given.
    pub not: Vec<String>,
}

impl Users {
    /// Adds `root,1000,^daemon`.
    ///
    /// # Errors
    /// One sentence: an empty item, or one both wanted and refused.
    pub fn add(&mut self, list: &str) -> Result<(), String> {
        for item in items(list) {
            let item = item?;
            match item.strip_prefix('^') {
                Some("") => return Err(format!("an empty item in {list:?}")),
                Some(word) => self.not.push(word.to_owned()),
                None => self.only.push(item.to_owned()),
            }
        }
        clash(&self.only, &self.not).map_or(Ok(()), |both| Err(both_ways(both)))
    }

    /// Puts numbers to the names, from a list of users that came from the host.
    ///
    /// # Errors
    /// One sentence on the first name nobody has.
    pub fn resolve(&self, names: &BTreeMap<Uid, Foreign>) -> Result<Numbers, String> {
        let look = |words: &[String]| -> Result<Vec<u32>, String> {
            words.iter().map(|word| uid(word, names)).collect()
        };
        Ok(Numbers {
            only: look(&self.only)?,
            not: look(&self.not)?,
        })
    }
}

fn uid(word: &str, names: &BTreeMap<Uid, Foreign>) -> Result<u32, String> {
    let named = names
        .iter()
        .find(|(_, name)| name.as_bytes() == word.as_bytes());
    match (named, number(word)) {
        (Some((uid, _)), _) => Ok(uid.0),
        (None, Some(uid)) => Ok(uid),
        (None, None) => Err(format!("unknown user: {word}")),
    }
}

fn clash<'a, T: PartialEq>(only: &'a [T], not: &[T]) -> Option<&'a T> {
    only.iter().find(|item| not.contains(item))
}

fn both_ways(item: impl std::fmt::Display) -> String {
    format!("both wanted and refused: {item}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_wanted_or_refused() {
        let mut pids = Numbers::default();
        pids.add("1,22,^3").unwrap();
        pids.add("22,4").unwrap();
        assert_eq!((pids.only, pids.not), (vec![1, 22, 4], vec![3]));
        for bad in ["abc", "", "1,", "-1", "+1", "^", "1,^1", "4294967296", " 1"] {
            assert!(Numbers::default().add(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn users_by_name_or_number() {
        let names = BTreeMap::from([
            (Uid(0), Foreign::from("root")),
            (Uid(7), Foreign::from("42")),
        ]);
        let resolve = |list: &str| {
            let mut users = Users::default();
            users.add(list).and_then(|()| users.resolve(&names))
        };
        let numbers = resolve("root,1000,^42").unwrap();
        assert_eq!((numbers.only, numbers.not), (vec![0, 1000], vec![7]));
        for bad in ["nobody-here", "", "^", "root,^root"] {
            assert!(resolve(bad).is_err(), "{bad}");
        }
    }
}
