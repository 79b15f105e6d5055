//! The edges of a phase whose extent is roughly known: found from its ends inwards instead of from its middle outwards.

use super::codes::{Codes, extreme};
use super::edge::PhaseEdges;
use super::sample::{Side, codes_on};

/// A level that a phase reaches beyond.
#[derive(Debug, Clone, Copy)]
pub(super) struct Half {
    level: f64,
    rising: bool,
}

impl Half {
    /// Half-way between `base` and `level`.
    #[inline]
    pub(super) fn new(base: f64, level: f64) -> Self {
        Self { level: base + 0.5 * (level - base), rising: level > base }
    }

    fn codes_beyond(self) -> Codes {
        codes_on(if self.rising { Side::Above } else { Side::Below }, self.level)
    }

    /// By how much a code is beyond it.
    #[inline]
    fn excess(self, code: f64) -> f64 {
        if self.rising { code - self.level } else { self.level - code }
    }

    /// Instant at which the straight line between two codes crosses it, from the first of them.
    #[inline]
    fn crossed(self, (a, b): (f64, f64)) -> f64 {
        (self.level - a) / (b - a)
    }
}

/// Between which codes the edges of a phase cross its half level, and its top between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flanks {
    /// The last sample before the first edge, and the last sample of the top.
    places: (usize, usize),
    /// The codes on either side of the first edge.
    up: (f64, f64),
    /// The codes on either side of the second edge.
    down: (f64, f64),
    /// The code of the top that is nearest to the base.
    nearest: f64,
}

impl Flanks {
    /// From the ends of `around`, a phase with a sample on either side of it, inwards.
    #[inline]
    pub(super) fn find(around: &[i16], half: Half) -> Option<Self> {
        let beyond = half.codes_beyond();
        let before = beyond.first(around, true)?.checked_sub(1)?;
        let last = beyond.last(around, true)?;
        let [up, top @ ..] = around.get(before..=last)? else { return None };
        let ([first, ..], [.., end], Some(down)) = (top, top, around.get(last + 1)) else { return None };
        Some(Self {
            places: (before, last),
            up: (f64::from(*up), f64::from(*first)),
            down: (f64::from(*end), f64::from(*down)),
            nearest: f64::from(extreme(top, !half.rising)),
        })
    }

    /// 50 % instants, from the first sample of the stretch they were found in: [`PhaseEdges::at`] sample `middle`. `None`
    /// where the way from edge to edge touches the level, or leaves the middle out: then it takes a search to find them.
    #[inline]
    pub(super) fn edges(&self, half: Half, middle: usize) -> Option<PhaseEdges> {
        let (before, last) = self.places;
        let whole = half.excess(self.nearest) > 0.0 && before < middle && middle <= last;
        let apart = half.excess(self.up.0) < 0.0 && half.excess(self.down.1) <= 0.0;
        (whole && apart).then(|| PhaseEdges {
            start: before as i64 as f64 + half.crossed(self.up),
            end: last as i64 as f64 + half.crossed(self.down),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flank_that_stays_on_the_level_is_left_to_the_search() {
        // Two samples on the level before the top: the crossing is the first of them.
        let around = [0_i16, 2, 2, 4, 4, 4, 0];
        let half = Half::new(0.0, 4.0);
        let search = PhaseEdges::at(&around, 4, 0.0, 4.0, 0.5).unwrap();
        assert_eq!(search, PhaseEdges { start: 1.0, end: 5.5 });
        let found = Flanks::find(&around, half).and_then(|flanks| flanks.edges(half, 4));
        assert!(found.is_none_or(|found| found == search), "{found:?}");
        // A flank without: both say the same.
        let around = [0_i16, 0, 1, 4, 4, 4, 0];
        let found = Flanks::find(&around, half).and_then(|flanks| flanks.edges(half, 4)).unwrap();
        assert!((found.start - (2.0 + 1.0 / 3.0)).abs() < 1e-12 && found.end == 5.5, "{found:?}");
    }

    #[test]
    fn the_edges_are_those_of_a_search_from_the_middle() {
        let mut state = 7_u32;
        let mut random = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        let mut found = 0;
        for trial in 0..2000 {
            let sign = if trial % 2 == 0 { 1 } else { -1 };
            let (from, length) = (4 + random(6) as usize, 3 + random(40) as usize);
            // Slow edges, dips and a coarse scale, so that samples lie on the level and cross it more than once.
            let samples: Vec<i16> = (0..from + length + 8)
                .map(|k| {
                    let within = k.saturating_sub(from).min((from + length).saturating_sub(k));
                    let height = (within.min(4) * 3) as i16 - (random(8) == 0) as i16 * 7;
                    sign * (height + random(2) as i16)
                })
                .collect();
            let around = &samples[from - 1..from + length + 2];
            let middle = (from + from + length) / 2 - (from - 1);
            let levels = [12.0, 11.5, 13.0, 12.0].map(|level| level * f64::from(sign));
            let Some(flanks) = Flanks::find(around, Half::new(0.0, levels[0])) else { continue };
            for level in levels {
                if let Some(edges) = flanks.edges(Half::new(0.0, level), middle) {
                    let expected = PhaseEdges::at(around, middle, 0.0, level, 0.5);
                    assert_eq!(Some(edges), expected, "{around:?}");
                    found += 1;
                }
            }
        }
        assert!(found > 1000, "{found}");
    }
}
