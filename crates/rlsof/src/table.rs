//! The table, and `-t`.

use crate::cells::Column;
use crate::listing::{Print, Round};
use crate::row::Row;
use render::Grid;
use std::collections::BTreeSet;
use std::io;

/// lsof's table: columns as wide as their widest cell.
pub(crate) struct Table {
    columns: Vec<&'static Column>,
    grid: Grid,
}

impl Table {
    pub(crate) fn new(columns: Vec<&'static Column>, headings: &[(&str, &'static str)]) -> Table {
        let heads = columns.iter().map(|column| {
            let renamed = headings.iter().find(|row| row.0 == column.key);
            render::Head {
                heading: renamed.map_or(column.heading, |row| row.1),
                align: column.align,
                optional: column.optional,
            }
        });
        let grid = Grid::new(heads.collect());
        Table { columns, grid }
    }
}

impl Print for Table {
    fn row(&mut self, row: &Row<'_>, _: &mut dyn io::Write) -> io::Result<()> {
        let columns = &self.columns;
        self.grid.row(|at, text| {
            if let Some(column) = columns.get(at) {
                (column.cell)(row, text);
            }
        });
        Ok(())
    }

    fn end(&mut self, _: &Round, out: &mut dyn io::Write) -> io::Result<()> {
        if self.grid.is_empty() {
            return Ok(());
        }
        self.grid.write(out)
    }
}

/// Pids, each once, in order.
#[derive(Default)]
pub(crate) struct Terse(BTreeSet<u32>);

impl Print for Terse {
    fn row(&mut self, row: &Row<'_>, _: &mut dyn io::Write) -> io::Result<()> {
        // What is done with pids suits only those who are known to have it.
        if row.is_guess() {
            return Ok(());
        }
        self.0.insert(row.process.id.pid.0);
        Ok(())
    }

    fn end(&mut self, _: &Round, out: &mut dyn io::Write) -> io::Result<()> {
        for pid in &self.0 {
            writeln!(out, "{pid}")?;
        }
        Ok(())
    }
}
