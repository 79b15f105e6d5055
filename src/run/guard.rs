//! The output guard: watches the samples during every scenario against the bench's limits, whatever is asserted.

use crate::measure::Recorder;
use crate::phantom::Phantom;
use crate::quantity::{Dimension, engineering};
use crate::rig::Limits;

/// What was exceeded, if anything was.
pub(super) fn tripped(recorder: &Recorder, limits: &Limits, phantom: &Phantom) -> Option<String> {
    let seen = recorder.guard();
    let over = [
        ("amplitude", seen.peak_current, limits.amplitude, Dimension::Current),
        ("charge_per_phase", seen.charge_per_phase, limits.charge_per_phase, Dimension::Charge),
        ("mean_dc", seen.mean_dc, limits.mean_dc, Dimension::Current),
    ];
    let over =
        over.into_iter().find(|(_, value, limit, _)| value > limit).map(|(name, value, limit, dimension)| {
            let (value, limit) = (engineering(value, dimension, 3), engineering(limit, dimension, 3));
            format!("output guard: {name} {value} exceeds the bench's limit {limit}")
        });
    over.or_else(|| {
        let most = limits.shannon_k?;
        recorder.phase_charges().find_map(|(contact, charge)| {
            let k = phantom.shannon_k(contact, charge).filter(|k| *k > most)?;
            Some(format!("output guard: shannon_k {k:.2} at {contact} exceeds the bench's limit {most}"))
        })
    })
}
