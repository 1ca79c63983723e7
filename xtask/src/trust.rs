//! The figures of docs/TRUST.md: the chore that found one writes its row, with the commit it
//! was found at, so that a figure says itself how old it is.

use crate::sh::{self, Outcome};
use crate::workspace;
use std::process::Command;

/// Writes what was found of `name` into its row of a section's table. The cells before, what
/// the row is about, stay.
///
/// # Errors
/// There is no such section or row, or the document cannot be read or written.
pub(crate) fn figures(section: &str, name: &str, found: &[String]) -> Outcome {
    let path = workspace::root().join("docs/TRUST.md");
    let failed = |why: std::io::Error| format!("{}: {why}", path.display());
    let document = std::fs::read_to_string(&path).map_err(failed)?;
    let document = put(&document, section, name, found)?;
    std::fs::write(&path, document).map_err(failed)
}

/// The commit the sources are of; with a `+` if they were changed since. What is written about
/// them does not count.
pub(crate) fn commit() -> String {
    let git = |words: &[&str]| {
        let mut ask = Command::new("git");
        sh::output(ask.args(words).current_dir(workspace::root()))
    };
    let Ok(name) = git(&["rev-parse", "--short=7", "HEAD"]) else {
        return "none".into();
    };
    let changed = git(&["status", "--porcelain", "--", ".", ":!docs"]);
    let is_changed = changed.is_ok_and(|told| !told.is_empty());
    format!("{}{}", name.trim(), if is_changed { "+" } else { "" })
}

/// A number as the document has it: `24,562,122`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The document with another row, and with the sums that follow from it.
fn put(document: &str, section: &str, name: &str, found: &[String]) -> Outcome<String> {
    let missing = |what: &str| format!("docs/TRUST.md: no {what} for {section} {name}");
    let (open, close) = (
        format!("<!-- {section} -->"),
        format!("<!-- end {section} -->"),
    );
    let (before, rest) = document
        .split_once(&open)
        .ok_or_else(|| missing("section"))?;
    let (text, after) = rest.split_once(&close).ok_or_else(|| missing("end"))?;
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let row = lines
        .iter_mut()
        .find(|line| cells(line).first() == Some(&format!("`{name}`")));
    let row = row.ok_or_else(|| missing("row"))?;
    let mut told = cells(row);
    let kept = told.len().saturating_sub(found.len());
    told.truncate(kept);
    told.extend_from_slice(found);
    *row = line(&told);
    sum(&mut lines);
    Ok([before, &open, &lines.join("\n"), &close, after].concat())
}

/// Adds up what stands in bold in the row without a name.
fn sum(lines: &mut [String]) {
    let rows: Vec<Vec<String>> = lines.iter().map(|line| cells(line)).collect();
    let is_sum = |row: &Vec<String>| row.first().is_some_and(String::is_empty);
    for (text, row) in lines.iter_mut().zip(&rows).filter(|(_, row)| is_sum(row)) {
        let mut sums = row.clone();
        for (column, cell) in sums.iter_mut().enumerate() {
            if cell.starts_with("**") {
                let named = rows.iter().filter(|row| !is_sum(row));
                let all: u64 = named.filter_map(|row| number(row.get(column)?)).sum();
                *cell = format!("**{}**", grouped(all));
            }
        }
        *text = line(&sums);
    }
}

/// What stands in the cells of a table's row; none of any other line.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let inner = line
        .strip_prefix('|')
        .and_then(|line| line.strip_suffix('|'));
    let cells = inner.map(|inner| inner.split('|').map(|cell| cell.trim().to_owned()));
    cells.map(Iterator::collect).unwrap_or_default()
}

fn line(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| match cell.as_str() {
        "" => " |".to_owned(),
        cell => format!(" {cell} |"),
    });
    format!("|{}", cells.collect::<String>())
}

fn number(cell: &str) -> Option<u64> {
    cell.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "a\n<!-- fuzz -->\n| target | parser | inputs | at |\n|---|---|--:|--:|\n\
        | `maps` | maps, too | 7 | - |\n| `nft` | nftables | 1,000 | old |\n| | | **0** | |\n\
        <!-- end fuzz -->\n| `maps` | elsewhere | 1 | - |\n";

    #[test]
    fn a_figure_goes_into_its_row_and_its_sum() {
        let found = [grouped(1_234_567), "new".to_owned()];
        let told = put(DOCUMENT, "fuzz", "maps", &found).unwrap();
        let expected = DOCUMENT
            .replace("too | 7 | - |", "too | 1,234,567 | new |")
            .replace("**0**", "**1,235,567**");
        assert_eq!(told, expected);
        for (section, name) in [("fuzz", "mnttab"), ("faults", "maps")] {
            let refused = put(DOCUMENT, section, name, &found).unwrap_err();
            assert!(refused.contains(section), "{refused}");
        }
    }

    #[test]
    fn numbers_are_grouped_as_they_are_read() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (81864, "81,864")] {
            assert_eq!(grouped(value), text);
            assert_eq!(number(text), Some(value));
        }
        assert_eq!(number("none"), None);
    }

    #[test]
    fn every_target_and_every_program_has_a_row() {
        let path = workspace::root().join("docs/TRUST.md");
        let document = std::fs::read_to_string(path).unwrap();
        for name in crate::fuzz::names().unwrap() {
            put(&document, "fuzz", &name, &[]).unwrap();
        }
        for name in workspace::PROGRAMS {
            put(&document, "faults", name, &[]).unwrap();
        }
    }
}
