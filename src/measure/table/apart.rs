//! Numbers of a column that lie apart from the others: each with its place.

use wide::i32x4;

use super::BLOCK;
use super::bits::{Lens, PUT, append, put_unsigned, unsigned};
use super::column::{Number, Numbers};
use super::lanes::LANES;

/// Numbers of which is noted together which lie apart.
pub(super) const SIXTEEN: usize = LANES * LANES;
/// Numbers of which a word says which lie apart.
const WORD: usize = 4 * SIXTEEN;
/// Bits of a place.
pub(super) const PLACE: u32 = BLOCK.ilog2();

/// Which numbers of a block lie apart, a bit for each.
pub(super) type Places = [u16; BLOCK / SIXTEEN];

/// Notes which numbers lie apart: those that have more above their lowest bits than others. It need not be told of sixteen of which none
/// does.
#[derive(Debug)]
pub(super) struct Far {
    nearest: i32x4,
    above: i32x4,
}

impl Far {
    /// None yet; those with more than this above do.
    #[inline]
    pub(super) fn beyond(nearest: u32) -> Self {
        Self { nearest: i32x4::splat(nearest as i32), above: i32x4::splat(0) }
    }

    /// The next sixteen, by what is above: which of them do, a bit for each; of those what is above is made 0.
    #[inline]
    pub(super) fn take(&mut self, above: &mut [i32x4; LANES]) -> u16 {
        let mut places = 0;
        for (index, above) in above.iter_mut().enumerate() {
            let far = above.simd_gt(self.nearest);
            places |= far.to_bitmask() << (LANES * index);
            self.above |= *above;
            *above &= !far;
        }
        places as u16
    }

    /// Bits that what is above takes, at most.
    fn bits(&self) -> u32 {
        let all = self.above.to_array().into_iter().fold(0, |all, above| all | above);
        // A number of 64 bits has more than can be said here.
        if all == i32::MAX { u64::BITS } else { i32::BITS - all.leading_zeros() }
    }
}

/// Numbers, sixteen at a time, in lanes.
#[inline]
pub(super) fn sixteens<N>(numbers: &[N]) -> &[[[N; LANES]; LANES]] {
    numbers.as_chunks().0.as_chunks().0
}

/// Appends those numbers that are not the reference.
pub(super) fn write_others<N: Number>(numbers: &Numbers<N>, reference: N, out: &mut Vec<u8>) {
    let (mut places, mut far): (Places, _) = ([0; _], Far::beyond(OTHERS.least - 1));
    for (some, places) in sixteens(numbers).iter().zip(&mut places) {
        *places = far.take(&mut some.each_ref().map(|some| N::parts(some, reference, OTHERS.k).1));
    }
    write(numbers, reference, (&places, &far), OTHERS, out);
}

/// What is told of a number that lies apart: by how much it is more than the `least` that is above its lowest `k` bits then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beyond {
    pub(super) k: u32,
    pub(super) least: u32,
}

impl Beyond {
    /// Of a number that has so much above.
    fn of(self, number: u64) -> u64 {
        (number >> self.k).wrapping_sub(self.least.into())
    }

    /// What that says of the number.
    fn above(self, more: u64) -> u64 {
        more.wrapping_add(self.least.into()) << self.k
    }
}

/// What is told of numbers that are not the reference: they are off it by one at least.
pub(super) const OTHERS: Beyond = Beyond { k: 0, least: 1 };

/// Appends those numbers that lie apart: how many, and, if any, in how many bits each is told; and of each its place and what is told of
/// it.
pub(super) fn write<N: Number>(
    numbers: &Numbers<N>,
    reference: N,
    (places, far): (&Places, &Far),
    beyond: Beyond,
    out: &mut Vec<u8>,
) {
    let words = places.as_chunks().0.iter();
    let words = words.map(|[a, b, c, d]| {
        [d, c, b, a].into_iter().fold(0, |word, places| word << SIXTEEN | u64::from(*places))
    });
    let count: u32 = words.clone().map(u64::count_ones).sum();
    put_unsigned(count.into(), out);
    if count == 0 {
        return;
    }
    let bits = far.bits();
    out.push(bits as u8);
    append(out, (count * (PLACE + bits)) as usize, |pen| {
        for (index, (mut places, numbers)) in words.zip(numbers.as_chunks::<WORD>().0).enumerate() {
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                places &= places - 1;
                let number = numbers.get(place).map_or(0, |number| number.less(reference).folded().into());
                let (place, more) = ((WORD * index + place) as u64, beyond.of(number));
                if PLACE + bits <= PUT {
                    pen.put(place | more << PLACE, PLACE + bits);
                } else {
                    pen.put(place, PLACE);
                    pen.put(more & u64::from(u32::MAX), u32::BITS);
                    pen.put(more >> u32::BITS, bits - u32::BITS);
                }
            }
        }
    });
}

/// Adds what is told of numbers whose first is number `from`; returns what follows.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    from: usize,
    beyond: Beyond,
    numbers: &mut [i64],
) -> Option<&'a [u8]> {
    let (count, bytes) = unsigned(bytes)?;
    if count == 0 {
        return Some(bytes);
    }
    let (bits, bytes) = bytes.split_first()?;
    let bits = u32::from(*bits).min(u64::BITS);
    let mut lens = Lens::new(bytes);
    for _ in 0..count.min(BLOCK as u64) {
        let (place, more) = if PLACE + bits <= PUT {
            let both = lens.take(PLACE + bits);
            (both % BLOCK as u64, both >> PLACE)
        } else {
            let (place, low) = (lens.take(PLACE), lens.take(u32::BITS));
            (place, low | lens.take(bits - u32::BITS) << u32::BITS)
        };
        match (place as usize).checked_sub(from).map(|place| numbers.get_mut(place)) {
            Some(Some(slot)) => *slot |= beyond.above(more) as i64,
            // They come in order.
            Some(None) => break,
            None => {}
        }
    }
    bytes.get((count as usize).wrapping_mul((PLACE + bits) as usize).div_ceil(8)..)
}
