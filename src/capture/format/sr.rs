//! A sigrok session, version 2: a ZIP of `version`, `metadata`, and 32-bit floats per channel and chunk. Every analog channel
//! reads as volt there, hence the unit in its name. `stimrig.json` is ours, and skipped by others.

use std::io::{Cursor, Read, Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::quantity::{Dimension, Quantity};

use super::super::error::CaptureFault;
use super::super::time_base::TimeBase;
use super::{ExportError, Format, Meta, Rows, Stretch, Table, format_error, unreadable};

const META: &str = "stimrig.json";

pub(super) struct Writer<W: Write + Seek> {
    zip: ZipWriter<W>,
    meta: Meta,
    chunk: usize,
    /// Bytes of each channel that do not fill a chunk yet.
    pending: Vec<Vec<u8>>,
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(1))
}

impl<W: Write + Seek> Writer<W> {
    pub(super) fn new(out: W, meta: Meta) -> Result<Self, ExportError> {
        let mut session = format!(
            "[global]\nsigrok version=0.5.2\n\n[device 1]\nsamplerate={}\ntotal analog={}\n",
            rate(meta.sample_rate)?,
            meta.channels.len()
        );
        for (index, channel) in meta.channels.iter().enumerate() {
            session += &format!("analog{}={}\n", index + 1, channel.name);
        }
        let mut writer = Self { zip: ZipWriter::new(out), meta, chunk: 0, pending: Vec::new() };
        writer.pending = vec![Vec::with_capacity(CHUNK); writer.meta.channels.len()];
        let json = writer.meta.json();
        for (name, text) in [("version", "2"), ("metadata", &session), (META, &json)] {
            writer.start(name)?;
            writer.zip.write_all(text.as_bytes())?;
        }
        Ok(writer)
    }

    /// Writes a chunk of each channel, or what is left.
    fn flush(&mut self) -> Result<(), ExportError> {
        self.chunk += 1;
        for index in 0..self.pending.len() {
            self.start(&format!("analog-1-{}-{}", index + 1, self.chunk))?;
            let Some(bytes) = self.pending.get_mut(index) else { break };
            let chunk: Vec<u8> = bytes.drain(..bytes.len().min(CHUNK)).collect();
            self.zip.write_all(&chunk)?;
        }
        Ok(())
    }

    fn start(&mut self, name: &str) -> Result<(), ExportError> {
        self.zip.start_file(name, options()).map_err(|error| format_error(Format::Sr, error))
    }
}

/// Bytes of a chunk: as sigrok has it. All but the last must be equally long, or its CSV output writes beyond its buffer.
const CHUNK: usize = 4 << 20;

/// sigrok counts whole hertz.
fn rate(hertz: f64) -> Result<u64, ExportError> {
    let whole = hertz.round();
    if !(1.0..=1e12).contains(&whole) {
        return Err(format_error(Format::Sr, format!("a sample rate of {hertz} Hz has no place in it")));
    }
    Ok(whole as u64)
}

impl<W: Write + Seek> Rows for Writer<W> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), ExportError> {
        if stretch.count == 0 {
            return Ok(());
        }
        let planes = stretch.codes.chunks_exact(stretch.count);
        for ((bytes, plane), channel) in self.pending.iter_mut().zip(planes).zip(&self.meta.channels) {
            bytes.extend(plane.iter().flat_map(|code| (channel.value(*code) as f32).to_le_bytes()));
        }
        while self.pending.first().is_some_and(|bytes| bytes.len() >= CHUNK) {
            self.flush()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        if self.pending.first().is_some_and(|bytes| !bytes.is_empty()) {
            self.flush()?;
        }
        let mut out = self.zip.finish().map_err(|error| format_error(Format::Sr, error))?;
        Ok(out.flush()?)
    }
}

/// Reads the analog channels of a session.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let bad = |why: &dyn std::fmt::Display| unreadable("sigrok session", why);
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| bad(&error))?;
    let metadata = member(&mut zip, "metadata")?.ok_or_else(|| bad(&"there is no `metadata` in the ZIP"))?;
    let metadata = String::from_utf8(metadata).map_err(|error| bad(&error))?;
    let value = |key: &str| metadata.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let meta = member(&mut zip, META)?.and_then(|text| serde_json::from_slice::<Meta>(&text).ok());
    let stated = value("samplerate").map(str::trim).unwrap_or_default();
    let hertz = stated.parse().ok().or_else(|| Quantity::parse_as(stated, Dimension::Frequency).ok());
    let rate = meta.as_ref().map(|meta| meta.sample_rate).or(hertz).filter(|rate| *rate > 0.0);
    let rate = rate.ok_or(CaptureFault::NoTimeBase)?;
    let mut columns = Vec::new();
    for index in 1..=256_u32 {
        let Some(name) = value(&format!("analog{index}")) else { continue };
        let exact = meta.as_ref().and_then(|meta| meta.channels.iter().find(|channel| channel.name == name));
        let mut values = Vec::new();
        for chunk in 1.. {
            let Some(bytes) = member(&mut zip, &format!("analog-1-{index}-{chunk}"))? else { break };
            let read = bytes
                .chunks_exact(4)
                .filter_map(|four| Some(f64::from(f32::from_le_bytes(*four.first_chunk()?))));
            match exact {
                Some(channel) => values.extend(read.map(|value| channel.exact(value))),
                None => values.extend(read),
            }
        }
        columns.push((name.to_owned(), values));
    }
    Ok(Table { time: Ok(TimeBase { t0: 0.0, dt: 1.0 / rate, worst_deviation: None }), columns })
}

/// A member's bytes; `None` if there is none of that name. What it unpacks to is limited like a file.
fn member(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<Vec<u8>>, CaptureFault> {
    let Ok(file) = zip.by_name(name) else { return Ok(None) };
    let limit = super::super::MAX_BYTES;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable("sigrok session", error))?;
    if bytes.len() as u64 > limit {
        return Err(CaptureFault::TooLarge { bytes: bytes.len() as u64, limit });
    }
    Ok(Some(bytes))
}
