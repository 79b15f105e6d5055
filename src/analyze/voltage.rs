//! What the voltage says about the electrode: the step across the leading edge, and what stays after the phase.

use crate::measure::sample::Sample;
use crate::measure::{Input, Measured};

use super::passes::Scaled;
use super::pulse::Pulse;
use super::row::Row;
use super::survey::Survey;

/// Shortest fit, samples.
const FEWEST: usize = 8;

/// Longest fit, s.
const LONGEST: f64 = 100e-6;

/// What all pulses of a record share, of its voltage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Electrode {
    /// Of the samples.
    pub scale: Scaled,
    /// White noise, in units of the samples.
    pub noise: f64,
    /// Resolution of the file, in units of the samples.
    pub step: f64,
    /// Sample interval, s.
    pub dt: f64,
}

/// What was read off the voltage around one pulse, in units of its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct VoltageRow {
    access: Option<Shift>,
    polarization: Option<Shift>,
}

/// A difference of two straight lines.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shift {
    value: f64,
    u: f32,
    bend: f32,
}

impl Electrode {
    pub(super) fn new(survey: &Survey, scale: Scaled, dt: f64) -> Self {
        Self { scale, noise: survey.noise, step: survey.step, dt }
    }

    /// The longest stretch around an edge that is looked at, samples.
    pub(super) fn reach(&self) -> usize {
        (LONGEST / self.dt).min(1e9) as usize
    }

    /// Reads the lines around a pulse.
    ///
    /// Straight lines are fitted from a settling time after an edge over at most 40 % of the phase or 100 µs, and over the
    /// 100 µs before it, and extrapolated to the 50 % instant. A metal electrode bends where a phantom is straight, so a
    /// fit is halved as long as it shows the bend; what the last halving changed stays in U.
    ///
    /// `samples` begin with that index; the pulse before ended at `free`, and what is fitted before this one lies behind it.
    pub(super) fn read<S: Sample>(
        &self,
        row: &Row,
        (first, samples): (usize, &[S]),
        free: f64,
    ) -> VoltageRow {
        let [t50, end50, free] =
            [row.leading.edges.start, row.leading.edges.end, free].map(|instant| instant - first as f64);
        let settle = (2.0 * row.leading.transition).max(2.0);
        let longest = (0.4 * row.leading.edges.width()).min(LONGEST / self.dt);
        let before = (LONGEST / self.dt).min(t50 - settle - (free + settle).max(0.0));
        let line = |from: f64, to: f64, at: f64, halve: bool| fit(samples, from, to, at, self.noise, halve);
        let none = VoltageRow { access: None, polarization: None };
        let Some(rest) = line(t50 - settle - before, t50 - settle, t50, false) else { return none };
        let shift = |found: Extrapolated| Shift {
            value: found.value - rest.value,
            u: found.u.hypot(rest.u) as f32,
            bend: found.bend as f32,
        };
        let access = line(t50 + settle, t50 + settle + longest, t50, true).map(shift);
        let gap = match row.recovery {
            Some(_) if row.joined.is_some() => 0.0,
            Some(recovery) => recovery.edges.start - row.leading.edges.end,
            None => f64::INFINITY,
        };
        let room = (gap - 2.0 * settle).min(longest);
        let back = line(end50 + settle, end50 + settle + room, end50, true);
        let polarization = back.filter(|_| gap >= 2.0 * settle + FEWEST as f64).map(shift);
        VoltageRow { access, polarization }
    }

    /// Adds access voltage, access resistance and polarization to a pulse.
    pub(super) fn add(&self, pulse: &mut Pulse, row: &VoltageRow, gain: impl Fn(f64) -> Option<Input>) {
        let Some(lead) = pulse.phases.first() else { return };
        let measured = |shift: &Shift| {
            let value = shift.value * self.scale.gain;
            let mut lines = vec![
                Input::noise("fit", self.scale.size(f64::from(shift.u))),
                Input::rectangular("bend of the trace", self.scale.size(f64::from(shift.bend))),
                Input::rectangular("quantisation of the file", self.scale.size(self.step) / 2.0),
            ];
            lines.extend(gain(value));
            Measured::new(value, lines)
        };
        let access = row.access.as_ref().map(measured);
        pulse.access_resistance = access.as_ref().map(|access| {
            let current = lead.amplitude.value * f64::from(lead.polarity);
            let relative = lead.amplitude.standard() / lead.amplitude.value;
            let resistance = access.value / current;
            let mut ohms: Vec<Input> = access.budget.iter().map(|line| line.scaled(1.0 / current)).collect();
            ohms.push(Input::common("current", resistance * relative));
            Measured::new(resistance, ohms)
        });
        pulse.access_voltage = access;
        pulse.polarization = row.polarization.as_ref().map(measured);
    }
}

/// A line's value at an instant.
#[derive(Debug, Clone, Copy)]
struct Extrapolated {
    value: f64,
    u: f64,
    /// What the last halving of the fit changed.
    bend: f64,
}

fn fit<S: Sample>(y: &[S], from: f64, to: f64, at: f64, noise: f64, halve: bool) -> Option<Extrapolated> {
    let mut found = line(y, from, to, at, noise)?;
    if !halve {
        return Some(found);
    }
    let mut length = (to - from) / 2.0;
    // The half that lies next to the instant, as long as it has enough samples.
    while let Some(shorter) = line(y, from, from + length, at, noise) {
        length /= 2.0;
        let change = (shorter.value - found.value).abs();
        if change <= 3.0 * shorter.u.hypot(found.u) {
            break;
        }
        found = Extrapolated { bend: change, ..shorter };
    }
    Some(found)
}

/// Least squares through the samples in [from, to], at `at` (all in samples).
fn line<S: Sample>(y: &[S], from: f64, to: f64, at: f64, noise: f64) -> Option<Extrapolated> {
    if to < from || from < 0.0 || !(to - from).is_finite() {
        return None;
    }
    let first = from.ceil() as usize;
    let part = y.get(first..=(to.floor() as usize).min(y.len().saturating_sub(1)))?;
    if part.len() < FEWEST {
        return None;
    }
    let n = part.len() as f64;
    let (mean_t, mean_y) = ((n - 1.0) / 2.0, S::sum(part) / n);
    let (mut tt, mut ty) = (0.0, 0.0);
    for (k, sample) in part.iter().enumerate() {
        let t = k as f64 - mean_t;
        tt += t * t;
        ty += t * (sample.value() - mean_y);
    }
    let lever = at - first as f64 - mean_t;
    let value = mean_y + ty / tt * lever;
    Some(Extrapolated { value, u: noise * (1.0 / n + lever * lever / tt).sqrt(), bend: 0.0 })
}
