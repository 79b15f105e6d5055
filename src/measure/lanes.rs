//! How far a run of samples goes: sixteen codes at a time in vector lanes.

use wide::i16x16;

use super::codes::Codes;

/// Codes looked at together.
pub(super) const LANES: usize = 16;

/// From the n-th last place of the first half on: n times the largest code, then the smallest.
const LEADING: [i16; 2 * LANES] = {
    let (h, l) = (i16::MAX, i16::MIN);
    [h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l]
};

/// Index of the first of `codes` that is not `within`.
#[inline]
pub(super) fn first_beyond(codes: &[i16], within: Codes) -> Option<usize> {
    let Some(last) = codes.last_chunk::<LANES>() else {
        return codes.iter().position(|code| !within.contain(*code));
    };
    let (low, high) = (i16x16::splat(within.low), i16x16::splat(within.high));
    let beyond = |group: &[i16; LANES]| {
        let group = i16x16::new(*group);
        (low.simd_gt(group) | group.simd_gt(high)).to_bitmask()
    };
    let (groups, rest) = codes.as_chunks::<LANES>();
    for (k, group) in groups.iter().enumerate() {
        let hits = beyond(group);
        if hits != 0 {
            return Some(k * LANES + hits.trailing_zeros() as usize);
        }
    }
    if rest.is_empty() {
        return None;
    }
    // What this group has of the one before it is known not to hit.
    let hits = beyond(last);
    (hits != 0).then(|| codes.len() - LANES + hits.trailing_zeros() as usize)
}

/// On which side of a level a run lies. With all its bits flipped, a code that lies below is one that lies above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upward {
    /// Above.
    Same,
    /// Below.
    Flipped,
}

impl Upward {
    /// A code turned upward, or back.
    #[inline]
    pub(super) fn turned(self, code: i16) -> i16 {
        code ^ self.mask()
    }

    #[inline]
    fn mask(self) -> i16 {
        match self {
            Self::Same => 0,
            Self::Flipped => -1,
        }
    }

    /// How many of `codes`, from the first on, lie above `bound` once they are turned upward, and the largest of those; MIN of
    /// none.
    #[inline]
    pub(super) fn above(self, codes: &[i16], bound: i16) -> (usize, i16) {
        let Some(last) = codes.last_chunk::<LANES>() else {
            let above = codes.iter().map(|code| self.turned(*code)).take_while(|code| *code > bound);
            return above.fold((0, i16::MIN), |(count, most), code| (count + 1, most.max(code)));
        };
        let (mask, bounds) = (i16x16::splat(self.mask()), i16x16::splat(bound));
        let mut most = i16x16::splat(i16::MIN);
        for (k, group) in codes.as_chunks::<LANES>().0.iter().enumerate() {
            let group = i16x16::new(*group) ^ mask;
            let above = group.simd_gt(bounds).to_bitmask();
            if above != 0xffff {
                let count = above.trailing_ones() as usize;
                return (k * LANES + count, most.max(leading(group, count)).reduce_max());
            }
            most = most.max(group);
        }
        // What this group has of the one before it is seen twice, which changes no maximum.
        let group = i16x16::new(*last) ^ mask;
        let count = group.simd_gt(bounds).to_bitmask().trailing_ones() as usize;
        (codes.len() - LANES + count, most.max(leading(group, count)).reduce_max())
    }
}

/// The first `count` codes of a group; the smallest code in place of the others.
#[inline]
fn leading(group: i16x16, count: usize) -> i16x16 {
    let lanes = LANES.checked_sub(count).and_then(|from| LEADING.get(from..)?.first_chunk());
    lanes.map_or(i16x16::splat(i16::MIN), |lanes| group.min(i16x16::new(*lanes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform numbers below `n`.
    fn draw(state: &mut u64, n: u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % n
    }

    /// Codes from all over the range about as often as ones near `about`.
    fn codes(state: &mut u64, about: i16) -> Vec<i16> {
        let ends = [i16::MIN, i16::MAX, 0, -1];
        let wild = [0, 10, 40][draw(state, 3) as usize];
        (0..draw(state, 80))
            .map(|_| match draw(state, 50) {
                one if one >= wild => about.saturating_add(draw(state, 9) as i16),
                one => ends.get(one as usize).copied().unwrap_or(draw(state, 65_536) as u16 as i16),
            })
            .collect()
    }

    #[test]
    fn the_first_beyond_is_found_wherever_it_is() {
        let mut state = 1;
        for _ in 0..20_000 {
            let codes = codes(&mut state, 0);
            let low = [i16::MIN, -1, 0, 1, 100][draw(&mut state, 5) as usize];
            let high = [i16::MAX, 8, 7, -5, i16::MIN][draw(&mut state, 5) as usize];
            let within = Codes { low, high };
            let found = codes.iter().position(|code| *code < low || *code > high);
            assert_eq!(first_beyond(&codes, within), found, "{codes:?} {within:?}");
        }
    }

    #[test]
    fn a_run_goes_to_the_first_that_is_not_above_and_has_the_largest_of_what_is() {
        let mut state = 1;
        for _ in 0..20_000 {
            let about = [-20_000, -3, 400, 30_000][draw(&mut state, 4) as usize];
            let codes = codes(&mut state, about);
            for upward in [Upward::Same, Upward::Flipped] {
                let turned: Vec<i16> = codes
                    .iter()
                    .map(|code| if upward == Upward::Same { *code } else { -1 - *code })
                    .collect();
                let bound = upward.turned(about).saturating_add([-9, -1, 0, 3][draw(&mut state, 4) as usize]);
                let count = turned.iter().position(|code| *code <= bound).unwrap_or(turned.len());
                let most = turned[..count].iter().copied().max().unwrap_or(i16::MIN);
                assert_eq!(upward.above(&codes, bound), (count, most), "{codes:?} {upward:?} {bound}");
                assert_eq!(upward.turned(upward.turned(about)), about);
            }
        }
    }
}
