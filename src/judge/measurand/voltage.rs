//! What the voltage at a contact shows at the edges of its pulses: access resistance and polarization.

use crate::measure::{EdgeLevels, Input, JointRecord, Measured, Nonlinearity, Reading, Rows, StepRow};
use crate::signal::Calibration;

use super::super::view::deviation;
use super::super::{Reason, Unit, Units, View};
use super::share::{joint, rows};

/// One channel's calibration and the deviation of a sample, codes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub(super) calibration: Calibration,
    pub(super) sigma: f64,
}

impl Chain {
    pub(super) fn of(view: &View<'_>, channel: usize) -> Option<Self> {
        let calibration = view.recording.setup.channels.get(channel)?.calibration;
        let zero = view.recording.zeros.get(channel).and_then(|zeros| zeros.last());
        Some(Self { calibration, sigma: deviation(&calibration, zero) })
    }

    /// A combination of readings, in the channel's unit, with its lines; `gain` names the first.
    pub(super) fn combine(&self, gain: &'static str, terms: &[(Reading, f64)]) -> (f64, [Input; 3]) {
        let Self { calibration, sigma } = *self;
        let mut inl = Nonlinearity::of(&calibration);
        let (mut value, mut variance) = (0.0, 0.0);
        for (reading, weight) in terms {
            let code = f64::from(reading.value);
            value += weight * code;
            variance += weight * weight * f64::from(reading.spread);
            inl.add(code, *weight);
        }
        let value = value * calibration.lsb;
        let lines = [
            Input::common(gain, calibration.gain_u * value),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", sigma * f64::sqrt(variance) * calibration.lsb),
        ];
        (value, lines)
    }
}

/// A contact's edges, pulse by pulse, and its two chains.
pub(super) struct Steps<'v> {
    pub(super) joint: &'v JointRecord,
    rows: Rows<'v, StepRow>,
    pub(super) current: Chain,
    pub(super) voltage: Chain,
}

impl<'v> Steps<'v> {
    pub(super) fn of(view: &View<'v>) -> Result<Self, Reason> {
        let joint = joint(view)?;
        let sense = view.case.phantom.sense_of(&view.contact.name).ok_or(Reason::NoVoltage)?;
        let channels = &view.recording.setup.channels;
        let sensed = channels.iter().position(|channel| channel.name == sense).ok_or(Reason::NoVoltage)?;
        let wanted = (view.contact.channel, sensed);
        let pair = joint.pairs.iter().position(|pair| *pair == wanted).ok_or(Reason::NoVoltage)?;
        let chains = Chain::of(view, wanted.0).zip(Chain::of(view, wanted.1));
        let (current, voltage) = chains.ok_or(Reason::NoVoltage)?;
        let rows = joint.steps.get(pair).ok_or(Reason::NoVoltage)?.iter();
        Ok(Self { joint, rows, current, voltage })
    }

    pub(super) fn at(&mut self, row: usize) -> Option<StepRow> {
        self.rows.at(row)
    }

    /// ΔV/ΔI at the leading edge, ohm, with its lines.
    pub(super) fn resistance(&self, step: &StepRow) -> Option<(f64, Vec<Input>)> {
        let edge = |levels: &EdgeLevels| [(levels.after, 1.0), (levels.before, -1.0)];
        let (volts, by_voltage) = self.voltage.combine("gain", &edge(&step.voltage));
        let (amperes, by_current) = self.current.combine("shunt", &edge(&step.current));
        let value = volts / amperes;
        if !value.is_finite() {
            return None;
        }
        let lines = by_voltage.map(|line| line.scaled(amperes.recip()));
        let more = by_current.map(|line| Input { name: renamed(line.name), ..line.scaled(value / amperes) });
        Some((value, lines.into_iter().chain(more).collect()))
    }
}

/// Lines of the current's chain beside those of the voltage's.
fn renamed(name: &'static str) -> &'static str {
    match name {
        "noise" => "noise of the current",
        "non-linearity" => "non-linearity of the current",
        other => other,
    }
}

/// The units of a quantity at each pulse of the window.
fn each<'v>(
    view: &View<'v>,
    units: &mut Units<'_>,
    measure: impl Fn(&Steps<'v>, &StepRow) -> Option<(f64, Vec<Input>)>,
) -> Result<(), Reason> {
    let mut steps = Steps::of(view)?;
    let window = view.window()?;
    let (mut unread, mut none) = (None, true);
    for (index, row) in rows(view, steps.joint, window)? {
        // A row is of whichever contact was driven: where this one may not have been, it tells nothing of it.
        let mut programs = view.programs_at(row.leading.0 as u64);
        if programs.any(|program| program.share_of(&view.contact.name) == 0.0) {
            continue;
        }
        none = false;
        let found = steps.at(index).and_then(|step| Some((step, measure(&steps, &step)?)));
        let Some((step, (value, budget))) = found else {
            unread.get_or_insert(index);
            continue;
        };
        // A current beyond its range makes a resistance too large, a voltage beyond its range makes it too small.
        if step.current.at_a_rail(&steps.current.calibration) {
            return Err(Reason::Clipped);
        }
        units.push(Unit {
            pulse: Some(index as u64),
            time: Some(view.seconds(row.leading.0)),
            clipped: step.voltage.at_a_rail(&steps.voltage.calibration),
            ..Unit::of(Measured::new(value, budget))
        });
    }
    match unread {
        _ if none => Err(view.no_pulse(window)),
        _ if units.is_empty() => Err(Reason::NoTop),
        Some(pulse) => Err(Reason::Unread { pulse }),
        None => Ok(()),
    }
}

/// ΔV/ΔI across the leading edge.
pub(super) fn access_resistance(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    each(view, units, Steps::resistance)
}

/// What a front end that has settled to 1e-4 still adds to a line behind an edge, as a part of the edge and of the line's spread:
/// what is left decays within two samples, and one sample of a line read there has at most √(3/8) of its spread.
const UNSETTLED: f64 = 1e-4;

/// What the interface has taken up by the end of the leading phase: read back from the gap, or without one less the access
/// drop.
pub(super) fn polarization(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    each(view, units, |steps, step| {
        let voltage = &step.voltage;
        if voltage.gap.is_known() {
            let (value, lines) = steps.voltage.combine("gain", &[(voltage.gap, 1.0), (voltage.before, -1.0)]);
            let drop = f64::from(voltage.last.value - voltage.gap.value) * steps.voltage.calibration.lsb;
            let settling =
                Input::rectangular("settling", UNSETTLED * drop * f64::from(voltage.gap.spread).sqrt());
            return value.is_finite().then(|| (value, lines.into_iter().chain([settling]).collect()));
        }
        // R·i at the end is the step at the edge, times the ratio of two readings of the same current.
        let current = &step.current;
        let ratio = f64::from(current.last.value - current.before.value)
            / f64::from(current.after.value - current.before.value);
        let terms = [(voltage.last, 1.0), (voltage.after, -ratio), (voltage.before, ratio - 1.0)];
        let (value, lines) = steps.voltage.combine("gain", &terms);
        // The ratio is as uncertain as the current's three readings; its gain cancels.
        let terms = [(current.last, 1.0), (current.after, -ratio), (current.before, ratio - 1.0)];
        let (_, by_current) = steps.current.combine("shunt", &terms);
        let step = |levels: &EdgeLevels, chain: &Chain| {
            f64::from(levels.after.value - levels.before.value) * chain.calibration.lsb
        };
        let ohms = step(voltage, &steps.voltage) / step(current, &steps.current);
        let more = by_current.into_iter().skip(1);
        let more = more.map(|line| Input { name: renamed(line.name), ..line.scaled(ohms) });
        value.is_finite().then(|| (value, lines.into_iter().chain(more).collect()))
    })
}
