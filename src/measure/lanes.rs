//! How far a run of samples goes: sixteen codes at a time in vector lanes.

use wide::i16x16;

use super::codes::Codes;

/// Codes looked at together.
const LANES: usize = 16;

/// The bits of all of them.
const ALL: u32 = (1 << LANES) - 1;

/// Index of the first of `codes` from the one at `from` on that is not `within`.
#[inline]
pub(super) fn first_beyond(codes: &[i16], from: usize, within: Codes) -> Option<usize> {
    let (low, high) = (i16x16::splat(within.low), i16x16::splat(within.high));
    let beyond = |group: &[i16; LANES]| {
        let group = i16x16::new(*group);
        (low.simd_gt(group) | group.simd_gt(high)).to_bitmask()
    };
    let mut rest = codes.get(from..)?;
    while let Some((group, after)) = rest.split_first_chunk::<LANES>() {
        let hits = beyond(group);
        if hits != 0 {
            return Some(codes.len() - rest.len() + hits.trailing_zeros() as usize);
        }
        rest = after;
    }
    let at = codes.len() - rest.len();
    if rest.is_empty() {
        return None;
    }
    let Some(last) = codes.last_chunk::<LANES>() else {
        return rest.iter().position(|code| !within.contain(*code)).map(|passed| at + passed);
    };
    // What this group has of the codes before is none of the rest.
    let hits = beyond(last) >> (LANES - rest.len());
    (hits != 0).then(|| at + hits.trailing_zeros() as usize)
}

/// On which side of the baseline a run lies.
pub(super) trait Direction {
    /// Farther than no code.
    const LEAST: i16;
    /// Whether one code lies farther that way than another.
    fn is_beyond(code: i16, other: i16) -> bool;
    /// The same of each code of a group.
    fn beyond(group: i16x16, other: i16x16) -> i16x16;
    /// Of each pair of codes the one that lies farther.
    fn farther(group: i16x16, other: i16x16) -> i16x16;
    /// The code that lies farthest.
    fn farthest(group: i16x16) -> i16;
    /// How far a code lies from `base`.
    fn distance(code: i16, base: f64) -> f64;
}

/// Above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Above;

/// Below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Below;

impl Direction for Above {
    const LEAST: i16 = i16::MIN;

    #[inline]
    fn is_beyond(code: i16, other: i16) -> bool {
        code > other
    }

    #[inline]
    fn beyond(group: i16x16, other: i16x16) -> i16x16 {
        group.simd_gt(other)
    }

    #[inline]
    fn farther(group: i16x16, other: i16x16) -> i16x16 {
        group.max(other)
    }

    #[inline]
    fn farthest(group: i16x16) -> i16 {
        group.reduce_max()
    }

    #[inline]
    fn distance(code: i16, base: f64) -> f64 {
        f64::from(code) - base
    }
}

impl Direction for Below {
    const LEAST: i16 = i16::MAX;

    #[inline]
    fn is_beyond(code: i16, other: i16) -> bool {
        code < other
    }

    #[inline]
    fn beyond(group: i16x16, other: i16x16) -> i16x16 {
        other.simd_gt(group)
    }

    #[inline]
    fn farther(group: i16x16, other: i16x16) -> i16x16 {
        group.min(other)
    }

    #[inline]
    fn farthest(group: i16x16) -> i16 {
        group.reduce_min()
    }

    #[inline]
    fn distance(code: i16, base: f64) -> f64 {
        base - f64::from(code)
    }
}

/// How many of `codes`, from the first on, lie beyond `bound`, and the farthest of those if there are any.
#[inline]
pub(super) fn run<D: Direction>(codes: &[i16], bound: i16) -> (usize, i16) {
    let bounds = i16x16::splat(bound);
    let mut farthest = i16x16::splat(D::LEAST);
    let mut rest = codes;
    while let Some((group, after)) = rest.split_first_chunk::<LANES>() {
        let lanes = i16x16::new(*group);
        let beyond = D::beyond(lanes, bounds).to_bitmask();
        if beyond != ALL {
            let passed = codes.len() - rest.len();
            if beyond & (beyond + 1) == 0 {
                // The others are not beyond, so that none of them is the farthest, if any is.
                let count = passed + beyond.trailing_ones() as usize;
                return (count, D::farthest(D::farther(farthest, lanes)));
            }
            return short_run::<D>(group, bound, passed, D::farthest(farthest));
        }
        farthest = D::farther(farthest, lanes);
        rest = after;
    }
    let passed = codes.len() - rest.len();
    if rest.is_empty() {
        return (passed, D::farthest(farthest));
    }
    if let Some(last) = codes.last_chunk::<LANES>() {
        // What this group has of the one before it belongs to the run.
        let lanes = i16x16::new(*last);
        let beyond = D::beyond(lanes, bounds).to_bitmask();
        if beyond & (beyond + 1) == 0 {
            let count = codes.len() - LANES + beyond.trailing_ones() as usize;
            return (count, D::farthest(D::farther(farthest, lanes)));
        }
    }
    short_run::<D>(rest, bound, passed, D::farthest(farthest))
}

/// The same one by one, behind `passed` codes the farthest of which is `farthest`.
#[inline(never)]
fn short_run<D: Direction>(codes: &[i16], bound: i16, passed: usize, farthest: i16) -> (usize, i16) {
    let beyond = codes.iter().take_while(|code| D::is_beyond(**code, bound));
    beyond.fold((passed, farthest), |(count, farthest), code| {
        (count + 1, if D::is_beyond(*code, farthest) { *code } else { farthest })
    })
}

#[cfg(test)]
mod tests {
    use super::super::draw::draw;
    use super::*;

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
            let from = draw(&mut state, codes.len() as u64 + 2) as usize;
            let found = (from..codes.len()).find(|at| codes[*at] < low || codes[*at] > high);
            assert_eq!(first_beyond(&codes, from, within), found, "{codes:?} {from} {within:?}");
        }
    }

    #[test]
    fn a_run_goes_to_the_first_that_is_not_beyond_and_has_the_farthest_of_what_is() {
        let mut state = 1;
        for _ in 0..20_000 {
            let about = [-20_000, -3, 400, 30_000][draw(&mut state, 4) as usize];
            let codes = codes(&mut state, about);
            let bound = about.saturating_add([-9, -1, 0, 3, 9][draw(&mut state, 5) as usize]);
            let above = codes.iter().position(|code| *code <= bound).unwrap_or(codes.len());
            let below = codes.iter().position(|code| *code >= bound).unwrap_or(codes.len());
            let (most, least) = (codes[..above].iter().max(), codes[..below].iter().min());
            let runs =
                [(run::<Above>(&codes, bound), above, most), (run::<Below>(&codes, bound), below, least)];
            for ((count, farthest), defined, code) in runs {
                assert_eq!(count, defined, "{codes:?} {bound}");
                assert!(code.is_none_or(|code| *code == farthest), "{codes:?} {bound}");
            }
        }
    }
}
