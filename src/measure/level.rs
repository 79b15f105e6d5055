//! Levels of a phase: trimmed mean and IEEE 181 state level.

use super::sample::Sample;
use super::whole::{ceil, floor, floors};
use wide::f64x2;

/// Mean of the samples whose index lies in [from, to] (fractional bounds, in samples), with their number.
///
/// `None` when no sample lies inside.
pub fn mean_between<S: Sample>(samples: &[S], from: f64, to: f64) -> Option<(f64, usize)> {
    mean_of(samples, indices(from, to)?)
}

/// First and last sample whose index lies in [from, to]; `None` when all of that is negative.
#[inline]
pub(super) fn indices(from: f64, to: f64) -> Option<(usize, usize)> {
    (to >= 0.0).then(|| (ceil(from).max(0) as usize, floor(to) as usize))
}

/// Mean of the samples `first` to `last` as far as there are any, with their number.
#[inline]
pub(super) fn mean_of<S: Sample>(samples: &[S], (first, last): (usize, usize)) -> Option<(f64, usize)> {
    let inside = samples.get(first..(last + 1).min(samples.len()))?;
    let count = inside.len();
    (count > 0).then(|| (S::sum(inside) / count as i64 as f64, count))
}

/// Part of a phase at either end of it that its level leaves out.
pub(super) const TRIM: f64 = 0.2;

/// Mean of the central 60 % of a phase between its 50 % instants, starting no earlier than `settle` samples after
/// the first, with the number of samples in it.
///
/// The trimmed mean of the top is what a phase of fewer than some hundred samples bears; see [`state_level`].
pub fn central_mean<S: Sample>(samples: &[S], start: f64, end: f64, settle: f64) -> Option<(f64, usize)> {
    mean_of(samples, central(start, end, settle)?)
}

/// First and last sample of [`central_mean`].
#[inline]
fn central(start: f64, end: f64, settle: f64) -> Option<(usize, usize)> {
    let (from, to) = centre(start, end, settle);
    indices(from, to)
}

/// First and last sample of [`central_mean`] of a phase between these instants, which begins behind the first sample in hand; the first
/// with a minus before it, to tell both at once.
#[inline(always)]
pub(super) fn central_samples(instants: f64x2, settle: f64) -> f64x2 {
    let [start, end] = instants.to_array();
    let trim = f64x2::splat(TRIM * (end - start)).fast_max(f64x2::new([settle, f64::NEG_INFINITY]));
    floors(f64x2::new([-start, end]) - trim)
}

/// Ends of the centre of a phase.
#[inline(always)]
fn centre(start: f64, end: f64, settle: f64) -> (f64, f64) {
    let trim = TRIM * (end - start);
    (start + if trim > settle { trim } else { settle }, end - trim)
}

/// Most bins of a histogram of levels.
const BINS: usize = 64;

/// IEEE 181 state level: the mode of a histogram over the samples' own span, refined to the mean of the samples in the
/// fullest bin; with the width of a bin. There are about √n/2 bins (with more, noise alone decides which is the fullest), none narrower than `step`, the distance of neighbouring
/// codes: a finer bin could hold no sample. `None` for no samples.
///
/// Segment first: applied to a whole biphasic record it finds the baseline.
pub fn state_level<S: Sample>(samples: &[S], step: f64) -> Option<(f64, f64)> {
    let values = || samples.iter().map(|sample| sample.value());
    let (low, high) =
        values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    if samples.is_empty() || !(high - low).is_finite() {
        return None;
    }
    let most = (0.5 * (samples.len() as f64).sqrt()).clamp(6.0, BINS as f64);
    let width = ((high - low) / most).max(step).max(f64::MIN_POSITIVE);
    let mut table = [(0_u32, 0.0_f64); BINS + 1];
    for y in values() {
        if let Some((count, sum)) = table.get_mut(((y - low) / width) as usize) {
            *count += 1;
            *sum += y;
        }
    }
    let fullest = table.iter().max_by_key(|(count, _)| *count)?;
    Some((fullest.1 / f64::from(fullest.0), width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_central_sixty_percent_leaves_out_the_edges() {
        let samples: Vec<f64> = (0..100).map(|k| if (10..90).contains(&k) { 5.0 } else { 0.0 }).collect();
        let (level, count) = central_mean(&samples, 10.0, 90.0, 0.0).unwrap();
        assert_eq!((level, count), (5.0, 49));
        let (_, settled) = central_mean(&samples, 10.0, 90.0, 40.0).unwrap();
        assert_eq!(settled, 25);
        assert!(central_mean(&samples, 10.0, 12.0, 5.0).is_none());
    }

    #[test]
    fn a_mean_takes_the_samples_that_lie_between_its_bounds() {
        let samples = [3.0, 5.0, 8.0];
        assert_eq!(mean_between(&samples, -1.0, 0.0), Some((3.0, 1)));
        assert_eq!(mean_between(&samples, 0.1, 2.0), Some((6.5, 2)));
        assert_eq!(mean_between(&samples, 1.2, 9.0), Some((8.0, 1)));
        for (from, to) in [(-2.0, -0.5), (0.6, 0.9), (3.0, 9.0), (2.0, 1.0)] {
            assert_eq!(mean_between(&samples, from, to), None, "{from} {to}");
        }
    }

    #[test]
    fn bins_grow_in_number_with_the_root_of_the_samples() {
        // 400 levels one apart: ten bins of 39.9; 40 000: a hundred would be more than the 64 there may be.
        let ramp = |n: u32| state_level(&(0..n).map(f64::from).collect::<Vec<_>>(), 0.0).unwrap().1;
        assert!((ramp(400) - 39.9).abs() < 1e-9 && (ramp(40_000) - 39_999.0 / 64.0).abs() < 1e-9);
        assert_eq!(state_level(&[1.0, f64::INFINITY], 1.0), None);
    }

    #[test]
    fn the_mode_ignores_an_overshoot() {
        let mut samples = vec![1.0; 80];
        samples.extend([1.3, 1.2, 1.1, 0.1, 0.0]);
        let (level, width) = state_level(&samples, 0.0).unwrap();
        assert!((level - 1.0).abs() < 1e-12 && (width - 1.3 / 6.0).abs() < 1e-12);
        assert_eq!(state_level::<f64>(&[], 1.0), None);
        assert_eq!(state_level(&[2.0, 2.0], 1.0), Some((2.0, 1.0)));
    }

    #[test]
    fn the_mode_lies_within_a_bin_of_the_level() {
        use rand::SeedableRng;
        use rand_distr::{Distribution, Normal};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        for (level, sigma) in [(100.0, 0.7), (100.5, 0.7), (100.2, 3.0), (-7.3, 10.0)] {
            let noise = Normal::new(level, sigma).unwrap();
            let near = (0..1000)
                .filter(|_| {
                    let top: Vec<f64> = (0..120).map(|_| f64::round(noise.sample(&mut rng))).collect();
                    let (mode, width) = state_level(&top, 1.0).unwrap();
                    (mode - level).abs() <= 2.0 * width / 3_f64.sqrt()
                })
                .count();
            assert!(near >= 930, "{level} {sigma}: {near}");
        }
    }
}
