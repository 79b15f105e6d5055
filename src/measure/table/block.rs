//! Rows that are packed together.

use super::cells::{Reader, Writer};
use super::{BLOCK, GROUP, Row, column, rounded};

/// From one column to the next while they are written, cells: not a power of two, which would put the cells of a row into the same few
/// places of a cache.
const COLUMN: usize = BLOCK + 8;

/// Bytes of the numbers with which the groups of a column of differences begin, in front of it.
const STARTS: usize = BLOCK / GROUP * 8;

/// A full block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block<R> {
    first: R,
    /// Bit k: column k is packed as differences.
    differs: u64,
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
        let (mut bytes, mut differs) = (Vec::new(), 0);
        for (index, column) in cells.chunks(COLUMN).enumerate() {
            let column = column.first_chunk::<BLOCK>()?;
            if index < u64::BITS as usize && column::goes_on(column) {
                differs |= 1 << index;
                column.iter().step_by(GROUP).for_each(|start| bytes.extend_from_slice(&start.to_le_bytes()));
                column::pack(&differences(column), &mut bytes);
            } else {
                column::pack(column, &mut bytes);
            }
        }
        Some(Self {
            first: rounded(number, rows.first()?, cells),
            differs,
            columns: bytes.into_boxed_slice(),
        })
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
            let mut start = None;
            if self.differs(begin / GROUP) {
                let (starts, packed) = rest.split_at_checked(STARTS).unwrap_or_default();
                (start, rest) = (starts.as_chunks().0.get(from % BLOCK / GROUP), packed);
            }
            rest = column::unpack(rest, BLOCK, from % BLOCK, numbers).unwrap_or(&[]);
            if let (Some(start), Some((first, others))) = (start, numbers.split_first_mut()) {
                *first = i64::from_le_bytes(*start);
                let mut sum = *first;
                for number in others {
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

    /// Whether a column is packed as differences.
    fn differs(&self, column: usize) -> bool {
        column < u64::BITS as usize && (self.differs >> column) & 1 == 1
    }
}

/// Each number less the one before it; of the first, as the second.
fn differences(numbers: &[i64; BLOCK]) -> [i64; BLOCK] {
    let mut differences = *numbers;
    let steps = differences.iter_mut().skip(1).zip(numbers);
    steps.for_each(|(number, before)| *number = number.wrapping_sub(*before));
    let [first, second, ..] = &mut differences;
    *first = *second;
    differences
}
