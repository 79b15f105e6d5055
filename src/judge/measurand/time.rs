//! Width and gap: between 50 % instants.

use crate::measure::{Input, Measured, PhaseRow, PulseRow};
use crate::scenario::Nominal;
use crate::signal::{Phase, Pulse};

use super::super::view::Window;
use super::super::{Found, Reason, Unit, Units, View};
use super::amplitude::{chosen, missing_phase};

/// Budget of a time between two edges of `level` codes each, `edges` of them.
pub(super) fn edges(view: &View<'_>, seconds: f64, level: f64, count: f64) -> Vec<Input> {
    let front_end = &view.recording.front_end;
    // Slope of an edge at its middle: 0.8 of the step in its transition time, at least one sample. The filter's own is the least
    // that it takes; an output that slews takes longer.
    let slews = view.contact.rise.transition() / view.rate();
    let slope = 0.8 * level.abs().max(1.0) / front_end.transition.max(slews).max(1.0 / view.rate());
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
        if view.is_about_program() {
            view.known(&row, |pulse| pulse.width)?;
        }
        for k in chosen(view.check.phase, &asked) {
            let (seconds, budget) = match view.found(window, &row, &asked, k)? {
                Found::Cut => continue,
                // What is not there has no width.
                Found::Absent(_) => (0.0, Vec::new()),
                Found::At(at, phase) => {
                    let length = if third {
                        let shapes = shapes.at(row.number).ok_or(Reason::NoShape)?;
                        shapes.get(at).map_or(f32::NAN, |shape| shape.third.1 - shape.third.0)
                    } else {
                        phase.end - phase.start
                    };
                    let seconds = f64::from(length) / view.rate();
                    let mut budget = edges(view, seconds, f64::from(phase.level) - row.base, 2.0);
                    if closed(&row, &asked, at) {
                        budget.push(hidden(view));
                    }
                    budget.extend(uneven(view));
                    (seconds, budget)
                }
            };
            units.push(Unit {
                nominal: match view.nominal() {
                    Nominal::Value(value) => Some(value),
                    _ => asked.phases().get(k).map(|phase| phase.width),
                },
                clipped: row.flags.clipped,
                ..view.unit(&row, Measured::new(seconds, budget))
            });
        }
    }
    missing_phase(view, units)
}

/// The filter closes a short rest, and a slow stage makes none look like one: neither is told from the other.
fn hidden(view: &View<'_>) -> Input {
    Input::rectangular("a rest within the shared edge", view.contact.shared / view.rate())
}

/// What the filter makes of an edge beside which the output is not at the level of its phase, where there is such an edge.
fn uneven(view: &View<'_>) -> Option<Input> {
    let skew = view.contact.skew / view.rate();
    (skew > 0.0).then(|| Input::rectangular("level beside the edge", skew))
}

/// Whether phase `at` of a row touches a neighbour from which a programmed rest is to divide it: to which of them the rest belongs
/// that may be there is not seen.
fn closed(row: &PulseRow, asked: &Pulse, at: usize) -> bool {
    let rests = |pair: &[Phase]| matches!(pair, [first, second] if second.start - first.end() > REST);
    let touch = |pair: &[PhaseRow]| matches!(pair, [first, second] if first.end >= second.start);
    let pairs = row.phases().windows(2).zip(asked.phases().windows(2)).enumerate();
    let same = row.phases().len() == asked.phases().len();
    same && pairs
        .filter(|(k, _)| *k == at || k + 1 == at)
        .any(|(_, (found, asked))| touch(found) && rests(asked))
}

/// A rest shorter than this is none, s: what the sum of two times may be rounded by.
const REST: f64 = 1e-9;

pub(super) fn gap(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    for row in view.pulses(window)? {
        let Some(asked) = view.asked(&row, view.nominal()) else { continue };
        if row.phases().len() < asked.phases().len() {
            lacks(view, window, &row, &asked)?;
            continue;
        }
        for (k, pair) in row.phases().windows(2).enumerate() {
            let [first, second] = pair else { continue };
            let seconds = f64::from(second.start - first.end) / view.rate();
            let height = |phase: &PhaseRow| (f64::from(phase.level) - row.base).abs();
            let nominal = match (view.nominal(), asked.phases().get(k..k + 2)) {
                (Nominal::Value(value), _) => Some(value),
                (_, Some([first, second])) => Some(second.start - first.end()),
                _ => None,
            };
            let mut budget = edges(view, seconds, height(first).min(height(second)), 2.0);
            if first.end >= second.start {
                budget.push(hidden(view));
            } else {
                budget.extend(uneven(view));
            }
            let clipped = row.flags.clipped;
            units.push(Unit { nominal, clipped, ..view.unit(&row, Measured::new(seconds, budget)) });
        }
    }
    if units.is_empty() { Err(Reason::NoPhase("second")) } else { Ok(()) }
}

/// A pulse that lacks a phase inside the window has not every gap that it was to have.
fn lacks(view: &View<'_>, window: Window, row: &PulseRow, asked: &Pulse) -> Result<(), Reason> {
    for k in 0..asked.phases().len() {
        if let Found::Absent(_) = view.found(window, row, asked, k)? {
            return Err(Reason::LacksPhase { pulse: row.number });
        }
    }
    Ok(())
}
