//! What the voltage says about the electrode: the step across the leading edge, and what stays after the phase.

use super::pulse::Pulse;
use crate::measure::{Input, Measured};

/// Shortest fit, samples.
const FEWEST: usize = 8;

/// Adds access voltage, access resistance and polarization to a pulse.
///
/// Straight lines are fitted from a settling time after an edge over at most 40 % of the phase or 100 µs, and over the
/// 100 µs before it, and extrapolated to the 50 % instant. A metal electrode bends where a phantom is straight, so a
/// fit is halved as long as it shows the bend; what the last halving changed stays in U.
pub(super) fn measure(
    pulse: &mut Pulse,
    voltage: &[f64],
    dt: f64,
    noise: f64,
    step: f64,
    max_error: Option<f64>,
) {
    let Some(lead) = pulse.phases.first() else { return };
    let (t50, end50, width) = (lead.edges.start, lead.edges.end, lead.edges.width());
    let settle = (2.0 * lead.transition).max(2.0);
    let longest = (0.4 * width).min(100e-6 / dt);
    let before = (100e-6 / dt).min(t50 - settle);
    let Some(rest) = fit(voltage, t50 - settle - before, t50 - settle, t50, noise, false) else { return };
    let limits =
        |value: f64| max_error.map(|error| Input::rectangular("instrument limit of error", error * value));
    let resolution = Input::rectangular("quantisation of the file", step / 2.0);
    if let Some(after) = fit(voltage, t50 + settle, t50 + settle + longest, t50, noise, true) {
        let value = after.value - rest.value;
        let mut lines = vec![
            Input::noise("fit", after.u.hypot(rest.u)),
            Input::rectangular("bend of the trace", after.bend),
            resolution,
        ];
        lines.extend(limits(value));
        let current = lead.amplitude.value * f64::from(lead.polarity);
        let relative = lead.amplitude.standard() / lead.amplitude.value;
        let resistance = value / current;
        let mut ohms: Vec<Input> = lines.iter().map(|line| line.scaled(1.0 / current)).collect();
        ohms.push(Input::common("current", resistance * relative));
        pulse.access_voltage = Some(Measured::new(value, lines));
        pulse.access_resistance = Some(Measured::new(resistance, ohms));
    }
    let gap = pulse.gap.as_ref().map_or(f64::INFINITY, |gap| gap.value / dt);
    let room = (gap - 2.0 * settle).min(longest);
    let back = fit(voltage, end50 + settle, end50 + settle + room, end50, noise, true);
    let Some(back) = back.filter(|_| gap >= 2.0 * settle + FEWEST as f64) else { return };
    let value = back.value - rest.value;
    let mut lines = vec![
        Input::noise("fit", back.u.hypot(rest.u)),
        Input::rectangular("bend of the trace", back.bend),
        resolution,
    ];
    lines.extend(limits(value));
    pulse.polarization = Some(Measured::new(value, lines));
}

/// A line's value at an instant.
#[derive(Debug, Clone, Copy)]
struct Extrapolated {
    value: f64,
    u: f64,
    /// What the last halving of the fit changed.
    bend: f64,
}

fn fit(y: &[f64], from: f64, to: f64, at: f64, noise: f64, halve: bool) -> Option<Extrapolated> {
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
fn line(y: &[f64], from: f64, to: f64, at: f64, noise: f64) -> Option<Extrapolated> {
    if to < from || from < 0.0 || !(to - from).is_finite() {
        return None;
    }
    let first = from.ceil() as usize;
    let part = y.get(first..=(to.floor() as usize).min(y.len().saturating_sub(1)))?;
    if part.len() < FEWEST {
        return None;
    }
    let n = part.len() as f64;
    let (mean_t, mean_y) = ((n - 1.0) / 2.0, part.iter().sum::<f64>() / n);
    let (mut tt, mut ty) = (0.0, 0.0);
    for (k, value) in part.iter().enumerate() {
        let t = k as f64 - mean_t;
        tt += t * t;
        ty += t * (value - mean_y);
    }
    let lever = at - first as f64 - mean_t;
    let value = mean_y + ty / tt * lever;
    Some(Extrapolated { value, u: noise * (1.0 / n + lever * lever / tt).sqrt(), bend: 0.0 })
}
