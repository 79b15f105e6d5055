//! Whole numbers from real ones, without the checks of a conversion.

use wide::f64x2;

/// Added to a number below 2⁵¹ in size, it leaves no room for a fraction: the sum is rounded to a whole number, and its bits
/// count from those of this one.
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// The nearest whole number, the even one of two, and itself as a real one; of a value of 2⁵¹ or more in size, any numbers.
#[inline]
pub(super) fn nearest(value: f64) -> (i64, f64) {
    let shifted = value + SHIFT;
    (shifted.to_bits().wrapping_sub(SHIFT.to_bits()) as i64, shifted - SHIFT)
}

/// The largest whole number that is not above a value below 2⁵¹ in size; of any other, any number.
#[inline]
pub(super) fn floor(value: f64) -> i64 {
    let (whole, rounded) = nearest(value);
    whole - i64::from(rounded > value)
}

/// The smallest whole number that is not below a value below 2⁵¹ in size; of any other, any number.
#[inline]
pub(super) fn ceil(value: f64) -> i64 {
    let (whole, rounded) = nearest(value);
    whole + i64::from(rounded < value)
}

/// The largest whole numbers that are not above two values below 2⁵¹ in size; of any other, any numbers.
#[inline]
pub(super) fn floors(values: f64x2) -> f64x2 {
    let rounded = values + f64x2::splat(SHIFT) - f64x2::splat(SHIFT);
    rounded - (rounded.simd_gt(values) & f64x2::splat(1.0))
}

/// Two whole numbers below 2³¹ in size, as such.
#[inline]
pub(super) fn integers(wholes: f64x2) -> [i32; 2] {
    (wholes + f64x2::splat(SHIFT)).to_array().map(|shifted| shifted.to_bits() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_the_library() {
        let small = (-4000..4000).map(|k| f64::from(k) / 16.0);
        let large = (0..50).map(|k| f64::from(k).exp2());
        for value in small.chain(large.flat_map(|x| [x, -x, x + 0.5, 0.5 - x, x * 0.999_999, x.next_up()])) {
            assert_eq!((floor(value), ceil(value)), (value.floor() as i64, value.ceil() as i64), "{value}");
        }
    }

    #[test]
    fn two_largest_not_above_are_those_of_the_library() {
        for value in (-4000..4000).map(|k| f64::from(k) / 16.0).chain([1e-9, -1e-9, 2e9, -2e9]) {
            let wholes = floors(f64x2::new([value, 0.25 - value]));
            assert_eq!(wholes.to_array(), [value.floor(), (0.25 - value).floor()]);
            assert_eq!(integers(wholes).map(f64::from), wholes.to_array());
        }
    }
}
