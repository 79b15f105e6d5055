//! The units of a check as a picture needs them, in bounded memory.

use crate::record::{Histogram, Points};

/// Stretches that are kept; when there are as many, neighbours become one.
const MOST: usize = 16_384;
/// Bins over the values seen by then.
const BINS: usize = 4096;

/// Values in order of time: each by itself up to 16 384 of them, of more the extremes of stretches of as many.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// (seconds since the first sample, smallest, largest value).
    stretches: Vec<(f64, f64, f64)>,
    /// Values in one stretch.
    each: u64,
    /// Values in the last one.
    filled: u64,
    count: u64,
    bins: Option<Bins>,
}

impl Seen {
    /// One more value at `time`, s. What is no number is not seen.
    pub fn add(&mut self, time: f64, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.count += 1;
        if let Some(bins) = &mut self.bins {
            bins.add(value);
        }
        if self.filled < self.each
            && let Some(last) = self.stretches.last_mut()
        {
            *last = (last.0, last.1.min(value), last.2.max(value));
            self.filled += 1;
            return;
        }
        if self.stretches.len() >= MOST {
            let values = self.stretches.iter().map(|(_, value, _)| *value);
            self.bins.get_or_insert_with(|| Bins::over(values, value));
            self.merge();
        }
        self.stretches.push((time, value, value));
        self.each = self.each.max(1);
        self.filled = 1;
    }

    fn merge(&mut self) {
        let pairs = self.stretches.chunks(2).filter_map(|pair| {
            let (first, last) = (pair.first()?, pair.last()?);
            Some((first.0, first.1.min(last.1), first.2.max(last.2)))
        });
        self.stretches = pairs.collect();
        self.each *= 2;
    }

    /// Over time, in at most `most` points.
    pub fn points(&self, unit: &str, most: usize) -> Option<Points> {
        Points::of(unit, &self.stretches, self.count, most)
    }

    /// How often which value came; of many values to a few thousandths of their range.
    pub fn histogram(&self, unit: &str) -> Option<Histogram> {
        match &self.bins {
            None => Histogram::of(unit, self.stretches.iter().map(|(_, value, _)| (*value, 1))),
            Some(bins) => Histogram::of(unit, bins.values()),
        }
    }
}

/// How often values came, in steps that grow with their range.
#[derive(Debug, Clone)]
struct Bins {
    from: f64,
    step: f64,
    counts: Vec<u32>,
    low: f64,
    high: f64,
}

impl Bins {
    /// Of the values so far and one more, in the middle half of the bins.
    fn over(values: impl Iterator<Item = f64> + Clone, next: f64) -> Self {
        let all = || values.clone().chain([next]);
        let low = all().fold(f64::INFINITY, f64::min);
        let high = all().fold(f64::NEG_INFINITY, f64::max);
        let step = ((high - low) / (BINS / 2) as f64).max(low.abs().max(high.abs()) * f64::EPSILON);
        let step = step.max(f64::MIN_POSITIVE);
        let mut bins = Self { from: low - step * (BINS / 4) as f64, step, counts: vec![0; BINS], low, high };
        all().for_each(|value| bins.add(value));
        bins
    }

    fn add(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        while value < self.from || value >= self.from + self.step * BINS as f64 {
            self.widen(value < self.from);
        }
        if let Some(count) = self.counts.get_mut(((value - self.from) / self.step) as usize) {
            *count += 1;
        }
    }

    /// Twice the range, to lower or to higher values.
    fn widen(&mut self, down: bool) {
        let pairs: Vec<u32> = self.counts.chunks(2).map(|pair| pair.iter().sum()).collect();
        self.counts.fill(0);
        let begin = if down { BINS / 2 } else { 0 };
        self.counts.iter_mut().skip(begin).zip(pairs).for_each(|(count, pair)| *count = pair);
        if down {
            self.from -= self.step * BINS as f64;
        }
        self.step *= 2.0;
    }

    /// The middle of each bin that is not empty, but no value beyond those that came, with how many.
    fn values(&self) -> impl Iterator<Item = (f64, u32)> + Clone {
        let Self { from, step, low, high, .. } = *self;
        let of = move |(k, count): (usize, &u32)| ((from + step * (k as f64 + 0.5)).clamp(low, high), *count);
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_kept_and_of_many_the_extremes_and_how_they_lie() {
        let mut seen = Seen::default();
        (0..100).for_each(|k| seen.add(f64::from(k), f64::from(k % 10)));
        let few = seen.points("A", 200).unwrap();
        assert!(few.high.is_empty() && few.at.len() == 100);
        assert_eq!(seen.histogram("A").unwrap().counts, [10; 10]);

        let mut seen = Seen::default();
        let value = |k: u32| if k == 777_777 { 50.0 } else { f64::from(k % 1000) / 1000.0 };
        (0..1_000_000).for_each(|k| seen.add(f64::from(k), value(k)));
        assert!(seen.stretches.len() <= MOST);
        let many = seen.points("A", 200).unwrap();
        assert_eq!((many.count, many.at.len() <= 201), (1_000_000, true));
        let spikes: Vec<_> = many.spans().filter(|(.., high)| *high > 10.0).collect();
        assert_eq!(spikes.len(), 1);
        assert!((spikes[0].0 - 777_777.0).abs() < 5100.0 && spikes[0].1 < 0.01, "{spikes:?}");
        let histogram = seen.histogram("A").unwrap();
        assert_eq!(histogram.counts.iter().sum::<u32>(), 1_000_000);
        // Steps of 1.25 from 0 to 50: all but one in the first.
        assert_eq!((histogram.counts[0], histogram.counts[39]), (999_999, 1));
    }

    #[test]
    fn values_that_are_all_the_same_have_no_histogram() {
        let mut seen = Seen::default();
        (0..40_000).for_each(|k| seen.add(f64::from(k), 3.0));
        assert_eq!(seen.histogram("A"), None);
    }
}
