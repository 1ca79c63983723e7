//! XML (`-oX`), valid against nmap's published grammar (`nmap.dtd`, 1.05). `scanner` says
//! nmap because the grammar allows nothing else; the version and the comment say who we are.

use crate::clock::Moment;
use crate::host::Host;
use crate::session::{Ending, Session, gap_count, gap_line};
use crate::sum::{self, Sum};
use model::{Proto, Technique, service};
use scan::{Answer, PortSet, Report};
use std::fmt::Write as _;
use std::io::{self, Write};

pub(crate) fn begin(out: &mut dyn Write, session: &Session) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let (command, begun) = (attribute(&session.command), session.begun);
    let when = begun.ctime();
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>"
    )?;
    writeln!(
        out,
        "<!-- rnmap {version} scan initiated {when} as: {} -->",
        comment(&command)
    )?;
    writeln!(
        out,
        "<nmaprun scanner=\"nmap\" args=\"{command}\" start=\"{}\" startstr=\"{when}\" \
         version=\"rnmap {version}\" xmloutputversion=\"1.05\">",
        begun.0
    )?;
    for (technique, proto, ports) in &session.asks {
        let kind = match technique {
            Technique::Connect | Technique::Bind => "connect",
            Technique::Syn => "syn",
            Technique::Udp => "udp",
        };
        let count = ports.len();
        writeln!(
            out,
            "<scaninfo type=\"{kind}\" protocol=\"{proto}\" numservices=\"{count}\" services=\"{ports}\"/>"
        )?;
    }
    let tone = session.tone;
    writeln!(out, "<verbose level=\"{}\"/>", tone.verbose)?;
    writeln!(out, "<debugging level=\"{}\"/>", tone.debug)
}

pub(crate) fn host(out: &mut dyn Write, session: &Session, host: &Host) -> io::Result<()> {
    let tone = session.tone;
    if host.is_beneath(tone) {
        return Ok(());
    }
    let mut text = String::new();
    let (state, reason) = host
        .up
        .map_or(("down", "no-response"), |reason| ("up", reason));
    let kind = if host.addr.is_ipv4() { "ipv4" } else { "ipv6" };
    // Writing into a string does not fail.
    let _ = writeln!(
        text,
        "<host starttime=\"{}\" endtime=\"{}\"><status state=\"{state}\" reason=\"{reason}\" reason_ttl=\"0\"/>\n\
         <address addr=\"{}\" addrtype=\"{kind}\"/>\n<hostnames>",
        host.begun.0, host.ended.0, host.addr
    );
    if let Some(name) = &host.name {
        let _ = writeln!(
            text,
            "<hostname name=\"{}\" type=\"{}\"/>",
            attribute(&name.text),
            name.kind
        );
    }
    text.push_str("</hostnames>\n");
    if !host.reports.is_empty() {
        text.push_str("<ports>");
        let mut lines = String::new();
        for report in &host.reports {
            let rule = sum::for_reader(tone.only_open, tone.debug > 0);
            let (listed, sums) = sum::sift(report, rule);
            for sum in &sums {
                extraports(&mut text, report.proto, sum);
            }
            for (number, answer) in listed {
                port(&mut lines, host, report, number, answer);
            }
        }
        text.push_str(&lines);
        text.push_str("</ports>\n");
    }
    if let Some((mean, spread)) = host.reports.iter().find_map(|report| report.rtt) {
        let (srtt, var) = (mean.as_micros(), spread.as_micros());
        let to = (srtt + 4 * var).max(100_000);
        let _ = writeln!(
            text,
            "<times srtt=\"{srtt}\" rttvar=\"{var}\" to=\"{to}\"/>"
        );
    }
    text.push_str("</host>\n");
    out.write_all(text.as_bytes())
}

fn extraports(text: &mut String, proto: Proto, sum: &Sum) {
    let _ = writeln!(
        text,
        "<extraports state=\"{}\" count=\"{}\">",
        sum.state,
        sum.count()
    );
    for (reason, ports) in &sum.reasons {
        let _ = writeln!(
            text,
            "<extrareasons reason=\"{reason}\" count=\"{}\" proto=\"{proto}\" ports=\"{ports}\"/>",
            PortSet::len(ports)
        );
    }
    text.push_str("</extraports>\n");
}

fn port(text: &mut String, host: &Host, report: &Report, number: u16, answer: Answer) {
    let (proto, ttl) = (report.proto, answer.ttl.unwrap_or(0));
    let _ = write!(
        text,
        "<port protocol=\"{proto}\" portid=\"{number}\"><state state=\"{}\" reason=\"{}\" reason_ttl=\"{ttl}\"/>",
        answer.state, answer.reason
    );
    let registered = service::name(proto, number);
    match host.banners.get(&(proto, number)) {
        Some(banner) => {
            let name = banner.service.or(registered).unwrap_or("unknown");
            let words = attribute(&render::safe::escaped(banner.words.as_bytes()));
            let _ = write!(
                text,
                "<service name=\"{name}\" extrainfo=\"{words}\" method=\"probed\" conf=\"10\"/>"
            );
        }
        None => {
            if let Some(name) = registered {
                let _ = write!(
                    text,
                    "<service name=\"{name}\" method=\"table\" conf=\"3\"/>"
                );
            }
        }
    }
    text.push_str("</port>\n");
}

pub(crate) fn end(out: &mut dyn Write, ending: &Ending) -> io::Result<()> {
    let now = Moment::now();
    let (when, seconds) = (now.ctime(), ending.took.as_secs_f64());
    let word = if ending.partial {
        "interrupted"
    } else {
        "done"
    };
    let error = match ending.gaps.as_slice() {
        _ if ending.partial => Some("interrupted; what was learned is here".to_owned()),
        [] => None,
        [one] => Some(gap_line(one)),
        many => Some(gap_count(many.len())),
    };
    let exit = error.map_or("success".to_owned(), |why| {
        format!("error\" errormsg=\"{}", attribute(&why))
    });
    writeln!(
        out,
        "<runstats><finished time=\"{}\" timestr=\"{when}\" summary=\"rnmap {word} at {when}; {}\" \
         elapsed=\"{seconds:.2}\" exit=\"{exit}\"/><hosts up=\"{}\" down=\"{}\" total=\"{}\"/>",
        now.0,
        ending.summary(),
        ending.up,
        ending.hosts - ending.up.min(ending.hosts),
        ending.hosts
    )?;
    writeln!(out, "</runstats>\n</nmaprun>")
}

/// Text inside a comment, which holds no two hyphens in a row: the second is spelled out,
/// as nmap does.
fn comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '-' && out.ends_with('-') {
            out.push_str("&#45;");
        } else {
            out.push(letter);
        }
    }
    out
}

/// Text inside quotes. Control characters, which XML 1.0 has no way to carry, are spelled
/// out as everywhere in the kit.
fn attribute(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            control if control.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hyphens_end_a_comment() {
        assert_eq!(comment("-oX - --json"), "-oX - -&#45;json");
        for text in ["--", "---", "-----", "a--b---c----"] {
            assert!(!comment(text).contains("--"), "{text}");
        }
    }

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        assert_eq!(
            attribute("a\"b<c>&'\x1b\n\0"),
            "a&quot;b&lt;c&gt;&amp;&apos;\\x1b\\x0a\\x00"
        );
    }
}
