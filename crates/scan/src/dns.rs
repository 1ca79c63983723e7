//! Names to addresses and back, by a question to one server that was named (RFC 1035). No resolver of
//! the host, no `/etc/hosts`, no search list.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockAddr, Socket, Type};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Times a question is asked, and how long its answer may take.
const TRIES: u8 = 3;
const PATIENCE: Duration = Duration::from_secs(2);
/// Record type of an IPv4 address (RFC 1035 §3.2.2).
pub const A: u16 = 1;
/// Of an IPv6 address (RFC 3596 §2.1).
pub const AAAA: u16 = 28;
/// Of a name in the reverse tree (RFC 1035 §3.2.2).
pub const PTR: u16 = 12;

/// The addresses of a name: IPv4, or IPv6 where that is wanted. Aliases are followed as far
/// as the server itself follows them.
///
/// # Errors
/// The server is silent, or says there is no such name or address.
pub fn resolve(server: SocketAddr, name: &str, is_v6: bool) -> io::Result<Vec<IpAddr>> {
    let kind = if is_v6 { AAAA } else { A };
    ask(server, name, kind, |message, asked| {
        answer(message, asked, kind)
    })
}

/// The name an address has in the reverse tree (RFC 1035 §3.5, RFC 3596 §2.5); none where it
/// has none, or one that is no host name (RFC 952): what anybody may write there is printed.
///
/// # Errors
/// The server is silent, or refuses.
pub fn name_of(server: SocketAddr, addr: IpAddr) -> io::Result<Option<String>> {
    match ask(server, &reverse(addr), PTR, pointer) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other,
    }
}

/// Asks until an answer comes that `read` knows for one.
fn ask<T>(
    server: SocketAddr,
    name: &str,
    kind: u16,
    read: impl Fn(&[u8], &[u8]) -> Option<Result<T, No>>,
) -> io::Result<T> {
    // A number nobody off the way can guess.
    let id = u16::try_from(RandomState::new().hash_one(name) & 0xffff).unwrap_or(0);
    let asked = question(id, name, kind)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no name for DNS"))?;
    let socket = Socket::new(Domain::for_address(server), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::from(server))?;
    for _ in 0..TRIES {
        socket.send(&asked)?;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let mut list = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut list, PollTimeout::from(100u8));
            let mut bytes = [0u8; 4_096];
            match (&socket).read(&mut bytes) {
                Ok(length) => {
                    let message = bytes.get(..length).unwrap_or_default();
                    if let Some(said) = read(message, &asked) {
                        return said.map_err(No::error);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        "the name server does not answer",
    ))
}

/// A server's no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// There is no such name.
    SuchName,
    /// The name has no record of this type.
    SuchRecord,
    /// It could not find out (SERVFAIL).
    Finding,
    /// It refuses.
    Answer,
}

impl No {
    fn error(self) -> io::Error {
        let (kind, words) = match self {
            No::SuchName => (io::ErrorKind::NotFound, "no such name"),
            No::SuchRecord => (io::ErrorKind::NotFound, "the name has no such address"),
            No::Finding => (io::ErrorKind::Other, "the name server could not find out"),
            No::Answer => (io::ErrorKind::Other, "the name server refuses"),
        };
        io::Error::new(kind, words)
    }
}

/// `7.2.0.192.in-addr.arpa`, or the 32 nibbles of an IPv6 address under `ip6.arpa`.
fn reverse(addr: IpAddr) -> String {
    let mut name = String::new();
    match addr {
        IpAddr::V4(v4) => {
            for byte in v4.octets().iter().rev() {
                name.push_str(&format!("{byte}."));
            }
            name + "in-addr.arpa"
        }
        IpAddr::V6(v6) => {
            for byte in v6.octets().iter().rev() {
                name.push_str(&format!("{:x}.{:x}.", byte & 0xf, byte >> 4));
            }
            name + "ip6.arpa"
        }
    }
}

/// A question with recursion desired; none for what is no name.
#[must_use]
pub fn question(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut out = id.to_be_bytes().to_vec();
    out.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|length| (1..=63).contains(length))?;
        out.push(length);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 1]);
    Some(out)
}

/// Reads the addresses of an answer to `asked`; none if it is to something else, or no message
/// at all.
///
/// # Errors
/// The server says no.
#[must_use]
pub fn answer(message: &[u8], asked: &[u8], kind: u16) -> Option<Result<Vec<IpAddr>, No>> {
    let places = match records(message, asked, kind)? {
        Ok(places) => places,
        Err(no) => return Some(Err(no)),
    };
    let data = places.into_iter().filter_map(|place| message.get(place));
    let mut addrs: Vec<IpAddr> = data
        .filter_map(|data| match *data {
            [a, b, c, d] if kind == A => Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d))),
            _ if kind == AAAA => <[u8; 16]>::try_from(data)
                .ok()
                .map(|v6| IpAddr::V6(Ipv6Addr::from(v6))),
            _ => None,
        })
        .collect();
    addrs.sort_unstable();
    addrs.dedup();
    Some(if addrs.is_empty() {
        Err(No::SuchRecord)
    } else {
        Ok(addrs)
    })
}

/// Reads the first name that an answer to `asked` points to, if it is a host's.
///
/// # Errors
/// The server says no.
#[must_use]
pub fn pointer(message: &[u8], asked: &[u8]) -> Option<Result<Option<String>, No>> {
    Some(records(message, asked, PTR)?.map(|places| {
        let names = places.into_iter().map(|place| place.start);
        names.into_iter().find_map(|at| host_name(message, at))
    }))
}

/// Where the data of the records of a kind lie in an answer to `asked`.
fn records(message: &[u8], asked: &[u8], kind: u16) -> Option<Result<Vec<Range<usize>>, No>> {
    let head = message.first_chunk::<12>()?;
    let same =
        message.get(..2)? == asked.get(..2)? && message.get(12..asked.len())? == asked.get(12..)?;
    let [_, _, flags, code, _, _, count_high, count_low, ..] = *head;
    if !same || flags & 0x80 == 0 {
        return None;
    }
    match code & 0x0f {
        0 => {}
        2 => return Some(Err(No::Finding)),
        3 => return Some(Err(No::SuchName)),
        _ => return Some(Err(No::Answer)),
    }
    let mut at = asked.len();
    let mut places = Vec::new();
    for _ in 0..u16::from_be_bytes([count_high, count_low]) {
        at = skip_name(message, at)?;
        let [a, b, class_a, class_b, _, _, _, _, c, d] = *message.get(at..)?.first_chunk::<10>()?;
        let place = at + 10..at + 10 + usize::from(u16::from_be_bytes([c, d]));
        at = place.end;
        message.get(place.clone())?;
        if u16::from_be_bytes([a, b]) == kind && [class_a, class_b] == [0, 1] {
            places.push(place);
        }
    }
    Some(Ok(places))
}

/// The host name at a place: letters, digits, hyphens and underscores between dots.
fn host_name(message: &[u8], mut at: usize) -> Option<String> {
    let mut name = String::new();
    // Each label is two bytes at least, and a name 255 at most; a loop of pointers ends too.
    for _ in 0..255 {
        match usize::from(*message.get(at)?) {
            0 => return (!name.is_empty()).then_some(name),
            high if high & 0xc0 == 0xc0 => {
                at = (high & 0x3f) << 8 | usize::from(*message.get(at + 1)?);
            }
            length => {
                let label = message.get(at + 1..at + 1 + length)?;
                let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
                if length > 63 || name.len() + length > 254 || !label.iter().all(is_plain) {
                    return None;
                }
                if !name.is_empty() {
                    name.push('.');
                }
                name.extend(label.iter().map(|&byte| char::from(byte)));
                at += 1 + length;
            }
        }
    }
    None
}

/// The place after a name: labels, ended by an empty one or by a pointer.
fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            pointer if pointer & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += 1 + usize::from(length & 0x3f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(flags: [u8; 2], records: &[u8], count: u8) -> Vec<u8> {
        let mut message = question(7, "host.example", A).unwrap();
        message[2..4].copy_from_slice(&flags);
        message[7] = count;
        message.extend_from_slice(records);
        message
    }

    #[rustfmt::skip]
    const RECORDS: &[u8] = &[
        0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12,       // an alias, skipped
        0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7,   // an address
    ];

    #[test]
    fn an_answer_is_read() {
        let asked = question(7, "host.example", A).unwrap();
        let read = |message: &[u8]| answer(message, &asked, A);
        let addr: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(read(&reply([0x81, 0x80], RECORDS, 2)), Some(Ok(vec![addr])));
        assert_eq!(read(&reply([0x81, 0x83], &[], 0)), Some(Err(No::SuchName)));
        assert_eq!(read(&reply([0x81, 0x82], &[], 0)), Some(Err(No::Finding)));
        assert_eq!(read(&reply([0x81, 0x85], &[], 0)), Some(Err(No::Answer)));
        assert!(matches!(read(&reply([0x81, 0x80], &[], 0)), Some(Err(_))));
        // A question is no answer, and somebody else's answer is not ours.
        assert_eq!(read(&asked), None);
        let mut other = reply([0x81, 0x80], RECORDS, 2);
        other[1] = 8;
        assert_eq!(read(&other), None);
    }

    #[test]
    fn an_address_has_the_name_of_a_host_or_none() {
        assert_eq!(reverse([192, 0, 2, 7].into()), "7.2.0.192.in-addr.arpa");
        let v6 = reverse("2001:db8::1f".parse().unwrap());
        assert!(v6.starts_with("f.1.0.0.") && v6.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"));
        let asked = question(7, "7.2.0.192.in-addr.arpa", PTR).unwrap();
        let read = |name: &[u8]| {
            let mut message = asked.clone();
            message[2..4].copy_from_slice(&[0x81, 0x80]);
            message[7] = 1;
            message.extend_from_slice(&[0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 9, 0]);
            message.push(u8::try_from(name.len()).unwrap());
            message.extend_from_slice(name);
            pointer(&message, &asked)
        };
        let name = |text: &str| Some(Ok(Some(text.to_owned())));
        assert_eq!(read(b"\x03www\x07example\x00"), name("www.example"));
        // The rest of the name stands in the question.
        assert_eq!(read(b"\x03www\xc0\x16"), name("www.in-addr.arpa"));
        // What steers a terminal or runs in a ring is no host's name.
        assert_eq!(read(b"\x03w\x1bw\x00"), Some(Ok(None)));
        assert_eq!(read(b"\xc0\x34"), Some(Ok(None)));
        assert_eq!(read(b"\x00"), Some(Ok(None)));
        assert_eq!(read(b"\x40"), Some(Ok(None)));
    }

    #[test]
    fn only_names_are_asked_for() {
        assert_eq!(question(1, "", A), None);
        assert_eq!(question(1, "a..b", A), None);
        assert_eq!(question(1, &"a".repeat(64), A), None);
        assert!(question(1, "a.b.", A).is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail: Vec<u8>, flags: [u8; 2], count: u8) {
            let asked = question(7, "host.example", A).unwrap();
            let _ = answer(&reply(flags, &tail, count), &asked, A);
            let _ = answer(&tail, &asked, A);
            let _ = pointer(&reply(flags, &tail, count), &asked);
            let _ = host_name(&tail, 0);
        }
    }
}
