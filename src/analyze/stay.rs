//! How long a trace stays at its extremes, and whether it scatters so that it could not without a reason.

use crate::measure::sample::{Sample, Side};

use super::held::Held;
use super::survey::Survey;

/// The runs of samples on one side of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stay {
    side: Side,
    level: f64,
    run: usize,
    /// Samples of the longest run.
    pub longest: usize,
    /// How many runs.
    runs: usize,
    /// Samples of all of them.
    samples: usize,
}

impl Stay {
    /// Samples at most as large as the level.
    pub(super) fn below(level: f64) -> Self {
        Self::new(Side::AtMost, level)
    }

    /// Samples at least as large as the level.
    pub(super) fn above(level: f64) -> Self {
        Self::new(Side::AtLeast, level)
    }

    fn new(side: Side, level: f64) -> Self {
        Self { side, level, run: 0, longest: 0, runs: 0, samples: 0 }
    }

    /// Goes on with consecutive samples.
    pub(super) fn add<S: Sample>(&mut self, samples: &[S]) {
        let off = if self.side == Side::AtMost { Side::Above } else { Side::Below };
        let mut rest = samples;
        while !rest.is_empty() {
            let stays = S::first(rest, off, self.level).unwrap_or(rest.len());
            self.runs += usize::from(self.run == 0 && stays > 0);
            self.samples += stays;
            self.run += stays;
            self.longest = self.longest.max(self.run);
            rest = rest.get(stays..).unwrap_or(&[]);
            if rest.is_empty() {
                return;
            }
            self.run = 0;
            let away = S::first(rest, self.side, self.level).unwrap_or(rest.len());
            rest = rest.get(away..).unwrap_or(&[]);
        }
    }

    /// Whether none of some samples between these extremes is at the level.
    fn misses(&self, (low, high): (f64, f64)) -> bool {
        if self.side == Side::AtMost { low > self.level } else { high < self.level }
    }

    /// How sure it is that no noise made these runs, of which each sample stays at the level with probability `part`: a bound
    /// (Chernoff's) on the probability of so many stays, as −ln.
    fn surprise(&self, part: f64) -> f64 {
        let (left, all) = (self.runs as f64, self.samples as f64);
        let stayed = all - left;
        if stayed <= part * all {
            return 0.0;
        }
        stayed * (stayed / (all * part)).ln() + left * (left / (all * (1.0 - part))).ln()
    }
}

/// Samples that are looked at for their scatter: enough for a part of a percent, and a few milliseconds.
const LOOKED: usize = 1 << 20;
/// Fewer say nothing of their scatter.
const FEWEST: usize = 64;
/// A trace of which less than this part turns is smooth: it has no noise that a flat top could be missing.
const TURNS: f64 = 0.05;
/// Samples beyond their neighbours by more steps than this count as if by this many, so that some spikes are no noise.
const MOST: f64 = 4.0;
/// Noise below one step may lie within a code at one level and flicker at another. So much beyond it shows that it cannot.
const BEYOND: f64 = 0.25;
/// −ln of the probability with which noise may pass for the end of a range.
const SURE: f64 = 8.0;

/// How far samples lie beyond both of their neighbours. Levels, edges and slopes of a stimulus do not count, as in them a
/// sample lies between its neighbours; nor does a code that flickers between two.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scatter {
    step: f64,
    low: f64,
    high: f64,
    before: Option<(f64, f64)>,
    seen: usize,
    /// Samples between the extremes.
    looked: usize,
    turns: usize,
    /// Sum of the distances beyond one step, in steps.
    beyond: f64,
}

impl Scatter {
    fn add<S: Sample>(&mut self, samples: &[S]) {
        let samples = samples.get(..LOOKED - self.seen).unwrap_or(samples);
        self.seen += samples.len();
        let mut before = self.before;
        for next in samples.iter().map(|sample| sample.value()) {
            let (first, middle) = before.unwrap_or((next, next));
            let above = (middle - first).min(middle - next);
            let over = above.max((first - middle).min(next - middle));
            if middle > self.low && middle < self.high {
                self.looked += 1;
                self.turns += usize::from(over > 0.0);
                self.beyond += (over / self.step - 1.0).clamp(0.0, MOST);
            }
            before = Some((middle, next));
        }
        self.before = before;
    }

    fn is_smooth(&self) -> bool {
        self.looked >= FEWEST && (self.turns as f64) < TURNS * self.looked as f64
    }

    /// The largest part of the samples of any level that can share one code; `None` where noise does not spread them for sure.
    fn at_one_code(&self) -> Option<f64> {
        // White noise of σ steps lies 0.56 σ beyond both neighbours in the mean, and some 0.75 steps less are counted.
        let beyond = self.beyond / (0.56 * self.looked as f64);
        (self.looked >= FEWEST && self.step > 0.0 && beyond >= BEYOND).then(|| 0.4 / (beyond + 0.75))
    }
}

/// What a channel is watched for besides pulses: whether it ran into the end of a range, and whether its samples stood still.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    /// At the smallest and at the largest sample; near them.
    pub stays: [Stay; 4],
    scatter: Scatter,
    held: Held,
}

/// Samples whose extremes are looked at first: where a trace rests it is at none of its levels.
const PIECE: usize = 512;

/// The shortest run at the end of a converter's range that is no single peak, samples.
const AT_RAIL: usize = 3;

impl Watch {
    /// Of a channel, and what counts as near its smallest and its largest sample.
    pub(super) fn new(survey: &Survey, near: (f64, f64)) -> Self {
        let Survey { low, high, step, .. } = *survey;
        let stays =
            [Stay::below(low), Stay::above(high), Stay::below(low + near.0), Stay::above(high - near.1)];
        let scatter = Scatter { step, low, high, before: None, seen: 0, looked: 0, turns: 0, beyond: 0.0 };
        let held = Held::new((low, high));
        Self { stays, scatter, held }
    }

    /// Goes on with consecutive samples.
    pub(super) fn add<S: Sample>(&mut self, samples: &[S]) {
        for piece in samples.chunks(PIECE) {
            let extremes = S::extremes(piece);
            for stay in &mut self.stays {
                match stay.misses(extremes) {
                    true => stay.run = 0,
                    false => stay.add(piece),
                }
            }
        }
        self.scatter.add(samples);
        self.held.add(samples);
    }

    /// The first sample of the longest run of the same ones and how many they are, if noise cannot be that even.
    pub(super) fn held(&self, survey: &Survey) -> Option<(usize, usize)> {
        let surprise = 2.0 * SURE + (survey.count as f64).ln();
        self.held.clone().longest(self.scatter.at_one_code()?, surprise)
    }

    /// The extremes, lowest and highest, at which the trace ran into the end of a range: that of its converter, if it is known, or
    /// one that nobody stated. There a trace that is noisy elsewhere is exactly constant, for `long` samples or, in all its runs
    /// together, for more than its noise allows.
    pub(super) fn clipped(
        &self,
        survey: &Survey,
        rails: Option<(f64, f64)>,
        long: usize,
    ) -> [Option<f64>; 2] {
        let [low, high, ..] = self.stays;
        let at_rail = |stay: Stay, rail: bool| rail && stay.longest >= AT_RAIL;
        let noisy = survey.changes * 4 >= survey.count && !self.scatter.is_smooth();
        let part = self.scatter.at_one_code();
        let flat = |stay: Stay| {
            noisy && stay.longest >= long || part.is_some_and(|part| stay.surprise(part) >= SURE)
        };
        let of = |at: f64, stay: Stay, rail: bool| (at_rail(stay, rail) || flat(stay)).then_some(at);
        [
            of(survey.low, low, rails.is_some_and(|rails| survey.low <= rails.0)),
            of(survey.high, high, rails.is_some_and(|rails| survey.high >= rails.1)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::survey::{Kind, Tally};
    use super::*;

    #[test]
    fn the_longest_run_is_found_whatever_the_pieces() {
        let codes: Vec<i16> =
            [vec![0; 30], vec![9; 5], vec![0, 9], vec![9; 20], vec![1; 40], vec![9; 3]].concat();
        for piece in [1, 4, 50, 200] {
            let (mut high, mut low) = (Stay::above(9.0), Stay::below(0.0));
            for part in codes.chunks(piece) {
                high.add(part);
                low.add(part);
            }
            assert_eq!((high.longest, low.longest), (21, 30), "{piece}");
            assert_eq!((high.runs, high.samples, low.runs, low.samples), (3, 29, 2, 31), "{piece}");
        }
    }

    /// The extreme at which codes are clipped, the same whatever the pieces.
    fn clipped(codes: &[i16], rails: Option<(f64, f64)>) -> Option<f64> {
        let found: Vec<_> = [codes.len(), 37]
            .iter()
            .map(|piece| {
                let mut tally = <i16 as Kind>::Tally::default();
                tally.add(None, codes);
                let survey = tally.finish().0;
                let mut watch = Watch::new(&survey, (0.0, 0.0));
                codes.chunks(*piece).for_each(|part| watch.add(part));
                watch.clipped(&survey, rails, 16).into_iter().flatten().next()
            })
            .collect();
        assert_eq!(found[0], found[1]);
        found[0]
    }

    /// Pulses of -1000 and 900 with tops of so many samples, on noise that spans so many codes, within ±`limit`.
    fn pulses(top: usize, many: usize, noise: f64, limit: f64) -> Vec<i16> {
        let mut seed = 5_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 16) / 65_536.0 - 0.5
        };
        let one = [vec![0.0; 200], vec![-1000.0; top], vec![0.0; 5], vec![900.0; top], vec![0.0; 100]];
        let levels = one.concat().repeat(many);
        // The middle between two codes: the least noise flickers.
        let code = |level: f64| (level + 0.5 + noise * next()).round().clamp(-limit, limit) as i16;
        levels.into_iter().map(code).collect()
    }

    #[test]
    fn tops_of_a_few_samples_that_noise_should_scatter_are_clipped() {
        for (top, many) in [(8, 1), (12, 1), (5, 4), (4, 10)] {
            let flat = clipped(&pulses(top, many, 16.0, 800.0), None);
            assert_eq!(flat, Some(-800.0), "{many} of {top} samples");
            assert_eq!(clipped(&pulses(top, many, 16.0, 2000.0), None), None, "{many} of {top} samples");
        }
    }

    #[test]
    fn a_flat_top_without_noise_to_scatter_it_is_none() {
        for top in [4, 8, 15] {
            // No noise at all; a code that flickers at rest between two, while the tops lie within one.
            let still: Vec<i16> = pulses(top, 20, 0.0, 800.0);
            let flickers = pulses(top, 20, 0.9, 2000.0);
            let flickers: Vec<i16> =
                flickers.iter().map(|code| if *code < -900 { -1000 } else { *code }).collect();
            assert_eq!((clipped(&still, None), clipped(&flickers, None)), (None, None), "{top}");
        }
        // A recharge that decays through all codes between exactly equal tops, as a computed waveform does.
        let decay = (0..600).map(|at| (6000.0 * (-f64::from(at) / 150.0).exp()).round() as i16);
        let computed: Vec<i16> = [vec![-20_000; 60], decay.collect()].concat().repeat(5);
        assert_eq!(clipped(&computed, None), None);
    }

    #[test]
    fn the_end_of_a_known_range_is_one_without_any_noise() {
        let rails = Some((-2048.0, 2047.0));
        let top = |level: i16, samples| [vec![0; 40], vec![level; samples], vec![0; 40]].concat();
        assert_eq!(clipped(&top(-2048, 3), rails), Some(-2048.0));
        assert_eq!(clipped(&top(2047, 5), rails), Some(2047.0));
        assert_eq!(clipped(&top(2047, 1), rails), None, "one peak may just reach it");
        assert_eq!(clipped(&top(2046, 9), rails), None);
    }
}
