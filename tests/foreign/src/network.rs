//! What strangers answer: name servers, and services on open ports.

use crate::choice;
use scan::{dns, version};

/// An answer of a name server, as it came and made to fit the question.
pub(crate) fn answer(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let kinds = [dns::A, dns::AAAA, dns::PTR];
    let kind = *kinds.iter().cycle().nth(number).unwrap();
    let asked = dns::question(7, "host.example", kind).unwrap();
    let mut fitting = asked.clone();
    for (to, from) in fitting.iter_mut().skip(2).take(10).zip(rest) {
        *to = *from;
    }
    if let Some(flags) = fitting.get_mut(2) {
        *flags |= 0x80;
    }
    fitting.extend_from_slice(rest.get(10..).unwrap_or_default());
    for message in [rest, &fitting] {
        let _ = dns::answer(message, &asked, kind);
        if let Some(Ok(Some(name))) = dns::pointer(message, &asked) {
            assert!(name.len() < 256 && name.is_ascii(), "{name}");
            assert!(!name.contains(char::is_control), "{name}");
        }
    }
}

/// What an open port says of itself.
pub(crate) fn service(bytes: &[u8]) {
    let spoken = version::understand(bytes);
    assert!(spoken.words.as_bytes().len() <= version::WORDS_MAX);
    let _ = version::is_enough(bytes);
}
