//! What a name on the command line means.

use model::{Inet, Proto, service};
use std::ffi::{OsStr, OsString};
use std::net::IpAddr;

/// One name, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file, by its name as typed, which need be no text.
    File(OsString),
    /// Sockets.
    Port(Port),
}

/// `[local][,[remote address][,[remote port]]]` of one protocol. What is not said does not
/// matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) proto: Proto,
    pub(crate) local: Option<u16>,
    pub(crate) remote: Option<IpAddr>,
    pub(crate) remote_port: Option<u16>,
}

impl Target {
    /// Reads `SPACE:NAME`. In the space `auto` a name is a file unless it ends with `/tcp` or
    /// `/udp`, or begins with `tcp/` or `udp/`, and has no other slash.
    ///
    /// # Errors
    /// One sentence: an unknown space, service or address.
    pub(crate) fn parse(space: &[u8], name: &OsStr) -> Result<Target, String> {
        let port = |proto| {
            let spec = name.to_str().ok_or("a port that is not UTF-8")?;
            port(proto, spec).map(Target::Port)
        };
        match space {
            b"file" => Ok(Target::File(name.to_owned())),
            b"tcp" => port(Proto::Tcp),
            b"udp" => port(Proto::Udp),
            b"auto" => match name.to_str().and_then(suffix) {
                Some((proto, spec)) => self::port(proto, spec).map(Target::Port),
                None => Ok(Target::File(name.to_owned())),
            },
            other => Err(format!("unknown name space: {}", other.escape_ascii())),
        }
    }
}

fn suffix(name: &str) -> Option<(Proto, &str)> {
    let (first, second) = name.split_once('/')?;
    match (first, second) {
        (spec, "tcp") if !spec.is_empty() => Some((Proto::Tcp, spec)),
        (spec, "udp") if !spec.is_empty() => Some((Proto::Udp, spec)),
        ("tcp", spec) if is_spec(spec) => Some((Proto::Tcp, spec)),
        ("udp", spec) if is_spec(spec) => Some((Proto::Udp, spec)),
        _ => None,
    }
}

/// Whether the word behind `tcp/` can be a port: it could also be a file in a directory.
fn is_spec(spec: &str) -> bool {
    !spec.is_empty() && !spec.contains('/')
}

fn port(proto: Proto, spec: &str) -> Result<Port, String> {
    let mut parts = spec.splitn(3, ',');
    let local = number(proto, parts.next().unwrap_or_default(), "local")?;
    let remote = match parts.next().unwrap_or_default() {
        "" => None,
        "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
        word => {
            let bare = word.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
            let addr = bare.unwrap_or(word).parse();
            Some(addr.map_err(|_| format!("no numeric address (names are not resolved): {word}"))?)
        }
    };
    let remote_port = number(proto, parts.next().unwrap_or_default(), "remote")?;
    Ok(Port {
        proto,
        local,
        remote,
        remote_port,
    })
}

fn number(proto: Proto, word: &str, side: &str) -> Result<Option<u16>, String> {
    if word.is_empty() {
        return Ok(None);
    }
    if word.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(port) = word.parse()
    {
        return Ok(Some(port));
    }
    service::ports(proto, word)
        .next()
        .map(Some)
        .ok_or_else(|| format!("cannot resolve {side} port {word}"))
}

impl Port {
    /// Whether a socket is meant.
    pub(crate) fn matches(&self, inet: &Inet) -> bool {
        inet.proto == self.proto
            && self.local.is_none_or(|port| port == inet.port)
            && self.remote_port.is_none_or(|port| port == inet.remote_port)
            && self
                .remote
                .is_none_or(|addr| addr.to_canonical() == inet.remote.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `proto local remote remote-port`, or `file`.
    #[track_caller]
    fn check(space: &str, name: &str, meaning: &str) {
        let told = match Target::parse(space.as_bytes(), name.as_ref()).unwrap() {
            Target::File(_) => "file".to_owned(),
            Target::Port(port) => format!(
                "{} {} {} {}",
                port.proto,
                port.local.map_or("*".to_owned(), |port| port.to_string()),
                port.remote.map_or("*".to_owned(), |addr| addr.to_string()),
                port.remote_port
                    .map_or("*".to_owned(), |port| port.to_string()),
            ),
        };
        assert_eq!(told, meaning, "{space} {name}");
    }

    #[test]
    fn ports_and_files() {
        check("auto", "22/tcp", "tcp 22 * *");
        check("auto", "udp/53", "udp 53 * *");
        check("tcp", "ssh", "tcp 22 * *");
        check("tcp", "22,127.0.0.1,4444", "tcp 22 127.0.0.1 4444");
        check("auto", ",::1/udp", "udp * ::1 *");
        check("tcp", ",,80", "tcp * * 80");
        for file in ["/tmp", "a/b/tcp", "./22/tcp", "/tcp", "tcp/", "22"] {
            check("auto", file, "file");
        }
        check("file", "22/tcp", "file");
    }

    #[test]
    fn a_file_need_have_no_text_for_a_name() {
        use std::os::unix::ffi::OsStrExt;
        let name = OsStr::from_bytes(b"/tmp/\xff/tcp");
        for space in ["auto", "file"] {
            let file = Target::File(name.to_owned());
            assert_eq!(Target::parse(space.as_bytes(), name), Ok(file));
        }
        assert!(Target::parse(b"tcp", name).is_err());
    }

    #[test]
    fn nonsense_is_one_sentence() {
        for (space, name) in [
            ("tcp", "bogus"),
            ("tcp", "99999"),
            ("tcp", "22,host"),
            ("udp", "1,,x"),
            ("sctp", "1"),
            ("", "x"),
        ] {
            let error = Target::parse(space.as_bytes(), name.as_ref()).unwrap_err();
            assert!(!error.contains('\n'), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(space: String, name: String) {
            let _ = Target::parse(space.as_bytes(), name.as_ref());
            let _ = Target::parse(b"auto", name.as_ref());
            let _ = Target::parse(b"tcp", name.as_ref());
        }
    }
}
