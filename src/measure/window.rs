//! Charge over a window of samples.

use super::sample::Sample;
use super::whole::nearest;

/// Σ yₖ over [from, to] with fractional bounds in samples. Times the sample period it is the charge.
///
/// Each sample stands for the interval (k − ½, k + ½); the one that a bound cuts counts with the part inside, on the
/// straight line of its local slope. On a quiet baseline that is immaterial; on a shared edge it is worth a twelfth of
/// the edge's slope (domain.md 6.5).
pub fn windowed_sum<S: Sample>(samples: &[S], from: f64, to: f64) -> f64 {
    sum_between(samples, &Bound::of(samples, from), &Bound::of(samples, to))
}

/// A bound of a window, which two windows may share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// The instant, in samples.
    pub(super) at: f64,
    /// The sample whose interval it cuts, from the first in hand.
    pub(super) index: i64,
    /// ∫ over that sample's interval from its left end to the bound.
    pub(super) part: f64,
}

impl Bound {
    #[inline]
    pub(super) fn of<S: Sample>(samples: &[S], at: f64) -> Self {
        let (index, middle) = nearest(at);
        Self { at, index, part: part(samples, index, at - middle) }
    }
}

/// Σ between two bounds, as [`windowed_sum`].
#[inline]
pub(super) fn sum_between<S: Sample>(samples: &[S], from: &Bound, to: &Bound) -> f64 {
    if to.at <= from.at {
        return 0.0;
    }
    S::sum_within(samples, from.index, to.index) + to.part - from.part
}

/// ∫ over sample `k`'s interval from its left end to `offset` from its middle; 0 where the sample is not in hand.
#[inline]
fn part<S: Sample>(samples: &[S], k: i64, offset: f64) -> f64 {
    // No window is as long as 2³² samples, and the place before the first is beyond all of them.
    let before = k.wrapping_sub(1) as u32 as usize;
    if let Some([left, y, right]) = samples.get(before..before + 3) {
        // Half of the slope, which is half of what the neighbours are apart.
        return y.value() * (offset + 0.5) + 0.25 * right.over(*left) * (offset * offset - 0.25);
    }
    outer_part(samples, k, offset)
}

/// [`part`] of a sample that lacks a neighbour.
#[cold]
fn outer_part<S: Sample>(samples: &[S], k: i64, offset: f64) -> f64 {
    samples.get(k as usize).map_or(0.0, |y| y.value() * (offset + 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_sample_counts_with_its_part() {
        let samples = [1.0; 10];
        assert!((windowed_sum(&samples, 2.25, 5.75) - 3.5).abs() < 1e-12);
        assert!((windowed_sum(&samples, 2.0, 2.0)).abs() < 1e-12);
        assert!((windowed_sum(&samples, -5.0, 50.0) - 10.0).abs() < 1e-12);
        // A straight line is integrated exactly wherever it is cut.
        let line: Vec<f64> = (0..10).map(f64::from).collect();
        for (from, to) in [(1.2, 6.9), (2.5, 7.5), (3.0, 3.4), (4.6, 4.7)] {
            let exact = 0.5 * (to * to - from * from);
            assert!((windowed_sum(&line, from, to) - exact).abs() < 1e-12, "{from} {to}");
        }
        // From a rest into a line that starts at 3: 1, 2 and the part of the third up to 6.3.
        let corner: Vec<f64> = (0..10).map(|k| f64::from((k - 3).max(0))).collect();
        let exact = 1.0 + 2.0 + 0.5 * (3.3 * 3.3 - 2.5 * 2.5);
        assert!((windowed_sum(&corner, 1.0, 6.3) - exact).abs() < 1e-12);
        // The first and the last sample have one neighbour: they count as they are.
        let ends = [4.0, 1.0, 1.0, 6.0];
        assert!((windowed_sum(&ends, -0.2, 1.5) - (0.7 * 4.0 + 1.0)).abs() < 1e-12);
        assert!((windowed_sum(&ends, 1.5, 3.3) - (1.0 + 0.8 * 6.0)).abs() < 1e-12);
    }

    #[test]
    fn codes_are_summed_as_their_values_are() {
        let codes: [i16; 8] = [-20_000, 30_000, 7, 32_767, -32_768, 100, 1, 0];
        let values = codes.map(f64::from);
        for (from, to) in [(0.0, 7.0), (0.8, 3.3), (1.6, 4.4), (3.9, 4.1), (-2.0, 9.0)] {
            assert_eq!(windowed_sum(&codes, from, to), windowed_sum(&values, from, to), "{from} {to}");
        }
    }

    #[test]
    fn a_window_that_ends_before_it_begins_holds_nothing() {
        for (from, to) in [(2.0, 2.0), (2.2, 1.9), (2.0, 0.0), (5.0, -3.0)] {
            assert_eq!(windowed_sum(&[7.0, 9.0, 4.0, 8.0], from, to), 0.0, "{from} {to}");
        }
    }
}
