//! What the anti-alias filter does to an edge: delay, settling, and the error of straight-line interpolation.

use super::edge::{Slope, crossing};
use super::window::windowed_sum;

/// Constants of a Bessel low-pass behind which samples are taken. Times in seconds.
///
/// They are read off its step response, which is integrated once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrontEnd {
    /// From a step to the 50 % instant that straight-line interpolation finds, mean over the phase of the samples.
    pub delay: f64,
    /// Delay of the response's centre of area: charge arrives this late.
    pub area_delay: f64,
    /// From a step until the response stays within 1e-4 of its end, rounded up to whole samples: `g` of the
    /// definitions.
    pub settling: f64,
    /// t90 − t10 of the response to a step.
    pub transition: f64,
    /// The charge (per ampere of step) that has arrived before that instant, as the samples up to it give it, mean over
    /// their phase.
    pub early: f64,
    /// Standard deviation, over the phase of the samples, of the 50 % instant found by straight-line interpolation.
    pub interpolation: f64,
    /// By how much [`early`](Self::early) is larger where that instant is found later, as a fraction of the step: the
    /// height at which a wrong instant cuts the edge, about a half.
    pub height: f64,
    /// Standard deviation, over the phase of the samples, of what is left of [`early`](Self::early) then: the error of
    /// a sum that ends on the edge.
    pub cut: f64,
    /// Standard deviation, over the phase of the samples, of a sum of samples that begins in the rest before a step and ends on the
    /// top behind it, per ampere of step: of what lies between two samples nothing is seen. T/√12 without a filter; of the
    /// content at multiples of the sampling rate a filter leaves little (domain.md 6.5).
    pub summed: f64,
    /// What a step looks like in the shape of an edge.
    pub edge: EdgeSeen,
}

/// Shapes of edges as the filter and the sampling show them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeSeen {
    /// Overshoot of the response to a step, as a fraction of it.
    pub overshoot: f64,
    /// t90 − t10 of a step by straight-line interpolation, mean over the phase of the samples, s.
    pub transition: f64,
    /// Its standard deviation over that phase, s.
    pub spread: f64,
    /// What is seen of an excess that decays exponentially behind a step: (time from its peak to half of it, s; peak as a
    /// fraction of the excess at the step), ascending.
    pub decays: [(f64, f64); DECAYS.len()],
    /// Where the 50 % instant lies between what is seen before it and behind it, a transition duration and a sample away, and the
    /// part of that within a sample about it.
    pub half: (f64, f64),
}

/// Time constants of the tabulated excesses, in transition durations: of what is faster than one too little passes to
/// say how much there was, what is slower than ten is hardly changed.
const DECAYS: [f64; 7] = [1.0, 1.5, 2.0, 3.0, 4.5, 6.5, 10.0];

/// The step response is tabulated at this fraction of the unit delay.
const STEP: f64 = 1.0 / 512.0;

impl FrontEnd {
    /// A filter of `poles` Bessel poles (0: none) with −3 dB at `cutoff` Hz, sampled every `period` seconds.
    pub fn bessel(poles: u32, cutoff: f64, period: f64) -> Self {
        if poles == 0 || cutoff.is_nan() || cutoff <= 0.0 {
            // Edges are not resolved: T/√6 per width, half of its square per edge (domain.md 6.5).
            return Self {
                delay: 0.0,
                area_delay: 0.0,
                settling: 2.0 * period,
                transition: 0.0,
                early: 0.0,
                interpolation: period / 12_f64.sqrt(),
                height: 0.0,
                cut: 0.0,
                summed: period / 12_f64.sqrt(),
                edge: EdgeSeen {
                    overshoot: 0.0,
                    transition: 0.8 * period,
                    spread: 0.0,
                    decays: DECAYS.map(|factor| (factor * period, 1.0)),
                    half: (0.5, 1.0),
                },
            };
        }
        let coefficients = reverse_bessel(poles);
        // Time in units of the filter's zero-frequency delay.
        let unit = half_power(&coefficients) / (std::f64::consts::TAU * cutoff);
        let response = step_response(&coefficients);
        let settled = response.iter().rposition(|y| (y - 1.0).abs() > 1e-4).unwrap_or(0) as f64 * STEP;
        let seen = StepSeen::of(&response, period / unit);
        Self {
            delay: seen.delay * unit,
            area_delay: unit,
            settling: (settled * unit / period).ceil() * period,
            transition: (instant(&response, 0.9) - instant(&response, 0.1)) * unit,
            early: seen.early * unit,
            interpolation: seen.interpolation * unit,
            height: seen.height,
            cut: seen.cut * unit,
            summed: seen.summed * unit,
            edge: EdgeSeen::of(&response, period / unit, unit),
        }
    }
}

impl EdgeSeen {
    /// Of a step response, sampled every `period` delays of `unit` seconds.
    fn of(response: &[f64], period: f64, unit: f64) -> Self {
        let top = response.iter().copied().fold(1.0, f64::max);
        let transition = instant(response, 0.9) - instant(response, 0.1);
        let (seen, spread) = transition_seen(response, period);
        let decays = DECAYS.map(|factor| {
            let (half, ratio) = decay_seen(response, top, factor * transition);
            (half * unit, ratio)
        });
        let middle = instant(response, 0.5);
        let around = |apart: f64| (value(response, middle - apart), value(response, middle + apart));
        let ((before, behind), (low, high)) = (around(transition + period), around(0.5 * period));
        let step = behind - before;
        let half = ((0.5 - before) / step, (high - low) / step);
        Self { overshoot: top - 1.0, transition: seen * unit, spread: spread * unit, decays, half }
    }

    /// Part of an exponential excess that is seen, from the time in which what is seen of it halves, s. What is faster than
    /// the table counts as its fastest.
    pub fn seen(&self, half: f64) -> f64 {
        let part = self.decays.windows(2).find_map(|pair| match pair {
            [(a, low), (b, high)] if half <= *b => {
                Some(low + (high - low) * ((half - a) / (b - a)).clamp(0.0, 1.0))
            }
            _ => None,
        });
        part.unwrap_or(self.decays.last().map_or(1.0, |last| last.1))
    }
}

/// A step response as it is sampled at each of 64 phases, its first sample before the step: (instant of that sample,
/// samples), in delays.
fn sampled(response: &[f64], period: f64) -> impl Iterator<Item = (f64, Vec<f64>)> {
    const PHASES: u32 = 64;
    (0..PHASES).map(move |phase| {
        let first = period * (f64::from(phase) / f64::from(PHASES) - 1.0);
        let count = (12.0 / period) as u32 + 3;
        (first, (0..count).map(|k| value(response, first + period * f64::from(k))).collect())
    })
}

/// Mean and standard deviation.
fn spread(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// Mean and standard deviation of t90 − t10 over the phase of the samples, in delays.
fn transition_seen(response: &[f64], period: f64) -> (f64, f64) {
    let seen = sampled(response, period).map(|(_, samples)| {
        let at = |level| crossing(&samples, 0, level, Slope::Rising).unwrap_or(0.0);
        (at(0.9) - at(0.1)) * period
    });
    spread(&seen.collect::<Vec<f64>>())
}

/// What interpolation and summation make of a step, over the phase of the samples; in delays.
struct StepSeen {
    delay: f64,
    early: f64,
    interpolation: f64,
    height: f64,
    cut: f64,
    summed: f64,
}

impl StepSeen {
    /// Of a step response, sampled every `period` delays.
    fn of(response: &[f64], period: f64) -> Self {
        let (mut instants, mut areas, mut wholes) = (Vec::new(), Vec::new(), Vec::new());
        for (first, samples) in sampled(response, period) {
            let found = crossing(&samples, 0, 0.5, Slope::Rising).unwrap_or(0.0);
            instants.push(first + found * period);
            areas.push(windowed_sum(&samples, 0.0, found) * period);
            // The whole of what is sampled, less how long it is: what is left differs from phase to phase by the error alone.
            let until = first + (samples.len() as f64 - 0.5) * period;
            wholes.push(samples.iter().sum::<f64>() * period - until);
        }
        let ((delay, interpolation), (early, _)) = (spread(&instants), spread(&areas));
        let products = instants.iter().zip(&areas).map(|(t, area)| (t - delay) * (area - early));
        let covariance = products.sum::<f64>() / instants.len() as f64;
        let height = if interpolation > 0.0 { covariance / interpolation.powi(2) } else { 0.0 };
        let left: Vec<f64> = instants.iter().zip(&areas).map(|(t, area)| area - height * t).collect();
        Self { delay, early, interpolation, height, cut: spread(&left).1, summed: spread(&wholes).1 }
    }
}

/// The response to 1 + a·exp(−t/τ) with a = 0.1: how long its excess over 1 takes from its peak to half of it, in
/// delays, and the peak less the step's own overshoot, as a fraction of a.
fn decay_seen(response: &[f64], top: f64, tau: f64) -> (f64, f64) {
    const PART: f64 = 0.1;
    let keep = (-STEP / tau).exp();
    // The response to a decay is that to a step less a first-order lag of it.
    let mut lag = 0.0;
    let both: Vec<f64> = response
        .windows(2)
        .map(|pair| {
            let [a, b] = pair else { return 0.0 };
            lag = keep * lag + 0.5 * (a + b) * (1.0 - keep);
            b + PART * (b - lag) - 1.0
        })
        .collect();
    let (at, peak) = both
        .iter()
        .copied()
        .enumerate()
        .fold((0, 0.0_f64), |best, (k, y)| if y > best.1 { (k, y) } else { best });
    let half = both.iter().skip(at).position(|y| *y < 0.5 * peak).unwrap_or(both.len() - at);
    (half as f64 * STEP, (peak - (top - 1.0)) / PART)
}

/// The step response at an instant, in delays.
fn value(response: &[f64], t: f64) -> f64 {
    let position = (t / STEP).max(0.0);
    let k = position as usize;
    let at = |k: usize| response.get(k).copied().unwrap_or(1.0);
    if t <= 0.0 { 0.0 } else { at(k) + (at(k + 1) - at(k)) * (position - k as f64) }
}

/// Coefficients a₀…aₙ of the reverse Bessel polynomial θₙ(s) = Σ aₖ sᵏ; H(s) = a₀/θₙ(s) has unit delay.
fn reverse_bessel(poles: u32) -> Vec<f64> {
    // θₙ = (2n − 1) θₙ₋₁ + s² θₙ₋₂
    let (mut older, mut newer) = (vec![1.0], vec![1.0, 1.0]);
    for n in 2..=poles {
        let mut next = vec![0.0; n as usize + 1];
        for (slot, a) in next.iter_mut().zip(&newer) {
            *slot += f64::from(2 * n - 1) * a;
        }
        for (slot, a) in next.iter_mut().skip(2).zip(&older) {
            *slot += a;
        }
        older = std::mem::replace(&mut newer, next);
    }
    newer
}

/// Angular frequency at which |H|² is a half.
fn half_power(coefficients: &[f64]) -> f64 {
    let a0 = coefficients.first().copied().unwrap_or(1.0);
    let excess = |w: f64| {
        let (mut re, mut im) = (0.0, 0.0);
        for (k, a) in coefficients.iter().enumerate() {
            let term = a * w.powi(k as i32);
            match k % 4 {
                0 => re += term,
                1 => im += term,
                2 => re -= term,
                _ => im -= term,
            }
        }
        re * re + im * im - 2.0 * a0 * a0
    };
    let (mut low, mut high) = (0.0, 64.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if excess(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Step response of a₀/θ(s), sampled every [`STEP`], over sixteen delays; classical Runge–Kutta on the controllable
/// form.
fn step_response(coefficients: &[f64]) -> Vec<f64> {
    let order = coefficients.len() - 1;
    let lead = coefficients.last().copied().unwrap_or(1.0);
    let a0 = coefficients.first().copied().unwrap_or(1.0);
    let slope = |x: &[f64], k: &mut [f64]| {
        let feedback: f64 = coefficients.iter().zip(x).map(|(a, x)| a * x).sum();
        for (slot, x) in k.iter_mut().zip(x.iter().skip(1).copied().chain([(a0 - feedback) / lead])) {
            *slot = x;
        }
    };
    let moved = |x: &[f64], k: &[f64], by: f64, to: &mut [f64]| {
        for ((slot, x), k) in to.iter_mut().zip(x).zip(k) {
            *slot = x + by * k;
        }
    };
    let (mut state, mut trial) = (vec![0.0; order], vec![0.0; order]);
    let [mut k1, mut k2, mut k3, mut k4] = std::array::from_fn(|_| vec![0.0; order]);
    let count = (16.0 / STEP) as usize;
    let mut response = Vec::with_capacity(count);
    for _ in 0..count {
        response.push(state.first().copied().unwrap_or(1.0));
        slope(&state, &mut k1);
        moved(&state, &k1, 0.5 * STEP, &mut trial);
        slope(&trial, &mut k2);
        moved(&state, &k2, 0.5 * STEP, &mut trial);
        slope(&trial, &mut k3);
        moved(&state, &k3, STEP, &mut trial);
        slope(&trial, &mut k4);
        for ((((x, a), b), c), d) in state.iter_mut().zip(&k1).zip(&k2).zip(&k3).zip(&k4) {
            *x += STEP / 6.0 * (a + 2.0 * b + 2.0 * c + d);
        }
    }
    response
}

/// First instant of a level, in delays.
fn instant(response: &[f64], level: f64) -> f64 {
    crossing(response, 0, level, Slope::Rising).unwrap_or(0.0) * STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_bench_has_the_constants_of_its_definition() {
        let front_end = FrontEnd::bessel(4, 1e5, 1e-6);
        // Unit-delay Bessel of order 4: −3 dB at 2.113918 rad/s.
        assert!((half_power(&reverse_bessel(4)) - 2.113_918).abs() < 1e-5);
        assert!((front_end.settling - 16e-6).abs() < 1e-9, "{front_end:?}");
        assert!((front_end.transition - 3.5e-6).abs() < 0.05e-6, "{front_end:?}");
        // 0.009 µs for a width, which has two edges.
        let width = front_end.interpolation * 2_f64.sqrt();
        assert!((width - 0.009e-6).abs() < 0.002e-6, "{width:e}");
    }

    #[test]
    fn what_is_seen_of_an_edge_is_what_integration_gives() {
        // Runge-Kutta of the filter's equations under 1 + 0.1·exp(−t/τ) by a program of its own, τ = 5, 10, 20, 35 µs.
        const TABLE: [(f64, f64); 4] =
            [(2.792e-6, 0.4702), (5.753e-6, 0.6775), (11.843e-6, 0.8216), (20.927e-6, 0.8953)];
        let edge = FrontEnd::bessel(4, 1e5, 1e-6).edge;
        assert!((edge.overshoot - 0.00835).abs() < 2e-5, "{edge:?}");
        assert!(
            (edge.transition - 3.637e-6).abs() < 0.01e-6 && (edge.spread - 0.03e-6).abs() < 0.01e-6,
            "{edge:?}"
        );
        // Of a step that goes 0.6 % too far half is crossed at 0.497 of it; its slope there is some 0.28 in a microsecond.
        assert!((0.494..0.5).contains(&edge.half.0), "{edge:?}");
        assert!((0.25..0.3).contains(&edge.half.1), "{edge:?}");
        for (half, part) in TABLE {
            assert!((edge.seen(half) - part).abs() < 0.01, "{half:e} {part} {edge:?}");
        }
        assert_eq!((edge.seen(0.5e-6), edge.seen(f64::INFINITY)), (edge.decays[0].1, edge.decays[6].1));
    }

    #[test]
    fn without_a_filter_an_edge_is_where_its_sample_is() {
        for (poles, cutoff) in [(0, 1e5), (4, f64::NAN), (4, 0.0), (4, -1.0)] {
            let front_end = FrontEnd::bessel(poles, cutoff, 2e-6);
            assert_eq!((front_end.delay, front_end.area_delay, front_end.early), (0.0, 0.0, 0.0));
            assert_eq!((front_end.settling, front_end.edge.transition), (4e-6, 1.6e-6));
            assert!((front_end.interpolation - 2e-6 / 12_f64.sqrt()).abs() < 1e-18);
            assert_eq!(front_end.summed, front_end.interpolation);
            assert_eq!(front_end.edge.decays[2], (4e-6, 1.0));
        }
    }

    /// By Poisson's formula a sum of samples of a step is wrong by a sine of their phase, of rms T·|H(f_s)|/(√2·π), and by overtones
    /// of it.
    #[test]
    fn a_sum_over_an_edge_is_wrong_by_what_the_filter_lets_through_at_the_sampling_rate() {
        for period in [1e-6, 2e-6, 4e-6] {
            let w: f64 = 2.113_917_674_9 / (period * 1e5);
            let (re, im) = (105.0 - 45.0 * w * w + w.powi(4), 105.0 * w - 10.0 * w.powi(3));
            let expected = period * 105.0 / re.hypot(im) / (2_f64.sqrt() * std::f64::consts::PI);
            let found = FrontEnd::bessel(4, 1e5, period).summed;
            assert!((found / expected - 1.0).abs() < 0.02, "{period:e} {found:e} {expected:e}");
        }
        // A filter that is much faster than the samples is as good as none.
        let found = FrontEnd::bessel(4, 1e8, 1e-6).summed;
        assert!((found * 12_f64.sqrt() / 1e-6 - 1.0).abs() < 1e-2, "{found:e}");
    }

    /// Response of the four-pole Bessel filter to a step, in units of its delay, by partial fractions over its published poles.
    fn closed(t: f64) -> f64 {
        const POLES: [(f64, f64); 2] =
            [(-2.103_789_397_1, 2.657_418_041_8), (-2.896_210_602_8, 0.867_234_128_9)];
        type Complex = (f64, f64);
        let mul = |a: Complex, b: Complex| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
        if t <= 0.0 {
            return 0.0;
        }
        let all: Vec<Complex> = POLES.iter().flat_map(|p| [*p, (p.0, -p.1)]).collect();
        let gain = all.iter().fold((1.0, 0.0), |product, p| mul(product, (-p.0, -p.1)));
        let terms = all.iter().enumerate().map(|(k, p)| {
            let others = all.iter().enumerate().filter(|(j, _)| *j != k);
            let below = others.fold(*p, |product, (_, q)| mul(product, (p.0 - q.0, p.1 - q.1)));
            let size = below.0 * below.0 + below.1 * below.1;
            let residue = mul(gain, (below.0 / size, -below.1 / size));
            let turn = ((p.0 * t).exp() * (p.1 * t).cos(), (p.0 * t).exp() * (p.1 * t).sin());
            mul(residue, turn).0
        });
        1.0 + terms.sum::<f64>()
    }

    #[test]
    fn an_edge_is_found_and_divided_as_its_closed_form_says() {
        // 100 kHz: a delay of 2.113 917 674 9/(2π·10⁵) s, and 1 MS/s, a sample every 0.297 delays.
        let front_end = FrontEnd::bessel(4, 1e5, 1e-6);
        let unit = 2.113_917_674_9 / (std::f64::consts::TAU * 1e5);
        assert!((front_end.area_delay / unit - 1.0).abs() < 1e-6);
        let response = step_response(&reverse_bessel(4));
        assert!(
            response.iter().enumerate().step_by(7).all(|(k, y)| (y - closed(k as f64 * STEP)).abs() < 1e-8)
        );
        let period = 1e-6 / unit;
        let phases = 1000;
        let mut seen = Vec::new();
        for phase in 0..phases {
            let first = period * (f64::from(phase) / f64::from(phases) - 1.0);
            let sample = |k: usize| closed(first + period * k as f64);
            let k = (0..60).find(|k| sample(k + 1) >= 0.5).unwrap();
            let found = k as f64 + (0.5 - sample(k)) / (sample(k + 1) - sample(k));
            // What the samples up to there give: each for half a sample on either side, the last on its local slope.
            let last = (found + 0.5).floor();
            let offset = found - last;
            let (n, slope) = (last as usize, 0.5 * (sample(last as usize + 1) - sample(last as usize - 1)));
            let area = (0..n).map(sample).sum::<f64>()
                + sample(n) * (offset + 0.5)
                + 0.5 * slope * (offset * offset - 0.25);
            seen.push((first + period * found, area * period));
        }
        let n = f64::from(phases);
        let mean = |pick: &dyn Fn(&(f64, f64)) -> f64| seen.iter().map(pick).sum::<f64>() / n;
        let (delay, early) = (mean(&|seen| seen.0), mean(&|seen| seen.1));
        let variance = mean(&|seen| (seen.0 - delay).powi(2));
        let height = mean(&|seen| (seen.0 - delay) * (seen.1 - early)) / variance;
        let cut = mean(&|seen| (seen.1 - early - height * (seen.0 - delay)).powi(2)).sqrt();
        let near = |found: f64, expected: f64, within: f64| {
            assert!((found - expected).abs() < within * expected.abs(), "{found:e} {expected:e}");
        };
        near(front_end.delay, delay * unit, 1e-5);
        near(front_end.early, early * unit, 1e-4);
        near(front_end.interpolation, variance.sqrt() * unit, 1e-2);
        near(front_end.height, height, 1e-2);
        near(front_end.cut, cut * unit, 2e-2);
    }

    /// Of 1 − exp(−t), which takes ln 9 from 10 to 90 % and is half-way at ln 2, sampled every 0.2·π.
    #[test]
    fn what_an_edge_has_within_a_sample_is_a_part_of_what_is_seen_of_it() {
        let front_end = FrontEnd::bessel(1, 1e5, 1e-6);
        let period = 0.2 * std::f64::consts::PI;
        let behind = 1.0 - 0.5 * (-(9_f64.ln() + period)).exp();
        let within = 0.5 * (0.5 * period).exp() - 0.5 * (-0.5 * period).exp();
        let (half, steep) = front_end.edge.half;
        assert!((half - 0.5 / behind).abs() < 1e-3, "{half}");
        assert!((steep - within / behind).abs() < 2e-3, "{steep} {}", within / behind);
    }
}
