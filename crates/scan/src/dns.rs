//! Names to addresses, by a question to one server that was named (RFC 1035). No resolver of
//! the host, no `/etc/hosts`, no search list.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockAddr, Socket, Type};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Times a question is asked, and how long its answer may take.
const TRIES: u8 = 3;
const PATIENCE: Duration = Duration::from_secs(2);
/// Record types (RFC 1035 §3.2.2, RFC 3596 §2.1).
const A: u16 = 1;
const AAAA: u16 = 28;

/// The addresses of a name: IPv4, or IPv6 where that is wanted. Aliases are followed as far
/// as the server itself follows them.
///
/// # Errors
/// The server is silent, or says there is no such name or address.
pub fn resolve(server: SocketAddr, name: &str, is_v6: bool) -> io::Result<Vec<IpAddr>> {
    let kind = if is_v6 { AAAA } else { A };
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
                    if let Some(addrs) = answer(message, &asked, kind) {
                        return addrs.map_err(io::Error::other);
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

/// A question with recursion desired; none for what is no name.
fn question(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
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

/// Reads an answer to `asked`; none if it is to something else, or no message at all.
fn answer(message: &[u8], asked: &[u8], kind: u16) -> Option<Result<Vec<IpAddr>, &'static str>> {
    let head = message.first_chunk::<12>()?;
    let same =
        message.get(..2)? == asked.get(..2)? && message.get(12..asked.len())? == asked.get(12..)?;
    let [_, _, flags, code, _, _, count_high, count_low, ..] = *head;
    if !same || flags & 0x80 == 0 {
        return None;
    }
    match code & 0x0f {
        0 => {}
        3 => return Some(Err("no such name")),
        _ => return Some(Err("the name server refuses")),
    }
    let mut at = asked.len();
    let mut addrs = Vec::new();
    for _ in 0..u16::from_be_bytes([count_high, count_low]) {
        at = skip_name(message, at)?;
        let [a, b, class_a, class_b, _, _, _, _, c, d] = *message.get(at..)?.first_chunk::<10>()?;
        let length = usize::from(u16::from_be_bytes([c, d]));
        let data = message.get(at + 10..at + 10 + length)?;
        if u16::from_be_bytes([a, b]) == kind && [class_a, class_b] == [0, 1] {
            addrs.extend(match kind {
                A => data
                    .first_chunk::<4>()
                    .map(|v4| IpAddr::V4(Ipv4Addr::from(*v4))),
                _ => data
                    .first_chunk::<16>()
                    .map(|v6| IpAddr::V6(Ipv6Addr::from(*v6))),
            });
        }
        at += 10 + length;
    }
    addrs.sort_unstable();
    addrs.dedup();
    Some(if addrs.is_empty() {
        Err("the name has no such address")
    } else {
        Ok(addrs)
    })
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
        assert_eq!(
            read(&reply([0x81, 0x83], &[], 0)),
            Some(Err("no such name"))
        );
        assert!(matches!(read(&reply([0x81, 0x80], &[], 0)), Some(Err(_))));
        // A question is no answer, and somebody else's answer is not ours.
        assert_eq!(read(&asked), None);
        let mut other = reply([0x81, 0x80], RECORDS, 2);
        other[1] = 8;
        assert_eq!(read(&other), None);
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
        }
    }
}
