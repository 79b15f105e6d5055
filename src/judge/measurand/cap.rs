//! The cap is never exceeded: the largest 3-sample median of |i| over the run.

use crate::measure::{Input, Measured, Nonlinearity};

use super::super::{Reason, Unit, View};

pub(super) fn cap_never_exceeded(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let lost: u64 = view.recording.lost.iter().map(|(_, lost)| lost).sum();
    if lost > 0 {
        return Err(Reason::SamplesLost(lost));
    }
    let mut units = Vec::new();
    for contact in &view.recording.contacts {
        let view = View::besides_pulses(view.case, view.facts, view.recording, view.check, contact)?;
        let calibration = view.calibration;
        let (codes, at) = contact.peak;
        let value = codes * calibration.lsb;
        let rest = view.rest_level();
        let mut inl = Nonlinearity::default();
        inl.add(rest.value + codes, 1.0);
        inl.add(rest.value, -1.0);
        // A median of three of a plateau lies within the noise of single samples.
        let budget = vec![
            Input::common("gain", calibration.gain_u * value),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", view.noise() * calibration.lsb),
            Input::common("offset", rest.offset.hypot(rest.noise) * calibration.lsb),
        ];
        units.push(Unit {
            time: Some(view.seconds(at as f64)),
            clipped: contact.clipped.is_some(),
            ..Unit::of(Measured::new(value, budget))
        });
    }
    Ok(units)
}
