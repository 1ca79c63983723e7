//! Which kernel modules the booted system carries: those `iso/modules` names, and all
//! they depend on.

use std::collections::{BTreeMap, BTreeSet};

/// The names of a list: one a line, `#` begins a comment.
pub(super) fn names(list: &str) -> Vec<String> {
    list.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .map(canonical)
        .collect()
}

/// A module's name as the kernel has it: `-` and `_` are the same.
pub(super) fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

/// What a module says it depends on, from the `depends=` of its `.modinfo`. Source:
/// scripts/mod/modpost.c.
pub(super) fn depends(module: &[u8]) -> Vec<String> {
    let key = b"\0depends=";
    let Some(at) = module.windows(key.len()).position(|window| window == key) else {
        return Vec::new();
    };
    let list = module.get(at + key.len()..).unwrap_or_default();
    let list = list.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(list)
        .split(',')
        .filter(|name| !name.is_empty())
        .map(canonical)
        .collect()
}

/// The wanted modules and all below them, in order; `known` maps each module to what it
/// depends on. The second list is what nobody knows: built into the kernel, or a mistake.
pub(super) fn closure(
    wanted: &[String],
    known: &BTreeMap<String, Vec<String>>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut found, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    let mut next: Vec<&String> = wanted.iter().collect();
    while let Some(name) = next.pop() {
        match known.get(name) {
            Some(below) if found.insert(name.clone()) => next.extend(below),
            Some(_) => {}
            None => {
                unknown.insert(name.clone());
            }
        }
    }
    (found, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_tells_what_it_needs() {
        let bytes = b"ELF..\0license=GPL\0depends=mii,usb-common\0name=x\0";
        assert_eq!(depends(bytes), ["mii", "usb_common"]);
        assert!(depends(b"\0depends=\0name=x").is_empty());
        assert!(depends(b"nothing").is_empty());
        assert_eq!(depends(b"\0depends=cut"), ["cut"]);
    }

    #[test]
    fn what_is_below_comes_along() {
        let known = [
            ("a", vec!["b"]),
            ("b", vec!["c", "a"]),
            ("c", vec![]),
            ("d", vec![]),
        ];
        let known = known.map(|(name, below)| {
            (
                name.to_owned(),
                below.into_iter().map(str::to_owned).collect(),
            )
        });
        let wanted = names("a # first\n\n# none\nghost-x\n");
        let (found, unknown) = closure(&wanted, &BTreeMap::from(known));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["ghost_x"]);
    }
}
