//! The pulses of a record: kept as rows, handed out with their budgets.

use crate::statistics::resultant;

use super::Pulse;
use super::pulse::Setting;
use super::row::Row;
use super::voltage::VoltageRow;

/// All whole pulses in order of time, some 150 bytes each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pulses {
    pub(super) rows: Vec<Row>,
    /// A row for each pulse, or none at all.
    pub(super) voltages: Vec<VoltageRow>,
    /// There is one where there are rows.
    pub(super) setting: Option<Setting>,
    /// Rest level, in units of the samples.
    pub(super) base: f64,
}

impl Pulses {
    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The pulse of that index.
    pub fn get(&self, index: usize) -> Option<Pulse> {
        let row = self.rows.get(index)?;
        Some(self.setting.as_ref()?.pulse(index, row, self.voltages.get(index)))
    }

    /// The first one.
    pub fn first(&self) -> Option<Pulse> {
        self.get(0)
    }

    /// The last one.
    pub fn last(&self) -> Option<Pulse> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Pulse> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The charge from the beginning of a pulse's window to that of the next, C, and how many samples that is.
    pub(super) fn cycle(&self, index: usize) -> Option<(f64, f64)> {
        let setting = self.setting.as_ref()?;
        let (row, next) = (self.rows.get(index)?, self.rows.get(index + 1)?);
        let length = next.window.0 - row.window.0;
        Some(((next.before - self.base * length) * setting.scale.gain * setting.dt, length))
    }

    /// Which part of the variance of an edge's error all pulses share. The error goes by where between two samples the edge lies, close
    /// to a sine of one interval: the squared length of the mean of the edges' phasors tells how alike they lie. Edges within one
    /// interval do not show where they are, and may all lie alike.
    pub(super) fn in_step(&self) -> f64 {
        if self.rows.iter().any(|row| row.leading.transition < 1.0) {
            return 1.0;
        }
        resultant(self.rows.iter().map(|row| row.leading.edges.start)).unwrap_or(0.0)
    }

    /// The largest leading or recovery amplitude, A.
    pub(super) fn largest(&self) -> f64 {
        let level =
            |row: &Row| row.leading.level.abs().max(row.recovery.map_or(0.0, |phase| phase.level.abs()));
        let largest = self.rows.iter().map(level).fold(0.0, f64::max);
        self.setting.as_ref().map_or(0.0, |setting| setting.scale.size(largest))
    }
}
