//! Samples that levels and edges are read from: raw codes as they are streamed, or values.

use super::codes::Codes;
use super::whole::{ceil, floor};

/// Which samples are looked for, relative to a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Smaller than the level.
    Below,
    /// The level or larger.
    AtLeast,
    /// Larger than the level.
    Above,
    /// The level or smaller.
    AtMost,
}

impl Side {
    fn holds(self, value: f64, level: f64) -> bool {
        match self {
            Self::Below => value < level,
            Self::AtLeast => value >= level,
            Self::Above => value > level,
            Self::AtMost => value <= level,
        }
    }
}

/// A sample. Codes are searched and summed as the integers they are, which gives the same numbers and costs a tenth.
pub trait Sample: Copy {
    /// Its value.
    fn value(self) -> f64;
    /// By how much it is larger than another.
    fn over(self, other: Self) -> f64;
    /// Sum of the values from place `from` to the one before place `to`, as far as there are any.
    fn sum_within(samples: &[Self], from: i64, to: i64) -> f64;
    /// Sum of the values.
    fn sum(samples: &[Self]) -> f64;
    /// Index of the first sample on a side of a level.
    fn first(samples: &[Self], side: Side, level: f64) -> Option<usize>;
    /// Index of the last sample on a side of a level.
    fn last(samples: &[Self], side: Side, level: f64) -> Option<usize>;
    /// How many samples lie on a side of a level.
    fn count(samples: &[Self], side: Side, level: f64) -> usize;
    /// Smallest and largest value; of nothing, the smallest is the larger.
    fn extremes(samples: &[Self]) -> (f64, f64);
}

impl Sample for f64 {
    fn value(self) -> f64 {
        self
    }

    fn over(self, other: Self) -> f64 {
        self - other
    }

    fn sum_within(samples: &[Self], from: i64, to: i64) -> f64 {
        let inside = |place: i64| place.clamp(0, samples.len() as i64) as usize;
        Self::sum(samples.get(inside(from)..inside(to)).unwrap_or(&[]))
    }

    fn sum(samples: &[Self]) -> f64 {
        samples.iter().sum()
    }

    fn first(samples: &[Self], side: Side, level: f64) -> Option<usize> {
        samples.iter().position(|value| side.holds(*value, level))
    }

    fn last(samples: &[Self], side: Side, level: f64) -> Option<usize> {
        samples.iter().rposition(|value| side.holds(*value, level))
    }

    fn count(samples: &[Self], side: Side, level: f64) -> usize {
        samples.iter().filter(|value| side.holds(**value, level)).count()
    }

    fn extremes(samples: &[Self]) -> (f64, f64) {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        samples.iter().fold(ends, |(low, high), value| (low.min(*value), high.max(*value)))
    }
}

impl Sample for i16 {
    #[inline]
    fn value(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    fn over(self, other: Self) -> f64 {
        f64::from(i32::from(self) - i32::from(other))
    }

    #[inline(always)]
    fn sum_within(samples: &[Self], from: i64, to: i64) -> f64 {
        super::sums::sum_within(samples, from, to) as f64
    }

    #[inline]
    fn sum(samples: &[Self]) -> f64 {
        super::codes::sum(samples) as f64
    }

    #[inline]
    fn first(samples: &[Self], side: Side, level: f64) -> Option<usize> {
        codes_on(side, level).first(samples, true)
    }

    #[inline]
    fn last(samples: &[Self], side: Side, level: f64) -> Option<usize> {
        codes_on(side, level).last(samples, true)
    }

    #[inline]
    fn count(samples: &[Self], side: Side, level: f64) -> usize {
        codes_on(side, level).count(samples)
    }

    fn extremes(samples: &[Self]) -> (f64, f64) {
        let (low, high) = super::codes::extremes(samples);
        (f64::from(low), f64::from(high))
    }
}

/// The codes on a side of a level.
#[inline]
pub(super) fn codes_on(side: Side, level: f64) -> Codes {
    if level.is_nan() {
        return Codes::NONE;
    }
    // Levels far outside the codes are as good as some just outside.
    let level = level.clamp(-40_000.0, 40_000.0);
    let (first, last) = (i64::from(i16::MIN), i64::from(i16::MAX));
    let (low, high) = match side {
        Side::Below => (first, ceil(level) - 1),
        Side::AtLeast => (ceil(level), last),
        Side::Above => (floor(level) + 1, last),
        Side::AtMost => (first, floor(level)),
    };
    if low > last || high < first {
        return Codes::NONE;
    }
    Codes { low: low.max(first) as i16, high: high.min(last) as i16 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_codes_of_the_scale_are_on_a_side_too() {
        let rails = [i16::MIN, 0, i16::MAX];
        assert_eq!(i16::first(&rails, Side::AtLeast, 32_767.0), Some(2));
        assert_eq!(i16::first(&rails, Side::AtLeast, 32_767.5), None);
        assert_eq!(i16::last(&rails, Side::AtMost, -32_768.0), Some(0));
        assert_eq!(i16::last(&rails, Side::AtMost, -32_768.5), None);
    }

    #[test]
    fn codes_are_found_where_their_values_are() {
        let codes: Vec<i16> = (0..100_i32).map(|k| ((k * 37) % 41 - 20) as i16).collect();
        let values: Vec<f64> = codes.iter().map(|code| f64::from(*code)).collect();
        for level in [-20.0, -19.5, -0.1, 0.0, 0.1, 3.0, 19.5, 20.0, 21.0, -21.0, 1e9, -1e9] {
            for side in [Side::Below, Side::AtLeast, Side::Above, Side::AtMost] {
                assert_eq!(
                    i16::first(&codes, side, level),
                    f64::first(&values, side, level),
                    "{side:?} {level}"
                );
                assert_eq!(
                    i16::last(&codes, side, level),
                    f64::last(&values, side, level),
                    "{side:?} {level}"
                );
                assert_eq!(i16::count(&codes, side, level), f64::count(&values, side, level));
            }
        }
        assert_eq!(i16::extremes(&codes), f64::extremes(&values));
        // More than sixteen bits can count.
        assert_eq!(i16::count(&[3; 70_000], Side::AtLeast, 2.5), 70_000);
        assert_eq!(i16::first(&codes, Side::Above, f64::NAN), None);
        assert_eq!(i16::sum(&codes), f64::sum(&values));
        assert_eq!((3_i16.over(10), i16::MAX.over(i16::MIN)), (-7.0, 65_535.0));
    }
}
