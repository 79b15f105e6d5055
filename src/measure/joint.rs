//! What all channels show at the same pulse: shares, and what the currents leave over.

use std::collections::VecDeque;

use crate::signal::{Calibration, Sensed};

use super::building::Finished;
use super::codes::sum;
use super::history::History;
use super::quiet::FEWEST;
use super::row::Constants;
use super::step::{Ends, Fitting, Windows};
use super::{EdgeLevels, PulseRow, Reading, Setup, StepRow, TABLE_BYTES, Table};

mod top;

use top::{Top, at_a_rail};

/// Most samples of the rest before a pulse that a level before it is taken from.
const MOST_REST: u64 = 1024;
/// Samples whose mean is one reading of the plateau's residual.
pub(super) const BLOCK: usize = 16;

/// One channel at one pulse, codes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Plateau {
    /// Level before the pulse; where there is no rest before it, the level with the input shorted.
    pub base: f32,
    /// Samples in it; 0 where there is no rest.
    pub rest: u32,
    /// Level of the leading phase's top; where that is too short, its charge over its width, counted to the middle of what lies
    /// between it and what follows.
    pub level: f32,
    /// Samples that it is the mean of; 0 where it is no mean.
    pub settled: u32,
}

/// A voltage channel during one pulse: the lines through the first and the last settled samples of each driven phase, read where
/// the phase begins and where it ends, codes; NaN where there is no such phase. Of one too short for a line there is the level alone,
/// as the end.
pub type Extremes = [(f32, f32); 3];

/// One pulse on all current channels. Instants in samples since the stream began, delayed by the filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointRow {
    /// 50 % instants of the leading phase.
    pub leading: (f64, f64),
    /// Settled samples in each level; 0 where the levels are charges over the width.
    pub settled: u32,
    /// Samples that a level is made of: the settled ones, or the window of the charge.
    pub span: u32,
    /// Samples in each level before the pulse; 0 where that is never at rest for as long as a level takes.
    pub rest: u32,
    /// Largest magnitude, over the leading plateau, of the sum of all currents, A (means of sixteen samples). None where there is one
    /// reading and the levels tell it: the sum of all less those before.
    pub residual: Option<f64>,
    /// Readings that `residual` is the largest of.
    pub readings: u32,
    /// A sample that some level is made of lay at an end of its channel's range.
    pub clipped: bool,
}

/// Every pulse on all current channels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JointRecord {
    /// Index in [`super::Setup::channels`] of each current channel.
    pub currents: Vec<usize>,
    /// Pulses in order of time.
    pub rows: Table<JointRow>,
    /// Levels, a table for each of `currents`.
    pub plateaus: Vec<Table<Plateau>>,
    /// Current and voltage channel of each contact whose edges are measured.
    pub pairs: Vec<(usize, usize)>,
    /// Edges, a table for each of `pairs`.
    pub steps: Vec<Table<StepRow>>,
    /// Voltage channels whose extremes are measured.
    pub outputs: Vec<usize>,
    /// Levels at which each driven phase begins and ends, a table for each of `outputs`.
    pub extremes: Vec<Table<Extremes>>,
    /// More pulses came than are held.
    pub table_full: bool,
}

impl JointRecord {
    /// Without pulses yet.
    fn of(currents: Vec<usize>, pairs: Vec<(usize, usize)>, outputs: Vec<usize>) -> Self {
        let (plateaus, steps) = (vec![Table::new(); currents.len()], vec![Table::new(); pairs.len()]);
        let extremes = vec![Table::new(); outputs.len()];
        Self { currents, plateaus, pairs, steps, outputs, extremes, ..Self::default() }
    }

    /// Memory that it takes.
    fn bytes(&self) -> usize {
        let plateaus: usize = self.plateaus.iter().map(Table::bytes).sum();
        let steps: usize = self.steps.iter().map(Table::bytes).sum();
        let extremes: usize = self.extremes.iter().map(Table::bytes).sum();
        self.rows.bytes() + plateaus + steps + extremes
    }
}

/// A pulse that some contact has finished.
#[derive(Debug, Clone, Copy)]
struct Lead {
    phases: [(f64, f64); 3],
    size: f64,
    /// From the end of what came before to the leading edge, samples.
    before: f64,
    /// Samples of rest that end a settling time before the leading edge: what came before has settled in all of them.
    rest: u64,
    /// From the end of the leading phase to whatever comes next, samples.
    behind: f64,
    windows: Windows,
}

impl Lead {
    fn leading(&self) -> (f64, f64) {
        self.phases.first().copied().unwrap_or_default()
    }

    /// End of its last phase.
    fn end(&self) -> f64 {
        self.phases.iter().fold(f64::NEG_INFINITY, |last, (_, end)| last.max(*end))
    }
}

/// Collects the record.
#[derive(Debug)]
pub(super) struct Joint {
    record: JointRecord,
    calibrations: Vec<Calibration>,
    /// Ends of the range of every channel.
    rails: Vec<(i16, i16)>,
    fitting: Fitting,
    constants: Constants,
    /// Pulses that wait for the samples behind them.
    waiting: VecDeque<Lead>,
    /// End of the last pulse measured: what other contacts finish before it is the same pulse.
    measured_to: f64,
    sums: Vec<f64>,
}

impl Joint {
    pub(super) fn new(setup: &Setup, constants: Constants) -> Self {
        let (settling, late) = (constants.settling, constants.late_area);
        let currents =
            setup.channels.iter().enumerate().filter(|(_, channel)| channel.sensed == Sensed::Current);
        let (currents, calibrations) = currents.map(|(index, channel)| (index, channel.calibration)).unzip();
        Self {
            record: JointRecord::of(currents, setup.wanted.pairs.clone(), setup.wanted.outputs.clone()),
            calibrations,
            rails: setup.channels.iter().map(|channel| channel.calibration.rails).collect(),
            constants,
            fitting: Fitting { settling, late, longest: (1e-4 * setup.sample_rate) as u64 },
            waiting: VecDeque::new(),
            measured_to: f64::NEG_INFINITY,
            sums: Vec::new(),
        }
    }

    /// A driven contact has finished a pulse. The largest of those that finish it says where its edges are. The
    /// output is left alone for `gap` samples behind the last phase.
    pub(super) fn offer(&mut self, finished: Finished, row: &PulseRow, lsb: f64, gap: f64, since: u64) {
        let Some(first) = row.phases().first() else { return };
        // Where only an edge was not found, what flowed meanwhile is there to be seen.
        if finished.cut || row.flags.endless {
            return;
        }
        let size = (f64::from(first.level) - row.base).abs() * lsb;
        let mut phases = [(f64::NAN, f64::NAN); 3];
        for (place, phase) in phases.iter_mut().zip(row.phases()) {
            *place = (row.at as f64 + f64::from(phase.start), row.at as f64 + f64::from(phase.end));
        }
        let next = row.phases().get(1).map(|second| f64::from(second.start) - f64::from(first.end));
        let follow = next.unwrap_or(gap - self.fitting.settling as f64);
        let leading = (row.start(), row.at as f64 + f64::from(first.end));
        // Before the first pulse there has been rest since the relays switched.
        let (before, rest) = match finished.settled_rest(self.fitting.settling) {
            Some(settled) => (finished.rest as f64, settled),
            None => (f64::INFINITY, row.from.saturating_sub(since)),
        };
        let windows = Windows::new(leading, rest, follow, &self.fitting);
        let lead = Lead { phases, size, before, rest, behind: next.unwrap_or(gap), windows };
        self.wait(lead);
    }

    /// A lead waits in order of time; of those of one pulse, which overlap, the largest. A contact tells of all its pulses of a stretch
    /// before the next one does.
    fn wait(&mut self, lead: Lead) {
        let place = self.waiting.partition_point(|other| other.end() < lead.leading().0);
        match self.waiting.get_mut(place).filter(|other| other.leading().0 <= lead.end()) {
            Some(same) if same.size < lead.size => *same = lead,
            Some(_) => {}
            None if lead.leading().0 > self.measured_to => self.waiting.insert(place, lead),
            None => {}
        }
    }

    /// Measures the pulses whose samples are all there by `reached`, on all channels: of each its samples and its zero, codes.
    pub(super) fn measure<'h>(&mut self, reached: u64, of: impl Fn(usize) -> Option<(&'h History, f64)>) {
        while let Some(lead) = self.waiting.front().copied() {
            if lead.windows.end() > reached && self.waiting.len() < 2 {
                return;
            }
            self.waiting.pop_front();
            self.measured_to = lead.end();
            if self.record.bytes() >= TABLE_BYTES {
                self.record.table_full = true;
                continue;
            }
            self.plateaus(&lead, &of);
            let history = |index: &usize| of(*index).map(|(history, _)| history);
            let channel = |index: &usize| history(index).zip(self.rails.get(*index).copied());
            for ((current, voltage), steps) in self.record.pairs.iter().zip(&mut self.record.steps) {
                let (Some(current), Some(voltage)) = (channel(current), channel(voltage)) else { continue };
                steps.push(StepRow {
                    current: EdgeLevels::of(current.0, &lead.windows, current.1),
                    voltage: EdgeLevels::of(voltage.0, &lead.windows, voltage.1),
                });
            }
            for (output, extremes) in self.record.outputs.iter().zip(&mut self.record.extremes) {
                let Some(output) = channel(output) else { continue };
                extremes.push(lead.phases.map(|phase| extremes_of(output, phase, &self.fitting)));
            }
        }
    }

    fn plateaus<'h>(&mut self, lead: &Lead, of: &impl Fn(usize) -> Option<(&'h History, f64)>) {
        let top = Top::of(&lead.phases, (lead.before, lead.behind), &self.fitting);
        let rest = if lead.rest < FEWEST { 0 } else { lead.rest.min(MOST_REST) };
        let (low, high) = top.samples;
        self.sums.clear();
        if top.settled > BLOCK as u64 {
            self.sums.resize((high - low) as usize, 0.0);
        }
        let mut clipped = false;
        let channels = self.record.currents.iter().zip(&mut self.record.plateaus);
        for ((channel, plateaus), calibration) in channels.zip(&self.calibrations) {
            let Some((history, zero)) = of(*channel) else { continue };
            let before = history.slice(top.from.saturating_sub(rest), top.from);
            let base = if before.is_empty() { zero } else { sum(before) as f64 / before.len() as f64 };
            let codes = history.slice(low, high);
            let level = top.level(history, base, &self.constants);
            plateaus.push(Plateau {
                base: base as f32,
                rest: before.len() as u32,
                level: level as f32,
                settled: top.settled as u32,
            });
            // A mean lies off the rail though part of it was cut off there.
            clipped |= [before, codes].into_iter().any(|codes| at_a_rail(codes, calibration));
            for (sum, code) in self.sums.iter_mut().zip(codes) {
                *sum += (f64::from(*code) - base) * calibration.lsb;
            }
        }
        let blocks = self.sums.chunks_exact(BLOCK);
        let mean = |block: &[f64]| block.iter().sum::<f64>().abs() / BLOCK as f64;
        // Of no more samples than one reading has, it is what the levels leave over. Blocks of a phase that has not settled would be
        // partly rest.
        let (residual, readings) = match top.settled <= BLOCK as u64 {
            true => (None, 1),
            false => (Some(blocks.clone().map(mean).fold(0.0, f64::max)), blocks.len() as u32),
        };
        self.record.rows.push(JointRow {
            leading: lead.leading(),
            settled: top.settled as u32,
            span: (high - low) as u32,
            rest: rest as u32,
            residual,
            readings,
            clipped,
        });
    }

    pub(super) fn end(self) -> JointRecord {
        self.record
    }
}

/// Where a phase begins and where it ends, by lines through what is settled of it: a voltage goes on rising to the very end.
fn extremes_of((history, rails): (&History, (i16, i16)), phase: (f64, f64), fitting: &Fitting) -> (f32, f32) {
    if !phase.1.is_finite() {
        return (f32::NAN, f32::NAN);
    }
    let ends = Ends::of(phase, fitting);
    let (from, to) = ends.last;
    if to - from < Reading::FEWEST as u64 {
        let level = history.slice(from, to.max(from + 1));
        return (f32::NAN, (sum(level) as f64 / level.len().max(1) as f64) as f32);
    }
    let line = |window, at| Reading::line(history, window, at, rails).value;
    (line(ends.first, ends.edges.0), line(ends.last, ends.edges.1))
}

#[cfg(test)]
mod tests;
