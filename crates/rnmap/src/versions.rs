//! `-sV`: what the open TCP ports of a host say of themselves.

use crate::host::{Banner, Host};
use crate::session::counted;
use model::{Gap, PortState, Proto};
use scan::version::{self, Manner};

/// Reads the banners of a host's open TCP ports. Ports not asked to the end are a gap.
pub(crate) fn read(host: &mut Host, manner: &Manner<'_>) -> Option<Gap> {
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
    let said = version::ask(host.addr, &open, manner);
    for (port, spoken) in said.heard {
        let banner = Banner {
            service: spoken.service,
            words: spoken.words,
        };
        host.banners.insert((Proto::Tcp, port), banner);
    }
    let ports = counted(said.unasked, "open port", "open ports");
    let why = format!("{ports} not asked to the end what they are (-sV)");
    (said.unasked > 0).then(|| Gap::new(format!("tcp {}", host.addr), why))
}
