//! The edges of a phase whose extent is roughly known: found from its ends inwards instead of from its middle outwards.

use super::codes::extreme;
use super::edge::PhaseEdges;
use super::sample::{Sample, Side};
use super::whole::{ceil, floor};
use wide::i16x8;

/// Codes looked at together.
const LANES: usize = 8;

/// Between which codes the edges of a phase cross its half level, and its top between them; of one that rises from the base
/// (`RISES`), or falls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flanks<const RISES: bool> {
    /// Level before and behind it.
    base: f64,
    /// The last sample before the first edge, and the last sample of the top.
    places: (f64, f64),
    /// The codes on either side of the first edge.
    up: (f64, f64),
    /// The codes on either side of the second edge.
    down: (f64, f64),
    /// The code of the top that is nearest to the base.
    nearest: f64,
}

impl<const RISES: bool> Flanks<RISES> {
    /// From the samples beside a phase of about this level inwards: `first` and `last` are its own outermost. `None` where its `middle`
    /// is not beyond the half, and where there is no sample beside it.
    #[inline(always)]
    pub(super) fn find(
        samples: &[i16],
        ((first, last), middle): ((usize, usize), usize),
        base: f64,
        level: f64,
    ) -> Option<Self> {
        let half = half(base, level);
        let limit = if RISES { floor(half) } else { ceil(half) } as i16;
        let from = first.checked_sub(1)?;
        let around = samples.get(from..last + 2)?;
        // Unless the edges are slow, half of the level is reached within the outermost samples.
        let begins = around.first_chunk().map_or(0, |head| Self::beyond(head, limit));
        let begins = if begins != 0 {
            begins.trailing_zeros() as usize
        } else {
            i16::first(around, Self::SIDE, half)?
        };
        let ends = around.last_chunk().map_or(0, |tail| Self::beyond(tail, limit));
        let ends = if ends != 0 {
            around.len() - LANES + ends.ilog2() as usize
        } else {
            i16::last(around, Self::SIDE, half)?
        };
        if from + begins > middle || middle > from + ends {
            return None;
        }
        let [up, top @ .., down] = around.get(begins.checked_sub(1)?..ends + 2)? else { return None };
        let [begin, .., end] = top else { return None };
        Some(Self {
            base,
            places: ((from + begins - 1) as i64 as f64, (from + ends) as i64 as f64),
            up: (f64::from(*up), f64::from(*begin)),
            down: (f64::from(*end), f64::from(*down)),
            nearest: f64::from(Self::nearest(top)),
        })
    }

    /// 50 % instants of the phase if this is its level: [`PhaseEdges::at`] its middle. `None` where the way from edge to edge touches
    /// half the level: then it takes a search to find them.
    #[inline(always)]
    pub(super) fn edges(&self, level: f64) -> Option<PhaseEdges> {
        let half = half(self.base, level);
        let (before, begin) = self.up;
        let (end, behind) = self.down;
        let whole = if RISES {
            self.nearest > half && before < half && behind <= half
        } else {
            self.nearest < half && before > half && behind >= half
        };
        whole.then(|| PhaseEdges {
            start: self.places.0 + (half - before) / (begin - before),
            end: self.places.1 + (half - end) / (behind - end),
        })
    }

    const SIDE: Side = if RISES { Side::Above } else { Side::Below };

    /// One bit for each of eight codes that is beyond the limit.
    #[inline(always)]
    fn beyond(group: &[i16; LANES], limit: i16) -> u32 {
        let (group, limit) = (i16x8::new(*group), i16x8::splat(limit));
        if RISES { group.simd_gt(limit) } else { group.simd_lt(limit) }.to_bitmask()
    }

    /// The code that is nearest to the base.
    #[inline(always)]
    fn nearest(codes: &[i16]) -> i16 {
        let less = |[a, b]: [i16x8; 2]| if RISES { a.min(b) } else { a.max(b) };
        // Groups that lie over one another see some codes twice, which changes no extreme.
        match (codes.first_chunk(), codes.last_chunk()) {
            (Some(head), Some(tail)) if codes.len() <= 4 * LANES => {
                let nearest = less([less(halves(head)), less(halves(tail))]);
                if RISES { nearest.reduce_min() } else { nearest.reduce_max() }
            }
            _ => extreme(codes, !RISES),
        }
    }
}

/// The first eight of sixteen codes and the others.
#[inline(always)]
fn halves(codes: &[i16; 2 * LANES]) -> [i16x8; 2] {
    match codes.as_chunks().0 {
        [a, b] => [i16x8::new(*a), i16x8::new(*b)],
        _ => [i16x8::splat(0); 2],
    }
}

/// Half-way between `base` and `level`.
#[inline]
fn half(base: f64, level: f64) -> f64 {
    base + 0.5 * (level - base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flank_that_stays_on_the_level_is_left_to_the_search() {
        // Two samples on the level before the top: the crossing is the first of them.
        let around = [0_i16, 2, 2, 4, 4, 4, 0];
        let find = |around: &[i16]| {
            let last = around.len() - 2;
            Flanks::<true>::find(around, ((1, last), 4), 0.0, 4.0)?.edges(4.0)
        };
        let search = PhaseEdges::at(&around, 4, 0.0, 4.0, 0.5).unwrap();
        assert_eq!(search, PhaseEdges { start: 1.0, end: 5.5 });
        let found = find(&around);
        assert!(found.is_none_or(|found| found == search), "{found:?}");
        // A flank without: both say the same.
        let around = [0_i16, 0, 1, 4, 4, 4, 0];
        let found = find(&around).unwrap();
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
            let levels = [12.0, 11.5, 13.0, 12.0].map(|level| level * f64::from(sign));
            let ends = ((from, from + length), from + length / 2);
            let found_at = |level: f64| {
                if sign > 0 {
                    Flanks::<true>::find(&samples, ends, 0.0, levels[0])?.edges(level)
                } else {
                    Flanks::<false>::find(&samples, ends, 0.0, levels[0])?.edges(level)
                }
            };
            for level in levels {
                if let Some(edges) = found_at(level) {
                    let expected = PhaseEdges::at(&samples, from + length / 2, 0.0, level, 0.5);
                    assert_eq!(Some(edges), expected, "{samples:?}");
                    found += 1;
                }
            }
        }
        assert!(found > 1000, "{found}");
    }
}
