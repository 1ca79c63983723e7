//! Counters in the original's words and order (`-s`).

use super::words::{self, Words};
use crate::query::{Query, Transports};
use model::network::Counter;
use render::Text;

/// How a counter is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Always.
    Always,
    /// Unless it is 0.
    Unless0,
    /// Unless it is 0, under a heading for what was received.
    Received,
    /// Unless it is 0, under a heading for what was sent.
    Sent,
    /// Never: it is a setting, and no counter.
    Hidden,
}

impl Kind {
    fn indent(self) -> &'static str {
        match self {
            Kind::Received | Kind::Sent => "        ",
            Kind::Always | Kind::Unless0 | Kind::Hidden => "    ",
        }
    }

    fn heading(self) -> Option<&'static str> {
        match self {
            Kind::Received => Some("ICMP input histogram:"),
            Kind::Sent => Some("ICMP output histogram:"),
            Kind::Always | Kind::Unless0 | Kind::Hidden => None,
        }
    }
}

/// A table: its name, its words, and with which transports it is shown.
type Table = (&'static str, &'static [Words], fn(&Transports) -> bool);

/// Tables the original knows. Any other is shown without words, whatever is asked for.
static TABLES: [Table; 10] = [
    ("Ip", words::IP, |asked| asked.raw),
    ("Icmp", words::ICMP, |asked| asked.raw),
    ("Tcp", words::TCP, |asked| asked.tcp),
    ("Udp", words::UDP, |asked| asked.udp),
    ("Sctp", words::SCTP, |asked| asked.sctp),
    ("TcpExt", words::TCP_EXT, |asked| asked.tcp),
    ("Ip6", words::IP6, |asked| asked.raw),
    ("Icmp6", words::ICMP6, |asked| asked.raw),
    ("Udp6", words::UDP6, |asked| asked.udp),
    ("Tcp6", words::TCP, |asked| asked.tcp),
];

/// Writes counters of one family, in the order given.
pub(super) fn show(counters: &[Counter], query: &Query, out: &mut Text) {
    let asked = query.transports.or_all();
    let mut table: Option<&[u8]> = None;
    let mut known: Option<&Table> = None;
    // The original keeps the indent of the last counter it knew into tables it does not know.
    let mut last = Kind::Always;
    for counter in counters {
        let name = counter.table.as_bytes();
        if table != Some(name) {
            table = Some(name);
            known = TABLES.iter().find(|it| it.0.as_bytes() == name);
            if known.is_none_or(|it| (it.2)(&asked)) {
                out.foreign(name);
                out.word(":\n");
            }
            if known.is_some() {
                last = Kind::Always;
            }
        }
        if !counter.name.as_bytes().is_empty() && known.is_none_or(|it| (it.2)(&asked)) {
            let words = known.map_or(&[][..], |it| it.1);
            one(counter, words, &mut last, out);
        }
    }
}

fn one(counter: &Counter, words: &[Words], last: &mut Kind, out: &mut Text) {
    let name = counter.name.as_bytes();
    let Some(&(_, kind, before, after)) = words.iter().find(|it| it.0.as_bytes() == name) else {
        if counter.value != 0 {
            out.word(last.indent());
            out.foreign(name);
            out.show(format_args!(": {}\n", counter.value));
        }
        return;
    };
    if kind == Kind::Hidden {
        return;
    }
    if let Some(heading) = kind.heading()
        && kind != *last
    {
        out.show(format_args!("{}{heading}\n", last.indent()));
    }
    *last = kind;
    if kind == Kind::Always || counter.value != 0 {
        out.word(kind.indent());
        out.show(format_args!("{before}{}{after}\n", counter.value));
    }
}
