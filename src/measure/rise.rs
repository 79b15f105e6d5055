//! How long the edges of a contact's pulses take, whatever makes them slow: the filter, or the stimulator itself.

use super::sample::Sample;

/// Sums over edges of what was risen between the first sample that stands out and half the level, as parts of the level, and of
/// how long that took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rise {
    part: f64,
    samples: f64,
}

impl Rise {
    /// Of the edge from `base` to `level` that crosses its half at instant `half`; sample `outer` is the outermost that stands
    /// out. An edge that leaves no sample between the two tells nothing: it is faster than the converter.
    #[inline]
    pub(super) fn of(samples: &[i16], outer: usize, half: f64, (base, level): (f64, f64)) -> Self {
        let height = level - base;
        let part = samples.get(outer).map_or(0.5, |code| (code.value() - base) / height);
        let apart = (half - outer as i64 as f64).abs();
        if (0.0..0.45).contains(&part) { Self { part: 0.5 - part, samples: apart } } else { Self::default() }
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

    #[test]
    fn a_straight_edge_takes_what_it_takes_up_and_down() {
        // From 0 to 1000 in 20 samples: half of it at 10.
        let up: Vec<i16> = (0..=20).map(|k| 50 * k).collect();
        let down: Vec<i16> = up.iter().rev().copied().collect();
        let rise = Rise::of(&up, 2, 10.0, (0.0, 1000.0)).and(Rise::of(&down, 19, 10.0, (0.0, 1000.0)));
        assert!((rise.transition() - 16.0).abs() < 1e-9, "{rise:?}");
        // Downwards from another base.
        let low: Vec<i16> = up.iter().map(|code| 40 - code).collect();
        assert!((Rise::of(&low, 1, 10.0, (40.0, -960.0)).transition() - 16.0).abs() < 1e-9);
    }

    #[test]
    fn an_edge_within_a_sample_tells_nothing() {
        assert_eq!(Rise::of(&[0, 0, 900, 1000], 2, 1.55, (0.0, 1000.0)), Rise::default());
        assert_eq!(Rise::default().transition(), 0.0);
        assert_eq!(Rise::of(&[], 2, 1.0, (0.0, 1000.0)), Rise::default());
    }
}
