//! Files the user names: lists of targets, and the output of an earlier run.

use cli::Error;
use model::{Proto, Record, Technique};
use scan::{Answer, PortSet, Reason, ports};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::net::IpAddr;

/// Bytes read of one file at most.
const BYTES_MAX: u64 = 256 << 20;

fn read(path: &OsStr) -> Result<String, Error> {
    let mut text = String::new();
    let outcome = if path == "-" {
        io::stdin().lock().take(BYTES_MAX).read_to_string(&mut text)
    } else {
        OpenOptions::new()
            .read(true)
            .open(path)
            .and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
    };
    match outcome {
        Ok(_) => Ok(text),
        Err(why) => Err(Error::io(path.display().to_string(), why)),
    }
}

/// The words of a list of targets; `#` begins a remark.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn lines(path: &OsStr) -> Result<Vec<String>, Error> {
    let text = read(path)?;
    let bare = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    Ok(bare
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect())
}

/// What an earlier run settled, by technique, protocol and address.
pub(crate) type Settled = BTreeMap<(Technique, Proto, IpAddr), BTreeMap<u16, Answer>>;

/// Reads the JSON of an earlier run, whole or cut short. A line that is no record ends it,
/// as it does where the writing was cut off.
///
/// # Errors
/// The file cannot be read, or does not begin as an answer of ours.
pub(crate) fn settled(path: &OsStr) -> Result<Settled, Error> {
    let text = read(path)?;
    let mut records = text
        .lines()
        .map_while(|line| serde_json::from_str::<Record>(line).ok());
    if !matches!(records.next(), Some(Record::Begin(begin)) if begin.tool == "rnmap") {
        let why = io::Error::new(io::ErrorKind::InvalidData, "not the JSON of an rnmap run");
        return Err(Error::io(path.display().to_string(), why));
    }
    let mut settled = Settled::new();
    for record in records {
        let (key, state, reason, ports) = match record {
            Record::Probe(probe) => (
                (probe.technique, probe.proto, probe.addr),
                probe.state,
                probe.reason,
                PortSet::of([probe.port]),
            ),
            Record::Tally(tally) => {
                let listed = tally.ports.as_deref().map(ports::parse);
                let Some(Ok(listed)) = listed else { continue };
                let key = (tally.technique, tally.proto, tally.addr);
                (key, tally.state, tally.reason, listed.tcp)
            }
            _ => continue,
        };
        let Some(reason) = Reason::named(&reason) else {
            continue;
        };
        let answer = Answer::new(state, reason);
        settled
            .entry(key)
            .or_default()
            .extend(ports.iter().map(|port| (port, answer)));
    }
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::PortState;

    #[test]
    fn an_answer_cut_short_is_read_as_far_as_it_goes() {
        let dir = std::env::temp_dir().join(format!("rnmap-input-{}", std::process::id()));
        std::fs::write(
            &dir,
            concat!(
                r#"{"type":"begin","schema":1,"tool":"rnmap","version":"0"}"#,
                "\n",
                r#"{"type":"probe","technique":"connect","proto":"tcp","addr":"::1","port":22,"state":"open","reason":"syn-ack"}"#,
                "\n",
                r#"{"type":"tally","technique":"connect","proto":"tcp","addr":"::1","state":"closed","reason":"conn-refused","count":3,"ports":"1-3"}"#,
                "\n",
                r#"{"type":"tal"#,
            ),
        )
        .unwrap();
        let settled = settled(dir.as_os_str()).unwrap();
        std::fs::remove_file(&dir).unwrap();
        let key = (Technique::Connect, Proto::Tcp, "::1".parse().unwrap());
        let ports: Vec<u16> = settled[&key].keys().copied().collect();
        assert_eq!(ports, [1, 2, 3, 22]);
        assert_eq!(settled[&key][&22].state, PortState::Open);
    }
}
