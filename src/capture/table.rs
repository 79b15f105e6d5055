//! The rows of numbers, read in one pass.

use super::CaptureError;
use super::columns::Column;
use super::dialect::{Layout, TimeSource, names_time};
use super::error::CaptureFault;
use super::header::{Header, HeaderRow, number};

/// Lines of settings any scope writes before its numbers, with room to spare.
const MOST_HEADER_ROWS: usize = 400;

/// Rows before a last one without a line end whose lengths tell whether its number was cut short.
const FEWEST_TO_COMPARE: usize = 16;

/// Where the first row of numbers begins in the text, byte offset.
pub(super) type Rows = csv::Position;

/// The columns of a file, each a flat vector in its SI base unit.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Times, s; empty where the header states them.
    pub time: Vec<f64>,
    /// Of the time cells.
    pub time_digits: Digits,
    /// One vector per channel.
    pub values: Vec<Vec<f64>>,
    /// Line of the first row.
    pub first_line: u64,
}

/// With how many digits a column is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Digits {
    /// Most significant digits of a cell.
    pub most: usize,
    /// All cells go to the same place, whether it is a zero or not.
    pub fixed: bool,
}

impl Digits {
    /// Of one more cell; `fraction` says whether any cell before it had digits behind a point.
    pub(super) fn see(&mut self, cell: &[u8], fraction: &mut bool) {
        let mantissa = cell.split(|byte| byte.eq_ignore_ascii_case(&b'e')).next().unwrap_or_default();
        let digits = mantissa.iter().filter(|byte| byte.is_ascii_digit());
        self.most = self.most.max(digits.skip_while(|byte| **byte == b'0').count());
        let behind = mantissa.rsplit(|byte| matches!(byte, b'.' | b',')).next().unwrap_or_default();
        let whole = behind.len() == mantissa.len();
        // `1.0` is how some write a whole number with all its digits.
        self.fixed |= !whole && behind.len() > 1 && behind.ends_with(b"0");
        *fraction |= !whole;
    }
}

fn reader(text: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text)
}

/// Separates the header from the rows: the first row whose first cell is a number ends it.
pub(super) fn split(file: &str, text: &[u8], delimiter: u8) -> Result<(Header, Rows), CaptureError> {
    let mut reader = reader(text, delimiter);
    let mut record = csv::ByteRecord::new();
    let mut header = Header::default();
    let mut named: Option<HeaderRow> = None;
    loop {
        let position = reader.position().clone();
        if !matches!(reader.read_byte_record(&mut record), Ok(true)) || header.rows.len() > MOST_HEADER_ROWS {
            return Err(CaptureError::whole(file, CaptureFault::NoNumbers));
        }
        let line = record.position().map_or(position.line(), csv::Position::line);
        let first = record.get(0).unwrap_or_default();
        if first.starts_with(b"#") || first.starts_with(b"%") {
            named = names_in_comment(&record).map(|cells| HeaderRow { line, cells }).or(named);
            continue;
        }
        let used = record.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        if number(first, delimiter).is_some() {
            header.width = used;
            header.first_row = line;
            // Names without a row of their own.
            header.rows.extend(named.filter(|row| header.rows.is_empty() && row.cells.len() == used));
            return Ok((header, record.position().cloned().unwrap_or(position)));
        }
        let cells = record.iter().take(used).map(text_of).collect();
        if used > 0 {
            header.rows.push(HeaderRow { line, cells });
        }
    }
}

/// The names of the columns in a comment such as `# time [us], current [mA]`, whatever separates them.
fn names_in_comment(record: &csv::ByteRecord) -> Option<Vec<String>> {
    let mut cells: Vec<String> = record.iter().map(text_of).collect();
    if let [whole] = cells.as_slice()
        && let Some(between) = [';', '\t', ','].into_iter().find(|between| whole.contains(*between))
    {
        cells = whole.split(between).map(|cell| cell.trim().to_owned()).collect();
    }
    let first = cells.first_mut()?;
    // `# columns: time [us]`.
    *first = first.rsplit(['#', '%', ':']).next().unwrap_or_default().trim().to_owned();
    (names_time(first) && cells.len() > 1 && cells.iter().all(|cell| !cell.is_empty())).then_some(cells)
}

/// Reads every row.
pub(super) fn numbers(
    file: &str,
    text: &[u8],
    delimiter: u8,
    layout: &Layout,
    rows: Rows,
) -> Result<Numbers, CaptureError> {
    let start = usize::try_from(rows.byte()).unwrap_or(0);
    let body = text.get(start..).unwrap_or_default();
    let mut reader = reader(body, delimiter);
    let mut record = csv::ByteRecord::new();
    // A guess from the first row's length saves growing the vectors again and again.
    let row_length = body.iter().position(|byte| *byte == b'\n').unwrap_or(body.len()) + 1;
    let room = body.len() / row_length + 1;
    let mut numbers = Numbers { first_line: line_of(text, rows.byte()), ..Numbers::default() };
    numbers.values = layout.channels.iter().map(|_| Vec::with_capacity(room)).collect();
    let ends_cleanly = text.ends_with(b"\n") || text.ends_with(b"\r");
    let width = layout.width();
    let mut previous = f64::NEG_INFINITY;
    let (mut shortest, mut fraction) = (usize::MAX, false);
    while matches!(reader.read_byte_record(&mut record), Ok(true)) {
        let used = record.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        if used == 0 || record.get(0).is_some_and(|cell| cell.starts_with(b"#")) {
            continue;
        }
        let line = || line_of(text, rows.byte() + record.position().map_or(0, csv::Position::byte));
        if used > width {
            return Err(CaptureError::at(file, line(), CaptureFault::LongRow { found: used, wanted: width }));
        }
        if record.len() < width {
            let last = !ends_cleanly && reader.position().byte() >= body.len() as u64;
            let (found, wanted) = (record.len(), width);
            let fault = match last {
                true => CaptureFault::TruncatedRow { found, wanted },
                false => CaptureFault::ShortRow { found, wanted },
            };
            return Err(CaptureError::at(file, line(), fault));
        }
        let cell = Cells { file, record: &record, delimiter, line: &line };
        if let TimeSource::Column(factor) = layout.time {
            let time = cell.read(0, || "time".to_owned())? * factor;
            if time < previous {
                let fault = CaptureFault::TimeNotGrowing { before: previous, after: time };
                return Err(CaptureError::cell(file, line(), 1, fault));
            }
            previous = time;
            numbers.time.push(time);
            numbers.time_digits.see(record.get(0).unwrap_or_default(), &mut fraction);
        }
        // The header states the time, and the first column counts the rows: one that is missing would shift all behind it.
        if layout.first == 1 && matches!(layout.time, TimeSource::Stated { .. }) {
            let number = cell.read(0, || "row number".to_owned())?;
            if previous.is_finite() && (number - previous - 1.0).abs() > 1e-6 {
                let fault = CaptureFault::Sequence { before: previous, after: number };
                return Err(CaptureError::cell(file, line(), 1, fault));
            }
            previous = number;
        }
        // A number that lost its exponent is another number: nothing but its length tells.
        let end = record.iter().next_back().unwrap_or_default();
        let cut = !ends_cleanly && end.len() < shortest && reader.position().byte() >= body.len() as u64;
        if cut && numbers.values.first().is_some_and(|values| values.len() >= FEWEST_TO_COMPARE) {
            let fault = CaptureFault::TruncatedNumber { text: shortened(end) };
            return Err(CaptureError::at(file, line(), fault));
        }
        shortest = shortest.min(end.len());
        for (index, (values, Column { name, factor, .. })) in
            numbers.values.iter_mut().zip(&layout.channels).enumerate()
        {
            values.push(cell.read(layout.first + index, || name.clone())? * factor);
        }
    }
    // Whole numbers alone have no last zeros to drop.
    numbers.time_digits.fixed |= !fraction;
    Ok(numbers)
}

/// The line of `text` on which the record at a byte begins, from 1. The reader's own count takes a line feed for the end of a line: where that
/// is a carriage return and a line feed it leaves the second to the next record, and a carriage return alone it does not count.
pub(super) fn line_of(text: &[u8], byte: u64) -> u64 {
    let from = byte as usize;
    let ends = |byte: &&u8| matches!(**byte, b'\r' | b'\n');
    let skipped = text.get(from..).map_or(0, |rest| rest.iter().take_while(ends).count());
    let before = text.get(..from + skipped).unwrap_or(text);
    let alone =
        before.iter().zip(before.iter().skip(1).chain([&0])).filter(|(a, b)| **a == b'\r' && **b != b'\n');
    1 + (before.iter().filter(|byte| **byte == b'\n').count() + alone.count()) as u64
}

/// One row and where it stands.
struct Cells<'a, L> {
    file: &'a str,
    record: &'a csv::ByteRecord,
    delimiter: u8,
    line: &'a L,
}

impl<L: Fn() -> u64> Cells<'_, L> {
    fn read(&self, index: usize, name: impl Fn() -> String) -> Result<f64, CaptureError> {
        sample(self.record.get(index).unwrap_or_default(), self.delimiter, name).map_err(|fault| {
            // Cells before it and the characters between them.
            let before: usize = self.record.iter().take(index).map(|cell| cell.len() + 1).sum();
            CaptureError::cell(self.file, (self.line)(), before as u64 + 1, fault)
        })
    }
}

/// What instruments write for a sample that they could not convert: 9.9e37 is infinity, 9.91e37 no number (SCPI-99, 7.2.1.4).
const NO_SAMPLE: f64 = 9.9e37;

/// Whether a number is one that was measured.
pub(super) fn is_sample(value: f64) -> bool {
    value.is_finite() && value.abs() < NO_SAMPLE
}

/// The sample in a cell of the column of that name.
pub(super) fn sample(cell: &[u8], delimiter: u8, name: impl Fn() -> String) -> Result<f64, CaptureFault> {
    // How PicoScope writes what is beyond its range.
    let beyond = matches!(cell.strip_prefix(b"-").unwrap_or(cell), b"\xE2\x88\x9E");
    match number(cell, delimiter).or(beyond.then_some(f64::INFINITY)) {
        Some(value) if is_sample(value) => Ok(value),
        Some(_) => Err(CaptureFault::NotFinite { text: shortened(cell), column: name() }),
        None if cell.is_empty() => Err(CaptureFault::EmptyCell(name())),
        None => Err(CaptureFault::NotANumber { text: shortened(cell), column: name() }),
    }
}

/// A header cell; what is no UTF-8 is Latin-1, in which older software writes `µ`.
fn text_of(cell: &[u8]) -> String {
    match std::str::from_utf8(cell) {
        Ok(text) => text.to_owned(),
        Err(_) => cell.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn shortened(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).chars().take(40).collect()
}
