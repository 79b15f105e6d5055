//! A closed form at equal distances of time: many samples for one exponential.

use super::Waveform;

/// Samples between two exponentials of one term. In between, powers of a factor take over; rounding adds up to some
/// 32 · 2⁻⁵² of the term.
const BLOCK: u64 = 256;
/// Samples that are computed side by side.
const LANES: usize = 8;

/// One decaying term.
#[derive(Debug, Clone, Copy, Default)]
struct Term {
    /// Value at sample 0.
    start: f64,
    /// Rate times period.
    decrement: f64,
    /// Factors over 0 … 7 samples, and over eight.
    within: [f64; LANES],
    eight: f64,
    /// From this sample on it is negligible.
    gone: u64,
}

/// A waveform at the instants `first` + k·`period`, seconds from the start of its segment.
///
/// A sample's value does not depend on which samples are computed together with it. Terms are dropped where they have
/// become negligible, long before they are denormal numbers, which cost twenty times as much to work with.
#[derive(Debug, Clone, Default)]
pub struct Sampled {
    constant: f64,
    /// Per sample.
    slope: f64,
    terms: Vec<Term>,
}

impl Sampled {
    /// Prepares for samples of `wave`; terms smaller than `negligible` do not count.
    pub fn set(&mut self, wave: &Waveform, first: f64, period: f64, negligible: f64) {
        self.constant = wave.constant + wave.slope * first;
        self.slope = wave.slope * period;
        self.terms.clear();
        for &(rate, coefficient) in &wave.decays {
            let start = coefficient * (-rate * first).exp();
            if start.abs() <= negligible {
                continue;
            }
            let decrement = rate * period;
            let one = (-decrement).exp();
            let mut power = 1.0;
            let mut within = [1.0; LANES];
            for factor in &mut within {
                *factor = power;
                power *= one;
            }
            let eight = (-decrement * LANES as f64).exp();
            // Saturates where nothing is negligible.
            let last = ((start.abs() / negligible).ln() / decrement).ceil() as u64;
            let gone = if decrement > 0.0 { last } else { u64::MAX };
            self.terms.push(Term { start, decrement, within, eight, gone });
        }
    }

    /// The one value of all samples from `from` on, if over the next `count` of them it changes by no more than
    /// `negligible`.
    pub fn constant(&self, from: u64, count: usize, negligible: f64) -> Option<f64> {
        let still = self.slope.abs() * count as f64 <= negligible;
        let over = self.terms.iter().all(|term| term.gone <= from);
        (still && over).then_some(self.constant + self.slope * from as f64)
    }

    /// Values of the samples `from`, `from` + 1, ….
    pub fn fill(&self, from: u64, out: &mut [f64]) {
        for (k, value) in (from..).zip(out.iter_mut()) {
            *value = self.constant + self.slope * k as f64;
        }
        let mut done = 0;
        while done < out.len() {
            let at = from + done as u64;
            // Up to the end of the block that `at` lies in.
            let most = (BLOCK - at % BLOCK).min((out.len() - done) as u64) as usize;
            if let Some(part) = out.get_mut(done..done + most) {
                for term in &self.terms {
                    term.add(at, part);
                }
            }
            done += most;
        }
    }
}

impl Term {
    /// Adds its values at the samples `from` and on, all within one block.
    fn add(&self, from: u64, out: &mut [f64]) {
        let most = self.gone.saturating_sub(from).min(out.len() as u64) as usize;
        let Some(out) = out.get_mut(..most).filter(|out| !out.is_empty()) else { return };
        let block = from / BLOCK * BLOCK;
        let scale = if block == 0 { 1.0 } else { (-self.decrement * block as f64).exp() };
        let mut lanes = self.within.map(|factor| self.start * scale * factor);
        let mut skip = (from - block) as usize;
        while skip >= LANES {
            lanes.iter_mut().for_each(|lane| *lane *= self.eight);
            skip -= LANES;
        }
        let (head, rest) = out.split_at_mut((LANES - skip).min(out.len()));
        for (value, lane) in head.iter_mut().zip(lanes.iter().skip(skip)) {
            *value += lane;
        }
        let (groups, tail) = rest.as_chunks_mut::<LANES>();
        for group in groups {
            for (value, lane) in group.iter_mut().zip(&mut lanes) {
                *lane *= self.eight;
                *value += *lane;
            }
        }
        for (value, lane) in tail.iter_mut().zip(&lanes) {
            *value += lane * self.eight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(modes: usize) -> Waveform {
        let decays = (0..modes).map(|k| (0.3 * 4.0_f64.powi(k as i32), 0.5 - 0.07 * k as f64)).collect();
        Waveform { constant: 0.2, slope: -3.0, decays }
    }

    #[test]
    fn a_million_samples_of_sixteen_terms_are_those_of_the_closed_form() {
        let wave = wave(16);
        let (first, period) = (0.31e-6, 1e-6);
        let mut sampled = Sampled::default();
        sampled.set(&wave, first, period, 1e-15);
        let mut values = vec![0.0; 1_000_000];
        sampled.fill(0, &mut values);
        let scale = 0.2 + (0..16).map(|k| 0.5 - 0.07 * f64::from(k)).map(f64::abs).sum::<f64>();
        for (k, value) in values.iter().enumerate() {
            let exact = wave.at(first + k as f64 * period);
            assert!((value - exact).abs() <= 1e-12 * scale, "{k}: {value} instead of {exact}");
        }
    }

    #[test]
    fn any_split_gives_the_same_samples() {
        let mut sampled = Sampled::default();
        sampled.set(&wave(5), 0.0, 1e-6, 1e-13);
        let mut whole = vec![0.0; 1500];
        sampled.fill(100, &mut whole);
        for split in [1, 7, 8, 156, 157, 600, 1499] {
            let mut parts = vec![0.0; 1500];
            let (a, b) = parts.split_at_mut(split);
            sampled.fill(100, a);
            sampled.fill(100 + split as u64, b);
            assert_eq!(whole, parts, "{split}");
        }
    }

    #[test]
    fn what_has_decayed_is_constant() {
        let decayed = Waveform { constant: 2.0, slope: 0.0, decays: vec![(1e6, 1.0)] };
        let mut sampled = Sampled::default();
        sampled.set(&decayed, 0.0, 1e-6, 1e-9);
        assert_eq!(sampled.constant(20, 1000, 1e-9), None);
        let level = Waveform { decays: Vec::new(), ..decayed.clone() };
        sampled.set(&level, 0.0, 1e-6, 0.0);
        assert_eq!(sampled.constant(0, 1000, 0.0), Some(2.0), "what does not change at all");
        sampled.set(&decayed, 0.0, 1e-6, 1e-9);
        assert_eq!(sampled.constant(21, 1000, 1e-9), Some(2.0));
        let mut values = [0.0; 40];
        sampled.fill(0, &mut values);
        assert!(values.iter().skip(21).all(|value| *value == 2.0));
        // A slope counts by what it makes of the samples asked for: 5e-6 each, from 2.5 on.
        sampled.set(&Waveform { slope: 5.0, decays: Vec::new(), ..decayed.clone() }, 0.1, 1e-6, 0.0);
        assert_eq!(sampled.constant(1000, 30, 1e-4), None);
        let still = sampled.constant(1000, 10, 1e-4).unwrap();
        assert!((still - 2.505).abs() < 1e-12, "{still}");
        sampled.fill(1000, &mut values);
        assert!((values[39] - 2.505_195).abs() < 1e-12, "{}", values[39]);
        // A fast term would be denormal within a block: it is gone before.
        sampled.set(&Waveform { decays: vec![(1e9, 1.0)], ..decayed }, 0.0, 1e-6, 1e-300);
        sampled.fill(0, &mut values);
        assert_eq!(values[1], 2.0);
    }
}
