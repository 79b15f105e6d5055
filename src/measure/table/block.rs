//! Rows that are packed together.

use super::cells::{Reader, Writer};
use super::{BLOCK, GROUP, Row, column, rounded};

/// From one column to the next while they are written, cells: not a power of two, which would put the cells of a row into the same few
/// places of a cache.
const COLUMN: usize = BLOCK + 8;

/// A full block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block<R> {
    first: R,
    columns: Box<[u8]>,
}

impl<R: Row> Block<R> {
    /// Packs exactly [`BLOCK`] rows, of which the first is row `number` of its table; `None` of fewer. `cells` is memory to use.
    pub(super) fn of(number: usize, rows: &[R], cells: &mut Vec<i64>) -> Option<Self> {
        cells.clear();
        let mut before = None;
        for (k, row) in rows.get(..BLOCK)?.iter().enumerate() {
            let mut writer = Writer::new(std::mem::take(cells), k, COLUMN);
            row.write(before.filter(|_| !k.is_multiple_of(GROUP)), &mut writer);
            *cells = writer.into_cells();
            before = Some(row);
        }
        let mut bytes = Vec::new();
        for (index, column) in cells.chunks(COLUMN).enumerate() {
            let column = column.first_chunk::<BLOCK>()?;
            match differs::<R>(index) {
                true => column::pack(&differences(column), &mut bytes),
                false => column::pack(column, &mut bytes),
            }
        }
        Some(Self { first: rounded(number, rows.first()?, cells), columns: bytes.into_boxed_slice() })
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
            rest = column::unpack(rest, BLOCK, from % BLOCK, numbers).unwrap_or(&[]);
            if differs::<R>(begin / GROUP) {
                let mut sum = 0_i64;
                for number in numbers {
                    sum = sum.wrapping_add(*number);
                    *number = sum;
                }
            }
        }
        let mut before = None;
        for k in 0..GROUP {
            let row = R::read(from + k, before.as_ref(), &mut Reader::new(cells, k, GROUP));
            rows.push(row);
            before = Some(row);
        }
    }
}

/// Whether a column of the rows is packed as differences.
fn differs<R: Row>(column: usize) -> bool {
    column < 64 && (R::DIFFERENCES >> column) & 1 == 1
}

/// Each number less the one before it, anew in every group that is unpacked together.
fn differences(numbers: &[i64; BLOCK]) -> [i64; BLOCK] {
    let mut differences = *numbers;
    for (group, numbers) in differences.chunks_mut(GROUP).zip(numbers.chunks(GROUP)) {
        let steps = group.iter_mut().skip(1).zip(numbers);
        steps.for_each(|(number, before)| *number = number.wrapping_sub(*before));
    }
    differences
}
