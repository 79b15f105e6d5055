//! What is wrong with a record, said rather than left to be noticed.

use crate::quantity::{Dimension, engineering};

use super::found::{Found, Segment, within};
use super::passes::Scaled;
use super::stay::{Stay, Watch};
use super::survey::Survey;

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
    /// The record itself is cut off: it was longer.
    TruncatedRecord,
    /// The currents are not those of a stimulator.
    UnitsSuspect,
    /// Phases that are much longer, richer or shorter than those of the train.
    UnlikeTheTrain,
    /// Pulses of the train that differ from the others.
    UnequalPulses,
    /// Samples do not change for longer than their noise allows.
    HeldSamples,
    /// What is a pulse and what a rest the record does not tell.
    AmbiguousPulses,
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
            Self::TruncatedRecord => "truncated-record",
            Self::UnitsSuspect => "units-suspect",
            Self::UnlikeTheTrain => "unlike-the-train",
            Self::UnequalPulses => "unequal-pulses",
            Self::HeldSamples => "held-samples",
            Self::AmbiguousPulses => "ambiguous-pulses",
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

/// What was seen of a channel beside pulses.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub survey: Survey,
    pub scale: Scaled,
    /// The ends of its converter's range, where they are known, in units of its samples.
    rails: Option<(f64, f64)>,
    pub watch: Watch,
}

impl Seen {
    /// Before the samples were looked at for it.
    pub(super) fn new(survey: Survey, scale: Scaled, rails: Option<(f64, f64)>) -> Self {
        let near = |limit: f64| (AT_LIMIT * scale.value(limit) / scale.gain).abs();
        let watch = Watch::new(&survey, (near(survey.low), near(survey.high)));
        Self { survey, scale, rails, watch }
    }

    /// The lowest and the highest sample, where the trace ran into the end of its range there.
    pub(super) fn limits(&self) -> [Option<f64>; 2] {
        // A noisy trace repeats its extreme a few times, not sixteen times in a row.
        self.watch.clipped(&self.survey, self.rails, STAY)
    }
}

/// The samples do not lie on a grid: at that line, by so many seconds.
pub(super) fn not_uniform(line: u64, off: f64) -> Finding {
    let message = format!(
        "the time column is not uniform (off by {} at line {line}): samples are missing or unevenly spaced, so nothing was measured",
        engineering(off, Dimension::Time, 3)
    );
    Finding { code: FindingCode::NonUniformTime, message }
}

/// The file ends before what was written into it did.
pub(super) fn cut_off() -> Finding {
    let message = "the recording is cut off behind its last sample, as that of a run that was killed: what followed is not measured";
    Finding { code: FindingCode::TruncatedRecord, message: message.to_owned() }
}

/// A phase by its level, its width and its place.
fn placed(segment: &Segment, scale: Scaled, t0: f64, dt: f64) -> String {
    format!(
        "{} for {} at {}",
        engineering(segment.level * scale.gain, Dimension::Current, 3),
        engineering(segment.edges.width() * dt, Dimension::Time, 3),
        engineering(t0 + segment.edges.start * dt, Dimension::Time, 6)
    )
}

/// Phases that are not of the train: a test pulse before it, or a stimulus that got stuck, which a reader must see.
pub(super) fn unlike(found: &Found, scale: Scaled, t0: f64, dt: f64) -> Option<Finding> {
    const NAMED: usize = 3;
    let one = |segment| placed(segment, scale, t0, dt);
    let named: Vec<String> = found.others.iter().take(NAMED).map(one).collect();
    let more = match found.others.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("beside the train and not measured: {}{more}", named.join(", "));
    (!named.is_empty()).then_some(Finding { code: FindingCode::UnlikeTheTrain, message })
}

/// What is as high as the phases of the train and much shorter: pulses that were cut short, or that nobody asked for.
pub(super) fn too_short(found: &Found, scale: Scaled, t0: f64, dt: f64) -> Option<Finding> {
    let first = found.short.first()?;
    let many = match found.short.len() {
        1 => "a much shorter phase".to_owned(),
        many => format!("{many} much shorter phases"),
    };
    let first = placed(first, scale, t0, dt);
    let message = format!("beside the train and not measured: {many}, the first {first}");
    Some(Finding { code: FindingCode::UnlikeTheTrain, message })
}

/// Pulses with a glitch in one of their phases: that moves an edge by any part of a width, and nobody knows what flowed there.
pub(super) fn broken(found: &Found, t0: f64, dt: f64) -> Option<Finding> {
    let (first, _) = found.broken().next()?;
    let many = match found.broken().count() {
        1 => "1 pulse with a glitch in a phase".to_owned(),
        many => format!("{many} pulses with a glitch in a phase, the first"),
    };
    let at = engineering(t0 + first.edges.start * dt, Dimension::Time, 6);
    let message = format!("of the train and not measured: {many} at {at}");
    Some(Finding { code: FindingCode::UnlikeTheTrain, message })
}

/// Samples that stand still although the trace is noisy: what happened in the meantime is not in the record.
pub(super) fn held(name: &str, seen: &Seen, t0: f64, dt: f64) -> Option<Finding> {
    let (first, count) = seen.watch.held(&seen.survey)?;
    let message = format!(
        "`{name}` does not change for {} from {}, where noise should scatter it: the samples were held, and what happened in the meantime is not in the record",
        engineering(count as f64 * dt, Dimension::Time, 3),
        engineering(t0 + first as f64 * dt, Dimension::Time, 6)
    );
    Some(Finding { code: FindingCode::HeldSamples, message })
}

/// Phases far lower and shorter than those of the train, away from its pulses: those of another one, or what another channel adds.
pub(super) fn small(found: &Found, guard: f64, scale: Scaled, t0: f64, dt: f64) -> Option<Finding> {
    let pulses: Vec<(f64, f64)> = found.pulse_windows(3.0 * guard).collect();
    let away = |segment: &&Segment| !within(&pulses, (segment.edges.start, segment.edges.end));
    let small: Vec<&Segment> = found.low.iter().filter(away).chain(&found.faint).collect();
    let highest = small.iter().max_by(|a, b| a.level.abs().total_cmp(&b.level.abs()))?;
    let many = match small.len() {
        1 => "1 small phase".to_owned(),
        many => format!("{many} small phases, the highest"),
    };
    let highest = placed(highest, scale, t0, dt);
    let message = format!("beside the train and not measured: {many} {highest}");
    Some(Finding { code: FindingCode::UnlikeTheTrain, message })
}

/// No pulse was found in the current of that name, with that largest excursion, A: what was seen instead.
pub(super) fn nothing_found(name: &str, found: &Found, excursion: f64, scale: Scaled, dt: f64) -> Finding {
    let ampere = |value: f64| engineering(value, Dimension::Current, 3);
    let mut message = format!("no pulse in `{name}`, whose largest excursion is {}", ampere(excursion));
    let spikes = || found.spikes.iter().chain(&found.short);
    let longest = spikes().max_by(|a, b| a.edges.width().total_cmp(&b.edges.width()));
    if let Some(longest) = longest {
        let (shown, level) = (spikes().count(), longest.level * scale.gain);
        message.push_str(&format!(
            "; {shown} excursion{} no phase{}, the longest {} for {} ({})",
            if shown == 1 { " is" } else { "s are" },
            if shown == 1 { "" } else { "s" },
            ampere(level),
            engineering(longest.edges.width() * dt, Dimension::Time, 3),
            engineering(level * longest.edges.width() * dt, Dimension::Charge, 2),
        ));
    }
    Finding { code: FindingCode::NoPulses, message }
}

/// The voltage of that name dwells at its extremes, although no pulse was found.
pub(super) fn at_compliance(name: &str, seen: &Seen) -> Option<Finding> {
    let [.., near_low, near_high] = seen.watch.stays;
    let mut ends =
        [(seen.scale.value(seen.survey.low), near_low), (seen.scale.value(seen.survey.high), near_high)];
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [(low, at_low), (high, at_high)] = ends;
    let (low, high) = (low.min(0.0), high.max(0.0));
    let large = high.max(-low);
    let reached = |limit: f64, stay: Stay| limit != 0.0 && limit.abs() >= 0.5 * large && stay.longest >= STAY;
    let volt = |value: f64| engineering(value, Dimension::Voltage, 2);
    let shown = match (reached(low, at_low), reached(high, at_high)) {
        (true, true) if (low + high).abs() <= 0.05 * large => format!("±{}", volt(large)),
        (true, true) => format!("{} and +{}", volt(low), volt(high)),
        (true, false) => volt(low),
        (false, true) => format!("+{}", volt(high)),
        (false, false) => return None,
    };
    let message = format!(
        "no stimulation current flows although the voltage (`{name}`) reaches {shown}: open lead, failed electrode or output at compliance"
    );
    Some(Finding { code: FindingCode::NoCurrentAtCompliance, message })
}

/// A trace that ran into the end of its range.
pub(super) fn clipped(name: &str, seen: &Seen, dimension: Dimension) -> Option<Finding> {
    let limits = seen.limits().into_iter().flatten();
    let limits: Vec<String> =
        limits.map(|limit| engineering(seen.scale.value(limit), dimension, 4)).collect();
    if limits.is_empty() {
        return None;
    }
    let message = format!(
        "`{name}` is constant at its extreme of {}: the scope's range was too small, and levels and charges are bounds only",
        limits.join(" and that of ")
    );
    Some(Finding { code: FindingCode::Clipped, message })
}
