//! What stands before the numbers.

/// One line of the header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeaderRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// Its cells, trimmed; empty cells at its end are dropped.
    pub cells: Vec<String>,
}

/// The lines before the first row of numbers, and that row's width.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Header {
    /// Lines that are not comments, in order.
    pub rows: Vec<HeaderRow>,
    /// Cells of the first row of numbers, without empty cells at its end.
    pub width: usize,
    /// Line of the first row of numbers.
    pub first_row: u64,
}

impl Header {
    /// The line a message about the header as a whole points at.
    pub(super) fn last_line(&self) -> u64 {
        self.rows.last().map_or(self.first_row, |row| row.line)
    }

    /// The cells after a key such as `Vertical Units`, or `YUnits:`.
    pub(super) fn values(&self, key: &str) -> Option<&[String]> {
        let row = self.rows.iter().find(|row| {
            row.cells
                .first()
                .is_some_and(|cell| cell.trim_end_matches(':').trim_end().eq_ignore_ascii_case(key))
        })?;
        row.cells.get(1..)
    }
}

/// The character between cells: the candidate that splits the first line of numbers, `;` and tab before `,` because
/// `,` may be a decimal point beside them.
pub(super) fn delimiter(text: &[u8]) -> u8 {
    let lines =
        || text.split(|byte| *byte == b'\n' || *byte == b'\r').filter(|line| !line.is_empty()).take(400);
    for candidate in [b';', b'\t', b','] {
        let splits = |line: &[u8]| {
            let mut cells = line.split(|byte| *byte == candidate).map(|cell| number(cell, candidate));
            cells.next().flatten().is_some() && cells.next().is_some()
        };
        if lines().any(splits) {
            return candidate;
        }
    }
    b','
}

/// The number in a cell; a decimal comma is taken where the comma does not separate cells.
pub(super) fn number(cell: &[u8], delimiter: u8) -> Option<f64> {
    let text = std::str::from_utf8(cell).ok()?.trim().trim_matches('"').trim();
    if delimiter != b',' && text.contains(',') {
        return text.replacen(',', ".", 1).parse().ok();
    }
    text.parse().ok()
}
