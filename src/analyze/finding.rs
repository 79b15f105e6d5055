//! What is wrong with a record, said rather than left to be noticed.

use crate::quantity::{Dimension, engineering};

use super::channels::Channels;
use super::finder::Found;

/// Codes of findings, as in the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingCode {
    /// The voltage swings to its limits and no stimulation current flows.
    NoCurrentAtCompliance,
    /// No pulse in the record.
    NoPulses,
    /// A trace is flat at its extreme.
    Clipped,
    /// The time column is not uniform.
    NonUniformTime,
    /// Edges are shorter than the sample interval.
    EdgesUnresolved,
    /// There is no one baseline.
    BaselineNotQuiet,
    /// A pulse is cut off by an end of the record.
    TruncatedPulse,
    /// The currents are not those of a stimulator.
    UnitsSuspect,
    /// Phases that are much longer or richer than those of the train.
    UnlikeTheTrain,
}

impl FindingCode {
    /// Its name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoCurrentAtCompliance => "no-current-at-compliance",
            Self::NoPulses => "no-pulses",
            Self::Clipped => "clipped",
            Self::NonUniformTime => "non-uniform-time",
            Self::EdgesUnresolved => "edges-unresolved",
            Self::BaselineNotQuiet => "baseline-not-quiet",
            Self::TruncatedPulse => "truncated-pulse",
            Self::UnitsSuspect => "units-suspect",
            Self::UnlikeTheTrain => "unlike-the-train",
        }
    }
}

/// Something a reader must know about the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which.
    pub code: FindingCode,
    /// In words, with numbers.
    pub message: String,
}

/// Samples within this part of the largest voltage are at it.
const AT_LIMIT: f64 = 0.03;
/// The shortest stay there that is no transient, samples.
const STAY: usize = 16;

/// Phases that are not of the train: a test pulse before it, or a stimulus that got stuck, which a reader must see.
pub(super) fn unlike(found: &Found, t0: f64, dt: f64) -> Option<Finding> {
    const NAMED: usize = 3;
    let one = |segment: &super::finder::Segment| {
        format!(
            "{} for {} at {}",
            engineering(segment.level, Dimension::Current, 3),
            engineering(segment.edges.width() * dt, Dimension::Time, 3),
            engineering(t0 + segment.edges.start * dt, Dimension::Time, 6)
        )
    };
    let named: Vec<String> = found.others.iter().take(NAMED).map(one).collect();
    let more = match found.others.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("beside the train and not measured: {}{more}", named.join(", "));
    (!named.is_empty()).then_some(Finding { code: FindingCode::UnlikeTheTrain, message })
}

/// No pulse was found: what was seen instead.
pub(super) fn nothing_found(channels: &Channels, found: &Found, rest: f64, dt: f64) -> Vec<Finding> {
    let largest = channels.current.iter().fold(0.0_f64, |so_far, y| so_far.max((y - rest).abs()));
    let ampere = |value: f64| engineering(value, Dimension::Current, 3);
    let mut message =
        format!("no pulse in `{}`, whose largest excursion is {}", channels.current_name, ampere(largest));
    let longest = found.spikes.iter().max_by(|a, b| a.edges.width().total_cmp(&b.edges.width()));
    if let Some(longest) = longest {
        let shown = found.spikes.len();
        message.push_str(&format!(
            "; {shown} excursion{} no phase{}, the longest {} for {} ({})",
            if shown == 1 { " is" } else { "s are" },
            if shown == 1 { "" } else { "s" },
            ampere(longest.level),
            engineering(longest.edges.width() * dt, Dimension::Time, 3),
            engineering(longest.level * longest.edges.width() * dt, Dimension::Charge, 2),
        ));
    }
    let mut findings = vec![Finding { code: FindingCode::NoPulses, message }];
    findings.extend(at_compliance(channels));
    findings
}

/// The voltage dwells at its extremes.
fn at_compliance(channels: &Channels) -> Option<Finding> {
    let name = channels.voltage_name.as_ref()?;
    let extreme =
        channels.voltage.iter().fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
    let stays = |limit: f64| {
        let near = |v: &f64| limit != 0.0 && (v - limit).abs() <= AT_LIMIT * limit.abs();
        let mut longest = (0_usize, 0_usize);
        for v in &channels.voltage {
            longest.0 = if near(v) { longest.0 + 1 } else { 0 };
            longest.1 = longest.1.max(longest.0);
        }
        longest.1 >= STAY
    };
    let large = extreme.1.max(-extreme.0);
    let reached = |limit: f64| limit.abs() >= 0.5 * large && stays(limit);
    let volt = |value: f64| engineering(value, Dimension::Voltage, 2);
    let shown = match (reached(extreme.0), reached(extreme.1)) {
        (true, true) if (extreme.0 + extreme.1).abs() <= 0.05 * large => format!("±{}", volt(large)),
        (true, true) => format!("{} and +{}", volt(extreme.0), volt(extreme.1)),
        (true, false) => volt(extreme.0),
        (false, true) => format!("+{}", volt(extreme.1)),
        (false, false) => return None,
    };
    let message = format!(
        "no stimulation current flows although the voltage (`{name}`) reaches {shown}: open lead, failed electrode or output at compliance"
    );
    Some(Finding { code: FindingCode::NoCurrentAtCompliance, message })
}

/// A trace that is noisy elsewhere and exactly constant at its extreme ran into the end of its range.
pub(super) fn clipped(name: &str, samples: &[f64], dimension: Dimension) -> Option<Finding> {
    let changes = samples.iter().zip(samples.iter().skip(1)).filter(|(a, b)| a != b).count();
    if changes * 4 < samples.len() {
        return None;
    }
    let (low, high) =
        samples.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(*y), high.max(*y)));
    let run_at = |limit: f64| {
        let mut run = (0_usize, 0_usize);
        for y in samples {
            run.0 = if *y == limit { run.0 + 1 } else { 0 };
            run.1 = run.1.max(run.0);
        }
        run.1
    };
    // A noisy trace repeats its extreme a few times, not sixteen times in a row.
    let limit = [low, high].into_iter().find(|limit| run_at(*limit) >= STAY)?;
    let message = format!(
        "`{name}` is constant at its extreme of {}: the scope's range was too small, and levels and charges are bounds only",
        engineering(limit, dimension, 4)
    );
    Some(Finding { code: FindingCode::Clipped, message })
}
