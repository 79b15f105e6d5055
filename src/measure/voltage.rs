//! A voltage channel: levels before each pulse and before a start, and movements of the stimulator's side.

use crate::signal::{Calibration, code_noise};

use super::activity::VoltageActivity;
use super::building::Finished;
use super::codes::sum;
use super::history::{History, KEPT};
use super::quiet::FEWEST;
use super::{Table, VoltageRecord};

/// State of one voltage channel.
#[derive(Debug)]
pub(super) struct Voltage {
    pub(super) record: VoltageRecord,
    calibration: Calibration,
    /// Smallest movement that is activity, codes; `None` where movements are not watched.
    step: Option<f64>,
    activity: VoltageActivity,
}

/// Smallest movement that is activity, V.
const MOVEMENT: f64 = 50e-3;

impl Voltage {
    pub(super) fn new(
        channel: usize,
        name: &str,
        calibration: Calibration,
        watched: bool,
        rate: f64,
    ) -> Self {
        let record = VoltageRecord {
            channel,
            name: name.to_owned(),
            before_pulse: Table::new(),
            before_start: Vec::new(),
            activity: Vec::new(),
        };
        let noise = code_noise(calibration.noise) / 4.0;
        let step = watched.then_some((MOVEMENT / calibration.lsb).max(7.0 * noise));
        Self { record, calibration, step, activity: VoltageActivity::new(rate) }
    }

    /// A zero was taken.
    pub(super) fn zeroed(&mut self, sd16: f64) {
        self.step = self.step.map(|_| (MOVEMENT / self.calibration.lsb).max(7.0 * sd16));
    }

    /// Looks for movements in [from, to), none before `since`.
    pub(super) fn range(&mut self, history: &History, range: (u64, u64), since: u64) {
        if let Some(step) = self.step {
            self.activity.look(history, since, range, step);
        }
    }

    /// Level over the last 16 samples or 5 % of the rest before a pulse. What came before takes `settling` samples to settle, and where
    /// there is not that much rest, nothing shows the level.
    pub(super) fn before_pulse(&mut self, history: &History, pulse: Finished, settling: u64) {
        // Rows that were cut are written between two stretches, and nobody tells of them.
        self.record.unread_to(pulse.row);
        if pulse.settled_rest(settling).is_some_and(|settled| settled < FEWEST) {
            self.record.unread_to(pulse.row + 1);
            return;
        }
        let n = (pulse.rest / 20).max(FEWEST).min(KEPT as u64 / 2);
        let codes = history.slice(pulse.from.saturating_sub(n), pulse.from);
        let mean = sum(codes) as f64 / codes.len().max(1) as f64;
        self.record.before_pulse.push((mean as f32, codes.len() as u32));
    }

    /// Level over 1 to 10 ms before a start taken at sample `at`.
    pub(super) fn before_start(&mut self, history: &History, at: u64, rate: f64) {
        let from = at.saturating_sub((10e-3 * rate) as u64);
        let codes = history.slice(from, at.saturating_sub((1e-3 * rate) as u64));
        if !codes.is_empty() {
            let mean = sum(codes) as f64 / codes.len() as f64;
            self.record.before_start.push((at, mean, codes.len() as u32));
        }
    }

    pub(super) fn last_activity(&self) -> Option<super::Interval> {
        self.activity.intervals.last().copied()
    }

    pub(super) fn end(mut self) -> VoltageRecord {
        self.record.activity = std::mem::take(&mut self.activity.intervals);
        self.record
    }
}

impl VoltageRecord {
    /// Nothing was read before the pulses up to row `row` that are not in the table yet.
    pub(super) fn unread_to(&mut self, row: usize) {
        while self.before_pulse.len() < row {
            self.before_pulse.push((0.0, 0));
        }
    }
}
