//! The edges of a phase whose extent is roughly known: found from its ends inwards instead of from its middle outwards.

use super::codes::{Codes, extreme};
use super::edge::PhaseEdges;
use super::sample::{Side, codes_on};

/// A level that a phase reaches beyond.
#[derive(Debug, Clone, Copy)]
pub(super) struct Half {
    level: f64,
    rising: bool,
    /// The codes beyond it.
    codes: Codes,
}

impl Half {
    /// Half-way between `base` and `level`.
    #[inline]
    pub(super) fn new(base: f64, level: f64) -> Self {
        let rising = level > base;
        let side = if rising { Side::Above } else { Side::Below };
        let level = base + 0.5 * (level - base);
        Self { level, rising, codes: codes_on(side, level) }
    }

    /// Instant at which the straight line between two codes crosses it, from the first of them.
    #[inline]
    fn crossed(self, (a, b): (i16, i16)) -> f64 {
        (self.level - f64::from(a)) / (f64::from(b) - f64::from(a))
    }
}

/// Between which codes the edges of a phase cross its half level, and its top between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flanks {
    /// The last sample before the first edge, and the last sample of the top.
    places: (usize, usize),
    /// The codes on either side of the first edge.
    up: (i16, i16),
    /// The codes on either side of the second edge.
    down: (i16, i16),
    /// The code of the top that is nearest to the base.
    nearest: i16,
}

impl Flanks {
    /// From the ends of `around`, a phase with a sample on either side of it, inwards.
    #[inline]
    pub(super) fn find(around: &[i16], half: Half) -> Option<Self> {
        let before = half.codes.first(around, true)?.checked_sub(1)?;
        let last = half.codes.last(around, true)?;
        let [up, top @ ..] = around.get(before..=last)? else { return None };
        let ([first, ..], [.., end], Some(down)) = (top, top, around.get(last + 1)) else { return None };
        let nearest = extreme(top, !half.rising);
        Some(Self { places: (before, last), up: (*up, *first), down: (*end, *down), nearest })
    }

    /// 50 % instants, from the first sample of the stretch they were found in: [`PhaseEdges::at`] sample `middle`. `None`
    /// where the way from edge to edge touches the level, or leaves the middle out: then it takes a search to find them.
    #[inline]
    pub(super) fn edges(&self, half: Half, middle: usize) -> Option<PhaseEdges> {
        let (before, last) = self.places;
        let whole = half.codes.contain(self.nearest) && before < middle && middle <= last;
        let (before_it, behind_it) = (self.up.0, self.down.1);
        let sides = half.codes.contain(before_it)
            || half.codes.contain(behind_it)
            || f64::from(before_it) == half.level;
        (whole && !sides).then(|| PhaseEdges {
            start: before as i64 as f64 + half.crossed(self.up),
            end: last as i64 as f64 + half.crossed(self.down),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
