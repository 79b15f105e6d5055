//! How long the edges of a contact's pulses take, whatever makes them slow: the filter, or the stimulator itself.

use wide::f64x2;

use super::sample::Sample;

/// Sums over edges of what was risen between the first sample that stands out and half the level, as parts of the level, and of
/// how long that took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rise {
    part: f64,
    samples: f64,
}

impl Rise {
    /// Of two edges, between `base` and a level each, that cross the half of it at instants `half`; samples `outer` are the outermost that
    /// stand out. An edge that leaves no sample between the two tells nothing: it is faster than the converter.
    #[inline]
    pub(super) fn of(
        samples: &[i16],
        outer: [usize; 2],
        half: [f64; 2],
        base: f64,
        levels: [f32; 2],
    ) -> Self {
        let codes = outer.map(|place| samples.get(place).map_or(f64::NAN, |code| code.value()));
        let base = f64x2::splat(base);
        let part = (f64x2::new(codes) - base) / (f64x2::new(levels.map(f64::from)) - base);
        let apart = (f64x2::new(half) - f64x2::new(outer.map(|place| place as i64 as f64))).abs();
        let tells = part.simd_ge(f64x2::splat(0.0)) & part.simd_lt(f64x2::splat(0.45));
        let [up, down] = (tells & (f64x2::splat(0.5) - part)).to_array();
        let [before, behind] = (tells & apart).to_array();
        Self { part: up + down, samples: before + behind }
    }

    /// Both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { part: self.part + other.part, samples: self.samples + other.samples }
    }

    /// What an edge takes from 10 to 90 % (IEEE 181 *transition duration*) on a straight line, samples; 0 where none has a sample
    /// between its ends.
    pub fn transition(&self) -> f64 {
        if self.part > 0.0 { 0.8 * self.samples / self.part } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of one edge, and another that is not in hand.
    fn one(samples: &[i16], outer: usize, half: f64, (base, level): (f64, f32)) -> Rise {
        Rise::of(samples, [outer, usize::MAX], [half; 2], base, [level; 2])
    }

    #[test]
    fn a_straight_edge_takes_what_it_takes_up_and_down() {
        // From 0 to 1000 in 20 samples: half of it at 10.
        let up: Vec<i16> = (0..=20).map(|k| 50 * k).collect();
        let down: Vec<i16> = up.iter().rev().copied().collect();
        let rise = one(&up, 2, 10.0, (0.0, 1000.0)).and(one(&down, 19, 10.0, (0.0, 1000.0)));
        assert!((rise.transition() - 16.0).abs() < 1e-9, "{rise:?}");
        let pulse: Vec<i16> = up.iter().chain(&down).copied().collect();
        assert_eq!(Rise::of(&pulse, [2, 40], [10.0, 31.0], 0.0, [1000.0; 2]), rise);
        // Downwards from another base.
        let low: Vec<i16> = up.iter().map(|code| 40 - code).collect();
        assert!((one(&low, 1, 10.0, (40.0, -960.0)).transition() - 16.0).abs() < 1e-9);
    }

    #[test]
    fn an_edge_within_a_sample_tells_nothing() {
        assert_eq!(one(&[0, 0, 900, 1000], 2, 1.55, (0.0, 1000.0)), Rise::default());
        assert_eq!(Rise::default().transition(), 0.0);
        assert_eq!(one(&[], 2, 1.0, (0.0, 1000.0)), Rise::default());
    }
}
