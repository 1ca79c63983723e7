//! A column is told once, as a constant; the table, `--columns` and the manual follow.

use crate::Text;

/// On which side of its room a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// One column of a table of `T`.
pub struct Column<T: ?Sized> {
    /// Its name for `--columns`; where JSON has the same fact, the same as there.
    pub key: &'static str,
    /// What stands above it.
    pub heading: &'static str,
    /// One line for `--columns help` and the manual.
    pub help: &'static str,
    /// Side.
    pub align: Align,
    /// Least room, in columns; longer cells push the rest of their line.
    pub width: usize,
    /// Writes the cell of one row. What it leaves empty stays blank.
    pub cell: fn(&T, &mut Text),
}

/// The column of that name.
#[must_use]
pub fn find<'c, T>(columns: &[&'c Column<T>], key: &str) -> Option<&'c Column<T>> {
    columns.iter().copied().find(|column| column.key == key)
}

/// Appends the line of headings.
pub fn header<T>(columns: &[&Column<T>], out: &mut Text) {
    line(
        columns.iter().map(|column| (column.align, column.width)),
        out,
        |at, out| {
            out.word(columns.get(at).map_or("", |column| column.heading));
        },
    );
}

/// Appends one row, each cell in its column's least room, a blank between, the last
/// one padded too, as netstat does. Rows can go out as they come.
pub fn row<T>(columns: &[&Column<T>], value: &T, out: &mut Text) {
    line(
        columns.iter().map(|column| (column.align, column.width)),
        out,
        |at, out| {
            if let Some(column) = columns.get(at) {
                (column.cell)(value, out);
            }
        },
    );
}

/// Appends a whole table, every column as wide as its widest cell; the last is not padded.
pub fn fitted<'t, T: 't>(
    columns: &[&Column<T>],
    rows: impl Iterator<Item = &'t T> + Clone,
    out: &mut Text,
) {
    let mut scratch = Text::default();
    let widths: Vec<usize> = columns
        .iter()
        .map(|column| {
            let cells = rows.clone().map(|value| {
                scratch.clear();
                (column.cell)(value, &mut scratch);
                scratch.width(0)
            });
            cells
                .max()
                .unwrap_or(0)
                .max(column.heading.len())
                .max(column.width)
        })
        .collect();
    let last = columns.len().saturating_sub(1);
    let room = || {
        columns
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (column, &width))| {
                (
                    column.align,
                    if at == last && column.align == Align::Left {
                        0
                    } else {
                        width
                    },
                )
            })
    };
    line(room(), out, |at, out| {
        out.word(columns.get(at).map_or("", |column| column.heading))
    });
    for value in rows {
        line(room(), out, |at, out| {
            if let Some(column) = columns.get(at) {
                (column.cell)(value, out);
            }
        });
    }
}

fn line(
    room: impl Iterator<Item = (Align, usize)>,
    out: &mut Text,
    mut fill: impl FnMut(usize, &mut Text),
) {
    for (at, (align, width)) in room.enumerate() {
        if at > 0 {
            out.spaces(1);
        }
        let from = out.len();
        fill(at, out);
        out.pad(from, width, align);
    }
    out.newline();
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Column<(&str, u64)> = Column {
        key: "name",
        heading: "NAME",
        help: "a name",
        align: Align::Left,
        width: 6,
        cell: |row, out| out.foreign(row.0.as_bytes()),
    };
    const SIZE: Column<(&str, u64)> = Column {
        key: "size",
        heading: "SIZE",
        help: "a number",
        align: Align::Right,
        width: 3,
        cell: |row, out| out.number(row.1),
    };

    #[test]
    fn fixed_rooms_pad_and_push() {
        let mut out = Text::default();
        header(&[&SIZE, &NAME], &mut out);
        row(&[&SIZE, &NAME], &("ab", 7), &mut out);
        row(&[&SIZE, &NAME], &("longer-than-six", 123_456), &mut out);
        let shown = std::str::from_utf8(out.as_bytes()).unwrap();
        assert_eq!(shown, "SIZE NAME  \n  7 ab    \n123456 longer-than-six\n");
    }

    #[test]
    fn fitted_columns_take_the_widest_cell() {
        let mut out = Text::default();
        fitted(
            &[&NAME, &SIZE],
            [("ü", 7), ("wide\nname", u64::MAX)].iter(),
            &mut out,
        );
        let shown = std::str::from_utf8(out.as_bytes()).unwrap();
        assert_eq!(
            shown,
            "NAME                       SIZE\nü                             7\n\
             wide\\nname 18446744073709551615\n"
        );
    }

    #[test]
    fn addresses_look_as_display_has_them() {
        for address in [
            "0.0.0.0",
            "255.10.9.200",
            "::",
            "::1",
            "::ffff:1.2.3.4",
            "2001:db8::a",
        ] {
            let mut text = Text::default();
            text.address(address.parse().unwrap());
            assert_eq!(text.as_bytes(), address.as_bytes());
        }
    }

    #[test]
    fn truncation_never_halves_an_escape() {
        for (columns, left) in [
            (9, "ab\\x1bcd"),
            (6, "ab\\x1b"),
            (5, "ab"),
            (3, "ab"),
            (2, "ab"),
        ] {
            let mut text = Text::default();
            text.foreign(b"ab\x1bcd");
            text.truncate(0, columns);
            assert_eq!(text.as_bytes(), left.as_bytes(), "{columns}");
        }
    }
}
