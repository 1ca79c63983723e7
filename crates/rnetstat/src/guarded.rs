//! `--via netlink-read`: sock_diag asked twice more, its answer received by `read(2)` and by
//! `recvmsg(2)`, each into a buffer that shows whether somebody wrote to it on the way.

use crate::listing::Outcome;
use crate::options::Options;
use crate::query::Query;
use cli::{Answer, Error, Exit};
use host::read::witness::receipt;
use model::receipt::{Receive, Received};
use model::record::SocketRow;
use model::{Coverage, Family, Gap, Gaps, Looked, Proto, Record, Source};
use std::io::Write;
use sysroot::Sysroot;

/// The calls: sockets are told as the first one receives them.
const CALLS: [Receive; 2] = [Receive::Read, Receive::Recvmsg];

/// Answers with the sockets and with what the answers looked like.
///
/// # Errors
/// Something but JSON is wanted, or a socket table of another kind.
pub(crate) fn answer(
    root: &Sysroot,
    query: &Query,
    options: &Options,
    out: &mut dyn Write,
) -> Result<Outcome, Error> {
    if !options.common.json {
        return Err(Error::Usage("--via netlink-read needs --json".to_owned()));
    }
    let ask = query.inet_ask();
    let (mut rows, mut gaps) = (0, Gaps::new());
    let mut coverage = Coverage {
        netns: host::netns(root),
        ..Coverage::default()
    };
    let mut answer = Answer::begin(out, "rnetstat", Some(Source::NetlinkRead))?;
    for &(family, proto) in ask.tables.iter().filter(|table| is_asked(**table)) {
        for by in CALLS {
            let got = receipt(root, family, proto, ask.states, by);
            // A kernel without this family or its diag module.
            let absent = |gap: &Gap| gap.errno == Some(2);
            if !got.gaps.is_empty() && got.gaps.iter().all(absent) {
                continue;
            }
            let whole = got.gaps.is_empty();
            gaps.extend(got.gaps);
            answer.row(&Record::Received(Received {
                by,
                family,
                proto,
                messages: got.messages,
                signs: got.signs,
                carved: got.carved,
            }))?;
            if by != CALLS[0] {
                continue;
            }
            for socket in got.sockets {
                if query.shows(&socket) {
                    rows += 1;
                    let owners = None;
                    answer.row(&Record::Socket(SocketRow { socket, owners }))?;
                }
            }
            if whole {
                coverage.looked.push(Looked {
                    family,
                    proto,
                    bound: false,
                });
            }
        }
    }
    answer.end(&gaps, coverage)?;
    Ok(Outcome {
        exit: Exit::of_search(rows > 0, &gaps),
        gaps,
        missing: Vec::new(),
    })
}

/// The tables open ports stand in; asking for others may load a module.
fn is_asked((_, proto): (Family, Option<Proto>)) -> bool {
    matches!(proto, Some(Proto::Tcp | Proto::Udp))
}
