//! Groups of numbers that scatter about nought, by Rice's code.
//!
//! Of a number there are its lowest k bits, and what is above them in so many noughts and a one: that takes a fifth of a bit more than the
//! least that any code could. The lowest bits of a group come first, in lanes; then what is above, of sixteen numbers the lanes one after
//! the other. Of a number that is [`FAR`] or more above there are no noughts: that is told elsewhere.

use std::hint::cold_path;

use bitpacking::{BitPacker, BitPacker4x};
use wide::{f32x4, i32x4};

use super::GROUP;
use super::apart::{Far, SIXTEEN, sixteens};
use super::bits::{Lens, PUT, Pen, append};
use super::column::Number;
use super::lanes::LANES;

/// The largest parameter.
pub(super) const WIDEST: u32 = 32;
/// What is as much above the lowest bits is told elsewhere: of four numbers, the rest has bits that a float tells by its exponent.
pub(super) const FAR: u32 = 7;

/// Numbers whose lowest bits are packed together.
const PACKED: usize = BitPacker4x::BLOCK_LEN;
/// In a float of 32 bits: the exponent of a half, and where it stands.
const EXPONENT: (i32, u32) = (126, 23);

/// The lowest bits of a group, while it is written.
pub(super) type Low = [u32; GROUP];

/// Appends a group of numbers, each as it is off the reference, with parameter `k`; notes which are far. `low` is memory to use.
#[inline]
pub(super) fn write<N: Number>(
    numbers: &[N; GROUP],
    reference: N,
    k: u32,
    (low, places, far): (&mut Low, &mut [u16; GROUP / SIXTEEN], &mut Far),
    out: &mut Vec<u8>,
) {
    let begin = out.len();
    out.resize(begin + lowest(k), 0);
    append(out, FAR as usize * GROUP, |pen| {
        let lanes = low.as_chunks_mut().0.as_chunks_mut().0;
        for ((numbers, low), places) in sixteens(numbers).iter().zip(lanes).zip(places) {
            let low: &mut [[u32; LANES]; LANES] = low;
            let parts = numbers.each_ref().map(|numbers| N::parts(numbers, reference, k));
            *low = parts.map(|(lowest, _)| lowest.to_array().map(|bits| bits as u32));
            let mut above = parts.map(|(_, above)| above);
            if some_far(&above) {
                cold_path();
                *places = far.take(&mut above);
            }
            let (mut bits, mut ends) = (i32x4::splat(0), i32x4::splat(EXPONENT.0));
            for above in above {
                ends += i32x4::splat(1) + above;
                bits |= power(ends);
            }
            put(bits, ends - i32x4::splat(EXPONENT.0), pen);
        }
    });
    let packed = out.get_mut(begin..).unwrap_or_default().chunks_mut(lowest(k).max(2) / 2);
    for (numbers, bytes) in low.as_chunks::<PACKED>().0.iter().zip(packed) {
        BitPacker4x::new().compress(numbers, bytes, k as u8);
    }
}

/// Whether any of sixteen numbers is far, by what is above: that and one has a bit that no near one's has.
#[inline]
fn some_far(above: &[i32x4; LANES]) -> bool {
    let all = above.iter().fold(i32x4::splat(0), |all, above| all | (*above + i32x4::splat(1)));
    !(all & i32x4::splat(!(FAR as i32))).simd_eq(i32x4::splat(0)).all()
}

/// Appends the bits of four lanes, in each so many.
#[inline]
fn put(bits: i32x4, lengths: i32x4, pen: &mut Pen<'_>) {
    let ([a, b, c, d], [to_a, to_b, to_c, to_d]) = (bits.to_array(), lengths.to_array());
    let (first, second) = (both((a, to_a), b), both((c, to_c), d));
    let (to_first, to_second) = ((to_a + to_b) as u32, (to_c + to_d) as u32);
    if to_first + to_second <= PUT {
        pen.put(first | second << to_first, to_first + to_second);
    } else {
        cold_path();
        pen.put(first, to_first);
        pen.put(second, to_second);
    }
}

/// Bytes of the lowest `k` bits of a group.
fn lowest(k: u32) -> usize {
    GROUP / 8 * k as usize
}

/// Powers of two, a half and more; of each its exponent as it is in a float.
#[inline]
fn power(exponents: i32x4) -> i32x4 {
    let bits: i32x4 = exponents << EXPONENT.1;
    f32x4::new(bits.to_array().map(|bits| f32::from_bits(bits as u32))).fast_trunc_int()
}

/// Some bits, and others behind them.
#[inline]
fn both((first, length): (i32, i32), second: i32) -> u64 {
    u64::from(first as u32) | u64::from(second as u32) << length
}

/// Reads a group that [`write`] has written, or only its first number: each as it is off the reference, without sign.
pub(super) fn read(bytes: &[u8], k: u32, numbers: &mut [i64]) -> Option<()> {
    let (packed, above) = bytes.split_at_checked(lowest(k))?;
    let halves = packed.chunks_exact(lowest(k).max(2) / 2);
    match numbers {
        // The first number begins the first lane.
        [first] => *first = Lens::new(packed).take(k) as i64,
        _ if k == 0 => numbers.fill(0),
        _ => {
            for (bytes, numbers) in halves.zip(numbers.chunks_mut(PACKED)) {
                let mut low = [0; PACKED];
                BitPacker4x::new().decompress(bytes, &mut low, k as u8);
                numbers.iter_mut().zip(low).for_each(|(number, low)| *number = low.into());
            }
        }
    }
    let mut lens = Lens::new(above);
    let (whole, first) = numbers.as_chunks_mut::<SIXTEEN>();
    for [a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q] in whole {
        add_above(&mut lens, k, [a, e, i, n]);
        add_above(&mut lens, k, [b, f, j, o]);
        add_above(&mut lens, k, [c, g, l, p]);
        add_above(&mut lens, k, [d, h, m, q]);
    }
    if let [first, ..] = first {
        add_above(&mut lens, k, [first]);
    }
    Some(())
}

/// Adds what is above the lowest `k` bits of the next numbers of a lane.
#[inline]
fn add_above<const COUNT: usize>(lens: &mut Lens<'_>, k: u32, numbers: [&mut i64; COUNT]) {
    let (mut bits, mut length) = (lens.next(), 0);
    for number in numbers {
        let noughts = bits.trailing_zeros().min(FAR);
        bits >>= noughts + 1;
        length += noughts + 1;
        *number |= i64::from(noughts) << k;
    }
    lens.skip(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_number_is_seen_among_sixteen_wherever_it_is() {
        let near = |k: usize| (k * 5 % FAR as usize) as i32;
        for place in 0..SIXTEEN {
            for above in [0, 1, 3, 5, 6, 7, 8, 15, 1 << 20, i32::MAX - 1, i32::MAX] {
                let number = |k: usize| if k == place { above } else { near(k) };
                let rows = [0, 4, 8, 12].map(|k| i32x4::new([0, 1, 2, 3].map(|lane| number(k + lane))));
                let mut taken = rows;
                let places = Far::beyond(FAR - 1).take(&mut taken);
                assert_eq!(places, u16::from(above >= FAR as i32) << place);
                assert_eq!(some_far(&rows), places != 0, "{place} {above}");
            }
        }
    }
}
