//! Gaussian noise that is a function of (seed, channel, sample): independent of how the samples are split into blocks.

use statrs::distribution::{ContinuousCDF, Normal};

/// Bins of the table, each of equal probability.
const BINS: usize = 2048;

/// Conditional means of a normal distribution in bins of equal probability, scaled so that the sum of two draws has
/// unit variance. The sum of two reaches ±4.9 and has a kurtosis within 0.01 of the normal's.
#[derive(Debug, Clone)]
pub(super) struct Gaussian {
    table: Box<[f64; BINS]>,
}

impl Gaussian {
    pub(super) fn new() -> Self {
        let normal = Normal::standard();
        let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let edge = |k: usize| normal.inverse_cdf(k as f64 / BINS as f64);
        let mut table = Box::new([0.0; BINS]);
        for (k, mean) in table.iter_mut().enumerate() {
            // Mean within a bin: (φ(a) − φ(b)) / P.
            *mean = (density(edge(k)) - density(edge(k + 1))) * BINS as f64;
        }
        let variance = table.iter().map(|value| value * value).sum::<f64>() / BINS as f64;
        let scale = (2.0 * variance).sqrt().recip();
        table.iter_mut().for_each(|value| *value *= scale);
        Self { table }
    }

    /// Standard normal deviates of samples `first`, `first` + 1, … of the stream `key`. One word serves an even sample and the odd
    /// one after it.
    #[inline]
    pub(super) fn fill(&self, key: u64, first: u64, out: &mut [f64]) {
        let mut word = first >> 1;
        let (head, rest) = out.split_at_mut(((first & 1) as usize).min(out.len()));
        if let [odd] = head {
            *odd = self.draw(mix(key, word) >> 32);
            word += 1;
        }
        let (pairs, tail) = rest.as_chunks_mut::<2>();
        for [even, odd] in pairs {
            let bits = mix(key, word);
            (*even, *odd) = (self.draw(bits), self.draw(bits >> 32));
            word += 1;
        }
        if let [even] = tail {
            *even = self.draw(mix(key, word));
        }
    }

    #[inline]
    fn draw(&self, bits: u64) -> f64 {
        let at = |bits: u64| self.table.get(bits as usize % BINS).copied().unwrap_or(0.0);
        at(bits) + at(bits >> 11)
    }
}

/// SplitMix64's output function over a keyed counter (Steele, Lea & Flood, OOPSLA 2014).
#[inline]
pub(super) fn mix(key: u64, counter: u64) -> u64 {
    let mut z = key ^ counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A key for a named quantity of a seeded bench.
pub(super) fn key(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed, 0), |key, byte| mix(key, u64::from(byte)))
}

/// A standard normal draw, once per bench.
pub(super) fn normal(key: u64, counter: u64) -> f64 {
    Normal::standard().inverse_cdf(uniform(key, counter))
}

/// A uniform draw in (0, 1).
pub(super) fn uniform(key: u64, counter: u64) -> f64 {
    ((mix(key, counter) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_a_normal_distribution() {
        let gaussian = Gaussian::new();
        let mut values = vec![0.0; 1_000_000];
        gaussian.fill(key(7, "e1"), 0, &mut values);
        let n = values.len() as f64;
        let moment = |p: i32| values.iter().map(|z| z.powi(p)).sum::<f64>() / n;
        // Standard errors: 1e-3, 1.4e-3 (of the variance), 2.4e-3 (skewness), 4.9e-3 (kurtosis); four of each.
        assert!(moment(1).abs() < 4e-3, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 5.7e-3, "variance {}", moment(2));
        assert!(moment(3).abs() < 1.6e-2, "skewness {}", moment(3));
        assert!((moment(4) - 3.0).abs() < 4e-2, "kurtosis {}", moment(4));
        let lag: f64 = values.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n;
        assert!(lag.abs() < 4e-3, "neighbours correlate: {lag}");
        let beyond = values.iter().filter(|z| z.abs() > 3.0).count() as f64 / n;
        assert!((beyond / 2.7e-3 - 1.0).abs() < 0.1, "tails {beyond}");
    }

    #[test]
    fn any_split_gives_the_same_noise() {
        let gaussian = Gaussian::new();
        let mut whole = [0.0; 101];
        gaussian.fill(3, 1000, &mut whole);
        let mut parts = [0.0; 101];
        let (a, b) = parts.split_at_mut(37);
        gaussian.fill(3, 1000, a);
        gaussian.fill(3, 1037, b);
        assert_eq!(whole, parts);
    }
}
