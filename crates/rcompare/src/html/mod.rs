//! The report as one page of HTML that needs nothing else: no script, no picture, no address.
//! Everything foreign is made harmless twice: as everywhere, and as text of HTML.

mod matrix;
mod ports;

use crate::case::{Case, clock};
use crate::options::Options;
use crate::table::many;
use crate::table::{misnamed_socket, missed_socket};
use compare::foreign::told::Told;
use compare::report::Blank;
use compare::{Outcome, Report, Verdict, Weight};
use std::fmt::{self, Write as _};
use std::io::{self, Write};

/// How the page looks, on a screen, a phone and paper.
const STYLE: &str = include_str!("style.css");

/// What is said of a report beside what was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heading {
    operator: Option<String>,
    number: Option<String>,
    began_ms: u64,
    ahead_of_rtc_s: Option<i64>,
    argv: Vec<String>,
}

impl Heading {
    /// Of a look that begins now.
    pub(crate) fn now(options: &Options) -> Heading {
        let clock = clock::begin();
        Heading {
            operator: options.operator.clone(),
            number: options.number.clone(),
            began_ms: clock.began_ms,
            ahead_of_rtc_s: clock.ahead_of_rtc_s,
            argv: Vec::new(),
        }
    }

    /// Of a case.
    pub(crate) fn of_case(case: &Case) -> Heading {
        Heading {
            operator: case.operator.clone(),
            number: case.number.clone(),
            began_ms: case.clock.began_ms,
            ahead_of_rtc_s: case.clock.ahead_of_rtc_s,
            argv: case.argv.clone(),
        }
    }
}

/// A page under way.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// Adds markup of ours.
    fn raw(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    /// Adds somebody else's bytes.
    fn foreign(&mut self, bytes: &[u8]) {
        self.plain(&render::safe::escaped(bytes));
    }

    /// Adds text that is printable already.
    fn plain(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                letter => self.text.push(letter),
            }
        }
    }

    /// Adds a value as text: what was made printable already stays as it is.
    fn show(&mut self, value: impl fmt::Display) {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(text, "{value}");
        self.plain(&render::safe::once(&text));
    }

    /// Adds an element around a value.
    fn element(&mut self, open: &str, value: impl fmt::Display) {
        let name = open.split(' ').next().unwrap_or(open);
        self.raw(&format!("<{open}>"));
        self.show(value);
        self.raw(&format!("</{name}>"));
    }
}

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub(crate) fn report(out: &mut dyn Write, report: &Report, heading: &Heading) -> io::Result<()> {
    let mut page = Page::default();
    head(report, heading, &mut page);
    summary(report, &mut page);
    signs(report, &mut page);
    // A tool that lies is a finding, and findings come first.
    let (lying, others): (Vec<&Told>, Vec<&Told>) = report
        .told
        .iter()
        .partition(|told| told.weight == Weight::Finding);
    listings("Tools of the host that mislead", &lying, &mut page);
    ports::findings(report, &mut page);
    matrix::matrix(report, &mut page);
    listings("What others list", &others, &mut page);
    ports::rest(report, &mut page);
    blanks(&report.blanks, &mut page);
    page.raw(concat!(
        "<footer><p>Made by concord's rcompare ",
        env!("CARGO_PKG_VERSION"),
        ". A report on a running machine can say &ldquo;no difference found&rdquo;, never ",
        "&ldquo;clean&rdquo;: whoever controls the kernel controls every witness that asks it. ",
        "Every verdict is explained in docs/FINDINGS.md.</p></footer></main></body></html>\n"
    ));
    out.write_all(page.text.as_bytes())
}

/// Somebody else's bytes, made printable.
fn text(foreign: &model::Foreign) -> String {
    render::safe::escaped(foreign.as_bytes())
}

fn head(report: &Report, heading: &Heading, page: &mut Page) {
    let observer = &report.facts.observer;
    page.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\"><title>Open ports of ");
    let name = |page: &mut Page| match &observer.hostname {
        Some(name) => page.foreign(name.as_bytes()),
        None => page.raw("an unnamed host"),
    };
    name(page);
    page.raw("</title><style>");
    page.raw(STYLE);
    page.raw("</style></head>\n<body><main><header><p class=\"kind\">Open ports, and who says so</p><h1>");
    name(page);
    page.raw("</h1><dl class=\"meta\">");
    let mut fact = |name: &str, value: &dyn fmt::Display| {
        page.raw("<dt>");
        page.raw(name);
        page.raw("</dt>");
        page.element("dd", value);
    };
    if let Some(number) = &heading.number {
        fact("Case", number);
    }
    if let Some(operator) = &heading.operator {
        fact("Asked by", operator);
    }
    let ahead = heading.ahead_of_rtc_s;
    let clock = ahead.map_or("; no battery-backed clock to compare".to_owned(), |ahead| {
        format!("; {ahead} s ahead of the battery-backed clock")
    });
    let began = clock::utc(heading.began_ms);
    fact(
        "Begun",
        &format_args!("{began} UTC by the host's clock{clock}"),
    );
    if let Some(kernel) = &observer.kernel {
        fact("Kernel", &text(kernel));
    }
    let lacking = report.facts.lacking();
    let uid = observer.uid.map_or("?".to_owned(), |uid| uid.to_string());
    let lacking = if lacking.is_empty() {
        String::new()
    } else {
        format!(", without {}", lacking.join(" "))
    };
    fact("Rights", &format_args!("user {uid}{lacking}"));
    let namespaces = report.facts.namespaces().into_iter();
    let namespaces: Vec<String> = namespaces
        .map(|(kind, inode, first)| match first {
            Some(true) => format!("{kind} {inode} (the machine's first)"),
            Some(false) => format!("{kind} {inode} (NOT the machine's first)"),
            None => format!("{kind} {inode}"),
        })
        .collect();
    fact("Namespaces", &namespaces.join(", "));
    if !heading.argv.is_empty() {
        fact("Command", &heading.argv.join(" "));
    }
    page.raw("</dl></header>\n");
}

/// The class that colours what has this weight.
fn class(weight: Weight) -> &'static str {
    match weight {
        Weight::Finding => "finding",
        Weight::Limited => "limited",
        Weight::Note => "note",
        Weight::Fine => "fine",
    }
}

fn summary(report: &Report, page: &mut Page) {
    let (class_name, word, words) = match report.outcome {
        Outcome::Finding => (
            "finding",
            "A finding stands",
            "Something on this host is not explained by what its kernel and processes tell.",
        ),
        Outcome::Limited => (
            "limited",
            "No difference found, but not everything could be looked at",
            "What could not be looked at is listed at the end.",
        ),
        Outcome::Agree => (
            "fine",
            "No difference found",
            "Every way of asking tells the same of every port.",
        ),
    };
    page.raw(&format!(
        "<section class=\"outcome {class_name}\"><b>{word}</b>{words}</section>"
    ));
    page.raw("<ul class=\"tiles\">");
    let mut tile = |class: &str, count: usize, words: &dyn fmt::Display| {
        page.raw(&format!("<li class=\"{class}\">"));
        page.element("b", count);
        page.raw("<span>");
        let words = words.to_string();
        for (at, word) in words.split('_').enumerate() {
            // A long name may be broken where its words meet.
            page.raw(if at > 0 { "_<wbr>" } else { "" });
            page.show(word);
        }
        page.raw("</span></li>");
    };
    for (verdict, count) in &report.counts.verdicts {
        tile(class(verdict.weight()), *count, verdict);
    }
    tile("", report.counts.connections, &"connections that agree");
    tile("", report.counts.transient, &"came or went meanwhile");
    let rounds = usize::try_from(report.rounds).unwrap_or(usize::MAX);
    let asking = if rounds == 1 { "round" } else { "rounds" };
    tile("", rounds, &format_args!("{asking} of asking"));
    page.raw("</ul>\n");
    let steers = report.facts.steers.iter();
    let steers: Vec<_> = steers.filter(|it| compare::steer::leads_away(it)).collect();
    if !steers.is_empty() {
        page.raw("<h4>What leads packets elsewhere</h4><ul>");
        for steer in steers {
            page.element("li", compare::steer::line(steer));
        }
        page.raw("</ul>");
    }
}

fn signs(report: &Report, page: &mut Page) {
    if report.signs.is_empty() {
        return;
    }
    page.raw("<h2>The host as a whole</h2>");
    for sign in &report.signs {
        page.raw(&format!(
            "<article class=\"{}\"><div class=\"top\">",
            class(sign.weight)
        ));
        badge(sign.verdict, page);
        page.element("span class=\"vec\"", sign.pattern);
        page.raw("</div>");
        page.raw("<ul>");
        for line in &sign.evidence {
            page.element("li", line);
        }
        page.raw("</ul>");
        reasons(&sign.causes, &sign.next, page);
        page.raw("</article>");
    }
}

fn badge(verdict: Verdict, page: &mut Page) {
    page.element("span class=\"badge\"", verdict);
}

fn reasons(causes: &[&str], next: &str, page: &mut Page) {
    if !causes.is_empty() {
        page.raw("<h4>Causes not ruled out, the likeliest first</h4><ol>");
        for cause in causes {
            page.element("li", cause);
        }
        page.raw("</ol>");
    }
    if !next.is_empty() {
        page.raw("<p class=\"next\"><b>Next:</b> <code>");
        page.show(next);
        page.raw("</code></p>");
    }
}

fn listings(heading: &str, all: &[&Told], page: &mut Page) {
    if all.is_empty() {
        return;
    }
    page.element("h2", heading);
    page.raw("<p class=\"legend\">The host's own tools and files from elsewhere, held against what was seen. Nobody has to believe them.</p>");
    let (silent, differing): (Vec<&Told>, Vec<&Told>) =
        all.iter().copied().partition(|told| told.is_silent());
    for told in differing {
        listing(told, page);
    }
    if !silent.is_empty() {
        page.raw("<ul>");
        for told in silent {
            let name = told.path.as_ref().unwrap_or(&told.name);
            let words = match told.is_mute() {
                true => "did not tell all: nothing follows",
                false => "omits nothing",
            };
            page.element("li", format_args!("{name} ({}): {words}", made(told)));
        }
        page.raw("</ul>");
    }
}

/// How a listing came about.
fn made(told: &Told) -> String {
    let rows = many(told.rows, "row", "rows");
    match told.runs {
        0 => format!("a file, {rows}"),
        1 => format!("run once, {rows}"),
        runs => format!("run {runs} times, {rows}"),
    }
}

fn listing(told: &Told, page: &mut Page) {
    let class = class(told.weight);
    page.raw(&format!("<article class=\"{class}\"><div class=\"top\">"));
    page.element("h3", told.path.as_ref().unwrap_or(&told.name));
    page.element("span class=\"vec\"", made(told));
    page.raw("</div>");
    let (omits, invents) = if told.runs > 0 {
        ("Omits", "Invents")
    } else {
        ("Here, and not in it", "In it, and not here")
    };
    for (words, missed, more) in [
        (omits, &told.omits, told.more.omits),
        (invents, &told.invents, told.more.invents),
    ] {
        if !missed.is_empty() {
            page.element("h4", words);
            page.raw("<ul>");
            for one in missed {
                page.element("li", missed_socket(one));
            }
            untold(more, page);
            page.raw("</ul>");
        }
    }
    if !told.misnames.is_empty() {
        page.element("h4", "Names another owner");
        page.raw("<ul>");
        for one in &told.misnames {
            page.element("li", misnamed_socket(one));
        }
        untold(told.more.misnames, page);
        page.raw("</ul>");
    }
    reasons(&told.causes, &told.next, page);
    page.raw("</article>");
}

fn untold(more: usize, page: &mut Page) {
    if more > 0 {
        page.element("li", format_args!("and {more} more"));
    }
}

fn blanks(blanks: &[Blank], page: &mut Page) {
    page.raw("<h2>What could not be looked at</h2>");
    if blanks.is_empty() {
        page.raw("<p>Nothing: every place that was to be looked at was.</p>");
        return;
    }
    page.raw("<p class=\"legend\">Where nothing made up for it, &ldquo;all agree&rdquo; is weaker for it.</p><div class=\"scroll\"><table><thead><tr><th>Place</th><th>Reason</th><th>Asked by</th><th>Times</th><th>Made up for</th></tr></thead><tbody>");
    for blank in blanks {
        page.raw("<tr>");
        page.element("td", &blank.gap.place);
        page.element("td", &blank.gap.reason);
        match blank.source {
            Some(source) => page.element("td", source),
            None => page.raw("<td>rcompare</td>"),
        }
        page.element("td", blank.views);
        page.raw(if blank.weighs {
            "<td><b>no</b></td></tr>"
        } else {
            "<td>yes</td></tr>"
        });
    }
    page.raw("</tbody></table></div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_bytes_are_text() {
        let mut page = Page::default();
        page.foreign(b"<script>alert('\"&\x1b[31m\xff</script>");
        assert_eq!(
            page.text,
            "&lt;script&gt;alert(&#39;&quot;&amp;\\x1b[31m\\xff&lt;/script&gt;"
        );
        let mut page = Page::default();
        page.element("span class=\"x\"", "<b>");
        assert_eq!(page.text, "<span class=\"x\">&lt;b&gt;</span>");
    }

    /// The page shows the witnesses of the system it is about.
    #[test]
    fn a_page_of_solaris_names_no_witness_of_linux() {
        let page = |source| {
            let mut snapshot = compare::Snapshot::default();
            let view = snapshot.begin(source, 1).unwrap();
            let mut socket = model::Socket::new(
                model::Kind::of(model::Inet {
                    proto: model::Proto::Tcp,
                    local: "0.0.0.0".parse().unwrap(),
                    port: 22,
                    remote: "0.0.0.0".parse().unwrap(),
                    remote_port: 0,
                    state: model::State::Listen,
                    device: None,
                    v6only: None,
                    timer: None,
                }),
                model::Inode(7),
            );
            socket.streams = (source == model::Source::Mib2).then(Box::default);
            let row = model::record::SocketRow {
                socket,
                owners: None,
            };
            snapshot.add(view, model::Record::Socket(row));
            let mut page = Vec::new();
            report(&mut page, &compare::judge(&snapshot), &Heading::default()).unwrap();
            String::from_utf8(page).unwrap()
        };
        let (linux, solaris) = (page(model::Source::Netlink), page(model::Source::Mib2));
        for word in ["netlink", "procfs", "private", "namespace"] {
            assert!(linux.contains(word), "{word}");
            let at = solaris.find(word);
            assert_eq!(at, None, "{word}: {}", &solaris[at.unwrap_or(0)..]);
        }
        assert!(solaris.contains("the kernel's MIB") && solaris.contains("ppriv $$"));
        // A column a witness, and the port and owner beside them.
        assert_eq!(
            linux.matches("<th").count() - solaris.matches("<th").count(),
            3
        );
    }
}
