//! The output guard: watches the samples during every scenario against the bench's limits, whatever is asserted.
//!
//! It trips when what was seen exceeds a limit by more than the load's own uncertainty, so that a program right at a limit does
//! not trip on noise, gain, or the overshoot of the load's filter. However uncertain the load is, it allows itself no more than
//! [`MOST`] of the limit.

use crate::measure::{Guard, Recorder, Watched};
use crate::phantom::Phantom;
use crate::quantity::{Dimension, engineering};
use crate::rig::Limits;

/// Of a limit, what the guard allows itself at most.
const MOST: f64 = 0.05;

/// What was exceeded, if anything was.
pub(super) fn tripped(recorder: &Recorder, limits: &Limits, phantom: &Phantom) -> Option<String> {
    over(&recorder.guard(), limits).or_else(|| {
        let most = limits.shannon_k?;
        recorder.phase_charges().find_map(|(contact, charge)| {
            let allowed = charge.uncertainty.min(MOST * charge.value);
            phantom.shannon_k(contact, charge.value - allowed).filter(|k| *k > most)?;
            let k = phantom.shannon_k(contact, charge.value)?;
            Some(format!("output guard: shannon_k {k:.2} at {contact} exceeds the bench's limit {most}"))
        })
    })
}

fn over(seen: &Guard, limits: &Limits) -> Option<String> {
    let watched = [
        ("amplitude", seen.amplitude, limits.amplitude, Dimension::Current),
        ("charge_per_phase", seen.charge_per_phase, limits.charge_per_phase, Dimension::Charge),
        ("mean_dc", seen.mean_dc, limits.mean_dc, Dimension::Current),
    ];
    let allowed = |watched: &Watched, limit: f64| watched.uncertainty.min(MOST * limit);
    let over = watched.iter().find(|(_, watched, limit, _)| watched.value > limit + allowed(watched, *limit));
    over.map(|(name, watched, limit, dimension)| {
        let text = |value| engineering(value, *dimension, 3);
        let (value, allowed) = (text(watched.value), text(allowed(watched, *limit)));
        let limit = text(*limit);
        format!("output guard: {name} {value} exceeds the bench's limit {limit} by more than the {allowed} it is uncertain by")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { amplitude: 2e-3, charge_per_phase: 1e-6, mean_dc: 100e-6, shannon_k: None };

    fn seen(value: f64, uncertainty: f64) -> Guard {
        Guard { amplitude: Watched { value, uncertainty }, ..Guard::default() }
    }

    #[test]
    fn what_the_load_is_uncertain_by_is_allowed_and_no_more() {
        assert_eq!(over(&seen(2.015e-3, 0.02e-3), &LIMITS), None);
        let tripped = over(&seen(2.03e-3, 0.02e-3), &LIMITS).unwrap();
        assert!(
            tripped.starts_with("output guard: amplitude 2.03 mA exceeds the bench's limit 2 mA"),
            "{tripped}"
        );
        // A load that knows nothing is allowed a twentieth.
        assert_eq!(over(&seen(2.09e-3, 1.0), &LIMITS), None);
        assert!(over(&seen(2.11e-3, 1.0), &LIMITS).is_some());
    }
}
