//! The rest level of a record, and how far it can be trusted.

use crate::measure::sample::{Sample, Side};

use super::noise::median;
use super::passes::View;
use super::survey::Outside;
use super::wander::{Blocks, Wander};

/// One pooled rest level for the whole record, in units of its samples.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Baseline {
    /// Mean of the samples outside the pulses that lie within the noise of their median.
    pub level: f64,
    /// How many samples.
    pub count: usize,
    /// Lowest and highest plateau outside the pulses.
    pub plateaus: (f64, f64),
    /// Whether the plateaus differ by no more than the noise makes them.
    pub quiet: bool,
    /// Standard deviation that most of the samples outside the pulses have about their median, whatever makes them.
    pub scatter: f64,
    /// Distance of the furthest of them from the level.
    pub furthest: f64,
    /// What it does besides white noise.
    pub wander: Wander,
}

impl Baseline {
    /// Distance between the plateaus.
    pub(super) fn span(&self) -> f64 {
        self.plateaus.1 - self.plateaus.0
    }

    /// Distance of the furthest plateau from the level, which a pulse on it is off by: half of the span or more.
    pub(super) fn reach(&self) -> f64 {
        (self.plateaus.1 - self.level).max(self.level - self.plateaus.0)
    }
}

/// Samples of a plateau: long enough to average over noise and over ringing at its ends.
pub(super) const PLATEAU: usize = 32;

/// Measures the rest level outside windows as the samples come.
///
/// A record whose baseline has steps in it (triggers that slipped in an average, a decaying recharge) has no one
/// baseline; the span of its plateaus is then what is not known about it.
pub(super) struct Rest<'a, O> {
    /// Bounds of the samples that are no baseline, in order of time, those that lie ahead.
    windows: std::slice::Iter<'a, (f64, f64)>,
    samples: usize,
    outside: O,
    /// The stretch of baseline that is under way, or comes next.
    from: usize,
    until: usize,
    /// One past the window behind it.
    next: usize,
    /// Samples before this are done.
    pub at: usize,
    /// Lowest and highest plateau.
    plateaus: Option<(f64, f64)>,
    /// Lowest and highest sample outside.
    extremes: Option<(f64, f64)>,
    /// How many there were.
    many: usize,
    /// How the whole plateaus scatter.
    blocks: Blocks,
}

impl<'a, O> Rest<'a, O> {
    pub(super) fn new(windows: &'a [(f64, f64)], samples: usize, outside: O) -> Self {
        let mut rest = Self {
            windows: windows.iter(),
            samples,
            outside,
            from: 0,
            until: 0,
            next: 0,
            at: 0,
            plateaus: None,
            extremes: None,
            many: 0,
            blocks: Blocks::default(),
        };
        rest.advance();
        rest
    }

    /// On to the next stretch of baseline.
    fn advance(&mut self) {
        self.blocks.interrupt();
        self.from = self.next;
        let (start, end) = match self.windows.next() {
            Some((start, end)) => (start.floor().max(0.0) as usize, end.ceil().max(0.0) as usize + 1),
            None => (self.samples, self.samples),
        };
        self.until = start.clamp(self.from, self.samples);
        self.next = end.min(self.samples).max(self.until);
    }

    /// Goes on as far as the samples have come.
    pub(super) fn take<S: Sample + PartialOrd>(&mut self, view: &View<'_, S>)
    where
        O: Outside<S>,
    {
        while self.at < view.end() {
            if self.at >= self.until {
                let part = view.current(self.at, self.next);
                self.outside.inside(part);
                self.at += part.len();
                if self.at >= self.next {
                    self.advance();
                }
                continue;
            }
            let part = view.current(self.at, self.until);
            let (low, high) = S::extremes(part);
            let (lowest, highest) = self.extremes.unwrap_or((low, high));
            self.extremes = Some((low.min(lowest), high.max(highest)));
            let (whole, left) = part.as_chunks::<PLATEAU>();
            for plateau in whole {
                self.plateau(plateau);
                self.blocks.add(S::sum(plateau));
            }
            self.outside.outside(whole.as_flattened());
            self.at += part.len() - left.len();
            if view.end() < self.until {
                return;
            }
            if left.len() * 2 >= PLATEAU || self.until - self.from < PLATEAU && !left.is_empty() {
                self.plateau(left);
            }
            self.outside.outside(left);
            self.at = self.until;
        }
    }

    /// Only a plateau beyond those so far matters, and a few comparisons tell that it is none.
    fn plateau<S: Sample + PartialOrd>(&mut self, samples: &[S]) {
        self.many += 1;
        let half = samples.len() / 2;
        if let Some((low, high)) = self.plateaus {
            let beyond = |count: usize| count > half || 2 * count == samples.len();
            if !beyond(S::count(samples, Side::Above, high)) && !beyond(S::count(samples, Side::Below, low)) {
                return;
            }
        }
        let mut values = [0.0; PLATEAU];
        let values = values.get_mut(..samples.len()).unwrap_or_default();
        values.iter_mut().zip(samples).for_each(|(value, sample)| *value = sample.value());
        let level = median(values);
        let (low, high) = self.plateaus.unwrap_or((level, level));
        self.plateaus = Some((low.min(level), high.max(level)));
    }

    /// The level, once the record is through; `noise` and `step` are those of its samples.
    pub(super) fn finish<S: Sample>(mut self, noise: f64, step: f64) -> Baseline
    where
        O: Outside<S>,
    {
        let (level, count) = self.outside.level(reach(noise, step));
        // Of normal values: half of them lie within 0.6745 standard deviations.
        let scatter = self.outside.scatter() / 0.6745;
        let (lowest, highest) = self.extremes.unwrap_or((level, level));
        let furthest = (highest - level).max(level - lowest);
        let (low, high) = self.plateaus.unwrap_or((level, level));
        let plateaus = (low.min(level), high.max(level));
        // The median of n normal values has 1.25 σ/√n. The extremes of few of them reach 3.5 times that; those of many stay within
        // √(2 ln 20 N) times in 99 of 100 records. What is less than that is in the scatter of the means.
        let most = (2.0 * (20.0 * self.many as f64).ln()).max(0.0).sqrt().max(3.5);
        let by_noise = 2.0 * most * 1.25 * noise / (PLATEAU as f64).sqrt() + 2.0 * step;
        let quiet = plateaus.1 - plateaus.0 <= by_noise;
        let wander = self.blocks.finish(noise);
        Baseline { level, count, plateaus, quiet, scatter, furthest, wander }
    }
}

/// How far from their median samples count for the level. The median of codes is a code, off by up to half a step, and over a
/// cycle that is the charge of many phases; their mean is not, as noise carries the level across the codes. Four standard
/// deviations and a step hold all of the noise and nothing of another plateau. The bound lies between two codes, so that values
/// and codes agree on what lies within it.
fn reach(noise: f64, step: f64) -> f64 {
    if step > 0.0 { ((4.0 * noise / step).floor() + 1.5) * step } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::survey::{Kind, Tally};

    fn baseline(samples: &[f64], windows: &[(f64, f64)], noise: f64, step: f64) -> Baseline {
        let mut rest = Rest::new(windows, samples.len(), Vec::new());
        rest.take(&View { first: 0, fresh: 0, current: samples, voltage: &[], last: true });
        rest.finish::<f64>(noise, step)
    }

    #[test]
    fn ghosts_before_the_trigger_are_plateaus() {
        let mut samples = vec![0.0; 400];
        samples.extend([-3.6; 200]);
        samples.extend([-340.0; 100]);
        samples.extend([0.0; 400]);
        let found = baseline(&samples, &[(598.0, 702.0)], 0.02, 0.015);
        assert_eq!((found.level, found.plateaus, found.quiet), (0.0, (-3.6, 0.0), false));
        let calm = baseline(&[0.0, 0.015, 0.0, 0.015].repeat(100), &[], 0.01, 0.015);
        assert!(calm.quiet);
    }

    #[test]
    fn a_long_baseline_is_as_quiet_as_a_short_one() {
        let mut seed = 11_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24)
        };
        let mut normal = || (0..12).map(|_| next()).sum::<f64>() - 6.0;
        // The 6250 plateaus of noise alone span more than those of 60 would.
        let mut samples: Vec<f64> = (0..200_000).map(|_| normal()).collect();
        let noise = baseline(&samples, &[], 1.0, 0.0);
        assert!(noise.quiet && noise.span() > 1.55, "{noise:?}");
        samples.iter_mut().skip(150_000).for_each(|sample| *sample += 3.0);
        assert!(!baseline(&samples, &[], 1.0, 0.0).quiet);
    }

    #[test]
    fn a_level_between_two_codes_is_found_there() {
        // Noise of 0.6 codes about 0.45, evenly spread over its distribution; a plateau of another kind is none of it.
        let mut seed = 3_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24)
        };
        // Twelve uniform numbers less their mean are normal enough, of standard deviation 1.
        let mut normal = || (0..12).map(|_| next()).sum::<f64>() - 6.0;
        let codes: Vec<f64> = (0..40_000).map(|_| (0.45 + 0.6 * normal()).round()).collect();
        let found = baseline(&[codes.as_slice(), &[40.0; 400]].concat(), &[], 0.6, 1.0);
        // 0.67/√40000 is 0.0034.
        assert!((found.level - 0.45).abs() < 0.015, "{}", found.level);
    }

    #[test]
    fn codes_in_pieces_give_what_all_values_at_once_give() {
        let codes: Vec<i16> = (0..5000_i32).map(|k| (k * 7919 % 13 - 6 + k / 900) as i16).collect();
        let values: Vec<f64> = codes.iter().map(|code| f64::from(*code)).collect();
        let windows = [(-4.0, 20.5), (700.2, 903.7), (900.0, 950.1), (2000.0, 2010.0), (4990.0, 5100.0)];
        let expected = baseline(&values, &windows, 1.0, 1.0);
        // By the words of the definition.
        let mut outside = Vec::new();
        let mut plateaus = Vec::new();
        let mut from = 0_usize;
        for (start, end) in windows {
            let until = (start.floor().max(0.0) as usize).clamp(from, 5000);
            let run = &values[from..until];
            outside.extend_from_slice(run);
            plateaus.extend(
                run.chunks(PLATEAU)
                    .filter(|part| part.len() * 2 >= PLATEAU || run.len() < PLATEAU)
                    .map(|part| median(&mut part.to_vec())),
            );
            from = (end.ceil() as usize + 1).min(5000).max(from);
        }
        // Noise of one code: what lies within five codes and a half of the median.
        let middle = median(&mut outside);
        let near: Vec<f64> = outside.iter().copied().filter(|y| (y - middle).abs() <= 5.5).collect();
        let level = near.iter().sum::<f64>() / near.len() as f64;
        let bounds = plateaus.iter().fold((level, level), |(low, high), y| (low.min(*y), high.max(*y)));
        assert!((expected.level - level).abs() < 1e-9, "{} {level}", expected.level);
        assert_eq!((expected.count, expected.plateaus), (outside.len(), bounds));
        for piece in [1, 31, 64, 700] {
            let mut tally = <i16 as Kind>::Tally::default();
            tally.add(None, &codes);
            let mut rest = Rest::new(&windows, codes.len(), tally.finish().1);
            for end in (0..codes.len()).step_by(piece).map(|at| (at + piece).min(codes.len())) {
                let first = rest.at;
                let view =
                    View { first, fresh: first, current: &codes[first..end], voltage: &[], last: false };
                rest.take(&view);
            }
            let found = rest.finish::<i16>(1.0, 1.0);
            assert!((found.level - expected.level).abs() < 1e-9, "{piece}: {}", found.level);
            assert_eq!(Baseline { level: expected.level, ..found }, expected, "{piece}");
        }
    }
}
