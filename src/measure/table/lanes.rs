//! Whole numbers of steps, four at a time.

use wide::{f32x4, i32x4};

use super::cells::WHOLE;
use super::column::NEAR;

/// Numbers that are looked at together.
pub(super) const LANES: usize = 4;

/// Makes numbers whole, and remembers whether each was one that lies near enough to be told in 32 bits.
#[derive(Debug)]
pub(super) struct Lanes {
    near: f32x4,
    /// Cells, all bits of all, each more by what makes those that are near positive.
    cells: u64,
    /// Bits in which anything differs that must be equal.
    differ: u64,
}

/// Magnitude below which numbers are near, so that their differences lie within [`NEAR`].
const HALF: i32 = NEAR / 2;

impl Lanes {
    /// Of none yet.
    pub(super) fn new() -> Self {
        Self { near: f32x4::splat(0.0).simd_eq(f32x4::splat(0.0)), cells: 0, differ: 0 }
    }

    /// Whether all numbers so far were near, so that their differences are too.
    pub(super) fn are_near(&self) -> bool {
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
        whole.to_bits().wrapping_sub(WHOLE.to_bits()) as i64
    }

    /// What is not equal is not of the kind that is told here.
    #[inline]
    pub(super) fn equal(&mut self, a: u64, b: u64) {
        self.differ |= a ^ b;
    }
}
