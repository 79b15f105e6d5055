//! Sums of a few codes out of many: windows inside a stretch in hand.

use wide::{i16x8, i32x4};

/// Codes looked at together.
const LANES: usize = 8;

/// The longest window that is summed at once.
const MOST: usize = 64;

/// So many ones, and as many zeros behind them.
const ONES: [i16; 2 * MOST] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, //
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, //
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, //
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, //
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
];

/// Σ codes from `from` to the one before `to`, as far as there are any: those before the first in hand have negative places.
///
/// What lies behind a short window is read with it, and counts nothing: a loop to its very end would take longer.
#[inline(always)]
pub(super) fn sum_within(codes: &[i16], from: i64, to: i64) -> i64 {
    let count = to.wrapping_sub(from) as usize;
    let Some(behind) = codes.get(from as usize..) else { return sum_of_any(codes, from, to) };
    let sum = match count {
        0..=16 => behind.first_chunk::<16>().map(|codes| sum_first(codes, count)),
        17..=32 => behind.first_chunk::<32>().map(|codes| sum_first(codes, count)),
        33..=48 => behind.first_chunk::<48>().map(|codes| sum_first(codes, count)),
        49..=MOST => behind.first_chunk::<MOST>().map(|codes| sum_first(codes, count)),
        _ => None,
    };
    sum.map_or_else(|| sum_of_any(codes, from, to), i64::from)
}

/// [`sum_within`] where the window is nearly always a short one that is all in hand.
#[inline(always)]
pub(super) fn short_sum(codes: &[i16], from: i64, count: i64) -> i64 {
    const SHORT: usize = 32;
    if count as usize > SHORT {
        return sum_of_any(codes, from, from + count);
    }
    match codes.get(from as usize..).and_then(<[i16]>::first_chunk::<SHORT>) {
        Some(codes) => sum_first(codes, count as usize).into(),
        None => sum_of_any(codes, from, from + count),
    }
}

/// Σ of the first `count` of some codes, at most [`MOST`].
#[inline(always)]
pub(super) fn sum_first<const N: usize>(codes: &[i16; N], count: usize) -> i32 {
    let weights = ones::<N>(count).map_or(&[][..], |weights| weights.as_chunks::<LANES>().0);
    let mut sum = i32x4::splat(0);
    for (group, weights) in codes.as_chunks::<LANES>().0.iter().zip(weights) {
        sum += i16x8::new(*group).dot(i16x8::new(*weights));
    }
    sum.reduce_add()
}

/// So many ones, at most [`MOST`], and zeros behind them.
#[inline(always)]
fn ones<const N: usize>(count: usize) -> Option<&'static [i16; N]> {
    ONES.get(MOST.checked_sub(count)?..)?.first_chunk()
}

/// What codes are multiplied by for the sum of those in the places `from` to the one before `to`: ones there, and zeros elsewhere. `None`
/// where not all of them are among so many, or there are none.
pub(super) fn weights<const N: usize>(from: i64, to: i64) -> Option<[i16; N]> {
    let place = |place: i64| usize::try_from(place).ok().filter(|place| *place <= N);
    let (without, mut weights) = (ones::<N>(place(from)?)?, *ones::<N>(place(to)?)?);
    weights.iter_mut().zip(without).for_each(|(weight, one)| *weight -= one);
    (from < to).then_some(weights)
}

/// [`sum_within`] of a long window, or of one that is not all in hand.
#[cold]
#[inline(never)]
fn sum_of_any(codes: &[i16], from: i64, to: i64) -> i64 {
    let inside = |place: i64| place.clamp(0, codes.len() as i64) as usize;
    super::codes::sum(codes.get(inside(from)..inside(to)).unwrap_or(&[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_summed_to_its_end() {
        let codes: Vec<i16> = (0..80_i32).map(|k| ((k * 7919) % 65_536 - 32_768) as i16).collect();
        for (from, to) in (-20..100).flat_map(|from| (-20..100).map(move |to| (from, to))) {
            let plain: i64 = (from..to)
                .filter_map(|place| Some(i64::from(*codes.get(usize::try_from(place).ok()?)?)))
                .sum();
            assert_eq!(sum_within(&codes, from, to), plain, "{from} {to}");
            assert_eq!(short_sum(&codes, from, to - from), plain, "{from} {to}");
        }
    }

    #[test]
    fn weights_are_ones_in_their_window() {
        for (from, to) in (-3..40).flat_map(|from| (-3..40).map(move |to| (from, to))) {
            let expected: [i16; 32] =
                std::array::from_fn(|place| (from..to).contains(&(place as i64)).into());
            let inside = 0 <= from && from < to && to <= 32;
            assert_eq!(weights(from, to), inside.then_some(expected), "{from} {to}");
        }
    }

    #[test]
    fn the_extremes_of_the_scale_do_not_overflow() {
        for count in [20_i64, 40, 60, 100, 65_536, 140_000] {
            for code in [i16::MIN, i16::MAX] {
                let codes = vec![code; count as usize + 3];
                assert_eq!(sum_within(&codes, 1, count + 1), i64::from(code) * count);
            }
        }
    }
}
