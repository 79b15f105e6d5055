//! Rows of a long record in little memory.
//!
//! A minute of pulses at 10 kHz is 600 000 rows. The latest rows lie here as they were measured; every 1024 older ones are packed
//! column by column, as whole numbers of a step that lies well below the column's own noise (each kind of row says which), less what
//! the columns before it let expect, and as differences from row to row where those are smaller. A row reads the same whether it is
//! packed yet or not.

mod apart;
mod bits;
mod block;
mod cells;
mod column;
mod joint;
mod lanes;
mod lengths;
mod pulse;
mod rice;
mod shape;

use std::ops::Range;

use block::{Block, Desk};
pub use cells::{Reader, Writer};
pub(super) use cells::{grid, steps, ungrid};

/// Memory for the tables of pulses of a case, bytes, and again as much for what all channels show at them: at 7 to 10
/// bytes a pulse, 27 to 38 million of them, or 45 to 64 minutes at 10 kHz on one contact. Of a run with more, every check of pulses
/// is invalid.
pub const TABLE_BYTES: usize = 256 << 20;
/// Steps in a sample, of an instant and of a duration.
const INSTANT: f64 = 8192.0;
/// Steps in a code, of a level.
const LEVEL: f64 = 4096.0;
/// Rows that are packed together.
const BLOCK: usize = 1024;
/// Rows that are unpacked together.
const GROUP: usize = 256;
/// The first rows of a table that is bare behind them: more than a train has of which a picture predicts a pulse.
const WHOLE: usize = 32 * BLOCK;
/// The latest rows that are never packed: as many as may still be looked at while they are measured.
const LATEST: usize = 64;

/// Cells of the rows of a block, of which all are small.
type Column = column::Numbers<i32>;

/// What a table can hold: a row as a fixed number of cells.
pub trait Row: Copy {
    /// Writes its cells. `before` is the row before it, where that can be read together with this one; what this row reads back
    /// as must not depend on it.
    fn write(&self, before: Option<&Self>, cells: &mut Writer);

    /// Row `number` of its table, from the cells that [`Row::write`] has written, in the same order and beside the same row before.
    fn read(number: usize, before: Option<&Self>, cells: &mut Reader<'_>) -> Self;

    /// Packs the columns of a block, many rows at a time, where all are of a common kind: into the columns that the cells of
    /// [`Row::write`] make. `None` of others, whatever was packed of them by then. `columns` is memory to use.
    fn pack_alike(_: &[Self; BLOCK], _columns: &mut Vec<Column>, _: &mut Vec<u8>) -> Option<()> {
        None
    }

    /// The least of it.
    fn bare(&self) -> Self {
        *self
    }
}

/// Rows in order, appended and read.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<R> {
    blocks: Vec<Block>,
    latest: Vec<R>,
    packed: usize,
    /// Of rows from this one on only what [`Row::bare`] leaves is read.
    bare_from: usize,
    desk: Desk,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            latest: Vec::new(),
            packed: 0,
            bare_from: usize::MAX,
            desk: Desk::default(),
        }
    }
}

impl<R: Row> Table<R> {
    /// Without rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Without rows. Only the first are kept as they are, of others the least: so that it takes little memory however many there are.
    pub fn bare() -> Self {
        Self { bare_from: WHOLE, ..Self::default() }
    }

    /// Whether of some rows only the least is kept.
    pub fn is_bare(&self) -> bool {
        self.len() > self.bare_from
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.blocks.len() * BLOCK + self.latest.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory that the rows take, bytes.
    pub fn bytes(&self) -> usize {
        self.packed + self.latest.len() * size_of::<R>()
    }

    /// Appends a row.
    pub fn push(&mut self, row: R) {
        self.latest.push(row);
        if self.latest.len() >= BLOCK + LATEST {
            self.pack();
        }
    }

    /// Packs the oldest of the latest rows.
    #[cold]
    fn pack(&mut self) {
        if self.blocks.len() * BLOCK >= self.bare_from {
            self.latest.iter_mut().take(BLOCK).for_each(|row| *row = row.bare());
        }
        if let Some(block) = Block::of(&self.latest, &mut self.desk) {
            self.latest.drain(..BLOCK);
            self.packed += block.bytes();
            self.blocks.push(block);
        }
    }

    /// The last row as it was pushed, to be completed.
    pub fn last_mut(&mut self) -> Option<&mut R> {
        self.latest.last_mut()
    }

    /// A row as it was pushed, if it is one of the latest.
    pub fn recent(&self, index: usize) -> Option<&R> {
        self.latest.get(index.checked_sub(self.blocks.len() * BLOCK)?)
    }

    /// One row. For many rows [`Table::range`] is a hundred times faster.
    pub fn get(&self, index: usize) -> Option<R> {
        self.range(index..index.saturating_add(1)).next()
    }

    /// The first row.
    pub fn first(&self) -> Option<R> {
        self.get(0)
    }

    /// The last row.
    pub fn last(&self) -> Option<R> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All rows.
    pub fn iter(&self) -> Rows<'_, R> {
        self.range(0..self.len())
    }

    /// The rows of a range as far as there are any.
    pub fn range(&self, range: Range<usize>) -> Rows<'_, R> {
        let end = range.end.min(self.len());
        Rows { table: self, next: range.start.min(end), end, from: 0, held: Vec::new(), cells: Vec::new() }
    }

    /// How many rows at the beginning `holds` is true of; it must not become true again.
    pub fn partition_point(&self, holds: impl Fn(&R) -> bool) -> usize {
        let (mut low, mut high) = (0, self.blocks.len());
        while low < high {
            let middle = low.midpoint(high);
            let first = self.blocks.get(middle).map(|block| block.first(middle * BLOCK));
            if first.is_some_and(|first| holds(&first)) { low = middle + 1 } else { high = middle }
        }
        let from = low.saturating_sub(1) * BLOCK;
        let mut rows = self.range(from..self.len());
        rows.position(|row| !holds(&row)).map_or(self.len(), |at| from + at)
    }

    /// The group of rows that row `index` is in, and where it begins.
    fn load(&self, index: usize, held: &mut Vec<R>, cells: &mut Vec<i64>) -> usize {
        held.clear();
        let from = index / GROUP * GROUP;
        if let Some(block) = self.blocks.get(from / BLOCK) {
            block.unpack(from, held, cells);
            return from;
        }
        let open = (self.blocks.len() * BLOCK..).zip(&self.latest);
        let kept = |number: usize, row: &R| if number < self.bare_from { *row } else { row.bare() };
        let rows = open.skip(from - self.blocks.len() * BLOCK).take(GROUP);
        held.extend(rows.map(|(number, row)| rounded(number, &kept(number, row), cells)));
        from
    }
}

/// A row as it reads once it is packed.
fn rounded<R: Row>(number: usize, row: &R, cells: &mut Vec<i64>) -> R {
    cells.clear();
    let mut writer = Writer::new(std::mem::take(cells), 0, 1);
    row.write(None, &mut writer);
    *cells = writer.into_cells();
    R::read(number, None, &mut Reader::new(cells, 0, 1))
}

impl<R: Row> FromIterator<R> for Table<R> {
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        let mut table = Self::new();
        rows.into_iter().for_each(|row| table.push(row));
        table
    }
}

impl<'a, R: Row> IntoIterator for &'a Table<R> {
    type Item = R;
    type IntoIter = Rows<'a, R>;

    fn into_iter(self) -> Rows<'a, R> {
        self.iter()
    }
}

/// Rows of a table in order.
#[derive(Debug, Clone)]
pub struct Rows<'a, R> {
    table: &'a Table<R>,
    next: usize,
    end: usize,
    /// Index of the first row in `held`.
    from: usize,
    held: Vec<R>,
    cells: Vec<i64>,
}

impl<R: Row> Rows<'_, R> {
    /// Row `index` of the table, wherever the last one was; the rows from there on come next.
    pub fn at(&mut self, index: usize) -> Option<R> {
        self.next = index;
        self.next()
    }
}

impl<R: Row> Iterator for Rows<'_, R> {
    type Item = R;

    #[inline]
    fn next(&mut self) -> Option<R> {
        if self.next >= self.end {
            return None;
        }
        if self.next < self.from || self.next >= self.from + self.held.len() {
            self.from = self.table.load(self.next, &mut self.held, &mut self.cells);
        }
        let row = self.held.get(self.next - self.from).copied();
        self.next += 1;
        row
    }

    fn nth(&mut self, n: usize) -> Option<R> {
        self.next = self.next.saturating_add(n).min(self.end);
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl<R: Row> ExactSizeIterator for Rows<'_, R> {}

#[cfg(test)]
mod tests;
