//! Whole numbers from real ones, without the checks of a conversion.

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
}
