//! Packet sockets: no ports, but they read what goes by.

use crate::copies;
use crate::finding;
use crate::signs::{Sign, sign};
use crate::snapshot::Snapshot;
use crate::system::System;
use crate::verdict::{Verdict, Weight};
use model::{Foreign, IfIndex, Kind, Owner, Packet, Pid, Socket};

/// Packet sockets that get an entry of their own; the rest is counted.
const SNIFFERS_MAX: usize = 16;

/// Instructions of a filter that are told.
const TEXT_MAX: usize = 24;

/// An entry for each packet socket.
pub(crate) fn signs(snapshot: &Snapshot) -> Vec<Sign> {
    let packets = snapshot.packets.values();
    let mut told: Vec<Sign> = packets
        .filter_map(|socket| match &socket.kind {
            Kind::Packet(packet) => about(snapshot, socket, packet),
            _ => None,
        })
        .collect();
    let left = told.len().saturating_sub(SNIFFERS_MAX);
    told.truncate(SNIFFERS_MAX);
    if left > 0 {
        let more = vec![format!(
            "and {} more",
            model::gap::counted(
                u64::try_from(left).unwrap_or(u64::MAX),
                "packet socket",
                "packet sockets"
            )
        )];
        let system = System::of(snapshot);
        let sign = sign(system, Verdict::Sniffer, Weight::Note, None, more);
        told.extend(sign.map(|sign| Sign {
            next: "rnetstat -0p".to_owned(),
            ..sign
        }));
    }
    told
}

fn about(snapshot: &Snapshot, socket: &Socket, packet: &Packet) -> Option<Sign> {
    let (lines, owner) = lines(snapshot, socket, packet);
    let system = System::of(snapshot);
    let sign = sign(system, Verdict::Sniffer, Weight::Note, None, lines)?;
    let next = match owner {
        Some(pid) => sign.next.replace("{pid}", &pid.to_string()),
        None => format!("rlsof --sockets --json | grep '\"inode\":{}'", socket.inode),
    };
    Some(Sign { next, ..sign })
}

/// What was seen of one, and the first process that holds it.
fn lines(snapshot: &Snapshot, socket: &Socket, packet: &Packet) -> (Vec<String>, Option<Pid>) {
    let inode = socket.inode;
    let what = match packet.packet_type {
        3 => "whole frames",
        _ => "packets",
    };
    let of = match packet.ethertype {
        0 => "nothing yet".to_owned(),
        3 => "all protocols".to_owned(),
        other => format!("protocol {other:#06x}"),
    };
    let device = match snapshot.facts.interfaces.get(&packet.device) {
        _ if packet.device == IfIndex(0) => "every interface".to_owned(),
        Some(name) => text(name),
        None => format!("interface {}", packet.device),
    };
    let mut lines = vec![format!(
        "a packet socket, inode {inode}, reads {what} of {of} on {device}"
    )];
    let mut owners: Vec<Owner> = snapshot.owners(inode).cloned().collect();
    let by = match owners.is_empty() {
        true => "pidfd",
        false => "walk",
    };
    if owners.is_empty() {
        owners = copies::owners(snapshot, inode);
    }
    let first = owners.first().map(|owner| owner.id.pid);
    for owner in owners {
        let holder = finding::holder(snapshot, owner, socket.netns);
        let exe = holder.exe.as_ref().map(text).unwrap_or_default();
        let flags: Vec<&str> = holder.flags.iter().map(|flag| flag.name()).collect();
        let flags = flags.join(" ");
        let line = format!(
            "{by}: process {} ({}) holds it {exe} {flags}",
            holder.owner.id.pid,
            text(&holder.owner.comm)
        );
        lines.push(line.trim_end().to_owned());
    }
    if lines.len() == 1 {
        lines.push("walk: nobody was found holding it".to_owned());
    }
    let asked = snapshot.copies.sockets.get(&inode);
    let filter = socket.filter.as_deref();
    match filter.or(asked.and_then(|asked| asked.tests.as_ref())) {
        None => lines.push("filter: none was told".to_owned()),
        Some(filter) => {
            if !filter.ports.is_empty() {
                let ports: Vec<String> = filter.ports.iter().map(ToString::to_string).collect();
                lines.push(format!("filter: it looks for port {}", ports.join(", ")));
            }
            let mut words: Vec<&str> = filter
                .text
                .iter()
                .take(TEXT_MAX)
                .map(String::as_str)
                .collect();
            if filter.text.len() > TEXT_MAX {
                words.push("...");
            }
            let count = u64::try_from(filter.text.len()).unwrap_or(u64::MAX);
            lines.push(format!(
                "filter: {}: {}",
                copies::instructions(count),
                words.join("; ")
            ));
        }
    }
    (lines, first)
}

fn text(name: &Foreign) -> String {
    name.as_bytes().escape_ascii().to_string()
}
