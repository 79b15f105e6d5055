//! A phase of a train lies where one of the pulses before it lay: then nothing is searched for, only that it lies there is seen.

use super::excursion::Top;
use super::flanks::{BESIDE, nearest};
use super::level::TRIM;
use super::phase::{FEWEST, middle};
use super::sums;
use wide::{f64x2, i16x8, i32x4};

/// Codes looked at together.
const LANES: usize = 8;

/// Groups of so many that hold the middle and the level of a phase.
const GROUPS: usize = 4;

/// So many lengths of a phase are told apart.
const LENGTHS: usize = 4;

/// Where phases of a train lay, by the number of samples that stand out: noise, and where between two samples a phase begins, make it
/// one more or less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stands([Stand; LENGTHS]);

impl Stands {
    /// Nothing is known.
    pub(super) const NOWHERE: Self = Self([Stand::NOWHERE; LENGTHS]);

    /// [`plain`](super::phase::plain) for a phase with the outermost samples `ends` that lies where one as long as it lay; whether it does.
    #[inline(never)]
    pub(super) fn again(
        &self,
        samples: &[i16],
        ends: (usize, usize),
        base: f64,
        settle: f64,
        top: &mut Top,
    ) -> bool {
        let stand = self.0.get(ends.1.wrapping_sub(ends.0) % LENGTHS);
        let found = stand.and_then(|stand| stand.found(samples, ends, base, settle));
        found.inspect(|found| *top = *found).is_some()
    }

    /// Keeps where a phase with these outermost samples lay: its edges behind samples `edges`, and between them a `window` of so many
    /// samples from this one on, which are its level unless they are too few.
    pub(super) fn keep(&mut self, ends: (usize, usize), edges: (usize, usize), window: (i64, i64)) {
        let slot = self.0.get_mut(ends.1.wrapping_sub(ends.0) % LENGTHS);
        if let Some((slot, stand)) = slot.zip(Stand::of(ends, edges, window)) {
            *slot = stand;
        }
    }
}

/// Where a phase lay, samples.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stand {
    /// From its first sample to its last.
    span: usize,
    /// From its first sample to the last before its first edge: a sum that wraps.
    up: usize,
    /// From there to the last [`BESIDE`] samples up to the first behind its second edge.
    tail: usize,
    /// From there to the first sample of those that hold its middle and its level.
    from: usize,
    /// Ones where a sample belongs to its middle, and where one belongs to its level, which of a phase too short for one is its middle.
    weights: [[i16x8; 2]; GROUPS],
    /// How many these are.
    counts: f64x2,
    /// Samples in the mean that its level is; 0 where they are too few for one.
    settled: u32,
    /// From there to the last sample of its top, and to the first and the last between its edges that have settled, as real numbers.
    end: f64x2,
    inside: [f64x2; 2],
}

impl Stand {
    /// Nothing is known.
    const NOWHERE: Self = Self {
        span: usize::MAX,
        up: 0,
        tail: 0,
        from: 0,
        weights: [[i16x8::ZERO; 2]; GROUPS],
        counts: f64x2::ZERO,
        settled: 0,
        end: f64x2::ZERO,
        inside: [f64x2::ZERO; 2],
    };

    /// As [`Stands::keep`]; `None` of a long phase.
    fn of(ends: (usize, usize), (up, end): (usize, usize), (from, count): (i64, i64)) -> Option<Self> {
        let tail = (end + 2).checked_sub(up + BESIDE).filter(|tail| (1..=BESIDE).contains(tail))?;
        let middle = middle(ends)?;
        let level = if count < FEWEST { middle } else { (from, from + count) };
        let begins = middle.0.min(level.0);
        let weights =
            |(from, to): (i64, i64)| sums::weights::<{ GROUPS * LANES }>(from - begins, to - begins);
        let (in_middle, in_level) = (weights(middle)?, weights(level)?);
        let mut groups = [[i16x8::ZERO; 2]; GROUPS];
        let pairs = in_middle.as_chunks::<LANES>().0.iter().zip(in_level.as_chunks::<LANES>().0);
        for (group, (middle, level)) in groups.iter_mut().zip(pairs) {
            *group = [i16x8::new(*middle), i16x8::new(*level)];
        }
        let real = |sample: i64| f64x2::splat((sample - up as i64) as f64);
        Some(Self {
            span: ends.1.checked_sub(ends.0)?,
            up: up.wrapping_sub(ends.0),
            tail,
            from: usize::try_from(begins - up as i64).ok()?,
            weights: groups,
            counts: f64x2::new([middle, level].map(|(from, to)| (to - from) as f64)),
            settled: if count < FEWEST { 0 } else { count as u32 },
            end: real(end as i64),
            inside: [real(from), real(from + count - 1)],
        })
    }

    /// The phase with the outermost samples `first` and `last`, if it lies there again.
    #[inline(always)]
    fn found(&self, samples: &[i16], (first, last): (usize, usize), base: f64, settle: f64) -> Option<Top> {
        if last.wrapping_sub(first) != self.span {
            return None;
        }
        let up = first.wrapping_add(self.up);
        let beside = samples.get(up..)?;
        let [before, head @ ..] = beside.first_chunk::<BESIDE>()?;
        let [tail @ .., behind] = beside.get(self.tail..)?.first_chunk::<BESIDE>()?;
        let ([begin, ..], [.., end]) = (head, tail);
        let held = beside.get(self.from..)?.first_chunk::<{ GROUPS * LANES }>()?;
        let [mut middle, mut level] = [i32x4::ZERO; 2];
        for (group, [in_middle, in_level]) in held.as_chunks::<LANES>().0.iter().zip(&self.weights) {
            let group = i16x8::new(*group);
            middle += group.dot(*in_middle);
            level += group.dot(*in_level);
        }
        // What the middle was and what the level is: of both the edges must be these, and the window between them this.
        let levels = f64x2::new([middle, level].map(|sum| f64::from(sum.reduce_add()))) / self.counts;
        let base = f64x2::splat(base);
        let halves = base + f64x2::splat(0.5) * (levels - base);
        let splat = |code: i16| f64x2::splat(f64::from(code));
        let codes = (splat(*before), splat(*end));
        let steps = (splat(*begin) - codes.0, splat(*behind) - codes.1);
        let parts = ((halves - codes.0) / steps.0, (halves - codes.1) / steps.1);
        // Positive where all of the top lies beyond the half.
        let rises = steps.0.to_bitmask() == 0;
        let beyond = (splat(nearest(head, tail, rises)) - halves) * steps.0;
        let origin = f64x2::splat(up as i64 as f64);
        let (start, end) = (origin + parts.0, origin + self.end + parts.1);
        let trim = f64x2::splat(TRIM) * (end - start);
        let [from, to] = self.inside;
        let early = origin + from - (start + trim.fast_max(f64x2::splat(settle)));
        let late = end - trim - (origin + to);
        let least = parts.0.fast_min(parts.1).fast_min(beyond).simd_gt(f64x2::splat(0.0));
        let whole = early.fast_min(late).simd_ge(f64x2::splat(0.0));
        let most = parts.0.fast_max(parts.1).fast_max(early).fast_max(late).simd_lt(f64x2::splat(1.0));
        let ([_, level], [_, start], [_, end]) = (levels.to_array(), start.to_array(), end.to_array());
        let found = Top { start, end, level: level as f32, settled: self.settled };
        ((least & whole & most).to_bitmask() == 3).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::phase::{phase, plain};
    use super::*;

    /// A phase of so many samples between codes of an edge each, and its outermost samples.
    fn held(length: usize) -> (Vec<i16>, (usize, usize)) {
        let level = |code: i16, count: usize| std::iter::repeat_n(code, count);
        let samples = level(0, 30).chain([-300]).chain(level(-900, length)).chain([-200]).chain(level(0, 40));
        (samples.collect(), (30, 31 + length))
    }

    #[test]
    fn phases_of_some_lengths_are_known_side_by_side_with_a_level_or_without_one() {
        let (of, lengths) = ((0.0, 16.0), [27, 28, 29, 30]);
        let (mut stands, mut top) = (Stands::NOWHERE, Top::default());
        let again = |stands: &Stands, length: usize, moved: usize| {
            let (mut samples, (first, last)) = held(length);
            samples.drain(..moved);
            let (ends, mut top) = ((first - moved, last - moved), Top::default());
            let is_there = stands.again(&samples, ends, of.0, of.1, &mut top);
            assert!(!is_there || (top, false) == plain(&samples, ends, of.0, of.1), "{top:?}");
            is_there.then_some(top.settled)
        };
        for length in lengths {
            assert_eq!(again(&stands, length, 0), None);
            let (samples, ends) = held(length);
            assert!(phase(&samples, ends, of, &mut stands, &mut top));
        }
        // Wherever they begin; one of another length is not taken for any of them.
        assert_eq!(lengths.map(|length| again(&stands, length, 9)), [0, 0, 0, 8].map(Some));
        assert_eq!([23, 26, 31].map(|length| again(&stands, length, 0)), [None; 3]);
    }

    #[test]
    fn a_phase_that_gives_way_for_a_sample_does_not_lie_there_again() {
        let (of, length) = ((0.0, 16.0), 30);
        for sign in [1, -1] {
            let (samples, ends) = held(length);
            let samples: Vec<i16> = samples.iter().map(|code| sign * code).collect();
            let (mut stands, mut top) = (Stands::NOWHERE, Top::default());
            assert!(phase(&samples, ends, of, &mut stands, &mut top));
            assert!(stands.again(&samples, ends, of.0, of.1, &mut top));
            // To less than half of its level, or not quite.
            for (place, code, is_there) in
                (33..60).flat_map(|place| [(place, -400, false), (place, -880, true)])
            {
                let mut samples = samples.clone();
                samples[place] = sign * code;
                let is = stands.again(&samples, ends, of.0, of.1, &mut top);
                assert_eq!(is, is_there, "{place} {code}");
                assert!(!is || (top, false) == plain(&samples, ends, of.0, of.1), "{place} {top:?}");
            }
        }
    }
}
