//! The tables, row by row, in the rooms of the originals' formats.

use super::layout::{Era, Layout};
use super::options::Options;
use super::owners::{Holder, Owners};
use model::{Family, Foreign, Inet, Kind, Proto, Socket, State, Streams, Unix, UnixType};
use render::{Align, Text};
use std::io::{self, Write};
use std::net::IpAddr;

/// Prints every socket, a heading before the first of each table; gives the number of rows.
pub(crate) fn show(
    layout: &Layout,
    options: &Options,
    sockets: &[Socket],
    owners: Option<&Owners>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let mut text = Text::default();
    let mut rows = 0;
    let mut open = None;
    for (at, socket) in sockets.iter().enumerate() {
        let table = (
            socket.kind.family(),
            socket.kind.inet().map(|inet| inet.proto),
        );
        if open != Some(table) {
            open = Some(table);
            heading(layout, table, owners.is_some(), &mut text);
        }
        let holders = owners.map_or_else(|| vec![Holder::default()], |owners| owners.of(at));
        match &socket.kind {
            Kind::Inet(inet) | Kind::Inet6(inet) => {
                for holder in &holders {
                    let who = owners.map(|owners| (owners, holder));
                    internet(layout, options, socket, inet, who, &mut text);
                    rows += 1;
                }
            }
            Kind::Unix(unix) => {
                local(layout, socket, unix, &mut text);
                rows += 1;
            }
            Kind::Packet(_) | Kind::Netlink(_) | Kind::Vsock(_) | Kind::Xdp(_) => {}
        }
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    Ok(rows)
}

fn heading(layout: &Layout, table: (Family, Option<Proto>), users: bool, out: &mut Text) {
    let six = table.0 == Family::Inet6;
    let version = if six { "IPv6" } else { "IPv4" };
    match table.1 {
        Some(Proto::Udp) => {
            out.show(format_args!("\nUDP: {version}\n{}", layout.udp(six, users)));
        }
        Some(Proto::Tcp) => {
            out.show(format_args!("\nTCP: {version}\n{}", layout.tcp(six, users)));
        }
        Some(_) => out.show(format_args!("\nSCTP:\n{}", layout.tcp(six, users))),
        None => {
            let heading = layout.unix();
            out.show(format_args!("\nActive UNIX domain sockets\n{heading}"));
        }
    }
}

/// A cell in its room, and a blank.
fn cell(room: usize, align: Align, out: &mut Text, fill: impl FnOnce(&mut Text)) {
    let from = out.len();
    fill(out);
    out.pad(from, room, align);
    out.word(" ");
}

fn internet(
    layout: &Layout,
    options: &Options,
    socket: &Socket,
    inet: &Inet,
    who: Option<(&Owners, &Holder)>,
    out: &mut Text,
) {
    let six = inet.family() == Family::Inet6;
    let room = Layout::address(six);
    let datagram = inet.proto == Proto::Udp;
    let lonely = datagram && inet.state != State::Established;
    cell(room, Align::Left, out, |out| {
        end(options, inet, inet.local, inet.port, out);
    });
    cell(room, Align::Left, out, |out| {
        // Of a UDP socket without a peer none is shown.
        if !lonely {
            end(options, inet, inet.remote, inet.remote_port, out);
        }
    });
    if let Some((owners, holder)) = who {
        owners.show(holder, layout.command, out);
    }
    if !datagram {
        windows(layout, socket, out);
    }
    let from = out.len();
    state(inet, out);
    if six {
        out.pad(from, if datagram { 10 } else { 11 }, Align::Left);
        out.word(" ");
        if let Some(index) = inet.device {
            out.number(index.0.into());
        }
    }
    out.word("\n");
}

fn windows(layout: &Layout, socket: &Socket, out: &mut Text) {
    let windows = socket.streams.as_ref().and_then(|told| told.windows);
    let queues = windows.map(|_| (socket.send_queue, socket.recv_queue));
    let mut number = |room: usize, value: Option<u32>| {
        cell(room, Align::Right, out, |out| {
            // Where the layout of the entry is not known, nothing is.
            if let Some(value) = value {
                out.number(value.into());
            }
        });
    };
    number(layout.window, windows.map(|it| it.0));
    number(6, queues.map(|it| it.0));
    number(layout.window, windows.map(|it| it.1));
    number(6, queues.map(|it| it.1));
}

/// `172.27.10.9.22`, `      *.ssh`, `      *.*`.
fn end(options: &Options, inet: &Inet, at: IpAddr, port: u16, out: &mut Text) {
    match at {
        any if any.is_unspecified() => out.word("      *"),
        at => out.address(at),
    }
    out.word(".");
    let name = match options.numeric {
        true => None,
        false => model::service::name(inet.proto, port),
    };
    match (port, name) {
        (0, _) => out.word("*"),
        (_, Some(name)) => out.word(name),
        (port, None) => out.number(port.into()),
    }
}

/// States as Solaris names them (`inet/tcp.h`); UDP's are those of TPI.
fn state(inet: &Inet, out: &mut Text) {
    let word = match (inet.proto, inet.state) {
        (Proto::Udp, State::Established) => "Connected",
        (Proto::Udp, State::Close) if inet.port == 0 => "Unbound",
        (Proto::Udp, State::Close) => "Idle",
        (Proto::Udp, other) => {
            return out.show(format_args!("Unknown State({})", other.number()));
        }
        (_, State::Close) => "CLOSED",
        (_, State::Idle) => "IDLE",
        (_, State::Bound) => "BOUND",
        (_, State::Listen) => "LISTEN",
        (_, State::SynSent) => "SYN_SENT",
        (_, State::SynRecv | State::NewSynRecv) => "SYN_RCVD",
        (_, State::Established) => "ESTABLISHED",
        (_, State::CloseWait) => "CLOSE_WAIT",
        (_, State::FinWait1) => "FIN_WAIT_1",
        (_, State::Closing) => "CLOSING",
        (_, State::LastAck) => "LAST_ACK",
        (_, State::FinWait2) => "FIN_WAIT_2",
        (_, State::TimeWait) => "TIME_WAIT",
        (_, State::Other(number)) => return out.show(format_args!("UnknownState({number})")),
    };
    out.word(word);
}

fn local(layout: &Layout, socket: &Socket, unix: &Unix, out: &mut Text) {
    let nothing = Streams::default();
    let told = socket.streams.as_deref().unwrap_or(&nothing);
    let kind = match unix.unix_type {
        UnixType::Stream => "stream-ord",
        UnixType::Dgram => "dgram",
        UnixType::Seqpacket => "seqpacket",
        UnixType::Other(_) => "unknown",
    };
    let no_addresses: [&[u8]; 3] = [&[]; 3];
    let [own, vnode, peer] = told
        .addresses
        .as_ref()
        .map_or(no_addresses, |all| all.each_ref().map(Foreign::as_bytes));
    let hex = match layout.era {
        Era::Ten | Era::Eleven => 8,
        Era::Illumos | Era::Eleven4 => 16,
    };
    // The low digits are those that tell sockets apart.
    let address = |align, out: &mut Text, bytes: &[u8]| {
        let tail = bytes.get(bytes.len().saturating_sub(hex)..);
        cell(hex, align, out, |out| out.foreign(tail.unwrap_or_default()));
    };
    let others = match layout.era {
        Era::Ten | Era::Eleven => Align::Right,
        Era::Illumos | Era::Eleven4 => Align::Left,
    };
    if layout.era != Era::Eleven4 {
        address(Align::Left, out, own);
    }
    cell(10, Align::Left, out, |out| out.word(kind));
    if layout.era != Era::Eleven4 {
        address(others, out, vnode);
        address(others, out, peer);
    }
    if told.socketpair {
        out.word("(socketpair)");
    } else {
        let from = out.len();
        out.foreign(unix.path.as_ref().map_or(&[][..], Foreign::as_bytes));
        if let Some(path) = &told.peer_path {
            out.pad(from, if hex == 8 { 15 } else { 39 }, Align::Left);
            out.word(" ");
            out.foreign(path.as_bytes());
        }
    }
    out.word("\n");
}
