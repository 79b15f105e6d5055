//! NumPy's own format: a structured array with a field for the time and one for each channel, 64-bit floats; or 16-bit codes
//! without a time.

use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use super::super::Dialect;
use super::super::coded::{Coded, CodedChannel, Interleaved};
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

/// The header's text, and the byte of the first element.
fn described<R: Read>(input: &mut R) -> Result<(String, u64), CaptureFault> {
    /// Longer than any header of ours or of a sensible array.
    const LONGEST: u64 = 1 << 20;
    let bad = |why: &str| unreadable("NumPy file", why);
    let mut head = [0; 10];
    input.read_exact(&mut head).map_err(|_| bad("it is cut off"))?;
    let [.., version, _, low, high] = head;
    let mut length = u64::from(u16::from_le_bytes([low, high]));
    let mut start = 10;
    if version >= 2 {
        let mut more = [0; 2];
        input.read_exact(&mut more).map_err(|_| bad("it is cut off"))?;
        length |= u64::from(u16::from_le_bytes(more)) << 16;
        start = 12;
    }
    let mut text = Vec::new();
    input
        .take(length.min(LONGEST))
        .read_to_end(&mut text)
        .map_err(|error| unreadable("NumPy file", error))?;
    if text.len() as u64 != length {
        return Err(bad("it is cut off"));
    }
    let text = String::from_utf8(text).map_err(|_| bad("its header is no text"))?;
    Ok((text, start + length))
}

/// Opens an array of 16-bit codes without a time: one dimension, (samples, channels), or a field for each channel. A code
/// counts as one unit.
pub(in super::super) fn open<'a, R: Read + Seek + Send + 'a>(
    file: &str,
    mut input: R,
    sample_rate: Option<f64>,
) -> Result<Option<Coded<'a>>, CaptureFault> {
    let (text, start) = described(&mut input)?;
    let Some(names) = coded_names(&text) else { return Ok(None) };
    let sample_rate = sample_rate.ok_or(CaptureFault::NoSampleRate)?;
    let io = |error| unreadable("NumPy file", error);
    let bytes = input.seek(SeekFrom::End(0)).map_err(io)?.saturating_sub(start);
    let frames = rows(&text, bytes, 2 * names.len() as u64)?;
    Ok(Some(Coded {
        file: file.to_owned(),
        dialect: Dialect::Npy,
        sample_rate,
        channels: names.iter().map(|name| CodedChannel::new(name, 1.0, 0.0)).collect(),
        blocks: Box::new(Interleaved::new(input, "NumPy file", start, frames, names.len())),
    }))
}

/// How long the array is along each axis.
fn shape(header: &str) -> Option<Vec<u64>> {
    let lengths = header.split_once("'shape'")?.1.split_once('(')?.1.split_once(')')?.0.split(',');
    lengths.map(str::trim).filter(|length| !length.is_empty()).map(|length| length.parse().ok()).collect()
}

/// How many rows of `width` bytes there are in so many bytes: as many as the header states, or the file is not whole.
fn rows(header: &str, bytes: u64, width: u64) -> Result<u64, CaptureFault> {
    let stated = shape(header).and_then(|shape| shape.first().copied());
    let rows = stated.ok_or_else(|| unreadable("NumPy file", "its header states no shape"))?;
    if width == 0 || rows.checked_mul(width) != Some(bytes) {
        let why = format!("it is cut off: {rows} rows of {width} bytes are stated, and {bytes} bytes follow");
        return Err(unreadable("NumPy file", why));
    }
    Ok(rows)
}

/// The channels of an array whose every element is a 16-bit code.
fn coded_names(header: &str) -> Option<Vec<String>> {
    let (_, rest) = header.split_once("'descr'")?;
    let rest = rest.trim_start_matches([':', ' ']);
    if rest.starts_with('[') {
        let fields = fields(header)?;
        return fields
            .iter()
            .all(|(_, kind)| kind.code)
            .then(|| fields.into_iter().map(|(name, _)| name).collect());
    }
    let channels = match shape(header)?.as_slice() {
        [_] => 1,
        [_, channels] if header.contains("'fortran_order': False") => u16::try_from(*channels).ok()?,
        _ => return None,
    };
    rest.starts_with("'<i2'").then(|| (1..=channels).map(|at| format!("CH{at}")).collect())
}

/// Reads a structured array of numbers, little-endian, whose first field is the time.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let bad = |why: &str| unreadable("NumPy file", why);
    let (text, start) = described(&mut &*bytes)?;
    let data = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or(&[]);
    let fields = fields(&text).ok_or_else(|| {
        bad("it is no structured array of little-endian numbers; save one with a field time_s and one for each channel")
    })?;
    if shape(&text).is_none_or(|shape| shape.len() != 1) {
        return Err(bad("it has more than one axis; save one row for each sample"));
    }
    let width: usize = fields.iter().map(|(_, kind)| kind.bytes).sum();
    rows(&text, data.len() as u64, width as u64)?;
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
    /// A 16-bit code.
    code: bool,
    read: fn(&[u8]) -> Option<f64>,
}

fn kind(text: &str) -> Option<Kind> {
    Some(match text {
        "<f8" => Kind { bytes: 8, code: false, read: |cell| Some(f64::from_le_bytes(*cell.first_chunk()?)) },
        "<f4" => Kind {
            bytes: 4,
            code: false,
            read: |cell| Some(f64::from(f32::from_le_bytes(*cell.first_chunk()?))),
        },
        "<i2" => Kind {
            bytes: 2,
            code: true,
            read: |cell| Some(f64::from(i16::from_le_bytes(*cell.first_chunk()?))),
        },
        "<i4" => Kind {
            bytes: 4,
            code: false,
            read: |cell| Some(f64::from(i32::from_le_bytes(*cell.first_chunk()?))),
        },
        _ => return None,
    })
}

/// `'descr': [('time_s', '<f8'), ('e1_A', '<f8')]` to names and kinds.
fn fields(header: &str) -> Option<Vec<(String, Kind)>> {
    let (_, rest) = header.split_once("'descr'")?;
    // Names may hold brackets: what counts stands outside of the quotes.
    let mut parts = rest.split_once('[')?.1.split('\'');
    let (mut quoted, mut opened) = (Vec::new(), 0);
    loop {
        let outside = parts.next()?;
        let (list, ended) = outside.split_once(']').map_or((outside, false), |(list, _)| (list, true));
        opened += list.matches('(').count();
        if ended {
            break;
        }
        quoted.push(parts.next()?);
    }
    // A field that has a title, or several numbers in a row, is more than a name and a kind.
    if quoted.is_empty() || quoted.len() != 2 * opened {
        return None;
    }
    let pairs = quoted.chunks_exact(2);
    pairs.map(|pair| Some(((*pair.first()?).to_owned(), kind(pair.get(1)?)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// An array of so many bytes under a header.
    fn array(descr: &str, shape: &str, bytes: usize) -> Vec<u8> {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        // Times that grow, whatever stands beside them.
        file.extend((0..bytes / 8).flat_map(|at| (at as f64).to_le_bytes()));
        file.extend(vec![0; bytes % 8]);
        file
    }

    #[test]
    fn an_array_that_is_shorter_than_its_header_says_is_cut_off() {
        let table = |rows: usize| read(&array("[('time_s', '<f8'), ('i_A', '<f8')]", "(10,)", 16 * rows));
        assert_eq!(table(10).ok().unwrap().columns[0].1.len(), 10);
        let codes = |rows: usize| {
            let bytes = array("'<i2'", "(10, 2)", 4 * rows);
            open("x.npy", Cursor::new(bytes), Some(1e6)).map(|coded| coded.is_some())
        };
        assert_eq!(codes(10), Ok(true));
        for rows in [9, 11] {
            for fault in [table(rows).err(), codes(rows).err()] {
                let said = fault.unwrap().to_string();
                assert!(said.contains("cut off"), "{rows}: {said}");
            }
        }
    }

    #[test]
    fn fields_of_several_numbers_are_refused_and_names_may_hold_brackets() {
        let fields = |list: &str| fields(&format!("{{'descr': [{list}], 'shape': (3,), }}"));
        let names = |list: &str| {
            fields(list).map(|found| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        };
        let expected = Some(vec!["t [us]".to_owned(), "i (mA)".to_owned()]);
        assert_eq!(names("('t [us]', '<f8'), ('i (mA)', '<f4')"), expected);
        assert_eq!(names("('time_s', '<f8'), ('i_A', '<f8', (2,))"), None);
        assert_eq!(names("(('a title', 'time_s'), '<f8'), ('i_A', '<f8')"), None);
        let two = read(&array("[('time_s', '<f8'), ('i_A', '<f8')]", "(5, 2)", 160)).err().unwrap();
        assert!(two.to_string().contains("more than one axis"), "{two}");
    }
}
