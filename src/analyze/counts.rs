//! The distribution of 16-bit codes: how often each of them came.

use super::survey::{Kind, Outside, Survey, Tally};

impl Kind for i16 {
    type Tally = Codes;
}

/// As many as there are 16-bit numbers.
const BINS: usize = 1 << 16;

/// Tables that neighbours are counted in by turns: the next increment need not wait for this one where both hit one bin.
const LANES: usize = 4;

/// How often each number came.
#[derive(Debug, Clone)]
struct Table {
    lanes: [Vec<u64>; LANES],
}

impl Default for Table {
    fn default() -> Self {
        Self { lanes: std::array::from_fn(|_| vec![0; BINS]) }
    }
}

impl Table {
    /// Counts numbers.
    #[inline]
    fn add(&mut self, numbers: impl Iterator<Item = u16>, mut lane: usize) {
        for number in numbers {
            lane = (lane + 1) % LANES;
            if let Some(bin) = self.lanes.get_mut(lane).and_then(|lane| lane.get_mut(usize::from(number))) {
                *bin += 1;
            }
        }
    }

    fn total(self) -> Vec<u64> {
        let [mut total, others @ ..] = self.lanes;
        for lane in others {
            total.iter_mut().zip(lane).for_each(|(sum, count)| *sum += count);
        }
        total
    }
}

/// Bins in order of their codes.
fn bin(code: i16) -> u16 {
    (code as u16) ^ 0x8000
}

fn code(bin: usize) -> f64 {
    bin as f64 - 32_768.0
}

/// Codes and magnitudes of the differences of neighbours.
#[derive(Debug, Default)]
pub(super) struct Codes {
    codes: Table,
    steps: Table,
}

impl Tally<i16> for Codes {
    type Outside = Counts;

    fn add(&mut self, before: Option<i16>, samples: &[i16]) {
        let step = |a: i16, b: i16| a.abs_diff(b);
        let across = before.zip(samples.first().copied()).map(|(a, b)| step(a, b));
        self.steps.add(across.into_iter(), 0);
        self.codes.add(samples.iter().map(|code| bin(*code)), 0);
        self.steps.add(samples.iter().zip(samples.iter().skip(1)).map(|(a, b)| step(*a, *b)), 0);
    }

    fn finish(self) -> (Survey, Counts) {
        let (codes, steps) = (Counts { bins: self.codes.total() }, Counts { bins: self.steps.total() });
        let filled = || codes.bins.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bin, _)| bin);
        let pairs = steps.count();
        let still = steps.bins.first().copied().unwrap_or(0);
        let survey = Survey {
            count: codes.count() as usize,
            rest: codes.median().map_or(0.0, code),
            noise: noise(&steps, pairs),
            step: steps.bins.iter().skip(1).position(|count| *count > 0).map_or(0.0, |at| at as f64 + 1.0),
            low: filled().next().map_or(f64::INFINITY, code),
            high: filled().next_back().map_or(f64::NEG_INFINITY, code),
            changes: (pairs - still) as usize,
        };
        (survey, codes)
    }
}

/// As [`super::noise::white`] of the differences.
fn noise(steps: &Counts, pairs: u64) -> f64 {
    let spread = super::noise::of_median(steps.median().unwrap_or(0) as f64);
    if spread > 0.0 {
        return spread;
    }
    let kept = pairs * 9 / 10;
    let mut left = kept;
    let mut squares = 0.0;
    for (step, count) in steps.bins.iter().enumerate() {
        let taken = left.min(*count);
        squares += taken as f64 * (step * step) as f64;
        left -= taken;
        if left == 0 {
            break;
        }
    }
    if kept == 0 { 0.0 } else { (squares / (2.0 * kept as f64)).sqrt() }
}

/// How often each code came.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    bins: Vec<u64>,
}

impl Counts {
    fn count(&self) -> u64 {
        self.bins.iter().sum()
    }

    /// The bin of the median.
    fn median(&self) -> Option<usize> {
        let middle = self.count() / 2;
        let mut below = 0;
        self.bins.iter().position(|count| {
            below += count;
            below > middle
        })
    }
}

impl Outside<i16> for Counts {
    fn inside(&mut self, samples: &[i16]) {
        for sample in samples {
            if let Some(count) = self.bins.get_mut(usize::from(bin(*sample))) {
                *count = count.saturating_sub(1);
            }
        }
    }

    // They are counted already.
    fn outside(&mut self, _: &[i16]) {}

    fn level(&mut self) -> (f64, usize) {
        (self.median().map_or(0.0, code), self.count() as usize)
    }
}
