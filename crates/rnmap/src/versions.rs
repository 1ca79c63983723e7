//! `-sV`: what the open TCP ports of a host say of themselves.

use crate::host::{Banner, Host};
use model::{PortState, Proto};
use scan::version::{self, Manner};

/// Reads the banners of a host's open TCP ports.
pub(crate) fn read(host: &mut Host, manner: &Manner<'_>) {
    let mut open: Vec<u16> = host
        .reports
        .iter()
        .filter(|report| report.proto == Proto::Tcp)
        .flat_map(|report| &report.answers)
        .filter(|(_, answer)| answer.state == PortState::Open)
        .map(|(port, _)| *port)
        .collect();
    open.sort_unstable();
    open.dedup();
    for (port, spoken) in version::ask(host.addr, &open, manner) {
        let banner = Banner {
            service: spoken.service,
            words: spoken.words,
        };
        host.banners.insert((Proto::Tcp, port), banner);
    }
}
