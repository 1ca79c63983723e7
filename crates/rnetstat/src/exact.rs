//! `--exact`: sock_diag asked for one socket at a time. Who filters what is listed must have
//! thought of this question too: it is answered by the lookup that a packet takes.

use crate::listing::Outcome;
use crate::options::Asked;
use cli::{Answer, Error, Exit};
use host::read::witness;
use model::receipt::Alone;
use model::{Coverage, Gap, Gaps, Inet, Record, Source, State};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use sysroot::Sysroot;

/// What has this local end and no peer.
fn inet(asked: Asked) -> Inet {
    Inet {
        proto: asked.proto,
        local: asked.at.ip(),
        port: asked.at.port(),
        remote: match asked.at {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        },
        remote_port: 0,
        state: State::Listen,
        device: None,
        v6only: None,
        timer: None,
    }
}

/// Answers with what is there at each.
///
/// # Errors
/// Those of the writer.
pub(crate) fn answer(
    root: &Sysroot,
    asked: &[Asked],
    out: &mut dyn Write,
) -> Result<Outcome, Error> {
    let mut gaps = Gaps::new();
    let mut any = false;
    let mut answer = Answer::begin(out, "rnetstat", Some(Source::NetlinkExact))?;
    for asked in asked {
        let found = match witness::exact(root, &inet(*asked)) {
            Ok(found) => found,
            Err(error) => {
                let place = format!("sock_diag {}/{}", asked.proto, asked.at);
                gaps.push(Gap::io(&place, &error));
                continue;
            }
        };
        any |= found.is_some();
        answer.row(&Record::Alone(Alone {
            proto: asked.proto,
            addr: asked.at.ip(),
            port: asked.at.port(),
            socket: found.map(Box::new),
        }))?;
    }
    let coverage = Coverage {
        netns: host::netns(root),
        ..Coverage::default()
    };
    answer.end(&gaps, coverage)?;
    Ok(Outcome {
        exit: Exit::of_search(any, &gaps),
        gaps,
        missing: Vec::new(),
    })
}
