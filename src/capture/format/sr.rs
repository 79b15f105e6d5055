//! A sigrok session, version 2: a ZIP of `version`, `metadata`, and 32-bit floats per channel and chunk. Every analog channel
//! reads as volt there, hence the unit in its name. `stimrig.json` is ours, and skipped by others.

use std::io::{Cursor, Read, Seek, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::quantity::{Dimension, Quantity};

use super::super::coded::{Blocks, Coded};
use super::super::error::CaptureFault;
use super::super::time_base::TimeBase;
use super::super::{Dialect, MAX_BYTES};
use super::{ExportError, Format, Meta, MetaChannel, Rows, Stretch, Table, format_error, unreadable};

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

/// Opens a session whose codes are stated in `stimrig.json`; one without is read whole.
pub(in super::super) fn open<'a, R: Read + Seek + Send + 'a>(
    file: &str,
    input: R,
) -> Result<Option<Coded<'a>>, CaptureFault> {
    let mut zip = archive(input)?;
    let Some(meta) = member(&mut zip, META)?.and_then(|text| serde_json::from_slice::<Meta>(&text).ok())
    else {
        return Ok(None);
    };
    let head = Head::of(&mut zip)?;
    let known = |(index, name): &(u32, String)| {
        Some((*index, meta.channels.iter().find(|channel| channel.name == *name)?.clone()))
    };
    let sound = |channel: &MetaChannel| channel.lsb.is_normal() && channel.offset.is_finite();
    let channels: Option<Vec<(u32, MetaChannel)>> = head.channels.iter().map(known).collect();
    let Some(channels) = channels.filter(|all| all.iter().all(|(_, channel)| sound(channel))) else {
        return Ok(None);
    };
    Ok(Some(Coded {
        file: file.to_owned(),
        dialect: Dialect::Sigrok,
        sample_rate: meta.sample_rate,
        channels: channels.iter().map(|(_, channel)| channel.into()).collect(),
        blocks: Box::new(Chunks { zip, channels, chunk: 0 }),
    }))
}

/// The chunks of each channel in step.
struct Chunks<R> {
    zip: ZipArchive<R>,
    channels: Vec<(u32, MetaChannel)>,
    chunk: usize,
}

impl<R: Read + Seek + Send> Blocks for Chunks<R> {
    fn rewind(&mut self) -> Result<(), CaptureFault> {
        self.chunk = 0;
        Ok(())
    }

    fn pull(&mut self, wanted: &[usize], planes: &mut [Vec<i16>]) -> Result<Option<u64>, CaptureFault> {
        self.chunk += 1;
        let mut found = false;
        for (plane, wanted) in planes.iter_mut().zip(wanted) {
            let Some((index, channel)) = self.channels.get(*wanted) else { continue };
            let name = format!("analog-1-{index}-{}", self.chunk);
            let Some(bytes) = member(&mut self.zip, &name)? else { continue };
            found |= bytes.len() >= 4;
            if !codes(&bytes, channel, plane) {
                let why = format!("`{}` holds values that are no codes of {META}", channel.name);
                return Err(unreadable("sigrok session", why));
            }
        }
        Ok(found.then_some(0))
    }
}

/// Appends the codes that values stand for; false where one is no 16-bit code.
fn codes(bytes: &[u8], channel: &MetaChannel, plane: &mut Vec<i16>) -> bool {
    // Truncation rounds down what is not negative.
    const ABOVE: f64 = 32_768.0;
    let (scale, shift) = (1.0 / channel.lsb, channel.offset + ABOVE + 0.5);
    let mut sound = true;
    let (values, _) = bytes.as_chunks::<4>();
    plane.extend(values.iter().map(|value| {
        let raised = f64::from(f32::from_le_bytes(*value)) * scale + shift;
        sound &= (0.0..2.0 * ABOVE).contains(&raised);
        (raised as i32 - ABOVE as i32) as i16
    }));
    sound
}

/// What the session says of itself.
struct Head {
    /// As written.
    sample_rate: String,
    /// Numbers and names of the analog channels.
    channels: Vec<(u32, String)>,
}

impl Head {
    fn of<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<Self, CaptureFault> {
        let bad = |why: &dyn std::fmt::Display| unreadable("sigrok session", why);
        let metadata = member(zip, "metadata")?.ok_or_else(|| bad(&"there is no `metadata` in the ZIP"))?;
        let metadata = String::from_utf8(metadata).map_err(|error| bad(&error))?;
        let value = |key: &str| metadata.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let channel = |index: u32| Some((index, value(&format!("analog{index}"))?.to_owned()));
        let sample_rate = value("samplerate").map(str::trim).unwrap_or_default().to_owned();
        Ok(Self { sample_rate, channels: (1..=256).filter_map(channel).collect() })
    }
}

/// Reads the analog channels of a session.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let mut zip = archive(Cursor::new(bytes))?;
    let head = Head::of(&mut zip)?;
    let stated = head.sample_rate.as_str();
    let hertz = stated.parse().ok().or_else(|| Quantity::parse_as(stated, Dimension::Frequency).ok());
    let rate: f64 = hertz.filter(|rate| *rate > 0.0).ok_or(CaptureFault::NoTimeBase)?;
    let mut columns = Vec::new();
    let mut unpacked = 0;
    for (index, name) in head.channels {
        let mut values = Vec::new();
        for chunk in 1.. {
            let Some(bytes) = member(&mut zip, &format!("analog-1-{index}-{chunk}"))? else { break };
            unpacked += bytes.len() as u64;
            if unpacked > MAX_BYTES {
                return Err(CaptureFault::TooLarge { bytes: unpacked, limit: MAX_BYTES });
            }
            values.extend(bytes.as_chunks::<4>().0.iter().map(|four| f64::from(f32::from_le_bytes(*four))));
        }
        columns.push((name, values));
    }
    let time = TimeBase { t0: 0.0, dt: 1.0 / rate, dt_u: 0.0, worst_deviation: None };
    Ok(Table { time: Ok(time), columns, rails: None })
}

fn archive<R: Read + Seek>(input: R) -> Result<ZipArchive<R>, CaptureFault> {
    ZipArchive::new(input).map_err(|error| unreadable("sigrok session", error))
}

/// A member's bytes; `None` if there is none of that name. What it unpacks to is limited like a file.
fn member<R: Read + Seek>(zip: &mut ZipArchive<R>, name: &str) -> Result<Option<Vec<u8>>, CaptureFault> {
    let file = match zip.by_name(name) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Ok(None),
        // It is there and cannot be opened: what follows it is not the end.
        Err(error) => return Err(unreadable("sigrok session", error)),
    };
    let limit = MAX_BYTES;
    let mut bytes = Vec::with_capacity(usize::try_from(file.size().min(1 << 23)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable("sigrok session", error))?;
    if bytes.len() as u64 > limit {
        return Err(CaptureFault::TooLarge { bytes: bytes.len() as u64, limit });
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session of two chunks of one sample each.
    fn session() -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let metadata = "[device 1]\nsamplerate=1 MHz\nanalog1=A0\n";
        let samples = [1.0_f32.to_le_bytes(), 2.0_f32.to_le_bytes()];
        for (name, bytes) in [
            ("version", &b"2"[..]),
            ("metadata", metadata.as_bytes()),
            ("analog-1-1-1", &samples[0]),
            ("analog-1-1-2", &samples[1]),
        ] {
            zip.start_file(name, options()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_chunk_that_cannot_be_opened_is_not_the_end() {
        let whole = session();
        assert_eq!(read(&whole).unwrap().columns, [("A0".to_owned(), vec![1.0, 2.0])]);
        // The second chunk is said to need a password, in its own header and in the directory.
        let mut locked = whole.clone();
        for (signature, flags, name) in [(b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)] {
            let at = (0..locked.len())
                .find(|at| {
                    locked[*at..].starts_with(signature) && locked[at + name..].starts_with(b"analog-1-1-2")
                })
                .unwrap();
            locked[at + flags] |= 1;
        }
        let fault = read(&locked).err().unwrap();
        assert!(
            matches!(&fault, CaptureFault::Unreadable { why, .. } if why.to_lowercase().contains("password")),
            "{fault}"
        );
    }
}
