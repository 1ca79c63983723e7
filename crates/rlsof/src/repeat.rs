//! `-r [SECONDS][cCOUNT][mFORMAT]` and `+r`: the same question again and again.

use crate::options::Options;
use crate::query::usage;
use cli::Error;
use render::moment;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds between rounds when none are given.
const PAUSE: u64 = 15;

/// When to ask again, and when to stop.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) pause: Duration,
    /// The most rounds; none is without end.
    count: Option<u64>,
    /// What is printed after each round.
    marker: String,
    /// Stop after a round that found nothing.
    while_found: bool,
}

impl Repeat {
    /// Reads the options; none where nothing is repeated.
    ///
    /// # Errors
    /// Usage: a specification that was not understood.
    pub(crate) fn new(options: &Options) -> Result<Option<Repeat>, Error> {
        let (spec, while_found) = match (&options.repeat, &options.repeat_while_found) {
            (Some(spec), _) => (spec, false),
            (None, Some(spec)) => (spec, true),
            (None, None) => return Ok(None),
        };
        let repeat = parse(spec)
            .ok_or_else(|| usage(&format!("expected [SECONDS][cCOUNT][mMARKER] in -r {spec}")))?;
        Ok(Some(Repeat {
            while_found,
            ..repeat
        }))
    }

    /// Whether a round was the last.
    pub(crate) fn is_over(&self, done: u64, found: bool) -> bool {
        self.count.is_some_and(|count| done >= count) || (self.while_found && !found)
    }

    /// Ends a round in the output, among fields as one of them, and sends it off.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn mark(&self, fields: bool, out: &mut dyn Write) -> io::Result<()> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let marker = filled(&self.marker, since.map_or(0, |since| since.as_secs()));
        let marker = marker.as_deref().unwrap_or(&self.marker);
        if fields {
            writeln!(out, "m{marker}")?;
        } else if !marker.is_empty() {
            writeln!(out, "{marker}")?;
        }
        out.flush()
    }
}

/// A marker with the moment in it: the commoner words of `strftime(3)`, in UTC, since no
/// variable and no file of the host is to say which zone is meant. None where one is unknown.
fn filled(marker: &str, seconds: u64) -> Option<String> {
    let moment = moment(seconds.saturating_mul(1000));
    let (day, time) = moment.trim_end_matches('Z').split_once(' ')?;
    let part = |text: &str, at: usize, by: char| text.split(by).nth(at).map(str::to_owned);
    let mut filled = String::new();
    let mut letters = marker.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            filled.push(letter);
            continue;
        }
        filled += &match letters.next()? {
            '%' => "%".to_owned(),
            'F' => day.to_owned(),
            'T' => time.to_owned(),
            'Y' => part(day, 0, '-')?,
            'm' => part(day, 1, '-')?,
            'd' => part(day, 2, '-')?,
            'H' => part(time, 0, ':')?,
            'M' => part(time, 1, ':')?,
            'S' => part(time, 2, ':')?,
            's' => seconds.to_string(),
            'Z' => "UTC".to_owned(),
            _ => return None,
        };
    }
    Some(filled)
}

fn parse(spec: &str) -> Option<Repeat> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (seconds, rest) = spec.split_at(digits(spec));
    let pause = if seconds.is_empty() {
        PAUSE
    } else {
        seconds.parse().ok()?
    };
    let (count, rest) = match rest.strip_prefix('c') {
        Some(rest) => {
            let (count, rest) = rest.split_at(digits(rest));
            (Some(count.parse().ok().filter(|&count| count > 0)?), rest)
        }
        None => (None, rest),
    };
    filled(rest.strip_prefix('m').unwrap_or_default(), 0)?;
    let marker = match rest.strip_prefix('m') {
        Some(marker) => render::safe::escaped(marker.as_bytes()),
        None if rest.is_empty() => "=======".to_owned(),
        None => return None,
    };
    Some(Repeat {
        pause: Duration::from_secs(pause),
        count,
        marker,
        while_found: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_count_and_marker() {
        let read = |spec: &str| {
            let repeat = parse(spec)?;
            Some((repeat.pause.as_secs(), repeat.count, repeat.marker))
        };
        let line = || "=======".to_owned();
        assert_eq!(read(""), Some((15, None, line())));
        assert_eq!(read("1c2"), Some((1, Some(2), line())));
        assert_eq!(read("c3"), Some((15, Some(3), line())));
        assert_eq!(read("2mab\u{1b}"), Some((2, None, "ab\\x1b".to_owned())));
        let at = |marker| filled(marker, 1_795_729_256);
        let whole = "2026-11-26 21:40:56 UTC 100%".to_owned();
        assert_eq!(at("%F %T %Z 100%%"), Some(whole));
        assert_eq!(at("%Y%m%d-%H%M%S").as_deref(), Some("20261126-214056"));
        for bad in [
            "1m%",
            "1m%q",
            "x",
            "1x",
            "c",
            "c0",
            "1c2x",
            "99999999999999999999",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
