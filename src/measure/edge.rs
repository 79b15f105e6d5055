//! Reference-level instants of a transition (IEEE 181: linear interpolation between the bracketing samples).

use super::sample::{Sample, Side};
use wide::f64x2;

/// Direction of a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slope {
    /// From below the level to above.
    Rising,
    /// From above the level to below.
    Falling,
}

impl Slope {
    /// Where the samples before and after a crossing lie.
    fn sides(self) -> (Side, Side) {
        match self {
            Self::Rising => (Side::Below, Side::AtLeast),
            Self::Falling => (Side::Above, Side::AtMost),
        }
    }
}

/// First instant at or after sample `from` at which `samples` cross `level` in the given direction, in samples
/// (fractional); `None` if they do not.
///
/// t = k + (level − yₖ)/(yₖ₊₁ − yₖ) for the first pair that brackets the level. A sample on the level belongs to
/// the far side, so a plateau that touches it crosses once.
pub fn crossing<S: Sample>(samples: &[S], from: usize, level: f64, slope: Slope) -> Option<f64> {
    let (near, far) = slope.sides();
    let before = from + S::first(samples.get(from..)?, near, level)?;
    let after = before + S::first(samples.get(before..)?, far, level)?;
    instant(samples, after.checked_sub(1)?, level)
}

/// Last instant before sample `to` (exclusive) at which `samples` cross `level`, as [`crossing`].
pub fn last_crossing<S: Sample>(samples: &[S], to: usize, level: f64, slope: Slope) -> Option<f64> {
    let (near, far) = slope.sides();
    let head = samples.get(..to.min(samples.len()))?;
    let after = S::last(head, far, level)?;
    instant(samples, S::last(head.get(..after)?, near, level)?, level)
}

/// Instant of `level` on the straight line between sample `k` and the next.
#[inline]
pub(super) fn instant<S: Sample>(samples: &[S], k: usize, level: f64) -> Option<f64> {
    let (a, b) = (samples.get(k)?.value(), samples.get(k + 1)?.value());
    Some(k as i64 as f64 + (level - a) / (b - a))
}

/// Start and end of a phase, in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PhaseEdges {
    /// First crossing of the reference level.
    pub start: f64,
    /// Crossing back.
    pub end: f64,
}

impl From<f64x2> for PhaseEdges {
    #[inline]
    fn from(instants: f64x2) -> Self {
        let [start, end] = instants.to_array();
        Self { start, end }
    }
}

impl PhaseEdges {
    /// Pulse duration, in samples.
    pub fn width(self) -> f64 {
        self.end - self.start
    }

    /// The phase that is under way at sample `inside`, at `fraction` of the way from `base` to `level`
    /// (0.5: IEEE 181 mesial instants; ⅓ of the peak: the other usage in the field).
    ///
    /// Both edges use the phase's own levels, so unequal rise and fall do not move the width.
    pub fn at<S: Sample>(samples: &[S], inside: usize, base: f64, level: f64, fraction: f64) -> Option<Self> {
        let reference = base + fraction * (level - base);
        let (up, down) =
            if level > base { (Slope::Rising, Slope::Falling) } else { (Slope::Falling, Slope::Rising) };
        let start = last_crossing(samples, inside + 1, reference, up)?;
        let end = crossing(samples, inside, reference, down)?;
        Some(Self { start, end })
    }

    /// The same for a phase that has given way by its middle and may have come back: from its first sample at the reference,
    /// of those in `first` to `last`, to its last.
    pub(super) fn around<S: Sample>(
        samples: &[S],
        (first, last): (usize, usize),
        base: f64,
        level: f64,
        fraction: f64,
    ) -> Option<Self> {
        let reference = base + fraction * (level - base);
        let (up, down) =
            if level > base { (Slope::Rising, Slope::Falling) } else { (Slope::Falling, Slope::Rising) };
        let (_, there) = up.sides();
        let inside = samples.get(first..=last)?;
        let begins = first + S::first(inside, there, reference)?;
        let ends = first + S::last(inside, there, reference)?;
        let start = last_crossing(samples, begins + 1, reference, up)?;
        let end = crossing(samples, ends, reference, down)?;
        Some(Self { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trapezoid_has_its_fifty_percent_instants() {
        // 0 0 -1 -2 -2 -2 -1 0: edges of two samples, mesial at -1 exactly.
        let samples = [0.0, 0.0, -1.0, -2.0, -2.0, -2.0, -1.0, 0.0];
        let edges = PhaseEdges::at(&samples, 4, 0.0, -2.0, 0.5).unwrap();
        assert_eq!(edges, PhaseEdges { start: 2.0, end: 6.0 });
        let third = PhaseEdges::at(&samples, 4, 0.0, -2.0, 1.0 / 3.0).unwrap();
        assert!((third.width() - (4.0 + 2.0 * (1.0 / 3.0))).abs() < 1e-12);
    }

    #[test]
    fn edges_lie_between_the_base_and_the_level_wherever_they_stand() {
        // From 1 to 5 and back: a quarter of the way is 2, half is 3.
        let samples = [1.0, 1.0, 3.0, 5.0, 5.0, 5.0, 1.0, 1.0];
        let edges = |fraction| PhaseEdges::at(&samples, 4, 1.0, 5.0, fraction).unwrap();
        assert_eq!(edges(0.5), PhaseEdges { start: 2.0, end: 5.5 });
        assert_eq!(edges(0.25), PhaseEdges { start: 1.5, end: 5.75 });
    }

    #[test]
    fn a_phase_that_gave_way_by_its_middle_lasts_from_its_first_edge_to_its_last() {
        let samples = [0.0, 0.0, -4.0, -4.0, -1.0, -1.0, -1.0, -4.0, -1.0, 0.0];
        let edges = |samples: &[f64]| PhaseEdges::around(samples, (2, 8), 0.0, -4.0, 0.5);
        let third = 2.0 / 3.0;
        assert_eq!(edges(&samples), Some(PhaseEdges { start: 1.5, end: 7.0 + third }));
        // Its first sample lies beyond the reference already: the edge is before it.
        let creeping = [0.0, -2.0, -4.0, -4.0, -1.0, -1.0, -1.0, -1.0, -1.0, 0.0];
        assert_eq!(PhaseEdges::at(&creeping, 5, 0.0, -4.0, 0.5), None);
        assert_eq!(edges(&creeping), Some(PhaseEdges { start: 1.0, end: 3.0 + third }));
        // One edge is not in hand.
        assert_eq!(PhaseEdges::around(&samples[2..], (0, 6), 0.0, -4.0, 0.5), None);
        assert_eq!(PhaseEdges::around(&samples[..8], (2, 7), 0.0, -4.0, 0.5), None);
    }

    #[test]
    fn a_sample_on_the_level_crosses_once() {
        let samples = [0.0, 1.0, 1.0, 0.0];
        assert_eq!(crossing(&samples, 0, 1.0, Slope::Rising), Some(1.0));
        assert_eq!(crossing(&samples, 1, 1.0, Slope::Rising), None);
        assert_eq!(crossing(&samples, 9, 1.0, Slope::Rising), None);
    }

    #[test]
    fn a_phase_above_a_base_that_gave_way_lasts_from_its_first_edge_to_its_last_too() {
        // From 1 to 5 half-way is 3; the first and the last of the samples looked at are none of the phase.
        let samples = [1.0, 1.0, 5.0, 5.0, 2.0, 2.0, 5.0, 1.0, 1.0];
        let edges = PhaseEdges::around(&samples, (1, 7), 1.0, 5.0, 0.5);
        assert_eq!(edges, Some(PhaseEdges { start: 1.5, end: 6.5 }));
    }
}
