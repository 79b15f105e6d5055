//! The level of quiet samples: a median that integer codes do not bias.

use statrs::function::erf::erfc_inv;

use super::codes::{count, extremes};
use super::table::{grid, ungrid};

/// A quiet level, in codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The level.
    pub value: f32,
    /// Variance of `value` in units of (variance of one sample)/count; 1 for a mean, π/2 for a median.
    pub spread: f32,
    /// Samples it rests on.
    pub count: u32,
    /// Middle of those samples, relative to the reference of whoever holds the level, samples.
    pub centre: f32,
}

impl Level {
    /// Steps of a code: the more samples, the finer. The standard uncertainty of rounding to it is less than a hundredth of that of
    /// the level, whose samples scatter by 0.29 code and more.
    fn steps(count: u32) -> f64 {
        f64::from(1_u32 << (7 + (u32::BITS + 1 - count.leading_zeros()) / 2))
    }

    /// Steps of the spread, a variance of 1 to 2, and of the centre, which is a whole or half sample.
    const SPREAD: f64 = 64.0;
    const CENTRE: f64 = 2.0;

    /// As it is kept: value, spread and centre as whole numbers of steps.
    pub(super) fn cells(self) -> [i64; 3] {
        [
            grid(self.value, Self::steps(self.count)),
            grid(self.spread, Self::SPREAD),
            grid(self.centre, Self::CENTRE),
        ]
    }

    /// Steps of its value, spread and centre: powers of two.
    #[inline]
    pub(super) fn scales(self) -> [f32; 4] {
        [Self::steps(self.count) as f32, Self::SPREAD as f32, Self::CENTRE as f32, 1.0]
    }

    /// The level on `count` samples that is kept so.
    pub(super) fn of_cells(count: u32, [value, spread, centre]: [i64; 3]) -> Self {
        Self {
            value: ungrid(value, Self::steps(count)),
            spread: ungrid(spread, Self::SPREAD),
            count,
            centre: ungrid(centre, Self::CENTRE),
        }
    }

    /// The nearest level that is kept as it is.
    pub(super) fn rounded(self) -> Self {
        Self::of_cells(self.count, self.cells())
    }
}

/// Counts of codes around an expected level, with the extremes gathered in the outermost bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    low: i32,
    bins: Vec<u32>,
    /// Bins outside this are empty.
    used: (usize, usize),
    count: u64,
    first: u64,
    last: u64,
}

/// Samples of at most [`FEW`] different codes, at least [`MANY`] of them, are counted code by code.
const FEW: usize = 24;
const MANY: usize = 64;

/// No bin is filled.
const UNUSED: (usize, usize) = (usize::MAX, 0);

impl Histogram {
    /// Bins for the codes within `reach` of `around`.
    pub fn around(around: i32, reach: i32) -> Self {
        let reach = reach.clamp(4, 32_768);
        Self {
            low: around - reach,
            bins: vec![0; 2 * reach as usize + 1],
            used: UNUSED,
            count: 0,
            first: 0,
            last: 0,
        }
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if self.count == 0 {
            return;
        }
        if let Some(used) = self.bins.get_mut(self.used.0.min(self.used.1)..=self.used.1) {
            used.fill(0);
        }
        self.used = UNUSED;
        self.count = 0;
    }

    /// Lays the bins about another level. Those of a histogram that has samples stay where they are.
    pub(super) fn centre_on(&mut self, level: f64) {
        if self.count == 0 {
            self.low = level.round() as i32 - (self.bins.len() / 2) as i32;
        }
    }

    /// Adds consecutive samples, the first at index `at`.
    pub fn add(&mut self, codes: &[i16], at: u64) {
        if codes.is_empty() {
            return;
        }
        let top = self.bins.len() - 1;
        let bin = |code: i16| (i32::from(code) - self.low).clamp(0, top as i32) as usize;
        let (low, high) = extremes(codes);
        let (lowest, highest) = (bin(low), bin(high));
        let inside = i32::from(low) >= self.low && i32::from(high) <= self.low + top as i32;
        if inside && highest - lowest < FEW && codes.len() >= MANY {
            count(codes, low, self.bins.get_mut(lowest..=highest).unwrap_or_default());
        } else {
            for code in codes {
                let bin = (i32::from(*code) - self.low).clamp(0, top as i32) as usize;
                if let Some(slot) = self.bins.get_mut(bin) {
                    *slot += 1;
                }
            }
        }
        self.used = (self.used.0.min(lowest), self.used.1.max(highest));
        if self.count == 0 {
            self.first = at;
        }
        self.last = at + codes.len() as u64 - 1;
        self.count += codes.len() as u64;
    }

    /// The median, from the two code boundaries that enclose it.
    ///
    /// With noise of 0.7 lsb a handful of codes holds all samples; their middle one is wrong by up to half a step and
    /// a straight line across it by a few hundredths. The fraction of samples below a code boundary, taken through the
    /// inverse of the normal distribution, gives the distance of that boundary from the level in noise widths;
    /// two boundaries give the level and the width, without bias for normal noise of any width. Where all samples
    /// share one code the level is that code.
    ///
    /// `centre` is relative to sample `origin`.
    pub fn median(&self, origin: u64) -> Option<Level> {
        median((self.count, self.first, self.last), self.filled().map(|(bin, n)| (bin, *n)), self.low, origin)
    }

    /// The median of this and another histogram with the same bins together.
    pub fn joint_median(&self, other: &Self, origin: u64) -> Option<Level> {
        match (self.count, other.count) {
            (_, 0) => return self.median(origin),
            (0, _) => return other.median(origin),
            _ => {}
        }
        let (low, high) = (self.used.0.min(other.used.0), self.used.1.max(other.used.1));
        let both = self.bins.iter().zip(&other.bins).map(|(a, b)| a + b);
        let whole = (self.count + other.count, self.first.min(other.first), self.last.max(other.last));
        median(whole, both.enumerate().take(high + 1).skip(low), self.low, origin)
    }

    /// Half the distance between the codes below which a sixth and five sixths of the samples of this and another histogram with
    /// the same bins lie, and how many samples those are: about a standard deviation, whatever a few of them do.
    pub(super) fn joint_scatter(&self, other: &Self) -> (f64, u64) {
        let count = self.count + other.count;
        let (low, high) = (self.used.0.min(other.used.0), self.used.1.max(other.used.1));
        let both = self.bins.iter().zip(&other.bins).enumerate().take(high + 1).skip(low);
        let (mut below, mut lower, mut upper) = (0, low, high);
        for (bin, (a, b)) in both {
            below += u64::from(a + b);
            if 6 * below <= count {
                lower = bin + 1;
            }
            if 6 * below >= 5 * count {
                upper = bin;
                break;
            }
        }
        (0.5 * upper.saturating_sub(lower) as f64, count)
    }

    fn filled(&self) -> impl Iterator<Item = (usize, &u32)> {
        let (low, high) = self.used;
        self.bins.iter().enumerate().take(high + 1).skip(low)
    }

    /// Standard deviation of one sample, codes, with the quantisation in it.
    pub fn deviation(&self) -> f64 {
        let n = self.count as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        for (bin, count) in self.filled() {
            // From the first that is filled, where the squares are small.
            let (x, c) = (bin.saturating_sub(self.used.0) as f64, f64::from(*count));
            sum += c * x;
            squares += c * x * x;
        }
        if n < 2.0 { 0.0 } else { ((squares - sum * sum / n) / (n - 1.0)).max(0.0).sqrt() }
    }
}

/// The median of filled bins (bin, samples) of which the first is that of code `low`, given (samples, first, last).
fn median(
    (count, first, last): (u64, u64, u64),
    filled: impl Iterator<Item = (usize, u32)>,
    low: i32,
    origin: u64,
) -> Option<Level> {
    let n = count as f64;
    let centre = 0.5 * (first as f64 + last as f64) - origin as f64;
    // What is counted from a level is counted from it as it is kept.
    let level = |value: f64, spread: f64| {
        Level {
            value: value as f32,
            spread: spread as f32,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            centre: centre as f32,
        }
        .rounded()
    };
    let mut below = 0_u64;
    for (bin, inside) in filled {
        let with = below + u64::from(inside);
        if 2 * with >= count {
            let code = f64::from(low) + bin as f64;
            return Some(between(code, below as f64 / n, with as f64 / n, n, level));
        }
        below = with;
    }
    None
}

/// The median inside the bin of `code`, with the fractions of samples below its lower and upper boundary.
fn between(code: f64, lower: f64, upper: f64, n: f64, level: impl Fn(f64, f64) -> Level) -> Level {
    // A boundary with nothing beyond it says only that it is far away.
    let known = |p: f64| p * n >= 1.0 && (1.0 - p) * n >= 1.0;
    match (known(lower), known(upper)) {
        (true, true) => {
            let (z_low, z_high) = (quantile(lower), quantile(upper));
            let part = -z_low / (z_high - z_low);
            // Var and covariance of boundary − σ·Φ⁻¹(fraction), in σ²/n.
            let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
            let (d_low, d_high) = (density(z_low), density(z_high));
            let v_low = lower * (1.0 - lower) / (d_low * d_low);
            let v_high = upper * (1.0 - upper) / (d_high * d_high);
            let both = lower * (1.0 - upper) / (d_low * d_high);
            let rest = 1.0 - part;
            level(code - 0.5 + part, rest * rest * v_low + part * part * v_high + 2.0 * rest * part * both)
        }
        // All but a few samples share one code: noise too small to dither it.
        _ => level(code, 1.0),
    }
}

/// Φ⁻¹.
fn quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};

    /// Mean error and standard deviation (in σ/√n) of the median over many draws.
    fn trial(level: f64, sigma: f64) -> (f64, f64, f64) {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let noise = Normal::new(level, sigma).unwrap();
        let (n, trials) = (400, 1500);
        let (mut sum, mut squares, mut stated) = (0.0, 0.0, 0.0);
        for _ in 0..trials {
            let codes: Vec<i16> = (0..n).map(|_| noise.sample(&mut rng).round() as i16).collect();
            let mut histogram = Histogram::around(0, 16);
            histogram.add(&codes, 0);
            let median = histogram.median(0).unwrap();
            let error = f64::from(median.value) - level;
            sum += error;
            squares += error * error;
            stated += f64::from(median.spread);
        }
        let t = f64::from(trials);
        let unit = sigma / f64::from(n).sqrt();
        (sum / t, ((squares - sum * sum / t) / t).sqrt() / unit, (stated / t).sqrt())
    }

    #[test]
    fn the_median_of_integer_codes_is_unbiased_and_its_spread_is_as_stated() {
        for (level, sigma) in [(0.0, 0.7), (0.3, 0.7), (0.5, 0.7), (2.2, 0.5), (-1.4, 3.0)] {
            let (bias, spread, stated) = trial(level, sigma);
            // Standard error of the bias: 1.3·σ/√(400·1500).
            assert!(bias.abs() < 5.0 * sigma * 1.3 / (400.0 * 1500.0_f64).sqrt(), "{level} {sigma}: {bias}");
            assert!((spread / stated - 1.0).abs() < 0.06, "{level} {sigma}: {spread} against {stated}");
        }
    }

    #[test]
    fn two_halves_have_the_median_of_the_whole() {
        let codes: Vec<i16> = [0, 1, 1, 2, 0, 1, -1, 1].repeat(40);
        let mut whole = Histogram::around(0, 8);
        whole.add(&codes, 5);
        for cut in [0, 33, 200, 320] {
            let (mut left, mut right) = (Histogram::around(0, 8), Histogram::around(0, 8));
            left.add(&codes[..cut], 5);
            right.add(&codes[cut..], 5 + cut as u64);
            assert_eq!(left.joint_median(&right, 3), whole.median(3));
            let level = whole.median(3).unwrap();
            // 320 samples from 5 on, counted from sample 3.
            assert_eq!((level.count, level.centre), (320, 0.5 * (5.0 + 324.0) - 3.0));
        }
    }

    #[test]
    fn the_scatter_is_that_of_most_samples_and_not_of_a_few() {
        let scatter = |codes: &[i16], cut: usize| {
            let (mut left, mut right) = (Histogram::around(0, 700), Histogram::around(0, 700));
            left.add(&codes[..cut], 0);
            right.add(&codes[cut..], cut as u64);
            left.joint_scatter(&right)
        };
        // Three hundred codes once each: fifty lie below -100, fifty above 99.
        let even: Vec<i16> = (-150..150).collect();
        for cut in [0, 7, 150, 300] {
            assert_eq!(scatter(&even, cut), (99.5, 300));
        }
        assert_eq!(scatter(&[3; 40], 20), (0.0, 40));
        // Ten times thirteen: twenty of a sixth of them lie below 2, and a hundred and ten are the first five sixths.
        let thirteen: Vec<i16> = (0..130).map(|k| k % 13).collect();
        assert_eq!(scatter(&thirteen, 65), (4.0, 130));
        // A tenth of them far away.
        let few: Vec<i16> = (0..100).map(|k| if k % 10 == 0 { 600 } else { k % 2 }).collect();
        assert_eq!(scatter(&few, 50), (0.5, 100));
        let swings: Vec<i16> = (0..100).map(|k| if k % 2 == 0 { 500 } else { -500 }).collect();
        assert_eq!(scatter(&swings, 50), (500.0, 100));
    }

    #[test]
    fn two_samples_scatter_and_one_code_is_its_own_median() {
        let of = |codes: &[i16]| {
            let mut histogram = Histogram::around(0, 8);
            histogram.add(codes, 0);
            histogram
        };
        assert_eq!((of(&[3]).deviation(), of(&[]).deviation()), (0.0, 0.0));
        assert!((of(&[-1, 1]).deviation() - 2_f64.sqrt()).abs() < 1e-12);
        assert!((of(&[-1, 1, 3, 5]).deviation() - (20.0 / 3.0_f64).sqrt()).abs() < 1e-12);
        let joint = of(&[5; 3]).joint_median(&of(&[5; 4]), 0).unwrap();
        assert_eq!((joint.value, joint.count), (5.0, 7));
    }

    #[test]
    fn a_boundary_counts_from_one_sample_beyond_it_on() {
        let median = |counts: [usize; 3]| {
            let mut histogram = Histogram::around(0, 8);
            for (code, count) in (0..).zip(counts) {
                histogram.add(&vec![code; count], 0);
            }
            f64::from(histogram.median(0).unwrap().value)
        };
        // Normal quantiles of 0.1 and 0.8: −1.2816 and 0.8416, half a code below 1 and above.
        let part = 1.281_55 / (1.281_55 + 0.841_62);
        assert!((median([1, 7, 2]) - (0.5 + part)).abs() < 2e-3);
        // With nothing beyond one of them the code is all that is known.
        assert_eq!((median([6, 4, 0]), median([0, 3, 7])), (0.0, 2.0));
    }

    #[test]
    fn a_level_is_kept_much_finer_than_it_is_known() {
        for count in [1_u32, 2, 3, 4, 7, 15, 16, 100, 1023, 1024, 65_535, 1_000_000] {
            // Rounding to a step of s is rectangular with s/√12, 0.29 code that of one sample.
            let most = (0..1000)
                .map(|k| {
                    let value = k as f32 * 1.234_5e-3;
                    let level = Level { value, spread: 1.0, count, centre: 0.5 };
                    let kept = level.rounded();
                    assert_eq!(kept.rounded(), kept);
                    (kept.value - value).abs()
                })
                .fold(0.0, f32::max);
            let (rounding, own) =
                (f64::from(most) / 3_f64.sqrt(), 1.0 / 12_f64.sqrt() / f64::from(count).sqrt());
            assert!(rounding < 0.01 * own, "{count}: {rounding} {own}");
        }
    }

    #[test]
    fn codes_are_counted_alike_however_they_come_and_forgotten_when_told() {
        // Few codes and many of them, within the bins, across either end and beyond it.
        for codes in [[3_i16, 4, 5, 6], [-10, -8, -7, 0], [0, 7, 8, 10], [9, 9, 12, 30], [-40, -9, -9, -12]] {
            let codes = codes.repeat(50);
            let (mut whole, mut parts) = (Histogram::around(0, 8), Histogram::around(0, 8));
            whole.add(&codes, 7);
            for (k, part) in codes.chunks(10).enumerate() {
                parts.add(part, 7 + 10 * k as u64);
            }
            assert_eq!(whole, parts, "{codes:?}");
            parts.clear();
            assert_eq!((parts.median(0), parts.count()), (None, 0));
            parts.add(&[1, 2, 1], 3);
            let mut fresh = Histogram::around(0, 8);
            fresh.add(&[1, 2, 1], 3);
            assert_eq!(parts, fresh);
        }
    }

    #[test]
    fn codes_beyond_the_bins_count_at_the_ends() {
        let codes: Vec<i16> = (0..200).map(|k| if k < 90 { -100 } else { 100 }).collect();
        let mut histogram = Histogram::around(0, 8);
        histogram.add(&codes, 0);
        assert_eq!(histogram.median(0).map(|level| level.value), Some(8.0));
    }
}
