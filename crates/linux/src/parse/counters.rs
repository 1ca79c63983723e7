//! `/proc/net/{sockstat,sockstat6,protocols,snmp}` (`net/ipv4/proc.c`, `net/ipv6/proc.c`,
//! `net/core/sock.c`).

use super::text::{Words, decimal, split_once};
use model::counters::{Counters, InUse};
use model::{Family, Foreign, Gap, Gaps, Proto};

/// What a line of sockstat begins with, and what its `inuse` counts.
const LINES: &[(&[u8], Family, Proto)] = &[
    (b"TCP", Family::Inet, Proto::Tcp),
    (b"UDP", Family::Inet, Proto::Udp),
    (b"UDPLITE", Family::Inet, Proto::UdpLite),
    (b"RAW", Family::Inet, Proto::Raw),
    (b"TCP6", Family::Inet6, Proto::Tcp),
    (b"UDP6", Family::Inet6, Proto::Udp),
    (b"UDPLITE6", Family::Inet6, Proto::UdpLite),
    (b"RAW6", Family::Inet6, Proto::Raw),
];

/// Takes what a sockstat tells (`TCP: inuse 1 orphan 0 tw 0 alloc 88047 mem 155`). Lines and
/// words we do not know are passed over; a known word without a number becomes a gap.
pub fn sockstat(text: &[u8], place: &str, counters: &mut Counters, gaps: &mut Gaps) {
    for line in text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let Some((head, rest)) = split_once(line, b':') else {
            gaps.push(Gap::new(place, "a line that is no counter"));
            continue;
        };
        let mut take = |name: &[u8]| match value(rest, name) {
            Some(Some(value)) => Some(value),
            Some(None) => {
                gaps.push(Gap::new(place, "a counter without a number"));
                None
            }
            None => None,
        };
        if head == b"sockets" {
            counters.used = take(b"used").or(counters.used);
        }
        if head == b"TCP" {
            counters.time_wait = take(b"tw").or(counters.time_wait);
        }
        if let Some(&(_, family, proto)) = LINES.iter().find(|row| row.0 == head)
            && let Some(count) = take(b"inuse")
        {
            counters.in_use.push(InUse {
                family,
                proto,
                count,
            });
        }
    }
}

/// The number after a word; nothing where the word is not there.
fn value(line: &[u8], name: &[u8]) -> Option<Option<u64>> {
    let mut words = Words::new(line);
    words.find(|word| *word == name)?;
    Some(words.next().and_then(decimal))
}

/// Takes the column `sockets` of `/proc/net/protocols`.
pub fn protocols(text: &[u8], place: &str, counters: &mut Counters, gaps: &mut Gaps) {
    let lines = text.split(|&byte| byte == b'\n').skip(1);
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let mut words = Words::new(line);
        let row = words
            .next()
            .and_then(|name| Some((Foreign::from(name), decimal(words.nth(1)?)?)));
        match row {
            Some(row) => counters.protocols.push(row),
            None => gaps.push(Gap::new(
                place,
                format!("line {}: not a protocol", number + 2),
            )),
        }
    }
}

/// `CurrEstab` of `/proc/net/snmp`: a line of names, then one of numbers.
#[must_use]
pub fn established(text: &[u8]) -> Option<u64> {
    let mut lines = text
        .split(|&byte| byte == b'\n')
        .filter(|line| line.starts_with(b"Tcp:"));
    let at = Words::new(lines.next()?).position(|word| word == b"CurrEstab")?;
    decimal(Words::new(lines.next()?).nth(at)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_sockstats() {
        let (mut counters, mut gaps) = (Counters::default(), Gaps::new());
        let four = b"sockets: used 2024\nTCP: inuse 8 orphan 0 tw 5 alloc 88047 mem 155\nUDP: inuse 3 mem 0\nFRAG: inuse 0 memory 0\n";
        sockstat(four, "sockstat", &mut counters, &mut gaps);
        sockstat(
            b"TCP6: inuse 2\nFRAG6: inuse 0 memory 0\n",
            "sockstat6",
            &mut counters,
            &mut gaps,
        );
        assert!(gaps.is_empty());
        assert_eq!((counters.used, counters.time_wait), (Some(2024), Some(5)));
        let counts: Vec<_> = counters
            .in_use
            .iter()
            .map(|it| (it.family, it.proto, it.count))
            .collect();
        assert_eq!(
            counts,
            [
                (Family::Inet, Proto::Tcp, 8),
                (Family::Inet, Proto::Udp, 3),
                (Family::Inet6, Proto::Tcp, 2)
            ]
        );
    }

    #[test]
    fn a_word_without_a_number_is_a_gap() {
        let (mut counters, mut gaps) = (Counters::default(), Gaps::new());
        let text = b"sockets: used\nTCP: inuse -1 tw 5\nnonsense\n";
        sockstat(text, "sockstat", &mut counters, &mut gaps);
        assert_eq!((gaps.len(), counters.in_use.len()), (3, 0));
        assert_eq!((counters.used, counters.time_wait), (None, Some(5)));
    }

    #[test]
    fn columns_by_their_place_and_name() {
        let (mut counters, mut gaps) = (Counters::default(), Gaps::new());
        let text = b"protocol  size sockets  memory\nPACKET    1600      3      -1   NI\nXDP 1\n";
        protocols(text, "protocols", &mut counters, &mut gaps);
        assert_eq!(counters.protocols, [(Foreign::from("PACKET"), 3)]);
        assert_eq!(gaps.len(), 1);
        let snmp = b"Ip: a\nIp: 1\nTcp: RtoMin CurrEstab InSegs\nTcp: 200 9 7\n";
        assert_eq!(established(snmp), Some(9));
        assert_eq!(established(b"Tcp: CurrEstab\n"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let (mut counters, mut gaps) = (Counters::default(), Gaps::new());
            sockstat(&text, "", &mut counters, &mut gaps);
            protocols(&text, "", &mut counters, &mut gaps);
            let _ = established(&text);
        }
    }
}
