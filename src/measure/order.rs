//! The larger and the smaller of two numbers, none of which is NaN, for which `f64::max` and `f64::min` have to look.

/// The larger of two numbers.
#[inline]
pub(super) fn larger<T: PartialOrd>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// The smaller of two numbers.
#[inline]
pub(super) fn smaller<T: PartialOrd>(a: T, b: T) -> T {
    if a < b { a } else { b }
}
