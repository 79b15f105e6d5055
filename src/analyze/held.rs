//! Samples that stand still although the trace is noisy: a converter or a link that held its last value.

use std::collections::HashMap;

use crate::measure::sample::Sample;

/// The shortest run of the same samples that can be a hold.
const AT_REST: usize = 24;
/// Runs that go on more often are holds themselves.
const GOES_ON: f64 = 0.8;
/// Where fewer of all samples are the same as the one before, noise makes no runs, and those there are may all be holds.
const RARE: f64 = 0.02;
/// Runs from so many samples on are kept by their value: where noise does not carry a level across the codes, as in the middle of one
/// that an average has left, they are long.
const KEPT: usize = 8;
/// Values of which runs are kept at most.
const MOST: usize = 1 << 16;

/// The longest run of samples that are the same, at none of the extremes.
#[derive(Debug, Clone)]
pub(super) struct Held {
    bounds: (f64, f64),
    value: f64,
    /// Samples so far.
    seen: usize,
    run: usize,
    /// First sample of the longest run, and how many.
    longest: (usize, usize),
    /// Its value.
    at: f64,
    /// Samples that are the same as the one before, and as the two before.
    same: (usize, usize),
    /// Of the bits of a value: runs of it, and by how many samples they are longer than the shortest that is kept.
    runs: HashMap<u64, (usize, usize)>,
}

impl Held {
    /// Between the smallest and the largest sample.
    pub(super) fn new(bounds: (f64, f64)) -> Self {
        let runs = HashMap::new();
        Self { bounds, value: f64::NAN, seen: 0, run: 0, longest: (0, 0), at: f64::NAN, same: (0, 0), runs }
    }

    /// Goes on with consecutive samples.
    pub(super) fn add<S: Sample>(&mut self, samples: &[S]) {
        for sample in samples {
            let value = sample.value();
            if value == self.value {
                self.same = (self.same.0 + 1, self.same.1 + usize::from(self.run > 1));
                self.run += 1;
            } else {
                self.end();
                (self.value, self.run) = (value, 1);
            }
            self.seen += 1;
        }
    }

    fn end(&mut self) {
        let (low, high) = self.bounds;
        if self.run > self.longest.1 && self.value > low && self.value < high {
            self.longest = (self.seen - self.run, self.run);
            self.at = self.value;
        }
        if self.run >= KEPT && (self.runs.len() < MOST || self.runs.contains_key(&self.value.to_bits())) {
            let (runs, longer) = self.runs.entry(self.value.to_bits()).or_default();
            (*runs, *longer) = (*runs + 1, *longer + self.run - KEPT);
        }
    }

    /// First sample and length of the longest run, if it is longer than samples stay by chance: each at the code of the one before
    /// with a probability of `stays` at most, and −ln of what that makes of the run at least `surprise`.
    pub(super) fn longest(mut self, stays: f64, surprise: f64) -> Option<(usize, usize)> {
        self.end();
        let (first, count) = self.longest;
        let (once, twice) = self.same;
        // Averages and filters leave noise that is alike from sample to sample: as often as the others go on, so may this one.
        let others = once.saturating_sub(count.saturating_sub(1)).max(1) as f64;
        let goes_on = (twice.saturating_sub(count.saturating_sub(2)) as f64 / others).min(GOES_ON);
        // Where other runs stand at the same value, as often as these do.
        let (runs, longer) = self.runs.get(&self.at.to_bits()).copied().unwrap_or_default();
        let (runs, longer) =
            (runs.saturating_sub(1) as f64, longer.saturating_sub(count.saturating_sub(KEPT)) as f64);
        let there = (longer + goes_on) / (longer + runs + 1.0);
        let by_noise = if once as f64 > RARE * self.seen as f64 { goes_on.max(there) } else { 0.0 };
        let found = (count as f64 - 1.0) * -stays.max(by_noise).ln();
        (count >= AT_REST && found >= surprise).then_some((first, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_of_the_same_samples_is_found_whatever_the_pieces() {
        let mut samples: Vec<f64> = (0..2000).map(|at| f64::from(at * 7919 % 13)).collect();
        samples[700..900].fill(5.0);
        // At an extreme it is clipped rather than held.
        samples[1200..1600].fill(12.0);
        for piece in [1, 33, 5000] {
            let mut held = Held::new((0.0, 12.0));
            samples.chunks(piece).for_each(|part| held.add(part));
            assert_eq!(held.longest(0.2, 24.0), Some((700, 200)), "{piece}");
        }
        let mut noise = Held::new((0.0, 12.0));
        noise.add(&samples[..700]);
        assert_eq!(noise.longest(0.2, 24.0), None);
        // A short one, and runs of the same length that stand at one value again and again.
        let mut short = Held::new((0.0, 12.0));
        short.add(&samples[..300]);
        short.add(&[5.0; 30]);
        short.add(&samples[300..700]);
        assert_eq!(short.clone().longest(0.2, 24.0).map(|(_, count)| count), Some(30));
        for at in 0..6 {
            short.add(&[5.0; 26]);
            short.add(&samples[at * 40..at * 40 + 40]);
        }
        assert_eq!(short.longest(0.2, 24.0), None);
        // Every sample four times over, as a slower converter would give them: no run tells.
        let mut slow = Held::new((0.0, 12.0));
        samples[..700].iter().for_each(|sample| slow.add(&[*sample; 4]));
        assert_eq!(slow.longest(0.2, 24.0), None);
    }
}
