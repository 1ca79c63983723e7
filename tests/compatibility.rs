//! The manual's table of differences is the table the comparison tests accept.

use e2e::compat::DIFFERENCES;
use e2e::golden::{repository, same};

/// The page with its table made anew: what stands before and after it is kept.
#[test]
#[expect(clippy::disallowed_methods, reason = "the page is a file of ours")]
fn the_manual_tells_every_difference() {
    let path = repository("docs/COMPATIBILITY.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let is_row = |line: &&str| line.starts_with("| `r");
    let before: Vec<&str> = page.lines().take_while(|line| !is_row(line)).collect();
    let rest = page.lines().skip(before.len());
    let after: Vec<&str> = rest.skip_while(is_row).collect();
    let rows: Vec<String> = DIFFERENCES
        .iter()
        .map(|row| {
            format!(
                "| `{}` | {} | {} | {} | {} |",
                row.program, row.name, row.original, row.ours, row.reason
            )
        })
        .collect();
    let lines = before
        .into_iter()
        .map(str::to_owned)
        .chain(rows)
        .chain(after.into_iter().map(str::to_owned));
    let made: String = lines.map(|line| line + "\n").collect();
    if let Err(why) = same(&path, made.as_bytes()) {
        panic!("{why}");
    }
}
