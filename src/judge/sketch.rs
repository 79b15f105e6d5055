//! The waveform around what decided a check.

use crate::measure::{Excerpt, PulseRow, Recording};
use crate::record::{LimitRecord, Sketch};
use crate::scenario::{Measurand, Nominal};

use super::figures::{charge_error, chosen, is_charge};
use super::{Unit, View};

/// Points of a sketch.
const POINTS: usize = 400;

/// The deciding pulse where its samples were kept, else the envelope of two periods around its instant.
pub fn around(view: &View<'_>, unit: &Unit, limit: &LimitRecord) -> Option<Sketch> {
    let recording = view.recording;
    if let Some(sketch) = charge(view, unit, limit) {
        return Some(sketch);
    }
    let main = view.contact.channel == recording.setup.main;
    let kept = recording.excerpts.iter().find(|excerpt| main && Some(excerpt.pulse) == unit.pulse);
    match kept {
        Some(excerpt) => pulse(view, excerpt),
        None => envelope(view, recording, unit.time?),
    }
}

/// Charge beyond what was programmed, for a check that is about charge: whole cycles hide an imbalance, which is a small part of
/// either phase.
fn charge(view: &View<'_>, unit: &Unit, limit: &LimitRecord) -> Option<Sketch> {
    let (excerpt, row) = chosen(view, unit.pulse, unit.time).filter(|_| is_charge(view.check.measurand))?;
    let (start, step, values) = charge_error(view, excerpt, &row)?;
    let stride = values.len().div_ceil(POINTS).max(1);
    Some(Sketch {
        channel: format!(
            "{}: charge beyond the programmed{}",
            view.contact.name,
            other(unit, row.number as u64)
        ),
        unit: "C".to_owned(),
        start,
        step: stride as f64 * step,
        values: values.into_iter().step_by(stride).collect(),
        limits: limits(view, &row, limit),
    })
}

/// Which pulse is drawn, where it is not the one that decided: the samples of a few are kept.
fn other(unit: &Unit, drawn: u64) -> String {
    match (unit.pulse, unit.time) {
        (Some(decided), _) if decided == drawn => String::new(),
        (Some(decided), _) => format!(" in pulse {drawn}, most like pulse {decided}"),
        (None, Some(_)) => format!(" in pulse {drawn}, the nearest"),
        (None, None) => format!(" in pulse {drawn}, which has most"),
    }
}

/// The limits of a check about charge, C: of a fraction that of the leading phase, of a current what it leaves in a period.
fn limits(view: &View<'_>, row: &PulseRow, limit: &LimitRecord) -> Vec<f64> {
    let leading = || {
        let asked = view.asked(row, Nominal::Programmed)?;
        let share = view.share(row, Nominal::Programmed);
        asked.phases().first().map(|phase| (phase.current * phase.width).abs() * share)
    };
    let scale = match view.check.measurand {
        Measurand::ChargeImbalance => leading(),
        Measurand::MeanDcCurrent => Some(view.case.program.period()),
        Measurand::NetCharge => Some(1.0),
        _ => None,
    };
    let Some(scale) = scale else { return Vec::new() };
    match (limit.lower, limit.upper) {
        // A limit on a magnitude bounds both signs.
        (None, Some(upper)) => vec![-upper * scale, upper * scale],
        (lower, upper) => [lower, upper].into_iter().flatten().map(|limit| limit * scale).collect(),
    }
}

fn pulse(view: &View<'_>, excerpt: &Excerpt) -> Option<Sketch> {
    let codes = excerpt.codes.get(view.contact.channel)?;
    let stride = codes.len().div_ceil(POINTS).max(1);
    Some(Sketch {
        channel: view.contact.name.clone(),
        unit: "A".to_owned(),
        start: view.seconds(excerpt.first as f64),
        step: stride as f64 / view.rate(),
        values: codes.iter().step_by(stride).map(|code| amperes(view, *code)).collect(),
        limits: Vec::new(),
    })
}

fn envelope(view: &View<'_>, recording: &Recording, time: f64) -> Option<Sketch> {
    let overview = recording.overview.get(view.contact.channel)?;
    let step = overview.stretch as f64 / view.rate();
    let reach = (2.0 * view.case.program.period() / step).ceil().clamp(8.0, POINTS as f64 / 4.0) as usize;
    let middle = (time / step).max(0.0) as usize;
    let first = middle.saturating_sub(reach);
    let stretches = overview.extremes.get(first..(middle + reach).min(overview.extremes.len()))?;
    let values =
        stretches.iter().flat_map(|(low, high)| [amperes(view, *low), amperes(view, *high)]).collect();
    Some(Sketch {
        channel: view.contact.name.clone(),
        unit: "A".to_owned(),
        start: first as f64 * step,
        step: 0.5 * step,
        values,
        limits: Vec::new(),
    })
}

fn amperes(view: &View<'_>, code: i16) -> f64 {
    (f64::from(code) - view.rest_level().value) * view.calibration.lsb
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measured;

    #[test]
    fn a_pulse_that_did_not_decide_is_named() {
        let unit = |pulse, time| Unit { pulse, time, ..Unit::of(Measured::exact(1.0)) };
        assert_eq!(other(&unit(Some(4), Some(0.5)), 4), "");
        assert_eq!(other(&unit(Some(4), Some(0.5)), 6), " in pulse 6, most like pulse 4");
        assert_eq!(other(&unit(None, Some(0.5)), 6), " in pulse 6, the nearest");
        assert_eq!(other(&unit(None, None), 6), " in pulse 6, which has most");
    }
}
