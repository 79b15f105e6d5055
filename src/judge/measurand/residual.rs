//! Voltage left on the load before the next pulse.

use crate::measure::{Input, Measured, Nonlinearity, VoltageRecord};

use super::super::{Reason, Unit, View};

/// The sense channel of the check's contact.
fn sense<'a>(view: &View<'a>) -> Option<&'a VoltageRecord> {
    let named = view.case.phantom.sense_of(&view.contact.name);
    view.recording.voltages.iter().find(|voltage| Some(voltage.name.as_str()) == named)
}

pub(super) fn residual_voltage(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    if !view.facts.relaxed {
        return Err(Reason::NotRelaxed);
    }
    let window = view.window()?;
    let voltage = sense(view).ok_or(Reason::NoVoltage)?;
    let calibration =
        view.recording.setup.channels.get(voltage.channel).map(|c| c.calibration).ok_or(Reason::NoVoltage)?;
    let (_, rest, samples) =
        voltage.before_start.first().copied().ok_or_else(|| Reason::NoInstant("start".to_owned()))?;
    let zero = view.recording.zeros.get(voltage.channel).and_then(|zeros| zeros.last());
    let stated = (calibration.noise.powi(2) + 1.0 / 12.0).sqrt();
    let sigma = zero.filter(|zero| zero.level.count >= 1000).map_or(stated, |zero| zero.deviation);
    let mut units = Vec::new();
    for (index, row) in view.cycles(window)? {
        // What is left of this cycle is read before the next pulse.
        let Some((level, n)) = voltage.before_pulse.get(index + 1).copied().filter(|(_, n)| *n > 0) else {
            continue;
        };
        let value = (f64::from(level) - rest) * calibration.lsb;
        let mut inl = Nonlinearity::default();
        inl.add(f64::from(level), 1.0);
        inl.add(rest, -1.0);
        let budget = vec![
            Input::common("gain", calibration.gain_u * value),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", sigma / f64::from(n).sqrt() * calibration.lsb),
            Input::common("baseline", sigma / f64::from(samples).sqrt() * calibration.lsb),
        ];
        units.push(Unit {
            nominal: Some(0.0),
            pulse: Some(index as u64),
            time: Some(view.seconds(row.start())),
            ..Unit::of(Measured::new(value, budget))
        });
    }
    if units.is_empty() { Err(Reason::NoVoltage) } else { Ok(units) }
}
