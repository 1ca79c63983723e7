//! `rcompare --verify-media`: every file of the medium against its list of sums.

mod judge;
mod list;
mod walk;

use cli::{Error, Exit};
use judge::{Fault, Wrong};
use model::record::{Begin, End};
use model::{Coverage, Foreign, Gap, Record, SCHEMA};
use render::safe::escaped;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sysroot::Sysroot;

/// The list, at the top of what it sums up.
const SUMS: &str = "SHA256SUMS";

/// What was found of the medium as a whole.
#[derive(Debug, Serialize)]
struct Medium {
    /// Where it is.
    place: String,
    /// Whether it is mounted read-only; none where the system does not tell.
    read_only: Option<bool>,
    /// Files the list names.
    files: usize,
    /// SHA-256 of the list.
    sum: String,
    /// The first half of it, to be said and written down.
    words: String,
}

/// One line between the first and the last.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'m> {
    /// The medium as a whole.
    Medium(&'m Medium),
    /// A file that is not as it should be.
    Fault {
        name: Foreign,
        fault: Wrong,
        why: &'m str,
    },
}

/// Holds the medium at `top`, or the one this program lies on, against its list.
///
/// # Errors
/// There is no medium there, or its list is none.
pub(crate) fn verify(top: Option<&Path>, json: bool, out: &mut dyn Write) -> Result<Exit, Error> {
    let top = match top {
        Some(top) => top.to_owned(),
        None => own().map_err(|why| Error::io("our own place", why))?,
    };
    let list = top.join(SUMS);
    let failed = |what: &Path| {
        let what = escaped(what.as_os_str().as_bytes());
        move |why| Error::io(what, why)
    };
    let root = Sysroot::tree(&top).map_err(failed(&top))?;
    let bytes = read(&root).map_err(failed(&list))?;
    let sums = list::parse(&bytes)
        .map_err(|why| failed(&list)(io::Error::new(io::ErrorKind::InvalidData, why)))?;
    let digest = Sha256::digest(&bytes);
    let medium = Medium {
        place: escaped(top.as_os_str().as_bytes()),
        read_only: root.read_only().map_err(failed(&top))?,
        files: sums.len(),
        sum: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        words: render::words(digest.get(..16).unwrap_or_default()),
    };
    let found = walk::walk(&root);
    let faults = judge::faults(&sums, &found);
    if json {
        lines(out, &medium, &faults, &found.gaps)?;
    } else {
        table(out, &medium, &faults, &found.gaps)?;
    }
    Ok(exit(&faults, &found.gaps))
}

/// The top of the medium we lie on: the directory above the one our program stands in, where
/// the list is; on a medium of one system alone, that directory itself.
fn own() -> io::Result<PathBuf> {
    let beside = crate::sibling::directory()?;
    let above = beside.parent().unwrap_or(&beside);
    let listed = |place: &Path| Sysroot::tree(place).and_then(|root| read(&root)).is_ok();
    if !listed(above) && listed(&beside) {
        return Ok(beside);
    }
    Ok(above.to_owned())
}

/// The bytes of the list.
fn read(root: &Sysroot) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let list = Path::new("/").join(SUMS);
    root.stream_max(list, list::BYTES_MAX, &mut |chunk| {
        bytes.extend_from_slice(chunk)
    })?;
    Ok(bytes)
}

/// What could not be read says nothing of what is in it; everything else is a finding.
fn exit(faults: &[Fault], gaps: &[Gap]) -> Exit {
    let unread = faults.iter().all(|fault| fault.wrong == Wrong::Unread);
    match (faults, gaps) {
        ([], []) => Exit::Good,
        _ if unread => Exit::Blind,
        _ => Exit::Nothing,
    }
}

fn table(out: &mut dyn Write, medium: &Medium, faults: &[Fault], gaps: &[Gap]) -> io::Result<()> {
    for fault in faults {
        let (word, name) = (fault.wrong.word(), escaped(&fault.name));
        writeln!(out, "{word:<8} {name}: {}", fault.why)?;
    }
    for gap in gaps {
        writeln!(out, "NOT SEEN {}: {}", gap.place, gap.reason)?;
    }
    let mounted = match medium.read_only {
        Some(true) => "read-only",
        Some(false) => "WRITABLE: what holds now may not hold later",
        None => "this system does not tell whether it is read-only",
    };
    let verdict = match exit(faults, gaps) {
        Exit::Good => "all as they should be",
        Exit::Blind => "not all could be read",
        _ => "NOT as they should be",
    };
    writeln!(out, "medium   {} ({mounted})", medium.place)?;
    writeln!(out, "files    {}, {verdict}", medium.files)?;
    writeln!(out, "sum      {}", medium.sum)?;
    writeln!(out, "words    {}", medium.words)?;
    writeln!(
        out,
        "Compare the words with your notebook. A kernel you do not trust can say anything here."
    )
}

fn lines(out: &mut dyn Write, medium: &Medium, faults: &[Fault], gaps: &[Gap]) -> io::Result<()> {
    let begin = Begin {
        schema: SCHEMA,
        tool: "rcompare".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        source: None,
        netns: None,
    };
    render::json::line(out, &Record::Begin(begin))?;
    render::json::line(out, &Line::Medium(medium))?;
    for fault in faults {
        let line = Line::Fault {
            name: Foreign::from(fault.name.as_slice()),
            fault: fault.wrong,
            why: &fault.why,
        };
        render::json::line(out, &line)?;
    }
    for gap in gaps {
        render::json::line(out, &Record::Gap(gap.clone()))?;
    }
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    render::json::line(
        out,
        &Record::End(End {
            rows: count(faults.len() + 1),
            gaps: count(gaps.len()),
            coverage: Coverage::default(),
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_read_and_differs_is_a_finding() {
        let fault = |wrong| Fault {
            name: b"a".to_vec(),
            wrong,
            why: String::new(),
        };
        let gap = Gap::new("/x", "Input/output error");
        assert_eq!(exit(&[], &[]), Exit::Good);
        assert_eq!(exit(&[], std::slice::from_ref(&gap)), Exit::Blind);
        assert_eq!(exit(&[fault(Wrong::Unread)], &[]), Exit::Blind);
        for wrong in [Wrong::Changed, Wrong::Missing, Wrong::Extra] {
            let both = [fault(Wrong::Unread), fault(wrong)];
            assert_eq!(exit(&both, std::slice::from_ref(&gap)), Exit::Nothing);
        }
    }
}
