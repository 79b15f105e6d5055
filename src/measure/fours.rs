//! What samples tell about four instants at a time, on straight lines between them.
//!
//! Single precision is enough: codes have sixteen bits, and instants are told from samples beside them.

use wide::{bytemuck, f32x4, i16x8, i32x4};

/// Two neighbouring samples at each of four places.
#[derive(Clone, Copy)]
struct Pairs(i16x8);

impl Pairs {
    #[inline]
    fn of(pairs: [[i16; 2]; 4]) -> Self {
        let word = |[left, right]: [i16; 2]| u32::from(left as u16) | u32::from(right as u16) << 16;
        Self(bytemuck::cast(pairs.map(word)))
    }

    /// So many times the left one and so many times the right one.
    #[inline]
    fn sum(self, left: i16, right: i16) -> f32x4 {
        let weights = i16x8::new([left, right, left, right, left, right, left, right]);
        self.0.dot(weights).round_float()
    }
}

/// Neighbouring samples from each of four places on.
#[inline(always)]
fn from<const N: usize>(samples: &[i16], places: i32x4) -> Option<[&[i16; N]; 4]> {
    // Negative places are beyond all samples.
    let held = |place: i32| {
        let place = place as u32 as usize;
        samples.get(place..place + N)?.first_chunk()
    };
    let [a, b, c, d] = places.to_array();
    Some([held(a)?, held(b)?, held(c)?, held(d)?])
}

/// `samples` so far from four of them, on straight lines between their neighbours.
#[inline(always)]
pub(super) fn value(samples: &[i16], nearest: i32x4, offset: f32x4) -> Option<f32x4> {
    // Of a whole number itself or the one below it: either is an end of a line on which it lies.
    let below = (offset - f32x4::splat(0.5)).fast_round_int();
    let pairs = Pairs::of(from(samples, nearest + below)?.map(|pair| *pair));
    Some(pairs.sum(1, 0) + pairs.sum(-1, 1) * (offset - below.round_float()))
}

/// What samples tell about the instants of four edges, on straight lines between them.
pub(super) struct Slope {
    /// Their values there.
    pub(super) half: f32x4,
    /// By how much they grow from half a sample before them to half a sample behind them.
    pub(super) rise: f32x4,
}

impl Slope {
    /// Of instants so far beyond their nearest samples.
    #[inline(always)]
    pub(super) fn about(samples: &[i16], nearest: i32x4, beyond: f32x4) -> Option<Self> {
        let held = from(samples, nearest - i32x4::splat(1))?;
        let (before, behind) =
            (Pairs::of(held.map(|[a, b, _]| [*a, *b])), Pairs::of(held.map(|[_, b, c]| [*b, *c])));
        let (up, on) = (before.sum(-1, 1), behind.sum(-1, 1));
        let slope = beyond.simd_gt(f32x4::splat(0.0)).bitselect(on, up);
        Some(Self {
            half: behind.sum(1, 0) + slope * beyond,
            rise: up + (on - up) * (beyond + f32x4::splat(0.5)),
        })
    }
}
