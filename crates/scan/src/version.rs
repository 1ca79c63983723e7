//! What an open TCP port says of itself (`-sV`, light): its greeting if it greets, else what
//! it answers to an HTTP request, else to the opening of TLS. What comes back is a
//! stranger's bytes: kept as they are, at most [`WORDS_MAX`] of them.

use crate::origin::Origin;
use crate::pace::Pace;
use crate::route;
use model::Foreign;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes kept of what a port says.
pub const WORDS_MAX: usize = 256;
/// Ports asked at a time.
const AT_ONCE: usize = 32;
/// How long a greeting, or an answer, may take.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// What a port said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The protocol it speaks, if it is one we know.
    pub service: Option<&'static str>,
    /// Its own words.
    pub words: Foreign,
}

/// What is said first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Silence,
    Http,
    Tls,
}

/// Ports where TLS is more likely than a greeting.
const TLS_PORTS: &[u16] = &[
    443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2376, 3269, 4443, 5061, 5671, 5986,
    6443, 6514, 8443, 8883, 9443, 10_250,
];

/// How they are asked.
pub struct Manner<'m> {
    /// The pace of the scan, which holds for these connections too.
    pub pace: &'m Pace,
    /// What they leave from.
    pub origin: &'m Origin,
    /// Whether to end here.
    pub stop: &'m dyn Fn() -> bool,
    /// When the host's time is over, where it is limited.
    pub until: Option<Instant>,
}

/// What the ports of a host said.
#[derive(Debug, Default)]
pub struct Said {
    /// Each port that said something, and what.
    pub heard: Vec<(u16, Spoken)>,
    /// Ports not asked to the end: somebody wanted one, or the host's time was over.
    pub unasked: usize,
}

impl Manner<'_> {
    /// Least time between two connections.
    fn gap(&self) -> Duration {
        let rated = self.pace.rate_max.map(|rate| 1.0 / rate);
        let rated = rated.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        rated.unwrap_or_default().max(self.pace.delay)
    }

    fn is_over(&self) -> bool {
        (self.stop)() || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Sleeps that long, but for an end.
    fn keep_the_gap(&self) {
        let until = Instant::now() + self.gap();
        while !self.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(Duration::from_millis(50)));
        }
    }
}

/// Asks these open ports of a host, in order. Of ports that say nothing nothing is told.
#[must_use]
pub fn ask(addr: IpAddr, ports: &[u16], manner: &Manner<'_>) -> Said {
    let mut said = Said::default();
    let at_once = if manner.pace.serial { 1 } else { AT_ONCE };
    for group in ports.chunks(at_once) {
        let mut open: Vec<u16> = group.to_vec();
        for turn in 0..3 {
            if open.is_empty() {
                break;
            }
            let talks: Vec<(u16, Opening)> = open
                .iter()
                .map(|&port| (port, opening(port, turn)))
                .collect();
            let (words, is_whole) = round(addr, &talks, manner);
            for (port, words) in words.into_iter().filter(|(_, words)| !words.is_empty()) {
                said.heard.push((port, understand(&words)));
                open.retain(|&other| other != port);
            }
            if !is_whole {
                said.unasked += open.len();
                break;
            }
        }
    }
    said.heard.sort_by_key(|(port, _)| *port);
    said
}

fn opening(port: u16, turn: u8) -> Opening {
    let order = if TLS_PORTS.contains(&port) {
        [Opening::Tls, Opening::Http, Opening::Silence]
    } else {
        [Opening::Silence, Opening::Http, Opening::Tls]
    };
    order
        .get(usize::from(turn))
        .copied()
        .unwrap_or(Opening::Silence)
}

struct Talk {
    port: u16,
    socket: Socket,
    said: bool,
    opening: Opening,
    words: Vec<u8>,
    over: bool,
}

/// One connection a port, all at the same time. Also tells whether all were made and waited for.
fn round(
    addr: IpAddr,
    talks: &[(u16, Opening)],
    manner: &Manner<'_>,
) -> (Vec<(u16, Vec<u8>)>, bool) {
    let mut is_whole = true;
    let mut begun = Vec::new();
    for &(port, opening) in talks {
        manner.keep_the_gap();
        if manner.is_over() {
            is_whole = false;
            break;
        }
        begun.extend(begin(SocketAddr::new(addr, port), opening, manner.origin));
    }
    let mut talks: Vec<Talk> = begun;
    let until = Instant::now() + PATIENCE;
    while talks.iter().any(|talk| !talk.over) {
        let now = Instant::now();
        if now >= until || manner.is_over() {
            is_whole &= now >= until;
            break;
        }
        let ready: Vec<bool> = {
            let mut list: Vec<PollFd<'_>> = talks
                .iter()
                .map(|talk| {
                    let flags = match (talk.over, talk.said) {
                        (true, _) => PollFlags::empty(),
                        (false, true) => PollFlags::POLLIN,
                        (false, false) => PollFlags::POLLOUT,
                    };
                    PollFd::new(talk.socket.as_fd(), flags)
                })
                .collect();
            let _ = poll(&mut list, PollTimeout::from(50u8));
            list.iter().map(|fd| fd.any() == Some(true)).collect()
        };
        for (talk, _) in talks
            .iter_mut()
            .zip(ready)
            .filter(|(talk, ready)| *ready && !talk.over)
        {
            talk.go_on(addr);
        }
    }
    let words = talks.into_iter().map(|talk| (talk.port, talk.words));
    (words.collect(), is_whole)
}

fn begin(to: SocketAddr, opening: Opening, origin: &Origin) -> Option<Talk> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP)).ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.set_linger(Some(Duration::ZERO)).ok()?;
    if !route::is_local(to.ip()) {
        origin.any_port().apply(&socket, to.ip()).ok()?;
    }
    match socket.connect(&SockAddr::from(to)) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => None,
        _ => Some(Talk {
            port: to.port(),
            socket,
            said: false,
            opening,
            words: Vec::new(),
            over: false,
        }),
    }
}

impl Talk {
    /// The socket has something to tell: it stands, or words came, or it is over.
    fn go_on(&mut self, addr: IpAddr) {
        if !self.said {
            let own = self
                .socket
                .local_addr()
                .ok()
                .and_then(|own| own.as_socket());
            let fails = !matches!(self.socket.take_error(), Ok(None))
                || own == Some(SocketAddr::new(addr, self.port));
            let sent = match self.opening {
                Opening::Silence => Ok(0),
                Opening::Http => self.socket.send(b"GET / HTTP/1.0\r\n\r\n"),
                Opening::Tls => self.socket.send(&client_hello()),
            };
            self.over = fails || sent.is_err();
            self.said = true;
            return;
        }
        let mut bytes = [0u8; 1_024];
        match (&self.socket).read(&mut bytes) {
            Ok(0) => self.over = true,
            Ok(length) => {
                self.words
                    .extend_from_slice(bytes.get(..length).unwrap_or_default());
                self.words.truncate(1_024);
                self.over = is_enough(&self.words);
            }
            Err(error) => self.over = error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

/// Whether more would tell nothing more.
#[must_use]
pub fn is_enough(words: &[u8]) -> bool {
    words.len() >= 1_024
        || words.first() == Some(&0x16)
        || words.first() == Some(&0x15)
        || (words.starts_with(b"HTTP/") && words.windows(4).any(|four| four == b"\r\n\r\n"))
        || (!words.starts_with(b"HTTP/") && words.ends_with(b"\n"))
}

/// How greetings begin, and whose they are.
const GREETINGS: &[(&[u8], &str)] = &[
    (b"SSH-", "ssh"),
    (b"HTTP/", "http"),
    (b"+OK", "pop3"),
    (b"* OK", "imap"),
    (b"RFB ", "vnc"),
    (b"-ERR unknown command", "redis"),
    (b"RTSP/", "rtsp"),
    (b"SIP/", "sip"),
    (b"AMQP", "amqp"),
    (b"\xff\xfd", "telnet"),
    (b"\xff\xfb", "telnet"),
    (b"@RSYNCD:", "rsync"),
    (b"\x16\x03", "tls"),
    (b"\x15\x03", "tls"),
];

/// Names the protocol, and keeps the line that tells most.
#[must_use]
pub fn understand(words: &[u8]) -> Spoken {
    let greeting = GREETINGS.iter().find(|row| words.starts_with(row.0));
    let service = match greeting {
        Some((_, name)) => Some(*name),
        None if words.starts_with(b"220") => {
            let is_ftp = words
                .windows(3)
                .any(|three| three.eq_ignore_ascii_case(b"ftp"));
            Some(if is_ftp { "ftp" } else { "smtp" })
        }
        None if words.get(3..5) == Some(&[0, 10]) => Some("mysql"),
        None => None,
    };
    let kept: Vec<u8> = match service {
        Some("tls") => match (words.first(), words.get(9..11)) {
            (Some(0x16), Some(&[major, minor])) => {
                format!("TLS server hello, version {major}.{minor}").into_bytes()
            }
            _ => b"TLS alert".to_vec(),
        },
        Some("http") => http_line(words),
        _ => first_line(words).to_vec(),
    };
    let kept = kept.get(..WORDS_MAX).map_or(kept.clone(), <[u8]>::to_vec);
    Spoken {
        service,
        words: Foreign::from(kept),
    }
}

fn first_line(words: &[u8]) -> &[u8] {
    let line = words
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The status line, and the server's name for itself.
fn http_line(words: &[u8]) -> Vec<u8> {
    let mut line = first_line(words).to_vec();
    let server = words.split(|&byte| byte == b'\n').find(|line| {
        line.len() > 7
            && line
                .get(..7)
                .is_some_and(|key| key.eq_ignore_ascii_case(b"server:"))
    });
    if let Some(server) = server {
        line.extend_from_slice(b"; ");
        line.extend_from_slice(server.trim_ascii());
    }
    line
}

/// A TLS client hello that offers 1.2 and 1.3 (RFC 8446 §4.1.2), without a key share: a
/// server answers with its hello, or asks for another, and says its version either way.
fn client_hello() -> Vec<u8> {
    let ciphers: [u8; 14] = [
        0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f, 0xc0, 0x2b, 0xc0, 0x30, 0x00, 0x9c, 0x00, 0x2f,
    ];
    #[rustfmt::skip]
    let extensions: [u8; 39] = [
        0, 10, 0, 6, 0, 4, 0, 29, 0, 23,                    // groups: x25519, P-256
        0, 13, 0, 10, 0, 8, 4, 3, 8, 4, 4, 1, 2, 1,         // signatures
        0, 43, 0, 5, 4, 3, 4, 3, 3,                         // versions 1.3, 1.2
        0, 51, 0, 2, 0, 0,                                  // no key share
    ];
    let mut body = vec![3, 3];
    body.extend_from_slice(b"rnmap asks which TLS is spoken..");
    body.push(0);
    body.extend_from_slice(&[0, 14]);
    body.extend_from_slice(&ciphers);
    body.extend_from_slice(&[1, 0, 0, 39]);
    body.extend_from_slice(&extensions);
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
    let mut handshake = vec![1, 0];
    handshake.extend_from_slice(&length(&body));
    handshake.extend_from_slice(&body);
    let mut record = vec![0x16, 3, 1];
    record.extend_from_slice(&length(&handshake));
    record.extend_from_slice(&handshake);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[u8], service: Option<&str>, kept: &str) {
        let spoken = understand(words);
        assert_eq!(spoken.service, service);
        assert_eq!(spoken.words, Foreign::from(kept));
    }

    #[test]
    fn greetings_are_known() {
        check(
            b"SSH-2.0-OpenSSH_9.2p1\r\nmore",
            Some("ssh"),
            "SSH-2.0-OpenSSH_9.2p1",
        );
        check(
            b"HTTP/1.1 200 OK\r\nDate: x\r\nServer: nginx/1.22\r\n\r\n",
            Some("http"),
            "HTTP/1.1 200 OK; Server: nginx/1.22",
        );
        check(b"220 ProFTPD ready\r\n", Some("ftp"), "220 ProFTPD ready");
        check(b"220 mail ESMTP\r\n", Some("smtp"), "220 mail ESMTP");
        check(b"\x15\x03\x03\0\x02\x02\x28", Some("tls"), "TLS alert");
        check(b"\x1b[31mevil\n", None, "\x1b[31mevil");
        assert_eq!(understand(&[b'a'; 5_000]).words.as_bytes().len(), WORDS_MAX);
    }

    /// A port that says nothing is asked three times; one whose host has no time left, no more.
    #[test]
    fn a_host_whose_time_is_over_is_asked_no_more() {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        listener.bind(&any.into()).unwrap();
        listener.listen(8).unwrap();
        listener.set_nonblocking(true).unwrap();
        let to = listener.local_addr().unwrap().as_socket().unwrap();
        let said = |left: u64| {
            let manner = Manner {
                pace: &Pace::template(3),
                origin: &Origin::default(),
                stop: &|| false,
                until: Some(Instant::now() + Duration::from_millis(left)),
            };
            ask(to.ip(), &[to.port()], &manner)
        };
        let none = said(0);
        assert_eq!((none.heard.len(), none.unasked), (0, 1));
        assert!(listener.accept().is_err(), "somebody connected");
        assert_eq!(said(200).unasked, 1);
        assert_eq!(said(3_600_000).unasked, 0);
    }

    #[test]
    fn the_hello_has_the_lengths_it_tells() {
        let hello = client_hello();
        assert_eq!(
            usize::from(u16::from_be_bytes([hello[3], hello[4]])),
            hello.len() - 5
        );
        assert_eq!(
            usize::from(u16::from_be_bytes([hello[7], hello[8]])),
            hello.len() - 9
        );
    }
}
