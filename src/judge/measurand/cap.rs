//! The cap is never exceeded: the largest 3-sample median of |i| over the run.

use crate::measure::{ContactRecord, Input, Measured, Nonlinearity, PhaseRow, PulseRow, ShapeRow};

use super::super::{Reason, Unit, Units, View};

/// The filter overshoots behind an edge that is at most so many spreads slower than the filter's own.
const FAST: f64 = 4.0;

/// On every contact, or on the one that the check names.
pub(super) fn cap_never_exceeded(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let lost: u64 = view.recording.lost.iter().map(|(_, lost)| lost).sum();
    if lost > 0 {
        return Err(Reason::SamplesLost(lost));
    }
    let named = view.check.contact.as_deref();
    let judged =
        view.recording.contacts.iter().filter(|contact| named.is_none_or(|name| name == contact.name));
    for contact in judged {
        let view = View::besides_pulses(view.case, view.facts, view.recording, view.check, contact)?;
        let calibration = view.calibration;
        let Largest { codes, at, removed } = largest(&view, contact);
        let value = codes * calibration.lsb;
        let rest = view.rest_level();
        let mut inl = Nonlinearity::of(&calibration);
        inl.add(rest.value + codes, 1.0);
        inl.add(rest.value, -1.0);
        // A median of three of a plateau lies within the noise of single samples.
        let mut budget = vec![
            Input::common("gain", calibration.gain_u * value),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", view.noise() * calibration.lsb),
            Input::common("offset", rest.offset.hypot(rest.noise) * calibration.lsb),
        ];
        if removed > 0.0 {
            // The edge is known to within a few spreads, and its overshoot with it.
            budget.push(Input::rectangular("filter's own overshoot", 0.1 * removed * calibration.lsb));
        }
        units.push(Unit {
            time: Some(view.seconds(at)),
            clipped: contact.clipped.is_some(),
            ..Unit::of(Measured::new(value, budget))
        });
    }
    Ok(())
}

/// The largest current of a contact, codes; when (sample); and how much of it was the filter's own overshoot.
struct Largest {
    codes: f64,
    at: f64,
    removed: f64,
}

/// Pulse by pulse without the filter's overshoot where the pulse's edges are known to be as fast as the filter; the
/// largest sample of the run itself where it belongs to no such pulse.
fn largest(view: &View<'_>, contact: &ContactRecord) -> Largest {
    let (codes, at) = contact.peak;
    let whole = Largest { codes, at: at as f64, removed: 0.0 };
    let settling = view.settling() as f64;
    let holds = |row: &PulseRow| row.start() - settling <= at as f64 && row.end() + settling >= at as f64;
    // Without shapes nothing is known of the edges; a pulse that has none of its own is judged by its samples. Of what came once
    // the table was full there are no rows, and another pulse's overshoot may hide it.
    let shaped = !contact.table_full
        && !contact.shapes.is_empty()
        && contact.shapes.len() == contact.pulses.len()
        && contact.pulses.iter().all(|row| row.count > 0);
    if !shaped || !contact.pulses.iter().any(|row| holds(&row)) {
        return whole;
    }
    let rows = contact.pulses.iter().zip(&contact.shapes).map(|(row, shapes)| freed(view, &row, &shapes));
    rows.max_by(|a, b| a.codes.total_cmp(&b.codes)).unwrap_or(whole)
}

/// A pulse's peak, less what the filter adds to it; never less than its settled tops.
fn freed(view: &View<'_>, row: &PulseRow, shapes: &[ShapeRow; 3]) -> Largest {
    let edge = &view.recording.front_end.edge;
    let zero = view.rest_level().value;
    let phases = shapes.get(..row.phases().len()).unwrap_or_default();
    // The row counts from its own baseline: i = ±d + (base − zero), d the distance from the baseline and ± the phase's side of it. A
    // current that flows all the time adds to phases of its own sign and takes from the others, beside which it flows by itself.
    let shift = row.base - zero;
    let current = |distance: f64, phase: &PhaseRow| {
        (distance.copysign(f64::from(phase.level) - row.base) + shift).abs()
    };
    let pairs = || phases.iter().zip(row.phases());
    let peak = pairs().map(|(shape, phase)| current(f64::from(shape.peak), phase));
    let peak = peak.fold(shift.abs(), f64::max);
    let slowest = edge.transition + FAST * edge.spread;
    let fast = |shape: &ShapeRow| f64::from(shape.transition) / view.rate() <= slowest;
    let all_fast = !phases.is_empty() && phases.iter().all(fast);
    // Each phase rings with its own step: between two that touch it is twice that from rest.
    let rings = |shape: &ShapeRow| f64::from(shape.step).abs() * edge.overshoot;
    let freed = pairs().map(|(shape, phase)| current(f64::from(shape.peak) - rings(shape), phase));
    let freed = freed.fold(shift.abs(), f64::max);
    // A phase too short for a straight line has a level all the same.
    let levels = row.phases().iter().map(|phase| (f64::from(phase.level) - zero).abs());
    let lines = phases.iter().filter(|shape| shape.count > 0);
    let tops = lines.flat_map(|shape| {
        // The line goes on to either end of the phase.
        let (early, late) = (f64::from(shape.top.0) - zero, f64::from(shape.top.1) - zero);
        let slope = 0.125 * (late - early);
        [(early - slope).abs(), (late + slope).abs()]
    });
    let settled = tops.chain(levels).fold(0.0, f64::max);
    let at = row.start();
    if !all_fast || row.flags.truncated || row.flags.endless {
        return Largest { codes: peak, at, removed: 0.0 };
    }
    let codes = freed.max(settled).min(peak);
    Largest { codes, at, removed: peak - codes }
}
