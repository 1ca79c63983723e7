//! Network namespaces that are mounted, from `/proc/PID/mountinfo`.

use super::links;
use super::mounts::unescape;
use super::text::Words;
use model::NetNs;

/// The network namespaces mounted, and where: rows whose root is `net:[N]`. Any other row is
/// none of ours.
#[must_use]
pub fn mounted(text: &[u8]) -> Vec<(NetNs, Vec<u8>)> {
    let row = |line| {
        let mut words = Words::new(line);
        let netns = links::netns(words.nth(3)?)?;
        Some((netns, unescape(words.next()?)))
    };
    text.split(|&byte| byte == b'\n').filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_network_namespaces_are_told() {
        let text = b"36 35 98:0 / /mnt rw master:1 - ext3 /dev/root rw\n\
            40 35 0:4 net:[4026532246] /run/netns/a\\040b rw shared:5 - nsfs nsfs rw\n\
            41 35 0:4 mnt:[4026532247] /run/mnt rw - nsfs nsfs rw\nshort\n";
        assert_eq!(
            mounted(text),
            [(NetNs(4_026_532_246), b"/run/netns/a b".to_vec())]
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = mounted(&text);
        }
    }
}
