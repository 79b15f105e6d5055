//! What a channel reads with its input shorted.

use crate::signal::{Calibration, code_noise};

use super::codes::sum;
use super::{Histogram, Zero};

/// Fewer samples than this are no level.
const FEWEST: u32 = 16;

impl Zero {
    /// The zero that codes are, the first of them sample `from`; `None` of nothing.
    pub fn of(codes: &[i16], from: u64) -> Option<Self> {
        let mut zero = ZeroCollector::new(from);
        zero.add(codes, from);
        zero.finish()
    }

    /// Whether it tells what the channel reads where nothing flows: of sixteen samples or more, that scatter, and whose level moves, by
    /// no more than twice the noise that the load states. As for a baseline, a code more is allowed, and what few samples may do.
    pub fn is_sound(&self, calibration: &Calibration) -> bool {
        let noise = code_noise(calibration.noise);
        let few = f64::from(self.level.count.max(1)).sqrt().recip();
        let allowed = |spread: f64| 1.0 + noise * (2.0 + 8.0 * spread * few);
        // From end to end a line through n samples is known to √(12/n) of one's deviation.
        let moved = self.drift.abs() > allowed(12_f64.sqrt());
        self.level.count >= FEWEST && self.deviation <= allowed(1.0) && !moved
    }
}

/// Collects one zero interval of one channel.
#[derive(Debug, Clone)]
pub(super) struct ZeroCollector {
    histogram: Histogram,
    from: u64,
    to: u64,
    blocks: u64,
    total: f64,
    squares: f64,
    /// Σ k·mean of the k-th block.
    moment: f64,
}

impl ZeroCollector {
    /// Samples count from `from` on. Every code is one of its bins: an offset that is far off what is stated must be found where
    /// it is, and not at the end of what was expected.
    pub(super) fn new(from: u64) -> Self {
        let histogram = Histogram::around(0, 1 << 15);
        Self { histogram, from, to: from, blocks: 0, total: 0.0, squares: 0.0, moment: 0.0 }
    }

    /// Adds samples, the first at `at`; those before the start are left out.
    pub(super) fn add(&mut self, codes: &[i16], at: u64) {
        let skip = self.from.saturating_sub(at).min(codes.len() as u64) as usize;
        let codes = codes.get(skip..).unwrap_or(&[]);
        if codes.is_empty() {
            return;
        }
        self.histogram.add(codes, at + skip as u64);
        self.to = at + (skip + codes.len()) as u64;
        for block in codes.chunks_exact(16) {
            let mean = sum(block) as f64 / 16.0;
            self.moment += self.blocks as f64 * mean;
            self.blocks += 1;
            self.total += mean;
            self.squares += mean * mean;
        }
    }

    /// The zero, if any sample was taken.
    pub(super) fn finish(&self) -> Option<Zero> {
        let level = self.histogram.median(self.from)?;
        let n = self.blocks as f64;
        let variance = if n < 2.0 { 0.0 } else { (self.squares - self.total * self.total / n) / (n - 1.0) };
        let deviation = self.histogram.deviation();
        let sd16 = if n < 2.0 { deviation / 4.0 } else { variance.max(0.0).sqrt() };
        // Slope of the least squares per block, times the blocks there are.
        let moved = 12.0 * (self.moment - 0.5 * (n - 1.0) * self.total) / (n * n - 1.0);
        let drift = if n < 2.0 { 0.0 } else { moved };
        Some(Zero { from: self.from, to: self.to, level, deviation, sd16, drift })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen samples of each of some codes.
    fn blocks(codes: &[i16]) -> Vec<i16> {
        codes.iter().flat_map(|code| [*code; 16]).collect()
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }

    #[test]
    fn a_zero_is_what_was_read_from_its_start_on() {
        let mut zero = ZeroCollector::new(100);
        assert_eq!(zero.finish(), None);
        // Before its start there is something else; a block that ends before it does not count at all.
        zero.add(&[60; 10], 80);
        assert_eq!(zero.finish(), None);
        let mut codes = vec![60; 10];
        codes.extend(blocks(&[3, 5, 7, 5]));
        zero.add(&codes, 90);
        let found = zero.finish().unwrap();
        assert_eq!((found.from, found.to, found.level.count), (100, 164, 64));
        assert_eq!((found.level.value, found.level.centre), (5.0, 31.5));
        // Sixteen samples two below and sixteen two above; of four means one below and one above.
        near(found.deviation, (32.0 * 4.0 / 63.0_f64).sqrt());
        near(found.sd16, (2.0 * 4.0 / 3.0_f64).sqrt());
        // More of it later: sums go on, and an incomplete sixteen is no mean.
        let mut codes = blocks(&[9]);
        codes.extend([5; 7]);
        zero.add(&codes, 164);
        let found = zero.finish().unwrap();
        assert_eq!((found.to, found.level.count), (187, 87));
        near(found.sd16, (((5.8 - 3.0_f64).powi(2) + 2.0 * 0.8 * 0.8 + 1.2 * 1.2 + 3.2 * 3.2) / 4.0).sqrt());
    }

    fn noise(noise: f64) -> Calibration {
        Calibration { noise, ..Calibration::default() }
    }

    #[test]
    fn what_moves_is_the_line_from_end_to_end() {
        let moved = |codes: &[i16]| Zero::of(codes, 0).unwrap().drift;
        // By two codes from block to block, of which there are four.
        near(moved(&blocks(&[1, 3, 5, 7])), 8.0);
        near(moved(&blocks(&[7, 5, 3, 1])), -8.0);
        near(moved(&blocks(&[4, 6, 6, 4])), 0.0);
        near(moved(&blocks(&[4])), 0.0);
        // In two parts as in one.
        let mut zero = ZeroCollector::new(0);
        zero.add(&blocks(&[1, 3]), 0);
        zero.add(&blocks(&[5, 7]), 32);
        near(zero.finish().unwrap().drift, 8.0);
    }

    #[test]
    fn a_zero_that_scatters_or_moves_by_far_more_than_noise_or_is_too_short_is_not_sound() {
        // A noise of one code with its rounding is 1.04; of 10 000 samples 2 · 1.04 + 1 and a little are allowed.
        let sound = |codes: &[i16]| Zero::of(codes, 0).unwrap().is_sound(&noise(1.0));
        let swing = |half: i16| [half, -half].repeat(5000);
        assert!(sound(&swing(3)) && !sound(&swing(4)));
        assert!(Zero::of(&swing(4), 0).unwrap().is_sound(&noise(2.0)));
        // A level that moves in steps from 0 to 2 in 10 000 samples, and from 0 to 5: both scatter little.
        let slope = |codes: i64| (0..10_000).map(|k| (k * (codes + 1) / 10_000) as i16).collect::<Vec<_>>();
        assert!(sound(&slope(2)) && !sound(&slope(5)));
        assert!(Zero::of(&slope(5), 0).unwrap().deviation < 2.0);
        assert!(sound(&[5; 16]) && !sound(&[5; 15]));
    }

    #[test]
    fn means_scatter_from_two_on_and_fewer_are_taken_as_white() {
        let found = |codes: &[i16]| {
            let mut zero = ZeroCollector::new(0);
            zero.add(codes, 0);
            zero.finish().unwrap()
        };
        near(found(&blocks(&[3, 5])).sd16, 2_f64.sqrt());
        // Eight of 4 and eight of 6: ±1 on sixteen samples, a quarter of it for their mean.
        let one = found(&[4, 6].repeat(8));
        near(one.deviation, (16.0 / 15.0_f64).sqrt());
        near(one.sd16, 0.25 * one.deviation);
    }

    #[test]
    fn an_offset_far_off_what_is_stated_is_found() {
        for code in [1110, -890, 20_000, i16::MIN, i16::MAX] {
            let mut zero = ZeroCollector::new(0);
            zero.add(&[code; 64], 0);
            let found = zero.finish().unwrap();
            assert_eq!((found.level.value, found.deviation), (f32::from(code), 0.0));
        }
    }

    #[test]
    fn few_samples_may_move_by_more() {
        // Of 64 samples: 1 + 1.041·(2 + 8·√12/8) codes are 6.69.
        let sound = |codes: &[i16]| Zero::of(&blocks(codes), 0).unwrap().is_sound(&noise(1.0));
        near(Zero::of(&blocks(&[0, 1, 3, 4]), 0).unwrap().drift, 5.6);
        near(Zero::of(&blocks(&[0, 2, 3, 5]), 0).unwrap().drift, 6.4);
        assert!(sound(&[0, 1, 3, 4]) && sound(&[0, 2, 3, 5]) && !sound(&[0, 1, 4, 5]));
    }
}
