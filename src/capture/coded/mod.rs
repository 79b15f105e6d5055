//! Recordings whose samples are integer codes: read block by block, as often as needed, in the memory of a block.
//!
//! A 16-bit WAV, a NumPy array of 16-bit integers, a sigrok session that states its codes and our own containers may be
//! of any size. Everything else is read whole ([`super::read`]).

mod interleaved;
mod kept;

use std::io::{Read, Seek};

use super::columns::column;
use super::container::Decoder;
use super::error::{CaptureError, CaptureFault};
use super::format::{MetaChannel, npy, sr, unreadable, wav};
use super::time_base::TimeBase;
use super::trace::Capture;
use super::{Dialect, MAX_BYTES, format};

pub(super) use interleaved::Interleaved;
pub use kept::kept;

/// What the codes of a channel stand for: (code − offset) · lsb in `unit`.
#[derive(Debug, Clone, PartialEq)]
pub struct CodedChannel {
    /// As the file calls it, without its unit.
    pub name: String,
    /// `A`, `V`, as written where it is neither, or empty if the file says nothing.
    pub unit: String,
    /// Step of one code, in the unit.
    pub lsb: f64,
    /// The code of zero.
    pub offset: f64,
    /// The codes at the ends of the converter's range: those of 16 bits where the file states none.
    pub rails: (i16, i16),
}

impl CodedChannel {
    /// A channel whose name may end in its unit.
    pub(super) fn new(name: &str, lsb: f64, offset: f64) -> Self {
        let column = column(name);
        let rails = (i16::MIN, i16::MAX);
        Self { name: column.name, unit: column.unit, lsb: lsb * column.factor, offset, rails }
    }

    /// Whether every code has a finite value.
    fn is_sound(&self) -> bool {
        self.lsb != 0.0 && [i16::MIN, i16::MAX].iter().all(|code| self.value(*code).is_finite())
    }

    /// The value of a code, in the unit.
    pub fn value(&self, code: i16) -> f64 {
        (f64::from(code) - self.offset) * self.lsb
    }
}

impl From<&MetaChannel> for CodedChannel {
    fn from(meta: &MetaChannel) -> Self {
        Self::new(&meta.name, meta.lsb, meta.offset)
    }
}

/// Blocks of codes, from the first sample on and again.
pub(super) trait Blocks: Send {
    /// Begins again at the first sample.
    fn rewind(&mut self) -> Result<(), CaptureFault>;

    /// Puts the next codes of the wanted channels into `planes`, one each; says how many samples were lost before them,
    /// and `None` at the end.
    fn pull(&mut self, wanted: &[usize], planes: &mut [Vec<i16>]) -> Result<Option<u64>, CaptureFault>;

    /// Whether the end is where they were cut off; known once the last of them was put.
    fn is_cut(&self) -> bool {
        false
    }
}

/// A recording of codes.
pub struct Coded<'a> {
    /// File as given.
    pub file: String,
    /// What kind of file.
    pub dialect: Dialect,
    /// Samples per second, Hz.
    pub sample_rate: f64,
    /// Channels in file order.
    pub channels: Vec<CodedChannel>,
    pub(super) blocks: Box<dyn Blocks + 'a>,
}

impl std::fmt::Debug for Coded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coded")
            .field("file", &self.file)
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}

impl Coded<'_> {
    /// Begins again at the first sample.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rewind(&mut self) -> Result<(), CaptureError> {
        self.blocks.rewind().map_err(|fault| CaptureError::whole(&self.file, fault))
    }

    /// Replaces `planes` by the next codes of the wanted channels (indices), all equally many and more than none; says how
    /// many samples were lost before them. `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn pull(
        &mut self,
        wanted: &[usize],
        planes: &mut Vec<Vec<i16>>,
    ) -> Result<Option<u64>, CaptureError> {
        planes.resize_with(wanted.len(), Vec::new);
        planes.iter_mut().for_each(Vec::clear);
        let found = self.blocks.pull(wanted, planes).and_then(|lost| {
            let count = planes.first().map_or(0, Vec::len);
            let apart = planes.iter().any(|plane| plane.len() != count);
            if apart { Err(unreadable("file", "its channels are not equally long")) } else { Ok(lost) }
        });
        found.map_err(|fault| CaptureError::whole(&self.file, fault))
    }

    /// Whether the recording was cut off behind its last sample, as that of a run that was killed; known once all was read.
    pub fn is_cut(&self) -> bool {
        self.blocks.is_cut()
    }

    /// The whole recording as values.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged, has no channel, fewer than two samples, or too many to be held.
    pub fn capture(mut self) -> Result<Capture, CaptureError> {
        let wanted: Vec<usize> = (0..self.channels.len()).collect();
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
        let mut planes = Vec::new();
        let mut lost: Option<(u64, f64)> = None;
        self.rewind()?;
        while let Some(missing) = self.pull(&wanted, &mut planes)? {
            if missing > 0 {
                let gap = missing as f64 / self.sample_rate;
                let at = values.first().map_or(0, Vec::len) as u64;
                lost = lost.filter(|(_, worst)| *worst >= gap).or(Some((at, gap)));
            }
            let held: usize = values.iter().map(Vec::len).sum();
            if 2 * held as u64 > MAX_BYTES {
                let fault = CaptureFault::TooLarge { bytes: 2 * held as u64, limit: MAX_BYTES };
                return Err(CaptureError::whole(&self.file, fault));
            }
            for ((values, channel), plane) in values.iter_mut().zip(&self.channels).zip(&planes) {
                values.extend(plane.iter().map(|code| channel.value(*code)));
            }
        }
        let time = TimeBase { t0: 0.0, dt: 1.0 / self.sample_rate, dt_u: 0.0, worst_deviation: lost };
        let names = self.channels.iter().map(|channel| (channel.name.clone(), channel.unit.clone()));
        format::finished(&self.file, self.dialect, time, names.zip(values))
    }
}

/// Opens a recording of codes by its first bytes; `None` where it is none and must be read whole.
///
/// `file` is used in messages alone; `sample_rate`, Hz, is that of a file which states none.
///
/// # Errors
/// When it is such a file and its header is damaged, or nothing states the sample rate.
pub fn open<'a, R: Read + Seek + Send + 'a>(
    file: &str,
    mut input: R,
    sample_rate: Option<f64>,
) -> Result<Option<Coded<'a>>, CaptureError> {
    let mut head = Vec::new();
    let found = input.by_ref().take(8).read_to_end(&mut head).and_then(|_| input.rewind());
    let opened = match (found, head.as_slice()) {
        (Err(error), _) => Err(unreadable("file", error)),
        (Ok(()), [b'R', b'I', b'F', b'F', ..]) => wav::open(file, input),
        (Ok(()), [b'P', b'K', 3, 4, ..]) => sr::open(file, input),
        (Ok(()), [0x93, b'N', b'U', b'M', b'P', b'Y', ..]) => npy::open(file, input, sample_rate),
        (Ok(()), [b'S', b'T', b'I', b'M', b'R', b'A', b'W', ..]) => match Decoder::new(input) {
            Ok(decoder) => Ok(Some(kept(file, vec![decoder]))),
            Err(fault) => Err(unreadable("container", fault)),
        },
        _ => Ok(None),
    };
    opened
        .and_then(|coded| match coded {
            Some(coded) if !(coded.sample_rate.is_finite() && coded.sample_rate > 0.0) => {
                Err(CaptureFault::NoTimeBase)
            }
            Some(coded) if !coded.channels.iter().all(CodedChannel::is_sound) => {
                Err(unreadable("file", "what its codes stand for is no number"))
            }
            coded => Ok(coded),
        })
        .map_err(|fault| CaptureError::whole(file, fault))
}
