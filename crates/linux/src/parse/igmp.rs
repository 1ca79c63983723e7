//! Multicast groups: `/proc/net/igmp` (`net/ipv4/igmp.c`, `igmp_mc_seq_show`) and
//! `/proc/net/igmp6` (`net/ipv6/mcast.c`, `igmp6_mc_seq_show`).

use super::Order;
use super::route::{address, rows};
use super::text::{Words, decimal32, hex32, split_once};
use model::network::Group;
use model::{Foreign, Gaps};
use std::net::Ipv4Addr;

/// Reads `/proc/net/igmp`: a line for each interface, then one for each of its groups.
#[must_use]
pub fn inet(text: &[u8], place: &str, order: Order) -> (Vec<Group>, Gaps) {
    let mut device = None;
    let (found, gaps) = rows(text, place, |line| {
        if line.first() == Some(&b'\t') {
            let group = inet_group(line, device.clone()?, order)?;
            return Some(Some(group));
        }
        let (number, rest) = split_once(line, b'\t')?;
        decimal32(number)?;
        let (name, _) = split_once(rest, b':')?;
        device = Some(Foreign::from(name.trim_ascii_end()));
        Some(None)
    });
    (found.into_iter().flatten().collect(), gaps)
}

/// `group users timer reporter`; the group is a number in the kernel's byte order.
fn inet_group(line: &[u8], device: Foreign, order: Order) -> Option<Group> {
    let mut words = Words::new(line);
    let number = hex32(words.next()?)?;
    let group = Ipv4Addr::from(match order {
        Order::Little => number.to_le_bytes(),
        Order::Big => number.to_be_bytes(),
    });
    Some(Group {
        device,
        group: group.into(),
        refs: decimal32(words.next()?)?,
    })
}

/// Reads `/proc/net/igmp6`: `index device group users flags timer`.
#[must_use]
pub fn inet6(text: &[u8], place: &str) -> (Vec<Group>, Gaps) {
    rows(text, place, |line| {
        let mut words = Words::new(line);
        decimal32(words.next()?)?;
        let device = Foreign::from(words.next()?);
        Some(Group {
            device,
            group: address(words.next()?)?.into(),
            refs: decimal32(words.next()?)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_belong_to_the_interface_before_them() {
        let text = b"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n\
            1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n\
            7\tan-interface-15:     2      V3\n\t\t\t\t030201EF     2 0:00000000\t\t0\n";
        let (groups, gaps) = inet(text, "igmp", Order::Little);
        assert_eq!(gaps, []);
        let told: Vec<_> = groups
            .iter()
            .map(|it| (it.device.as_bytes(), it.group.to_string(), it.refs))
            .collect();
        assert_eq!(
            told,
            [
                (&b"lo"[..], "224.0.0.1".to_owned(), 1),
                (b"an-interface-15", "239.1.2.3".to_owned(), 2)
            ]
        );
        let text = b"1    lo              ff020000000000000000000000000001     1 0000000C 0\n";
        let (groups, _) = inet6(text, "igmp6");
        assert_eq!(groups[0].group.to_string(), "ff02::1");
    }

    #[test]
    fn a_group_without_an_interface_is_a_gap() {
        let (groups, gaps) = inet(b"Idx\n\t\t\t\t010000E0 1\n", "igmp", Order::Little);
        assert_eq!((groups.len(), gaps.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>, big: bool) {
            let order = if big { Order::Big } else { Order::Little };
            let _ = (inet(&text, "p", order), inet6(&text, "p"));
        }
    }
}
