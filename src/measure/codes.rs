//! Raw codes in bulk: loops without early exits, which the compiler turns into vector instructions.

/// Codes looked at together where one is searched for.
const LANES: usize = 8;

/// Codes whose sum cannot overflow 32 bits.
const SAFE: usize = 4096;

/// What one look at some codes tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Smallest; `i16::MAX` of nothing.
    pub(super) low: i16,
    /// Largest; `i16::MIN` of nothing.
    pub(super) high: i16,
    pub(super) sum: i64,
}

/// Extremes and sum in one pass.
pub(super) fn look(codes: &[i16]) -> Look {
    let mut seen = Look { low: i16::MAX, high: i16::MIN, sum: 0 };
    for part in codes.chunks(SAFE) {
        let (mut low, mut high, mut sum) = (i16::MAX, i16::MIN, 0_i32);
        for code in part {
            low = low.min(*code);
            high = high.max(*code);
            sum += i32::from(*code);
        }
        seen.low = seen.low.min(low);
        seen.high = seen.high.max(high);
        seen.sum += i64::from(sum);
    }
    seen
}

/// Σ codes.
pub(super) fn sum(codes: &[i16]) -> i64 {
    codes.chunks(SAFE).map(|part| i64::from(part.iter().map(|code| i32::from(*code)).sum::<i32>())).sum()
}

/// Smallest and largest code; (MAX, MIN) of nothing.
pub(super) fn extremes(codes: &[i16]) -> (i16, i16) {
    codes.iter().fold((i16::MAX, i16::MIN), |(low, high), code| (low.min(*code), high.max(*code)))
}

/// Index of the first code that `hit` accepts.
#[inline]
pub(super) fn first(codes: &[i16], hit: impl Fn(i16) -> bool) -> Option<usize> {
    let (groups, rest) = codes.as_chunks::<LANES>();
    for (group, at) in groups.iter().zip((0..).step_by(LANES)) {
        if any(group, &hit) {
            return group.iter().position(|code| hit(*code)).map(|k| at + k);
        }
    }
    rest.iter().position(|code| hit(*code)).map(|k| codes.len() - rest.len() + k)
}

/// Index of the last code that `hit` accepts.
#[inline]
pub(super) fn last(codes: &[i16], hit: impl Fn(i16) -> bool) -> Option<usize> {
    let (rest, groups) = codes.as_rchunks::<LANES>();
    let mut at = codes.len();
    for group in groups.iter().rev() {
        at -= LANES;
        if any(group, &hit) {
            return group.iter().rposition(|code| hit(*code)).map(|k| at + k);
        }
    }
    rest.iter().rposition(|code| hit(*code))
}

/// Whether `hit` accepts one of them, in lanes as wide as a code.
#[inline]
fn any(group: &[i16; LANES], hit: impl Fn(i16) -> bool) -> bool {
    group.iter().fold(0_u16, |any, code| any | u16::from(hit(*code)).wrapping_neg()) != 0
}

/// How many codes equal each of `counts.len()` codes from `low` on, added to `counts`; all codes must be among them.
///
/// A few codes hold all samples of a quiet input: one vector pass per code is cheaper than one increment per sample,
/// each of which would wait for the one before it in the same bin.
pub(super) fn count(codes: &[i16], low: i16, counts: &mut [u32]) {
    // Eight-bit counters of vector lanes: no more samples at a time than they can count.
    const PART: usize = 255;
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

    #[test]
    fn one_look_sees_what_each_pass_sees() {
        let codes: Vec<i16> = (0..9000_i32).map(|k| ((k * 7919) % 65_536 - 32_768) as i16).collect();
        for part in [&codes[..], &codes[..1], &codes[5..23], &[]] {
            let seen = look(part);
            assert_eq!((seen.low, seen.high), extremes(part));
            assert_eq!(seen.sum, part.iter().map(|code| i64::from(*code)).sum::<i64>());
            assert_eq!(seen.sum, sum(part));
        }
    }

    #[test]
    fn the_first_and_the_last_hit_are_found_wherever_they_are() {
        for length in [1, 15, 16, 17, 40, 48] {
            for at in 0..length {
                let mut codes = vec![0_i16; length];
                codes[at] = 1;
                assert_eq!(first(&codes, |code| code == 1), Some(at));
                assert_eq!(last(&codes, |code| code == 1), Some(at));
                assert_eq!(first(&codes, |code| code == 2), None);
                assert_eq!(last(&codes, |code| code == 2), None);
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
