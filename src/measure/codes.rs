//! Raw codes in bulk: eight at a time in vector lanes.

use std::hint::black_box;

use wide::{i16x8, i16x16, i32x4};

/// Codes looked at together.
const LANES: usize = 8;

/// Codes whose sum cannot overflow four lanes of 32 bits.
const SAFE: usize = 1 << 16;

/// From the n-th on: n ones at the end of a group of zeros.
const LAST: [i16; 2 * LANES] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

/// Codes in a line of a cache.
const LINE: usize = 32;

/// Looks at one of each line of the first `count` codes, so that they come from memory while others are measured.
#[inline]
pub(super) fn ask_for(codes: &[i16], count: u64) {
    black_box(codes.iter().take(count as usize).step_by(LINE).fold(0, |all, code| all | code));
}

/// Σ codes.
pub(super) fn sum(codes: &[i16]) -> i64 {
    if codes.len() <= SAFE {
        return i64::from(part_sum(codes));
    }
    codes.chunks(SAFE).map(|part| i64::from(part_sum(part))).sum()
}

/// Σ of at most [`SAFE`] codes.
#[inline]
fn part_sum(codes: &[i16]) -> i32 {
    let Some(last) = codes.last_chunk::<LANES>() else {
        return codes.iter().map(|code| i32::from(*code)).sum();
    };
    let (mut rest, mut sum) = (codes, i32x4::splat(0));
    while let Some((groups, after)) = rest.split_first_chunk::<{ 2 * LANES }>() {
        for group in groups.as_chunks::<LANES>().0 {
            sum += i16x8::new(*group).dot(i16x8::splat(1));
        }
        rest = after;
    }
    if let Some((group, after)) = rest.split_first_chunk::<LANES>() {
        sum += i16x8::new(*group).dot(i16x8::splat(1));
        rest = after;
    }
    // The last group lies over the one before it: only what is left over counts.
    let left = LAST.get(rest.len()..).and_then(<[i16]>::first_chunk);
    sum += i16x8::new(*last).dot(left.map_or(i16x8::splat(0), |left| i16x8::new(*left)));
    sum.reduce_add()
}

/// Σ codes of which there are many.
pub(super) fn long_sum(codes: &[i16]) -> i64 {
    let (blocks, rest) = codes.as_chunks::<{ 8 * LANES }>();
    let mut total = sum(rest);
    for part in blocks.chunks(SAFE / (8 * LANES)) {
        let mut sum = i32x4::splat(0);
        for block in part {
            for group in block.as_chunks::<LANES>().0 {
                sum += i16x8::new(*group).dot(i16x8::splat(1));
            }
        }
        total += i64::from(sum.reduce_add());
    }
    total
}

/// Smallest and largest code; (MAX, MIN) of nothing.
pub(super) fn extremes(codes: &[i16]) -> (i16, i16) {
    let Some(last) = codes.last_chunk::<{ 2 * LANES }>() else {
        return codes
            .iter()
            .fold((i16::MAX, i16::MIN), |(low, high), code| (low.min(*code), high.max(*code)));
    };
    // A group that lies over the one before it sees some codes twice, which changes no extreme.
    let last = i16x16::new(*last);
    let (mut low, mut high) = (last, last);
    for group in codes.as_chunks::<{ 2 * LANES }>().0 {
        let group = i16x16::new(*group);
        low = low.min(group);
        high = high.max(group);
    }
    (low.reduce_min(), high.reduce_max())
}

/// The largest code, or the smallest; MIN or MAX of nothing.
#[inline]
pub(super) fn extreme(codes: &[i16], largest: bool) -> i16 {
    // The smallest is the one whose complement is the largest.
    let flip = if largest { 0 } else { -1 };
    let Some(last) = codes.last_chunk::<LANES>() else {
        return codes.iter().fold(i16::MIN, |most, code| most.max(*code ^ flip)) ^ flip;
    };
    let lanes = i16x8::splat(flip);
    let (mut rest, mut most) = (codes, i16x8::new(*last) ^ lanes);
    while let Some((group, after)) = rest.split_first_chunk::<LANES>() {
        most = most.max(i16x8::new(*group) ^ lanes);
        rest = after;
    }
    most.reduce_max() ^ flip
}

/// Widens spans, each from its `low` to its `high`, by the code in its place; those without one stay as they are.
pub(super) fn widen(low: &mut [i16], high: &mut [i16], codes: &[i16]) {
    for ((low, high), code) in low.iter_mut().zip(high).zip(codes) {
        *low = (*low).min(*code);
        *high = (*high).max(*code);
    }
}

/// The codes from `low` to `high`: none where `low` is the larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codes {
    pub(super) low: i16,
    pub(super) high: i16,
}

impl Codes {
    /// No code at all.
    pub(super) const NONE: Self = Self { low: 1, high: 0 };

    #[inline]
    pub(super) fn contain(self, code: i16) -> bool {
        (self.low <= code) & (code <= self.high)
    }

    /// How many codes are among them.
    #[inline]
    pub(super) fn count(self, codes: &[i16]) -> usize {
        // No more at a time than sixteen bits can count.
        let parts = codes.chunks(usize::from(u16::MAX));
        let within = |part: &[i16]| part.iter().map(|code| u16::from(self.contain(*code))).sum::<u16>();
        parts.map(|part| usize::from(within(part))).sum()
    }

    /// One bit for each of eight codes that is among them (`inside`), or that is not.
    #[inline]
    fn hits(self, group: &[i16; LANES], inside: bool) -> u32 {
        let group = i16x8::new(*group);
        let others = group.simd_lt(i16x8::splat(self.low)) | group.simd_gt(i16x8::splat(self.high));
        others.to_bitmask() ^ if inside { 0xff } else { 0 }
    }

    /// Index of the first of `codes` that is among them (`inside`), or that is not.
    #[inline]
    pub(super) fn first(self, codes: &[i16], inside: bool) -> Option<usize> {
        let Some(last) = codes.last_chunk::<LANES>() else {
            return codes.iter().position(|code| self.contain(*code) == inside);
        };
        let mut rest = codes;
        while let Some((group, after)) = rest.split_first_chunk::<LANES>() {
            let hits = self.hits(group, inside);
            if hits != 0 {
                return Some(codes.len() - rest.len() + hits.trailing_zeros() as usize);
            }
            rest = after;
        }
        // What this group has of the one before it is known not to hit.
        let hits = self.hits(last, inside);
        (hits != 0).then(|| codes.len() - LANES + hits.trailing_zeros() as usize)
    }

    /// Index of the last of `codes` that is among them (`inside`), or that is not.
    #[inline]
    pub(super) fn last(self, codes: &[i16], inside: bool) -> Option<usize> {
        let Some(first) = codes.first_chunk::<LANES>() else {
            return codes.iter().rposition(|code| self.contain(*code) == inside);
        };
        let mut rest = codes;
        while let Some((before, group)) = rest.split_last_chunk::<LANES>() {
            let hits = self.hits(group, inside);
            if hits != 0 {
                return Some(rest.len() - 1 - (hits << 24).leading_zeros() as usize);
            }
            rest = before;
        }
        let hits = self.hits(first, inside);
        (hits != 0).then(|| 7 - (hits << 24).leading_zeros() as usize)
    }
}

/// How many codes equal each of `counts.len()` codes from `low` on, added to `counts`; all codes must be among them.
///
/// A few codes hold all samples of a quiet input: one vector pass per code is cheaper than one increment per sample,
/// each of which would wait for the one before it in the same bin.
pub(super) fn count(codes: &[i16], low: i16, counts: &mut [u32]) {
    // Eight-bit counters of vector lanes: no more samples at a time than they can count, in whole vectors.
    const PART: usize = 240;
    let mut steps = [0_u8; PART];
    for part in codes.chunks(PART) {
        let steps = steps.get_mut(..part.len()).unwrap_or_default();
        for (step, code) in steps.iter_mut().zip(part) {
            *step = code.wrapping_sub(low) as u8;
        }
        for (wanted, count) in (0..=u8::MAX).zip(counts.iter_mut()) {
            *count += u32::from(steps.iter().map(|step| u8::from(*step == wanted)).sum::<u8>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes from all over the range, with both ends of it.
    fn scattered(count: i32) -> Vec<i16> {
        (0..count).map(|k| ((k * 7919) % 65_536 - 32_768) as i16).collect()
    }

    #[test]
    fn a_sum_of_very_many_codes_overflows_nothing() {
        for code in [i16::MIN, i16::MAX] {
            let codes = vec![code; 600_000];
            let defined = 600_000 * i64::from(code);
            assert_eq!((sum(&codes), long_sum(&codes)), (defined, defined));
        }
    }

    #[test]
    fn sums_and_extremes_are_those_of_each_code() {
        let codes = [scattered(9000), vec![i16::MIN; 70_000], vec![i16::MAX; 70_000]].concat();
        for part in [&codes[..], &codes[9000..], &codes[..1], &codes[5..23], &codes[8990..9005], &[]] {
            let (low, high) = (part.iter().min(), part.iter().max());
            assert_eq!(extremes(part), (*low.unwrap_or(&i16::MAX), *high.unwrap_or(&i16::MIN)));
            assert_eq!(extremes(part), (extreme(part, false), extreme(part, true)));
            assert_eq!(sum(part), part.iter().map(|code| i64::from(*code)).sum::<i64>());
            assert_eq!(long_sum(part), sum(part));
        }
    }

    #[test]
    fn every_length_is_looked_at_to_its_end() {
        let codes = scattered(64);
        for (from, to) in (0..64).flat_map(|from| (from..=64).map(move |to| (from, to))) {
            let part = &codes[from..to];
            assert_eq!(sum(part), part.iter().map(|code| i64::from(*code)).sum::<i64>());
            assert_eq!(
                (long_sum(part), extremes(part)),
                (sum(part), (extreme(part, false), extreme(part, true)))
            );
            assert_eq!(extreme(part, true), part.iter().copied().max().unwrap_or(i16::MIN));
            assert_eq!(extreme(part, false), part.iter().copied().min().unwrap_or(i16::MAX));
        }
    }

    #[test]
    fn the_first_and_the_last_hit_are_found_wherever_they_are() {
        for length in [1, 7, 8, 9, 15, 16, 17, 40, 48] {
            for at in 0..length {
                let mut codes = vec![0_i16; length];
                codes[at] = 1;
                let (hit, rest) = (Codes { low: 1, high: 1 }, Codes { low: -5, high: 0 });
                assert_eq!((hit.first(&codes, true), rest.first(&codes, false)), (Some(at), Some(at)));
                assert_eq!((hit.last(&codes, true), rest.last(&codes, false)), (Some(at), Some(at)));
                let none = Codes { low: 2, high: i16::MAX };
                assert_eq!((none.first(&codes, true), none.last(&codes, true)), (None, None));
                assert_eq!(
                    (Codes::NONE.first(&codes, true), Codes::NONE.first(&codes, false)),
                    (None, Some(0))
                );
                // The first and the last of several.
                codes[length - 1] = 1;
                assert_eq!((hit.first(&codes, true), hit.last(&codes, true)), (Some(at), Some(length - 1)));
                codes[0] = 1;
                assert_eq!((hit.first(&codes, true), hit.last(&codes, true)), (Some(0), Some(length - 1)));
            }
        }
    }

    #[test]
    fn every_span_is_widened_by_the_code_in_its_place() {
        let codes = scattered(40);
        for (spans, length) in [(16, 16), (16, 11), (21, 21), (21, 40), (21, 17), (5, 3), (5, 40), (24, 0)] {
            let (mut low, mut high) = (vec![-100; spans], vec![100; spans]);
            widen(&mut low, &mut high, &codes[..length]);
            for k in 0..spans {
                let code = codes[..length].get(k).copied().unwrap_or(0);
                assert_eq!((low[k], high[k]), (code.min(-100), code.max(100)), "{spans} {length} {k}");
            }
        }
    }

    #[test]
    fn every_code_is_counted_once() {
        let codes: Vec<i16> = (0..1000_i32).map(|k| (k % 7 - 3) as i16).chain([4; 300]).collect();
        let mut counts = [0; 8];
        count(&codes, -3, &mut counts);
        assert_eq!(counts, [143, 143, 143, 143, 143, 143, 142, 300]);
    }
}
