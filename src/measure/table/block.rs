//! Rows that are packed together.

use super::cells::{Reader, Writer};
use super::{BLOCK, GROUP, Row, column, rounded};

/// A full block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block<R> {
    first: R,
    columns: Box<[u8]>,
}

impl<R: Row> Block<R> {
    /// Packs exactly [`BLOCK`] rows, of which the first is row `number` of its table; `None` of fewer.
    pub(super) fn of(number: usize, rows: &[R]) -> Option<Self> {
        let mut columns: Vec<Vec<i64>> = Vec::new();
        let mut cells = Vec::new();
        for group in rows.get(..BLOCK)?.chunks(GROUP) {
            let mut writer = Writer::new(cells);
            let mut before = None;
            for row in group {
                row.write(before, &mut writer);
                before = Some(row);
            }
            cells = writer.into_cells();
            let width = cells.len() / GROUP;
            columns.resize_with(width, || Vec::with_capacity(BLOCK));
            for (c, column) in columns.iter_mut().enumerate() {
                column.extend(cells.iter().skip(c).step_by(width));
            }
        }
        let mut bytes = Vec::new();
        columns.iter().for_each(|column| column::pack(column, &mut bytes));
        Some(Self { first: rounded(number, rows.first()?, &mut cells), columns: bytes.into_boxed_slice() })
    }

    pub(super) fn first(&self) -> &R {
        &self.first
    }

    /// Memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.columns.len()
    }

    /// Appends the group of rows that begins with row `from` of the table, a multiple of [`GROUP`]. `cells` is memory to use.
    pub(super) fn unpack(&self, from: usize, rows: &mut Vec<R>, cells: &mut Vec<i64>) {
        cells.clear();
        let mut rest = &*self.columns;
        while !rest.is_empty() {
            let begin = cells.len();
            cells.resize(begin + GROUP, 0);
            let numbers = cells.get_mut(begin..).unwrap_or_default();
            rest = column::unpack(rest, BLOCK, from % BLOCK / GROUP, numbers).unwrap_or(&[]);
        }
        let mut before = None;
        for k in 0..GROUP {
            let row = R::read(from + k, before.as_ref(), &mut Reader::new(cells, k, GROUP));
            rows.push(row);
            before = Some(row);
        }
    }
}
