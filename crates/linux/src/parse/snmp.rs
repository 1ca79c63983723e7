//! Counters: `/proc/net/{snmp,netstat}` (`net/ipv4/proc.c`: a line of names, a line of
//! numbers), `/proc/net/snmp6` and `/proc/net/sctp/snmp` (a name and a number a line).

use super::route::rows;
use super::text::{Words, decimal, split_once};
use model::network::Counter;
use model::{Foreign, Gap, Gaps};

/// Reads `/proc/net/snmp` or `/proc/net/netstat`. Two lines that do not fit each other
/// become a gap.
#[must_use]
pub fn pairs(text: &[u8], place: &str) -> (Vec<Counter>, Gaps) {
    let (mut counters, mut gaps) = (Vec::new(), Gaps::new());
    let mut lines = text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    while let Some(names) = lines.next() {
        let pair = lines.next().and_then(|numbers| pair(names, numbers));
        match pair {
            Some(mut pair) => counters.append(&mut pair),
            None => gaps.push(Gap::new(place, "names and numbers do not fit each other")),
        }
    }
    (counters, gaps)
}

/// The first counter has no name: it says that the table is there.
fn pair(names: &[u8], numbers: &[u8]) -> Option<Vec<Counter>> {
    let (table, names) = split_once(names, b':')?;
    let (same, numbers) = split_once(numbers, b':')?;
    let counter = |name: &[u8], value| Counter {
        table: Foreign::from(table),
        name: Foreign::from(name),
        value,
    };
    let mut counters = vec![counter(b"", 0)];
    let (mut names, mut numbers) = (Words::new(names), Words::new(numbers));
    loop {
        match (names.next(), numbers.next()) {
            (Some(name), Some(number)) => counters.push(counter(name, value(number)?)),
            (None, None) if same == table => return Some(counters),
            _ => return None,
        }
    }
}

/// Reads `/proc/net/snmp6`: the table is what the name begins with, up to its 6.
#[must_use]
pub fn inet6(text: &[u8], place: &str) -> (Vec<Counter>, Gaps) {
    rows(text, place, |line| {
        let mut words = Words::new(line);
        let name = words.next()?;
        let end = name.iter().position(|&byte| byte == b'6')?;
        Some(Counter {
            table: Foreign::from(name.get(..=end)?),
            name: Foreign::from(name),
            value: value(words.next()?)?,
        })
    })
}

/// Reads `/proc/net/sctp/snmp`.
#[must_use]
pub fn sctp(text: &[u8], place: &str) -> (Vec<Counter>, Gaps) {
    rows(text, place, |line| {
        let mut words = Words::new(line);
        Some(Counter {
            table: Foreign::from("Sctp"),
            name: Foreign::from(words.next()?),
            value: value(words.next()?)?,
        })
    })
}

/// A counter may be below zero: `MaxConn` is -1.
fn value(word: &[u8]) -> Option<i64> {
    match word.strip_prefix(b"-") {
        Some(digits) => 0i64.checked_sub_unsigned(decimal(digits)?),
        None => decimal(word)?.try_into().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(counters: &[Counter]) -> Vec<String> {
        counters
            .iter()
            .map(|it| {
                let text = |bytes: &Foreign| bytes.as_bytes().escape_ascii().to_string();
                format!("{}.{}={}", text(&it.table), text(&it.name), it.value)
            })
            .collect()
    }

    #[test]
    fn pairs_of_lines_are_read() {
        let text = b"Tcp: RtoMin MaxConn\nTcp: 200 -1\nUdpLite: A\nUdpLite: 7\n";
        let (counters, gaps) = pairs(text, "snmp");
        assert_eq!(gaps, []);
        let expected = [
            "Tcp.=0",
            "Tcp.RtoMin=200",
            "Tcp.MaxConn=-1",
            "UdpLite.=0",
            "UdpLite.A=7",
        ];
        assert_eq!(told(&counters), expected);
    }

    #[test]
    fn pairs_that_do_not_fit_are_gaps() {
        for bad in [
            &b"Tcp: A B\nTcp: 1\n"[..],
            b"Tcp: A\nUdp: 1\n",
            b"Tcp: A\n",
            b"Tcp\n\nTcp\n",
        ] {
            let (counters, gaps) = pairs(bad, "snmp");
            assert_eq!((counters.len(), gaps.len()), (0, 1), "{bad:?}");
        }
    }

    #[test]
    fn names_carry_their_table() {
        let (counters, gaps) = inet6(b"Ip6InReceives  \t17\nUdpLite6X 1\nno 1\n", "snmp6");
        assert_eq!(
            told(&counters),
            ["Ip6.Ip6InReceives=17", "UdpLite6.UdpLite6X=1"]
        );
        assert_eq!(gaps.len(), 1);
        assert_eq!(
            told(&sctp(b"SctpCurrEstab\t3\n", "p").0),
            ["Sctp.SctpCurrEstab=3"]
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (pairs(&text, "p"), inet6(&text, "p"), sctp(&text, "p"));
        }
    }
}
