//! 16-bit PCM: the codes themselves. A chunk `stim` behind them says what they stand for; other readers skip it.

use std::io::{Cursor, Seek, SeekFrom, Write};

use hound::{SampleFormat, WavReader};

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

/// Reads integers of any width and floats; without our chunk, channels are `CH1`, …, in parts of full scale.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let bad = |error: hound::Error| unreadable("WAV file", error);
    let reader = WavReader::new(Cursor::new(bytes)).map_err(bad)?;
    let spec = reader.spec();
    let meta = chunk(bytes).and_then(|text| serde_json::from_slice::<Meta>(text).ok());
    let meta = meta.filter(|meta| meta.channels.len() == usize::from(spec.channels));
    let count = usize::from(spec.channels);
    let mut columns: Vec<(String, Vec<f64>)> = (0..count)
        .map(|index| {
            let own = meta.as_ref().and_then(|meta| meta.channels.get(index));
            let name = own.map_or_else(|| format!("CH{}", index + 1), |channel| channel.name.clone());
            (name, Vec::new())
        })
        .collect();
    let full = (1_u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f64;
    let mut push = |index: usize, value: f64| {
        if let Some((_, values)) = columns.get_mut(index % count) {
            values.push(value);
        }
    };
    match (spec.sample_format, &meta) {
        (SampleFormat::Float, _) => {
            for (index, value) in reader.into_samples::<f32>().enumerate() {
                push(index, f64::from(value.map_err(bad)?));
            }
        }
        (SampleFormat::Int, Some(meta)) => {
            for (index, code) in reader.into_samples::<i16>().enumerate() {
                let code = code.map_err(bad)?;
                push(index, meta.channels.get(index % count).map_or(0.0, |channel| channel.value(code)));
            }
        }
        (SampleFormat::Int, None) => {
            for (index, code) in reader.into_samples::<i32>().enumerate() {
                push(index, f64::from(code.map_err(bad)?) / full);
            }
        }
    }
    let rate = meta.map_or(f64::from(spec.sample_rate), |meta| meta.sample_rate);
    Ok(Table { time: Ok(TimeBase { t0: 0.0, dt: 1.0 / rate, worst_deviation: None }), columns })
}

/// The payload of our chunk.
fn chunk(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(12..)?;
    loop {
        let (head, after) = rest.split_at_checked(8)?;
        let length = u32::from_le_bytes(*head.get(4..)?.first_chunk()?) as usize;
        if head.starts_with(b"stim") {
            return after.get(..length);
        }
        rest = after.get(length + length % 2..)?;
    }
}
