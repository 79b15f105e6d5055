//! Where the current does something: samples at which nothing happens are passed over in groups.

use super::codes::{extremes, first};

/// Samples passed over together within a phase.
const GROUP: usize = 16;

/// The codes within some distance of a base.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    base: f64,
    reach: f64,
    codes: (i16, i16),
}

impl Band {
    /// Of no distance.
    pub(super) fn new() -> Self {
        Self { base: 0.0, reach: 0.0, codes: (0, 0) }
    }

    /// Index of the first code farther than `reach` from `base`. Both seldom change from call to call.
    pub(super) fn beyond(&mut self, codes: &[i16], base: f64, reach: f64) -> Option<usize> {
        if (base, reach) != (self.base, self.reach) {
            *self = Self { base, reach, codes: within(base, reach) };
        }
        let (low, high) = self.codes;
        first(codes, |code| (code < low) | (code > high))
    }
}

/// Smallest and largest code no farther than `reach` from `base`.
fn within(base: f64, reach: f64) -> (i16, i16) {
    let code = |value: f64| value.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
    let (mut low, mut high) = (code(base - reach), code(base + reach));
    // The sum was rounded, and truncated towards zero: at most one off.
    let inside = |code: i16| (f64::from(code) - base).abs() <= reach;
    if high < i16::MAX && inside(high + 1) {
        high += 1;
    }
    if high > i16::MIN && !inside(high) {
        high -= 1;
    }
    if low > i16::MIN && inside(low - 1) {
        low -= 1;
    }
    if low < i16::MAX && !inside(low) {
        low += 1;
    }
    (low, high)
}

/// A phase under way: how far it has gone, and when it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Along {
    pub(super) base: f64,
    /// +1 or −1.
    pub(super) side: f64,
    /// It is over below this distance from the base, and below `part` of its peak.
    pub(super) low: f64,
    pub(super) part: f64,
    /// Largest distance so far.
    pub(super) peak: f64,
}

impl Along {
    /// How many codes belong to the phase. Its peak grows with them.
    pub(super) fn follow(&mut self, codes: &[i16]) -> usize {
        let (groups, rest) = codes.as_chunks::<GROUP>();
        for (group, at) in groups.iter().zip((0..).step_by(GROUP)) {
            let (low, high) = extremes(group);
            let (a, b) = (self.distance(low), self.distance(high));
            let top = a.max(b);
            let peak = self.peak.max(top);
            let end = self.low.max(self.part * peak);
            if a.min(b) < end {
                // On the way down the peak is what it was, and so is where the phase ends.
                let inside = if top <= self.peak {
                    group.iter().position(|code| self.distance(*code) < end).unwrap_or(GROUP)
                } else {
                    self.step(group)
                };
                if inside < GROUP {
                    return at + inside;
                }
            }
            self.peak = peak;
        }
        codes.len() - rest.len() + self.step(rest)
    }

    fn distance(&self, code: i16) -> f64 {
        (f64::from(code) - self.base) * self.side
    }

    fn step(&mut self, codes: &[i16]) -> usize {
        for (k, code) in codes.iter().enumerate() {
            let along = self.distance(*code);
            if along > self.peak {
                self.peak = along;
            } else if along < self.low.max(self.part * self.peak) {
                return k;
            }
        }
        codes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_distance() {
        for base in [0.0, 0.5, -0.5, 3.25, -7.1, 32_767.0, -32_768.0, 1e-9] {
            for reach in [0.0, 0.5, 4.0, 7.1, 100.0, 40_000.0] {
                let (low, high) = within(base, reach);
                let codes: Vec<i16> = (i16::MIN..=i16::MAX).collect();
                let inside = |code: &i16| (f64::from(*code) - base).abs() <= reach;
                let found = (codes.iter().copied().find(inside), codes.iter().copied().rfind(inside));
                if let (Some(first), Some(last)) = found {
                    assert_eq!((low, high), (first, last), "{base} {reach}");
                } else {
                    assert!(low > high, "{base} {reach}");
                }
            }
        }
    }

    #[test]
    fn groups_end_a_phase_where_single_steps_do() {
        let mut state = 1_u32;
        for length in 1..200 {
            let codes: Vec<i16> = (0..length)
                .map(|k| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if k < length * 3 / 4 { 900 + (state >> 25) as i16 } else { (state >> 26) as i16 - 20 }
                })
                .collect();
            for side in [1.0, -1.0] {
                let codes: Vec<i16> = codes.iter().map(|code| code * side as i16).collect();
                let start = Along { base: 0.3, side, low: 4.0, part: 0.025, peak: 0.0 };
                let (mut groups, mut steps) = (start, start);
                assert_eq!(groups.follow(&codes), steps.step(&codes), "{length}");
                assert_eq!(groups.peak, steps.peak);
            }
        }
    }
}
