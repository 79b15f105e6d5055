//! The edges of a phase whose extent is roughly known: found from its ends inwards instead of from its middle outwards.

use super::codes::extreme;
use super::sample::{Sample, Side};
use super::whole::{floor, integers};
use wide::{f64x2, i16x8, i16x16};

/// Codes looked at together.
const LANES: usize = 8;

/// Samples from beside a top into it that are looked at.
pub(super) const BESIDE: usize = 1 + 2 * LANES;

/// Between which codes the edges of a phase cross its half level, and its top between them. Of pairs the first is what belongs to the
/// first edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flanks {
    /// Level before and behind it.
    base: f64,
    /// 1 of a phase that rises from the base, -1 of one that falls.
    sign: f64,
    /// The last sample before the first edge, and the last sample of the top.
    places: f64x2,
    /// Their codes.
    codes: f64x2,
    /// From these to the next.
    steps: f64x2,
    /// The code of the top that is nearest to the base; with the sign.
    nearest: f64,
}

impl Flanks {
    /// From the samples beside a phase of about this level inwards: `first` and `last` are its own outermost. `None` where its middle
    /// is not beyond the half, and where there is no sample beside it.
    #[inline(always)]
    pub(super) fn find(
        samples: &[i16],
        (first, last): (usize, usize),
        base: f64,
        level: f64,
    ) -> Option<Self> {
        let rises = level > base;
        let half = half(base, level);
        let from = first.checked_sub(1)?;
        let around = samples.get(from..last + 2)?;
        let limit = i16x16::splat(floor(half) as i16);
        // Codes on the half are taken for some on either side: then the way from edge to edge touches it.
        let others = if rises { 0 } else { 0xffff };
        let beyond = |group: Option<&[i16; 2 * LANES]>| {
            group.map_or(0, |group| i16x16::new(*group).simd_gt(limit).to_bitmask() ^ others)
        };
        let (head, tail) = (beyond(around.first_chunk()), beyond(around.last_chunk()));
        // Unless the edges are slow, half of the level is reached within the outermost samples.
        let (begins, ends) = if head != 0 && tail != 0 {
            (head.trailing_zeros() as usize, around.len() - 2 * LANES + tail.ilog2() as usize)
        } else {
            outermost(around, rises, half)?
        };
        let middle = (first + last) / 2 - from;
        if begins > middle || middle >= ends {
            return None;
        }
        let (up, begin, end, down, nearest) =
            looked_at(around.get(begins.checked_sub(1)?..ends + 2)?, rises)?;
        let pair = |first: i16, second: i16| f64x2::new([f64::from(first), f64::from(second)]);
        let codes = pair(up, end);
        let sign = if rises { 1.0 } else { -1.0 };
        Some(Self {
            base,
            sign,
            places: f64x2::new([(from + begins - 1) as i64 as f64, (from + ends) as i64 as f64]),
            codes,
            steps: pair(begin, down) - codes,
            nearest: sign * f64::from(nearest),
        })
    }

    /// The last sample before the first edge, and the last sample of the top.
    #[inline]
    pub(super) fn places(&self) -> [i32; 2] {
        integers(self.places)
    }

    /// 50 % instants of the phase if this is its level: [`PhaseEdges::at`](super::edge::PhaseEdges::at) its middle. `None` where the way
    /// from edge to edge touches half the level: then it takes a search to find them.
    #[inline(always)]
    pub(super) fn edges(&self, level: f64) -> Option<f64x2> {
        let half = half(self.base, level);
        let parts = (f64x2::splat(half) - self.codes) / self.steps;
        let within = parts.simd_gt(f64x2::splat(0.0)) & parts.simd_lt(f64x2::splat(1.0));
        (within.to_bitmask() == 3 && self.nearest > self.sign * half).then(|| self.places + parts)
    }
}

/// The first and the last code beyond a level.
#[cold]
fn outermost(codes: &[i16], rises: bool, level: f64) -> Option<(usize, usize)> {
    let side = if rises { Side::Above } else { Side::Below };
    Some((i16::first(codes, side, level)?, i16::last(codes, side, level)?))
}

/// Of a top with a code on either side: the code before it, its first, its last and the code behind it, and that of the top which is nearest
/// to the base.
#[inline(always)]
fn looked_at(codes: &[i16], rises: bool) -> Option<(i16, i16, i16, i16, i16)> {
    let ends = (codes.first_chunk::<BESIDE>(), codes.last_chunk::<BESIDE>());
    let (Some([up, head @ ..]), Some([tail @ .., down]), true) =
        (ends.0, ends.1, (BESIDE + 1..=2 * BESIDE).contains(&codes.len()))
    else {
        return looked_at_any(codes, rises);
    };
    let ([begin, ..], [.., end]) = (head, tail);
    Some((*up, *begin, *end, *down, nearest(head, tail, rises)))
}

/// The same of any top, which may be short or long.
#[inline(never)]
fn looked_at_any(codes: &[i16], rises: bool) -> Option<(i16, i16, i16, i16, i16)> {
    let [up, top @ .., down] = codes else { return None };
    let [begin, .., end] = top else { return None };
    Some((*up, *begin, *end, *down, extreme(top, !rises)))
}

/// The code of a top that is nearest to the base, of its first and its last samples: the smallest, or the largest. Groups that lie over one
/// another see some codes twice, which changes no extreme.
#[inline(always)]
pub(super) fn nearest(head: &[i16; 2 * LANES], tail: &[i16; 2 * LANES], smallest: bool) -> i16 {
    let ([a, b], [c, d]) = (halves(head), halves(tail));
    if smallest { a.min(b).min(c.min(d)).reduce_min() } else { a.max(b).max(c.max(d)).reduce_max() }
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
    use crate::measure::edge::PhaseEdges;

    #[test]
    fn a_flank_that_stays_on_the_level_is_left_to_the_search() {
        // Two samples on the level before the top: the crossing is the first of them.
        let around = [0_i16, 2, 2, 4, 4, 4, 4, 4, 0];
        let find = |around: &[i16]| {
            let last = around.len() - 2;
            Flanks::find(around, (1, last), 0.0, 4.0)?.edges(4.0).map(PhaseEdges::from)
        };
        let search = PhaseEdges::at(&around, 4, 0.0, 4.0, 0.5).unwrap();
        assert_eq!(search, PhaseEdges { start: 1.0, end: 7.5 });
        let found = find(&around);
        assert!(found.is_none_or(|found| found == search), "{found:?}");
        // A flank without: both say the same.
        let around = [0_i16, 0, 1, 4, 4, 4, 4, 0];
        let found = find(&around).unwrap();
        assert!((found.start - (2.0 + 1.0 / 3.0)).abs() < 1e-12 && found.end == 6.5, "{found:?}");
    }

    #[test]
    fn the_edges_are_those_of_a_search_from_the_middle() {
        let mut state = 7_u32;
        let mut random = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        let mut found = 0;
        for trial in 0..3000 {
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
            let ends = (from, from + length);
            let found_at =
                |level: f64| Flanks::find(&samples, ends, 0.0, levels[0])?.edges(level).map(PhaseEdges::from);
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
