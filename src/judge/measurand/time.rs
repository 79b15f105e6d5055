//! Width and gap: between 50 % instants.

use crate::measure::{Input, Measured, PhaseRow};
use crate::scenario::Nominal;

use super::super::{Reason, Unit, Units, View};
use super::amplitude::{chosen, missing_phase};

/// Budget of a time between two edges of `level` codes each, `edges` of them.
pub(super) fn edges(view: &View<'_>, seconds: f64, level: f64, count: f64) -> Vec<Input> {
    let front_end = &view.recording.front_end;
    // Slope of a filtered edge at its middle: 0.8 of the step in its transition time, at least one sample.
    let slope = 0.8 * level.abs().max(1.0) / front_end.transition.max(1.0 / view.rate());
    let jitter = (2.0_f64 / 3.0).sqrt() * view.noise() / slope;
    let interpolation = front_end.interpolation * count.sqrt();
    // Over the sampling phase the interpolation error is close to a sine: fourth cumulant 5/4 of a rectangle's.
    let per_edge = 1.25 * front_end.interpolation.powi(4) * count;
    let line = Input { bounded: per_edge, ..Input::common("edge interpolation", interpolation) };
    let [shared, own] = view.by_phase(line);
    let clock = Input::common("clock", view.recording.setup.clock_u * seconds);
    vec![clock, shared, own, Input::noise("noise", jitter * count.sqrt())]
}

pub(super) fn width(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let third = match view.check.definition.as_deref() {
        None | Some("half-level") => false,
        Some("third-of-peak") => true,
        Some(other) => return Err(Reason::UnknownDefinition(format!("width with definition `{other}`"))),
    };
    let window = view.window()?;
    let mut shapes = view.contact.shapes.iter();
    for row in view.pulses(window)? {
        let Some(asked) = view.asked(&row, view.nominal()) else { continue };
        for k in chosen(view.check.phase, &asked) {
            let Some(phase) = row.phases().get(k) else { continue };
            let length = if third {
                let shape = shapes.at(row.number).and_then(|shapes| shapes.get(k).copied());
                shape.map_or(f32::NAN, |shape| shape.third.1 - shape.third.0)
            } else {
                phase.end - phase.start
            };
            let seconds = f64::from(length) / view.rate();
            if !seconds.is_finite() {
                continue;
            }
            let level = f64::from(phase.level) - row.base;
            units.push(Unit {
                nominal: match view.nominal() {
                    Nominal::Value(value) => Some(value),
                    _ => asked.phases().get(k).map(|phase| phase.width),
                },
                ..view.unit(&row, Measured::new(seconds, edges(view, seconds, level, 2.0)))
            });
        }
    }
    missing_phase(view, units)
}

pub(super) fn gap(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    for row in view.pulses(window)? {
        let Some(asked) = view.asked(&row, view.nominal()) else { continue };
        for (k, pair) in row.phases().windows(2).enumerate() {
            let [first, second] = pair else { continue };
            let seconds = f64::from(second.start - first.end) / view.rate();
            let height = |phase: &PhaseRow| (f64::from(phase.level) - row.base).abs();
            let nominal = match (view.nominal(), asked.phases().get(k..k + 2)) {
                (Nominal::Value(value), _) => Some(value),
                (_, Some([first, second])) => Some(second.start - first.end()),
                _ => None,
            };
            let budget = edges(view, seconds, height(first).min(height(second)), 2.0);
            units.push(Unit { nominal, ..view.unit(&row, Measured::new(seconds, budget)) });
        }
    }
    if units.is_empty() { Err(Reason::NoPhase("second")) } else { Ok(()) }
}
