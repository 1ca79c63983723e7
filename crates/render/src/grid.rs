//! A table whose columns are as wide as their widest cell, built row by row.

use crate::{Align, Text};
use std::io;

/// The head of a column.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// What stands above it.
    pub heading: &'static str,
    /// Side.
    pub align: Align,
    /// Left out where no row has anything in it.
    pub optional: bool,
}

/// Rows under construction. Cells are kept as text, end to end: a table of many rows takes
/// little more room than what is printed of it.
pub struct Grid {
    heads: Vec<Head>,
    widths: Vec<usize>,
    /// Cells, each ended by a NUL, which no cell holds.
    cells: Text,
    rows: usize,
}

impl Grid {
    /// Begins a table with these headings.
    #[must_use]
    pub fn new(heads: Vec<Head>) -> Grid {
        let widths = heads
            .iter()
            .map(|head| if head.optional { 0 } else { head.heading.len() })
            .collect();
        Grid {
            heads,
            widths,
            cells: Text::default(),
            rows: 0,
        }
    }

    /// Adds a row; `fill` writes the cell of the column with that number.
    pub fn row(&mut self, mut fill: impl FnMut(usize, &mut Text)) {
        self.rows += 1;
        for (at, width) in self.widths.iter_mut().enumerate() {
            let from = self.cells.len();
            fill(at, &mut self.cells);
            *width = (*width).max(self.cells.width(from));
            self.cells.text(b"\0");
        }
    }

    /// Whether no row was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Writes headings and rows, a blank between columns. The last column is not padded.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let rooms: Vec<Option<usize>> = self
            .heads
            .iter()
            .zip(&self.widths)
            .map(|(head, &width)| (width > 0).then_some(width.max(head.heading.len())))
            .collect();
        let mut line = Text::default();
        self.line(
            &rooms,
            &mut line,
            self.heads.iter().map(|head| head.heading.as_bytes()),
        );
        out.write_all(line.as_bytes())?;
        let cells = self.cells.as_bytes();
        let (mut ends, mut from) = (memchr::memchr_iter(0, cells), 0);
        let mut cells = std::iter::from_fn(|| {
            let end = ends.next()?;
            let cell = cells.get(from..end);
            from = end + 1;
            cell
        });
        for _ in 0..self.rows {
            line.clear();
            self.line(&rooms, &mut line, cells.by_ref());
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    /// One line; a column without room is left out.
    fn line<'a>(
        &self,
        rooms: &[Option<usize>],
        line: &mut Text,
        mut cells: impl Iterator<Item = &'a [u8]>,
    ) {
        let last = rooms.iter().rposition(Option::is_some).unwrap_or(0);
        for (at, (head, room)) in self.heads.iter().zip(rooms).enumerate() {
            let cell = cells.next().unwrap_or_default();
            let Some(room) = *room else { continue };
            if !line.is_empty() {
                line.spaces(1);
            }
            let from = line.len();
            line.text(cell);
            let missing = room.saturating_sub(line.width(from));
            match head.align {
                Align::Right => line.indent(from, missing),
                Align::Left if at == last => {}
                Align::Left => line.spaces(missing),
            }
        }
        line.newline();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_take_the_widest_cell() {
        let head = |heading, align, optional| Head {
            heading,
            align,
            optional,
        };
        let mut grid = Grid::new(vec![
            head("A", Align::Left, false),
            head("B", Align::Right, false),
            head("NONE", Align::Left, true),
            head("C", Align::Left, false),
        ]);
        for (a, b, c) in [("x", 7u64, "end"), ("l\u{fc}nger", 12_345, "")] {
            grid.row(|at, text| match at {
                0 => text.foreign(a.as_bytes()),
                1 => text.number(b),
                2 => {}
                _ => text.word(c),
            });
        }
        let mut out = Vec::new();
        grid.write(&mut out).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert_eq!(
            shown,
            "A          B C\nx          7 end\nl\u{fc}nger 12345 \n"
        );
    }
}
