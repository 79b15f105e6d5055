//! Measuring a recorded waveform about which nothing is known but its samples.
//!
//! Three passes over the samples, block by block: what the channels look like as a whole (noise, rest level, extremes) → where
//! phases are → one pooled baseline, and each pulse's numbers with their budgets. Then findings. Sampling, noise and resolution
//! are derived from the file itself; the instrument's limit of error is added where it is given, and otherwise said to be
//! missing.
//!
//! Integer codes are measured as codes and never held: besides the pulses (some 250 bytes each while they are found, see
//! [`Pulses`]) memory is that of the blocks, a few megabytes, and of the longest phase. Values are taken from where they are.

mod ambiguous;
mod baseline;
mod channels;
mod checks;
mod counts;
mod expect;
mod faint;
mod figure;
mod finder;
mod finding;
mod found;
mod held;
mod html;
mod json;
mod measurer;
mod noise;
mod pairs;
mod passes;
mod phases;
mod pulse;
mod pulses;
mod replay;
mod row;
mod runs;
mod slow;
mod stages;
mod statistic;
mod stay;
mod summary;
mod survey;
mod table;
#[cfg(test)]
mod tests;
mod unequal;
mod units;
mod voltage;
mod wander;
mod words;

use crate::capture::{Capture, Coded};

pub use channels::{AnalyzeError, Channels, Scale, Trace};
pub use expect::judge;
pub use figure::figure;
pub use finding::{Finding, FindingCode};
pub use html::html;
pub use json::json;
pub use pulse::{Phase, Pulse};
pub use pulses::Pulses;
pub use replay::{ReplayError, replay};
pub use summary::Summary;
pub use table::table;

use passes::{Blocks, Whole};
use stages::{Record, measure};

/// How a capture is to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Column of the current; else that of `contact`, or the first in ampere.
    pub current: Option<String>,
    /// The contact that is to be judged.
    pub contact: Option<String>,
    /// Column of the voltage; else the first in volt.
    pub voltage: Option<String>,
    /// What a displayed unit of the current's column stands for.
    pub scale: Option<Scale>,
    /// The instrument's limit of error, as a fraction of the reading.
    pub max_error: Option<f64>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// File as given.
    pub file: String,
    /// Whose export it is.
    pub dialect: &'static str,
    /// Samples per second, Hz.
    pub sample_rate: f64,
    /// Samples per channel.
    pub samples: usize,
    /// Time of the first sample on the file's axis, s.
    pub t0: f64,
    /// The channels as measured.
    pub channels: Channels,
    /// Rest level of the current, A.
    pub rest: f64,
    /// Whole pulses in order of time.
    pub pulses: Pulses,
    /// Measurands over all pulses.
    pub summary: Vec<Summary>,
    /// What is wrong with the record.
    pub findings: Vec<Finding>,
    /// The instrument's limit of error, if it is in U.
    pub max_error: Option<f64>,
}

impl Analysis {
    /// Whether a finding of this code was made.
    pub fn has(&self, code: FindingCode) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }
}

/// Measures a capture that is in memory.
///
/// # Errors
/// When the columns asked for are not there, or it is not known which one is the current and in what unit. A record in
/// which nothing can be measured is no error: it has findings.
pub fn analyze(capture: &Capture, options: &Options) -> Result<Analysis, AnalyzeError> {
    let columns: Vec<_> =
        capture.traces.iter().map(|trace| (trace.name.as_str(), trace.unit.as_str())).collect();
    let chosen = channels::choose(&columns, options)?;
    let traces = [Some(chosen.current), chosen.voltage].map(|index| capture.traces.get(index?));
    let [current, voltage] = traces.map(|trace| trace.map_or(&[][..], |trace| &trace.values));
    let mut samples = Whole {
        current,
        voltage,
        factor: chosen.factor,
        stray: capture.time.worst_deviation,
        rails: traces.map(|trace| trace?.rails),
    };
    let record = Record {
        file: &capture.file,
        dialect: capture.dialect.name(),
        t0: capture.time.t0,
        dt: capture.time.dt,
        dt_u: capture.time.dt_u,
        max_error: options.max_error,
    };
    Ok(measure(&record, chosen, &mut samples)?)
}

/// Measures a recording of codes, reading it three times.
///
/// # Errors
/// As [`analyze`], and when the file cannot be read or is damaged.
pub fn analyze_coded(coded: &mut Coded<'_>, options: &Options) -> Result<Analysis, AnalyzeError> {
    let columns: Vec<_> =
        coded.channels.iter().map(|channel| (channel.name.as_str(), channel.unit.as_str())).collect();
    let chosen = channels::choose(&columns, options)?;
    let (file, dt) = (coded.file.clone(), 1.0 / coded.sample_rate);
    let record = Record {
        file: &file,
        dialect: coded.dialect.name(),
        t0: 0.0,
        dt,
        // It is stated.
        dt_u: 0.0,
        max_error: options.max_error,
    };
    let wanted = [Some(chosen.current), chosen.voltage].into_iter().flatten().collect();
    let mut samples = Blocks { coded, wanted, factor: chosen.factor, lost: None };
    Ok(measure(&record, chosen, &mut samples)?)
}
