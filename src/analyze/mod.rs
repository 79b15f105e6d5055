//! Measuring a recorded waveform about which nothing is known but its samples.
//!
//! Channels → noise → phases → one pooled baseline → each pulse's numbers with their budgets → findings. Sampling,
//! noise and resolution are derived from the file itself; the instrument's limit of error is added where it is given,
//! and otherwise said to be missing.

mod baseline;
mod channels;
mod checks;
mod expect;
mod figure;
mod finder;
mod finding;
mod html;
mod json;
mod mean;
mod noise;
mod pulse;
mod replay;
mod summary;
mod table;
mod units;
mod voltage;
mod words;

use crate::capture::Capture;
use crate::quantity::{Dimension, engineering};

pub use channels::{AnalyzeError, Channels, Scale};
pub use expect::judge;
pub use figure::figure;
pub use finding::{Finding, FindingCode};
pub use html::html;
pub use json::json;
pub use pulse::{Phase, Pulse};
pub use replay::{ReplayError, replay};
pub use summary::Summary;
pub use table::table;

use baseline::{Baseline, baseline};
use finder::{Segment, find, pair};
use noise::{median, white};
use pulse::Setting;

/// How a capture is to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Column of the current; else the first in ampere.
    pub current: Option<String>,
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
    pub pulses: Vec<Pulse>,
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

/// Measures a capture.
///
/// # Errors
/// When the columns asked for are not there, or it is not known which one is the current and in what unit. A record in
/// which nothing can be measured is no error: it has findings.
pub fn analyze(capture: &Capture, options: &Options) -> Result<Analysis, AnalyzeError> {
    let channels =
        channels::channels(capture, options.current.as_deref(), options.voltage.as_deref(), options.scale)?;
    let mut analysis = Analysis {
        file: capture.file.clone(),
        dialect: capture.dialect.name(),
        sample_rate: 1.0 / capture.time.dt,
        samples: capture.samples(),
        t0: capture.time.t0,
        channels,
        rest: 0.0,
        pulses: Vec::new(),
        summary: Vec::new(),
        findings: Vec::new(),
        max_error: options.max_error,
    };
    if let Some((line, off)) = capture.time.worst_deviation {
        let message = format!(
            "the time column is not uniform (off by {} at line {line}): samples are missing or unevenly spaced, so nothing was measured",
            engineering(off, Dimension::Time, 3)
        );
        analysis.findings.push(Finding { code: FindingCode::NonUniformTime, message });
        return Ok(analysis);
    }
    measure(&mut analysis, capture.time.dt);
    Ok(analysis)
}

fn measure(analysis: &mut Analysis, dt: f64) {
    let channels = &analysis.channels;
    let samples = &channels.current;
    let noise = white(samples);
    let rest = median(&mut samples.clone());
    let found = find(samples, rest, noise);
    let (whole, cut): (Vec<_>, Vec<_>) = pair(&found.phases).into_iter().partition(|(leading, recovery)| {
        !leading.truncated && recovery.is_none_or(|recovery| !recovery.truncated)
    });
    let transition = typical_transition(samples, rest, &whole);
    let guard = guard(transition, &found.phases);
    let windows = found.phases_windows(&whole, &cut, guard);
    let base = baseline(samples, &windows, noise, channels.step);
    let set = Setting {
        samples,
        dt,
        t0: analysis.t0,
        noise,
        step: channels.step,
        baseline: &base,
        max_error: analysis.max_error,
        guard,
    };
    let mut pulses: Vec<Pulse> = Vec::with_capacity(whole.len());
    for (leading, recovery) in &whole {
        pulses.extend(pulse::measure(&set, pulses.len(), leading, recovery.as_ref()));
    }
    if !channels.voltage.is_empty() {
        let (noise, step) = (white(&channels.voltage), smallest_step(&channels.voltage));
        for pulse in &mut pulses {
            voltage::measure(pulse, &channels.voltage, dt, noise, step, analysis.max_error);
        }
    }
    let findings = findings(channels, &found, &pulses, &cut, &base, transition, (analysis.t0, dt));
    let summary = summary::summary(&pulses, dt);
    analysis.rest = base.level;
    analysis.findings.extend(findings);
    analysis.summary = summary;
    analysis.pulses = pulses;
}

type Pair = (Segment, Option<Segment>);

impl finder::Found {
    /// The samples that are no baseline: pulses with their guards, whole or cut, with the gaps in them.
    fn phases_windows(&self, whole: &[Pair], cut: &[Pair], guard: f64) -> Vec<(f64, f64)> {
        let bounds = |(leading, recovery): &Pair| {
            let end = recovery.map_or(leading.edges.end, |recovery| recovery.edges.end);
            (leading.edges.start - guard, end + guard)
        };
        let mut windows: Vec<(f64, f64)> = whole.iter().chain(cut).map(bounds).collect();
        windows.extend(
            self.spikes
                .iter()
                .chain(&self.others)
                .map(|spike| (spike.edges.start - guard, spike.edges.end + guard)),
        );
        windows.sort_by(|a, b| a.0.total_cmp(&b.0));
        windows
    }
}

/// 10–90 % of the slowest leading edge of the first pulses, samples.
fn typical_transition(samples: &[f64], rest: f64, pulses: &[Pair]) -> f64 {
    let edge = |phase: &Segment| pulse::transition(samples, phase.edges.start, rest, rest + phase.level);
    pulses.iter().take(16).map(|(leading, _)| edge(leading)).fold(0.0, f64::max)
}

/// Samples between a 50 % instant and the ends of the charge window: three transitions, so that ringing is inside, at
/// least five samples, and at most half the shortest rest between phases.
fn guard(transition: f64, phases: &[Segment]) -> f64 {
    let rests = phases.iter().zip(phases.iter().skip(1)).map(|(a, b)| b.edges.start - a.edges.end);
    let shortest = rests.filter(|rest| *rest > 10.0).fold(f64::INFINITY, f64::min);
    (3.0 * transition).max(5.0).min(0.5 * shortest)
}

fn smallest_step(values: &[f64]) -> f64 {
    let steps =
        values.iter().zip(values.iter().skip(1)).map(|(a, b)| (a - b).abs()).filter(|step| *step > 1e-9);
    let smallest = steps.fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { smallest } else { 0.0 }
}

fn findings(
    channels: &Channels,
    found: &finder::Found,
    pulses: &[Pulse],
    cut: &[Pair],
    base: &Baseline,
    transition: f64,
    (t0, dt): (f64, f64),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let level = |pulse: &Pulse| pulse.phases.iter().map(|phase| phase.amplitude.value).fold(0.0, f64::max);
    let largest = pulses.iter().map(level).fold(0.0, f64::max);
    let excursion = channels.current.iter().fold(0.0_f64, |so_far, y| so_far.max((y - base.level).abs()));
    findings.extend(channels::suspect_units(channels, if pulses.is_empty() { excursion } else { largest }));
    if pulses.is_empty() {
        findings.extend(finding::nothing_found(channels, found, base.level, dt));
    }
    if !cut.is_empty() {
        let many = if cut.len() == 1 { "1 pulse is".to_owned() } else { format!("{} pulses are", cut.len()) };
        let message = format!("{many} cut off by an end of the record and not measured");
        findings.push(Finding { code: FindingCode::TruncatedPulse, message });
    }
    findings.extend(finding::unlike(found, t0, dt));
    findings.extend(finding::clipped(&channels.current_name, &channels.current, Dimension::Current));
    if let Some(name) = &channels.voltage_name
        && !pulses.is_empty()
    {
        findings.extend(finding::clipped(name, &channels.voltage, Dimension::Voltage));
    }
    if !pulses.is_empty() && transition < 1.0 {
        let message = format!(
            "the edges are shorter than the sample interval of {}: widths and charges carry that in their U",
            engineering(dt, Dimension::Time, 3)
        );
        findings.push(Finding { code: FindingCode::EdgesUnresolved, message });
    }
    if !pulses.is_empty() && !base.quiet && base.span() > 1e-3 * largest {
        let ampere = |value: f64| engineering(value, Dimension::Current, 3);
        let message = format!(
            "the baseline is not quiet: its plateaus outside the pulses span {} ({} to {} about their median), {:.1} % of the amplitude; U includes it",
            ampere(base.span()),
            ampere(base.plateaus.0 - base.level),
            ampere(base.plateaus.1 - base.level),
            100.0 * base.span() / largest,
        );
        findings.push(Finding { code: FindingCode::BaselineNotQuiet, message });
    }
    findings
}
