//! The same content for the table and the page: rows of text, written once.

use crate::measure::Measured;
use crate::quantity::{Dimension, engineering, with_uncertainty};

use super::{Analysis, Pulse};

/// A row of the summary in words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub name: String,
    pub value: String,
    pub count: usize,
    pub dominant: String,
}

/// A value ± U, or what was read where the range of the instrument cut off what it is made of.
pub(super) fn shown(estimate: &Measured, dimension: Dimension, clipped: bool) -> String {
    match clipped {
        true => format!("{} (clipped)", engineering(estimate.value, dimension, 4)),
        false => with_uncertainty(estimate.value, estimate.expanded(), dimension),
    }
}

pub(super) fn rows(analysis: &Analysis) -> Vec<Row> {
    let one = |row: &super::Summary| Row {
        name: row.name.replace('_', " "),
        value: shown(&row.estimate, row.dimension, row.clipped),
        count: row.count,
        dominant: row.estimate.dominant().filter(|_| !row.clipped).unwrap_or("").to_owned(),
    };
    analysis.summary.iter().map(one).collect()
}

/// The columns of the pulse table.
pub(super) const PULSE_COLUMNS: [&str; 8] =
    ["pulse", "at", "leading", "width", "gap", "recovery", "net charge", "imbalance"];

/// One pulse, in the order of [`PULSE_COLUMNS`].
pub(super) fn pulse_row(pulse: &Pulse) -> [String; 8] {
    let level = |index: usize| {
        pulse.phases.get(index).map_or_else(
            || "–".to_owned(),
            |phase| {
                let signed = Measured {
                    value: phase.amplitude.value * f64::from(phase.polarity),
                    ..phase.amplitude.clone()
                };
                shown(&signed, Dimension::Current, phase.clipped)
            },
        )
    };
    let clipped = pulse.is_clipped();
    [
        pulse.index.to_string(),
        engineering(pulse.time, Dimension::Time, 6),
        level(0),
        pulse
            .phases
            .first()
            .map_or_else(String::new, |phase| shown(&phase.width, Dimension::Time, phase.clipped)),
        pulse.gap.as_ref().map_or_else(|| "–".to_owned(), |gap| shown(gap, Dimension::Time, clipped)),
        level(1),
        shown(&pulse.net_charge, Dimension::Charge, clipped),
        shown(&pulse.charge_imbalance, Dimension::Ratio, clipped),
    ]
}

/// What the record is, in a line.
pub(super) fn headline(analysis: &Analysis) -> String {
    format!(
        "{} · {} samples at {} · current `{}`{}",
        analysis.dialect,
        analysis.samples,
        engineering(analysis.sample_rate, Dimension::Frequency, 6),
        analysis.channels.current.name,
        analysis
            .channels
            .voltage
            .as_ref()
            .map_or_else(String::new, |voltage| format!(" · voltage `{}`", voltage.name)),
    )
}

/// What the uncertainties hold and what they do not.
pub(super) fn scope_of_u(analysis: &Analysis) -> String {
    let file = "U (95 %) covers sampling, noise, baseline and the resolution of the file";
    let own = match analysis.max_error {
        Some(error) => format!(
            "{file}, and the instrument's limit of error of {} of reading; not its sample clock",
            engineering(error, Dimension::Ratio, 3)
        ),
        None => format!(
            "{file}; the instrument's own error is not included (state it with --max-error). After averaging, the file's resolution is finer than the converter's"
        ),
    };
    // What a coupling takes from the tops and puts behind the pulse is slower than either, and mostly less than the noise.
    format!(
        "{own}. It holds for an input coupled to DC, which the samples cannot tell: an AC coupling or a current transformer of time constant τ adds up to the pulse's duration over τ, in parts of a phase's charge, to the net charge, and leaves no mean DC in the record"
    )
}
