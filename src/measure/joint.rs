//! What all channels show at the same pulse: shares, and what the currents leave over.

use crate::signal::Sensed;

use super::contact::Finished;
use super::history::{History, sum};
use super::{ChannelSetup, PulseRow};

/// Pulses that are kept: as many as a contact's table holds.
const MOST_PULSES: usize = 100_000;
/// Most samples of the rest before a pulse that a level before it is taken from.
const MOST_REST: u64 = 1024;
/// Fewest settled samples of a top that are a plateau.
const FEWEST: u64 = 8;
/// Samples whose mean is one reading of the plateau's residual.
pub(super) const BLOCK: usize = 16;

/// One channel at one pulse, codes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Plateau {
    /// Level before the pulse.
    pub base: f32,
    /// Level of the leading phase's top; its charge over its width where the top is too short.
    pub level: f32,
}

/// One pulse on all current channels. Instants in samples since the stream began, delayed by the filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointRow {
    /// 50 % instants of the leading phase.
    pub leading: (f64, f64),
    /// Settled samples in each level; 0 where the levels are charges over the width.
    pub settled: u32,
    /// Samples that a level is made of: the settled ones, or the window of the charge.
    pub span: u32,
    /// Samples in each level before the pulse.
    pub rest: u32,
    /// Largest magnitude, over the leading plateau, of the sum of all currents, A (means of sixteen samples).
    pub residual: f64,
    /// Readings that `residual` is the largest of.
    pub readings: u32,
}

/// Every pulse on all current channels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JointRecord {
    /// Index in [`super::Setup::channels`] of each current channel.
    pub currents: Vec<usize>,
    /// Pulses in order of time.
    pub rows: Vec<JointRow>,
    /// Levels, pulse by pulse, each in the order of `currents`.
    pub plateaus: Vec<Plateau>,
    /// More pulses came than are held.
    pub table_full: bool,
}

impl JointRecord {
    /// The levels of a pulse in the order of `currents`.
    pub fn plateaus(&self, row: usize) -> &[Plateau] {
        let n = self.currents.len();
        self.plateaus.get(row * n..(row + 1) * n).unwrap_or(&[])
    }
}

/// A pulse that some contact has finished.
#[derive(Debug, Clone, Copy)]
struct Lead {
    start: f64,
    end: f64,
    pulse_end: f64,
    size: f64,
    rest: u64,
}

/// Collects the record.
#[derive(Debug)]
pub(super) struct Joint {
    record: JointRecord,
    lsb: Vec<f64>,
    settling: u64,
    lead: Option<Lead>,
    /// End of the last pulse taken: what other contacts finish before it is the same pulse.
    taken_to: f64,
    sums: Vec<f64>,
}

impl Joint {
    pub(super) fn new(channels: &[ChannelSetup], settling: u64) -> Self {
        let currents = channels.iter().enumerate().filter(|(_, channel)| channel.sensed == Sensed::Current);
        let (currents, lsb) = currents.map(|(index, channel)| (index, channel.calibration.lsb)).unzip();
        Self {
            record: JointRecord { currents, ..JointRecord::default() },
            lsb,
            settling,
            lead: None,
            taken_to: f64::NEG_INFINITY,
            sums: Vec::new(),
        }
    }

    /// A driven contact has finished a pulse. The largest of those that finish together says where its edges are.
    pub(super) fn offer(&mut self, finished: Finished, row: &PulseRow, lsb: f64) {
        let Some(first) = row.phases().first().filter(|_| row.start() > self.taken_to) else { return };
        let size = (f64::from(first.level) - row.base).abs() * lsb;
        if row.flags.truncated || row.flags.endless || self.lead.is_some_and(|lead| lead.size >= size) {
            return;
        }
        let end = row.at as f64 + f64::from(first.end);
        self.lead = Some(Lead { start: row.start(), end, pulse_end: row.end(), size, rest: finished.rest });
    }

    /// Measures the pulse that was offered, if there is one, on all channels.
    pub(super) fn measure<'h>(&mut self, history: impl Fn(usize) -> Option<&'h History>) {
        let Some(lead) = self.lead.take() else { return };
        self.taken_to = lead.pulse_end;
        if self.record.rows.len() >= MOST_PULSES {
            self.record.table_full = true;
            return;
        }
        let g = self.settling;
        let from = (lead.start - g as f64).floor().max(0.0) as u64;
        let rest = lead.rest.clamp(BLOCK as u64, MOST_REST);
        let width = lead.end - lead.start;
        let top_from = (lead.start + (0.2 * width).max(g as f64)).ceil() as u64;
        let top_to = (lead.end - 0.2 * width).floor() as u64 + 1;
        let settled = top_to.saturating_sub(top_from);
        let plateau = settled >= FEWEST;
        let to = (lead.end + g as f64).ceil() as u64;
        let (low, high) = if plateau { (top_from, top_to) } else { (from, to) };
        self.sums.clear();
        self.sums.resize((high - low) as usize, 0.0);
        for (channel, lsb) in self.record.currents.iter().zip(&self.lsb) {
            let Some(history) = history(*channel) else { continue };
            let before = history.slice(from.saturating_sub(rest), from);
            let base = sum(before) as f64 / before.len().max(1) as f64;
            let codes = history.slice(low, high);
            let mean = sum(codes) as f64 / codes.len().max(1) as f64;
            let level =
                if plateau { mean } else { base + (mean - base) * codes.len() as f64 / width.max(1.0) };
            self.record.plateaus.push(Plateau { base: base as f32, level: level as f32 });
            for (sum, code) in self.sums.iter_mut().zip(codes) {
                *sum += (f64::from(*code) - base) * lsb;
            }
        }
        let blocks = self.sums.chunks_exact(BLOCK.min(self.sums.len().max(1)));
        let readings = blocks.len() as u32;
        let mean = |block: &[f64]| block.iter().sum::<f64>().abs() / block.len().max(1) as f64;
        self.record.rows.push(JointRow {
            leading: (lead.start, lead.end),
            settled: if plateau { settled as u32 } else { 0 },
            span: (high - low) as u32,
            rest: rest as u32,
            residual: blocks.map(mean).fold(0.0, f64::max),
            readings,
        });
    }

    pub(super) fn end(self) -> JointRecord {
        self.record
    }
}
