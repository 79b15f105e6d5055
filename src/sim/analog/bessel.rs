//! Bessel low-pass filters in partial fractions, evaluated in closed form.

use nalgebra::Complex;

use crate::phantom::Waveform;

/// An all-pole low-pass with maximally flat group delay: H(s) = Σ residue / (s − pole), H(0) = 1.
///
/// The poles are the roots of the reverse Bessel polynomial θₙ(s) = Σ aₖ sᵏ with aₖ = (2n−k)! / (2ⁿ⁻ᵏ k! (n−k)!)
/// (Thomson 1949), scaled so that |H| is −3 dB at the cutoff of the whole filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Bessel {
    /// Poles (1/s) of the upper half plane and the real axis, with the residue that the pair (or the single one) has in
    /// the real part of the response.
    fractions: Vec<(Complex<f64>, Complex<f64>)>,
}

impl Bessel {
    /// A filter of `poles` (at least one) poles with its −3 dB frequency at `cutoff`, Hz.
    pub fn new(poles: u32, cutoff: f64) -> Self {
        let n = poles.clamp(1, 10);
        let roots = roots(&coefficients(n));
        let scale = std::f64::consts::TAU * cutoff / half_power(&roots);
        let roots: Vec<Complex<f64>> = roots.iter().map(|root| root * scale).collect();
        let gain: Complex<f64> = roots.iter().map(|root| -root).product();
        let fractions = roots
            .iter()
            .enumerate()
            .filter(|(_, root)| root.im > -1e-9 * root.norm())
            .map(|(k, root)| {
                let others = roots.iter().enumerate().filter(|(other, _)| *other != k);
                let product: Complex<f64> = others.map(|(_, other)| root - other).product();
                let weight = if root.im > 1e-9 * root.norm() { 2.0 } else { 1.0 };
                (*root, gain / product * weight)
            })
            .collect();
        Self { fractions }
    }

    /// Group delay at low frequencies, s: −H'(0).
    pub fn delay(&self) -> f64 {
        self.fractions.iter().map(|(pole, residue)| (residue / (pole * pole)).re).sum()
    }

    /// Complex response at a frequency, Hz.
    pub fn response(&self, frequency: f64) -> Complex<f64> {
        let s = Complex::new(0.0, std::f64::consts::TAU * frequency);
        self.fractions
            .iter()
            .map(|(pole, residue)| {
                if pole.im.abs() <= 1e-9 * pole.norm() {
                    residue / (s - pole)
                } else {
                    (residue / (s - pole) + residue.conj() / (s - pole.conj())) * 0.5
                }
            })
            .sum()
    }

    /// State of a filter that has rested at `level` for ever.
    pub(super) fn settled(&self, level: f64) -> Vec<Complex<f64>> {
        self.fractions.iter().map(|(pole, _)| -Complex::from(level) / pole).collect()
    }

    /// The response to `input` from a state: what it is while `input` holds, without approximation.
    pub(super) fn respond(&self, input: &Waveform, state: &[Complex<f64>], out: &mut Response) {
        out.steady.constant = input.constant - input.slope * self.delay();
        out.steady.slope = input.slope;
        out.steady.decays.clear();
        for &(rate, coefficient) in &input.decays {
            let through: f64 =
                self.fractions.iter().map(|(pole, residue)| (residue / apart(rate, *pole)).re).sum();
            out.steady.decays.push((rate, coefficient * through));
        }
        out.ringing.clear();
        for ((pole, residue), state) in self.fractions.iter().zip(state) {
            out.ringing.push((*pole, residue * (state - particular(input, *pole, 0.0))));
        }
    }

    /// The state after `seconds` of `input`.
    pub(super) fn step(&self, input: &Waveform, state: &mut [Complex<f64>], seconds: f64) {
        for ((pole, _), state) in self.fractions.iter().zip(state) {
            let transient = *state - particular(input, *pole, 0.0);
            *state = transient * (pole * seconds).exp() + particular(input, *pole, seconds);
        }
    }
}

/// The closed form of a filtered signal: Re of damped oscillations on top of the forced part.
#[derive(Debug, Clone, Default)]
pub(super) struct Response {
    pub steady: Waveform,
    pub ringing: Vec<(Complex<f64>, Complex<f64>)>,
}

#[cfg(test)]
impl Response {
    fn at(&self, t: f64) -> f64 {
        let ringing: f64 =
            self.ringing.iter().map(|(pole, amplitude)| (amplitude * (pole * t).exp()).re).sum();
        self.steady.at(t) + ringing
    }
}

/// −rate − pole, kept off zero where a mode and a real pole coincide (the two terms then cancel to t·exp).
fn apart(rate: f64, pole: Complex<f64>) -> Complex<f64> {
    let difference = Complex::from(-rate) - pole;
    if difference.norm() > 1e-7 * rate { difference } else { Complex::from(1e-7 * rate) }
}

/// The forced solution of x' = pole·x + input.
fn particular(input: &Waveform, pole: Complex<f64>, t: f64) -> Complex<f64> {
    let inverse = pole.inv();
    let decays: Complex<f64> = input
        .decays
        .iter()
        .map(|&(rate, coefficient)| Complex::from(coefficient * (-rate * t).exp()) / apart(rate, pole))
        .sum();
    -(inverse * (input.constant + input.slope * t) + inverse * inverse * input.slope) + decays
}

/// a₀ … aₙ.
fn coefficients(n: u32) -> Vec<f64> {
    let factorial = |k: u32| (1..=k).map(f64::from).product::<f64>();
    (0..=n)
        .map(|k| factorial(2 * n - k) / (f64::from(2_u32.pow(n - k)) * factorial(k) * factorial(n - k)))
        .collect()
}

/// All roots of a monic polynomial (ascending coefficients), by Durand-Kerner iteration.
fn roots(coefficients: &[f64]) -> Vec<Complex<f64>> {
    let n = coefficients.len() - 1;
    let value = |s: Complex<f64>| {
        coefficients.iter().rev().fold(Complex::from(0.0), |sum, coefficient| sum * s + coefficient)
    };
    let radius = coefficients.first().map_or(1.0, |a| a.abs().powf(1.0 / n as f64));
    let mut roots: Vec<Complex<f64>> = (0..n)
        .map(|k| Complex::from_polar(radius, 0.4 + std::f64::consts::TAU * k as f64 / n as f64))
        .collect();
    for _ in 0..200 {
        let previous = roots.clone();
        for (k, root) in roots.iter_mut().enumerate() {
            let others = previous.iter().enumerate().filter(|(other, _)| *other != k);
            let product: Complex<f64> = others.map(|(_, other)| *root - other).product();
            *root -= value(*root) / product;
        }
    }
    roots
}

/// Angular frequency at which |Π(−p)/Π(jω − p)|² is one half.
fn half_power(roots: &[Complex<f64>]) -> f64 {
    let power = |omega: f64| -> f64 {
        roots.iter().map(|root| root.norm_sqr() / (Complex::new(0.0, omega) - root).norm_sqr()).product()
    };
    let (mut low, mut high) = (0.0, 1e3);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if power(middle) > 0.5 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_poles_are_those_of_the_tables() {
        // Normalised to −3 dB at 1 rad/s, e.g. Zverev's tables: −1.3701 ± j0.4102 and −0.9952 ± j1.2571.
        let filter = Bessel::new(4, 1.0 / std::f64::consts::TAU);
        let mut poles: Vec<_> = filter.fractions.iter().map(|(pole, _)| (pole.re, pole.im)).collect();
        poles.sort_by(|a, b| a.0.total_cmp(&b.0));
        for ((re, im), (a, b)) in poles.iter().zip([(-1.3701, 0.4102), (-0.9952, 1.2571)]) {
            assert!((re - a).abs() < 1e-4 && (im - b).abs() < 1e-4, "{re} {im}");
        }
    }

    #[test]
    fn the_cutoff_is_minus_three_decibels_of_the_whole_filter() {
        for (poles, cutoff) in [(1, 10.0), (2, 2.0), (3, 50.0), (4, 1e5), (6, 1e4)] {
            let filter = Bessel::new(poles, cutoff);
            assert!((filter.response(cutoff).norm_sqr() - 0.5).abs() < 1e-9, "{poles} poles");
            assert!((filter.response(0.0).re - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_group_delay_is_flat_far_into_the_pass_band() {
        let filter = Bessel::new(4, 1e5);
        let delay = |f: f64| {
            let h = 1.0;
            let turn = (filter.response(f + h) / filter.response(f - h)).arg();
            -turn / (2.0 * h * std::f64::consts::TAU)
        };
        // 2.114/ω for four poles; flat within 0.1 % up to half the cutoff.
        assert!((filter.delay() - 2.1139 / (std::f64::consts::TAU * 1e5)).abs() < 1e-10);
        for f in [10.0, 1e4, 5e4] {
            assert!((delay(f) / filter.delay() - 1.0).abs() < 1e-3, "{f}: {}", delay(f));
        }
    }

    #[test]
    fn the_step_response_is_the_one_that_integration_gives() {
        let filter = Bessel::new(4, 1e5);
        let input = Waveform { constant: 1.0, slope: 2e4, decays: vec![(3e4, -0.5), (4e6, 0.25)] };
        let mut response = Response::default();
        filter.respond(&input, &filter.settled(0.0), &mut response);
        // Fourth-order Runge-Kutta of the same equations.
        let (h, mut t) = (1e-9, 0.0);
        let mut state = filter.settled(0.0);
        for _ in 0..20_000 {
            for ((pole, _), x) in filter.fractions.iter().zip(&mut state) {
                let f = |t: f64, x: Complex<f64>| pole * x + input.at(t);
                let k1 = f(t, *x);
                let k2 = f(t + h / 2.0, *x + k1 * (h / 2.0));
                let k3 = f(t + h / 2.0, *x + k2 * (h / 2.0));
                let k4 = f(t + h, *x + k3 * h);
                *x += (k1 + (k2 + k3) * 2.0 + k4) * (h / 6.0);
            }
            t += h;
        }
        let integrated: f64 =
            filter.fractions.iter().zip(&state).map(|((_, residue), x)| (residue * x).re).sum();
        assert!((response.at(t) - integrated).abs() < 1e-9, "{} {integrated}", response.at(t));
        let mut stepped = filter.settled(0.0);
        filter.step(&input, &mut stepped, t);
        assert!(stepped.iter().zip(&state).all(|(a, b)| (a - b).norm() < 1e-9 * b.norm()));
    }

    #[test]
    fn a_step_rises_in_0_35_over_the_cutoff_without_visible_overshoot() {
        let filter = Bessel::new(4, 1e5);
        let mut response = Response::default();
        let one = Waveform { constant: 1.0, ..Waveform::default() };
        filter.respond(&one, &filter.settled(0.0), &mut response);
        let at = |level: f64| {
            (0..200_000).map(|n| f64::from(n) * 1e-10).find(|t| response.at(*t) >= level).unwrap()
        };
        let rise = at(0.9) - at(0.1);
        assert!((rise * 1e5 - 0.35).abs() < 0.01, "{rise}");
        let peak = (0..30_000).map(|n| response.at(f64::from(n) * 1e-9)).fold(0.0, f64::max);
        // Published overshoot of four Bessel poles: 0.83 %.
        assert!((peak - 1.0083).abs() < 3e-4, "{peak}");
    }
}
