//! The rest level of a record, and how far it can be trusted.

use super::noise::median;

/// One pooled rest level for the whole record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Baseline {
    /// Median of all samples outside the pulses.
    pub level: f64,
    /// How many samples.
    pub count: usize,
    /// Lowest and highest plateau outside the pulses.
    pub plateaus: (f64, f64),
    /// Whether the plateaus differ by no more than the noise makes them.
    pub quiet: bool,
}

impl Baseline {
    /// Distance between the plateaus.
    pub(super) fn span(&self) -> f64 {
        self.plateaus.1 - self.plateaus.0
    }
}

/// Samples of a plateau: long enough to average over noise and over ringing at its ends.
const PLATEAU: usize = 32;

/// Measures the rest level outside `windows` (sample bounds in order of time).
///
/// A record whose baseline has steps in it (triggers that slipped in an average, a decaying recharge) has no one
/// baseline; the span of its plateaus is then what is not known about it.
pub(super) fn baseline(samples: &[f64], windows: &[(f64, f64)], noise: f64, step: f64) -> Baseline {
    let mut outside: Vec<f64> = Vec::new();
    let mut plateaus: Vec<f64> = Vec::new();
    let mut from = 0_usize;
    let ends = windows
        .iter()
        .map(|(start, end)| (start.floor().max(0.0) as usize, end.ceil().max(0.0) as usize + 1));
    for (until, next) in ends.chain(std::iter::once((samples.len(), samples.len()))) {
        let run = samples.get(from..until.clamp(from, samples.len())).unwrap_or(&[]);
        outside.extend_from_slice(run);
        let blocks = run.chunks(PLATEAU).filter(|block| block.len() * 2 >= PLATEAU || run.len() < PLATEAU);
        plateaus.extend(blocks.map(|block| median(&mut block.to_vec())));
        from = next.min(samples.len()).max(from);
    }
    let count = outside.len();
    let level = median(&mut outside);
    let bounds = plateaus.iter().fold((level, level), |(low, high), y| (low.min(*y), high.max(*y)));
    // The median of n normal values has 1.25 σ/√n; the extremes of some thousand of them reach 3.5 times that.
    let by_noise = 2.0 * 3.5 * 1.25 * noise / (PLATEAU as f64).sqrt() + 2.0 * step;
    Baseline { level, count, plateaus: bounds, quiet: bounds.1 - bounds.0 <= by_noise }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
