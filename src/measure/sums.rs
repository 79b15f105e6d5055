//! Sums of a few codes out of many: windows inside a stretch in hand.

use wide::{i16x8, i32x4};

/// Codes looked at together.
const LANES: usize = 16;

/// From the n-th on: n ones at the end of a group of zeros.
const LAST: [i16; 2 * LANES] =
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

/// Σ codes from `from` to the one before `to`, as far as there are any: those before the first in hand have negative places.
///
/// The last group may begin before the window: only what is left over of it counts. So even a short window is summed in lanes.
#[inline(always)]
pub(super) fn sum_within(codes: &[i16], from: i64, to: i64) -> i64 {
    let Some(upto) = codes.get(..to as usize) else { return at_an_end(codes, from, to) };
    let Some(last) = upto.as_rchunks::<LANES>().1.last() else { return at_an_end(codes, from, to) };
    let Some(window) = upto.get(from as usize..) else { return at_an_end(codes, from, to) };
    let (groups, rest) = window.as_chunks::<LANES>();
    let left = LAST.get(rest.len()..).and_then(<[i16]>::first_chunk).unwrap_or(&[0; LANES]);
    let sum = weighed(last, left);
    // The windows of short phases have a group or two: to set up a loop would take longer than they do.
    let sum = match groups {
        [] => sum,
        [a] => sum + all(a),
        [a, b] => sum + all(a) + all(b),
        [a, b, c] => sum + all(a) + all(b) + all(c),
        _ => return super::codes::sum(window),
    };
    i64::from(sum.reduce_add())
}

/// Σ code in four parts.
#[inline(always)]
fn all(codes: &[i16; LANES]) -> i32x4 {
    weighed(codes, &[1; LANES])
}

/// Σ code · weight in four parts.
#[inline(always)]
fn weighed(codes: &[i16; LANES], weights: &[i16; LANES]) -> i32x4 {
    let ([a, b], [u, v]) = (halves(codes), halves(weights));
    a.dot(u) + b.dot(v)
}

/// The first eight and the others.
#[inline(always)]
pub(super) fn halves(codes: &[i16; LANES]) -> [i16x8; 2] {
    match codes.as_chunks().0 {
        [a, b] => [i16x8::new(*a), i16x8::new(*b)],
        _ => [i16x8::splat(0); 2],
    }
}

/// [`sum_within`] where fewer codes than a group lie before its end, or where it is not all in hand.
#[cold]
fn at_an_end(codes: &[i16], from: i64, to: i64) -> i64 {
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
