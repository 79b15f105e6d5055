//! What is left of a stream once it has been measured: rows, not samples.

use crate::signal::Marker;

use super::pulse_row::{PulseRow, ShapeRow};
use super::runs::Runs;
use super::{Creep, FrontEnd, JointRecord, Level, Overlay, Pyramid, Rise, Setup, Table};

/// Samples [first, last] during which something was active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// First active sample.
    pub first: u64,
    /// Last active sample.
    pub last: u64,
}

/// What a zero found on one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zero {
    /// First sample of the interval that was used.
    pub from: u64,
    /// One past its last.
    pub to: u64,
    /// Level with the input shorted, codes.
    pub level: Level,
    /// Standard deviation of one sample, codes, quantisation included.
    pub deviation: f64,
    /// Standard deviation of 16-sample means, codes.
    pub sd16: f64,
    /// By how much the level moved from its first sample to its last: a straight line through the 16-sample means, codes.
    pub drift: f64,
}

/// Samples of one pulse on every channel, for pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Excerpt {
    /// Index of the pulse in its contact's table.
    pub pulse: u64,
    /// Why it was kept.
    pub why: &'static str,
    /// First sample.
    pub first: u64,
    /// One plane of raw codes per channel.
    pub codes: Vec<Vec<i16>>,
}

/// What was found on one current channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactRecord {
    /// Index of its channel in [`Setup::channels`].
    pub channel: usize,
    /// Contact.
    pub name: String,
    /// Pulses in order of time; of most pulses of a bare table only when they were is known.
    pub pulses: Table<PulseRow>,
    /// Shapes of the phases of each pulse in `pulses`; empty unless they were asked for.
    pub shapes: Table<[ShapeRow; 3]>,
    /// Rows of `pulses` that outlasted the history: how they ended, and what they delivered until then, is not known.
    pub endless: Vec<usize>,
    /// Rows of `pulses` an edge of which was not found though nothing had cut them.
    pub unread: Runs,
    /// Rows of `pulses` a baseline of which rests on samples that scatter by far more than those of the zero.
    pub restless: Runs,
    /// How the samples moved that count as quiet behind each row of `pulses`.
    pub creep: Creep,
    /// Level above the baseline from which on a phase is found, codes: the highest in force.
    pub begins_codes: f64,
    /// Set when more pulses came than the table holds; nothing about later ones is known.
    pub table_full: bool,
    /// When it was active (16-sample means beyond the safe current).
    pub activity: Vec<Interval>,
    /// Safe current, codes from zero.
    pub safe_codes: f64,
    /// Largest 3-sample median of |code − zero| while the interlock was closed, with its sample.
    pub peak: (f64, u64),
    /// First saturated sample outside zero and test source, if any.
    pub clipped: Option<u64>,
    /// How the outer edges of its pulses rise.
    pub rise: Rise,
    /// The longest that an edge which two phases share takes from half the level of one to half that of the other, samples: a rest
    /// of up to that long between them would not show. 0 where none is shared.
    pub shared: f64,
    /// By how much the width of one of its phases, or an interval between two, may be wrong because the output beside an edge was not at
    /// the level of the phase, samples: the largest of its pulses.
    pub skew: f64,
    /// What still flowed where the window of a pulse began or ended, codes from its baseline: the largest of its pulses. A window is of
    /// whole samples, so a charge may be wrong by a sample of it. 0 where it was rest, as far as noise lets tell.
    pub cut: f64,
}

impl ContactRecord {
    /// Whether its tables hold so many pulses, or take so many bytes.
    pub(super) fn is_full(&self, (rows, bytes): (usize, usize)) -> bool {
        self.pulses.len() >= rows || self.pulses.bytes() + self.shapes.bytes() >= bytes
    }
}

/// What was found on one voltage channel.
#[derive(Debug, Clone, PartialEq)]
pub struct VoltageRecord {
    /// Index of its channel in [`Setup::channels`].
    pub channel: usize,
    /// Sense or `vout`.
    pub name: String,
    /// Mean code (and number of samples) before each pulse of the main contact, row by row of its table; empty unless it was asked
    /// for. Of no samples where it was not read: a loss, a relay or the end of the record cut the pulse, or there is too little rest
    /// before it.
    pub before_pulse: Table<(f32, u32)>,
    /// Mean code and number of samples over 1 to 10 ms before each taken start: (sample of the start, mean, n).
    pub before_start: Vec<(u64, f64, u32)>,
    /// When it moved (`vout` only).
    pub activity: Vec<Interval>,
}

/// The slow stream: few samples, kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SlowRecord {
    /// One plane of raw codes per contact.
    pub codes: Vec<Vec<i16>>,
    /// Zero intervals in slow samples [from, to).
    pub zeros: Vec<(u64, u64)>,
    /// Samples lost.
    pub lost: u64,
}

/// Everything a case is judged on.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What was streamed.
    pub setup: Setup,
    /// Delay, settling and edge constants of the front end.
    pub front_end: FrontEnd,
    /// Samples per fast channel.
    pub samples: u64,
    /// Current channels in the order of the planes.
    pub contacts: Vec<ContactRecord>,
    /// Voltage channels in the order of the planes.
    pub voltages: Vec<VoltageRecord>,
    /// Zeros of each channel, in order of time.
    pub zeros: Vec<Vec<Zero>>,
    /// Every change of a marker bit.
    pub markers: Vec<Marker>,
    /// Where samples were lost: (sample, how many).
    pub lost: Vec<(u64, u64)>,
    /// Overview of each channel.
    pub overview: Vec<Pyramid>,
    /// Waveforms of some pulses of the main contact.
    pub excerpts: Vec<Excerpt>,
    /// All pulses of the main contact over each other.
    pub overlay: Option<Overlay>,
    /// Every pulse on all current channels, where that was asked for.
    pub joint: Option<JointRecord>,
    /// The slow stream.
    pub slow: SlowRecord,
}

impl Recording {
    /// Sample period, s.
    pub fn period(&self) -> f64 {
        1.0 / self.setup.sample_rate
    }

    /// The record of a contact.
    pub fn contact(&self, name: &str) -> Option<&ContactRecord> {
        self.contacts.iter().find(|contact| contact.name == name)
    }

    /// How many of the samples [from, to) are missing, of whatever loss.
    pub fn lost_within(&self, from: u64, to: u64) -> u64 {
        let missing =
            |(at, count): &(u64, u64)| at.saturating_add(*count).min(to).saturating_sub(from.max(*at));
        self.lost.iter().map(missing).sum()
    }

    /// The record of the default contact.
    pub fn main(&self) -> Option<&ContactRecord> {
        self.contacts.iter().find(|contact| contact.channel == self.setup.main)
    }
}
