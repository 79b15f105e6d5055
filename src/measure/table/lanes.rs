//! Whole numbers of steps, four at a time.

use wide::{f32x4, i32x4};

use super::cells::WHOLE;
use super::column::NEAR;

/// Numbers that are looked at together.
pub(super) const LANES: usize = 4;

/// Magnitude below which numbers are near, so that their differences lie within [`NEAR`].
const HALF: i32 = NEAR / 2;

/// Makes numbers whole, and remembers whether each was near, and what else must hold of rows that are packed together.
#[derive(Debug)]
pub(super) struct Lanes {
    near: f32x4,
    /// All bits of all cells, each more by what makes those that are near positive.
    cells: u64,
    /// Bits in which anything differs that must be equal.
    differ: u64,
}

impl Lanes {
    /// Of none yet.
    pub(super) fn new() -> Self {
        Self { near: f32x4::splat(0.0).simd_eq(f32x4::splat(0.0)), cells: 0, differ: 0 }
    }

    /// Whether all numbers so far were near, and equal what must be.
    pub(super) fn hold(&self) -> bool {
        self.differ == 0 && self.cells < NEAR as u64 && self.near.all()
    }

    /// The nearest whole numbers, away from zero if there are two, as [`nearest`](super::cells::nearest) has them: where a value has a
    /// step's half, a float of 32 bits holds it.
    #[inline]
    pub(super) fn whole(&mut self, values: f32x4) -> i32x4 {
        self.near &= values.abs().simd_lt(f32x4::splat(HALF as f32));
        let inwards = values.fast_trunc_int();
        let part = values - f32x4::from_i32x4(inwards);
        inwards + (part + part).fast_trunc_int()
    }

    /// A cell that is whole already.
    #[inline]
    pub(super) fn cell(&mut self, cell: i64) -> i32 {
        self.cells |= cell.wrapping_add(HALF.into()) as u64;
        cell as i32
    }

    /// The sum of codes that `rest` was taken from to make an area, which must be one.
    #[inline]
    pub(super) fn sum(&mut self, area: f64, rest: f64) -> i64 {
        let whole = area + rest + WHOLE;
        self.equal((whole - WHOLE - rest).to_bits(), area.to_bits());
        let sum = whole.to_bits().wrapping_sub(WHOLE.to_bits()) as i64;
        self.cell(sum);
        sum
    }

    /// Two numbers must be equal.
    #[inline]
    pub(super) fn equal(&mut self, a: u64, b: u64) {
        self.differ |= a ^ b;
    }
}

/// The bits of four numbers.
#[inline]
pub(super) fn bits(values: f32x4) -> i32x4 {
    i32x4::new(values.to_array().map(|value| value.to_bits() as i32))
}

#[cfg(test)]
mod tests {
    use super::super::cells::nearest;
    use super::*;

    /// The nearest whole number, if it is near.
    fn whole(value: f32) -> Option<i32> {
        let mut lanes = Lanes::new();
        let [_, whole, ..] = lanes.whole(f32x4::new([1.0, value, 0.25, -7.5])).to_array();
        lanes.hold().then_some(whole)
    }

    #[test]
    fn four_numbers_are_made_whole_as_each_is() {
        let mut state = 1_u64;
        for k in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let scatter = (state >> 40) as f32 / 256.0 - 32_768.0;
            let halves = (state >> 48) as f32 / 2.0 - 16_384.0;
            for value in [f32::from_bits((state >> 32) as u32), scatter, halves, halves.next_down()] {
                let expected = nearest(f64::from(value)).filter(|_| value.abs() < HALF as f32);
                assert_eq!(whole(value).map(i64::from), expected, "{k}: {value}");
            }
        }
        for value in [f32::NAN, f32::INFINITY, -f32::INFINITY, HALF as f32] {
            assert_eq!(whole(value), None, "{value}");
        }
    }

    #[test]
    fn an_area_is_a_sum_of_codes_or_it_is_none() {
        let sum = |area: f64, rest: f64| {
            let mut lanes = Lanes::new();
            let sum = lanes.sum(area, rest);
            lanes.hold().then_some(sum)
        };
        for (codes, rest) in [(0, 0.0), (-7, 0.3), (123_456, -9e6 / 7.0), (-100_000_000, 1e9 / 3.0)] {
            assert_eq!(sum(f64::from(codes) - rest, rest), Some(codes.into()), "{codes} {rest}");
        }
        for (area, rest) in [
            (0.5, 0.0),
            (-0.0, 0.0),
            (1e-9, 0.0),
            (f64::NAN, 0.0),
            (f64::INFINITY, 1.0),
            (3.0, f64::NAN),
            (1e10, 0.0),
            (2_f64.powi(60), 0.0),
            (2_f64.powi(52), -(2_f64.powi(52))),
            (f64::NAN, f64::NAN),
        ] {
            let (expected, got) = (area == 2_f64.powi(52), sum(area, rest));
            assert!(if expected { got == Some(0) } else { got.is_none() }, "{area} {rest}: {got:?}");
        }
    }

    #[test]
    fn what_differs_and_cells_that_are_far_do_not_hold() {
        let near = i64::from(HALF);
        for (cell, holds) in [(0, true), (near - 1, true), (-near, true), (near, false), (-near - 1, false)] {
            let mut lanes = Lanes::new();
            assert_eq!(i64::from(lanes.cell(cell)), cell);
            lanes.equal(5, 5);
            assert_eq!(lanes.hold(), holds, "{cell}");
            lanes.equal(1 << 40, 0);
            assert!(!lanes.hold());
        }
    }
}
