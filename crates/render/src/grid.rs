//! A table whose columns are as wide as their widest cell, built row by row.

use crate::{Align, Text};
use std::io;

/// Rows under construction. Cells are kept as text, end to end: a table of many rows takes
/// little more room than what is printed of it.
pub struct Grid {
    columns: Vec<(&'static str, Align)>,
    widths: Vec<usize>,
    /// Cells, each ended by a NUL, which no [`Text`] holds.
    cells: Vec<u8>,
    cell: Text,
}

impl Grid {
    /// Begins a table with these headings.
    #[must_use]
    pub fn new(columns: Vec<(&'static str, Align)>) -> Grid {
        let widths = columns.iter().map(|(heading, _)| heading.len()).collect();
        Grid {
            columns,
            widths,
            cells: Vec::new(),
            cell: Text::default(),
        }
    }

    /// Adds a row; `fill` writes the cell of the column with that number.
    pub fn row(&mut self, mut fill: impl FnMut(usize, &mut Text)) {
        for (at, width) in self.widths.iter_mut().enumerate() {
            self.cell.clear();
            fill(at, &mut self.cell);
            *width = (*width).max(self.cell.width(0));
            self.cells.extend_from_slice(self.cell.as_bytes());
            self.cells.push(0);
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
        let mut line = Text::default();
        self.line(
            &mut line,
            self.columns.iter().map(|column| column.0.as_bytes()),
        );
        out.write_all(line.as_bytes())?;
        let mut cells = self.cells.split(|&byte| byte == 0);
        let rows = self.cells.iter().filter(|&&byte| byte == 0).count();
        for _ in 0..rows.checked_div(self.columns.len()).unwrap_or(0) {
            line.clear();
            self.line(&mut line, cells.by_ref());
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn line<'a>(&self, line: &mut Text, mut cells: impl Iterator<Item = &'a [u8]>) {
        let last = self.columns.len().saturating_sub(1);
        for (at, ((_, align), width)) in self.columns.iter().zip(&self.widths).enumerate() {
            if at > 0 {
                line.spaces(1);
            }
            let from = line.len();
            line.text(cells.next().unwrap_or_default());
            let missing = width.saturating_sub(line.width(from));
            match align {
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
        let mut grid = Grid::new(vec![
            ("A", Align::Left),
            ("B", Align::Right),
            ("C", Align::Left),
        ]);
        for (a, b, c) in [("x", 7u64, "end"), ("l\u{fc}nger", 12_345, "")] {
            grid.row(|at, text| match at {
                0 => text.foreign(a.as_bytes()),
                1 => text.number(b),
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
