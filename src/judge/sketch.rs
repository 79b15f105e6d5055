//! The waveform around what decided a check.

use crate::measure::{Excerpt, Recording};
use crate::record::Sketch;

use super::{Unit, View};

/// Points of a sketch.
const POINTS: usize = 400;

/// The deciding pulse where its samples were kept, else the envelope of two periods around its instant.
pub fn around(view: &View<'_>, unit: &Unit) -> Option<Sketch> {
    let recording = view.recording;
    let main = view.contact.channel == recording.setup.main;
    let kept = recording.excerpts.iter().find(|excerpt| main && Some(excerpt.pulse) == unit.pulse);
    match kept {
        Some(excerpt) => pulse(view, excerpt),
        None => envelope(view, recording, unit.time?),
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
    })
}

fn amperes(view: &View<'_>, code: i16) -> f64 {
    (f64::from(code) - view.rest_level().value) * view.calibration.lsb
}
