//! Rows that are packed together.

use super::cells::{Reader, Writer};
use super::{BLOCK, Column, GROUP, Row, column};

/// From one column to the next while they are written, cells: not a power of two, which would put the cells of a row into the same few
/// places of a cache.
const COLUMN: usize = BLOCK + 8;

/// A full block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    columns: Box<[u8]>,
}

/// Memory in which the blocks of a table are packed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Desk {
    /// Of the rows of one block. Every row of a table has as many, so that those of another block lie in the same places.
    cells: Vec<i64>,
    columns: Vec<Column>,
    bytes: Vec<u8>,
}

impl Block {
    /// Packs exactly [`BLOCK`] rows; `None` of fewer.
    pub(super) fn of<R: Row>(rows: &[R], desk: &mut Desk) -> Option<Self> {
        let rows = rows.first_chunk()?;
        desk.bytes.clear();
        match R::pack_alike(rows, &mut desk.columns, &mut desk.bytes) {
            Some(()) => Some(Self { columns: desk.bytes.as_slice().into() }),
            None => Self::of_any(rows, desk),
        }
    }

    /// Packs rows of any kind, one after the other.
    pub(super) fn of_any<R: Row>(rows: &[R; BLOCK], desk: &mut Desk) -> Option<Self> {
        let Desk { cells, bytes, .. } = desk;
        let mut before = None;
        for (k, row) in rows.iter().enumerate() {
            let mut writer = Writer::new(std::mem::take(cells), k, COLUMN);
            row.write(before.filter(|_| !k.is_multiple_of(GROUP)), &mut writer);
            *cells = writer.into_cells();
            before = Some(row);
        }
        bytes.clear();
        for column in cells.chunks(COLUMN) {
            column::pack::<i64>(column.first_chunk()?, bytes);
        }
        Some(Self { columns: bytes.as_slice().into() })
    }

    /// Its first row, which is row `number` of the table.
    pub(super) fn first<R: Row>(&self, number: usize) -> R {
        let mut cells = Vec::new();
        self.cells(0, 1, &mut cells);
        R::read(number, None, &mut Reader::new(&cells, 0, 1))
    }

    /// Memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.columns.len()
    }

    /// Appends the group of rows that begins with row `from` of the table, a multiple of [`GROUP`]. `cells` is memory to use.
    pub(super) fn unpack<R: Row>(&self, from: usize, rows: &mut Vec<R>, cells: &mut Vec<i64>) {
        self.cells(from % BLOCK, GROUP, cells);
        let mut before = None;
        for k in 0..GROUP {
            let row = R::read(from + k, before.as_ref(), &mut Reader::new(cells, k, GROUP));
            rows.push(row);
            before = Some(row);
        }
    }

    /// The cells of the first `count` rows of the group that begins with row `from` of the block, column by column.
    fn cells(&self, from: usize, count: usize, cells: &mut Vec<i64>) {
        cells.clear();
        let mut rest = &*self.columns;
        while !rest.is_empty() {
            let begin = cells.len();
            cells.resize(begin + count, 0);
            let numbers = cells.get_mut(begin..).unwrap_or_default();
            rest = column::unpack(rest, from, numbers).unwrap_or(&[]);
        }
    }
}
