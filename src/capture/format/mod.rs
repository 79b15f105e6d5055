//! Raw samples in the formats of other tools, written and read.
//!
//! Channels are named with their units (`e1_A`), values are in SI base units, time begins at the first sample. Where a format
//! has no place for scale or rate, they stand in an addition that other readers skip, so that `analyze` gets the same numbers
//! from every one of them.

mod csv;
pub(super) mod npy;
mod parquet;
pub(super) mod sr;
mod vcd;
pub(super) mod wav;

use std::io::{self, Cursor, Read, Seek, Write};

use serde::{Deserialize, Serialize};

use super::container::{End, Fault, Head, Planes, Stretch};
use super::dialect::time_factor;
use super::error::{CaptureError, CaptureFault};
use super::table::is_sample;
use super::time_base::TimeBase;
use super::trace::{Capture, Trace};
use super::{Dialect, coded, columns};

/// What samples can be exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// sigrok session: PulseView, sigrok-cli.
    Sr,
    /// A table with a time column.
    Csv,
    /// 16-bit PCM, the codes themselves.
    Wav,
    /// A NumPy structured array, one field a column.
    Npy,
    /// A table for pandas and others.
    Parquet,
    /// Value changes, markers among them: GTKWave.
    Vcd,
}

impl Format {
    /// All, with their names, which file names end in.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Sr, "sr"),
        (Self::Csv, "csv"),
        (Self::Wav, "wav"),
        (Self::Npy, "npy"),
        (Self::Parquet, "parquet"),
        (Self::Vcd, "vcd"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }
}

/// Why samples cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The output cannot be written.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The samples cannot be read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The format has no time of its own.
    #[error(
        "samples are missing before sample {sample}, and {format} cannot say so: use csv, npy or parquet"
    )]
    Lost {
        /// The format.
        format: &'static str,
        /// The first sample behind the gap.
        sample: u64,
    },
    /// Something the format cannot hold.
    #[error("{format}: {what}")]
    Format {
        /// The format.
        format: &'static str,
        /// What.
        what: String,
    },
}

fn format_error(format: Format, what: impl ToString) -> ExportError {
    ExportError::Format { format: format.name(), what: what.to_string() }
}

/// What was exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Samples per channel.
    pub samples: u64,
    /// How the containers ended.
    pub end: End,
}

/// What a format has no place for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Meta {
    version: u32,
    pub(super) sample_rate: f64,
    pub(super) channels: Vec<MetaChannel>,
}

/// Name with unit, and what its codes stand for: (code − offset) · lsb.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct MetaChannel {
    pub(super) name: String,
    pub(super) lsb: f64,
    pub(super) offset: f64,
}

impl MetaChannel {
    fn value(&self, code: i16) -> f64 {
        (f64::from(code) - self.offset) * self.lsb
    }
}

impl Meta {
    pub(super) fn of<'a>(heads: impl Iterator<Item = &'a Head>) -> Self {
        let mut meta = Self { version: 1, sample_rate: 1.0, channels: Vec::new() };
        for head in heads {
            meta.sample_rate = head.sample_rate;
            let name = format!("{}_{}", head.channel, head.unit);
            let Calibrated { lsb, offset } = head.into();
            meta.channels.push(MetaChannel { name, lsb, offset });
        }
        meta
    }

    /// As JSON; finite numbers and names always have one.
    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn time(&self, sample: u64) -> f64 {
        sample as f64 / self.sample_rate
    }
}

/// The part of a calibration that makes a value.
struct Calibrated {
    lsb: f64,
    offset: f64,
}

impl From<&Head> for Calibrated {
    fn from(head: &Head) -> Self {
        Self { lsb: head.calibration.lsb, offset: head.calibration.offset }
    }
}

/// A file being written, stretch by stretch.
trait Rows {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), ExportError>;
    fn finish(self: Box<Self>) -> Result<(), ExportError>;
}

/// Writes the channels of one stream as a file of another tool, in the memory of a stretch.
///
/// # Errors
/// When it cannot be written, or the format cannot say what there is to say.
pub fn export<R: Read, W: Write + Seek + Send>(
    format: Format,
    planes: &mut Planes<R>,
    out: W,
) -> Result<Exported, ExportError> {
    let meta = Meta::of(planes.heads());
    let mut rows: Box<dyn Rows + '_> = match format {
        Format::Sr => Box::new(sr::Writer::new(out, meta)?),
        Format::Csv => Box::new(csv::Writer::new(out, meta)?),
        Format::Wav => Box::new(wav::Writer::new(out, meta)?),
        Format::Npy => Box::new(npy::Writer::new(out, meta)?),
        Format::Parquet => Box::new(parquet::Writer::new(out, meta)?),
        Format::Vcd => Box::new(vcd::Writer::new(out, meta)?),
    };
    let mut samples = 0;
    while let Some(stretch) = planes.pull()? {
        if stretch.missing > 0 && matches!(format, Format::Sr | Format::Wav | Format::Vcd) {
            return Err(ExportError::Lost { format: format.name(), sample: stretch.first });
        }
        samples += stretch.count as u64;
        rows.stretch(&stretch)?;
    }
    rows.finish()?;
    Ok(Exported { samples, end: planes.end().cloned().unwrap_or(End::Whole) })
}

/// Reads a file by its first bytes, if they are those of a format here.
pub(super) fn read(file: &str, bytes: &[u8]) -> Option<Result<Capture, CaptureError>> {
    match coded::open(file, Cursor::new(bytes), None) {
        Ok(None) => {}
        Ok(Some(coded)) => return Some(coded.capture()),
        Err(error) => return Some(Err(error)),
    }
    let found = match bytes {
        [b'R', b'I', b'F', b'F', ..] => wav::read(bytes).map(|read| (Dialect::Wav, read)),
        [b'P', b'K', 3, 4, ..] => sr::read(bytes).map(|read| (Dialect::Sigrok, read)),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => npy::read(bytes).map(|read| (Dialect::Npy, read)),
        [b'P', b'A', b'R', b'1', ..] => parquet::read(bytes).map(|read| (Dialect::Parquet, read)),
        [b'$', ..] => vcd::read(bytes).map(|read| (Dialect::Vcd, read)),
        _ => return None,
    };
    Some(found.map_err(|fault| CaptureError::whole(file, fault)).and_then(|(dialect, table)| {
        let time = table.time.map_err(|fault| CaptureError::whole(file, fault))?;
        let mut capture = assembled(file, dialect, time, table.columns.into_iter())?;
        capture.traces.iter_mut().for_each(|trace| trace.rails = table.rails);
        Ok(capture)
    }))
}

/// What a reader finds: when, and the columns as they are called.
struct Table {
    time: Result<TimeBase, CaptureFault>,
    columns: Vec<(String, Vec<f64>)>,
    /// The ends of the converter's range, where they are known.
    rails: Option<(f64, f64)>,
}

impl Table {
    /// Columns of which the first is the time, in the unit of its name.
    fn with_time(mut columns: Vec<(String, Vec<f64>)>) -> Self {
        if columns.len() < 2 {
            let found = columns.len();
            return Self { time: Err(CaptureFault::MissingColumns { found }), columns, rails: None };
        }
        let (name, times) = columns.remove(0);
        let time = match time_factor(&name) {
            Some(factor) => TimeBase::of(&times, factor),
            None if name.to_ascii_lowercase().starts_with('t') => Err(CaptureFault::TimeUnit(name)),
            None => Err(CaptureFault::NoTimeBase),
        };
        Self { time, columns, rails: None }
    }
}

/// Columns whose names may end in their units.
fn assembled(
    file: &str,
    dialect: Dialect,
    time: TimeBase,
    named: impl Iterator<Item = (String, Vec<f64>)>,
) -> Result<Capture, CaptureError> {
    let traces = named.map(|(name, mut values)| {
        let column = columns::column(&name);
        if column.factor != 1.0 {
            values.iter_mut().for_each(|value| *value *= column.factor);
        }
        ((column.name, column.unit), values)
    });
    finished(file, dialect, time, traces)
}

/// A capture of columns with names and units, if they are equally long and finite.
pub(super) fn finished(
    file: &str,
    dialect: Dialect,
    time: TimeBase,
    columns: impl Iterator<Item = ((String, String), Vec<f64>)>,
) -> Result<Capture, CaptureError> {
    let traces = columns.map(|((name, unit), values)| Trace::new(name, unit, values));
    let capture = Capture { file: file.to_owned(), dialect, time, traces: traces.collect() };
    let fault = match capture.traces.first() {
        None => CaptureFault::MissingColumns { found: 0 },
        Some(trace) if trace.values.len() < 2 => CaptureFault::OneSample,
        Some(first) => {
            let apart = capture.traces.iter().any(|trace| trace.values.len() != first.values.len());
            let infinite =
                capture.traces.iter().find(|trace| trace.values.iter().any(|value| !is_sample(*value)));
            match infinite {
                _ if apart => unreadable("file", "its channels are not equally long"),
                Some(trace) => {
                    CaptureFault::NotFinite { text: "NaN or infinity".to_owned(), column: trace.name.clone() }
                }
                None => return Ok(capture),
            }
        }
    };
    Err(CaptureError::whole(file, fault))
}

pub(super) fn unreadable(what: &'static str, why: impl ToString) -> CaptureFault {
    CaptureFault::Unreadable { what, why: why.to_string() }
}

/// A table of the text of every code: a channel has far fewer codes than samples.
struct Words {
    known: Vec<Option<Box<str>>>,
}

impl Words {
    fn new() -> Self {
        Self { known: vec![None; 1 << 16] }
    }

    fn of(&mut self, code: i16, value: impl FnOnce() -> f64) -> &str {
        match self.known.get_mut(usize::from(code as u16)) {
            Some(place) => place.get_or_insert_with(|| format!("{:e}", value()).into()),
            None => "",
        }
    }
}

#[cfg(test)]
mod tests;
