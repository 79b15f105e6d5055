//! What is left of a stream once it has been measured: rows, not samples.

use std::ops::Range;

use crate::signal::Marker;

use super::{Creep, FrontEnd, JointRecord, Level, Overlay, Pyramid, Rise, Setup, Table};

/// One phase of a measured pulse. Instants in samples relative to the pulse's `at`, levels in raw codes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PhaseRow {
    /// 50 % instant of its first edge.
    pub start: f32,
    /// 50 % instant of its second edge.
    pub end: f32,
    /// Mean of the central 60 %, codes.
    pub level: f32,
    /// Samples in that mean; 0 when fewer than eight could be used and the level is charge over width.
    pub settled: u32,
    /// Σ(code − base) over the phase's charge window, code·samples.
    pub area: f32,
    /// Length of that window, samples.
    pub span: f32,
}

/// The shape of one phase. Levels in raw codes, times in samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ShapeRow {
    /// Its level less the level before its first edge, codes.
    pub step: f32,
    /// t90 − t10 of its first edge; NaN where the edge does not reach 90 %.
    pub transition: f32,
    /// Largest excess over its level behind the first edge, codes; NaN where the phase is too short for one.
    pub excess: f32,
    /// From there until half of the excess is left; infinite where it does not fall that far.
    pub half: f32,
    /// A straight line through the top, at 10 % and at 90 % of the phase, codes.
    pub top: (f32, f32),
    /// Samples the line rests on; 0 where they are too few.
    pub count: u32,
    /// Largest median of three neighbouring distances from the pulse's baseline, codes.
    pub peak: f32,
    /// Instants at a third of the peak instead of half the level, start and end, as those of the phase.
    pub third: (f32, f32),
    /// IEEE 181 state level of the settled top and the width of a histogram bin, codes.
    pub state: (f32, f32),
}

/// Properties of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// A sample of the pulse is at a rail.
    pub clipped: bool,
    /// Samples were lost in it, the record ended in it, or an edge was not found: edges or charges are not to be trusted.
    pub truncated: bool,
    /// It outlasted the history: its instants are not to be trusted.
    pub endless: bool,
}

/// One measured pulse of one contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PulseRow {
    /// Its place in its table.
    pub number: usize,
    /// Sample to which the instants of its phases refer.
    pub at: u64,
    /// Up to three phases.
    pub phases: [PhaseRow; 3],
    /// How many of them are there.
    pub count: u8,
    /// First sample of its windows: the leading 50 % instant less the settling time.
    pub from: u64,
    /// Level from which all its areas are counted, codes: the quiet level before it, else the zero.
    pub base: f64,
    /// Σ(code − base) over the pulse window, recharge included, code·samples.
    pub pulse_area: f64,
    /// Length of that window, samples.
    pub pulse_span: u32,
    /// Σ(code − base) to the first sample of the next pulse's windows; NaN while there is none.
    pub cycle_area: f64,
    /// Length of the cycle, samples; 0 while there is no next pulse.
    pub cycle_span: u64,
    /// Quiet level before it.
    pub before: Option<Level>,
    /// Quiet level after it.
    pub after: Option<Level>,
    /// Level, counted from `base`, at which a passive recharge begins, codes; 0 where there is none.
    pub recharge: f32,
    /// Properties.
    pub flags: Flags,
}

/// Rows of a table that have something in common, in order: of very many runs of neighbours the last ones are told as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs(Vec<Range<usize>>);

impl Runs {
    const MOST: usize = 4096;

    /// Adds a row, none before those that are in it.
    pub(super) fn add(&mut self, row: usize) {
        let full = self.0.len() >= Self::MOST;
        match self.0.last_mut().filter(|last| full || row <= last.end) {
            Some(last) => last.end = last.end.max(row + 1),
            None => self.0.push(row..row + 1),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that lie in a range.
    pub fn within(&self, rows: Range<usize>) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(move |run| run.start.max(rows.start)..run.end.min(rows.end))
    }
}

impl ContactRecord {
    /// Whether its tables hold so many pulses, or take so many bytes.
    pub(super) fn is_full(&self, (rows, bytes): (usize, usize)) -> bool {
        self.pulses.len() >= rows || self.pulses.bytes() + self.shapes.bytes() >= bytes
    }
}

impl PulseRow {
    /// The phases that were found, leading first.
    pub fn phases(&self) -> &[PhaseRow] {
        self.phases.get(..usize::from(self.count)).unwrap_or(&[])
    }

    /// Leading 50 % instant in samples since the stream began, still delayed by the filter.
    pub fn start(&self) -> f64 {
        self.at as f64 + self.phases().first().map_or(0.0, |phase| f64::from(phase.start))
    }

    /// Root of the sum of squares of the steps at the edges of its driven phases and of a recharge behind them, codes: a sum of
    /// samples is wrong by a part of each of them ([`FrontEnd::summed`]). Levels are counted from `base`; `at_once` where the
    /// recharge follows the last phase without a rest.
    pub fn steps(&self, base: f64, at_once: bool) -> f64 {
        let (mut squares, mut before) = (0.0, None);
        for phase in self.phases() {
            let level = f64::from(phase.level) - base;
            squares += match before {
                Some((end, last)) if end == phase.start => f64::powi(level - last, 2),
                Some((_, last)) => level.powi(2) + f64::powi(last, 2),
                None => level.powi(2),
            };
            before = Some((phase.end, level));
        }
        let (last, back) = (before.map_or(0.0, |(_, last)| last), f64::from(self.recharge));
        squares += if at_once { (back - last).powi(2) } else { last.powi(2) + back.powi(2) };
        squares.sqrt()
    }

    /// Last 50 % instant in samples since the stream began, still delayed by the filter.
    pub fn end(&self) -> f64 {
        self.at as f64 + self.phases().last().map_or(0.0, |phase| f64::from(phase.end))
    }
}

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
    /// Pulses in order of time.
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

/// What was found on one voltage channel.
#[derive(Debug, Clone, PartialEq)]
pub struct VoltageRecord {
    /// Index of its channel in [`Setup::channels`].
    pub channel: usize,
    /// Sense or `vout`.
    pub name: String,
    /// Mean code (and number of samples) before each pulse of the main contact, row by row of its table. Of no samples where it was
    /// not read: a loss, a relay or the end of the record cut the pulse.
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

#[cfg(test)]
impl PulseRow {
    /// A row of these phases, counted from sample `at`, on a baseline of 0; without levels beside it and areas.
    pub(crate) fn of(at: u64, phases: [PhaseRow; 3], count: usize) -> Self {
        Self {
            number: 0,
            at,
            phases,
            count: count as u8,
            from: 0,
            base: 0.0,
            pulse_area: 0.0,
            pulse_span: 0,
            cycle_area: f64::NAN,
            cycle_span: 0,
            before: None,
            after: None,
            recharge: 0.0,
            flags: Flags::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Phases of these levels, with rests of 5 samples between them or none, on a baseline of 7 codes.
    fn row(levels: &[f32], rest: f32, recharge: f32) -> PulseRow {
        let mut phases = [PhaseRow::default(); 3];
        for (k, (phase, level)) in phases.iter_mut().zip(levels).enumerate() {
            let start = (100.0 + rest) * k as f32;
            *phase = PhaseRow { start, end: start + 100.0, level: 7.0 + level, ..PhaseRow::default() };
        }
        PulseRow { base: 7.0, recharge, ..PulseRow::of(0, phases, levels.len()) }
    }

    #[test]
    fn an_edge_between_two_phases_has_the_step_from_one_level_to_the_other() {
        let squares = |levels: &[f32], rest: f32, recharge: f32, at_once: bool| {
            row(levels, rest, recharge).steps(7.0, at_once).powi(2)
        };
        let cases: [(&[f32], f32, f32, bool, f64); 6] = [
            (&[-10.0, 10.0], 5.0, 0.0, false, 4.0 * 100.0),
            (&[-10.0, 10.0], 0.0, 0.0, true, 100.0 + 400.0 + 100.0),
            (&[5.0, -10.0, 5.0], 0.0, 0.0, false, 25.0 + 225.0 + 225.0 + 25.0),
            (&[-10.0], 0.0, 4.0, false, 100.0 + 100.0 + 16.0),
            (&[-10.0], 0.0, 4.0, true, 100.0 + 196.0),
            (&[], 0.0, 0.0, false, 0.0),
        ];
        for (levels, rest, recharge, at_once, expected) in cases {
            let found = squares(levels, rest, recharge, at_once);
            assert!((found - expected).abs() < 1e-9, "{levels:?} {found}");
        }
    }

    #[test]
    fn rows_are_told_in_runs_and_of_very_many_the_last_as_one() {
        let mut runs = Runs::default();
        assert!(runs.is_empty() && runs.within(0..9).next().is_none());
        [3, 4, 4, 7, 8].into_iter().for_each(|row| runs.add(row));
        assert!(!runs.is_empty());
        assert_eq!(runs.0, [3..5, 7..9]);
        let within = |rows| runs.within(rows).collect::<Vec<_>>();
        assert_eq!((within(0..20), within(4..8), within(5..7)), (vec![3, 4, 7, 8], vec![4, 7], vec![]));
        let mut many = Runs::default();
        (0..3 * Runs::MOST).step_by(2).for_each(|row| many.add(row));
        assert_eq!(many.0.len(), Runs::MOST);
        let last = 3 * Runs::MOST - 2;
        assert_eq!(many.0.last(), Some(&(2 * Runs::MOST - 2..last + 1)));
    }
}
