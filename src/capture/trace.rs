//! What a capture holds.

use super::dialect::{Dialect, Layout};
use super::error::{CaptureError, CaptureFault};
use super::table::Numbers;
use super::time_base::{TimeBase, time_base};

/// One channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// As the header calls it.
    pub name: String,
    /// `A`, `V`, as written where it is neither, or empty if the header says nothing.
    pub unit: String,
    /// Samples in that unit.
    pub values: Vec<f64>,
    /// The ends of the converter's range, same unit, where the kind of file states them.
    pub rails: Option<(f64, f64)>,
    /// Smallest step between two samples, same unit: the resolution of the *file*, which after averaging is finer than
    /// the converter's; 0 for a constant trace.
    pub step: f64,
}

impl Trace {
    pub(super) fn new(name: String, unit: String, values: Vec<f64>) -> Self {
        Self { name, unit, rails: None, step: step(&values), values }
    }
}

/// One export.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// File as given.
    pub file: String,
    /// Whose export it is.
    pub dialect: Dialect,
    /// When the samples were taken.
    pub time: TimeBase,
    /// Channels in file order, all of one length; at least one.
    pub traces: Vec<Trace>,
}

impl Capture {
    /// Samples per channel.
    pub fn samples(&self) -> usize {
        self.traces.first().map_or(0, |trace| trace.values.len())
    }

    /// The channel of that name, letter case aside.
    pub fn trace(&self, name: &str) -> Option<&Trace> {
        self.traces.iter().find(|trace| trace.name.eq_ignore_ascii_case(name))
    }
}

pub(super) fn assemble(file: &str, layout: Layout, numbers: Numbers) -> Result<Capture, CaptureError> {
    let time = time_base(layout.time, &numbers).map_err(|fault| match fault {
        CaptureFault::OneSample => CaptureError::at(file, numbers.first_line, fault),
        other => CaptureError::whole(file, other),
    })?;
    let traces = layout.channels.into_iter().zip(numbers.values);
    let traces = traces.map(|(column, values)| Trace::new(column.name, column.unit, values)).collect();
    Ok(Capture { file: file.to_owned(), dialect: layout.dialect, time, traces })
}

/// The smallest step between neighbours that is more than the rounding of a printed number.
fn step(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let differs = largest * 1e-9;
    let steps = values.iter().zip(values.iter().skip(1)).map(|(a, b)| (a - b).abs());
    let smallest = steps.filter(|step| *step > differs).fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { smallest } else { 0.0 }
}
