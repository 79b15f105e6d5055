//! NumPy's own format: a structured array with a field for the time and one for each channel, 64-bit floats.

use std::io::{BufWriter, Seek, SeekFrom, Write};

use super::super::error::CaptureFault;
use super::{ExportError, Meta, Rows, Stretch, Table, unreadable};

/// Bytes before the array, a multiple of 64 as NumPy has it; the count is put in at the end.
fn header(meta: &Meta, rows: u64) -> Vec<u8> {
    let fields =
        meta.channels.iter().map(|channel| format!("('{}', '<f8')", channel.name.replace(['\'', '\\'], "_")));
    let fields = fields.collect::<Vec<_>>().join(", ");
    let text = format!(
        "{{'descr': [('time_s', '<f8'), {fields}], 'fortran_order': False, 'shape': ({rows:>20},), }}"
    );
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(length as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(10 + length - 1, b' ');
    bytes.push(b'\n');
    bytes
}

pub(super) struct Writer<W: Write + Seek> {
    out: BufWriter<W>,
    meta: Meta,
    rows: u64,
}

impl<W: Write + Seek> Writer<W> {
    pub(super) fn new(out: W, meta: Meta) -> Result<Self, ExportError> {
        let mut out = BufWriter::with_capacity(1 << 18, out);
        out.write_all(&header(&meta, 0))?;
        Ok(Self { out, meta, rows: 0 })
    }
}

impl<W: Write + Seek> Rows for Writer<W> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), ExportError> {
        for index in 0..stretch.count {
            self.out.write_all(&self.meta.time(stretch.first + index as u64).to_le_bytes())?;
            for (plane, channel) in stretch.codes.chunks_exact(stretch.count).zip(&self.meta.channels) {
                let code = plane.get(index).copied().unwrap_or(0);
                self.out.write_all(&channel.value(code).to_le_bytes())?;
            }
        }
        self.rows += stretch.count as u64;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header(&self.meta, self.rows))?;
        Ok(self.out.flush()?)
    }
}

/// Reads a structured array of numbers, little-endian, whose first field is the time.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let bad = |why: &str| unreadable("NumPy file", why);
    let wide = bytes.get(6).is_some_and(|version| *version >= 2);
    let length = match (wide, bytes.get(8..)) {
        (true, Some(rest)) => rest.first_chunk().map(|four| u32::from_le_bytes(*four) as usize),
        (false, Some(rest)) => rest.first_chunk().map(|two| usize::from(u16::from_le_bytes(*two))),
        _ => None,
    };
    let start = if wide { 12 } else { 10 };
    let text =
        length.and_then(|length| bytes.get(start..start + length)).ok_or_else(|| bad("it is cut off"))?;
    let text = std::str::from_utf8(text).map_err(|_| bad("its header is no text"))?;
    let data = bytes.get(start + text.len()..).unwrap_or(&[]);
    let fields = fields(text).ok_or_else(|| {
        bad("it is no structured array of little-endian numbers; save one with a field time_s and one for each channel")
    })?;
    let width: usize = fields.iter().map(|(_, kind)| kind.bytes).sum();
    if width == 0 || data.len() % width != 0 {
        return Err(bad("it is cut off"));
    }
    let mut columns: Vec<(String, Vec<f64>)> =
        fields.iter().map(|(name, _)| (name.clone(), Vec::with_capacity(data.len() / width))).collect();
    for row in data.chunks_exact(width) {
        let mut rest = row;
        for ((_, values), (_, kind)) in columns.iter_mut().zip(&fields) {
            let (cell, after) = rest.split_at(kind.bytes.min(rest.len()));
            values.push((kind.read)(cell).unwrap_or(f64::NAN));
            rest = after;
        }
    }
    Ok(Table::with_time(columns))
}

/// A number as NumPy stores it.
struct Kind {
    bytes: usize,
    read: fn(&[u8]) -> Option<f64>,
}

fn kind(text: &str) -> Option<Kind> {
    Some(match text {
        "<f8" => Kind { bytes: 8, read: |cell| Some(f64::from_le_bytes(*cell.first_chunk()?)) },
        "<f4" => Kind { bytes: 4, read: |cell| Some(f64::from(f32::from_le_bytes(*cell.first_chunk()?))) },
        "<i2" => Kind { bytes: 2, read: |cell| Some(f64::from(i16::from_le_bytes(*cell.first_chunk()?))) },
        "<i4" => Kind { bytes: 4, read: |cell| Some(f64::from(i32::from_le_bytes(*cell.first_chunk()?))) },
        _ => return None,
    })
}

/// `'descr': [('time_s', '<f8'), ('e1_A', '<f8')]` to names and kinds.
fn fields(header: &str) -> Option<Vec<(String, Kind)>> {
    let (_, rest) = header.split_once("'descr'")?;
    let list = rest.split_once('[')?.1.split_once(']')?.0;
    let quoted: Vec<&str> = list.split('\'').skip(1).step_by(2).collect();
    let pairs = quoted.chunks_exact(2);
    if quoted.is_empty() || !quoted.len().is_multiple_of(2) {
        return None;
    }
    pairs.map(|pair| Some(((*pair.first()?).to_owned(), kind(pair.get(1)?)?))).collect()
}
