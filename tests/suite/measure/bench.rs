//! An independent front end: steps of current behind a four-pole Bessel filter in closed form (partial fractions),
//! noise, a drawn non-linearity, offset, gain and clock, quantised. It shares no code with the measurement.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use stimrig::signal::{Calibration, Program};

/// Poles of the four-pole Bessel filter with unit delay (published tables), upper half plane.
const POLES: [(f64, f64); 2] = [(-2.103_789_397_1, 2.657_418_041_8), (-2.896_210_602_8, 0.867_234_128_9)];
/// −3 dB frequency of that filter, rad/s.
const HALF_POWER: f64 = 2.113_917_674_9;

type Complex = (f64, f64);

fn mul(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn div(a: Complex, b: Complex) -> Complex {
    let n = b.0 * b.0 + b.1 * b.1;
    ((a.0 * b.0 + a.1 * b.1) / n, (a.1 * b.0 - a.0 * b.1) / n)
}

/// Step response of the filter with −3 dB at `cutoff` Hz, t seconds after the step.
pub fn step_response(t: f64, cutoff: f64) -> f64 {
    decay_response(t, 0.0, cutoff)
}

/// Response to exp(−rate·t) from t = 0 on: Σ residue/(p + rate)·(e^{pt} − e^{−rate·t}) over the poles p.
pub fn decay_response(t: f64, rate: f64, cutoff: f64) -> f64 {
    if t <= 0.0 {
        return 0.0;
    }
    let unit = std::f64::consts::TAU * cutoff / HALF_POWER;
    let (x, rate) = (t * unit, rate / unit);
    let all: Vec<Complex> = POLES.iter().flat_map(|p| [*p, (p.0, -p.1)]).collect();
    let gain = all.iter().fold((1.0, 0.0), |product, p| mul(product, (-p.0, -p.1)));
    let mut y = 0.0;
    for (k, p) in all.iter().enumerate() {
        let mut denominator = (p.0 + rate, p.1);
        for (j, q) in all.iter().enumerate() {
            if j != k {
                denominator = mul(denominator, (p.0 - q.0, p.1 - q.1));
            }
        }
        let residue = div(gain, denominator);
        let e = (p.0 * x).exp();
        y += residue.0 * (e * (p.1 * x).cos() - (-rate * x).exp()) - residue.1 * e * (p.1 * x).sin();
    }
    y
}

/// A bench: one draw of everything systematic.
pub struct Bench {
    pub calibration: Calibration,
    pub offset: f64,
    pub gain: f64,
    pub clock: f64,
    pub knots: [f64; 33],
    pub cutoff: f64,
    rng: ChaCha8Rng,
}

impl Bench {
    /// Draws a bench with ± `range` full scale from the default bench's distributions.
    pub fn drawn(seed: u64, range: f64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal =
            |u: f64| -> f64 { u * <StandardNormal as Distribution<f64>>::sample(&StandardNormal, &mut rng) };
        let (offset, gain, clock) = (normal(2.0), normal(5e-4), normal(20e-6));
        let knots = std::array::from_fn(|_| 2.0 * rng.random::<f64>() - 1.0);
        let calibration = Calibration {
            lsb: 2.0 * range / 65_536.0,
            offset: 0.0,
            offset_u: 2.0,
            gain_u: 5e-4,
            inl: 1.0,
            noise: 0.7,
            rails: (i16::MIN, i16::MAX),
            ..Calibration::default()
        };
        Self { calibration, offset, gain, clock, knots, cutoff: 1e5, rng }
    }

    /// The same without any error but noise.
    pub fn ideal(seed: u64, range: f64) -> Self {
        Self { offset: 0.0, gain: 0.0, clock: 0.0, knots: [0.0; 33], ..Self::drawn(seed, range) }
    }

    fn convert(&mut self, current: f64) -> i16 {
        let x = current * (1.0 + self.gain) / self.calibration.lsb + self.offset;
        let position = ((x + 32_768.0) / 2048.0).clamp(0.0, 32.0);
        let k = (position as usize).min(31);
        let inl = self.knots[k] + (self.knots[k + 1] - self.knots[k]) * (position - k as f64);
        let z: f64 = StandardNormal.sample(&mut self.rng);
        (x + inl + self.calibration.noise * z).round().clamp(-32_768.0, 32_767.0) as i16
    }

    /// Samples `count` values at a nominal 1 MHz of a current made of steps (time in true seconds, change in A),
    /// ascending.
    pub fn sample(&mut self, steps: &[(f64, f64)], count: usize) -> Vec<i16> {
        self.sample_with(steps, |_| 0.0, count)
    }

    /// The same with a current `more` on top that is given behind the filter, at true seconds.
    pub fn sample_with(&mut self, steps: &[(f64, f64)], more: impl Fn(f64) -> f64, count: usize) -> Vec<i16> {
        let period = 1e-6 / (1.0 + self.clock);
        let (mut next, mut settled) = (0, 0.0);
        let mut recent: Vec<(f64, f64)> = Vec::new();
        (0..count)
            .map(|k| {
                let t = k as f64 * period;
                while next < steps.len() && steps[next].0 < t {
                    recent.push(steps[next]);
                    next += 1;
                }
                recent.retain(|(at, change)| {
                    let old = t - at > 60e-6;
                    settled += if old { *change } else { 0.0 };
                    !old
                });
                let y = settled
                    + recent.iter().map(|(at, d)| d * step_response(t - at, self.cutoff)).sum::<f64>();
                self.convert(y + more(t))
            })
            .collect()
    }

    /// A uniform number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.rng.random()
    }
}

/// Steps of the programmed pulses, the first at `delay` seconds, for as long as they begin before `until`.
pub fn steps(program: &Program, delay: f64, until: f64) -> Vec<(f64, f64)> {
    let mut steps = Vec::new();
    for pulse in program.pulses().take_while(|pulse| pulse.start + delay < until) {
        for phase in pulse.phases() {
            steps.push((delay + phase.start, phase.current));
            steps.push((delay + phase.end(), -phase.current));
        }
    }
    steps
}
