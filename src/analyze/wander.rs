//! What the rest level does besides white noise: hum, drift, the tail of a coupling, noise that is alike from sample to sample.
//!
//! Neighbours do not show it, and where it is smaller than the noise no plateau does; but over a pulse window white noise averages
//! out and this does not. The means of blocks of the baseline tell: those of white noise scatter with σ²/n, and what they scatter
//! beyond that is on every mean over as many samples.

use super::baseline::PLATEAU;

/// Doublings of a block: more than a record has samples.
const SCALES: usize = 40;
/// Fewer blocks do not tell a variance.
const FEWEST: f64 = 16.0;
/// Standard deviations of its own scatter by which a variance must be too large for white noise.
const SURE: f64 = 3.0;

/// The scatter of the means of blocks, as they come. Each is of twice as many samples as those before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks {
    /// The first mean, which all others are counted from.
    origin: Option<f64>,
    scales: Vec<Scale>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Scale {
    /// A block that waits for the one behind it.
    waiting: Option<f64>,
    count: f64,
    sum: f64,
    squares: f64,
}

impl Blocks {
    /// The next plateau, by the sum of its samples.
    pub(super) fn add(&mut self, sum: f64) {
        let mean = sum / PLATEAU as f64;
        let mut mean = mean - *self.origin.get_or_insert(mean);
        for at in 0..SCALES {
            if at == self.scales.len() {
                self.scales.push(Scale::default());
            }
            let Some(scale) = self.scales.get_mut(at) else { return };
            scale.count += 1.0;
            scale.sum += mean;
            scale.squares += mean * mean;
            let Some(before) = scale.waiting.take() else {
                scale.waiting = Some(mean);
                return;
            };
            mean = (before + mean) / 2.0;
        }
    }

    /// What comes next does not follow on what came.
    pub(super) fn interrupt(&mut self) {
        self.scales.iter_mut().for_each(|scale| scale.waiting = None);
    }

    /// What the blocks scatter beyond white noise of that standard deviation.
    pub(super) fn finish(&self, noise: f64) -> Wander {
        let enough = self.scales.iter().take_while(|scale| scale.count >= FEWEST);
        let scatter: Vec<(f64, f64)> = enough.map(|scale| (scale.count, scale.variance())).collect();
        // White noise has half the variance in blocks of twice the length; what is left of the difference does not average out.
        let slow = |at: usize| {
            let (_, shorter) = *scatter.get(at.checked_sub(1)?)?;
            let (count, variance) = *scatter.get(at)?;
            let slow = 2.0 * variance - shorter;
            Some(if slow > SURE * shorter / count.sqrt() { slow } else { 0.0 })
        };
        let share = |(at, (count, variance)): (usize, &(f64, f64))| {
            let samples = PLATEAU as f64 * 2_f64.powi(at as i32);
            let white = noise * noise / samples;
            if *variance <= white * (1.0 + SURE * (2.0 / count).sqrt()) {
                return Share { samples, own: 0.0, slow: 0.0 };
            }
            // A single scale does not tell them apart.
            let slow = slow(at.max(1)).unwrap_or(*variance - white).min(*variance);
            Share { samples, own: (*variance - slow - white).max(0.0), slow }
        };
        Wander { shares: scatter.iter().enumerate().map(share).collect() }
    }
}

impl Scale {
    fn variance(&self) -> f64 {
        ((self.squares - self.sum * self.sum / self.count) / (self.count - 1.0)).max(0.0)
    }
}

/// What the means of blocks scatter beyond white noise, in units of the samples; nothing where too few blocks tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Wander {
    shares: Vec<Share>,
}

/// Variances of the mean of so many samples.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share {
    samples: f64,
    /// What falls with their number.
    own: f64,
    /// What does not.
    slow: f64,
}

impl Wander {
    /// Standard uncertainties that it adds to the mean of `length` samples: noise that is alike from sample to sample, which the next
    /// pulse draws anew, and what is slower than that.
    pub(super) fn of(&self, length: f64) -> (f64, f64) {
        let fits = self.shares.iter().rev().find(|share| share.samples <= length);
        let Some(share) = fits.or(self.shares.first()) else { return (0.0, 0.0) };
        ((share.own * share.samples / length.max(1.0)).sqrt(), share.slow.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal noise of standard deviation 1, near enough: twelve uniform numbers less their mean.
    fn normal() -> impl FnMut() -> f64 {
        let mut seed = 11_u32;
        let mut next = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24)
        };
        move || (0..12).map(|_| next()).sum::<f64>() - 6.0
    }

    /// Of a baseline in stretches of so many samples, each.
    fn wander(samples: &[f64], stretch: usize, noise: f64) -> Wander {
        let mut blocks = Blocks::default();
        for part in samples.chunks(stretch) {
            blocks.interrupt();
            part.as_chunks::<PLATEAU>().0.iter().for_each(|block| blocks.add(block.iter().sum()));
        }
        blocks.finish(noise)
    }

    #[test]
    fn white_noise_does_not_wander() {
        let mut noise = normal();
        let samples: Vec<f64> = (0..100_000).map(|_| 7.0 + noise()).collect();
        let found = wander(&samples, 5000, 1.0);
        for length in [10.0, 40.0, 450.0, 4000.0] {
            assert_eq!(found.of(length), (0.0, 0.0), "{length}: {found:?}");
        }
        assert_eq!(wander(&samples[..15 * PLATEAU], 5000, 0.1).of(450.0), (0.0, 0.0), "too few to tell");
    }

    #[test]
    fn hum_below_the_noise_is_on_every_mean() {
        // 0.4 standard deviations high, one turn in 20 000 samples: 0.28 of it is its root mean square.
        let mut noise = normal();
        let hum = |at: usize| 0.4 * (std::f64::consts::TAU * at as f64 / 20_000.0).sin();
        let samples: Vec<f64> = (0..200_000).map(|at| hum(at) + noise()).collect();
        let found = wander(&samples, 9000, 1.0);
        for length in [100.0, 450.0, 2000.0] {
            let (own, slow) = found.of(length);
            assert!((slow - 0.283).abs() < 0.05 && own < 0.1, "{length}: {own} {slow}");
        }
    }

    #[test]
    fn noise_that_is_alike_from_sample_to_sample_averages_out_later() {
        // Each drawn value stands for eight samples, which neighbours see as an eighth of the changes: σ is taken for less.
        let mut noise = normal();
        let samples: Vec<f64> = (0..25_000).flat_map(|_| [noise(); 8]).collect();
        let found = wander(&samples, 8000, 0.1);
        for length in [64.0, 512.0] {
            let (own, slow) = found.of(length);
            let expected = (8.0 / length - 0.01 / length).sqrt();
            assert!((own / expected - 1.0).abs() < 0.2, "{length}: {own} {expected}");
            assert!(slow < 0.35 * expected, "{length}: {slow}");
        }
    }
}
