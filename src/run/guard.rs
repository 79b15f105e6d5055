//! The output guard: watches the samples during every scenario against the bench's limits, whatever is asserted.

use crate::measure::Recorder;
use crate::quantity::{Dimension, engineering};
use crate::rig::Limits;

/// What was exceeded, if anything was.
pub(super) fn tripped(recorder: &Recorder, limits: &Limits) -> Option<String> {
    let seen = recorder.guard();
    let over = [
        ("amplitude", seen.peak_current, limits.amplitude, Dimension::Current),
        ("charge_per_phase", seen.charge_per_phase, limits.charge_per_phase, Dimension::Charge),
        ("mean_dc", seen.mean_dc, limits.mean_dc, Dimension::Current),
    ];
    over.into_iter().find(|(_, value, limit, _)| value > limit).map(|(name, value, limit, dimension)| {
        let (value, limit) = (engineering(value, dimension, 3), engineering(limit, dimension, 3));
        format!("output guard: {name} {value} exceeds the bench's limit {limit}")
    })
}
