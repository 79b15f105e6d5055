//! The first pass: what can be said of a channel without knowing what is in it.

use crate::measure::Pyramid;
use crate::measure::sample::Sample;

use super::noise::{median, white};
use super::passes::{Stage, View};

/// Stretches of a picture of the whole record: more than a screen has columns.
pub(super) const STRETCHES: usize = 1 << 14;

/// What is known of a channel, in units of its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Survey {
    /// Samples.
    pub count: usize,
    /// Median of all samples.
    pub rest: f64,
    /// White noise, standard deviation.
    pub noise: f64,
    /// Smallest step between neighbours: the resolution of the file; 0 where all are the same.
    pub step: f64,
    /// Smallest sample.
    pub low: f64,
    /// Largest sample.
    pub high: f64,
    /// Neighbours that differ.
    pub changes: usize,
}

impl Survey {
    /// The largest distance of a sample from a level.
    pub(super) fn excursion(&self, level: f64) -> f64 {
        (self.high - level).max(level - self.low).max(0.0)
    }
}

/// Values or codes: how their distribution is kept.
pub(super) trait Kind: Sample + PartialOrd {
    /// Gathers the distribution of the samples and of the differences of neighbours.
    type Tally: Tally<Self>;
}

/// The distribution of a channel's samples.
pub(super) trait Tally<S>: Default {
    /// The distribution of the samples outside the pulses.
    type Outside: Outside<S>;

    /// Adds samples; `before` is the one before them.
    fn add(&mut self, before: Option<S>, samples: &[S]);

    /// What they say.
    fn finish(self) -> (Survey, Self::Outside);
}

/// The distribution of the samples outside the pulses, which is told of every sample once.
pub(super) trait Outside<S>: Clone {
    /// Samples of a pulse.
    fn inside(&mut self, samples: &[S]);
    /// Samples of the baseline.
    fn outside(&mut self, samples: &[S]);
    /// Mean of the samples outside that lie within `reach` of their median, and how many are outside in all.
    fn level(&mut self, reach: f64) -> (f64, usize);
    /// Median distance of the samples outside from their median.
    fn scatter(&mut self) -> f64;
}

impl Kind for f64 {
    type Tally = Values;
}

/// The values themselves.
#[derive(Debug, Default)]
pub(super) struct Values {
    values: Vec<f64>,
    differences: Vec<f64>,
}

impl Tally<f64> for Values {
    type Outside = Vec<f64>;

    fn add(&mut self, before: Option<f64>, samples: &[f64]) {
        let steps = before.iter().chain(samples).zip(samples.iter().skip(usize::from(before.is_none())));
        self.differences.extend(steps.map(|(a, b)| (b - a).abs()));
        self.values.extend_from_slice(samples);
    }

    fn finish(mut self) -> (Survey, Vec<f64>) {
        let bounds = |(low, high): (f64, f64), y: &f64| (low.min(*y), high.max(*y));
        let (low, high) = self.values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), bounds);
        // Less is the rounding of a printed number.
        let differs = 1e-9 * low.abs().max(high.abs());
        let steps = self.differences.iter().filter(|step| **step > differs);
        let step = steps.fold(f64::INFINITY, |smallest, step| smallest.min(*step));
        let step = if step.is_finite() { step } else { 0.0 };
        let survey = Survey {
            count: self.values.len(),
            rest: median(&mut self.values),
            changes: self.differences.iter().filter(|step| **step != 0.0).count(),
            noise: white(&mut self.differences, step),
            step,
            low,
            high,
        };
        (survey, Vec::new())
    }
}

impl Outside<f64> for Vec<f64> {
    fn inside(&mut self, _: &[f64]) {}

    fn outside(&mut self, samples: &[f64]) {
        self.extend_from_slice(samples);
    }

    fn level(&mut self, reach: f64) -> (f64, usize) {
        let middle = median(self);
        let near = self.iter().map(|sample| sample - middle).filter(|off| off.abs() <= reach);
        let (sum, count) = near.fold((0.0, 0.0), |(sum, count), off| (sum + off, count + 1.0));
        (if count > 0.0 { middle + sum / count } else { middle }, self.len())
    }

    fn scatter(&mut self) -> f64 {
        let middle = median(self);
        median(&mut self.iter().map(|sample| (sample - middle).abs()).collect::<Vec<_>>())
    }
}

impl<S: Kind> Surveyor<S> {
    pub(super) fn new() -> Self {
        let overview = || Pyramid::new(1, STRETCHES);
        Self { current: (S::Tally::default(), overview()), voltage: (S::Tally::default(), overview()) }
    }
}

/// The first stage.
pub(super) struct Surveyor<S: Kind> {
    /// Distribution, and extremes for a picture of the whole record.
    pub current: (S::Tally, Pyramid<S>),
    /// The same of the voltage.
    pub voltage: (S::Tally, Pyramid<S>),
}

impl<S: Kind> Stage<S> for Surveyor<S> {
    fn take(&mut self, view: &View<'_, S>) -> usize {
        let end = view.end();
        let before = view.fresh.saturating_sub(1);
        let sides = [
            (&mut self.current, view.current(before, view.fresh), view.current(view.fresh, end)),
            (&mut self.voltage, view.voltage(before, view.fresh), view.voltage(view.fresh, end)),
        ];
        for ((tally, overview), before, samples) in sides {
            tally.add(before.last().copied(), samples);
            overview.extend(samples);
        }
        end.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a plain look at all samples at once says.
    fn plain(samples: &[f64]) -> Survey {
        let mut tally = Values::default();
        tally.add(None, samples);
        tally.finish().0
    }

    #[test]
    fn codes_tell_what_their_values_tell_however_they_come() {
        let mut seed = 3_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 16
        };
        let quiet: Vec<i16> =
            (0..5001).map(|k| if k % 500 < 40 { 8000 } else { (next() % 3) as i16 - 1 }).collect();
        let wide: Vec<i16> = (0..4000).map(|_| next() as u16 as i16).collect();
        let still = vec![-7_i16; 400];
        let rare: Vec<i16> = (0..4000).map(|k| i16::from(k % 20 == 0)).collect();
        for codes in [quiet, wide, still, rare] {
            let values: Vec<f64> = codes.iter().map(|code| f64::from(*code)).collect();
            for piece in [1, 7, 640, 10_000] {
                let mut tally = <i16 as Kind>::Tally::default();
                let mut before = None;
                for part in codes.chunks(piece) {
                    tally.add(before, part);
                    before = part.last().copied();
                }
                let (survey, mut outside) = tally.finish();
                assert_eq!(survey, plain(&values));
                outside.inside(&codes[100..250]);
                outside.outside(&codes[..100]);
                let mut rest: Vec<f64> = values[..100].iter().chain(&values[250..]).copied().collect();
                assert_eq!(outside.level(0.5), (median(&mut rest), values.len() - 150));
                assert_eq!(outside.scatter(), rest.scatter());
                // Within any reach both have the same mean.
                for reach in [2.5, 400.5] {
                    let (own, count) = outside.level(reach);
                    let (other, all) = rest.level(reach);
                    assert!((own - other).abs() < 1e-9 && count == all, "{reach}: {own} {other}");
                }
            }
        }
    }
}
