//! Voltage left on the load before the next pulse.

use crate::measure::{Input, Measured, Nonlinearity, VoltageRecord};

use super::super::expected::before_pulses;
use super::super::{Reason, Unit, Units, View};
use super::voltage::Chain;

/// The sense channel of the check's contact.
fn sense<'a>(view: &View<'a>) -> Option<&'a VoltageRecord> {
    let named = view.case.phantom.sense_of(&view.contact.name);
    view.recording.voltages.iter().find(|voltage| Some(voltage.name.as_str()) == named)
}

/// The residual voltage less what the same program must leave on the phantom as stated.
pub(super) fn residual_voltage_error(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let voltage = sense(view).ok_or(Reason::NoVoltage)?;
    let senses = &view.case.phantom.senses;
    let (_, plus, minus) = senses.iter().find(|(name, ..)| *name == voltage.name).ok_or(Reason::NoVoltage)?;
    let counts = voltage.before_pulse.iter().map(|(_, n)| n);
    let mut expected = before_pulses(view, (*plus, *minus), counts)?.enumerate();
    let mut missing = false;
    each(view, |behind, mut unit| match expected.find(|(pulse, _)| *pulse == behind) {
        Some((_, next)) => {
            unit.measured.value -= next.volts;
            unit.measured.budget.push(Input::common("phantom", next.u));
            units.push(unit);
        }
        None => missing = true,
    })?;
    if missing { Err(Reason::NoVoltage) } else { Ok(()) }
}

pub(super) fn residual_voltage(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    each(view, |_, unit| units.push(unit))
}

/// What each cycle leaves, with the index of the pulse behind it.
fn each(view: &View<'_>, mut take: impl FnMut(usize, Unit)) -> Result<(), Reason> {
    if !view.facts.relaxed {
        return Err(Reason::NotRelaxed);
    }
    let window = view.window()?;
    let voltage = sense(view).ok_or(Reason::NoVoltage)?;
    let Chain { calibration, sigma } = Chain::of(view, voltage.channel).ok_or(Reason::NoVoltage)?;
    let (_, rest, samples) =
        voltage.before_start.first().copied().ok_or_else(|| Reason::NoInstant("start".to_owned()))?;
    let (mut none, mut unread) = (true, None);
    let mut levels = voltage.before_pulse.iter();
    for cycle in view.cycles(window)? {
        // What is left of this cycle is read before the next pulse.
        let Some((level, n)) = levels.at(cycle.behind()).filter(|(_, n)| *n > 0) else {
            unread.get_or_insert(cycle.index);
            continue;
        };
        let value = (f64::from(level) - rest) * calibration.lsb;
        let mut inl = Nonlinearity::of(&calibration);
        inl.add(f64::from(level), 1.0);
        inl.add(rest, -1.0);
        let budget = vec![
            Input::common("gain", calibration.gain_u * value),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", sigma / f64::from(n).sqrt() * calibration.lsb),
            Input::common("baseline", sigma / f64::from(samples).sqrt() * calibration.lsb),
        ];
        none = false;
        let unit = view.unit(&cycle.row, Measured::new(value, budget));
        let clipped = calibration.at_a_rail(level);
        take(cycle.behind(), Unit { nominal: Some(0.0), clipped, ..unit });
    }
    match unread {
        Some(pulse) => Err(Reason::Unread { pulse }),
        None if none => Err(Reason::NoVoltage),
        None => Ok(()),
    }
}
