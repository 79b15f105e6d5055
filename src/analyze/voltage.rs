//! What the voltage says about the electrode: the step across the leading edge, and what stays after the phase.

use crate::measure::edge::{Slope, crossing};
use crate::measure::sample::Sample;
use crate::measure::{Input, Measured};

use super::finding::Seen;
use super::passes::Scaled;
use super::pulse::Pulse;
use super::row::{self, Row};

/// Shortest fit, samples.
const FEWEST: usize = 8;

/// Longest fit, s.
const LONGEST: f64 = 100e-6;

/// What approaches its level exponentially is half way up after 0.7 of its time constants, of which the current may have a part too, and
/// within a part in 1000 after 7.
const SETTLED: f64 = 12.0;
/// A voltage that follows within this part of the current's transition is as fast: a metal electrode is not late, it bends.
const APART: f64 = 0.5;
/// How often the settling time grows, as a later fit shows more of the step.
const LATE: usize = 4;
/// A step that is so many times the noise tells when the voltage follows.
const SEEN: f64 = 20.0;

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
    /// The ends of the range that it ran into, lowest and highest.
    pub limits: [Option<f64>; 2],
}

/// What was read off the voltage around one pulse, in units of its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct VoltageRow {
    access: Option<Shift>,
    polarization: Option<Shift>,
    clipped: bool,
}

/// A difference of two straight lines.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shift {
    value: f64,
    u: f32,
    bend: f32,
    /// What the voltage moves while the channels are apart.
    apart: f32,
}

/// The lines before and behind an edge.
type Step = (Extrapolated, Option<Extrapolated>);

/// Where a leading phase lies, samples.
#[derive(Debug, Clone, Copy)]
struct Edges {
    t50: f64,
    end50: f64,
    /// Where the pulse before ended.
    free: f64,
    width: f64,
}

impl Edges {
    /// The longest fit behind an edge.
    fn longest(&self, dt: f64) -> f64 {
        (0.4 * self.width).min(LONGEST / dt)
    }
}

impl Electrode {
    pub(super) fn new(seen: &Seen, dt: f64) -> Self {
        let Seen { survey, scale, .. } = seen;
        Self { scale: *scale, noise: survey.noise, step: survey.step, dt, limits: seen.limits() }
    }

    /// The longest stretch around an edge that is looked at, samples.
    pub(super) fn reach(&self) -> usize {
        (LONGEST / self.dt).min(1e9) as usize
    }

    /// Reads the lines around a pulse.
    ///
    /// Straight lines are fitted from a settling time after an edge over at most 40 % of the phase or 100 µs, and over the
    /// 100 µs before it, and extrapolated to the 50 % instant. A metal electrode bends where a phantom is straight, so a
    /// fit is halved as long as it shows the bend; what the last halving changed stays in U. A voltage that is late, or slower than
    /// the current, is given the time that it takes; what it moved while the channels were apart stays in U too.
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
        let edges = Edges { t50, end50, free, width: row.leading.edges.width() };
        let least = (2.0 * row.leading.transition).max(2.0);
        let (mut settle, mut apart) = (least, 0.0);
        let mut step = self.lines(&edges, samples, (least, settle));
        for _ in 0..LATE {
            let Some(lag) = step.and_then(|step| self.lag(samples, &edges, &step)) else { break };
            apart = lag;
            if lag.abs() < APART * row.leading.transition.max(1.0) {
                break;
            }
            if lag < 0.0 {
                step = self.lines(&edges, samples, (least - lag, settle));
                break;
            }
            if least + SETTLED * lag <= settle {
                break;
            }
            settle = least + SETTLED * lag;
            step = self.lines(&edges, samples, (least, settle));
        }
        let during = samples.get(t50.max(0.0) as usize..end50.max(0.0) as usize).unwrap_or(&[]);
        let clipped = row::clipped(during, self.limits);
        let Some((rest, access)) = step else {
            return VoltageRow { access: None, polarization: None, clipped };
        };
        let shift = |found: Extrapolated| Shift {
            value: found.value - rest.value,
            u: found.u.hypot(rest.u) as f32,
            bend: found.bend as f32,
            // What follows exponentially is late on a slope by its time constant, which is 1.44 times what it is late by at half of its
            // height, and by a bit more where the current has an edge too. All of that is wrong, not a part.
            apart: (2.0 * found.slope * apart) as f32,
        };
        let gap = match row.recovery {
            Some(_) if row.joined.is_some() => 0.0,
            Some(recovery) => recovery.edges.start - row.leading.edges.end,
            None => f64::INFINITY,
        };
        let room = (gap - 2.0 * settle).min(edges.longest(self.dt));
        let back = fit(samples, end50 + settle, end50 + settle + room, end50, self.noise, true);
        let polarization = back.filter(|_| gap >= 2.0 * settle + FEWEST as f64).map(shift);
        VoltageRow { access: access.map(shift), polarization, clipped }
    }

    /// The lines before the leading edge and behind it, both at its 50 % instant, from so many samples before it and behind it on.
    fn lines<S: Sample>(&self, edges: &Edges, samples: &[S], (early, settle): (f64, f64)) -> Option<Step> {
        let Edges { t50, free, .. } = *edges;
        let before = (LONGEST / self.dt).min(t50 - early - (free + early).max(0.0));
        let rest = fit(samples, t50 - early - before, t50 - early, t50, self.noise, false)?;
        let behind = (t50 + settle + edges.longest(self.dt)).min(edges.end50 - 0.5 * settle);
        Some((rest, fit(samples, t50 + settle, behind, t50, self.noise, true)))
    }

    /// By how many samples the voltage is half way up its step later than the current is; `None` where noise hides its step.
    fn lag<S: Sample>(&self, samples: &[S], edges: &Edges, (rest, access): &Step) -> Option<f64> {
        let high = access.as_ref()?.value - rest.value;
        if high.abs() < SEEN * self.noise.max(self.step) {
            return None;
        }
        let slope = if high > 0.0 { Slope::Rising } else { Slope::Falling };
        let from = (edges.t50 - LONGEST / self.dt).max(edges.free).max(0.0) as usize;
        Some(crossing(samples, from, rest.value + 0.5 * high, slope)? - edges.t50)
    }

    /// Adds access voltage, access resistance and polarization to a pulse.
    pub(super) fn add(&self, pulse: &mut Pulse, row: &VoltageRow, gain: impl Fn(f64) -> Option<Input>) {
        let Some(lead) = pulse.phases.first() else { return };
        let measured = |shift: &Shift| {
            let value = shift.value * self.scale.gain;
            let mut lines = vec![
                Input::noise("fit", self.scale.size(f64::from(shift.u))),
                Input::rectangular("bend of the trace", self.scale.size(f64::from(shift.bend))),
                Input::rectangular("channels apart", self.scale.size(f64::from(shift.apart))),
                Input::rectangular("quantisation of the file", self.scale.size(self.step) / 2.0),
            ];
            lines.extend(gain(value));
            Measured::new(value, lines)
        };
        pulse.voltage_clipped = row.clipped || lead.clipped;
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
    /// Per sample.
    slope: f64,
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
    let slope = ty / tt;
    Some(Extrapolated { value, slope, u: noise * (1.0 / n + lever * lever / tt).sqrt(), bend: 0.0 })
}
