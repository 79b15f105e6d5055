//! 16-bit PCM: the codes themselves. A chunk `stim` behind them says what they stand for; other readers skip it.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use hound::{SampleFormat, WavReader};

use super::super::Dialect;
use super::super::coded::{Coded, CodedChannel, Interleaved};
use super::super::error::CaptureFault;
use super::super::time_base::TimeBase;
use super::{ExportError, Format, Meta, Rows, Stretch, Table, format_error, unreadable};

/// Samples and the header must be counted in 32 bits.
const LARGEST: u64 = u32::MAX as u64 - (1 << 20);

pub(super) struct Writer<W: Write + Seek> {
    out: W,
    meta: Meta,
    samples: u64,
    bytes: Vec<u8>,
}

impl<W: Write + Seek> Writer<W> {
    pub(super) fn new(mut out: W, meta: Meta) -> Result<Self, ExportError> {
        let rate = meta.sample_rate.round();
        if !(1.0..=f64::from(u32::MAX)).contains(&rate) {
            return Err(format_error(Format::Wav, format!("a sample rate of {rate} Hz has no place in it")));
        }
        let channels =
            u16::try_from(meta.channels.len()).map_err(|_| format_error(Format::Wav, "too many channels"))?;
        // Plain PCM whatever the number of channels: Python's `wave` reads no other. Sizes are put in at the end.
        let frame = channels.saturating_mul(2);
        out.write_all(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0")?;
        out.write_all(&channels.to_le_bytes())?;
        out.write_all(&(rate as u32).to_le_bytes())?;
        out.write_all(&(rate as u32).saturating_mul(u32::from(frame)).to_le_bytes())?;
        out.write_all(&frame.to_le_bytes())?;
        out.write_all(b"\x10\0data\0\0\0\0")?;
        Ok(Self { out, meta, samples: 0, bytes: Vec::new() })
    }

    fn length(&self) -> u64 {
        self.samples * self.meta.channels.len() as u64 * 2
    }
}

impl<W: Write + Seek> Rows for Writer<W> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), ExportError> {
        let channels = self.meta.channels.len();
        self.bytes.clear();
        self.bytes.resize(stretch.count * channels * 2, 0);
        for (index, plane) in stretch.codes.chunks_exact(stretch.count.max(1)).enumerate() {
            let places = self.bytes.chunks_exact_mut(2).skip(index).step_by(channels);
            for (place, code) in places.zip(plane) {
                place.copy_from_slice(&code.to_le_bytes());
            }
        }
        self.samples += stretch.count as u64;
        if self.length() > LARGEST {
            return Err(format_error(Format::Wav, "more than 4 GB do not fit: use npy or parquet"));
        }
        Ok(self.out.write_all(&self.bytes)?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        let data = self.out.stream_position()?;
        let mut json = self.meta.json();
        if json.len() % 2 == 1 {
            json.push(' ');
        }
        self.out.write_all(b"stim")?;
        self.out.write_all(&(json.len() as u32).to_le_bytes())?;
        self.out.write_all(json.as_bytes())?;
        let end = self.out.stream_position()?;
        let length = self.length();
        for (at, size) in [(4, end - 8), (data - length - 4, length)] {
            self.out.seek(SeekFrom::Start(at))?;
            self.out.write_all(&(size as u32).to_le_bytes())?;
        }
        self.out.seek(SeekFrom::Start(end))?;
        Ok(self.out.flush()?)
    }
}

/// Opens 16-bit PCM; other widths and floats are read whole. Without our chunk, channels are `CH1`, …, in parts of full scale.
pub(in super::super) fn open<'a, R: Read + Seek + Send + 'a>(
    file: &str,
    input: R,
) -> Result<Option<Coded<'a>>, CaptureFault> {
    let bad = |error: hound::Error| unreadable("WAV file", error);
    let reader = WavReader::new(input).map_err(bad)?;
    let (spec, frames) = (reader.spec(), u64::from(reader.duration()));
    if (spec.sample_format, spec.bits_per_sample) != (SampleFormat::Int, 16) || spec.sample_rate == 0 {
        return Ok(None);
    }
    let mut input = reader.into_inner();
    let start = input.stream_position().map_err(|error| unreadable("WAV file", error))?;
    let count = usize::from(spec.channels);
    let end = start + frames * count as u64 * 2;
    let meta = chunk(&mut input, end).and_then(|text| serde_json::from_slice::<Meta>(&text).ok());
    let meta = meta.filter(|meta| meta.channels.len() == count && meta.sample_rate > 0.0);
    let channels = match &meta {
        Some(meta) => meta.channels.iter().map(Into::into).collect(),
        None => (1..=count).map(|at| CodedChannel::new(&format!("CH{at}"), 1.0 / 32_768.0, 0.0)).collect(),
    };
    Ok(Some(Coded {
        file: file.to_owned(),
        dialect: Dialect::Wav,
        sample_rate: meta.map_or(f64::from(spec.sample_rate), |meta| meta.sample_rate),
        channels,
        blocks: Box::new(Interleaved::new(input, "WAV file", start, frames, count)),
    }))
}

/// The payload of our chunk, at or after byte `end` of the samples.
fn chunk<R: Read + Seek>(input: &mut R, end: u64) -> Option<Vec<u8>> {
    /// Longer than any description of channels.
    const LONGEST: u32 = 1 << 20;
    let mut at = end + end % 2;
    loop {
        input.seek(SeekFrom::Start(at)).ok()?;
        let mut head = [0; 8];
        input.read_exact(&mut head).ok()?;
        let length = u32::from_le_bytes(*head.get(4..)?.first_chunk()?);
        if head.starts_with(b"stim") && length <= LONGEST {
            let mut text = vec![0; length as usize];
            input.read_exact(&mut text).ok()?;
            return Some(text);
        }
        at += 8 + u64::from(length) + u64::from(length % 2);
    }
}

/// Reads integers of other widths and floats: `CH1`, …, in parts of full scale.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let bad = |error: hound::Error| unreadable("WAV file", error);
    let reader = WavReader::new(Cursor::new(bytes)).map_err(bad)?;
    let spec = reader.spec();
    if spec.sample_rate == 0 {
        return Err(CaptureFault::NoTimeBase);
    }
    let count = usize::from(spec.channels);
    let mut columns: Vec<(String, Vec<f64>)> =
        (1..=count).map(|index| (format!("CH{index}"), Vec::new())).collect();
    let full = (1_u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f64;
    let mut push = |index: usize, value: f64| {
        if let Some((_, values)) = columns.get_mut(index % count) {
            values.push(value);
        }
    };
    match spec.sample_format {
        SampleFormat::Float => {
            for (index, value) in reader.into_samples::<f32>().enumerate() {
                push(index, f64::from(value.map_err(bad)?));
            }
        }
        SampleFormat::Int => {
            for (index, code) in reader.into_samples::<i32>().enumerate() {
                push(index, f64::from(code.map_err(bad)?) / full);
            }
        }
    }
    let dt = 1.0 / f64::from(spec.sample_rate);
    let time = TimeBase { t0: 0.0, dt, dt_u: 0.0, worst_deviation: None };
    // Floats come from a converter whose full scale is one.
    let high = if spec.sample_format == SampleFormat::Int { 1.0 - 1.0 / full } else { 1.0 };
    Ok(Table { time: Ok(time), columns, rails: Some((-1.0, high)) })
}
